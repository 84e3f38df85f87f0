//! Looks a scalar up by value: strings after unescaping, numbers as exact decimals, others by token.

use std::collections::BTreeMap;

use crate::convert::scan::unescape;
use crate::plan::program::Literal;

/// The rows of a table, by value.
#[derive(Debug, Default)]
pub(super) struct Rows {
    strings: BTreeMap<Vec<u8>, u32>,
    numbers: BTreeMap<Decimal, u32>,
    tokens: BTreeMap<Vec<u8>, u32>,
}

impl Rows {
    /// From JSON scalar texts; of equal values the first counts.
    pub(super) fn new<'a>(entries: impl Iterator<Item = (&'a Literal, u32)>) -> Self {
        let mut rows = Self::default();
        for (text, node) in entries {
            let text = text.trim().as_bytes();
            if let Some(raw) = string_body(text) {
                let mut value = Vec::new();
                unescape(raw, &mut value);
                rows.strings.entry(value).or_insert(node);
            } else if let Some(number) = Decimal::read(text) {
                rows.numbers.entry(number).or_insert(node);
            } else {
                rows.tokens.entry(text.to_vec()).or_insert(node);
            }
        }
        rows
    }

    /// The row for a well-formed scalar.
    pub(super) fn find(&self, token: &[u8]) -> Option<u32> {
        if let Some(raw) = string_body(token) {
            if memchr::memchr(b'\\', raw).is_none() {
                return self.strings.get(raw).copied();
            }
            let mut value = Vec::with_capacity(raw.len());
            unescape(raw, &mut value);
            return self.strings.get(&value).copied();
        }
        match token.first() {
            Some(b't' | b'f' | b'n') => self.tokens.get(token).copied(),
            _ if self.numbers.is_empty() => None,
            _ => self.numbers.get(&Decimal::read(token)?).copied(),
        }
    }
}

/// Whether two well-formed scalars are the same value.
pub(super) fn same_scalar(one: &[u8], other: &[u8]) -> bool {
    match (string_body(one), string_body(other)) {
        (Some(one), Some(other)) => {
            let text = |raw: &[u8]| {
                let mut value = Vec::with_capacity(raw.len());
                unescape(raw, &mut value);
                value
            };
            text(one) == text(other)
        }
        (None, None) => {
            one == other || Decimal::read(one).is_some_and(|one| Decimal::read(other) == Some(one))
        }
        _ => false,
    }
}

fn string_body(token: &[u8]) -> Option<&[u8]> {
    token.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// A number as digits without zeros at either end and the power of ten of the last one. Zero has no digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    power: i64,
}

impl Decimal {
    /// `None` when it is no number, or one beyond 10^(10^15), which equals no row.
    fn read(text: &[u8]) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let cut = rest.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(rest.len());
        let (mantissa, exponent) = rest.split_at(cut);
        let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
        let behind = i64::try_from(mantissa.len() - point).ok()?.saturating_sub(1).max(0);
        let mut digits: Vec<u8> = mantissa.iter().copied().filter(|&byte| byte != b'.').collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let last = digits.iter().rposition(|&digit| digit != b'0').map_or(0, |at| at + 1);
        let zeros = i64::try_from(digits.len() - last).ok()?;
        digits.truncate(last);
        let first = digits.iter().position(|&digit| digit != b'0').unwrap_or(digits.len());
        digits.drain(..first);
        if digits.is_empty() {
            return Some(Self { negative: false, digits, power: 0 });
        }
        let power = read_exponent(exponent)?.checked_add(zeros)?.checked_sub(behind)?;
        Some(Self { negative, digits, power })
    }
}

fn read_exponent(text: &[u8]) -> Option<i64> {
    let Some((_, text)) = text.split_first() else { return Some(0) };
    let value: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (value.abs() <= 1_000_000_000_000_000).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::Rows;
    use crate::plan::program::Literal;

    #[track_caller]
    fn check(row: &str, token: &str, found: bool) {
        let row: Literal = row.into();
        let rows = Rows::new(std::iter::once((&row, 7)));
        assert_eq!(rows.find(token.as_bytes()), found.then_some(7), "{row} {token}");
    }

    #[test]
    fn numbers_compare_by_value() {
        for same in ["100", "100.0", "1e2", "1E+2", "1000e-1", "0.1e3", "100.00e0"] {
            check("100", same, true);
        }
        for other in ["1", "1000", "-100", "1e99999999999999999999", "100.01", "\"100\"", "0"] {
            check("100", other, false);
        }
        check("0", "-0.0e999999999999999999999", true);
        check("12345678901234567890123", "12345678901234567890124", false);
    }

    #[test]
    fn strings_compare_unescaped_and_tokens_by_spelling() {
        check("\"open\"", r#""\u006fpen""#, true);
        check(r#""\u006fpen""#, "\"open\"", true);
        check("\"open\"", "\"opens\"", false);
        check("\"true\"", "true", false);
        check("true", "true", true);
        check("null", "false", false);
    }
}
