//! Operations that `changes.yaml` says have another method or path in the newer version, as far as pairing needs to know:
//! what is wrong with an entry is told where the lenses are read.

use serde_json::Value;

use super::model::OperationKey;
use crate::document::Document;

/// An operation under another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// In the older version.
    pub old: OperationKey,
    /// In the newer one, which declares it.
    pub new: OperationKey,
}

/// The routes that a `changes.yaml` declares. An entry that does not name an operation on each side is left out.
pub fn routes(changes: &Document) -> Vec<Route> {
    let entries = changes.value.get("changes");
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(route).collect()
}

fn route(entry: &Value) -> Option<Route> {
    let at = match entry.get("at")? {
        Value::Array(texts) => texts.first().filter(|_| texts.len() == 1)?,
        text => text,
    };
    let value = entry.get("route")?;
    let to = value.get("to").unwrap_or(value);
    Some(Route { old: key(at.as_str()?)?, new: key(to.as_str()?)? })
}

/// `METHOD /path`, and nothing else.
pub fn key(text: &str) -> Option<OperationKey> {
    let mut words = text.split_whitespace();
    let (method, path, more) = (words.next()?, words.next()?, words.next());
    let upper = method.bytes().all(|letter| letter.is_ascii_uppercase());
    (upper && path.starts_with('/') && more.is_none())
        .then(|| OperationKey { method: method.to_owned(), path: path.to_owned() })
}

impl OperationKey {
    /// The names in the path template, by position.
    pub fn path_parameters(&self) -> Vec<&str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }
}
