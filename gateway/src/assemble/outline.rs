//! What a configuration does, as rows that can be compared: its settings, backends, and what each way between two
//! versions means for its messages.

use std::collections::BTreeMap;

use evergate_schemas::describe::model::Status;
use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::pointer::Pointer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::manifest::sha256;
use crate::snapshot::loss::Loss;
use crate::snapshot::{Api, ClientOperation, ClientVersion, Crossing, CrossingMessage, Snapshot};

/// What a row is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A key of the file, by its pointer; of an api's part below that.
    Setting,
    /// An api.
    Api,
    /// A version of an api.
    Version,
    /// An endpoint of a backend, with how it is used.
    Backend,
    /// What becomes of one direction of an operation between two versions: a verdict.
    Way,
    /// Something that a way drops or replaces.
    Loss,
}

/// What tells a row from all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The api; empty for what is about the whole gateway.
    pub api: String,
    /// What it is about.
    pub subject: Subject,
    /// Which one of those.
    pub name: String,
}

/// A configuration as rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The digest of all its files.
    pub digest: String,
    /// The rows with what each says.
    pub rows: BTreeMap<Name, String>,
}

impl Outline {
    /// The outline of a snapshot and the text of the config file it was made from.
    pub fn of(snapshot: &Snapshot, text: &[u8]) -> Self {
        let mut outline = Self { digest: snapshot.digest.clone(), rows: BTreeMap::new() };
        // what a snapshot was made from can be read
        let document = Document::parse("gateway.yaml", text, &DocumentLimits::strict());
        let value = document.map(|document| document.value).unwrap_or_default();
        for (key, value) in value.as_object().into_iter().flatten() {
            if key == "apis" {
                for (api, value) in value.as_object().into_iter().flatten() {
                    outline.section(api, value);
                }
            } else {
                outline.leaves("", &Pointer::root().join(key), value);
            }
        }
        snapshot.apis.iter().for_each(|api| outline.api(api));
        outline
    }

    fn row(&mut self, api: &str, (subject, name): (Subject, String), says: impl Into<String>) {
        self.rows.insert(Name { api: api.to_owned(), subject, name }, says.into());
    }

    /// An api's part of the file.
    fn section(&mut self, api: &str, value: &Value) {
        for (key, value) in value.as_object().into_iter().flatten() {
            if key == "backends" {
                let one = std::slice::from_ref(value);
                value
                    .as_array()
                    .map_or(one, Vec::as_slice)
                    .iter()
                    .for_each(|one| self.backend(api, one));
            } else {
                self.leaves(api, &Pointer::root().join(key), value);
            }
        }
    }

    /// Each endpoint by version and address: its place in a list says nothing.
    fn backend(&mut self, api: &str, value: &Value) {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut rest = value.as_object().cloned().unwrap_or_default();
        let version = rest.remove("version").as_ref().map(text);
        let endpoints = rest.remove("endpoints").unwrap_or_default();
        let drained = rest.remove("drained").unwrap_or_default();
        rest.entry("weight").or_insert_with(|| 1.into());
        let one = std::slice::from_ref(&endpoints);
        let is_drained = |endpoint: &Value| match &drained {
            Value::Array(all) => all.contains(endpoint),
            one => one == endpoint,
        };
        for endpoint in endpoints.as_array().map_or(one, Vec::as_slice) {
            let name = match &version {
                Some(version) => format!("{version} {}", text(endpoint)),
                None => text(endpoint),
            };
            let mut says = flow(&Value::Object(rest.clone()));
            if is_drained(endpoint) {
                says.push_str(", drained");
            }
            self.row(api, (Subject::Backend, name), says);
        }
    }

