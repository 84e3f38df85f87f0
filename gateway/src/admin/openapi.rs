//! The description of the admin api, made of the rows and their types.

use std::sync::OnceLock;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::desk::{Answer, Fault};
use super::rows::{ROWS, Row};
use super::shape::{Content, Gives};

/// The version of the admin api. Its released descriptions are under `admin-api`.
const VERSION: &str = "1.1.0";

/// An OpenAPI 3.1 document.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Description {
    /// The version of OpenAPI.
    openapi: String,
}

/// Refusals that any call may meet.
const REFUSALS: [(u16, &str); 7] = [
    (400, "the request is malformed"),
    (401, "no credential came, or one that is nobody's"),
    (
        403,
        "the caller's role does not reach so far, or the call could have been made by a page of another site",
    ),
    (408, "the body did not come in time"),
    (411, "the body came without a Content-Length"),
    (413, "the body is too large"),
    (
        429,
        "too many calls, or too many with credentials that are nobody's; `Retry-After` says when to come again",
    ),
];

/// Serves the description.
pub(super) fn answer() -> Answer {
    static WHOLE: OnceLock<Bytes> = OnceLock::new();
    let whole = WHOLE.get_or_init(|| Bytes::from(document().to_string()));
    let mut answer = Response::new(Full::new(whole.clone()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// The description of all rows.
pub(crate) fn document() -> Value {
    let mut makers = Makers::new();
    let mut paths: Map<String, Value> = Map::new();
    for row in ROWS {
        let operation = makers.operation(row);
        let path = paths.entry(row.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(row.method.as_str().to_lowercase(), operation);
        }
    }
    let fault = makers.gives.subschema_for::<Fault>();
    let common = REFUSALS.map(|(status, about)| {
        let content = json!({ "application/problem+json": { "schema": fault } });
        (name_of(status), json!({ "description": about, "content": content }))
    });
    let responses: Map<String, Value> = common.into_iter().collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Evergate administration",
            "version": VERSION,
            "description": "What a gateway offers its administrators. Every call needs a credential. Each operation names the \
                            role that it needs: `read`, `operate` or `administer`, of which each may do what those before may.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:9901" }],
        "security": [{ "bearer": [] }, { "session": [] }, { "certificate": [] }],
        "paths": paths,
        "components": {
            "schemas": makers.schemas(),
            "responses": responses,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": super::sessions::COOKIE,
                    "description": "Begun by `POST /session`; changes need `x-evergate-csrf` besides.",
                },
                "certificate": { "type": "mutualTLS" },
            },
        },
    })
}

/// Makes schemas: what is given and what is taken differ in what may be left out.
struct Makers {
    gives: SchemaGenerator,
    takes: SchemaGenerator,
    /// Without references, for parameters.
    bare: SchemaGenerator,
}

impl Makers {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        let bare = settings().for_deserialize().with(|settings| settings.inline_subschemas = true);
        Self {
            gives: settings().for_serialize().into_generator(),
            takes: settings().for_deserialize().into_generator(),
            bare: bare.into_generator(),
        }
    }

    /// All that references name.
    fn schemas(&mut self) -> Map<String, Value> {
        let mut all = self.takes.take_definitions(true);
        all.extend(self.gives.take_definitions(true));
        all
    }

    fn operation(&mut self, row: &Row) -> Value {
        let mut operation = json!({
            "operationId": id(row),
            "summary": row.about,
            "description": format!("Needs the role `{}`.", row.role),
            "x-evergate-role": row.role,
            "parameters": self.parameters(row),
            "responses": self.responses(row),
        });
        let bodies: Map<String, Value> =
            row.shape.bodies.iter().flatten().map(|body| media(&mut self.takes, *body)).collect();
        if !bodies.is_empty()
            && let Some(members) = operation.as_object_mut()
        {
            members
                .insert("requestBody".to_owned(), json!({ "required": true, "content": bodies }));
        }
        operation
    }

    fn parameters(&mut self, row: &Row) -> Vec<Value> {
        let places =
            row.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let place = |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } });
        let mut parameters: Vec<Value> = places.map(place).collect();
        if let Some(make) = row.shape.query {
            parameters.extend(members(&make(&mut self.bare)));
        }
        if row.shape.gives.iter().flatten().any(|one| one.status == 428) {
            parameters.push(json!({
                "name": "If-Match", "in": "header", "schema": { "type": "string" },
                "description": "The ETag of `GET /config`: the configuration that the change is made for. Not needed for a trial.",
            }));
        }
        if row.changes() && row.shape.bodies.iter().all(Option::is_none) {
            parameters.push(json!({
                "name": "x-evergate-reload", "in": "header", "required": true, "schema": { "type": "string", "const": "1" },
                "description": "Says that the call is meant: no page of another site can send it. A JSON media type or \
                                `x-evergate-csrf` does too.",
            }));
        }
        parameters
    }

    fn responses(&mut self, row: &Row) -> Map<String, Value> {
        let common = REFUSALS.map(|(status, _)| {
            (
                status.to_string(),
                json!({ "$ref": format!("#/components/responses/{}", name_of(status)) }),
            )
        });
        let mut responses: Map<String, Value> = common.into_iter().collect();
        for Gives { status, about, content } in row.shape.gives.iter().flatten() {
            let (media, schema) = media(&mut self.gives, *content);
            let response = json!({ "description": about, "content": { media: schema } });
            responses.insert(status.to_string(), response);
        }
        responses
    }
}

fn media(generator: &mut SchemaGenerator, content: Content) -> (String, Value) {
    let schema =
        content.schema.map_or_else(|| json!({}), |make| json!({ "schema": make(generator) }));
    (content.media.to_owned(), schema)
}

/// The members of a struct as parameters.
fn members(schema: &Schema) -> Vec<Value> {
    let part = |name: &str| schema.get(name).cloned().unwrap_or_default();
    let (properties, required) = (part("properties"), part("required"));
    let one = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let needed = required.as_array().is_some_and(|all| all.iter().any(|one| one == name));
        json!({ "name": name, "in": "query", "required": needed, "description": about, "schema": schema })
    };
    properties.as_object().into_iter().flatten().map(one).collect()
}

fn name_of(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.unwrap_or_default().replace(' ', "")
}

/// `getReadyz`, `deleteApisDrain`.
fn id(row: &Row) -> String {
    let mut id = row.method.as_str().to_lowercase();
    for part in row.path.split(['/', '.', '-', '_', '{', '}']).filter(|part| !part.is_empty()) {
        let mut letters = part.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{ROWS, document};

    #[test]
    fn every_row_is_described_and_every_reference_leads_somewhere() {
        let document = document();
        let mut ids = Vec::new();
        for row in ROWS {
            let operation = &document["paths"][row.path][row.method.as_str().to_lowercase()];
            let responses = operation["responses"].as_object().unwrap();
            for status in ["200", "400", "401", "403", "429"] {
                assert!(responses.contains_key(status), "{} {}: {status}", row.method, row.path);
            }
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
        leads(&document, &document);
    }

    #[track_caller]
    fn leads(value: &Value, whole: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let found = whole.pointer(reference.strip_prefix('#').unwrap());
                    assert!(found.is_some(), "{reference}");
                }
                members.values().for_each(|member| leads(member, whole));
            }
            Value::Array(items) => items.iter().for_each(|item| leads(item, whole)),
            _ => {}
        }
    }
}
