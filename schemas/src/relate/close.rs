//! `closed(S)`: senders send what they declared. Composition is folded first, then objects are closed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use serde_json::{Map, Value, json};

use crate::schema::{DEFS_PREFIX, Defs, Schema, UNREAD_PATTERN, UNRESOLVED};

use super::fold::{Outline, Parts, branches, merge};

/// How many sets of components each thread remembers the closed form of.
const REMEMBERED: usize = 64;
/// How many branches a fold may distribute over before it falls back on `unevaluatedProperties`.
const BRANCHES: usize = 128;
/// How many folds one component may take, folds in folded parts included.
const FOLDS: usize = 1024;

thread_local! {
    /// The closed components of a version, computed once: a version's messages share them, and a prover knows
    /// shared components by their identity. A weak reference keeps the address from being used again.
    static CLOSED: RefCell<Vec<(Weak<Defs>, Closed)>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone)]
struct Closed {
    defs: Arc<Defs>,
    /// Whether any component as written has a part that could not be read.
    unread: bool,
}

/// `closed(S)`: each object that declares members and says nothing about undeclared ones forbids them. The result
/// accepts a subset of what the schema accepts.
///
/// - Composition is folded first: the parts of an `allOf` (references included) declare together, and what stands
///   beside `anyOf` or `oneOf` is declared for each branch. Where that cannot be folded (`if`, `dependentSchemas`,
///   `patternProperties` among several parts, a component that is part of itself), `unevaluatedProperties: false`
///   at the outermost place says the same.
/// - `additionalProperties`, `unevaluatedProperties` and `patternProperties` are kept as written.
/// - An object that declares no member at all stays open: its sender declares a map of anything. So do `{}` and
///   `true`.
/// - A member that is required but not otherwise declared counts as declared.
/// - An object with a part that could not be read stays open: what that part declares is not known.
/// - Nothing is closed inside `not`, `if`, `contains` or the exclusion that `oneOf` makes, where closing would
///   widen; components used there are kept as written under `KEY.open`.
pub fn close(schema: &Schema) -> Schema {
    let Closed { defs, unread } = closed_components(&schema.defs);
    let mut closer = Closer::new(&schema.defs, unread || is_unread(&schema.root));
    let root = closer.close(&schema.root);
    if closer.open.iter().all(|key| defs.0.contains_key(&open_key(&schema.defs, key))) {
        return Schema::new(root, defs);
    }
    let open = closer.open;
    let mut more = Defs::clone(&defs);
    add_open(&schema.defs, open, &mut more);
    Schema::new(root, Arc::new(more))
}

fn closed_components(defs: &Arc<Defs>) -> Closed {
    let known = CLOSED.with_borrow(|all| {
        all.iter()
            .find(|(of, _)| std::ptr::eq(of.as_ptr(), Arc::as_ptr(defs)))
            .map(|(_, closed)| closed.clone())
    });
    if let Some(known) = known {
        return known;
    }
    let mut closed = Defs::default();
    let mut open = BTreeSet::new();
    let unread = defs.0.values().any(is_unread);
    for (key, component) in &defs.0 {
        let mut closer = Closer::new(defs, unread);
        closed.0.insert(key.clone(), closer.close(component));
        open.append(&mut closer.open);
    }
    add_open(defs, open, &mut closed);
    let closed = Closed { defs: Arc::new(closed), unread };
    CLOSED.with_borrow_mut(|all| {
        all.retain(|(of, _)| of.strong_count() > 0);
        if all.len() >= REMEMBERED {
            all.remove(0);
        }
        all.push((Arc::downgrade(defs), closed.clone()));
    });
    closed
}

fn open_key(defs: &Defs, key: &str) -> String {
    let mut open = format!("{key}.open");
    while defs.0.contains_key(&open) {
        open.push_str(".open");
    }
    open
}

