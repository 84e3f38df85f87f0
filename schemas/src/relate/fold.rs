//! Folding the parts of a composed schema document into one schema object, for closing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::sample::evaluate::equal;
use crate::sample::node::Types;
use crate::schema::{DEFS_PREFIX, Defs};

use super::close::annotates;

/// How many parts one composition may have.
const PARTS: usize = 256;

/// The parts of a conjunction.
#[derive(Clone, Default)]
pub(super) struct Parts {
    pub(super) pieces: Vec<Map<String, Value>>,
    /// The components that were taken apart for them.
    pub(super) resolved: BTreeSet<String>,
    within: Vec<String>,
}

impl Parts {
    /// Starts with parts that are known.
    pub(super) fn with(pieces: &[Map<String, Value>]) -> Self {
        Self { pieces: pieces.to_vec(), ..Self::default() }
    }

    /// Adds the schema object without `allOf` and `$ref`, and the parts of those. False where a component is part of
    /// itself or the parts cannot be told.
    pub(super) fn add(&mut self, defs: &Defs, value: &Value) -> bool {
        let members = match value {
            Value::Object(members) => members,
            Value::Bool(true) => return true,
            _ => return false,
        };
        if self.pieces.len() > PARTS {
            return false;
        }
        let mut own = members.clone();
        own.retain(|word, _| word != "allOf" && word != "$ref" && !annotates(word));
        if !own.is_empty() {
            self.pieces.push(own);
        }
        if let Some(reference) = members.get("$ref")
            && !self.resolve(defs, reference)
        {
            return false;
        }
        match members.get("allOf") {
            None => true,
            Some(Value::Array(all)) => all.iter().all(|part| self.add(defs, part)),
            Some(_) => false,
        }
    }

    fn resolve(&mut self, defs: &Defs, reference: &Value) -> bool {
        let Some(key) = reference.as_str().and_then(|text| text.strip_prefix(DEFS_PREFIX)) else {
            return false;
        };
        let Some(component) = defs.0.get(key) else { return false };
        if self.within.iter().any(|outer| outer == key) {
            return false;
        }
        self.within.push(key.to_owned());
        self.resolved.insert(key.to_owned());
        let told = self.add(defs, component);
        self.within.pop();
        told
    }
}

/// One schema object that means all parts together; `None` where that takes more than one.
pub(super) fn merge(pieces: &[Map<String, Value>]) -> Option<Map<String, Value>> {
    let mut whole = Map::new();
    let mut leftover = Vec::new();
    let mut required = BTreeSet::new();
    for piece in pieces {
        let mut left = Map::new();
        for (word, value) in piece {
            match word.as_str() {
                "properties" | "additionalProperties" => {}
                "required" => {
                    for name in value.as_array()? {
                        required.insert(name.as_str()?.to_owned());
                    }
                }
                _ if !whole.contains_key(word) => {
                    whole.insert(word.clone(), value.clone());
                }
                "type" => {
                    let both = common_types(whole.get("type")?, value)?;
                    whole.insert("type".to_owned(), both);
                }
                _ if whole.get(word) == Some(value) => {}
                _ => {
                    left.insert(word.clone(), value.clone());
                }
            }
        }
        if !left.is_empty() {
            leftover.push(Value::Object(left));
        }
    }
    members(pieces, &mut whole);
    if !required.is_empty() {
        whole.insert("required".to_owned(), json!(required));
    }
    // These look at their siblings, so two of them cannot stand apart from each other.
    let split = ["prefixItems", "items", "contains", "minContains", "maxContains"];
    let arrays =
        pieces.iter().filter(|piece| split.iter().any(|word| piece.contains_key(*word))).count();
    if arrays > 1 {
        return None;
    }
    if !leftover.is_empty() {
        whole.insert("allOf".to_owned(), Value::Array(leftover));
    }
    Some(whole)
}

