//! Scalars byte by byte, so that they can stop and go on anywhere: strings, numbers, literals.

use crate::convert::refused::Cause;

/// How far into an escape a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// In none.
    Plain,
    /// After `\`.
    Slash,
    /// After `\u`: digits seen, their value.
    Hex(u8, u16),
    /// After a high surrogate: `\` must follow.
    Low,
    /// After that: `u` must follow.
    LowMark,
    /// After that: digits seen, their value.
    LowHex(u8, u16),
}

impl Escape {
    /// One byte further inside an escape. Outside, `"` and control characters are the caller's matter.
    pub(super) fn step(self, byte: u8) -> Result<Self, Cause> {
        match self {
            Self::Plain => Ok(if byte == b'\\' { Self::Slash } else { Self::Plain }),
            Self::Slash => match byte {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(Self::Plain),
                b'u' => Ok(Self::Hex(0, 0)),
                _ => Err(Cause::Escape),
            },
            Self::Hex(seen, value) => {
                let value = (value << 4) | hex(byte)?;
                match (seen, value) {
                    (3, 0xD800..=0xDBFF) => Ok(Self::Low),
                    (3, 0xDC00..=0xDFFF) => Err(Cause::Surrogate),
                    (3, _) => Ok(Self::Plain),
                    _ => Ok(Self::Hex(seen + 1, value)),
                }
            }
            Self::Low if byte == b'\\' => Ok(Self::LowMark),
            Self::LowMark if byte == b'u' => Ok(Self::LowHex(0, 0)),
            Self::Low | Self::LowMark => Err(Cause::Surrogate),
            Self::LowHex(seen, value) => {
                let value = (value << 4) | hex(byte)?;
                match (seen, value) {
                    (3, 0xDC00..=0xDFFF) => Ok(Self::Plain),
                    (3, _) => Err(Cause::Surrogate),
                    _ => Ok(Self::LowHex(seen + 1, value)),
                }
            }
        }
    }
}

fn hex(byte: u8) -> Result<u16, Cause> {
    char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok()).ok_or(Cause::Escape)
}

/// How far into a number the input is (RFC 8259, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Mark,
    Sign,
    Exponent,
}

impl Number {
    /// The state after the first byte, a digit or `-`.
    pub(super) const fn begin(byte: u8) -> Self {
        match byte {
            b'-' => Self::Minus,
            b'0' => Self::Zero,
            _ => Self::Whole,
        }
    }

    /// One byte further; `None` when the byte does not belong to the number.
    #[inline]
    pub(super) const fn step(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Whole, b'0'..=b'9') => Self::Whole,
            (Self::Zero | Self::Whole, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Whole | Self::Fraction, b'e' | b'E') => Self::Mark,
            (Self::Mark, b'+' | b'-') => Self::Sign,
            (Self::Mark | Self::Sign | Self::Exponent, b'0'..=b'9') => Self::Exponent,
            _ => return None,
        })
    }

    /// Whether a number may end here.
    pub(super) const fn is_whole(self) -> bool {
        matches!(self, Self::Zero | Self::Whole | Self::Fraction | Self::Exponent)
    }
}

/// The letters that must follow the first one of a literal.
pub(super) const fn literal(first: u8) -> &'static [u8] {
    match first {
        b't' => b"rue",
        b'f' => b"alse",
        _ => b"ull",
    }
}

/// Bytes of whitespace at the beginning.
#[inline]
pub(super) fn blank(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
        .unwrap_or(bytes.len())
}

/// The bytes of a well-formed string without its quotes, unescaped into `text`, which is cleared first.
pub(super) fn unescape(raw: &[u8], text: &mut Vec<u8>) {
    text.clear();
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, from) = rest.split_at(at);
        text.extend_from_slice(before);
        let used = one_escape(from, text);
        rest = from.get(used..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
}

/// Unescapes what `from` begins with; the bytes it takes. Half an escape at the end is left out.
fn one_escape(from: &[u8], text: &mut Vec<u8>) -> usize {
    let plain = match from.get(1) {
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return one_code(from, text),
        Some(&other) => other,
        None => return from.len(),
    };
    text.push(plain);
    2
}

fn one_code(from: &[u8], text: &mut Vec<u8>) -> usize {
    let digits = |start: usize| -> Option<u32> {
        let digits = std::str::from_utf8(from.get(start..start + 4)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let Some(first) = digits(2) else { return from.len() };
    let (code, used) = if (0xD800..0xDC00).contains(&first) {
        let Some(second) = digits(8) else { return from.len() };
        (0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF), 12)
    } else {
        (first, 6)
    };
    let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    used
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::unescape;
    use crate::convert::block::plain;

    #[test]
    fn unescapes_all_kinds() {
        let mut text = Vec::new();
        unescape(br#"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00z"#, &mut text);
        assert_eq!(text, "a\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}z".as_bytes());
    }

    proptest! {
        #[test]
        fn words_find_what_bytes_find(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let slow = bytes.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20).unwrap_or(bytes.len());
            prop_assert_eq!(plain(&bytes), slow);
        }
    }
}
