//! OpenAPI 3.x (and the parts Swagger 2.0 shares) read into operations.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::bundle::Bundle;
use super::dialect::Dialect;
use super::files::At;
use super::model::{Body, Content, Location, Operation, OperationKey, Parameter, Response, Status};
use super::swagger;
use super::template::PathTemplate;

/// The methods a path item may have (3.2 adds `query`).
const METHODS: [&str; 9] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// Header parameters that OpenAPI 3.1 §4.8.12.2.1 says to ignore.
const IGNORED_HEADERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// Reads the operations of the main document.
pub(super) fn operations(bundle: &mut Bundle, main: usize) -> Vec<Operation> {
    let Some(document) = bundle.document(main) else { return Vec::new() };
    let swagger = bundle.files.dialect(main) == Dialect::Swagger;
    reserve_components(bundle, &document.value, main);
    let mut reader = Reader { bundle, swagger, root: &document.value };
    let mut found = Vec::new();
    let paths_at = At::root(main).join("paths");
    for (path, item) in document.value.get("paths").and_then(Value::as_object).into_iter().flatten()
    {
        if path.starts_with("x-") {
            continue;
        }
        reader.path(path, item, &paths_at.join(path), &mut found);
    }
    twins(bundle, &found);
    found
}

// Two templates that differ only in the names of parameters match the same requests.
fn twins(bundle: &mut Bundle, operations: &[Operation]) {
    let mut known: BTreeMap<String, &OperationKey> = BTreeMap::new();
    for operation in operations {
        let first = known.entry(operation.key.shape()).or_insert(&operation.key);
        if *first != &operation.key {
            let what = format!(
                "`{}` matches the same requests as `{first}`, which is taken",
                operation.key
            );
            bundle.warn_at(operation.place.clone(), what, "remove one of them");
        }
    }
}

/// Path prefixes of the servers.
pub(super) fn base_paths(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let servers = document.get("servers").and_then(Value::as_array).into_iter().flatten();
    for server in servers {
        let Some(url) = server.get("url").and_then(Value::as_str) else { continue };
        let mut url = url.to_owned();
        for (name, variable) in
            server.get("variables").and_then(Value::as_object).into_iter().flatten()
        {
            let default = variable.get("default").and_then(Value::as_str).unwrap_or_default();
            url = url.replace(&format!("{{{name}}}"), default);
        }
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').and_then(|cut| rest.get(cut..)).unwrap_or_default(),
            None => url.as_str(),
        };
        found.push(path.to_owned());
    }
    found.extend(document.get("basePath").and_then(Value::as_str).map(ToOwned::to_owned));
    let mut kept = Vec::new();
    for path in found {
        let path = path.trim_end_matches('/').to_owned();
        if path.starts_with('/') && !kept.contains(&path) {
            kept.push(path);
        }
    }
    kept
}

// Components get their plain names before anything else can take them, and are kept even when nothing uses them.
fn reserve_components(bundle: &mut Bundle, document: &Value, main: usize) {
    for steps in [["components", "schemas"].as_slice(), &["definitions"]] {
        let at = steps.iter().fold(At::root(main), |at, step| at.join(step));
        let table = document.pointer(at.pointer.as_str()).and_then(Value::as_object);
        for name in table.into_iter().flat_map(Map::keys) {
            bundle.key(&at.join(name));
        }
    }
}

pub(super) struct Reader<'b, 'd> {
    pub(super) bundle: &'b mut Bundle,
    swagger: bool,
    /// The main document.
    pub(super) root: &'d Value,
}

impl Reader<'_, '_> {
    fn path(&mut self, path: &str, item: &Value, at: &At, found: &mut Vec<Operation>) {
        let Some((item, at)) = self.bundle.follow_item(item, at) else { return };
        if !path.starts_with('/') || path.contains(['#', '?']) {
            let what = format!(
                "the path `{path}` is no plain path; only what stands before `?` or `#` is matched"
            );
            self.bundle.warn(
                &at,
                what,
                "write a path that begins with `/`, without query or fragment",
            );
        }
        let shared = self.parameters(&item, &at);
        for (name, operation) in item.as_object().into_iter().flatten() {
            if METHODS.contains(&name.as_str()) {
                let method = name.to_ascii_uppercase();
                let key = OperationKey { method, path: path.to_owned() };
                found.extend(self.operation(key, operation, &at.join(name), &shared));
            }
        }
        let more = item.get("additionalOperations").and_then(Value::as_object);
        for (name, operation) in more.into_iter().flatten() {
            let key = OperationKey { method: name.clone(), path: path.to_owned() };
            found.extend(self.operation(
                key,
                operation,
                &at.join("additionalOperations").join(name),
                &shared,
            ));
        }
    }

