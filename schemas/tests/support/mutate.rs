//! Edits of schema documents: tightened, loosened, renamed and rewritten, so that both answers occur.

use evergate_schemas::sample::Random;
use serde_json::{Map, Value, json};

use super::generate::{Draft, Generator};

/// The places of all schemas in a document, as pointers.
pub(crate) fn places(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(document, String::new(), &mut found);
    found
}

fn walk(schema: &Value, at: String, found: &mut Vec<String>) {
    let Some(members) = schema.as_object() else {
        if schema.is_boolean() {
            found.push(at);
        }
        return;
    };
    for (word, value) in members {
        let below = format!("{at}/{}", escaped(word));
        match (word.as_str(), value) {
            (
                "properties" | "patternProperties" | "dependentSchemas" | "dependencies" | "$defs"
                | "definitions",
                Value::Object(inner),
            ) => {
                for (name, schema) in inner {
                    walk(schema, format!("{below}/{}", escaped(name)), found);
                }
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems" | "items", Value::Array(list)) => {
                for (index, schema) in list.iter().enumerate() {
                    walk(schema, format!("{below}/{index}"), found);
                }
            }
            (
                "items"
                | "additionalItems"
                | "additionalProperties"
                | "contains"
                | "not"
                | "if"
                | "then"
                | "else"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties",
                inner,
            ) => walk(inner, below, found),
            _ => {}
        }
    }
    found.push(at);
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Names and tables that an edit leaves alone, since references lead there.
const KEPT: [&str; 8] = [
    "$id",
    "id",
    "$schema",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$defs",
    "definitions",
];

/// One edit at a random place.
pub(crate) fn mutate(document: &Value, draft: Draft, random: &mut Random) -> Value {
    let mut changed = document.clone();
    let places = places(document);
    let place = &places[random.index(places.len())];
    let Some(target) = changed.pointer_mut(place) else { return changed };
    let old = target.take();
    *target = edited(old, place.is_empty(), draft, random);
    changed
}

fn edited(old: Value, root: bool, draft: Draft, random: &mut Random) -> Value {
    let mut members = match old {
        Value::Object(members) => members,
        other if random.once_in(3) => {
            return Generator::new(random, draft).plain(1).clone_or(other);
        }
        other => return other,
    };
    match random.index(10) {
        0 | 1 => {
            let free: Vec<String> =
                members.keys().filter(|word| !KEPT.contains(&word.as_str())).cloned().collect();
            if !free.is_empty() {
                members.remove(&free[random.index(free.len())]);
            }
        }
        2 | 3 => Generator::new(random, draft).any_keyword(&mut members),
        4..=6 => nudge(&mut members, random),
        7 if !root => return Generator::new(random, draft).plain(1),
        8 if !root => return wrapped(Value::Object(members), draft, random),
        _ => listed(&mut members, draft, random),
    }
    Value::Object(members)
}

trait CloneOr {
    fn clone_or(self, other: Value) -> Value;
}

impl CloneOr for Value {
    // Draft 4 has no boolean schemas but where one stood already.
    fn clone_or(self, other: Value) -> Value {
        if self.is_object() { self } else { other }
    }
}

fn wrapped(schema: Value, draft: Draft, random: &mut Random) -> Value {
    // What names itself must stay where it is.
    if KEPT.iter().any(|word| schema.get(*word).is_some()) {
        return schema;
    }
    let other = Generator::new(random, draft).plain(1);
    match random.index(5) {
        0 => json!({ "allOf": [schema] }),
        1 => json!({ "allOf": [schema, other] }),
        2 => json!({ "anyOf": [schema, other] }),
        3 => json!({ "not": { "not": schema } }),
        _ => json!({ "oneOf": [schema, other] }),
    }
}

/// Moves one of the numbers.
fn nudge(members: &mut Map<String, Value>, random: &mut Random) {
    let numbers: Vec<String> =
        members.iter().filter(|(_, value)| value.is_u64()).map(|(word, _)| word.clone()).collect();
    if numbers.is_empty() {
        return;
    }
    let word = &numbers[random.index(numbers.len())];
    let had = members.get(word).and_then(Value::as_u64).unwrap_or(0);
    let next = if random.once_in(2) || had <= 1 { had + 1 } else { had - 1 };
    members.insert(word.clone(), json!(next));
}

/// Adds or removes a name of `required` or a value of `enum`.
fn listed(members: &mut Map<String, Value>, draft: Draft, random: &mut Random) {
    let words = ["required", "enum"];
    let word = words[random.index(2)];
    let value = if word == "enum" {
        Generator::new(random, draft).value(1)
    } else {
        json!(super::generate::NAMES[random.index(super::generate::NAMES.len())])
    };
    let Some(list) = members.get_mut(word).and_then(Value::as_array_mut) else { return };
    if list.len() > 1 && random.once_in(2) {
        list.remove(random.index(list.len()));
    } else if !list.contains(&value) {
        list.push(value);
    }
}

/// The same document with its definitions under other names: nothing changes its meaning.
pub(crate) fn renamed(document: &Value) -> Value {
    let text = document.to_string();
    let text = text.replace("/d0\"", "/e0\"").replace("\"d0\":", "\"e0\":");
    serde_json::from_str(&text).unwrap_or_else(|_| document.clone())
}

/// Documents a little smaller: a keyword, an item or a whole subschema less.
pub(crate) fn smaller(document: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(at) = waiting.pop() {
        match document.pointer(&at) {
            Some(Value::Object(members)) => {
                for word in members.keys() {
                    let mut less = document.clone();
                    if let Some(Value::Object(members)) = less.pointer_mut(&at) {
                        members.remove(word);
                    }
                    found.push(less);
                    waiting.push(format!("{at}/{}", escaped(word)));
                }
            }
            Some(Value::Array(items)) => {
                for index in 0..items.len() {
                    let mut less = document.clone();
                    if let Some(Value::Array(items)) = less.pointer_mut(&at) {
                        items.remove(index);
                    }
                    found.push(less);
                    waiting.push(format!("{at}/{index}"));
                }
            }
            _ => {}
        }
        let inner = document.pointer(&at).filter(|_| !at.is_empty());
        if let Some(Value::Object(members)) = inner {
            found.extend(wrapped_in(members).filter_map(|part| {
                let mut less = document.clone();
                *less.pointer_mut(&at)? = part;
                Some(less)
            }));
        }
    }
    found
}

// A wrapper gives way to what it wraps.
fn wrapped_in(members: &Map<String, Value>) -> impl Iterator<Item = Value> + '_ {
    let words = ["allOf", "anyOf", "oneOf", "not", "items", "then", "else", "if"];
    words.into_iter().filter_map(|word| members.get(word)).flat_map(|value| match value {
        Value::Array(parts) => parts.clone(),
        part => vec![part.clone()],
    })
}