/// Each name with what every part says of it.
fn members(pieces: &[Map<String, Value>], whole: &mut Map<String, Value>) {
    type Said<'a> = (Option<&'a Map<String, Value>>, Option<&'a Value>);
    let layers: Vec<Said<'_>> = pieces
        .iter()
        .map(|piece| {
            (piece.get("properties").and_then(Value::as_object), piece.get("additionalProperties"))
        })
        .filter(|(named, rest)| named.is_some() || rest.is_some())
        .collect();
    let names: BTreeSet<&String> =
        layers.iter().filter_map(|(named, _)| *named).flat_map(Map::keys).collect();
    if !names.is_empty() {
        let declared = names.into_iter().map(|name| {
            let said = layers
                .iter()
                .filter_map(|(named, rest)| named.and_then(|named| named.get(name)).or(*rest));
            (name.clone(), together(said))
        });
        whole.insert("properties".to_owned(), Value::Object(declared.collect()));
    }
    let rests: Vec<&Value> = layers.iter().filter_map(|(_, rest)| *rest).collect();
    if !rests.is_empty() {
        whole.insert("additionalProperties".to_owned(), together(rests.into_iter()));
    }
}

fn together<'a>(said: impl Iterator<Item = &'a Value>) -> Value {
    let said: Vec<&Value> = said.collect();
    if let [only] = said.as_slice() {
        return Value::clone(only);
    }
    let mut all: Vec<Value> = Vec::new();
    for one in said {
        let empty = *one == Value::Bool(true)
            || one.as_object().is_some_and(|members| members.keys().all(|word| annotates(word)));
        if !empty && !all.contains(one) {
            all.push(one.clone());
        }
    }
    if all.contains(&Value::Bool(false)) {
        return Value::Bool(false);
    }
    match (all.len(), all.pop()) {
        (0, _) | (_, None) => Value::Bool(true),
        (1, Some(only)) => only,
        (_, Some(last)) => {
            all.push(last);
            json!({ "allOf": all })
        }
    }
}

fn common_types(left: &Value, right: &Value) -> Option<Value> {
    let names = |value: &Value| -> Option<Vec<String>> {
        match value {
            Value::String(name) => Some(vec![name.clone()]),
            Value::Array(names) => {
                names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
            }
            _ => None,
        }
    };
    let (left, right) = (names(left)?, names(right)?);
    let has = |all: &[String], name: &str| all.iter().any(|one| one == name);
    let mut both: Vec<String> = Vec::new();
    for name in &left {
        let integral = name == "number" && has(&right, "integer") && !has(&right, "number");
        if has(&right, name) || (name == "integer" && has(&right, "number")) {
            both.push(name.clone());
        } else if integral && !has(&both, "integer") {
            both.push("integer".to_owned());
        }
    }
    both.dedup();
    match both.as_slice() {
        [] => None,
        [only] => Some(json!(only)),
        _ => Some(json!(both)),
    }
}

