//! The way through a schema to the member that a payload's pointer names.

use std::cell::Cell;

use serde_json::{Map, Value};

use evergate_schemas::pointer::Pointer;
use evergate_schemas::sample::Validator;
use evergate_schemas::schema::{DEFS_PREFIX, Schema, SchemaPlace};

/// How many schemas in force at one place are looked at.
const PARTS: usize = 64;
/// How many branches are compiled to find the one that takes a value.
const BRANCHES: u32 = 48;

/// A schema that ways are looked for in.
#[derive(Debug)]
pub(super) struct Way<'s> {
    schema: &'s Schema,
    branches: Cell<u32>,
}

impl<'s> Way<'s> {
    pub(super) const fn new(schema: &'s Schema) -> Self {
        Self { schema, branches: Cell::new(BRANCHES) }
    }

    /// Where the schema declares what stands at a pointer of a payload; the second is what stands there. Where the
    /// schema says nothing about a step, the answer is the place of the last one it does.
    pub(super) fn to<'v>(
        &self,
        payload: &'v Value,
        at: &Pointer,
    ) -> (SchemaPlace, Option<&'v Value>) {
        let (mut place, mut value) = (SchemaPlace::root(), Some(payload));
        for token in at.tokens() {
            let parts = self.parts(&place, value);
            let named = parts.iter().find_map(|part| self.named(part, &token));
            let found = named.or_else(|| parts.iter().find_map(|part| self.general(part)));
            let Some(next) = found else { break };
            place = next;
            value = value.and_then(|value| step(value, &token));
        }
        (place, value)
    }

    /// The first of some keywords that is in force for a value, by the order of the keywords.
    pub(super) fn keyword(
        &self,
        place: &SchemaPlace,
        value: Option<&Value>,
        words: &[&str],
    ) -> Option<SchemaPlace> {
        let parts = self.parts(place, value);
        words.iter().find_map(|word| {
            let has =
                |part: &&SchemaPlace| self.members(part).is_some_and(|all| all.contains_key(*word));
            parts.iter().find(has).map(|part| part.join(word))
        })
    }

    /// Where the schema requires a member of the value at a place.
    pub(super) fn requires(
        &self,
        place: &SchemaPlace,
        value: Option<&Value>,
        member: &str,
    ) -> Option<SchemaPlace> {
        self.parts(place, value).iter().find_map(|part| {
            let index = required(self.schema, &part.join("required"), member)?;
            Some(part.join("required").join(&index.to_string()))
        })
    }

    /// Where the schema declares a member of the value at a place.
    pub(super) fn declares(
        &self,
        place: &SchemaPlace,
        value: Option<&Value>,
        member: &str,
    ) -> Option<SchemaPlace> {
        self.parts(place, value).iter().find_map(|part| self.named(part, member))
    }

    fn members(&self, place: &SchemaPlace) -> Option<&'s Map<String, Value>> {
        self.schema.at_place(place)?.as_object()
    }

    fn named(&self, part: &SchemaPlace, token: &str) -> Option<SchemaPlace> {
        let members = self.members(part)?;
        let has =
            |keyword: &str| members.get(keyword).and_then(|inner| step(inner, token)).is_some();
        ["properties", "prefixItems"]
            .into_iter()
            .find(|keyword| has(keyword))
            .map(|keyword| part.join(keyword).join(token))
    }

    fn general(&self, part: &SchemaPlace) -> Option<SchemaPlace> {
        let members = self.members(part)?;
        if let Some((pattern, _)) = members
            .get("patternProperties")
            .and_then(Value::as_object)
            .and_then(|all| all.iter().next())
        {
            return Some(part.join("patternProperties").join(pattern));
        }
        ["items", "additionalProperties", "unevaluatedItems", "unevaluatedProperties"]
            .into_iter()
            .find(|keyword| members.contains_key(*keyword))
            .map(|keyword| part.join(keyword))
    }

    /// All schemas in force for a value at a place, its own first: through `$ref`, `allOf`, conditions, and the
    /// branches that take the value.
    fn parts(&self, place: &SchemaPlace, value: Option<&Value>) -> Vec<SchemaPlace> {
        let (mut found, mut next) = (vec![place.clone()], 0);
        while let Some(part) = found.get(next).cloned() {
            next += 1;
            let Some(members) = self.members(&part) else { continue };
            let reference = members.get("$ref").and_then(Value::as_str);
            let key = reference.and_then(|text| text.strip_prefix(DEFS_PREFIX));
            let mut more: Vec<SchemaPlace> = key.map(SchemaPlace::component).into_iter().collect();
            let listed = |keyword: &str| {
                let count = members.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
                let at = part.join(keyword);
                (0..count).map(move |index| at.join(&index.to_string())).collect::<Vec<_>>()
            };
            more.extend(listed("allOf"));
            for keyword in ["oneOf", "anyOf"] {
                more.extend(self.taking(listed(keyword), value));
            }
            for keyword in ["then", "else"] {
                more.extend(members.contains_key(keyword).then(|| part.join(keyword)));
            }
            more.retain(|one| !found.contains(one));
            found.extend(more);
            if found.len() > PARTS {
                break;
            }
        }
        found
    }

    // Without a value, or when the budget is gone, no branch is known to be the right one.
    fn taking(&self, branches: Vec<SchemaPlace>, value: Option<&Value>) -> Vec<SchemaPlace> {
        let Some(value) = value else { return branches };
        let takes = |branch: &SchemaPlace| {
            let left = self.branches.get();
            self.branches.set(left.saturating_sub(1));
            let root = self.schema.at_place(branch).filter(|_| left > 0);
            root.and_then(|root| Validator::new(&self.schema.at(root.clone())).ok())
                .is_some_and(|validator| validator.is_valid(value))
        };
        branches.into_iter().find(takes).into_iter().collect()
    }
}

