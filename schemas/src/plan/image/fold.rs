//! Composition folded away, as far as a wider answer is still a true one: each branch has keywords only.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::schema::Schema;

use super::merge::{conjunction, merge};

/// The keywords of one alternative, without `$ref`, `allOf`, `anyOf` and `oneOf`.
pub(crate) type Branch = Map<String, Value>;

/// Keywords that say nothing about validity, or that the branches already hold.
const SILENT: &[&str] = &[
    "$ref",
    "$dynamicRef",
    "allOf",
    "anyOf",
    "oneOf",
    "unevaluatedProperties",
    "unevaluatedItems",
    "title",
    "description",
    "contentEncoding",
    "contentMediaType",
    "default",
    "example",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "discriminator",
    "externalDocs",
    "xml",
    "$comment",
    "$defs",
    "$schema",
];

/// The alternatives of a schema. Together they accept at least what the schema accepts: where the product of
/// unions would pass `limit` branches, or references go in circles, a constraint is left out.
pub(crate) fn branches(schema: &Schema, value: &Value, limit: usize) -> Vec<Branch> {
    Fold { schema, limit }.expand(value, 0).branches
}

struct Fold<'a> {
    schema: &'a Schema,
    limit: usize,
}

/// Branches, and whether some constraint was left out on the way.
struct Folded {
    branches: Vec<Branch>,
    widened: bool,
}

const DEPTH: usize = 48;

impl Fold<'_> {
    fn expand(&self, value: &Value, depth: usize) -> Folded {
        let members = match value {
            Value::Object(members) if depth < DEPTH => members,
            Value::Bool(false) => return Folded { branches: Vec::new(), widened: false },
            _ => {
                let widened = depth >= DEPTH;
                return Folded { branches: vec![Branch::new()], widened };
            }
        };
        let base: Branch = members
            .iter()
            .filter(|(key, _)| !SILENT.contains(&key.as_str()) && !key.starts_with("x-"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut folded = Folded {
            branches: merge(&Branch::new(), &base).into_iter().collect(),
            widened: members.contains_key("$dynamicRef"),
        };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let target = self.schema.resolve(reference).unwrap_or(&Value::Bool(true));
            self.cross(&mut folded, &self.expand(target, depth + 1));
        }
        for part in list(members, "allOf") {
            self.cross(&mut folded, &self.expand(part, depth + 1));
        }
        let mut alternatives = BTreeSet::new();
        for key in ["anyOf", "oneOf"] {
            if members.get(key).is_none_or(|parts| !parts.is_array()) {
                continue;
            }
            let mut union = Folded { branches: Vec::new(), widened: false };
            for part in list(members, key) {
                let one = self.expand(part, depth + 1);
                union.branches.extend(one.branches);
                union.widened |= one.widened;
            }
            if key == "anyOf" {
                alternatives.extend(union.branches.iter().flat_map(names));
            }
            self.cross(&mut folded, &union);
        }
        seal(members, &mut folded, &alternatives);
        folded
    }

    fn cross(&self, left: &mut Folded, right: &Folded) {
        left.widened |= right.widened;
        if left.branches.len().saturating_mul(right.branches.len()) > self.limit {
            left.widened = true;
            return;
        }
        left.branches = left
            .branches
            .iter()
            .flat_map(|one| right.branches.iter().filter_map(|other| merge(one, other)))
            .collect();
    }
}

fn list<'a>(members: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    members.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn names(branch: &Branch) -> impl Iterator<Item = String> + '_ {
    branch
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|some| some.keys().cloned())
}

/// `unevaluatedProperties` and `unevaluatedItems` become their plain cousins where the branch shows all that is
/// evaluated. A payload may fit several branches of an `anyOf` at once, so their names stay possible in each.
fn seal(members: &Map<String, Value>, folded: &mut Folded, alternatives: &BTreeSet<String>) {
    let unclear = folded.widened;
    for branch in &mut folded.branches {
        let conditional = ["if", "dependentSchemas"].iter().any(|key| branch.contains_key(*key));
        if unclear || conditional {
            continue;
        }
        if let Some(rest) = members.get("unevaluatedProperties")
            && !branch.contains_key("additionalProperties")
        {
            if let Value::Object(properties) =
                branch.entry("properties").or_insert_with(|| Value::Object(Map::new()))
            {
                for name in alternatives {
                    properties.entry(name.clone()).or_insert(Value::Bool(true));
                }
            }
            branch.insert("additionalProperties".to_owned(), rest.clone());
        }
        if let Some(rest) = members.get("unevaluatedItems")
            && !branch.contains_key("items")
            && !branch.contains_key("contains")
            && !members.contains_key("anyOf")
        {
            branch.insert("items".to_owned(), rest.clone());
        }
    }
}

