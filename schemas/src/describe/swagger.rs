//! What Swagger 2.0 says in its own way, lifted to the terms of OpenAPI 3.

use serde_json::{Map, Value, json};

use super::files::At;
use super::message::normal_media_type;
use super::model::{Body, Content, Location};
use super::openapi::Reader;
use super::parameter::Raw;

/// Keywords of a parameter that are not those of its schema.
const OUTSIDE: [&str; 5] = ["name", "in", "required", "collectionFormat", "allowEmptyValue"];

/// The schema that a parameter or header is, its own keywords aside.
pub(super) fn parameter_schema(reader: &mut Reader<'_, '_>, value: &Value, at: &At) -> Value {
    let members = value.as_object().into_iter().flatten();
    let kept = members.filter(|(key, _)| !OUTSIDE.contains(&key.as_str()));
    let schema: Map<String, Value> =
        kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    reader.bundle.schema(&Value::Object(schema), &mut at.clone())
}

/// `collectionFormat` in the words of OpenAPI 3's `style` and `explode`.
pub(super) fn style(value: &Value, location: Location) -> &'static str {
    let format = value.get("collectionFormat").and_then(Value::as_str).unwrap_or("csv");
    let is_array = value.get("type").and_then(Value::as_str) == Some("array");
    let in_query = matches!(location, Location::Query | Location::Cookie);
    match format {
        _ if in_query && !is_array => "form,explode",
        "multi" if in_query => "form,explode",
        "ssv" => "spaceDelimited",
        "tsv" => "tabDelimited",
        "pipes" => "pipeDelimited",
        _ if in_query => "form",
        _ => "simple",
    }
}

/// The body that a `body` parameter or the `formData` parameters make.
pub(super) fn body(
    reader: &mut Reader<'_, '_>,
    raw: &[Raw],
    operation: &Value,
    at: &At,
) -> Option<Body> {
    let consumes = media_types(reader, operation, "consumes");
    if let Some(body) = raw.iter().find(|one| one.location == "body") {
        let root = body.value.get("schema").map_or(Value::Bool(true), |schema| {
            reader.bundle.below(schema, "schema", &mut body.at.clone())
        });
        let required = body.value.get("required") == Some(&Value::Bool(true));
        let contents = contents(reader, or_json(consumes), &root, &body.at);
        let place = reader.bundle.files.place(&body.at);
        return Some(Body { required, contents, place });
    }
    let fields: Vec<&Raw> = raw.iter().filter(|one| one.location == "formData").collect();
    if fields.is_empty() {
        return None;
    }
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in &fields {
        properties.insert(field.name.clone(), parameter_schema(reader, &field.value, &field.at));
        if field.value.get("required") == Some(&Value::Bool(true)) {
            required.push(field.name.clone());
        }
    }
    let has_file =
        fields.iter().any(|field| field.value.get("type").and_then(Value::as_str) == Some("file"));
    let must = !required.is_empty();
    let mut root = json!({ "type": "object", "properties": properties });
    if let (Some(members), true) = (root.as_object_mut(), must) {
        members.insert("required".to_owned(), json!(required));
    }
    let mut forms: Vec<String> = consumes.into_iter().filter(|one| one.contains("form")).collect();
    if forms.is_empty() {
        let form =
            if has_file { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
        forms.push(form.to_owned());
    }
    let contents = contents(reader, forms, &root, at);
    Some(Body { required: must, contents, place: reader.bundle.files.place(at) })
}

/// The contents of a response: its one schema in every media type that the operation produces.
pub(super) fn response_contents(
    reader: &mut Reader<'_, '_>,
    operation: &Value,
    response: &Value,
    at: &At,
) -> Vec<Content> {
    let Some(schema) = response.get("schema") else { return Vec::new() };
    let root = reader.bundle.below(schema, "schema", &mut at.clone());
    let mut produces = media_types(reader, operation, "produces");
    // Authors show by examples what `produces` of the operation, which has no status, cannot say.
    let shown = response.get("examples").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    for media_type in shown.filter(|name| name.contains('/')).map(|name| normal_media_type(name)) {
        if !produces.contains(&media_type) {
            produces.push(media_type);
        }
    }
    contents(reader, or_json(produces), &root, at)
}

fn media_types(reader: &Reader<'_, '_>, operation: &Value, keyword: &str) -> Vec<String> {
    let list =
        operation.get(keyword).or_else(|| reader.root.get(keyword)).and_then(Value::as_array);
    let mut found = Vec::new();
    for one in list.into_iter().flatten().filter_map(Value::as_str).map(normal_media_type) {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

fn or_json(list: Vec<String>) -> Vec<String> {
    if list.is_empty() { vec!["application/json".to_owned()] } else { list }
}

fn contents(
    reader: &Reader<'_, '_>,
    media_types: Vec<String>,
    root: &Value,
    at: &At,
) -> Vec<Content> {
    let place = reader.bundle.files.place(at);
    let each = media_types.into_iter();
    each.map(|media_type| Content::new(media_type, root.clone(), place.clone())).collect()
}
