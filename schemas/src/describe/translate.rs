//! Schemas of every dialect, rewritten keyword by keyword to draft 2020-12.

use serde_json::{Map, Number, Value, json};

use super::bundle::Bundle;
use super::dialect::Dialect;
use super::files::At;
use super::keywords::{Shape, keyword};
use super::legacy::add_part;
use super::scope::Scope;
use crate::schema::{UNREAD_PATTERN, UNRESOLVED};

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

impl Bundle {
    /// Translates the schema at `at`. What cannot be used is left out, with a warning, never the whole.
    pub(super) fn schema(&mut self, value: &Value, at: &mut At) -> Value {
        let outer = self.scope;
        if self.depth == 0 {
            self.scope = self.entered(self.files.resource_of(at));
        } else if let Some(resource) = self.files.resource_at(at) {
            self.scope = self.entered(resource);
        }
        self.depth += 1;
        let translated = match value {
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
        };
        self.depth -= 1;
        self.scope = if self.depth == 0 { Scope::EMPTY } else { outer };
        translated
    }

    /// Translates the schema one step below `at`.
    pub(super) fn below(&mut self, value: &Value, token: &str, at: &mut At) -> Value {
        at.pointer.push(token);
        let translated = self.schema(value, at);
        at.pointer.pop();
        translated
    }

    fn object(&mut self, members: &Map<String, Value>, at: &mut At) -> Value {
        let dialect = self.files.dialect_at(at);
        let (mut out, alone) = self.references(members, dialect, at);
        if alone {
            return Value::Object(out);
        }
        for (word, value) in members {
            let Some((shape, draft)) = keyword(word) else { continue };
            at.pointer.push(word);
            if dialect.has(draft) {
                if let Some(translated) = self.keyword(shape, value, at) {
                    out.insert(word.clone(), translated);
                }
            } else if dialect != Dialect::Draft3 {
                let (name, since) = (dialect.name(), draft.name());
                let what = format!("`{word}` came with {since} and means nothing in {name}");
                self.warn(at, what, "name a later draft in `$schema`, or remove it");
            }
            at.pointer.pop();
        }
        self.patterns(members, &mut out, at);
        self.bounds(members, &mut out, at);
        self.items(members, &mut out, at);
        self.dependencies(members, &mut out, at);
        self.discriminator(members, &mut out, at);
        if dialect == Dialect::Draft3 {
            self.draft3(members, &mut out, at);
        }
        if dialect == Dialect::OpenApi31 && members.get("nullable") == Some(&Value::Bool(true)) {
            let what =
                "`nullable` means nothing since OpenAPI 3.1; null is not accepted here".to_owned();
            self.warn(at, what, "write null among the types, as in `type: [string, \"null\"]`");
        }
        let nullable = dialect.nullable().and_then(|keyword| members.get(keyword));
        if nullable == Some(&Value::Bool(true)) { nulled(out) } else { Value::Object(out) }
    }

    // What the references of a schema object say, and whether they are all that counts of it.
    fn references(
        &mut self,
        members: &Map<String, Value>,
        dialect: Dialect,
        at: &At,
    ) -> (Map<String, Value>, bool) {
        let mut out = Map::new();
        let mut alone = false;
        match members.get("$ref") {
            Some(Value::String(text)) => {
                out = self.reference(text, at);
                alone = !dialect.counts_siblings();
            }
            Some(other) if !dialect.is_api() => {
                let what = format!(
                    "`$ref` is {other}, which names nothing; what depends on it stays undecided"
                );
                self.warn(at, what, "write a URI reference");
                out.insert(UNRESOLVED.to_owned(), Value::String(other.to_string()));
            }
            _ => {}
        }
        let dynamic = dialect.dynamic_reference().and_then(|keyword| members.get(keyword));
        if let Some(text) = dynamic.and_then(Value::as_str) {
            let found = self.dynamic_reference(text, at);
            if out.is_empty() {
                out = found;
            } else {
                add_part(&mut out, Value::Object(found));
            }
        }
        (out, alone)
    }

    pub(super) fn keyword(&mut self, shape: Shape, value: &Value, at: &mut At) -> Option<Value> {
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
            // Both are translated with their siblings.
            (Shape::Pattern, Value::String(_)) | (Shape::Patterns, Value::Object(_)) => {
                return None;
            }
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

    pub(super) fn list(&mut self, items: &[Value], at: &mut At) -> Value {
        let each = items.iter().enumerate();
        Value::Array(each.map(|(index, item)| self.below(item, &index.to_string(), at)).collect())
    }

    fn members(&mut self, members: &Map<String, Value>, at: &mut At) -> Value {
        let each = members.iter();
        Value::Object(
            each.map(|(name, inner)| (name.clone(), self.below(inner, name, at))).collect(),
        )
    }

    fn readable(&mut self, pattern: &str, at: &At) -> bool {
        let readable = self.compiles(pattern);
        if !readable {
            let what = format!(
                "the pattern `{pattern}` needs look-around or back references, or is none; what depends on it may stay undecided"
            );
            self.warn(at, what, "write it without look-around and back references");
        }
        readable
    }

    fn patterns(
        &mut self,
        members: &Map<String, Value>,
        out: &mut Map<String, Value>,
        at: &mut At,
    ) {
        if let Some(Value::String(pattern)) = members.get("pattern") {
            let readable = self.readable(pattern, &at.join("pattern"));
            let keyword = if readable { "pattern" } else { UNREAD_PATTERN };
            out.insert(keyword.to_owned(), Value::String(pattern.clone()));
        }
        let Some(Value::Object(patterned)) = members.get("patternProperties") else { return };
        let mut kept = Map::new();
        at.pointer.push("patternProperties");
        for (pattern, inner) in patterned {
            at.pointer.push(pattern);
            if self.readable(pattern, at) {
                kept.insert(pattern.clone(), self.schema(inner, at));
            } else {
                // Which members it takes is not known, so neither is what is left for the others.
                out.remove("additionalProperties");
                out.remove("unevaluatedProperties");
                out.insert(UNRESOLVED.to_owned(), Value::String(pattern.clone()));
            }
            at.pointer.pop();
        }
        at.pointer.pop();
        out.insert("patternProperties".to_owned(), Value::Object(kept));
    }

    pub(super) fn types(&mut self, value: &Value, at: &At) -> Option<Value> {
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
                let mut kept = json!({ "propertyName": name, "mapping": mapping });
                if let (Some(members), Some(other)) =
                    (kept.as_object_mut(), given.get("defaultMapping"))
                {
                    members.insert("defaultMapping".to_owned(), other.clone());
                }
                kept
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

pub(super) fn names(items: &[Value]) -> Option<Value> {
    let mut found: Vec<&str> = items.iter().map(Value::as_str).collect::<Option<_>>()?;
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|name| seen.insert(*name));
    Some(json!(found))
}

fn name_lists(members: &Map<String, Value>) -> Option<Value> {
    let each = members.iter().map(|(name, list)| Some((name.clone(), names(list.as_array()?)?)));
    each.collect::<Option<Map<String, Value>>>().map(Value::Object)
}
