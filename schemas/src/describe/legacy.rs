//! What older drafts say in other words than draft 2020-12.

use serde_json::{Map, Value, json};

use super::bundle::Bundle;
use super::files::At;
use super::keywords::Shape;
use super::translate::names;

impl Bundle {
    // Draft 4 and OpenAPI 3.0: `exclusiveMinimum: true` makes `minimum` exclusive.
    pub(super) fn bounds(
        &mut self,
        members: &Map<String, Value>,
        out: &mut Map<String, Value>,
        at: &mut At,
    ) {
        for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")]
        {
            let mut translate = |keyword: &str| {
                let value = members.get(keyword).filter(|value| !value.is_boolean())?;
                at.pointer.push(keyword);
                let translated = self.keyword(Shape::Number, value, at);
                at.pointer.pop();
                translated
            };
            let (inclusive_value, exclusive_value) = (translate(bound), translate(exclusive));
            let is_exclusive = members.get(exclusive) == Some(&Value::Bool(true));
            match (inclusive_value, exclusive_value) {
                (Some(value), _) if is_exclusive => drop(out.insert(exclusive.to_owned(), value)),
                (inclusive_value, exclusive_value) => {
                    out.extend(inclusive_value.map(|value| (bound.to_owned(), value)));
                    out.extend(exclusive_value.map(|value| (exclusive.to_owned(), value)));
                }
            }
        }
    }

    // Before 2020-12 an array of `items` was the tuple, and `additionalItems` the rest.
    pub(super) fn items(
        &mut self,
        members: &Map<String, Value>,
        out: &mut Map<String, Value>,
        at: &mut At,
    ) {
        match members.get("items") {
            Some(Value::Array(tuple)) => {
                at.pointer.push("items");
                let tuple = self.list(tuple, at);
                at.pointer.pop();
                if tuple.as_array().is_some_and(|tuple| !tuple.is_empty()) {
                    out.insert("prefixItems".to_owned(), tuple);
                }
                if let Some(rest) = members.get("additionalItems") {
                    let rest = self.below(rest, "additionalItems", at);
                    out.insert("items".to_owned(), rest);
                }
            }
            Some(value) => {
                let items = self.below(value, "items", at);
                out.insert("items".to_owned(), items);
            }
            None => {}
        }
    }

    // Before 2019-09 both kinds of dependency had one keyword.
    pub(super) fn dependencies(
        &mut self,
        members: &Map<String, Value>,
        out: &mut Map<String, Value>,
        at: &mut At,
    ) {
        let Some(Value::Object(dependencies)) = members.get("dependencies") else { return };
        let (mut required, mut schemas) = (Map::new(), Map::new());
        at.pointer.push("dependencies");
        for (name, value) in dependencies {
            match value {
                Value::Array(items) => {
                    required.extend(names(items).map(|names| (name.clone(), names)));
                }
                Value::String(other) => drop(required.insert(name.clone(), json!([other]))),
                other => {
                    let schema = self.below(other, name, at);
                    schemas.insert(name.clone(), schema);
                }
            }
        }
        at.pointer.pop();
        for (keyword, found) in [("dependentRequired", required), ("dependentSchemas", schemas)] {
            if found.is_empty() {
                continue;
            }
            if out.contains_key(keyword) {
                add_part(out, json!({ keyword: found }));
            } else {
                out.insert(keyword.to_owned(), Value::Object(found));
            }
        }
    }

    /// Draft 3: a `type` may be a schema, `disallow` and `extends` stand for `not` and `allOf`, and a member says
    /// itself that it is required (§5.1, §5.7, §5.25, §5.26).
    pub(super) fn draft3(
        &mut self,
        members: &Map<String, Value>,
        out: &mut Map<String, Value>,
        at: &mut At,
    ) {
        if let Some(value) = members.get("type")
            && let Some(typed) = self.union(value, "type", at)
        {
            add_part(out, typed);
        }
        if let Some(value) = members.get("disallow") {
            let barred = self.union(value, "disallow", at).unwrap_or(Value::Bool(true));
            add_part(out, json!({ "not": barred }));
        }
        let bases = match members.get("extends") {
            Some(Value::Array(bases)) => {
                at.pointer.push("extends");
                let bases = self.list(bases, at);
                at.pointer.pop();
                bases.as_array().cloned().unwrap_or_default()
            }
            Some(base) => vec![self.below(base, "extends", at)],
            None => Vec::new(),
        };
        for base in bases {
            add_part(out, base);
        }
        if let Some(value) = members.get("divisibleBy") {
            at.pointer.push("divisibleBy");
            let divisor = self.keyword(Shape::Positive, value, at);
            at.pointer.pop();
            out.extend(divisor.map(|divisor| ("multipleOf".to_owned(), divisor)));
        }
        let required: Vec<&String> = members
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(_, inner)| inner.get("required") == Some(&Value::Bool(true)))
            .map(|(name, _)| name)
            .collect();
        if !required.is_empty() {
            out.insert("required".to_owned(), json!(required));
        }
    }

    // The values of one of several types, each a name or a schema; `None` for all values.
    fn union(&mut self, value: &Value, keyword: &str, at: &mut At) -> Option<Value> {
        let single = [value.clone()];
        let ways = value.as_array().map_or(single.as_slice(), Vec::as_slice);
        let mut found = Vec::new();
        at.pointer.push(keyword);
        for (index, way) in ways.iter().enumerate() {
            match way {
                Value::String(name) if name == "any" => {
                    at.pointer.pop();
                    return None;
                }
                Value::String(_) => {
                    // A name that is no type is one that any value may have (§5.1).
                    let typed = self.types(way, at);
                    found.push(typed.map_or(Value::Bool(true), |name| json!({ "type": name })));
                }
                schema if value.is_array() => {
                    found.push(self.below(schema, &index.to_string(), at));
                }
                schema => found.push(self.schema(schema, at)),
            }
        }
        at.pointer.pop();
        Some(if found.len() == 1 { found.remove(0) } else { json!({ "anyOf": found }) })
    }
}

/// Adds one more schema that must hold.
pub(super) fn add_part(out: &mut Map<String, Value>, part: Value) {
    match out.get_mut("allOf") {
        Some(Value::Array(parts)) => parts.push(part),
        _ => drop(out.insert("allOf".to_owned(), Value::Array(vec![part]))),
    }
}
