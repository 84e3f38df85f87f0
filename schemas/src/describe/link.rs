//! Links: what a client may call with what a response told it (OpenAPI 3.1 §4.8.20).

use std::collections::BTreeMap;

use serde_json::Value;

use super::bundle::Bundle;
use super::files::At;
use super::model::Server;
use super::server;
use crate::problem::Place;

/// One link of a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The operation it leads to.
    pub target: LinkTarget,
    /// Values or runtime expressions by the name of the parameter they are for.
    pub parameters: BTreeMap<String, Value>,
    /// A value or runtime expression for the body.
    pub body: Option<Value>,
    /// Where to call instead.
    pub server: Option<Server>,
    /// Where.
    pub place: Place,
}

/// The operation that a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTarget {
    /// By `operationId`.
    Id(String),
    /// By `operationRef`, as written.
    Reference(String),
    /// The document says neither.
    Unstated,
}

/// Reads the links of a response.
pub(super) fn links(bundle: &mut Bundle, response: &Value, at: &At) -> BTreeMap<String, Link> {
    let at = at.join("links");
    let mut found = BTreeMap::new();
    for (name, value) in response.get("links").and_then(Value::as_object).into_iter().flatten() {
        let Some((value, at)) = bundle.follow(value, &at.join(name)) else { continue };
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        let target = match (text("operationId"), text("operationRef")) {
            (Some(id), _) => LinkTarget::Id(id),
            (None, Some(reference)) => LinkTarget::Reference(reference),
            (None, None) => {
                let what = format!("the link `{name}` leads nowhere");
                bundle.warn(&at, what, "write `operationId` or `operationRef`");
                LinkTarget::Unstated
            }
        };
        let parameters = value.get("parameters").and_then(Value::as_object).into_iter().flatten();
        let parameters = parameters.map(|(name, value)| (name.clone(), value.clone())).collect();
        let server =
            value.get("server").and_then(|one| server::server(bundle, one, &at.join("server")));
        let place = bundle.files.place(&at);
        let body = value.get("requestBody").cloned();
        found.insert(name.clone(), Link { target, parameters, body, server, place });
    }
    found
}
