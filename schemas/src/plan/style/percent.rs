//! Percent-encoding (RFC 3986 §2.1).

/// Encodes all but unreserved characters (RFC 3986 §2.3).
pub fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            into.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase()
}

/// The text of a raw piece; with `plus`, a `+` is a space, as in queries. A `%` without two hex digits stays. `None`
/// when the octets are not UTF-8.
pub fn decoded(raw: &str, plus: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let code = match (first, tail) {
            (b'%', [high, low, ..]) => value(*high).zip(value(*low)),
            _ => None,
        };
        match (first, code) {
            (_, Some((high, low))) => {
                bytes.push(high << 4 | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', None) if plus => bytes.push(b' '),
            (other, None) => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
