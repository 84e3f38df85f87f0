//! What a schema means in one direction: `readOnly` and `writeOnly` (OpenAPI 3.1 §4.8.24, 3.0 §4.7.24),
//! `x-extensible-enum`, and the tags of discriminators.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::discriminator;
use super::model::Components;
use crate::schema::{DEFS_PREFIX, Defs, Role, Side};

/// A schema as `role` means it in a message that travels to `side`, over the components as written.
///
/// A sender does not write the members of the other direction, so they are gone; a reader must not insist on
/// them, so they are not required.
///
/// The values of an `x-extensible-enum` are those that a sender writes today and that a backend takes today; a
/// client has to take any other value of the type as well (Zalando's API guidelines, rule 112). Branches that a
/// discriminator tells apart have the values that lead to them (`discriminator`).
pub fn directed(schema: &Value, side: Side, role: Role, written: &Defs) -> Value {
    let tolerant = is_tolerant(side, role);
    Reading { keyword: keyword(side), role, tolerant, written }.schema(schema, &BTreeSet::new())
}

/// The component table in its readings; where a reading changes nothing, the written table is shared.
pub(super) fn components(written: Defs) -> Components {
    let written = Arc::new(written);
    let reading = |side, role| {
        let keyword = keyword(side);
        if !written.0.values().any(|component| mentions(component, keyword)) {
            return Arc::clone(&written);
        }
        let reading =
            Reading { keyword, role, tolerant: is_tolerant(side, role), written: &written };
        let none = BTreeSet::new();
        let each =
            written.0.iter().map(|(key, schema)| (key.clone(), reading.schema(schema, &none)));
        let read: BTreeMap<String, Value> = each.collect();
        if read == written.0 { Arc::clone(&written) } else { Arc::new(Defs(read)) }
    };
    Components {
        request_sender: reading(Side::Request, Role::Sender),
        request_reader: reading(Side::Request, Role::Reader),
        response_sender: reading(Side::Response, Role::Sender),
        response_reader: reading(Side::Response, Role::Reader),
        written: Arc::clone(&written),
    }
}

/// Values to which others may be added: a list in place of `enum`, or `true` beside it.
pub(crate) const EXTENSIBLE: &str = "x-extensible-enum";

/// The keyword that marks members which do not travel to `side`.
const fn keyword(side: Side) -> &'static str {
    match side {
        Side::Request => "readOnly",
        Side::Response => "writeOnly",
    }
}

fn mentions(value: &Value, keyword: &str) -> bool {
    match value {
        Value::Object(members) => {
            members.get(keyword) == Some(&Value::Bool(true))
                || members.contains_key(EXTENSIBLE)
                || members.contains_key("x-discriminator")
                || members.values().any(|inner| mentions(inner, keyword))
        }
        Value::Array(items) => items.iter().any(|inner| mentions(inner, keyword)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether values that are not listed are taken.
fn is_tolerant(side: Side, role: Role) -> bool {
    (side, role) == (Side::Response, Role::Reader)
}

/// The values of an extensible enum where they are listed, with null where the type has it.
pub(crate) fn extensible_values(members: &Map<String, Value>) -> Option<Vec<Value>> {
    let mut values = members.get(EXTENSIBLE)?.as_array()?.clone();
    let null = |kind: &Value| kind.as_str() == Some("null");
    let has_null =
        members.get("type").and_then(Value::as_array).is_some_and(|all| all.iter().any(null));
    if has_null && !values.contains(&Value::Null) {
        values.push(Value::Null);
    }
    (!values.is_empty()).then_some(values)
}

struct Reading<'a> {
    keyword: &'static str,
    role: Role,
    tolerant: bool,
    written: &'a Defs,
}

impl Reading<'_> {
    fn schema(&self, schema: &Value, outer: &BTreeSet<String>) -> Value {
        let Some(members) = schema.as_object() else { return schema.clone() };
        let mut hidden = outer.clone();
        self.hide(members, &mut hidden);
        let none = BTreeSet::new();
        let mut out = Map::new();
        for (key, value) in members {
            let read = match (key.as_str(), value) {
                ("required", Value::Array(names)) if !hidden.is_empty() => {
                    let kept = names
                        .iter()
                        .filter(|name| !name.as_str().is_some_and(|name| hidden.contains(name)));
                    Value::Array(kept.cloned().collect())
                }
                ("properties", Value::Object(properties)) => {
                    let kept = properties
                        .iter()
                        .filter(|(name, _)| self.role == Role::Reader || !hidden.contains(*name));
                    Value::Object(
                        kept.map(|(name, inner)| (name.clone(), self.schema(inner, &none)))
                            .collect(),
                    )
                }
                ("patternProperties" | "dependentSchemas", Value::Object(inner)) => {
                    let each =
                        inner.iter().map(|(name, inner)| (name.clone(), self.schema(inner, &none)));
                    Value::Object(each.collect())
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(inner)) => {
                    Value::Array(inner.iter().map(|inner| self.schema(inner, &hidden)).collect())
                }
                ("prefixItems", Value::Array(inner)) => {
                    Value::Array(inner.iter().map(|inner| self.schema(inner, &none)).collect())
                }
                ("then" | "else", inner) => self.schema(inner, &hidden),
                (
                    "items"
                    | "additionalProperties"
                    | "contains"
                    | "unevaluatedItems"
                    | "unevaluatedProperties",
                    inner,
                ) => self.schema(inner, &none),
                (_, other) => other.clone(),
            };
            let emptied = key == "required" && read.as_array().is_some_and(Vec::is_empty);
            if !emptied || value == &read {
                out.insert(key.clone(), read);
            }
        }
        self.extensible(members, &mut out);
        discriminator::tag(members, &mut out, self.written);
        Value::Object(out)
    }

    fn extensible(&self, members: &Map<String, Value>, out: &mut Map<String, Value>) {
        match members.get(EXTENSIBLE) {
            Some(Value::Array(_)) if !self.tolerant && !members.contains_key("enum") => {
                let values = extensible_values(members).map(Value::Array);
                out.extend(values.map(|values| ("enum".to_owned(), values)));
            }
            Some(Value::Bool(true)) if self.tolerant => {
                if let Some(Value::Array(values)) = out.remove("enum")
                    && !members.contains_key("type")
                {
                    out.insert("type".to_owned(), types_of(&values));
                }
            }
            _ => {}
        }
    }

    // The names of marked members, also of those that `$ref` and `allOf` bring in.
    fn hide(&self, members: &Map<String, Value>, hidden: &mut BTreeSet<String>) {
        for part in self.parts(members) {
            let properties =
                part.get("properties").and_then(Value::as_object).into_iter().flatten();
            let marked = properties.filter(|(_, property)| self.marked(property));
            hidden.extend(marked.map(|(name, _)| name.clone()));
        }
    }

    fn marked(&self, schema: &Value) -> bool {
        let marked =
            |part: &&Map<String, Value>| part.get(self.keyword) == Some(&Value::Bool(true));
        schema.as_object().is_some_and(|members| self.parts(members).iter().any(marked))
    }

    // The schema with all that `$ref` and `allOf` add to it, each once.
    fn parts<'v>(&'v self, members: &'v Map<String, Value>) -> Vec<&'v Map<String, Value>> {
        let (mut parts, mut seen, mut next) = (vec![members], BTreeSet::new(), 0);
        while let Some(part) = parts.get(next).copied() {
            next += 1;
            let key = part
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|text| text.strip_prefix(DEFS_PREFIX));
            let named = key.filter(|key| seen.insert(*key)).and_then(|key| self.written.0.get(key));
            let all = part.get("allOf").and_then(Value::as_array).into_iter().flatten();
            parts.extend(named.into_iter().chain(all).filter_map(Value::as_object));
        }
        parts
    }
}

