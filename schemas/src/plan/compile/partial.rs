//! The schema of edits (RFC 7396) of what a schema describes: any member may be missing, and `null` removes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::describe::discriminator::TAGGED;
use crate::plan::shape::EDITED;
use crate::schema::{DEFS_PREFIX, Defs, Schema};

/// What is said about a whole object, of which an edit has only a part.
const OF_WHOLES: [&str; 11] = [
    "default",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxProperties",
    "minProperties",
    "not",
    "required",
    "then",
    TAGGED,
];

/// The schema of edits. Its components stand beside those of whole values, which arrays still have.
pub(super) fn partial(schema: &Schema) -> Schema {
    let mut edited = Edited { schema, defs: BTreeMap::new(), waiting: Vec::new() };
    let root = edited.node(&schema.root);
    while let Some(key) = edited.waiting.pop() {
        if let Some(whole) = schema.defs.0.get(&key) {
            let edit = edited.node(whole);
            edited.defs.insert(format!("{key}{EDITED}"), edit);
        }
    }
    // what whole values refer to
    let mut table: Vec<Value> = edited.defs.values().cloned().chain([root.clone()]).collect();
    while let Some(value) = table.pop() {
        references(&value, &mut |key| {
            if let (false, Some(whole)) = (edited.defs.contains_key(key), schema.defs.0.get(key)) {
                edited.defs.insert(key.to_owned(), whole.clone());
                table.push(whole.clone());
            }
        });
    }
    Schema::new(root, Arc::new(Defs(edited.defs)))
}

struct Edited<'a> {
    schema: &'a Schema,
    defs: BTreeMap<String, Value>,
    waiting: Vec<String>,
}

impl Edited<'_> {
    fn node(&mut self, node: &Value) -> Value {
        let Value::Object(members) = node else { return node.clone() };
        let mut out = Map::new();
        let mut unions = Vec::new();
        for (keyword, value) in members {
            let edited = match (keyword.as_str(), value) {
                (keyword, _) if OF_WHOLES.contains(&keyword) => continue,
                ("const", Value::Object(_)) => continue,
                ("enum", Value::Array(values)) if values.iter().any(Value::is_object) => continue,
                ("$ref", Value::String(reference)) => Value::String(self.reference(reference)),
                ("properties" | "patternProperties", Value::Object(inner)) => {
                    let each = inner.iter().map(|(name, one)| (name.clone(), self.member(one)));
                    Value::Object(each.collect())
                }
                ("additionalProperties" | "unevaluatedProperties", Value::Object(_)) => {
                    self.member(value)
                }
                ("allOf", Value::Array(parts)) => parts.iter().map(|one| self.node(one)).collect(),
                // a part of an object may be one of several
                ("anyOf" | "oneOf", Value::Array(parts)) => {
                    let parts: Vec<Value> = parts.iter().map(|one| self.node(one)).collect();
                    unions.push(json!({ "anyOf": parts }));
                    continue;
                }
                _ => value.clone(),
            };
            out.insert(keyword.clone(), edited);
        }
        match (unions.pop(), unions.is_empty()) {
            (Some(Value::Object(only)), true) => out.extend(only),
            (Some(last), _) => {
                let own = out.remove("allOf").and_then(|all| all.as_array().cloned());
                let all: Vec<Value> =
                    own.into_iter().flatten().chain(unions).chain([last]).collect();
                out.insert("allOf".to_owned(), Value::Array(all));
            }
            (None, _) => {}
        }
        Value::Object(out)
    }

    fn member(&mut self, node: &Value) -> Value {
        if node.is_boolean() {
            return node.clone();
        }
        json!({ "anyOf": [self.node(node), {"type": "null"}] })
    }

    fn reference(&mut self, reference: &str) -> String {
        let Some(key) = reference.strip_prefix(DEFS_PREFIX) else { return reference.to_owned() };
        let edited = format!("{key}{EDITED}");
        if self.schema.defs.0.contains_key(key) && !self.defs.contains_key(&edited) {
            self.defs.insert(edited, Value::Bool(true));
            self.waiting.push(key.to_owned());
        }
        format!("{reference}{EDITED}")
    }
}

/// The components that a schema refers to.
fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                match inner.as_str().filter(|_| name == "$ref") {
                    Some(reference) => {
                        found(reference.strip_prefix(DEFS_PREFIX).unwrap_or_default());
                    }
                    None => references(inner, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
