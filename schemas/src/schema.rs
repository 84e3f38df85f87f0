//! A JSON Schema in the house's one dialect: draft 2020-12, bundled, every reference local.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::pointer::Pointer;

/// Who writes or reads a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Writes the message.
    Sender,
    /// Reads the message.
    Reader,
}

/// Which way a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Client to backend.
    Request,
    /// Backend to client.
    Response,
}

/// The shared components of one version, by key. A key has only `[A-Za-z0-9._-]`, so that a reference
/// needs no escaping; inside a value each `$ref` is `#/$defs/KEY`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defs(pub BTreeMap<String, Value>);

/// A schema: a root over the shared components of its version. Draft 2020-12; no `$id`, no `$anchor`, no
/// reference but `#/$defs/KEY`. What could not be read stands as [`UNRESOLVED`] or [`UNREAD_PATTERN`], which nobody may
/// take for knowledge.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The root; often `{"$ref": "#/$defs/KEY"}`.
    pub root: Value,
    /// What references resolve in.
    pub defs: Arc<Defs>,
}

/// A place in a bundled schema: in a component, or in the root, and a pointer inside.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaPlace {
    /// The component's key; `None` for the root.
    pub component: Option<String>,
    /// Inside the component or the root.
    pub pointer: Pointer,
}

impl SchemaPlace {
    /// The root itself.
    pub const fn root() -> Self {
        Self { component: None, pointer: Pointer::root() }
    }

    /// A component itself.
    pub fn component(key: &str) -> Self {
        Self { component: Some(key.to_owned()), pointer: Pointer::root() }
    }

    /// A step further in.
    #[must_use]
    pub fn join(&self, token: &str) -> Self {
        Self { component: self.component.clone(), pointer: self.pointer.join(token) }
    }
}
/// What stands for a schema that cannot be known (an unreadable reference): anything or nothing may be valid.
pub const UNRESOLVED: &str = "x-unresolved";
/// A pattern that no linear-time engine can run: where it is look-around its strings can be told, else none can.
pub const UNREAD_PATTERN: &str = "x-unread-pattern";

/// The `$ref` prefix of a bundled component.
pub const DEFS_PREFIX: &str = "#/$defs/";

impl Schema {
    /// A schema with components.
    pub const fn new(root: Value, defs: Arc<Defs>) -> Self {
        Self { root, defs }
    }

    /// A schema without components, or with its own `$defs` at the root, which are lifted out.
    pub fn from_document(mut document: Value) -> Self {
        let mut defs = Defs::default();
        if let Some(object) = document.as_object_mut()
            && let Some(Value::Object(own)) = object.remove("$defs")
        {
            defs.0.extend(own);
        }
        Self { root: document, defs: Arc::new(defs) }
    }

    /// The component a `$ref` names.
    pub fn resolve(&self, reference: &str) -> Option<&Value> {
        reference.strip_prefix(DEFS_PREFIX).and_then(|key| self.defs.0.get(key))
    }

    /// The place that an evaluation path (JSON Schema 2020-12 core §12.4.2) leads to: its `$ref` steps are taken to the
    /// components that they name, and so is a `$defs` step at its beginning. A step that leads nowhere is kept.
    pub fn locate(&self, evaluation: &Pointer) -> SchemaPlace {
        let mut place = SchemaPlace::root();
        let mut here = Some(&self.root);
        let mut tokens = evaluation.tokens().peekable();
        if tokens.peek().is_some_and(|first| first == "$defs") {
            tokens.next();
            let key = tokens.next().unwrap_or_default();
            (here, place) = (self.defs.0.get(&key), SchemaPlace::component(&key));
        }
        while let Some(token) = tokens.next() {
            let named = here.filter(|_| token == "$ref" && tokens.peek().is_some());
            let key = named.and_then(Value::as_object).and_then(reference_key);
            if let Some(key) = key {
                (here, place) = (self.defs.0.get(key), SchemaPlace::component(key));
            } else {
                here = here.and_then(|value| step(value, &token));
                place.pointer.push(&token);
            }
        }
        place
    }

    /// What stands at a place.
    pub fn at_place(&self, place: &SchemaPlace) -> Option<&Value> {
        let from = match &place.component {
            Some(key) => self.defs.0.get(key)?,
            None => &self.root,
        };
        from.pointer(place.pointer.as_str())
    }

    /// The same components under another root.
    #[must_use]
    pub fn at(&self, root: Value) -> Self {
        Self { root, defs: Arc::clone(&self.defs) }
    }

    /// One self-contained document that has, of the components, only those the root reaches.
    pub fn document(&self) -> Value {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![&self.root];
        while let Some(value) = waiting.pop() {
            match value {
                Value::Object(members) => {
                    if let Some(key) = reference_key(members)
                        && let Some((key, component)) = self.defs.0.get_key_value(key)
                        && reached.insert(key.as_str())
                    {
                        waiting.push(component);
                    }
                    waiting.extend(members.values());
                }
                Value::Array(items) => waiting.extend(items),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let mut document = match &self.root {
            Value::Object(members) => members.clone(),
            Value::Bool(true) => Map::new(),
            other => return other.clone(),
        };
        if !reached.is_empty() {
            let kept = reached.iter().filter_map(|key| {
                self.defs.0.get(*key).map(|component| ((*key).to_owned(), component.clone()))
            });
            document.insert("$defs".to_owned(), Value::Object(kept.collect()));
        }
        Value::Object(document)
    }
}

fn step<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(token),
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn reference_key(members: &Map<String, Value>) -> Option<&str> {
    members.get("$ref")?.as_str()?.strip_prefix(DEFS_PREFIX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Schema;

    #[test]
    fn a_document_holds_only_what_the_root_reaches() {
        let schema = Schema::from_document(json!({
            "$ref": "#/$defs/a",
            "$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"items": {"$ref": "#/$defs/a"}}, "c": {}}
        }));
        assert_eq!(
            schema.document(),
            json!({
                "$ref": "#/$defs/a",
                "$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"items": {"$ref": "#/$defs/a"}}}
            })
        );
    }
}
