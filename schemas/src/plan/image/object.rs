//! The image of an object's members.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::plan::program::{Member, NodeId, ObjectNode, Take};

use super::array::filters;
use super::fold::{Branch, member, never};
use super::walk::{Outcome, Walk, union};

/// What may stand under one output name.
#[derive(Default)]
struct Output {
    schemas: Vec<Value>,
    /// It is always there.
    sure: bool,
    /// How many input members may write it.
    inputs: u32,
    /// Written exactly as the input member of the same name.
    same: bool,
}

/// The members that are looked at one by one, and what they become.
struct Members {
    outputs: BTreeMap<String, Output>,
    /// Some member may be left out or come under another name.
    fewer: bool,
    /// Members that are supplied.
    more: usize,
}

impl Walk<'_> {
    pub(super) fn object(
        &mut self,
        node: &ObjectNode,
        branch: &Branch,
        certain: bool,
    ) -> Option<Outcome> {
        if node.slots.1 == 0 {
            return self.members(node, branch, certain);
        }
        self.slots.collect(node);
        let collected = self.members(node, branch, true);
        self.slots.settle();
        let outcome = collected.and_then(|_| self.members(node, branch, true));
        self.slots.leave();
        outcome
    }

    fn members(&mut self, node: &ObjectNode, branch: &Branch, certain: bool) -> Option<Outcome> {
        let required: BTreeSet<&str> = branch
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut members = Members { outputs: BTreeMap::new(), fewer: false, more: 0 };
        for name in explicit(node, branch, &required) {
            let sure = required.contains(name.as_str());
            if !self.member(node, branch, (&name, sure, sure && certain), &mut members)? {
                return Some(Outcome::nothing());
            }
        }
        if let Some(note) = node.conflict
            && members.outputs.values().any(|output| output.inputs > 1)
        {
            self.refused.insert(note);
        }
        for supply in &node.supplies {
            let output = members.outputs.entry(supply.name.as_ref().to_owned()).or_default();
            if output.sure {
                continue;
            }
            let given = self.supply(supply);
            output.same = false;
            output.sure = given.sure;
            output.schemas.extend(given.schema);
            members.more += 1;
            if output.sure && output.schemas.iter().all(never) {
                return Some(Outcome::nothing());
            }
        }
        let (patterns, rest, omits) = self.rest(node, branch)?;
        members.fewer |= omits || members.outputs.values().any(|output| output.inputs > 1);
        Some(Outcome::written(assembled(branch, members, patterns, rest)))
    }

    /// One input member; `false` when no object with it gets through although every object has it.
    fn member(
        &mut self,
        node: &ObjectNode,
        branch: &Branch,
        (name, sure, certain): (&str, bool, bool),
        members: &mut Members,
    ) -> Option<bool> {
        let schema = member(branch, name);
        if never(&schema) {
            return Some(!sure);
        }
        let known = known(node, name);
        let id = known.map_or_else(|| unknown(node, name), |one| Some(one.node))?;
        let outcome = self.node(id, &schema, certain)?;
        members.fewer |= outcome.omits;
        if outcome.schema == Value::Bool(false) {
            members.fewer = true;
            return Some(!sure || outcome.omits);
        }
        if let Some((slot, take)) = known.and_then(|one| one.take) {
            self.slots.fill(slot, outcome.schema.clone(), certain && !outcome.omits);
            if let Take::Move(note) = take {
                self.fired.insert(note);
                members.fewer = true;
                return Some(true);
            }
        }
        let target = known.and_then(|one| one.rename.as_ref()).map_or(name, |(target, note)| {
            self.fired.insert(*note);
            target.as_ref()
        });
        let same = target == name && !outcome.omits && filters(self.program, id);
        let output = members.outputs.entry(target.to_owned()).or_default();
        output.same = same && output.inputs == 0;
        output.inputs += 1;
        output.sure |= sure && !outcome.omits;
        output.schemas.push(outcome.schema);
        Some(true)
    }

    /// Pattern and additional members that are not known by name, and whether some may be left out.
    fn rest(
        &mut self,
        node: &ObjectNode,
        branch: &Branch,
    ) -> Option<(Map<String, Value>, Value, bool)> {
        let rest = branch.get("additionalProperties").cloned().unwrap_or(Value::Bool(true));
        let listed =
            branch.get("patternProperties").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut patterns = Map::new();
        let mut omits = false;
        let shared = node.patterns.len() == 1
            && listed.len() == 1
            && node
                .patterns
                .first()
                .is_some_and(|(pattern, _)| listed.contains_key(pattern.as_ref()));
        if node.patterns.is_empty() || shared {
            let id = node.patterns.first().map_or(node.other, |(_, id)| *id);
            for (pattern, schema) in &listed {
                let outcome = self.node(id, schema, false)?;
                omits |= outcome.omits;
                patterns.insert(pattern.clone(), outcome.schema);
            }
            let outcome = self.node(node.other, &rest, false)?;
            return Some((patterns, outcome.schema, omits || outcome.omits));
        }
        let ways: Vec<NodeId> =
            node.patterns.iter().map(|(_, id)| *id).chain([node.other]).collect();
        let mut all = Vec::new();
        for id in ways {
            for schema in listed.values().chain([&rest]) {
                let outcome = self.node(id, schema, false)?;
                omits |= outcome.omits;
                all.push(outcome.schema);
            }
        }
        Some((patterns, union(all), omits))
    }
}