    fn operation(
        &mut self,
        key: OperationKey,
        value: &Value,
        at: &At,
        shared: &[Raw],
    ) -> Option<Operation> {
        let (value, at) = self.bundle.follow_item(value, at)?;
        let mut raw = self.parameters(&value, &at);
        for one in shared {
            if !raw.iter().any(|own| own.name == one.name && own.location == one.location) {
                raw.push(one.clone());
            }
        }
        let mut parameters = Vec::new();
        let swagger = self.swagger;
        for one in raw.iter().filter(|one| !(swagger && one.is_body())) {
            parameters.extend(self.parameter(one));
        }
        let template = PathTemplate::parse(&key.path);
        for name in template.names() {
            let declared = |one: &Parameter| one.location == Location::Path && one.name == name;
            if !parameters.iter().any(declared) {
                let what =
                    format!("the path parameter `{name}` is not declared; any text is taken");
                self.bundle.warn(&at, what, "declare it under `parameters`");
                parameters.push(undeclared(name, self.bundle.files.place(&at)));
            }
        }
        let body = if self.swagger {
            swagger::body(self, &raw, &value, &at)
        } else {
            value.get("requestBody").and_then(|body| self.body(body, &at.join("requestBody")))
        };
        let responses = self.responses(&value, &at);
        Some(Operation {
            key,
            operation_id: value.get("operationId").and_then(Value::as_str).map(ToOwned::to_owned),
            parameters,
            body,
            responses,
            deprecated: value.get("deprecated") == Some(&Value::Bool(true)),
            place: self.bundle.files.place(&at),
        })
    }

    fn parameters(&mut self, owner: &Value, at: &At) -> Vec<Raw> {
        let list = owner.get("parameters").and_then(Value::as_array);
        let at = at.join("parameters");
        let mut found: Vec<Raw> = Vec::new();
        for (index, value) in list.into_iter().flatten().enumerate() {
            let at = at.join(&index.to_string());
            let Some((value, at)) = self.bundle.follow(value, &at) else { continue };
            let name = value.get("name").and_then(Value::as_str);
            let location = value.get("in").and_then(Value::as_str);
            let (Some(name), Some(location)) = (name, location) else {
                let what = "a parameter has no `name` or no `in`; it is left out".to_owned();
                self.bundle.warn(&at, what, "write both");
                continue;
            };
            let mut name = name.to_owned();
            if location == "header" {
                name.make_ascii_lowercase();
            }
            if found.iter().any(|known| known.name == name && known.location == location) {
                let what = format!("the parameter `{name}` is there twice; the first counts");
                self.bundle.warn(&at, what, "remove one of them");
                continue;
            }
            found.push(Raw { name, location: location.to_owned(), value: value.into_owned(), at });
        }
        found
    }

    fn parameter(&mut self, raw: &Raw) -> Option<Parameter> {
        let location = match raw.location.as_str() {
            "path" => Location::Path,
            "query" | "querystring" => Location::Query,
            "header" if IGNORED_HEADERS.contains(&raw.name.as_str()) => return None,
            "header" => Location::Header,
            "cookie" => Location::Cookie,
            other => {
                let what = format!("a parameter cannot be in `{other}`; it is left out");
                self.bundle.warn(&raw.at, what, "write path, query, header or cookie");
                return None;
            }
        };
        let (style, root) = self.valued(&raw.value, &raw.at, location);
        let required =
            location == Location::Path || raw.value.get("required") == Some(&Value::Bool(true));
        let place = self.bundle.files.place(&raw.at);
        Some(Parameter { name: raw.name.clone(), location, required, style, root, place })
    }

    // The wire form and schema of a parameter or header.
    fn valued(&mut self, value: &Value, at: &At, location: Location) -> (String, Value) {
        if self.swagger {
            let root = swagger::parameter_schema(self, value, at);
            return (swagger::style(value, location).to_owned(), root);
        }
        if let Some(content) = value.get("content") {
            let contents = self.contents(content, &at.join("content"));
            return match contents.into_iter().next() {
                Some(content) => (format!("content:{}", content.media_type), content.root),
                None => ("content".to_owned(), Value::Bool(true)),
            };
        }
        let default = match location {
            Location::Query | Location::Cookie => "form",
            Location::Path | Location::Header => "simple",
        };
        let style = value.get("style").and_then(Value::as_str).unwrap_or(default);
        let explode = value.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
        let style = if explode { format!("{style},explode") } else { style.to_owned() };
        let root = value.get("schema").map_or(Value::Bool(true), |schema| {
            self.bundle.below(schema, "schema", &mut at.clone())
        });
        (style, root)
    }

