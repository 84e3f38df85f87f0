//! One level of a JSON text, cut without being re-written: members and items keep their spelling.

/// A member of an object as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The name with its quotes and escapes.
    pub(super) key: &'a str,
    /// The value.
    pub(super) value: &'a str,
}

impl Entry<'_> {
    /// The name, unescaped.
    pub(super) fn name(&self) -> String {
        unquoted(self.key).unwrap_or_default()
    }
}

/// The members of an object in their order; `None` for another type.
pub(super) fn members(text: &str) -> Option<Vec<Entry<'_>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let entry = |part| {
        let colon = end_of_string(part)?;
        let (key, rest) = part.split_at_checked(colon)?;
        Some(Entry { key, value: rest.trim_start().strip_prefix(':')?.trim() })
    };
    parts(inner).into_iter().map(entry).collect()
}

/// The items of an array in their order; `None` for another type.
pub(super) fn items(text: &str) -> Option<Vec<&str>> {
    Some(parts(text.trim().strip_prefix('[')?.strip_suffix(']')?))
}

/// An object of entries.
pub(super) fn object<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> String {
    let mut text = String::from("{");
    for (index, entry) in entries.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(entry.key);
        text.push(':');
        text.push_str(entry.value);
    }
    text.push('}');
    text
}

/// An array of items.
pub(super) fn array<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

/// What a JSON string says; `None` for another type.
pub(super) fn unquoted(text: &str) -> Option<String> {
    serde_json::from_str(text.trim()).ok()
}

/// A text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether a text is a JSON number; the other types begin otherwise.
pub(super) fn is_number(text: &str) -> bool {
    text.trim_start().starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// Whether a text is a JSON string.
pub(super) fn is_string(text: &str) -> bool {
    text.trim_start().starts_with('"')
}

/// Whether a text is a JSON `null`.
pub(super) fn is_null(text: &str) -> bool {
    text.trim() == "null"
}

// Where the string at the beginning of a text ends.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

// The parts between the commas of the outermost level, trimmed.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    let (mut inside, mut escaped) = (false, false);
    for (index, byte) in text.bytes().enumerate() {
        if inside {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => inside = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => inside = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.extend(text.get(start..index).map(str::trim));
                start = index + 1;
            }
            _ => {}
        }
    }
    let last = text.get(start..).unwrap_or_default().trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{array, items, members, object};
    use crate::plan::transform::testing::json;

    #[test]
    fn spelling_stays() {
        let text = r#" { "a\u0062" : 1.0 , "c":[ 1 ,{"x":"},\""}] } "#;
        let found = members(text).unwrap();
        let seen: Vec<_> = found.iter().map(|one| (one.name(), one.value)).collect();
        assert_eq!(seen, [("ab".into(), "1.0"), ("c".into(), r#"[ 1 ,{"x":"},\""}]"#)]);
        assert_eq!(object(found), r#"{"a\u0062":1.0,"c":[ 1 ,{"x":"},\""}]}"#);
        assert_eq!(members("{ }").map(|found| found.len()), Some(0));
        assert_eq!(members("[]"), None);
        assert_eq!(items(" [ ] "), Some(vec![]));
        assert_eq!(items("{}"), None);
    }

    proptest! {
        #[test]
        fn cut_and_joined_is_what_it_was(value in json()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            let joined = match (members(&text), items(&text)) {
                (Some(found), _) => object(found),
                (_, Some(found)) => array(found),
                _ => text,
            };
            prop_assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), value);
        }
    }
}
