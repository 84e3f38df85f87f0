//! Where a version is served (OpenAPI 3.1 §4.8.5 and §4.8.6; Swagger 2.0 `schemes`, `host` and `basePath`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::bundle::Bundle;
use super::files::At;
use crate::problem::Place;

/// One address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// As written, variables in braces; relative ones are relative to the document.
    pub url: String,
    /// By name.
    pub variables: BTreeMap<String, Variable>,
    /// OpenAPI 3.2 §4.5: what tells it from others.
    pub name: Option<String>,
    /// Where.
    pub place: Place,
}

/// A variable of a server's address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// What is written when nobody says otherwise.
    pub default: String,
    /// What it may be; empty for anything.
    pub values: Vec<String>,
}

impl Server {
    /// The address with each variable at its default.
    pub fn default_url(&self) -> String {
        let mut url = self.url.clone();
        for (name, variable) in &self.variables {
            url = url.replace(&format!("{{{name}}}"), &variable.default);
        }
        url
    }

    /// The path of [`Self::default_url`] without a trailing slash; empty when there is none.
    pub fn base_path(&self) -> String {
        let url = self.default_url();
        let absolute = url.split_once("://").map(|(_, rest)| rest).or(url.strip_prefix("//"));
        let path = match absolute {
            Some(rest) => rest.find('/').and_then(|cut| rest.get(cut..)).unwrap_or_default(),
            None => url.as_str(),
        };
        let path = path.trim_end_matches('/');
        if path.starts_with('/') { path.to_owned() } else { String::new() }
    }
}

/// The `servers` that an object has; `None` when it says nothing of them.
pub(super) fn servers(bundle: &mut Bundle, owner: &Value, at: &At) -> Option<Vec<Server>> {
    let list = owner.get("servers")?.as_array()?;
    let at = at.join("servers");
    let mut found = Vec::new();
    for (index, value) in list.iter().enumerate() {
        found.extend(server(bundle, value, &at.join(&index.to_string())));
    }
    // An empty list means the default, which is what no list means (§4.8.1).
    (!found.is_empty()).then_some(found)
}

/// One server.
pub(super) fn server(bundle: &mut Bundle, value: &Value, at: &At) -> Option<Server> {
    let Some(url) = value.get("url").and_then(Value::as_str) else {
        let what = "a server has no `url`; it is left out".to_owned();
        bundle.warn(at, what, "write its address");
        return None;
    };
    let mut variables = BTreeMap::new();
    for (name, variable) in value.get("variables").and_then(Value::as_object).into_iter().flatten()
    {
        let at = at.join("variables").join(name);
        let default = variable.get("default").map(plain);
        if default.is_none() {
            let what = format!("the variable `{name}` has no `default`; it is left empty");
            bundle.warn(&at, what, "write a default");
        }
        let values = variable.get("enum").and_then(Value::as_array).into_iter().flatten();
        let values = values.map(plain).collect();
        let default = default.unwrap_or_default();
        variables.insert(name.clone(), Variable { default, values });
    }
    let name = value.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
    Some(Server { url: url.to_owned(), variables, name, place: bundle.files.place(at) })
}

// Authors write ports and versions without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The root's servers, those of Swagger 2.0 included.
pub(super) fn of_root(bundle: &mut Bundle, document: &Value, main: usize) -> Vec<Server> {
    let at = At::root(main);
    if let Some(found) = servers(bundle, document, &at) {
        return found;
    }
    let text = |key: &str| document.get(key).and_then(Value::as_str);
    let (host, base) = (text("host"), text("basePath"));
    if document.get("swagger").is_none() || (host.is_none() && base.is_none()) {
        return Vec::new();
    }
    let base = base.unwrap_or_default();
    let key = if host.is_some() { "host" } else { "basePath" };
    let place = bundle.files.place(&at.join(key));
    let schemes = document.get("schemes").and_then(Value::as_array).into_iter().flatten();
    let mut urls: Vec<String> = match host {
        Some(host) => schemes
            .filter_map(Value::as_str)
            .map(|scheme| format!("{scheme}://{host}{base}"))
            .collect(),
        None => Vec::new(),
    };
    if urls.is_empty() {
        urls.push(host.map_or_else(|| base.to_owned(), |host| format!("//{host}{base}")));
    }
    let each = urls.into_iter();
    each.map(|url| Server { url, variables: BTreeMap::new(), name: None, place: place.clone() })
        .collect()
}

/// The distinct paths of servers, in their order, without those that are empty.
pub(super) fn base_paths(servers: &[Server]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for path in servers.iter().map(Server::base_path) {
        if !path.is_empty() && !kept.contains(&path) {
            kept.push(path);
        }
    }
    kept
}