    fn body(&mut self, value: &Value, at: &At) -> Option<Body> {
        let (value, at) = self.bundle.follow(value, at)?;
        let required = value.get("required") == Some(&Value::Bool(true));
        let contents =
            value.get("content").map(|content| self.contents(content, &at.join("content")));
        Some(Body { required, contents: contents.unwrap_or_default() })
    }

    fn contents(&mut self, value: &Value, at: &At) -> Vec<Content> {
        let mut found = Vec::new();
        for (media_type, value) in value.as_object().into_iter().flatten() {
            let Some((value, at)) = self.bundle.follow(value, &at.join(media_type)) else {
                continue;
            };
            let schema =
                ["schema", "itemSchema"].iter().find_map(|key| Some((*key, value.get(*key)?)));
            let root = schema.map_or(Value::Bool(true), |(key, schema)| {
                self.bundle.below(schema, key, &mut at.clone())
            });
            let place = self.bundle.files.place(&at);
            found.push(Content { media_type: normal_media_type(media_type), root, place });
        }
        found
    }

    fn responses(&mut self, operation: &Value, at: &At) -> Vec<Response> {
        let at_all = at.join("responses");
        let mut found = BTreeMap::new();
        for (name, value) in
            operation.get("responses").and_then(Value::as_object).into_iter().flatten()
        {
            if name.starts_with("x-") {
                continue;
            }
            let at = at_all.join(name);
            let Some(status) = status(name) else {
                let what = format!("`{name}` is no status; the response is left out");
                self.bundle.warn(
                    &at,
                    what,
                    "write a status such as 200, a class such as 4XX, or default",
                );
                continue;
            };
            let Some((value, at)) = self.bundle.follow(value, &at) else { continue };
            let contents = if self.swagger {
                swagger::response_contents(self, operation, &value, &at)
            } else {
                value
                    .get("content")
                    .map(|content| self.contents(content, &at.join("content")))
                    .unwrap_or_default()
            };
            let headers = self.headers(&value, &at);
            let place = self.bundle.files.place(&at);
            found.insert(status, Response { status, headers, contents, place });
        }
        found.into_values().collect()
    }

    fn headers(&mut self, response: &Value, at: &At) -> Vec<Parameter> {
        let at = at.join("headers");
        let mut found: Vec<Parameter> = Vec::new();
        for (name, value) in
            response.get("headers").and_then(Value::as_object).into_iter().flatten()
        {
            let lower = name.to_ascii_lowercase();
            if lower == "content-type" || found.iter().any(|known| known.name == lower) {
                continue;
            }
            let Some((value, at)) = self.bundle.follow(value, &at.join(name)) else { continue };
            let (style, root) = self.valued(&value, &at, Location::Header);
            let required = value.get("required") == Some(&Value::Bool(true));
            let place = self.bundle.files.place(&at);
            found.push(Parameter {
                name: lower,
                location: Location::Header,
                required,
                style,
                root,
                place,
            });
        }
        found
    }
}

/// A parameter as the document has it, its reference followed.
#[derive(Clone)]
pub(super) struct Raw {
    pub(super) name: String,
    pub(super) location: String,
    pub(super) value: Value,
    pub(super) at: At,
}

impl Raw {
    fn is_body(&self) -> bool {
        matches!(self.location.as_str(), "body" | "formData")
    }
}

fn undeclared(name: &str, place: crate::problem::Place) -> Parameter {
    Parameter {
        name: name.to_owned(),
        location: Location::Path,
        required: true,
        style: "simple".to_owned(),
        root: Value::Bool(true),
        place,
    }
}

/// Lower case, without white space.
pub(super) fn normal_media_type(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

fn status(name: &str) -> Option<Status> {
    if name == "default" {
        return Some(Status::Default);
    }
    let (class, rest) = name.split_at_checked(1)?;
    let class: u8 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
    if rest.eq_ignore_ascii_case("xx") {
        return Some(Status::Class(class));
    }
    let code: u16 = name.parse().ok()?;
    (100..=599).contains(&code).then_some(Status::Code(code))
}
