//! A JSON Schema in the house's one dialect: draft 2020-12, bundled, every reference local.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

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
/// reference but `#/$defs/KEY` (and `$dynamicRef`, where the document had one that cannot be resolved statically).
#[derive(Clone, Debug)]
pub struct Schema {
    /// The root; often `{"$ref": "#/$defs/KEY"}`.
    pub root: Value,
    /// What references resolve in.
    pub defs: Arc<Defs>,
}

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
