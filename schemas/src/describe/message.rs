//! Bodies and responses (OpenAPI 3.1 §4.8.13 to §4.8.17): by media type, and by status.

use std::collections::BTreeMap;

use serde_json::Value;

use super::files::At;
use super::link;
use super::model::{Body, Content, Encoding, Response, Status};
use super::openapi::Reader;
use super::swagger;

impl Reader<'_, '_> {
    /// A request body, its reference followed.
    pub(super) fn body(&mut self, value: &Value, at: &At) -> Option<Body> {
        let (value, at) = self.bundle.follow(value, at)?;
        let required = value.get("required") == Some(&Value::Bool(true));
        if value.get("content").is_none() {
            let what = "the request body has no `content`; any body is taken".to_owned();
            self.bundle.warn(&at, what, "declare its media types");
        }
        let contents =
            value.get("content").map(|content| self.contents(content, &at.join("content")));
        let place = self.bundle.files.place(&at);
        Some(Body { required, contents: contents.unwrap_or_default(), place })
    }

    /// What stands under `content`.
    pub(super) fn contents(&mut self, value: &Value, at: &At) -> Vec<Content> {
        let mut found: Vec<Content> = Vec::new();
        for (media_type, value) in value.as_object().into_iter().flatten() {
            let here = at.join(media_type);
            let name = normal_media_type(media_type);
            if !is_media_type(&name) {
                let what = format!("`{media_type}` is no media type");
                self.bundle.warn(&here, what, "write one such as `application/json`");
            }
            if found.iter().any(|known| known.media_type == name) {
                let what = format!("`{media_type}` is there twice; the first counts");
                self.bundle.warn(&here, what, "remove one of them");
                continue;
            }
            let Some((value, at)) = self.bundle.follow(value, &here) else { continue };
            let schema =
                ["schema", "itemSchema"].iter().find_map(|key| Some((*key, value.get(*key)?)));
            let root = schema.map_or(Value::Bool(true), |(key, schema)| {
                self.bundle.below(schema, key, &mut at.clone())
            });
            let is_form =
                name.starts_with("multipart/") || name == "application/x-www-form-urlencoded";
            let encoding = if is_form { self.encoding(&value, &at) } else { BTreeMap::new() };
            let sequence = schema.is_some_and(|(key, _)| key == "itemSchema");
            let place = self.bundle.files.place(&at);
            found.push(Content { sequence, encoding, ..Content::new(name, root, place) });
        }
        found
    }

    fn encoding(&mut self, content: &Value, at: &At) -> BTreeMap<String, Encoding> {
        let at = at.join("encoding");
        let mut found = BTreeMap::new();
        let members = content.get("encoding").and_then(Value::as_object);
        for (name, value) in members.into_iter().flatten() {
            let at = at.join(name);
            let types = value.get("contentType").and_then(Value::as_str).unwrap_or_default();
            let types = types.split(',').map(normal_media_type).filter(|one| !one.is_empty());
            let style = value.get("style").and_then(Value::as_str).unwrap_or("form");
            let explode = value.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
            let encoding = Encoding {
                content_types: types.collect(),
                headers: self.headers(value, &at),
                style: if explode { format!("{style},explode") } else { style.to_owned() },
                allow_reserved: value.get("allowReserved") == Some(&Value::Bool(true)),
                place: self.bundle.files.place(&at),
            };
            found.insert(name.clone(), encoding);
        }
        found
    }

    /// The responses of an operation, by status.
    pub(super) fn responses(&mut self, operation: &Value, at: &At) -> Vec<Response> {
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
                let remedy = "write a status such as 200, a class such as 4XX, or default";
                self.bundle.warn(&at, what, remedy);
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
            let links = link::links(self.bundle, &value, &at);
            let place = self.bundle.files.place(&at);
            found.insert(status, Response { status, headers, contents, links, place });
        }
        found.into_values().collect()
    }
}

/// Lower case, without white space.
pub(super) fn normal_media_type(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

fn is_media_type(name: &str) -> bool {
    let bare = name.split(';').next().unwrap_or_default();
    bare == "*"
        || bare.split_once('/').is_some_and(|(one, other)| !one.is_empty() && !other.is_empty())
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
