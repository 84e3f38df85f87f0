//! A full write as a merge patch (RFC 7396) of no more than the older view shows.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::pointer::Pointer;
use crate::schema::{DEFS_PREFIX, Schema, SchemaPlace};

use super::tree::{Kind, Node};

/// Schemas inside each other that are looked at.
const DEPTH_BOUND: usize = 32;

/// Which members of a document a view shows, in the names of the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    members: BTreeMap<String, Self>,
    /// The view does not have it, even where a conversion supplies it.
    hidden: bool,
}

/// Why a write cannot be said as a merge patch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPatched {
    /// It is no JSON, nested too deeply, or no object: a merge patch of anything else replaces the whole.
    #[error("what the client wrote is no JSON object that could be a merge patch")]
    Unreadable,
    /// A member is null, which in a merge patch means to remove it.
    #[error("`{0}` is null, and a merge patch cannot write a null")]
    Null(Pointer),
}

impl Shown {
    /// The members that a schema declares, through references, `allOf`, `anyOf` and `oneOf`.
    pub fn of(schema: &Schema) -> Self {
        let mut shown = Self::default();
        shown.collect(schema, &schema.root, DEPTH_BOUND);
        shown
    }

    /// The same without a member. `false` where its place is in no object of its own, as inside an array: a merge patch
    /// replaces arrays whole.
    pub fn hide(&mut self, at: &Pointer) -> bool {
        let mut tokens = at.tokens().peekable();
        let mut place = self;
        if tokens.peek().is_none() {
            return false;
        }
        for token in tokens {
            if token == "*" {
                return false;
            }
            place = place.members.entry(token).or_default();
        }
        place.hidden = true;
        true
    }

    /// Whether it has a member there.
    pub fn has(&self, at: &Pointer) -> bool {
        let mut place = Some(self);
        for token in at.tokens() {
            place = place.and_then(|one| one.members.get(&token));
        }
        place.is_some_and(|one| !one.hidden)
    }

    fn collect(&mut self, schema: &Schema, node: &Value, depth: usize) {
        let (Some(depth), Some(members)) = (depth.checked_sub(1), node.as_object()) else { return };
        let key = members.get("$ref").and_then(Value::as_str);
        if let Some(target) = key.and_then(|text| component(schema, text)) {
            self.collect(schema, target, depth);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for branch in members.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.collect(schema, branch, depth);
            }
        }
        for (name, inner) in
            members.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            if *inner != Value::Bool(false) {
                self.members.entry(name.clone()).or_default().collect(schema, inner, depth);
            }
        }
    }
}

fn component<'a>(schema: &'a Schema, reference: &str) -> Option<&'a Value> {
    let key = reference.strip_prefix(DEFS_PREFIX)?;
    schema.at_place(&SchemaPlace::component(key))
}

/// What makes a document what the client wrote, in everything that its version shows: members that it wrote are set,
/// members that it could have written and did not are removed, and nothing else is touched. Nested objects are
/// patched member by member, arrays are written whole.
///
/// # Errors
/// [`NotPatched`]: nothing is left out silently.
pub fn merge_patch(written: &str, shown: &Shown) -> Result<String, NotPatched> {
    let node = Node::read(written).ok_or(NotPatched::Unreadable)?;
    if !matches!(node.kind, Kind::Object(..)) {
        return Err(NotPatched::Unreadable);
    }
    let mut out = String::with_capacity(written.len());
    object(&node, shown, &mut Pointer::root(), &mut out)?;
    Ok(out)
}

fn object(
    node: &Node<'_>,
    shown: &Shown,
    at: &mut Pointer,
    out: &mut String,
) -> Result<(), NotPatched> {
    out.push('{');
    let mut any = false;
    let mut next = |out: &mut String| {
        if any {
            out.push(',');
        }
        any = true;
    };
    for member in node.members().unwrap_or_default() {
        let known = shown.members.get(&member.name);
        if known.is_some_and(|one| one.hidden) {
            continue;
        }
        at.push(&member.name);
        next(out);
        out.push_str(member.before.trim());
        let none = Shown::default();
        match &member.value.kind {
            Kind::Object(..) => object(&member.value, known.unwrap_or(&none), at, out)?,
            _ if member.value.text == "null" => return Err(NotPatched::Null(at.clone())),
            _ => out.push_str(member.value.text),
        }
        at.pop();
    }
    for (name, inner) in &shown.members {
        if !inner.hidden && node.member(name).is_none() {
            next(out);
            out.push_str(&removal(name, inner));
        }
    }
    out.push('}');
    Ok(())
}

/// A member that holds hidden ones loses only what was shown of it.
fn removal(name: &str, shown: &Shown) -> String {
    let mut patch = Map::new();
    patch.insert(name.to_owned(), removed(shown));
    let text = Value::Object(patch).to_string();
    text.get(1..text.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

fn removed(shown: &Shown) -> Value {
    let hides = shown.members.values().any(hides);
    if !hides {
        return Value::Null;
    }
    let visible = shown.members.iter().filter(|(_, inner)| !inner.hidden);
    Value::Object(visible.map(|(name, inner)| (name.clone(), removed(inner))).collect())
}

fn hides(shown: &Shown) -> bool {
    shown.hidden || shown.members.values().any(hides)
}
