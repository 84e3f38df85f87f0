//! Reading the members of a file that somebody wrote, with every oddity told at its place.

use serde_json::{Map, Value};

use evergate_schemas::document::Document;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Problem, Severity};

/// A document being read, and what is wrong with it so far.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) document: &'a Document,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        Self { document, problems: document.problems().to_vec() }
    }

    pub(crate) fn problem(&mut self, at: &Pointer, what: String, remedy: String) {
        let place = self.document.place(at);
        self.problems.push(Problem { place, severity: Severity::Error, what, remedy });
    }

    /// The members of an object; anything but an object, and any member not in `known`, is a problem.
    pub(crate) fn object(
        &mut self,
        value: &'a Value,
        at: &Pointer,
        known: &[&str],
    ) -> Option<&'a Map<String, Value>> {
        let Some(members) = value.as_object() else {
            let remedy = format!("write members: {}", known.join(", "));
            self.problem(at, "an object is expected here".to_owned(), remedy);
            return None;
        };
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            let remedy = format!("write one of {}", known.join(", "));
            self.problem(&at.join(name), format!("unknown key `{name}`"), remedy);
        }
        Some(members)
    }

    /// A text, or a number or boolean taken as its text.
    pub(crate) fn text(
        &mut self,
        members: &Map<String, Value>,
        at: &Pointer,
        name: &str,
    ) -> Option<String> {
        match members.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
            Some(_) => {
                let what = format!("`{name}` must be a text");
                self.problem(&at.join(name), what, String::new());
                None
            }
            None => {
                self.problem(at, format!("`{name}` is missing"), format!("write `{name}: …`"));
                None
            }
        }
    }

    /// A text by name for each member; absent is empty.
    pub(crate) fn texts(
        &mut self,
        members: &'a Map<String, Value>,
        at: &Pointer,
        name: &str,
    ) -> Vec<(String, String)> {
        let at = at.join(name);
        let Some(value) = members.get(name) else { return Vec::new() };
        let Some(inner) = value.as_object() else {
            self.problem(&at, format!("`{name}` must be an object of texts"), String::new());
            return Vec::new();
        };
        let mut texts = Vec::new();
        for key in inner.keys() {
            texts.extend(self.text(inner, &at, key).map(|text| (key.clone(), text)));
        }
        texts
    }
}
