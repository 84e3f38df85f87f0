//! Schemas of every dialect, rewritten keyword by keyword to draft 2020-12.

use serde_json::{Map, Number, Value, json};

use super::bundle::Bundle;
use super::dialect::Dialect;
use super::files::At;

/// What a keyword's value must be; what is not is left out with a warning.
#[derive(Clone, Copy)]
enum Shape {
    Type,
    Schema,
    Schemas,
    List,
    Number,
    Positive,
    Count,
    Flag,
    Names,
    NameLists,
    Pattern,
    Patterns,
    Array,
    Any,
    Text,
}

const KEYWORDS: &[(&str, Shape)] = &[
    ("additionalProperties", Shape::Schema),
    ("allOf", Shape::List),
    ("anyOf", Shape::List),
    ("const", Shape::Any),
    ("contains", Shape::Schema),
    ("contentEncoding", Shape::Text),
    ("contentMediaType", Shape::Text),
    ("default", Shape::Any),
    ("dependentRequired", Shape::NameLists),
    ("dependentSchemas", Shape::Schemas),
    ("deprecated", Shape::Flag),
    ("else", Shape::Schema),
    ("enum", Shape::Array),
    ("format", Shape::Text),
    ("if", Shape::Schema),
    ("maxContains", Shape::Count),
    ("maxItems", Shape::Count),
    ("maxLength", Shape::Count),
    ("maxProperties", Shape::Count),
    ("minContains", Shape::Count),
    ("minItems", Shape::Count),
    ("minLength", Shape::Count),
    ("minProperties", Shape::Count),
    ("multipleOf", Shape::Positive),
    ("not", Shape::Schema),
    ("oneOf", Shape::List),
    ("pattern", Shape::Pattern),
    ("patternProperties", Shape::Patterns),
    ("prefixItems", Shape::List),
    ("properties", Shape::Schemas),
    ("propertyNames", Shape::Schema),
    ("readOnly", Shape::Flag),
    ("required", Shape::Names),
    ("then", Shape::Schema),
    ("type", Shape::Type),
    ("unevaluatedItems", Shape::Schema),
    ("unevaluatedProperties", Shape::Schema),
    ("uniqueItems", Shape::Flag),
    ("writeOnly", Shape::Flag),
    ("x-extensible-enum", Shape::Any),
    ("x-stability-level", Shape::Text),
    ("x-sunset", Shape::Any),
];

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