/// The index of a member in the `required` list at a place.
pub(super) fn required(schema: &Schema, place: &SchemaPlace, member: &str) -> Option<usize> {
    let names = schema.at_place(place)?.as_array()?;
    names.iter().position(|name| name.as_str() == Some(member))
}

/// A member or item of a value.
pub(super) fn step<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(token),
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use evergate_schemas::pointer::Pointer;
    use evergate_schemas::schema::Schema;

    use super::Way;

    #[track_caller]
    fn check(schema: Value, payload: &Value, at: &str, wanted: &str) {
        let schema = Schema::from_document(schema);
        let (place, _) = Way::new(&schema).to(payload, &Pointer::parse(at).unwrap());
        let place = format!("{}{}", place.component.unwrap_or_default(), place.pointer);
        assert_eq!(place, wanted);
    }

    #[test]
    fn members_are_found_through_references_lists_and_branches() {
        let schema = json!({
            "oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
            "$defs": {
                "A": {"properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["kind"]},
                "B": {"allOf": [{"properties": {"kind": {"const": "b"}}}, {"$ref": "#/$defs/C"}]},
                "C": {"properties": {"x": {"items": {"properties": {"y": {}}}}}}
            }
        });
        let a = json!({"kind": "a", "x": 1});
        check(schema.clone(), &a, "/x", "A/properties/x");
        let b = json!({"kind": "b", "x": [{"y": 1}]});
        check(schema.clone(), &b, "/x/0/y", "C/properties/x/items/properties/y");
        check(schema, &b, "/gone/0", "");
    }

    #[test]
    fn what_is_declared_for_all_members_is_found_last() {
        let schema = json!({"additionalProperties": {"type": "string"}, "properties": {"a": {}}});
        check(schema.clone(), &json!({"a": 1}), "/a", "/properties/a");
        check(schema, &json!({"b": 1}), "/b", "/additionalProperties");
    }

    #[test]
    fn a_circle_of_references_ends() {
        let schema =
            json!({"$ref": "#/$defs/A", "$defs": {"A": {"allOf": [{"$ref": "#/$defs/A"}]}}});
        check(schema, &json!({}), "/a/b", "");
    }
}
