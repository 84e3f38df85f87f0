//! An explanation as programs read it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::snapshot::Spot;

/// What would become of a request, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The configuration that was asked, counted from 1 since the gateway started.
    pub generation: u64,
    /// The digest of all its files.
    pub digest: String,
    /// Whether a running gateway was asked, which knows how its backends are; else they are taken to be well.
    pub live: bool,
    /// `sent`, `refused`, or `answered` by the gateway itself.
    pub outcome: String,
    /// The api.
    pub api: Option<String>,
    /// The version that the client asks for.
    pub client_version: Option<String>,
    /// The operation in the client's version: method and path template.
    pub operation: Option<String>,
    /// The version of the backend that would serve it.
    pub backend_version: Option<String>,
    /// The problem document that the client would get.
    pub refusal: Option<Value>,
    /// The request as a backend would get it.
    pub sent: Option<Sent>,
    /// What the conversion of this very request loses.
    pub lost: Vec<Lost>,
    /// Each decision, in order.
    pub steps: Vec<Step>,
}

impl Explanation {
    /// The JSON Schema of what this serializes to.
    pub fn json_schema() -> Value {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<Self>().to_value()
    }
}

/// A request as a backend would get it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// The body; absent where there is none, where it is no text, or where the backend's own document has to be read first.
    pub body: Option<String>,
    /// Octets of the body.
    pub octets: usize,
}

/// One field of a head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// Lower case.
    pub name: String,
    /// What it says; that of a credential is not shown.
    pub value: String,
    /// `added` or `changed` by the gateway; absent for one that passes as it came.
    pub by_gateway: Option<String>,
}

/// One kind of loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lost {
    /// The row of the rules.
    pub rule: String,
    /// Where, in the client's names.
    pub at: String,
    /// What is done there.
    pub what: String,
    /// How often.
    pub times: u64,
}

/// One decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// `target`, `api`, `version`, `operation`, `candidates`, `backend`, `request`, `sent`, `responses` or `refusal`.
    pub step: String,
    /// What was decided.
    pub says: String,
    /// File and line that it comes from.
    pub source: Option<String>,
    /// What it was decided from.
    pub notes: Vec<Note>,
}

/// One fact that a decision rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// The fact.
    pub says: String,
    /// File and line that it comes from.
    pub source: Option<String>,
}

impl Step {
    pub(super) fn new(step: &str, says: impl Into<String>) -> Self {
        Self { step: step.to_owned(), says: says.into(), ..Self::default() }
    }

    pub(super) fn from(self, spot: &Spot) -> Self {
        Self { source: placed(spot), ..self }
    }

    pub(super) fn note(&mut self, says: impl Into<String>) {
        self.notes.push(Note { says: says.into(), source: None });
    }

    pub(super) fn note_from(&mut self, says: impl Into<String>, spot: &Spot) {
        self.notes.push(Note { says: says.into(), source: placed(spot) });
    }
}

fn placed(spot: &Spot) -> Option<String> {
    spot.file.as_ref().map(|_| spot.to_string())
}
