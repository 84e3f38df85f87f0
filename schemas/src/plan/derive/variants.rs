//! The variants of a union of objects, and how they are told apart.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::plan::program::Test;
use crate::plan::shape::{Rest, Shape};
use crate::schema::{DEFS_PREFIX, Role, Schema};

use super::scalar::literal;
use super::slots::sends_unnamed;
use super::walk::Walk;

/// One object variant.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    /// With what the union says of all its variants.
    pub(super) node: Value,
    pub(super) shape: std::rc::Rc<Shape>,
}

/// References and unions inside each other that are followed.
const DEPTH: u32 = 16;

/// Variants of one union; a larger one is not taken apart.
const MOST: usize = 256;

/// What says nothing of validity beside a union.
const SILENT: [&str; 12] = [
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "example",
    "examples",
    "externalDocs",
    "x-discriminator",
    "x-tagged",
    "type",
];

impl Walk<'_> {
    /// The object variants of a node; one alone for what is no union of objects.
    pub(super) fn variants(&mut self, role: Role, node: &Value) -> Vec<Variant> {
        let schema = if role == Role::Sender { self.sender } else { self.reader };
        let mut nodes = Vec::new();
        spread(schema, node, DEPTH, &mut nodes);
        let whole =
            |walk: &mut Self| vec![Variant { node: node.clone(), shape: walk.shape(role, node) }];
        if nodes.len() < 2 || nodes.len() > MOST {
            return whole(self);
        }
        let mut variants = Vec::new();
        for node in nodes {
            let shape = self.shape(role, &node);
            if shape.opaque.is_some() || shape.joined {
                return whole(self);
            }
            if shape.may_be(crate::plan::shape::Kind::Object) {
                // A branch that says nothing of members of its own is no variant but a condition.
                if shape.object.is_free() {
                    return whole(self);
                }
                variants.push(Variant { node, shape });
            }
        }
        if variants.is_empty() { whole(self) } else { variants }
    }

    /// The values of a tag, if they are listed and the member is always there.
    pub(super) fn tag_values(
        &mut self,
        role: Role,
        shape: &Shape,
        tag: &str,
    ) -> Option<Vec<Value>> {
        if !shape.object.required.contains(tag) {
            return None;
        }
        let node = shape.object.properties.get(tag)?;
        let seen = self.shape(role, node);
        if seen.opaque.is_some() || seen.kinds.is_empty() {
            return None;
        }
        let lists: Option<Vec<&Vec<Value>>> =
            seen.kinds.iter().map(|kind| seen.listed.get(kind)).collect();
        Some(lists?.into_iter().flatten().cloned().collect())
    }

    /// The member whose listed values tell all variants apart.
    pub(super) fn tag(&mut self, role: Role, variants: &[Variant]) -> Option<String> {
        let first = variants.first()?;
        let names: Vec<String> = first.shape.object.required.iter().cloned().collect();
        names.into_iter().find(|name| {
            let mut seen: Vec<Value> = Vec::new();
            variants.iter().all(|one| {
                let Some(values) = self.tag_values(role, &one.shape, name) else { return false };
                let fresh = values.iter().all(|value| !seen.contains(value));
                seen.extend(values);
                fresh
            })
        })
    }

    /// For each variant the tests by which it is known; at most one has none, and it is what none of the others is.
    pub(super) fn tests(&mut self, role: Role, variants: &[Variant]) -> Option<Vec<Vec<Test>>> {
        if let Some(tag) = self.tag(role, variants) {
            let name: Arc<str> = tag.as_str().into();
            return variants
                .iter()
                .map(|one| {
                    let values = self.tag_values(role, &one.shape, &tag)?;
                    let test = |value| Test::Equals(vec![Arc::clone(&name)], literal(value));
                    Some(values.iter().map(test).collect())
                })
                .collect();
        }
        let mut all = Vec::new();
        for index in 0..variants.len() {
            let key = own_key(variants, index);
            all.push(
                key.map(|key| Test::Present(key.as_str().into())).into_iter().collect::<Vec<_>>(),
            );
        }
        (all.iter().filter(|tests| tests.is_empty()).count() <= 1).then_some(all)
    }
}

/// A member that this variant requires and no other may have.
pub(super) fn own_key(variants: &[Variant], index: usize) -> Option<String> {
    let required = &variants.get(index)?.shape.object.required;
    let mut others = variants.iter().enumerate().filter(|(other, _)| *other != index);
    let foreign: Vec<&Shape> = others.by_ref().map(|(_, one)| &*one.shape).collect();
    required
        .iter()
        .find(|key| {
            foreign.iter().all(|shape| {
                !sends_unnamed(shape)
                    && shape.object.patterns.is_empty()
                    && !matches!(shape.object.rest, Rest::Each(_) | Rest::Any)
                    && !shape.object.properties.contains_key(*key)
            })
        })
        .cloned()
}

/// Takes unions apart, down to branches that are none.
fn spread(schema: &Schema, node: &Value, depth: u32, out: &mut Vec<Value>) {
    let Some(members) = node.as_object().filter(|_| depth > 0 && out.len() <= MOST) else {
        out.push(node.clone());
        return;
    };
    let loud: BTreeSet<&str> =
        members.keys().map(String::as_str).filter(|key| !SILENT.contains(key)).collect();
    if let Some(key) = members.get("$ref").and_then(Value::as_str)
        && loud.len() == 1
        && let Some(target) = schema.resolve(key)
        && is_union(schema, target, depth)
    {
        return spread(schema, target, depth - 1, out);
    }
    let keyword = match (members.get("oneOf"), members.get("anyOf")) {
        (Some(Value::Array(_)), None) => "oneOf",
        (None, Some(Value::Array(_))) => "anyOf",
        _ => {
            out.push(node.clone());
            return;
        }
    };
    let mut base: Map<String, Value> = members.clone();
    let branches = base.remove(keyword);
    let rest = base.remove("unevaluatedProperties");
    base.retain(|key, _| key == "type" || !SILENT.contains(&key.as_str()));
    let bare = base.keys().all(|key| key == "type");
    for branch in branches.iter().filter_map(Value::as_array).flatten() {
        let mut one = if bare { branch.clone() } else { json!({"allOf": [base, branch]}) };
        if let Some(rest) = &rest {
            one = json!({"allOf": [one], "unevaluatedProperties": rest});
            out.push(one);
        } else if bare {
            spread(schema, &one, depth - 1, out);
        } else {
            out.push(one);
        }
    }
}

/// Whether a reference leads to a union, so that following it loses no name of a variant.
fn is_union(schema: &Schema, node: &Value, depth: u32) -> bool {
    let Some(members) = node.as_object().filter(|_| depth > 0) else { return false };
    if members.contains_key("oneOf") || members.contains_key("anyOf") {
        return true;
    }
    let target = members.get("$ref").and_then(Value::as_str).and_then(|one| schema.resolve(one));
    target.is_some_and(|target| is_union(schema, target, depth - 1))
}

/// The last part of a component's key: the key has a file before it where several files are bundled.
pub(super) fn short(key: &str) -> &str {
    let key = key.strip_prefix(DEFS_PREFIX).unwrap_or(key);
    key.rsplit('.').next().unwrap_or(key)
}
