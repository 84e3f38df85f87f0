//! What a value is on the wire where nothing but text travels: in parameters, headers, forms and plain text.

use serde_json::{Map, Value, json};

use crate::schema::Schema;

/// How deep a schema is followed to see what it is; a deeper one stays as written.
const DEPTH: usize = 12;

/// What a schema describes, as far as styles tell apart (OpenAPI 3.1 §4.8.12.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A number or boolean: text without a comma.
    Plain,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
    /// None of these, or not to be told.
    Unknown,
}

/// What a schema describes.
pub(super) fn form(schema: &Schema) -> Form {
    let mut at = &schema.root;
    for _ in 0..DEPTH {
        if let Some(kind) = at.get("type").and_then(Value::as_str) {
            return match kind {
                "string" => Form::Text,
                "array" => Form::Array,
                "object" => Form::Object,
                "integer" | "number" | "boolean" => Form::Plain,
                _ => Form::Unknown,
            };
        }
        let only = at.get("allOf").and_then(Value::as_array).filter(|all| all.len() == 1);
        let next = match at.get("$ref").and_then(Value::as_str) {
            Some(reference) => schema.resolve(reference),
            None => only.and_then(|all| all.first()),
        };
        let Some(next) = next else { break };
        at = next;
    }
    Form::Unknown
}

/// The same word for styles that write a value of this form alike.
pub(super) fn canonical(style: &str, form: Form) -> &str {
    let (name, explode) = style.split_once(',').unwrap_or((style, ""));
    let named = matches!(
        name,
        "form" | "cookie" | "spaceDelimited" | "pipeDelimited" | "tabDelimited" | "deepObject"
    );
    match form {
        Form::Plain | Form::Text if named => "form",
        // `simple`, `label` and `matrix` write one value alike, exploded or not
        Form::Plain | Form::Text => name,
        Form::Array if named && !explode.is_empty() => "form,explode",
        Form::Array if name == "simple" => name,
        Form::Object if matches!(name, "form" | "cookie") && !explode.is_empty() => "form,explode",
        Form::Object if name == "deepObject" => name,
        Form::Array | Form::Object | Form::Unknown => style,
    }
}

/// A reader's schema for the typed values that are read from text: where any text is taken, every scalar is, since
/// it is sent as one; where an array is read and `single` says that one value looks like an array of one, that too.
pub(super) fn texts(schema: &Schema, single: bool) -> Schema {
    let root = widened(schema, &schema.root, (single, true), 0);
    root.map_or_else(|| schema.clone(), |root| schema.at(root))
}

/// The same for each member of a form, and for what is inside it.
pub(super) fn members(schema: &Schema) -> Schema {
    let root = fields(schema, &schema.root, true, 0);
    root.map_or_else(|| schema.clone(), |root| schema.at(root))
}

/// The same for each member of a multipart body that is a text; others are JSON, inside which there are types.
pub(super) fn parts(schema: &Schema) -> Schema {
    let root = fields(schema, &schema.root, false, 0);
    root.map_or_else(|| schema.clone(), |root| schema.at(root))
}

/// Whether a schema is that of a file: bytes, or a text of a media type that is in no other coding.
pub(super) fn is_binary(schema: &Schema, node: &Value) -> bool {
    binary(schema, node, 0)
}

fn binary(schema: &Schema, node: &Value, depth: usize) -> bool {
    if depth > DEPTH {
        return false;
    }
    let named = |key: &str| node.get(key).and_then(Value::as_str);
    if named("format") == Some("binary")
        || (node.get("contentMediaType").is_some() && node.get("contentEncoding").is_none())
    {
        return true;
    }
    let target = named("$ref").and_then(|reference| schema.resolve(reference));
    let branches = ["allOf", "anyOf", "oneOf"].iter().filter_map(|key| node.get(*key)?.as_array());
    branches.flatten().chain(target).any(|branch| binary(schema, branch, depth + 1))
}

// `None` where nothing is to be widened.
fn widened(
    schema: &Schema,
    value: &Value,
    (single, deep): (bool, bool),
    depth: usize,
) -> Option<Value> {
    let members = value.as_object().filter(|_| depth < DEPTH)?;
    if let Some(reference) = alone(members, "$ref") {
        return widened(schema, schema.resolve(reference.as_str()?)?, (single, deep), depth + 1);
    }
    match members.get("type").and_then(Value::as_str) {
        Some("string") if takes_any_text(members) => {
            let mut out = members.clone();
            out.insert("type".to_owned(), json!(["string", "integer", "number", "boolean"]));
            return Some(Value::Object(out));
        }
        Some("array") => return array(schema, members, (single, deep), depth),
        Some("object") if deep => return fields(schema, value, true, depth),
        _ => {}
    }
    for keyword in ["anyOf", "allOf"] {
        let Some(branches) = members.get(keyword).and_then(Value::as_array) else { continue };
        let each = branches.iter().map(|one| widened(schema, one, (single, deep), depth + 1));
        let each: Vec<Option<Value>> = each.collect();
        if each.iter().any(Option::is_some) && (keyword == "anyOf" || branches.len() == 1) {
            let both = each.into_iter().zip(branches);
            let all = both.map(|(wide, own)| wide.unwrap_or_else(|| own.clone())).collect();
            let mut out = members.clone();
            out.insert(keyword.to_owned(), Value::Array(all));
            return Some(Value::Object(out));
        }
    }
    None
}

