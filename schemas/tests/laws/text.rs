//! Payloads as texts: odd but valid spellings, leaves that tell where they come from, and tokens.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use evergate_schemas::sample::Random;
use serde_json::{Map, Value, json};

/// A payload as somebody might write it: any order of members, blanks, escapes and spellings of numbers.
pub(crate) fn spelled(value: &Value, random: &mut Random) -> String {
    let mut text = String::new();
    write_value(value, random, &mut text);
    if random.once_in(3) {
        text.push('\n');
    }
    text
}

fn blank(random: &mut Random, text: &mut String) {
    text.push_str(["", "", "", "", " ", "  ", "\n\t", "\r\n"][random.index(8)]);
}

fn write_value(value: &Value, random: &mut Random, text: &mut String) {
    blank(random, text);
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            for at in (1..members.len()).rev() {
                members.swap(at, random.index(at + 1));
            }
            text.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                blank(random, text);
                write_text(name, random, text);
                blank(random, text);
                text.push(':');
                write_value(value, random, text);
            }
            blank(random, text);
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_value(item, random, text);
            }
            blank(random, text);
            text.push(']');
        }
        Value::String(one) => write_text(one, random, text),
        Value::Number(number) => write_number(&number.to_string(), random, text),
        other => text.push_str(&other.to_string()),
    }
    blank(random, text);
}

/// Now and then a character as an escape.
fn write_text(one: &str, random: &mut Random, text: &mut String) {
    text.push('"');
    for letter in one.chars() {
        let plain = letter != '"' && letter != '\\' && letter >= ' ';
        if plain && !random.once_in(12) {
            text.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = if random.once_in(2) {
                    write!(text, "\\u{unit:04x}")
                } else {
                    write!(text, "\\u{unit:04X}")
                };
            }
        }
    }
    text.push('"');
}

fn write_number(digits: &str, random: &mut Random, text: &mut String) {
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    match random.index(8) {
        0 if whole => text.extend([digits, ".0"]),
        1 if whole => text.extend([digits, ".00e+0"]),
        2 if whole && digits != "0" => text.extend([digits, "00E-2"]),
        _ => text.push_str(digits),
    }
}

/// The payload with every free leaf made its own: each text and each number in it is there only once. Values that
/// the api names (enums, defaults) stay, as do the names of members.
pub(crate) fn tagged(value: &Value, named: &BTreeSet<String>, next: &mut u32) -> Value {
    match value {
        Value::Object(members) => {
            let each =
                members.iter().map(|(name, value)| (name.clone(), tagged(value, named, next)));
            Value::Object(each.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| tagged(item, named, next)).collect(),
        Value::String(text) if shaped(text) => value.clone(),
        Value::String(_) | Value::Number(_) if !named.contains(&leaf(value)) => {
            *next += 1;
            if value.is_string() {
                json!(format!("tag {next} é"))
            } else {
                json!(7_000_000 + *next)
            }
        }
        other => other.clone(),
    }
}

/// Whether a function may read something in the text.
fn shaped(text: &str) -> bool {
    let words = text.bytes().all(|one| one.is_ascii_lowercase() || one == b' ');
    let stamp = text.ends_with('Z') && text.contains('T');
    !text.is_empty() && (words || stamp || text.bytes().all(|one| one.is_ascii_digit()))
}

/// A leaf as it is compared: numbers by value.
pub(crate) fn leaf(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{:?}", number.as_f64()),
        other => other.to_string(),
    }
}

/// All scalars of a document, empty containers not counted.
pub(crate) fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| leaves(value, found)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        scalar => found.push(leaf(scalar)),
    }
}

/// All member names of a document.
pub(crate) fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.insert(name.clone());
                names(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// A scalar or a name in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    pub(crate) raw: &'t str,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) is_name: bool,
}

/// The names and scalars of a well-formed text, in order.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'"' => {
                at += 1;
                while bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'{' | b'}' | b'[' | b']' | b',' | b' ' | b'\n' | b'\r' | b'\t' => {
                at += 1;
                continue;
            }
            b':' => {
                if let Some(last) = found.last_mut() {
                    last.is_name = true;
                }
                at += 1;
                continue;
            }
            _ => {
                while at < bytes.len() && !b"{}[],: \n\r\t".contains(&bytes[at]) {
                    at += 1;
                }
            }
        }
        found.push(Token { raw: &text[start..at], start, end: at, is_name: false });
    }
    found
}

/// Whether two values say the same: numbers by value, and what a function put into a text by what it says, as neither a
/// tree nor a function of numbers keeps spellings.
pub(crate) fn alike(seen: &Value, meant: &Value) -> bool {
    match (seen, meant) {
        (Value::Object(seen), Value::Object(meant)) => {
            seen.len() == meant.len()
                && seen
                    .iter()
                    .all(|(name, one)| meant.get(name).is_some_and(|other| alike(one, other)))
        }
        (Value::Array(seen), Value::Array(meant)) => {
            seen.len() == meant.len()
                && seen.iter().zip(meant).all(|(one, other)| alike(one, other))
        }
        (Value::Number(seen), Value::Number(meant)) => seen.as_f64() == meant.as_f64(),
        (Value::String(seen), Value::String(meant)) => {
            seen == meant
                || embedded(seen)
                    .zip(embedded(meant))
                    .is_some_and(|(one, other)| alike(&one, &other))
        }
        _ => seen == meant,
    }
}

/// The value that a text says, as it is or in base64, in phrases or alone.
pub(crate) fn embedded(text: &str) -> Option<Value> {
    let text = text.trim_start_matches("of ");
    let plain = serde_json::from_str(text).ok();
    plain.or_else(|| serde_json::from_str(&crate::derived::base64(text)?).ok())
}
