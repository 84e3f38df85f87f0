//! Paging tokens with the version that they belong to: `evg1~v2~TOKEN`. Nothing is stored, and every replica reads them.

use std::fmt::Write as _;

use evergate_schemas::plan::{Cursor, OnConflict, Unsealed};

use crate::exchange::{query, route};
use crate::refusal::Refusal;
use crate::snapshot::{Api, Choice, ClientOperation, Group};

/// What a sealed token begins with; only letters that no link has to encode (RFC 3986 §2.3).
const MARK: &str = "evg1~";

/// The longest token that is sealed, in octets; a longer one fits no request target.
const LONGEST: usize = 8 * 1024;

/// A token with the label of the version that it belongs to. One that looks sealed already is sealed again, so that
/// opening always gives back what was sealed.
pub(super) fn seal(label: &str, token: &str) -> Option<String> {
    if token.is_empty() || token.len() > LONGEST {
        return None;
    }
    let mut sealed = String::with_capacity(MARK.len() + label.len() + 1 + token.len());
    sealed.push_str(MARK);
    for byte in label.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') {
            sealed.push(char::from(byte));
        } else {
            let _ = write!(sealed, "_{byte:02x}");
        }
    }
    sealed.push('~');
    sealed.push_str(token);
    Some(sealed)
}

/// The label and the token of a sealed one.
pub(super) fn open(text: &str) -> Option<(String, &str)> {
    let (label, token) = text.strip_prefix(MARK)?.split_once('~')?;
    let mut bytes = Vec::with_capacity(label.len());
    let mut rest = label.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'_' => {
                let code = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok())?;
                bytes.push(u8::from_str_radix(code, 16).ok()?);
                rest = tail.get(2..)?;
            }
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') => {
                bytes.push(*byte);
            }
            _ => return None,
        }
    }
    Some((String::from_utf8(bytes).ok()?, token))
}

/// The paging token of a request.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    cursor: &'a Cursor,
    /// The label of the version that it belongs to; absent for one that names none.
    pub(crate) label: Option<String>,
    /// The query with the token as its version gave it; absent where the query stays.
    pub(crate) opened: Option<String>,
}

/// Reads the token of a request's query; `None` where the operation has none, or none came.
pub(crate) fn token<'a>(operation: &'a ClientOperation, query: Option<&str>) -> Option<Token<'a>> {
    let cursor = operation.cursor.as_ref()?;
    let query = query?;
    let is_it = |pair: &(&str, &str)| query::is_named(pair.0, &cursor.parameter);
    let (_, raw) = query::pairs(query).find(is_it).filter(|(_, raw)| !raw.is_empty())?;
    let plain = query::decode(raw);
    let Some((label, token)) = open(&plain) else {
        return Some(Token { cursor, label: None, opened: None });
    };
    // where the mark itself came as it was written, the rest keeps its spelling
    let kept = open(raw).filter(|(own, _)| *own == label).map(|(_, token)| token.to_owned());
    let kept = kept.unwrap_or_else(|| {
        let mut encoded = String::new();
        query::encode(token, &mut encoded);
        encoded
    });
    let written = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if query::is_named(name, &cursor.parameter) => format!("{name}={kept}"),
        _ => pair.to_owned(),
    });
    let opened = Some(written.collect::<Vec<_>>().join("&"));
    Some(Token { cursor, label: Some(label), opened })
}

impl Token<'_> {
    /// Who serves the request: a backend of the version that the token belongs to, if one is up.
    ///
    /// # Errors
    /// When there is none, and the declaration does not say that another may have the token.
    pub(crate) fn choice<'a>(
        &self,
        api: &Api,
        client: usize,
        operation: &'a ClientOperation,
    ) -> Result<&'a Choice, Refusal> {
        let wanted = match &self.label {
            Some(label) => api.versions.find(label),
            None => Some(client),
        };
        let group = |choice: &Choice| api.groups.get(choice.group);
        let speaks = |choice: &&Choice| {
            group(choice).is_some_and(|group| group.version == wanted && wanted.is_some())
        };
        let mut speaking = operation.choices.iter().filter(speaks);
        if let Some(choice) = speaking.find(|choice| group(choice).is_some_and(Group::is_up)) {
            return Ok(choice);
        }
        let passes = match self.label {
            Some(_) => self.cursor.on_conflict == OnConflict::Pass,
            None => self.cursor.unsealed == Unsealed::Pass,
        };
        if passes {
            return route::choice(api, operation);
        }
        Err(Refusal::CursorElsewhere(self.cursor.parameter.clone()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{open, seal};

    #[test]
    fn what_is_not_sealed_is_not_opened() {
        for text in [
            "",
            "abc",
            "evg1",
            "evg1~",
            "evg1~v1",
            "evg1~v_~x",
            "evg1~v_zz~x",
            "evg1~v/~x",
            "EVG1~v~x",
        ] {
            assert_eq!(open(text), None, "{text}");
        }
        assert_eq!(seal("v1", ""), None);
        assert_eq!(seal("v1", &"x".repeat(super::LONGEST + 1)), None);
        assert_eq!(seal("2026-05-01", "a=~b").as_deref(), Some("evg1~2026-05-01~a=~b"));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_however_often(label in "\\PC{1,12}", token in "\\PC{1,40}", times in 1_usize..4) {
            let mut text = token.clone();
            for _ in 0..times {
                text = seal(&label, &text).unwrap();
            }
            for _ in 0..times {
                let (own, inner) = open(&text).unwrap();
                prop_assert_eq!(&own, &label);
                text = inner.to_owned();
            }
            prop_assert_eq!(text, token);
        }

        #[test]
        fn no_text_brings_it_down(text in "(evg1~)?[a-z_~0-9é]{0,20}") {
            if let Some((label, token)) = open(&text) {
                let again = seal(&label, token);
                prop_assert!(again.is_none_or(|again| open(&again) == Some((label.clone(), token))));
            }
        }
    }
}
