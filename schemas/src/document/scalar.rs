//! Texts that are numbers, booleans or null: JSON (RFC 8259 §6) and the YAML 1.2.2 core schema (§10.3.2).

use serde_json::{Number, Value};

/// A number, and what was lost in reading it.
pub(super) struct ReadNumber {
    pub(super) value: Value,
    pub(super) loss: Option<&'static str>,
}

/// A decimal number as JSON and YAML both write it, the sign and grammar already checked.
pub(super) fn decimal(text: &str) -> ReadNumber {
    let whole = !text.contains(['.', 'e', 'E']);
    if whole && text != "-0" {
        if let Ok(value) = text.parse::<i64>() {
            return ReadNumber { value: Value::from(value), loss: None };
        }
        if let Ok(value) = text.parse::<u64>() {
            return ReadNumber { value: Value::from(value), loss: None };
        }
    }
    let value = text.parse::<f64>().unwrap_or(0.0);
    let loss = if value.is_infinite() {
        Some("is beyond what a double holds; read as the largest one")
    } else if whole && text != "-0" {
        Some("does not fit 64 bits; read as the nearest double")
    } else {
        None
    };
    let held = value.clamp(f64::MIN, f64::MAX);
    ReadNumber { value: Number::from_f64(held).map_or(Value::Null, Value::Number), loss }
}

/// What a plain YAML scalar is.
pub(super) enum Plain {
    /// Not text.
    Value(Value),
    /// A number.
    Number(ReadNumber),
    /// Text, and why somebody may have expected a number.
    Text(Option<&'static str>),
}

/// Resolves a plain scalar by the core schema, except that `010` stays text: it is 8 to YAML 1.1, 10 to 1.2.
pub(super) fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Value(Value::Null),
        "true" | "True" | "TRUE" => return Plain::Value(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Plain::Value(Value::Bool(false)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Plain::Text(Some("JSON has no infinity")),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => {
            return Plain::Text(Some("JSON has no NaN"));
        }
        _ => {}
    }
    if let Some((digits, radix)) = based(text) {
        return match u64::from_str_radix(digits, radix) {
            Ok(value) => Plain::Value(Value::from(value)),
            Err(_) => Plain::Text(Some("the number does not fit 64 bits")),
        };
    }
    if !is_decimal(unsigned) {
        return Plain::Text(None);
    }
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 1 && unsigned.starts_with('0') {
        return Plain::Text(Some("a leading zero means octal to some readers"));
    }
    Plain::Number(decimal(text.strip_prefix('+').unwrap_or(text)))
}

fn based(text: &str) -> Option<(&str, u32)> {
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => (digits, 16),
        (_, Some(digits)) => (digits, 8),
        _ => return None,
    };
    let fits = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    fits.then_some((digits, radix))
}

// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let enough = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    let power = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    enough && power && digits(whole) && fraction.is_none_or(digits)
}