/// The names that a schema object requires.
pub(super) fn branches(members: &Map<String, Value>) -> Vec<String> {
    let required = members.get("required").and_then(Value::as_array);
    required.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// What is plain to see of a branch: enough to tell most branches apart.
pub(super) struct Outline {
    types: Types,
    required: BTreeSet<String>,
    /// Every name the closed branch may have; `None` when it stays open or cannot be told.
    declared: Option<BTreeSet<String>>,
    values: BTreeMap<String, Vec<Value>>,
}

impl Outline {
    pub(super) fn of(defs: &Defs, base: &[Map<String, Value>], way: &Value) -> Self {
        let mut parts = Parts::with(base);
        let whole = parts.add(defs, way);
        let pieces = parts.pieces;
        let mut outline = Self {
            types: Types::ANY,
            required: BTreeSet::new(),
            declared: Some(BTreeSet::new()),
            values: BTreeMap::new(),
        };
        let mut named = false;
        for piece in &pieces {
            if let Some(types) = piece.get("type").and_then(types_of) {
                outline.types = outline.types.and(types);
            }
            if let Some(values) = value_set(defs, &Value::Object(piece.clone())) {
                let types = values.iter().fold(Types::NONE, |all, value| all.or(Types::of(value)));
                outline.types = outline.types.and(types);
            }
            outline.required.extend(branches(piece));
            if [
                "anyOf",
                "oneOf",
                "if",
                "additionalProperties",
                "patternProperties",
                "unevaluatedProperties",
                "dependentSchemas",
                "dependencies",
            ]
            .iter()
            .any(|word| piece.contains_key(*word))
            {
                outline.declared = None;
            }
            for (name, schema) in
                piece.get("properties").and_then(Value::as_object).into_iter().flatten()
            {
                named = true;
                if let Some(declared) = &mut outline.declared {
                    declared.insert(name.clone());
                }
                if let Some(values) = value_set(defs, schema) {
                    outline.values.insert(name.clone(), values);
                }
            }
        }
        if !whole || !named {
            outline.declared = None;
        }
        if let Some(declared) = &mut outline.declared {
            declared.extend(outline.required.iter().cloned());
        }
        outline
    }

    /// Whether no payload of this branch, closed, is a payload of the other branch as written.
    pub(super) fn apart(&self, other: &Self) -> bool {
        let common = self.types.and(other.types);
        if common.is_none() {
            return true;
        }
        if !common.within(Types::OBJECT) {
            return false;
        }
        let lacks = self
            .declared
            .as_ref()
            .is_some_and(|declared| other.required.iter().any(|name| !declared.contains(name)));
        lacks
            || self.required.intersection(&other.required).any(|name| {
                match (self.values.get(name), other.values.get(name)) {
                    (Some(one), Some(two)) => {
                        !one.iter().any(|value| two.iter().any(|other| equal(value, other)))
                    }
                    _ => false,
                }
            })
    }

    /// Whether any part of a schema object, branches included, declares members.
    pub(super) fn declares(defs: &Defs, members: &Map<String, Value>) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&Map<String, Value>> = vec![members];
        while let Some(members) = waiting.pop() {
            if members
                .get("properties")
                .and_then(Value::as_object)
                .is_some_and(|named| !named.is_empty())
            {
                return true;
            }
            for word in ["allOf", "anyOf", "oneOf"] {
                let ways = members.get(word).and_then(Value::as_array);
                waiting.extend(ways.into_iter().flatten().filter_map(Value::as_object));
            }
            for word in ["then", "else", "if"] {
                waiting.extend(members.get(word).and_then(Value::as_object));
            }
            let dependent = members.get("dependentSchemas").and_then(Value::as_object);
            waiting
                .extend(dependent.into_iter().flat_map(Map::values).filter_map(Value::as_object));
            let key = members
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|text| text.strip_prefix(DEFS_PREFIX));
            if let Some(key) = key
                && seen.insert(key)
            {
                waiting.extend(defs.0.get(key).and_then(Value::as_object));
            }
        }
        false
    }
}

fn types_of(value: &Value) -> Option<Types> {
    match value {
        Value::String(name) => Types::named(name),
        Value::Array(names) => names
            .iter()
            .try_fold(Types::NONE, |all, name| Some(all.or(Types::named(name.as_str()?)?))),
        _ => None,
    }
}

/// The values a schema allows, when it lists them, through one reference.
fn value_set(defs: &Defs, schema: &Value) -> Option<Vec<Value>> {
    let direct = |schema: &Value| {
        let one = schema.get("const").map(|value| vec![value.clone()]);
        one.or_else(|| schema.get("enum").and_then(Value::as_array).cloned())
    };
    direct(schema).or_else(|| {
        let key = schema.get("$ref")?.as_str()?.strip_prefix(DEFS_PREFIX)?;
        direct(defs.0.get(key)?)
    })
}
