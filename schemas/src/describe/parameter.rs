//! Parameters and headers (OpenAPI 3.1 §4.8.12 and §4.8.21): where they stand, how they are written, what they may be.

use serde_json::Value;

use super::files::At;
use super::model::{Location, Parameter};
use super::openapi::Reader;
use super::swagger;

/// Header parameters that OpenAPI 3.1 §4.8.12.2.1 says to ignore.
const IGNORED_HEADERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// The styles there are (OpenAPI 3.2 §4.12.3; `tabDelimited` is Swagger 2.0's `tsv`).
const STYLES: [&str; 8] = [
    "cookie",
    "deepObject",
    "form",
    "label",
    "matrix",
    "pipeDelimited",
    "simple",
    "spaceDelimited",
];

/// A parameter as the document has it, its reference followed.
#[derive(Clone)]
pub(super) struct Raw {
    pub(super) name: String,
    pub(super) location: String,
    pub(super) value: Value,
    pub(super) at: At,
}

impl Raw {
    pub(super) fn is_body(&self) -> bool {
        matches!(self.location.as_str(), "body" | "formData")
    }
}

impl Reader<'_, '_> {
    /// The `parameters` of a path item or operation, of every kind.
    pub(super) fn parameters(&mut self, owner: &Value, at: &At) -> Vec<Raw> {
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

    /// `None` for what is no parameter, or is one that OpenAPI says to ignore.
    pub(super) fn parameter(&mut self, raw: &Raw) -> Option<Parameter> {
        let location = match raw.location.as_str() {
            "path" => Location::Path,
            "query" => Location::Query,
            "querystring" => Location::QueryString,
            "header" if IGNORED_HEADERS.contains(&raw.name.as_str()) => return None,
            "header" => Location::Header,
            "cookie" => Location::Cookie,
            other => {
                let what = format!("a parameter cannot be in `{other}`; it is left out");
                self.bundle.warn(&raw.at, what, "write path, query, querystring, header or cookie");
                return None;
            }
        };
        let mut parameter = self.valued(&raw.name, &raw.value, &raw.at, location);
        if location == Location::Path {
            if raw.value.get("required") != Some(&Value::Bool(true)) {
                let what = format!("the path parameter `{}` is not `required: true`", raw.name);
                self.bundle.warn(&raw.at, what, "write it; a path has no gaps");
            }
            parameter.required = true;
        }
        Some(parameter)
    }

    /// The headers of a response or of a part, `Content-Type` aside.
    pub(super) fn headers(&mut self, owner: &Value, at: &At) -> Vec<Parameter> {
        let at = at.join("headers");
        let mut found: Vec<Parameter> = Vec::new();
        for (name, value) in owner.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let lower = name.to_ascii_lowercase();
            if lower == "content-type" {
                continue;
            }
            if found.iter().any(|known| known.name == lower) {
                let what = format!("the header `{name}` is there twice; the first counts");
                self.bundle.warn(&at.join(name), what, "remove one of them");
                continue;
            }
            let Some((value, at)) = self.bundle.follow(value, &at.join(name)) else { continue };
            found.push(self.valued(&lower, &value, &at, Location::Header));
        }
        found
    }

    /// A parameter or header with its wire form and schema.
    fn valued(&mut self, name: &str, value: &Value, at: &At, location: Location) -> Parameter {
        let (style, root) = if self.swagger {
            let root = swagger::parameter_schema(self, value, at);
            (swagger::style(value, location).to_owned(), root)
        } else {
            self.wire(name, value, at, location)
        };
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        let flag = |key: &str| value.get(key) == Some(&Value::Bool(true));
        let place = self.bundle.files.place(at);
        Parameter {
            required: flag("required"),
            style,
            allow_reserved: flag("allowReserved"),
            // OpenAPI 3.1 §4.8.12.2: only for query parameters.
            allow_empty: flag("allowEmptyValue") && location == Location::Query,
            deprecated: flag("deprecated"),
            sunset: text("x-sunset"),
            stability: text("x-stability-level").or_else(|| text("x-stability")),
            ..Parameter::new(name, location, root, place)
        }
    }

    fn wire(&mut self, name: &str, value: &Value, at: &At, location: Location) -> (String, Value) {
        if let Some(content) = value.get("content") {
            if value.get("schema").is_some() {
                let what = format!("`{name}` has both `schema` and `content`; `content` counts");
                self.bundle.warn(at, what, "remove one of them");
            }
            let mut contents = self.contents(content, &at.join("content")).into_iter();
            let (first, more) = (contents.next(), contents.next());
            if first.is_none() || more.is_some() {
                let what = format!("the `content` of `{name}` must have exactly one media type");
                self.bundle.warn(&at.join("content"), what, "write one");
            }
            return match first {
                Some(content) => (format!("content:{}", content.media_type), content.root),
                None => ("content".to_owned(), Value::Bool(true)),
            };
        }
        if location == Location::QueryString {
            let what = format!("`{name}` is in the query string as a whole and has no `content`");
            self.bundle.warn(at, what, "declare it by `content`");
        }
        let default = location.default_style().split(',').next().unwrap_or_default();
        let style = value.get("style").and_then(Value::as_str).unwrap_or(default);
        if !STYLES.contains(&style) {
            let what = format!("there is no style `{style}`");
            self.bundle.warn(&at.join("style"), what, "write a style that OpenAPI knows");
        }
        let explodes = matches!(style, "form" | "cookie");
        let explode = value.get("explode").and_then(Value::as_bool).unwrap_or(explodes);
        let style = if explode { format!("{style},explode") } else { style.to_owned() };
        let root = value.get("schema").map_or(Value::Bool(true), |schema| {
            self.bundle.below(schema, "schema", &mut at.clone())
        });
        (style, root)
    }
}
