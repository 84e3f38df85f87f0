//! New values as they are written into a config file: in one line.

use serde_json::Value;

/// Whether plain words may stand without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Where they are needed.
    Needed,
    /// Around every text, as JSON wants it.
    All,
}

/// A value in flow style.
pub(super) fn flow(value: &Value, quotes: Quotes) -> String {
    match value {
        Value::String(text) => word(text, quotes),
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Array(items) => {
            let all: Vec<_> = items.iter().map(|item| flow(item, quotes)).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let one = |(key, value): (&String, &Value)| {
                format!("{}: {}", word(key, quotes), flow(value, quotes))
            };
            format!("{{ {} }}", members.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A text, plain where no reader of any YAML takes it for anything else.
pub(super) fn word(text: &str, quotes: Quotes) -> String {
    let letter =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    let plain = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'/')
        && text.bytes().all(letter)
        && !OTHERWISE.iter().any(|one| one.eq_ignore_ascii_case(text));
    if plain && quotes == Quotes::Needed { text.to_owned() } else { Value::from(text).to_string() }
}

/// Words that some YAML takes for no text.
const OTHERWISE: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