/// Adds components as written, and those they reach.
fn add_open(defs: &Defs, mut waiting: BTreeSet<String>, to: &mut Defs) {
    while let Some(key) = waiting.pop_first() {
        let name = open_key(defs, &key);
        if to.0.contains_key(&name) {
            continue;
        }
        let copy = defs.0.get(&key).map(|component| as_written(defs, component, &mut waiting));
        to.0.insert(name, copy.unwrap_or(Value::Bool(false)));
    }
}

/// A copy whose references lead to components as written.
fn as_written(defs: &Defs, value: &Value, reached: &mut BTreeSet<String>) -> Value {
    match value {
        Value::Object(members) => {
            let copied = members.iter().map(|(name, value)| {
                let key = value.as_str().and_then(|text| text.strip_prefix(DEFS_PREFIX));
                if name == "$ref"
                    && let Some(key) = key
                {
                    reached.insert(key.to_owned());
                    return (name.clone(), json!(format!("{DEFS_PREFIX}{}", open_key(defs, key))));
                }
                if name == "const" || name == "enum" {
                    return (name.clone(), value.clone());
                }
                (name.clone(), as_written(defs, value, reached))
            });
            Value::Object(copied.collect())
        }
        Value::Array(items) => items.iter().map(|item| as_written(defs, item, reached)).collect(),
        other => other.clone(),
    }
}

struct Closer<'a> {
    defs: &'a Defs,
    /// Components that are needed as written.
    open: BTreeSet<String>,
    branches: usize,
    folds: usize,
    /// The components whose parts stand in what is being folded: met again inside, they would be taken apart for ever.
    folding: Vec<String>,
    /// Whether a part that could not be read may be met.
    unread: bool,
}

impl<'a> Closer<'a> {
    const fn new(defs: &'a Defs, unread: bool) -> Self {
        Self { defs, open: BTreeSet::new(), branches: 0, folds: 0, folding: Vec::new(), unread }
    }

    fn close(&mut self, value: &Value) -> Value {
        let Value::Object(members) = value else { return value.clone() };
        if self.unread && in_place_unread(self.defs, value, &mut BTreeSet::new()) {
            let mut whole = members.clone();
            self.children(&mut whole);
            return Value::Object(whole);
        }
        if !members.keys().any(|word| composes(word)) {
            return Value::Object(self.plain(members.clone()));
        }
        if let Some(lone) = self.lone(members) {
            return lone;
        }
        let mut parts = Parts::default();
        if parts.add(self.defs, value) && parts.pieces.iter().all(simple) {
            let before = self.branches;
            if let Some(folded) = self.fold(parts, &annotations(members)) {
                return folded;
            }
            self.branches = before;
        }
        self.unfolded(members)
    }

