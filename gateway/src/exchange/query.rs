//! Reading and rewriting a query string byte by byte: pairs that are not concerned stay as they came.

use std::borrow::Cow;

/// The raw pairs of a query: name and value, undecoded; a pair without `=` has an empty value.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Whether a raw name is this name.
pub(crate) fn is_named(raw: &str, name: &str) -> bool {
    raw == name || (raw.contains(['%', '+']) && decode(raw) == name)
}

/// Decodes percent-encodings and `+`; broken ones stay as they are, invalid UTF-8 is replaced.
pub(crate) fn decode(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['%', '+']) {
        return Cow::Borrowed(raw);
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let code = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let code = code.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) if tail.first().is_some_and(u8::is_ascii_hexdigit) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Encodes all but unreserved characters (RFC 3986 §2.3).
pub(crate) fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            let digit = |value: u8| {
                char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase()
            };
            into.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// Adds a pair, encoded.
pub(crate) fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    encode(name, query);
    query.push('=');
    encode(value, query);
}

/// The query without the pairs of this name.
pub(crate) fn without(query: &str, name: &str) -> String {
    let kept = query.split('&').filter(|pair| {
        let raw = pair.split_once('=').map_or(*pair, |(raw, _)| raw);
        !is_named(raw, name)
    });
    kept.collect::<Vec<_>>().join("&")
}

/// The query with the pairs of this name under another name, values as they came.
pub(crate) fn renamed(query: &str, name: &str, other: &str) -> String {
    let mut fresh = String::new();
    encode(other, &mut fresh);
    let written = query.split('&').map(|pair| match pair.split_once('=') {
        Some((raw, value)) if is_named(raw, name) => Cow::Owned(format!("{fresh}={value}")),
        None if is_named(pair, name) => Cow::Owned(fresh.clone()),
        _ => Cow::Borrowed(pair),
    });
    written.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{append, decode, encode, is_named, pairs, renamed, without};

    #[test]
    fn only_the_named_pairs_change() {
        let query = "a=1&b%5B%5D=2&&c=%zz&b[]=+3&d";
        assert_eq!(without(query, "b[]"), "a=1&&c=%zz&d");
        assert_eq!(renamed(query, "d", "e f"), "a=1&b%5B%5D=2&&c=%zz&b[]=+3&e%20f");
        assert_eq!(renamed(query, "a", "z"), "z=1&b%5B%5D=2&&c=%zz&b[]=+3&d");
        assert_eq!(pairs(query).count(), 5);
    }

    #[test]
    fn a_value_is_encoded_when_it_is_added() {
        let mut query = "a=1".to_owned();
        append(&mut query, "b", "x&y=é");
        assert_eq!(query, "a=1&b=x%26y%3D%C3%A9");
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(text in "\\PC{0,20}") {
            let mut raw = String::new();
            encode(&text, &mut raw);
            prop_assert_eq!(decode(&raw), text);
        }

        #[test]
        fn nothing_brings_it_down(query in "\\PC{0,30}", name in "[a-c%+]{0,4}") {
            for (raw, _) in pairs(&query) {
                is_named(raw, &name);
            }
            without(&query, &name);
            renamed(&query, &name, "x");
        }
    }
}