/// The names that are looked at one by one: those that the schema or the node knows, read or written.
fn explicit(node: &ObjectNode, branch: &Branch, required: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = required.iter().map(|name| (*name).to_owned()).collect();
    if let Some(properties) = branch.get("properties").and_then(Value::as_object) {
        names.extend(properties.keys().cloned());
    }
    for member in &node.members {
        names.insert(member.name.as_ref().to_owned());
        names.extend(member.rename.iter().map(|(name, _)| name.as_ref().to_owned()));
    }
    names.extend(node.supplies.iter().map(|supply| supply.name.as_ref().to_owned()));
    names
}

fn known<'a>(node: &'a ObjectNode, name: &str) -> Option<&'a Member> {
    node.members.iter().find(|member| member.name.as_ref() == name)
}

/// The node of a member that is not known by name; `None` when a pattern cannot be read here.
fn unknown(node: &ObjectNode, name: &str) -> Option<NodeId> {
    for (pattern, id) in &node.patterns {
        if Regex::new(pattern).ok()?.is_match(name) {
            return Some(*id);
        }
    }
    Some(node.other)
}

fn assembled(
    branch: &Branch,
    members: Members,
    mut patterns: Map<String, Value>,
    rest: Value,
) -> Value {
    let Members { outputs, fewer, more } = members;
    let open = rest != Value::Bool(false) || !patterns.is_empty();
    for (pattern, schema) in &mut patterns {
        let regex = Regex::new(pattern).ok();
        let before = branch.get("patternProperties").and_then(|all| all.get(pattern));
        let changed = before != Some(&*schema);
        let clashes = outputs.iter().any(|(name, output)| {
            (changed || !output.same)
                && !output.schemas.is_empty()
                && regex.as_ref().is_none_or(|one| one.is_match(name))
        });
        if clashes {
            *schema = Value::Bool(true);
        }
    }
    let plain: BTreeSet<&str> =
        outputs.iter().filter(|(_, output)| output.same).map(|(name, _)| name.as_str()).collect();
    let mut image: Map<String, Value> = branch
        .iter()
        .filter(|(key, value)| match key.as_str() {
            "minProperties" => !fewer,
            "maxProperties" => more == 0,
            "propertyNames" => {
                more == 0 && outputs.values().all(|output| output.same || output.schemas.is_empty())
            }
            "not" | "if" | "then" | "else" | "dependentRequired" | "dependentSchemas" => {
                let mut seen = BTreeSet::new();
                let whole = json!({key.as_str(): value});
                mentions(&whole, &mut seen) && seen.iter().all(|name| plain.contains(name.as_str()))
            }
            _ => false,
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !image.contains_key("if") {
        image.remove("then");
        image.remove("else");
    } else if ["then", "else"]
        .iter()
        .any(|key| branch.contains_key(*key) && !image.contains_key(*key))
    {
        image.retain(|key, _| !["if", "then", "else"].contains(&key.as_str()));
    }
    image.insert("type".to_owned(), json!("object"));
    let required: Vec<&String> =
        outputs.iter().filter(|(_, output)| output.sure).map(|(name, _)| name).collect();
    if !required.is_empty() {
        image.insert("required".to_owned(), json!(required));
    }
    let properties: Map<String, Value> = outputs
        .into_iter()
        .map(|(name, output)| (name, union(output.schemas)))
        .filter(|(_, schema)| open || schema != &Value::Bool(false))
        .collect();
    if !properties.is_empty() {
        image.insert("properties".to_owned(), Value::Object(properties));
    }
    if !patterns.is_empty() {
        image.insert("patternProperties".to_owned(), Value::Object(patterns));
    }
    if rest != Value::Bool(true) {
        image.insert("additionalProperties".to_owned(), rest);
    }
    Value::Object(image)
}

/// Collects the member names that a constraint on an object speaks of; `false` when it speaks of others too.
fn mentions(schema: &Value, names: &mut BTreeSet<String>) -> bool {
    let members = match schema {
        Value::Bool(_) => return true,
        Value::Object(members) => members,
        _ => return false,
    };
    let listed = |value: &Value, names: &mut BTreeSet<String>| {
        names.extend(
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned),
        );
        true
    };
    members.iter().all(|(key, value)| match (key.as_str(), value) {
        ("required", _) => listed(value, names),
        ("properties", Value::Object(properties)) => {
            names.extend(properties.keys().cloned());
            true
        }
        ("dependentRequired", Value::Object(all)) => all.iter().all(|(name, many)| {
            names.insert(name.clone());
            listed(many, names)
        }),
        ("dependentSchemas", Value::Object(all)) => all.iter().all(|(name, schema)| {
            names.insert(name.clone());
            mentions(schema, names)
        }),
        ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
            parts.iter().all(|part| mentions(part, names))
        }
        ("not" | "if" | "then" | "else", _) => mentions(value, names),
        ("type" | "title" | "description" | "$comment", _) => true,
        _ => false,
    })
}