    /// A reference, alone or in an `allOf` of one, with nothing beside it: the reference to the closed component.
    fn lone(&mut self, members: &Map<String, Value>) -> Option<Value> {
        let words: Vec<&String> = members.keys().filter(|word| !annotates(word)).collect();
        let inner = match words.as_slice() {
            [word] if *word == "$ref" => {
                let mut kept = annotations(members);
                kept.insert("$ref".to_owned(), members.get("$ref")?.clone());
                return Some(Value::Object(kept));
            }
            [word] if *word == "allOf" => {
                let silent = |part: &&Value| part.as_object().is_some_and(|part| !says(part));
                let mut telling =
                    members.get("allOf")?.as_array()?.iter().filter(|part| !silent(part));
                match (telling.next(), telling.next()) {
                    (Some(only), None) => only,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let mut closed = self.close(inner);
        if let Some(inner) = closed.as_object_mut() {
            for (word, note) in annotations(members) {
                inner.insert(word, note);
            }
        }
        Some(closed)
    }

    /// Folds the parts of one conjunction and closes the whole.
    fn fold(&mut self, parts: Parts, notes: &Map<String, Value>) -> Option<Value> {
        self.folds += 1;
        if self.folds > FOLDS || parts.resolved.iter().any(|key| self.folding.contains(key)) {
            return None;
        }
        let before = self.folding.len();
        self.folding.extend(parts.resolved);
        let folded = self.fold_pieces(parts.pieces, notes);
        self.folding.truncate(before);
        folded
    }

    fn fold_pieces(
        &mut self,
        mut pieces: Vec<Map<String, Value>>,
        notes: &Map<String, Value>,
    ) -> Option<Value> {
        let choice = pieces
            .iter()
            .position(|piece| piece.contains_key("anyOf") || piece.contains_key("oneOf"));
        let Some(choice) = choice else {
            let mut merged = merge(&pieces)?;
            merged.extend(notes.clone());
            return Some(Value::Object(self.plain(merged)));
        };
        let piece = pieces.get_mut(choice)?;
        let word = if piece.contains_key("oneOf") { "oneOf" } else { "anyOf" };
        let ways = piece.remove(word)?;
        let ways = ways.as_array()?;
        pieces.retain(says);
        let mut closed = Vec::new();
        for way in ways {
            self.branches += 1;
            if self.branches > BRANCHES {
                return None;
            }
            if pieces.is_empty() {
                closed.push(self.close(way));
                continue;
            }
            let mut all = Parts::with(&pieces);
            if !all.add(self.defs, way) || !all.pieces.iter().all(simple) {
                return None;
            }
            closed.push(self.fold(all, &annotations(way.as_object()?))?);
        }
        let mut whole = notes.clone();
        if word == "anyOf" || self.apart(&pieces, ways) {
            whole.insert(word.to_owned(), Value::Array(closed));
        } else {
            // A payload of one closed branch may still be a payload of another branch as written.
            let written = as_written(self.defs, &json!({ "oneOf": ways }), &mut self.open);
            whole.insert("anyOf".to_owned(), Value::Array(closed));
            whole.insert("allOf".to_owned(), json!([written]));
        }
        Some(Value::Object(whole))
    }

    fn apart(&self, base: &[Map<String, Value>], ways: &[Value]) -> bool {
        let outlines: Vec<Outline> =
            ways.iter().map(|way| Outline::of(self.defs, base, way)).collect();
        outlines.iter().enumerate().all(|(index, one)| {
            outlines.iter().enumerate().all(|(other, outline)| other == index || one.apart(outline))
        })
    }

    /// Closes one schema object without composition.
    fn plain(&mut self, mut members: Map<String, Value>) -> Map<String, Value> {
        self.children(&mut members);
        let Some(Value::Object(declared)) = members.get("properties") else { return members };
        let spoken = ["additionalProperties", "unevaluatedProperties", "patternProperties"];
        if declared.is_empty() || spoken.iter().any(|word| members.contains_key(*word)) {
            return members;
        }
        let mut declared = declared.clone();
        for name in members.get("required").and_then(Value::as_array).into_iter().flatten() {
            if let Some(name) = name.as_str().filter(|name| !declared.contains_key(*name)) {
                declared.insert(name.to_owned(), Value::Bool(true));
            }
        }
        members.insert("properties".to_owned(), Value::Object(declared));
        members.insert("additionalProperties".to_owned(), Value::Bool(false));
        members
    }

    /// Closes what stands below, in the places where a smaller schema makes the whole smaller.
    fn children(&mut self, members: &mut Map<String, Value>) {
        for (word, value) in members.iter_mut() {
            match (word.as_str(), &mut *value) {
                ("properties" | "patternProperties", Value::Object(schemas)) => {
                    for schema in schemas.values_mut() {
                        *schema = self.close(schema);
                    }
                }
                (
                    "items" | "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems",
                    schema,
                ) => {
                    *schema = self.close(schema);
                }
                ("prefixItems", Value::Array(schemas)) => {
                    for schema in schemas {
                        *schema = self.close(schema);
                    }
                }
                (
                    "not" | "contains" | "propertyNames" | "if" | "then" | "else"
                    | "dependentSchemas" | "dependencies" | "oneOf" | "anyOf" | "allOf" | "$ref",
                    _,
                ) => {
                    let holder = json!({ word.as_str(): value.clone() });
                    let copy = as_written(self.defs, &holder, &mut self.open);
                    if let Some(copy) = copy.get(word.as_str()) {
                        *value = copy.clone();
                    }
                }
                _ => {}
            }
        }
    }

    /// The schema with its composition left in place.
    fn unfolded(&mut self, members: &Map<String, Value>) -> Value {
        let mut whole = members.clone();
        let unspoken = !["additionalProperties", "unevaluatedProperties"]
            .iter()
            .any(|word| members.contains_key(*word));
        let declares = Outline::declares(self.defs, members);
        self.children(&mut whole);
        if unspoken && declares {
            for name in branches(members) {
                let declared = whole.entry("properties").or_insert_with(|| json!({}));
                if let Some(declared) = declared.as_object_mut() {
                    declared.entry(name).or_insert(Value::Bool(true));
                }
            }
            whole.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
        }
        Value::Object(whole)
    }
}

fn is_unread(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key(UNRESOLVED) || members.values().any(is_unread)
        }
        Value::Array(items) => items.iter().any(is_unread),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether a part of the schema that looks at the same value could not be read.
fn in_place_unread(defs: &Defs, value: &Value, seen: &mut BTreeSet<String>) -> bool {
    let Value::Object(members) = value else { return false };
    if members.contains_key(UNRESOLVED) {
        return true;
    }
    let key = members.get("$ref").and_then(Value::as_str);
    if let Some(key) = key.and_then(|text| text.strip_prefix(DEFS_PREFIX))
        && seen.insert(key.to_owned())
        && defs.0.get(key).is_some_and(|component| in_place_unread(defs, component, seen))
    {
        return true;
    }
    let lists =
        ["allOf", "anyOf", "oneOf"].iter().filter_map(|word| members.get(*word)?.as_array());
    let singles = ["not", "if", "then", "else"].iter().filter_map(|word| members.get(*word));
    let dependent = members.get("dependentSchemas").and_then(Value::as_object);
    lists
        .flatten()
        .chain(singles)
        .chain(dependent.into_iter().flat_map(Map::values))
        .any(|part| in_place_unread(defs, part, seen))
}

fn composes(word: &str) -> bool {
    matches!(
        word,
        "$ref"
            | "allOf"
            | "anyOf"
            | "oneOf"
            | "if"
            | "then"
            | "else"
            | "dependentSchemas"
            | "dependencies"
    )
}

/// Whether a part can be merged with others.
fn simple(piece: &Map<String, Value>) -> bool {
    !piece.keys().any(|word| {
        matches!(
            word.as_str(),
            "if" | "then"
                | "else"
                | "dependentSchemas"
                | "dependencies"
                | "patternProperties"
                | "unevaluatedProperties"
                | "unevaluatedItems"
                | "$dynamicRef"
                | "$recursiveRef"
        )
    })
}

fn says(piece: &Map<String, Value>) -> bool {
    piece.keys().any(|word| !annotates(word))
}

pub(super) fn annotates(word: &str) -> bool {
    matches!(
        word,
        "title"
            | "description"
            | "examples"
            | "example"
            | "default"
            | "deprecated"
            | "contentEncoding"
            | "contentMediaType"
            | "$comment"
            | "readOnly"
            | "writeOnly"
            | "externalDocs"
            | "xml"
            | "discriminator"
            | "$schema"
            | "$defs"
            | "definitions"
            | "nullable"
    ) || (word.starts_with("x-") && word != UNRESOLVED && word != UNREAD_PATTERN)
}

fn annotations(members: &Map<String, Value>) -> Map<String, Value> {
    members
        .iter()
        .filter(|(word, _)| annotates(word))
        .map(|(word, note)| (word.clone(), note.clone()))
        .collect()
}
