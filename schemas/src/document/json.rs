//! JSON (RFC 8259) with places: `serde_json` has none, and drops duplicate keys and large numbers unsaid.

use serde_json::{Map, Value};

use super::scalar::decimal;
use super::scribe::{Mark, Scribe, shorten};

/// Reads a whole JSON text.
pub(super) fn read(text: &str, scribe: &mut Scribe<'_>) -> Option<Value> {
    let mut reader = Reader { text, at: 0, counted: 0, mark: (1, 1), scribe };
    reader.skip_space();
    let found = reader.value(0)?;
    reader.skip_space();
    if reader.peek().is_some() {
        return reader.unexpected("the end of the document");
    }
    Some(found)
}

struct Reader<'t, 'a, 'l> {
    text: &'t str,
    at: usize,
    /// How far `mark` has been counted; only ever moves on, so that counting stays linear.
    counted: usize,
    mark: Mark,
    scribe: &'a mut Scribe<'l>,
}

impl<'t> Reader<'t, '_, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn here(&mut self) -> Mark {
        let passed = self.text.get(self.counted..self.at).unwrap_or_default();
        for letter in passed.chars() {
            if letter == '\n' {
                self.mark = (self.mark.0.saturating_add(1), 1);
            } else {
                self.mark.1 = self.mark.1.saturating_add(1);
            }
        }
        self.counted = self.at;
        self.mark
    }

    fn unexpected<T>(&mut self, wanted: &str) -> Option<T> {
        let mark = self.here();
        let what = match self.rest().chars().next() {
            Some(letter) => format!("expected {wanted}, found {letter:?}"),
            None => format!("expected {wanted}, found the end of the file"),
        };
        self.scribe.stop(mark, what, "correct the JSON")
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let mark = self.here();
        self.scribe.node(mark, depth)?;
        let span = self.scribe.spans.begin(mark);
        let found = match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(mark),
            _ => self.word(),
        };
        self.scribe.spans.end(span);
        found
    }

    fn word(&mut self) -> Option<Value> {
        let words =
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)];
        for (word, value) in words {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Some(value);
            }
        }
        self.unexpected("a value")
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut members = Map::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Some(Value::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.unexpected("a member name");
            }
            let key_mark = self.here();
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return self.unexpected("a colon");
            }
            self.at += 1;
            self.skip_space();
            self.scribe.pointer.push(&key);
            self.scribe.spans.name(&key, key_mark);
            let item = self.value(depth + 1)?;
            self.scribe.pointer.pop();
            self.scribe.member(&mut members, key, key_mark, item);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return self.unexpected("a comma or a closing brace"),
            }
        }
        self.at += 1;
        Some(Value::Object(members))
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Some(Value::Array(items));
        }
        loop {
            self.skip_space();
            self.scribe.pointer.push(&items.len().to_string());
            let item = self.value(depth + 1)?;
            self.scribe.pointer.pop();
            items.push(item);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return self.unexpected("a comma or a closing bracket"),
            }
        }
        self.at += 1;
        Some(Value::Array(items))
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    end += 2;
                }
                Some(0..=0x1f) | None => {
                    self.at = end.min(bytes.len());
                    return self.unexpected("a closing quote or an escape");
                }
                Some(_) => end += 1,
            }
        }
        self.at = end + 1;
        if !escaped {
            return Some(self.text.get(start + 1..end).unwrap_or_default().to_owned());
        }
        let raw = self.text.get(start..=end).unwrap_or_default();
        if let Ok(text) = serde_json::from_str::<String>(raw) {
            return Some(text);
        }
        self.at = start;
        let mark = self.here();
        let what = format!("the text {} has an escape that is none", shorten(raw));
        self.scribe.stop(mark, what, "correct the JSON")
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self, mark: Mark) -> Option<Value> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || (leading_zero && whole > 1) {
            return self.unexpected("a number without leading zeros");
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.unexpected("a digit after the decimal point");
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return self.unexpected("a digit in the exponent");
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let number = decimal(text);
        self.scribe.digits(text, &number.value);
        if let Some(loss) = number.loss {
            self.scribe.warn(
                mark,
                format!("the number {} {loss}", shorten(text)),
                "write a smaller number",
            );
        }
        Some(number.value)
    }
}
