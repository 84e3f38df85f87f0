//! The stable shape of what `check` and `diff` report; `--format json` writes it as it stands.

use std::cmp::Reverse;

use jiff::civil::Date;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use super::finding::{Class, Finding, WaiverUse};
use super::flatten::findings;
use super::waive::{Standing, waive};
use crate::policy::Settings;

/// What the `format` member says; changes when a member is renamed or removed.
pub const FORMAT: &str = "evergate-check/1";

/// The whole report.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "evergate check")]
pub struct CheckReport {
    /// Always `evergate-check/1`; another number means another shape.
    pub format: &'static str,
    /// `backward`, `forward` or `full`.
    pub compat: &'static str,
    /// Whether senders were assumed to send undeclared members too.
    pub strict: bool,
    /// `strict`, `standard` or `lenient`.
    pub policy: &'static str,
    /// The mildest finding that makes a run fail: `broken`, `breaking`, `risky`, `lossy`, `warning`; or `never`.
    pub fail_on: &'static str,
    /// `holds`, `findings` or `unjudged`.
    pub outcome: &'static str,
    /// All that somebody must answer for, what makes the run fail first, then the worst first.
    pub findings: Vec<Finding>,
    /// Each waiver, and what became of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverUse>,
    /// Each api, sorted by directory.
    pub apis: Vec<ApiReport>,
    #[serde(skip)]
    settings: Settings,
}

impl CheckReport {
    /// The report on these apis, with its findings and its outcome.
    pub fn new(apis: Vec<ApiReport>, settings: Settings) -> Self {
        let mut report = Self {
            format: FORMAT,
            compat: settings.compat.word(),
            strict: settings.strict,
            policy: settings.policy.word(),
            fail_on: settings.fail_on.word(),
            outcome: Outcome::Holds.word(),
            findings: apis.iter().flat_map(|api| findings(api, settings)).collect(),
            waivers: Vec::new(),
            apis,
            settings,
        };
        report.settle();
        report
    }

    /// Marks what is waived on that day; a waiver that is expired or unused is a finding itself.
    pub fn waive(&mut self, waivers: &[Standing], today: Date) {
        self.waivers = waive(&mut self.findings, waivers, today, self.settings);
        self.settle();
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        if self.apis.iter().any(|api| api.versions.is_empty())
            || self.findings.iter().any(|one| one.class == Class::Unreadable)
        {
            // what was not judged may be worse than what was
            Outcome::Unjudged
        } else if self.findings.iter().any(Finding::fails) {
            Outcome::Findings
        } else {
            Outcome::Holds
        }
    }

    fn settle(&mut self) {
        self.findings.sort_by_key(|one| Reverse((one.level, one.class)));
        self.outcome = self.outcome().word();
    }

    /// The JSON Schema of what this serializes to.
    pub fn json_schema() -> Value {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<Self>().to_value()
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every message gets through.
    Holds,
    /// Something was found that makes the run fail.
    Findings,
    /// A document could not be read.
    Unjudged,
}

impl Outcome {
    /// The program's exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Findings => 1,
            Self::Unjudged => 2,
        }
    }

    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Findings => "findings",
            Self::Unjudged => "unjudged",
        }
    }
}

/// One api.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct ApiReport {
    /// Its name.
    pub api: String,
    /// Its versions, oldest first.
    pub versions: Vec<String>,
    /// Operations and plain documents that were compared, counted once for each pair of versions.
    pub operations: usize,
    /// Messages that were judged, over all pairs.
    pub messages: usize,
    /// Messages by verdict.
    pub verdicts: Counts,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Faults of the files.
    pub problems: Vec<Fault>,
    /// What is broken or undecided.
    pub findings: Vec<Row>,
    /// What holds by a conversion or by a policy, with the steps and losses.
    pub conversions: Vec<Row>,
    /// The pairs of versions that were judged.
    pub pairs: Vec<PairReport>,
    /// What is broken, undecided or lossy between versions that were not asked about (with the matrix only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Row>,
    /// Every message of the asked pairs.
    #[serde(skip)]
    pub judged: Vec<Judged>,
    /// What changed in the documents; `check` leaves out what is safe.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeRow>,
    /// Whether people are told all changes, as by `diff`, or only those that are findings.
    #[serde(skip)]
    pub tells_changes: bool,
    /// What is wrong with the versions themselves: a release that was edited or is gone, a number that moved too little.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<ReleaseRow>,
    /// How far the newest version's number must move, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bump: Option<BumpRow>,
}

/// Something wrong with a version itself, not with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReleaseRow {
    /// `release-edited`, `release-removed` or `version-bump-insufficient`.
    pub rule: &'static str,
    /// The version.
    pub version: String,
    /// What of it, as in `operation GET /orders`; empty when it is about the whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// What is the matter, in one sentence.
    pub said: String,
    /// What to do.
    pub remedy: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Spot>,
}

/// How far a version's number moved, and how far it must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BumpRow {
    /// `none`, `patch`, `minor` or `major`: what the changes call for.
    pub required: &'static str,
    /// The version before.
    pub from: String,
    /// The lowest version that is enough; absent where only the author can say, as for dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lowest: Option<String>,
    /// The version as it is.
    pub declared: String,
    /// Whether that is enough.
    pub sufficient: bool,
}

/// A message that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The client's version (of a plain document: the writer's).
    pub client: String,
    /// The backend's version (of a plain document: the reader's).
    pub backend: String,
    /// `METHOD /path`, or the plain document's name.
    pub operation: String,
    /// `request`, `response` or `document`.
    pub side: &'static str,
    /// The response's status.
    pub status: Option<String>,
    /// The verdict.
    pub verdict: &'static str,
}