    /// The values below a place, but for what nobody should read.
    fn leaves(&mut self, api: &str, at: &Pointer, value: &Value) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, value) in members {
                    // a consumer's key may be a credential
                    let hidden = at.as_str() == "/consumers";
                    let digest = hidden.then(|| sha256(key.as_bytes()));
                    let short = digest.as_deref().and_then(|digest| digest.get(..8));
                    self.leaves(api, &at.join(short.unwrap_or(key)), value);
                }
            }
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                for (index, item) in items.iter().enumerate() {
                    self.leaves(api, &at.join(&index.to_string()), item);
                }
            }
            other => {
                let secret = at.tokens().last().is_some_and(|last| SECRET.contains(&&*last));
                let says = if secret {
                    let digest = sha256(other.to_string().as_bytes());
                    format!("(hidden, {})", digest.get(..8).unwrap_or_default())
                } else {
                    flow(other)
                };
                self.row(api, (Subject::Setting, at.as_str().to_owned()), says);
            }
        }
    }

    fn api(&mut self, api: &Api) {
        self.row(&api.name, (Subject::Api, api.name.to_string()), place(api));
        let labels = api.versions.labels();
        for (client, label) in api.clients.iter().zip(labels) {
            let says = format!("{} operations", client.operations.len());
            self.row(&api.name, (Subject::Version, label.clone()), says);
        }
        for client in &api.clients {
            for operation in &client.operations {
                self.operation((api, labels), client, operation);
            }
        }
    }

    fn operation(
        &mut self,
        (api, labels): (&Api, &[String]),
        client: &ClientVersion,
        operation: &ClientOperation,
    ) {
        let way = |backend: &str| format!("{} {} → {backend}", operation.label, client.label);
        for judged in &operation.judged {
            let Some(backend) = labels.get(judged.backend) else { continue };
            for (direction, verdict) in [("request", judged.request), ("response", judged.response)]
            {
                let name = format!("{} {direction}", way(backend));
                let serves = if judged.serves { "" } else { ", not used" };
                self.row(&api.name, (Subject::Way, name), format!("{verdict}{serves}"));
            }
        }
        for choice in &operation.choices {
            let version = api.groups.get(choice.group).and_then(|group| group.version);
            let backend = version.and_then(|version| labels.get(version));
            let (Some(crossing), Some(backend)) = (&choice.crossing, backend) else { continue };
            for (message, loss) in losses(crossing) {
                let name = format!("{} {message} {} {}", way(backend), loss.rule, loss.at);
                self.row(&api.name, (Subject::Loss, name), loss.text.clone());
            }
        }
    }
}

/// Keys whose values are shown to nobody.
const SECRET: [&str; 3] = ["hash", "sha256", "token"];

/// Where an api is found.
fn place(api: &Api) -> String {
    let path = if api.prefix.is_empty() { "/" } else { &api.prefix };
    if api.hosts.is_empty() {
        path.to_owned()
    } else {
        format!("{path} at {}", api.hosts.join(", "))
    }
}

/// A value as people write it in one line.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let one = |(key, value): (&String, &Value)| match value {
                Value::Object(_) => format!("{key}: {{ {} }}", flow(value)),
                _ => format!("{key}: {}", flow(value)),
            };
            members.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// What a way may lose, each with its message.
pub(super) fn losses(crossing: &Crossing) -> Vec<(String, &Loss)> {
    let mut found: Vec<(String, &Loss)> = Vec::new();
    of_message(&crossing.request).for_each(|loss| found.push(("request".to_owned(), loss)));
    for member in crossing.hiding.iter().flat_map(|hiding| &hiding.members) {
        found.push(("request".to_owned(), member));
    }
    for (status, message) in &crossing.responses {
        let name = |status: &Status| format!("response {status}");
        of_message(message).for_each(|loss| found.push((name(status), loss)));
    }
    found
}

fn of_message(message: &CrossingMessage) -> impl Iterator<Item = &Loss> {
    let all = message.bodies.iter().chain(&message.bare).chain(&message.beside);
    let noted = all.filter_map(|body| body.conversion.as_ref());
    let noted = noted.flat_map(|one| one.losses.iter().flatten());
    message.parameter_losses.iter().chain(noted).flatten().map(|loss| &**loss)
}
