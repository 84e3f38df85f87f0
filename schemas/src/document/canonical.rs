//! A document in its one canonical spelling: JSON after RFC 8785, numbers with all their digits.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::Document;
use super::number;
use crate::pointer::Pointer;

impl Document {
    /// The document by RFC 8785: no white space, members sorted by UTF-16 units, one spelling of texts and numbers.
    /// Other than there, a number that no double holds keeps its digits, so that two documents have the same form
    /// exactly when they hold the same values.
    pub fn canonical(&self) -> Vec<u8> {
        let mut writer =
            Writer { document: self, apart: &|_| false, parts: BTreeMap::new(), arrays: 0 };
        let mut text = Vec::new();
        writer.value(&self.value, &mut Pointer::root(), &mut Vec::new(), &mut text);
        text
    }

    /// The canonical form in parts: each member of an object for which `apart` holds, by its steps from the root,
    /// is a part by itself and left out of what is around it. The root is always a part.
    pub fn canonical_parts(&self, apart: &dyn Fn(&[&str]) -> bool) -> BTreeMap<Pointer, Vec<u8>> {
        let mut writer = Writer { document: self, apart, parts: BTreeMap::new(), arrays: 0 };
        let mut text = Vec::new();
        writer.value(&self.value, &mut Pointer::root(), &mut Vec::new(), &mut text);
        writer.parts.insert(Pointer::root(), text);
        writer.parts
    }

    // What was read of a number may be less than what was written.
    fn number<'d>(&'d self, read: &Number, pointer: &Pointer) -> Cow<'d, str> {
        let held = if let Some(value) = read.as_f64().filter(|_| read.is_f64()) {
            format!("{value:e}")
        } else {
            read.to_string()
        };
        let written = self.inexact().get(pointer.as_str());
        match written.filter(|text| text.parse::<f64>().ok() == read.as_f64() || beyond(text)) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(number::canonical(&held)),
        }
    }
}

// Read as the largest double there is.
fn beyond(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_infinite)
}

struct Writer<'d> {
    document: &'d Document,
    apart: &'d dyn Fn(&[&str]) -> bool,
    parts: BTreeMap<Pointer, Vec<u8>>,
    /// How many arrays the value stands in; nothing is apart there.
    arrays: usize,
}

impl<'d> Writer<'d> {
    fn value(
        &mut self,
        value: &'d Value,
        pointer: &mut Pointer,
        steps: &mut Vec<&'d str>,
        to: &mut Vec<u8>,
    ) {
        match value {
            Value::Null => to.extend_from_slice(b"null"),
            Value::Bool(true) => to.extend_from_slice(b"true"),
            Value::Bool(false) => to.extend_from_slice(b"false"),
            Value::Number(number) => {
                to.extend_from_slice(self.document.number(number, pointer).as_bytes());
            }
            Value::String(string) => text(string, to),
            Value::Array(items) => {
                to.push(b'[');
                self.arrays += 1;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        to.push(b',');
                    }
                    pointer.push(&index.to_string());
                    self.value(item, pointer, steps, to);
                    pointer.pop();
                }
                self.arrays -= 1;
                to.push(b']');
            }
            Value::Object(members) => self.object(members, pointer, steps, to),
        }
    }

    fn object(
        &mut self,
        members: &'d Map<String, Value>,
        pointer: &mut Pointer,
        steps: &mut Vec<&'d str>,
        to: &mut Vec<u8>,
    ) {
        to.push(b'{');
        let mut first = true;
        for (key, value) in sorted(members) {
            pointer.push(key);
            steps.push(key);
            if self.arrays == 0 && (self.apart)(steps) {
                let mut part = Vec::new();
                self.value(value, pointer, steps, &mut part);
                self.parts.insert(pointer.clone(), part);
            } else {
                if !first {
                    to.push(b',');
                }
                first = false;
                text(key, to);
                to.push(b':');
                self.value(value, pointer, steps, to);
            }
            steps.pop();
            pointer.pop();
        }
        to.push(b'}');
    }
}

// RFC 8785 §3.2.3 sorts by UTF-16 code units, which is another order than that of UTF-8 beyond the basic plane.
fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut all: Vec<(&String, &Value)> = members.iter().collect();
    if members.keys().any(|key| !key.is_ascii()) {
        all.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    }
    all
}

// RFC 8785 §3.2.2.2 escapes as serde_json does.
fn text(text: &str, to: &mut Vec<u8>) {
    if serde_json::to_writer(&mut *to, text).is_err() {
        to.extend_from_slice(b"\"\"");
    }
}