/// A client's and a backend's version, and what is known between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PairReport {
    /// The client's version (of a plain document: the writer's).
    pub client: String,
    /// The backend's version (of a plain document: the reader's).
    pub backend: String,
    /// Whether this pair was asked about; what breaks between others makes no run fail.
    pub asked: bool,
    /// Messages by verdict.
    pub verdicts: Counts,
}

/// Messages by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Compatible without conversion.
    pub native: usize,
    /// Compatible by conversion.
    pub bridged: usize,
    /// Compatible by a conversion that drops information.
    pub lossy: usize,
    /// Neither proved nor refuted.
    pub undecided: usize,
    /// Some payload does not get through.
    pub broken: usize,
}

/// A part of a message: a body, a parameter, a header.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Row {
    /// Stays the same while the same finding stays, whatever else changes in the documents: SHA-256 of the api, the
    /// side, the rule, the components and pointers it is about (no lines, no versions), and the member or value.
    pub fingerprint: String,
    /// The client's version (of a plain document: the writer's).
    pub client: String,
    /// The backend's version (of a plain document: the reader's).
    pub backend: String,
    /// `METHOD /path`, or the plain document's name.
    pub operation: String,
    /// `request`, `response` or `document`; of a webhook or callback `outgoing request` or `outgoing response`.
    pub side: &'static str,
    /// The response's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `body application/json`, `query parameter limit`, `header etag` or `whole`.
    pub part: String,
    /// The verdict.
    pub verdict: &'static str,
    /// The id of the change that causes it; where none was found the reader's keyword that refuses the witness,
    /// `undecided`, or `operation-removed`; absent when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The reader's keyword that refuses the witness, or the rule of the conversion that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
    /// The plan refuses no payload that the sender declared.
    pub total: bool,
    /// Where the sender's document declares it: of a finding, the very member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_place: Option<Spot>,
    /// Where the reader's document declares it: of a finding, the very keyword that refuses; where something is
    /// missing as a whole, where it would stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader_place: Option<Spot>,
    /// The payload that does not get through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Proof>,
    /// Why it is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<Unknown>,
    /// A payload that breaks only if the sender sends members it never declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict_witness: Option<Proof>,
    /// What the verdict rests on.
    pub policies: Vec<&'static str>,
    /// What the conversion does.
    pub steps: Vec<Step>,
    /// What the conversion drops or replaces.
    pub losses: Vec<Step>,
    /// The change between the two versions that causes a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The other messages that a finding's cause reaches, in the order of the operations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reach>,
    /// What to do about a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

/// The change that causes a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cause {
    /// The rule's id; `evergate rules ID` says what it means.
    pub rule: &'static str,
    /// What exactly.
    pub message: String,
    /// Where in the payload or component, as a JSON pointer with `*` for any.
    pub pointer: String,
    /// Where in the older document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Spot>,
    /// Where in the newer document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Spot>,
}

/// A message that the cause of a finding reaches too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reach {
    /// `METHOD /path`, or the plain document's name.
    pub operation: String,
    /// `request`, `response` or `document`.
    pub side: &'static str,
    /// The response's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// As in a row.
    pub part: String,
}

/// What to do about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Remedy {
    /// One sentence.
    pub text: String,
    /// An entry of the newer version's `changes.yaml`, ready to paste, where a lens would help. Its values are
    /// proposals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Spot {
    /// The file.
    pub file: String,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
    /// Column in characters, from 1; 0 when unknown.
    pub column: u32,
    /// JSON pointer inside the file.
    pub pointer: String,
}

/// A payload that proves a break.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Proof {
    /// Valid for the sender.
    pub payload: Value,
    /// What the reader gets, when that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<Value>,
    /// Where the reader objects, as a JSON pointer.
    pub at: String,
    /// The reader's keyword.
    pub keyword: String,
    /// What the reader's validator says.
    pub message: String,
    /// The same in one sentence for people; empty when there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub said: String,
    /// The unions the objection is inside of, the outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Inside>,
}

/// A union of which no variant takes the payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Inside {
    /// `oneOf` or `anyOf`.
    pub keyword: &'static str,
    /// Where in the payload, as a JSON pointer.
    pub at: String,
    /// The variant that came closest and that the objection is about: its component or title, else its number from 1.
    pub branch: String,
}

/// Why there is neither proof nor witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unknown {
    /// What stopped the proof.
    pub reason: String,
    /// Where in the sender's schema, as a JSON pointer.
    pub at: String,
    /// How many generated payloads got through.
    pub tried: u32,
}

/// One step of a conversion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// The rule, `A3` or `L1`.
    pub rule: &'static str,
    /// What is done.
    pub text: String,
    /// Where, as a JSON pointer with `*` for any.
    pub at: String,
}

/// A fault of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fault {
    /// Where.
    pub place: Spot,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

/// A difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangeRow {
    /// The rule's id; `evergate rules ID` says what it means.
    pub rule: &'static str,
    /// `breaking`, `risky` or `safe`, for the asked directions and what is proved of the messages.
    pub level: &'static str,
    /// `payload`, `meaning`, `service` (credentials, servers, links) or `notice` (life cycle, documentation).
    pub about: &'static str,
    /// The older version.
    pub from: String,
    /// The newer version.
    pub to: String,
    /// The message or component.
    pub subject: String,
    /// Where inside it, as a JSON pointer with `*` for any.
    pub pointer: String,
    /// What exactly.
    pub message: String,
    /// `request` or `response`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<&'static str>,
    /// Where the older document declares the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Spot>,
    /// Where the newer document declares the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Spot>,
}

/// Whether messages of this side are sent by the backend, and read by the client.
pub(crate) fn from_backend(side: &str) -> bool {
    matches!(side, "response" | "outgoing request")
}