/// The types that values have.
fn types_of(values: &[Value]) -> Value {
    let each = values.iter().map(|value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    });
    let types: BTreeSet<&str> = each.collect();
    Value::from(types.into_iter().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{components, directed};
    use crate::schema::{Defs, Role, Side};
    use std::sync::Arc;

    fn check(side: Side, role: Role, schema: &Value, wanted: &Value) {
        let defs = json!({
            "Id": {"type": "string", "readOnly": true},
            "Base": {"properties": {"id": {"$ref": "#/$defs/Id"}}, "required": ["id"]}
        });
        let defs = Defs(serde_json::from_value(defs).unwrap());
        assert_eq!(&directed(schema, side, role, &defs), wanted);
    }

    #[test]
    fn members_belong_to_one_direction() {
        let schema = json!({
            "properties": {"id": {"readOnly": true}, "key": {"writeOnly": true}, "n": {}},
            "required": ["id", "key", "n"]
        });
        let without = json!({
            "properties": {"key": {"writeOnly": true}, "n": {}}, "required": ["key", "n"]
        });
        check(Side::Request, Role::Sender, &schema, &without);
        let reader = json!({
            "properties": {"id": {"readOnly": true}, "key": {"writeOnly": true}, "n": {}},
            "required": ["key", "n"]
        });
        check(Side::Request, Role::Reader, &schema, &reader);
        let response = json!({
            "properties": {"id": {"readOnly": true}, "n": {}}, "required": ["id", "n"]
        });
        check(Side::Response, Role::Sender, &schema, &response);
    }

    #[test]
    fn a_mark_counts_through_references_and_all_of() {
        let schema = json!({"allOf": [{"$ref": "#/$defs/Base"}, {"required": ["id"]}], "required": ["id", "x"]});
        let wanted = json!({"allOf": [{"$ref": "#/$defs/Base"}, {}], "required": ["x"]});
        check(Side::Request, Role::Reader, &schema, &wanted);
        check(Side::Response, Role::Reader, &schema, &schema);
    }

    #[test]
    fn an_extensible_enum_is_open_for_those_who_read_answers() {
        let listed = json!({"type": ["string", "null"], "x-extensible-enum": ["a"]});
        let mut closed = listed.clone();
        closed["enum"] = json!(["a", null]);
        check(Side::Response, Role::Sender, &listed, &closed);
        check(Side::Request, Role::Sender, &listed, &closed);
        check(Side::Request, Role::Reader, &listed, &closed);
        check(Side::Response, Role::Reader, &listed, &listed);
        let marked = json!({"enum": ["a", 1], "x-extensible-enum": true});
        check(Side::Request, Role::Reader, &marked, &marked);
        let open = json!({"type": ["number", "string"], "x-extensible-enum": true});
        check(Side::Response, Role::Reader, &marked, &open);
    }

    #[test]
    fn a_table_that_nothing_changes_is_shared() {
        let defs = Defs(
            serde_json::from_value(json!({"A": {"properties": {"a": {"readOnly": true}}}}))
                .unwrap(),
        );
        let table = components(defs);
        assert!(Arc::ptr_eq(&table.written, &table.response_sender));
        assert!(Arc::ptr_eq(&table.written, &table.request_reader));
        assert_eq!(table.request_sender.0["A"], json!({"properties": {}}));
    }
}