/// The schema that a branch has for the member `name`; `false` when it cannot be there.
pub(crate) fn member(branch: &Branch, name: &str) -> Value {
    let mut found = branch.get("properties").and_then(|properties| properties.get(name)).cloned();
    if let Some(patterns) = branch.get("patternProperties").and_then(Value::as_object) {
        for (pattern, schema) in patterns {
            if Regex::new(pattern).is_ok_and(|regex| regex.is_match(name)) {
                found = Some(found.map_or_else(|| schema.clone(), |one| conjunction(&one, schema)));
            }
        }
        // An unreadable pattern may match: nothing is then known of the member.
        if found.is_none() && patterns.keys().any(|pattern| Regex::new(pattern).is_err()) {
            return Value::Bool(true);
        }
    }
    found.or_else(|| branch.get("additionalProperties").cloned()).unwrap_or(Value::Bool(true))
}

/// The JSON types, `integer` being part of `number`.
pub(crate) const TYPES: [&str; 6] = ["null", "boolean", "number", "string", "array", "object"];

/// The JSON type of a value, `number` for integers too.
pub(super) const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The types a branch allows, as written (`integer` included); all six when it does not say.
pub(crate) fn types(branch: &Branch) -> Vec<String> {
    if let Some(values) = enumeration(branch) {
        let seen: BTreeSet<&str> = values.iter().map(type_of).collect();
        return seen.into_iter().map(str::to_owned).collect();
    }
    match branch.get("type") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => {
            many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => TYPES.iter().map(|one| (*one).to_owned()).collect(),
    }
}

/// The values of `const` or `enum`.
pub(crate) fn enumeration(branch: &Branch) -> Option<Vec<Value>> {
    match (branch.get("const"), branch.get("enum")) {
        (Some(one), _) => Some(vec![one.clone()]),
        (None, Some(Value::Array(many))) => Some(many.clone()),
        _ => None,
    }
}

/// The part of a branch that has one of the types; `None` when there is none.
pub(crate) fn restrict(branch: &Branch, wanted: &[&str]) -> Option<Branch> {
    let fits = |one: &str| wanted.contains(&if one == "integer" { "number" } else { one });
    let kept: Vec<String> = types(branch).into_iter().filter(|one| fits(one)).collect();
    if kept.is_empty() {
        return None;
    }
    let mut part = branch.clone();
    if let Some(values) = enumeration(branch) {
        let values: Vec<Value> = values.into_iter().filter(|value| fits(type_of(value))).collect();
        part.remove("const");
        part.insert("enum".to_owned(), Value::Array(values));
        return Some(part);
    }
    part.insert(
        "type".to_owned(),
        if let [one] = kept.as_slice() { json!(one) } else { json!(kept) },
    );
    let has = |kind: &str| kept.iter().any(|one| one == kind);
    part.retain(|key, _| match key.as_str() {
        "properties"
        | "required"
        | "additionalProperties"
        | "patternProperties"
        | "minProperties"
        | "maxProperties"
        | "propertyNames"
        | "dependentRequired"
        | "dependentSchemas" => has("object"),
        "items" | "prefixItems" | "minItems" | "maxItems" | "uniqueItems" | "contains"
        | "minContains" | "maxContains" => has("array"),
        "minLength" | "maxLength" | "pattern" => has("string"),
        _ => true,
    });
    Some(part)
}

/// Whether a schema says at its face that nothing is valid.
pub(super) fn never(value: &Value) -> bool {
    match value {
        Value::Bool(allowed) => !allowed,
        Value::Object(members) => {
            list(members, "allOf").iter().any(never)
                || members.get("enum").and_then(Value::as_array).is_some_and(Vec::is_empty)
                || members.get("type").and_then(Value::as_array).is_some_and(Vec::is_empty)
                || ["anyOf", "oneOf"].iter().any(|key| {
                    members.get(*key).is_some_and(Value::is_array)
                        && list(members, key).iter().all(never)
                })
                || members.get("not").is_some_and(|not| {
                    not == &Value::Bool(true) || not.as_object().is_some_and(Map::is_empty)
                })
        }
        _ => false,
    }
}

/// A constant as a schema that spells its members or items out.
pub(super) fn spelled(value: &Value) -> Branch {
    let schema = match value {
        Value::Object(members) => {
            let properties: Map<String, Value> = members
                .iter()
                .map(|(name, value)| (name.clone(), json!({"const": value})))
                .collect();
            let required: Vec<&String> = members.keys().collect();
            json!({"type": "object", "required": required, "properties": properties,
                   "additionalProperties": false})
        }
        Value::Array(items) => {
            let prefix: Vec<Value> = items.iter().map(|item| json!({"const": item})).collect();
            let mut schema = json!({"type": "array", "minItems": items.len(), "items": false});
            if !prefix.is_empty()
                && let Some(members) = schema.as_object_mut()
            {
                members.insert("prefixItems".to_owned(), Value::Array(prefix));
            }
            schema
        }
        scalar => json!({"const": scalar}),
    };
    match schema {
        Value::Object(members) => members,
        _ => Branch::new(),
    }
}
