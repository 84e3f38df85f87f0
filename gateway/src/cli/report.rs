//! The stable shape of what `check` and `diff` report; `--format json` writes it as it stands.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What the `format` member says; changes when a member is renamed or removed.
pub(super) const FORMAT: &str = "evergate-check/1";

/// The whole report.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "evergate check")]
pub(super) struct CheckReport {
    /// Always `evergate-check/1`; another number means another shape.
    pub(super) format: &'static str,
    /// `backward`, `forward` or `full`.
    pub(super) compat: &'static str,
    /// Whether senders were assumed to send undeclared members too.
    pub(super) strict: bool,
    /// `holds`, `findings` or `unjudged`.
    pub(super) outcome: &'static str,
    /// Each api, sorted by directory.
    pub(super) apis: Vec<ApiReport>,
}

/// One api.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct ApiReport {
    /// Its name.
    pub(super) api: String,
    /// Its versions, oldest first.
    pub(super) versions: Vec<String>,
    /// Operations and plain documents that were compared, counted once for each pair of versions.
    pub(super) operations: usize,
    /// Messages that were judged, over all pairs.
    pub(super) messages: usize,
    /// Messages by verdict.
    pub(super) verdicts: Counts,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<f64>,
    /// Faults of the files.
    pub(super) problems: Vec<Fault>,
    /// What is broken or undecided.
    pub(super) findings: Vec<Row>,
    /// What holds by a conversion or by a policy, with the steps and losses.
    pub(super) conversions: Vec<Row>,
    /// What changed in the documents (`diff` only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) changes: Vec<ChangeRow>,
}

/// Messages by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Counts {
    /// Compatible without conversion.
    pub(super) native: usize,
    /// Compatible by conversion.
    pub(super) bridged: usize,
    /// Compatible by a conversion that drops information.
    pub(super) lossy: usize,
    /// Neither proved nor refuted.
    pub(super) undecided: usize,
    /// Some payload does not get through.
    pub(super) broken: usize,
}

/// A part of a message: a body, a parameter, a header.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(super) struct Row {
    /// Stays the same while the same finding stays: SHA-256 of api, operation, side, part and rule.
    pub(super) fingerprint: String,
    /// The client's version (of a plain document: the writer's).
    pub(super) client: String,
    /// The backend's version (of a plain document: the reader's).
    pub(super) backend: String,
    /// `METHOD /path`, or the plain document's name.
    pub(super) operation: String,
    /// `request`, `response` or `document`.
    pub(super) side: &'static str,
    /// The response's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<String>,
    /// `body application/json`, `query parameter limit`, `header etag` or `whole`.
    pub(super) part: String,
    /// The verdict.
    pub(super) verdict: &'static str,
    /// The reader's keyword that refuses the witness, `undecided`, or `operation-removed`; absent when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<String>,
    /// The plan refuses no payload that the sender declared.
    pub(super) total: bool,
    /// Where the sender's document declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sender_place: Option<Spot>,
    /// Where the reader's document declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reader_place: Option<Spot>,
    /// The payload that does not get through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) witness: Option<Proof>,
    /// Why it is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) undecided: Option<Unknown>,
    /// A payload that breaks only if the sender sends members it never declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict_witness: Option<Proof>,
    /// What the verdict rests on.
    pub(super) policies: Vec<&'static str>,
    /// What the conversion does.
    pub(super) steps: Vec<Step>,
    /// What the conversion drops or replaces.
    pub(super) losses: Vec<Step>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Spot {
    /// The file.
    pub(super) file: String,
    /// Line, from 1; 0 when unknown.
    pub(super) line: u32,
    /// Column in characters, from 1; 0 when unknown.
    pub(super) column: u32,
    /// JSON pointer inside the file.
    pub(super) pointer: String,
}

/// A payload that proves a break.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Proof {
    /// Valid for the sender.
    pub(super) payload: Value,
    /// What the reader gets, when that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) received: Option<Value>,
    /// Where the reader objects, as a JSON pointer.
    pub(super) at: String,
    /// The reader's keyword.
    pub(super) keyword: String,
    /// What the reader says.
    pub(super) message: String,
}

/// Why there is neither proof nor witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Unknown {
    /// What stopped the proof.
    pub(super) reason: String,
    /// Where in the sender's schema, as a JSON pointer.
    pub(super) at: String,
    /// How many generated payloads got through.
    pub(super) tried: u32,
}

/// One step of a conversion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Step {
    /// The rule, `A3` or `L1`.
    pub(super) rule: &'static str,
    /// What is done.
    pub(super) text: String,
    /// Where, as a JSON pointer with `*` for any.
    pub(super) at: String,
}

/// A fault of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Fault {
    /// Where.
    pub(super) place: Spot,
    /// `error` or `warning`.
    pub(super) severity: &'static str,
    /// What is wrong.
    pub(super) what: String,
    /// What to write instead.
    pub(super) remedy: String,
}

/// A difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct ChangeRow {
    /// The rule's id; `evergate rules ID` says what it means.
    pub(super) rule: &'static str,
    /// The message or component.
    pub(super) subject: String,
    /// Where inside it, as a JSON pointer with `*` for any.
    pub(super) pointer: String,
    /// What exactly.
    pub(super) message: String,
    /// `request` or `response`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) side: Option<&'static str>,
    /// Where the older document declares the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) old: Option<Spot>,
    /// Where the newer document declares the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) new: Option<Spot>,
}
