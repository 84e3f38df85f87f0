//! Reading values with their places: every fault is noted and reading goes on.

use evergate_schemas::document::Document;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem, Severity};
use serde_json::{Map, Value};

/// Collects problems over one document.
#[derive(Debug)]
pub(super) struct Reader<'doc> {
    pub(super) document: &'doc Document,
    pub(super) problems: Vec<Problem>,
}

impl<'doc> Reader<'doc> {
    pub(super) fn new(document: &'doc Document) -> Self {
        Self { document, problems: document.problems().to_vec() }
    }

    pub(super) fn place(&self, at: &Pointer) -> Place {
        self.document.place(at)
    }

    pub(super) fn fault(
        &mut self,
        at: &Pointer,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let place = self.place(at);
        self.problems.push(Problem {
            place,
            severity: Severity::Error,
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// What is odd about a place, and no error.
    pub(super) fn warn(&mut self, place: Place, what: String, remedy: String) {
        self.problems.push(Problem { place, severity: Severity::Warning, what, remedy });
    }

    /// An object with no other keys than these.
    pub(super) fn object(
        &mut self,
        value: &'doc Value,
        at: &Pointer,
        known: &[&str],
    ) -> Option<&'doc Map<String, Value>> {
        let object = self.map(value, at)?;
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let remedy = match nearest(key, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("use one of {}", known.join(", ")),
            };
            self.fault(&at.join(key), format!("`{key}` is not a key here"), remedy);
        }
        Some(object)
    }

    /// An object with any keys.
    pub(super) fn map(
        &mut self,
        value: &'doc Value,
        at: &Pointer,
    ) -> Option<&'doc Map<String, Value>> {
        let object = value.as_object();
        if object.is_none() {
            self.fault(
                at,
                format!("{} stands where keys and values belong", kind(value)),
                "write `key: value`",
            );
        }
        object
    }

    /// A list; a single value counts as a list of one.
    pub(super) fn list(value: &'doc Value) -> &'doc [Value] {
        value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
    }

    /// Text that is not empty.
    pub(super) fn text(&mut self, value: &'doc Value, at: &Pointer) -> Option<&'doc str> {
        match value.as_str() {
            Some(text) if !text.is_empty() => Some(text),
            _ => {
                self.fault(
                    at,
                    format!("{} stands where text belongs", kind(value)),
                    "write text, in quotes if in doubt",
                );
                None
            }
        }
    }

    /// A version label: text or a whole number. A fraction is refused, since `1.10` and `1.1` are one number.
    pub(super) fn label(&mut self, value: &'doc Value, at: &Pointer) -> Option<String> {
        match value {
            Value::Number(number) if number.is_u64() => Some(number.to_string()),
            Value::Number(number) => {
                self.fault(
                    at,
                    format!("the version `{number}` is read as a number"),
                    format!("write \"{number}\" in quotes"),
                );
                None
            }
            other => self.text(other, at).map(str::to_owned),
        }
    }

    /// One of a few words.
    pub(super) fn word<Word: Copy>(
        &mut self,
        value: &'doc Value,
        at: &Pointer,
        words: &[(&str, Word)],
    ) -> Option<Word> {
        let text = self.text(value, at)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.fault(
                at,
                format!("`{text}` is not known here"),
                format!("write {}", known.join(" or ")),
            );
        }
        found
    }
}

/// A value's kind, for messages.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The word that is at most two edits away, the nearest first.
pub(super) fn nearest<'word>(text: &str, words: &[&'word str]) -> Option<&'word str> {
    let distances = words.iter().map(|word| (edits(text, word), *word));
    distances
        .filter(|(distance, word)| *distance <= 2 && *distance < word.len())
        .min()
        .map(|(_, word)| word)
}

/// Levenshtein's distance, for short words.
fn edits(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        let mut next = vec![left];
        for (above, own) in row.iter().skip(1).zip(other.chars()) {
            let here = (diagonal + usize::from(letter != own)).min(left + 1).min(above + 1);
            diagonal = *above;
            left = here;
            next.push(here);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{edits, nearest};

    #[test]
    fn a_near_word_is_found() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "ab"), 2);
        assert_eq!(nearest("backend", &["backends", "match"]), Some("backends"));
        assert_eq!(nearest("foo", &["backends", "match"]), None);
    }
}