fn array(
    schema: &Schema,
    members: &Map<String, Value>,
    (single, deep): (bool, bool),
    depth: usize,
) -> Option<Value> {
    let own = members.get("items")?;
    let items = widened(schema, own, (false, deep), depth + 1);
    let is_wider = items.is_some();
    let items = items.unwrap_or_else(|| own.clone());
    let mut out = members.clone();
    out.insert("items".to_owned(), items.clone());
    let least = members.get("minItems").and_then(Value::as_u64).unwrap_or(0);
    let odd = ["contains", "prefixItems", "enum", "const", "not", "allOf", "anyOf", "oneOf", "if"];
    if single && least <= 1 && !odd.iter().any(|keyword| members.contains_key(*keyword)) {
        return Some(json!({ "anyOf": [out, items] }));
    }
    is_wider.then_some(Value::Object(out))
}

// Arrays in a form are fields that are repeated, so that one field looks like an array of one.
fn fields(schema: &Schema, value: &Value, deep: bool, depth: usize) -> Option<Value> {
    let members = value.as_object().filter(|_| depth < DEPTH)?;
    if let Some(reference) = alone(members, "$ref") {
        return fields(schema, schema.resolve(reference.as_str()?)?, deep, depth + 1);
    }
    let (mut out, mut is_wider) = (members.clone(), false);
    if let Some(properties) = out.get_mut("properties").and_then(Value::as_object_mut) {
        for inner in properties.values_mut() {
            if let Some(wide) = widened(schema, inner, (true, deep), depth + 1) {
                *inner = wide;
                is_wider = true;
            }
        }
    }
    for keyword in ["allOf", "anyOf"] {
        let branches = out.get_mut(keyword).and_then(Value::as_array_mut);
        for branch in branches.into_iter().flatten() {
            if let Some(wide) = fields(schema, branch, deep, depth + 1) {
                *branch = wide;
                is_wider = true;
            }
        }
    }
    is_wider.then_some(Value::Object(out))
}

fn alone<'a>(members: &'a Map<String, Value>, keyword: &str) -> Option<&'a Value> {
    members.get(keyword).filter(|_| members.len() == 1)
}

fn takes_any_text(members: &Map<String, Value>) -> bool {
    let limits = [
        "enum",
        "const",
        "pattern",
        "minLength",
        "maxLength",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "$ref",
        "if",
    ];
    limits.iter().all(|keyword| !members.contains_key(*keyword))
}

/// The scalar that a text is read as where a number or boolean is wanted.
pub(super) fn scalar(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value.is_number() || value.is_boolean()).then_some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Form, canonical, members, texts};
    use crate::schema::Schema;

    fn check(schema: &Value, single: bool, wanted: &Value) {
        let document = Schema::from_document(schema.clone());
        assert_eq!(&texts(&document, single).root, wanted, "{schema}");
    }

    const ANY: fn() -> Value = || json!({"type": ["string", "integer", "number", "boolean"]});

    #[test]
    fn any_text_is_every_scalar() {
        check(&json!({"type": "string"}), true, &ANY());
        let limited = json!({"type": "string", "maxLength": 3});
        check(&limited, true, &limited);
        let named = json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}});
        check(&named, false, &ANY());
        check(
            &json!({"type": "array", "items": {"type": "string"}}),
            false,
            &json!({"type": "array", "items": ANY()}),
        );
    }

    #[test]
    fn one_value_is_an_array_of_one() {
        let ids = json!({"type": "array", "items": {"type": "integer"}});
        check(&ids, true, &json!({"anyOf": [ids, {"type": "integer"}]}));
        check(&ids, false, &ids);
        let two = json!({"type": "array", "items": {"type": "integer"}, "minItems": 2});
        check(&two, true, &two);
    }

    #[test]
    fn members_of_a_form_are_texts() {
        let form = json!({
            "$ref": "#/$defs/form",
            "$defs": {"form": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}}
        });
        let read = members(&Schema::from_document(form));
        let wanted =
            json!({"type": "object", "properties": {"a": ANY(), "b": {"type": "integer"}}});
        assert_eq!(read.root, wanted);
    }

    #[test]
    fn styles_that_write_a_value_alike_are_the_same() {
        let same = |one, other, form| canonical(one, form) == canonical(other, form);
        assert!(same("form", "form,explode", Form::Text));
        assert!(same("form", "pipeDelimited", Form::Plain));
        assert!(!same("form", "form,explode", Form::Array));
        assert!(same("spaceDelimited,explode", "form,explode", Form::Array));
        assert!(same("simple", "simple,explode", Form::Array));
        assert!(!same("simple", "simple,explode", Form::Object));
        assert!(!same("simple", "matrix", Form::Text));
        assert!(!same("content:application/json", "form", Form::Text));
        assert!(!same("form", "form,explode", Form::Unknown));
    }
}