impl Bundle {
    /// Translates the schema at `at`. What cannot be used is left out, with a warning, never the whole.
    pub(super) fn schema(&mut self, value: &Value, at: &mut At) -> Value {
        match value {
            Value::Bool(_) => value.clone(),
            Value::Object(members) => self.object(members, at),
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                self.warn(
                    at,
                    "a schema is neither an object nor a boolean; it counts as `true`".to_owned(),
                    "write an object",
                );
                Value::Bool(true)
            }
        }
    }

    /// Translates the schema one step below `at`.
    pub(super) fn below(&mut self, value: &Value, token: &str, at: &mut At) -> Value {
        at.pointer.push(token);
        let translated = self.schema(value, at);
        at.pointer.pop();
        translated
    }

    fn object(&mut self, members: &Map<String, Value>, at: &mut At) -> Value {
        let dialect = self.files.dialect(at.file);
        let reference = ["$ref", "$dynamicRef", "$recursiveRef"]
            .iter()
            .find_map(|keyword| members.get(*keyword).and_then(Value::as_str));
        let mut out = match reference {
            Some(text) => self.reference(text, at),
            None => Map::new(),
        };
        if reference.is_some() && !dialect.counts_siblings() {
            return Value::Object(out);
        }
        for (keyword, value) in members {
            if let Ok(index) =
                KEYWORDS.binary_search_by(|(known, _)| (*known).cmp(keyword.as_str()))
                && let Some((_, shape)) = KEYWORDS.get(index)
            {
                at.pointer.push(keyword);
                let translated = self.keyword(*shape, value, at);
                at.pointer.pop();
                if let Some(translated) = translated {
                    out.insert(keyword.clone(), translated);
                }
            }
        }
        self.bounds(members, &mut out, at);
        self.items(members, &mut out, at);
        self.dependencies(members, &mut out, at);
        self.discriminator(members, &mut out, at);
        if dialect == Dialect::OpenApi31 && members.get("nullable") == Some(&Value::Bool(true)) {
            let what =
                "`nullable` means nothing since OpenAPI 3.1; null is not accepted here".to_owned();
            self.warn(at, what, "write null among the types, as in `type: [string, \"null\"]`");
        }
        let nullable = dialect.nullable().and_then(|keyword| members.get(keyword));
        if nullable == Some(&Value::Bool(true)) { nulled(out) } else { Value::Object(out) }
    }

    fn keyword(&mut self, shape: Shape, value: &Value, at: &mut At) -> Option<Value> {
        let translated = match (shape, value) {
            (Shape::Any, _) | (Shape::Array, Value::Array(_)) | (Shape::Text, Value::String(_)) => {
                Some(value.clone())
            }
            (Shape::Flag, Value::Bool(true)) => Some(Value::Bool(true)),
            (Shape::Flag, Value::Bool(false)) => return None,
            (Shape::Number, Value::Number(_)) => Some(value.clone()),
            (Shape::Positive, Value::Number(number)) => {
                number.as_f64().is_some_and(|number| number > 0.0).then(|| value.clone())
            }
            (Shape::Count, Value::Number(number)) => count(number),
            (Shape::Names, Value::Array(items)) => names(items),
            (Shape::Schema, Value::Bool(_) | Value::Object(_)) => Some(self.schema(value, at)),
            (Shape::List, Value::Array(items)) if !items.is_empty() => Some(self.list(items, at)),
            (Shape::Schemas, Value::Object(members)) => Some(self.members(members, at)),
            (Shape::NameLists, Value::Object(members)) => name_lists(members),
            (Shape::Pattern, Value::String(pattern)) => return self.pattern(pattern, at),
            (Shape::Patterns, Value::Object(members)) => return Some(self.patterns(members, at)),
            (Shape::Type, _) => return self.types(value, at),
            _ => None,
        };
        if translated.is_none() {
            let keyword = at.pointer.tokens().last().unwrap_or_default();
            let what =
                format!("the value of `{keyword}` is not one it may have; the keyword is left out");
            self.warn(at, what, "see JSON Schema for what it may be");
        }
        translated
    }

    fn list(&mut self, items: &[Value], at: &mut At) -> Value {
        let each = items.iter().enumerate();
        Value::Array(each.map(|(index, item)| self.below(item, &index.to_string(), at)).collect())
    }

    fn members(&mut self, members: &Map<String, Value>, at: &mut At) -> Value {
        let each = members.iter();
        Value::Object(
            each.map(|(name, inner)| (name.clone(), self.below(inner, name, at))).collect(),
        )
    }

    fn pattern(&mut self, pattern: &str, at: &At) -> Option<Value> {
        if self.compiles(pattern) {
            return Some(Value::String(pattern.to_owned()));
        }
        let what = format!(
            "the pattern `{pattern}` needs look-around or back references, or is none; it is left out"
        );
        self.warn(at, what, "write it without look-around and back references");
        None
    }

    fn patterns(&mut self, members: &Map<String, Value>, at: &mut At) -> Value {
        let mut out = Map::new();
        for (pattern, inner) in members {
            at.pointer.push(pattern);
            if self.pattern(pattern, at).is_some() {
                out.insert(pattern.clone(), self.schema(inner, at));
            }
            at.pointer.pop();
        }
        Value::Object(out)
    }

    fn types(&mut self, value: &Value, at: &At) -> Option<Value> {
        let named = match value {
            Value::String(name) => vec![name.as_str()],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut known: Vec<&str> = Vec::new();
        for name in &named {
            let name = if *name == "file" { "string" } else { *name };
            if TYPES.contains(&name) && !known.contains(&name) {
                known.push(name);
            }
        }
        let unknown = named.iter().find(|name| !TYPES.contains(*name) && **name != "file");
        if known.is_empty() || unknown.is_some() {
            let name = unknown.map_or_else(|| value.to_string(), |name| format!("`{name}`"));
            self.warn(
                at,
                format!("there is no type {name}; `type` is left out"),
                "write a type of JSON, and a `format`",
            );
            return None;
        }
        match (known.as_slice(), value) {
            ([only], Value::String(_)) => Some(json!(only)),
            _ => Some(json!(known)),
        }
    }

    // Draft 4 and OpenAPI 3.0: `exclusiveMinimum: true` makes `minimum` exclusive.
    fn bounds(&mut self, members: &Map<String, Value>, out: &mut Map<String, Value>, at: &mut At) {
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
    fn items(&mut self, members: &Map<String, Value>, out: &mut Map<String, Value>, at: &mut At) {
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
    fn dependencies(
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
            if !found.is_empty() {
                out.insert(keyword.to_owned(), Value::Object(found));
            }
        }
    }

    // Kept as an extension: what tells variants apart, and the component each value means.
    fn discriminator(
        &mut self,
        members: &Map<String, Value>,
        out: &mut Map<String, Value>,
        at: &At,
    ) {
        let kept = match members.get("discriminator") {
            Some(Value::String(name)) => json!({ "propertyName": name }),
            Some(Value::Object(given)) => {
                let Some(Value::String(name)) = given.get("propertyName") else { return };
                let mut mapping = Map::new();
                for (value, target) in
                    given.get("mapping").and_then(Value::as_object).into_iter().flatten()
                {
                    let Some(target) = target.as_str() else { continue };
                    let named = format!("#/components/schemas/{target}");
                    let is_name = !target.contains(['/', '#']);
                    let place = at.join("discriminator").join("mapping").join(value);
                    let resolved = self.reference(if is_name { &named } else { target }, &place);
                    mapping.extend(resolved.get("$ref").map(|key| (value.clone(), key.clone())));
                }
                json!({ "propertyName": name, "mapping": mapping })
            }
            _ => return,
        };
        out.insert("x-discriminator".to_owned(), kept);
    }
}

// OpenAPI 3.0.3 §4.7.24 allows null only where `type` is given; authors write it beside anything, and mean it.
fn nulled(mut schema: Map<String, Value>) -> Value {
    let composed = ["allOf", "anyOf", "oneOf", "not", "const", "if"]
        .iter()
        .any(|key| schema.contains_key(*key));
    if !composed {
        if let Some(Value::Array(values)) = schema.get_mut("enum")
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
        match schema.get_mut("type") {
            Some(Value::Array(types)) if !types.contains(&json!("null")) => {
                types.push(json!("null"));
            }
            Some(name @ Value::String(_)) if name != "null" => {
                *name = json!([name.clone(), "null"]);
            }
            _ => {}
        }
        return Value::Object(schema);
    }
    let mut outer = Map::new();
    for keyword in ["readOnly", "writeOnly", "default"] {
        outer.extend(schema.remove_entry(keyword));
    }
    outer.insert("anyOf".to_owned(), json!([schema, { "type": "null" }]));
    Value::Object(outer)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and small"
)]
fn count(number: &Number) -> Option<Value> {
    if number.is_u64() {
        return Some(Value::Number(number.clone()));
    }
    let value = number.as_f64()?;
    (value.fract() == 0.0 && (0.0..=9e15).contains(&value)).then(|| json!(value as u64))
}

fn names(items: &[Value]) -> Option<Value> {
    let mut found: Vec<&str> = items.iter().map(Value::as_str).collect::<Option<_>>()?;
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|name| seen.insert(*name));
    Some(json!(found))
}

fn name_lists(members: &Map<String, Value>) -> Option<Value> {
    let each = members.iter().map(|(name, list)| Some((name.clone(), names(list.as_array()?)?)));
    each.collect::<Option<Map<String, Value>>>().map(Value::Object)
}
