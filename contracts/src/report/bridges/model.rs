//! The stable shape of what `check --bridges` reports; `--format json` writes it as it stands.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use super::super::model::{Counts, Fault, Outcome};
use crate::policy::{FailOn, Settings};

/// What the `format` member says; changes when a member is renamed or removed.
pub const FORMAT: &str = "evergate-bridges/1";

/// Every ordered pair of versions of every api.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "evergate check --bridges")]
pub struct BridgesReport {
    /// Always `evergate-bridges/1`; another number means another shape.
    pub format: &'static str,
    /// `backward`, `forward` or `full`: which pairs make a run fail.
    pub compat: &'static str,
    /// Whether senders were assumed to send undeclared members too.
    pub strict: bool,
    /// The mildest finding that makes a run fail: `broken`, `breaking`, `risky`, `lossy`, `warning`; or `never`.
    pub fail_on: &'static str,
    /// `holds`, `findings` or `unjudged`.
    pub outcome: &'static str,
    /// Each api, sorted by name.
    pub apis: Vec<ApiBridges>,
    #[serde(skip)]
    fail: FailOn,
}

/// One api.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApiBridges {
    /// Its name.
    pub api: String,
    /// Its versions, oldest first.
    pub versions: Vec<String>,
    /// Every ordered pair of two different versions, by client and then by backend.
    pub cells: Vec<BridgeCell>,
    /// What is lost on the way, each thing once with all pairs where it is lost.
    pub losses: Vec<BridgeRow>,
    /// What does not get through, or is not known to, each thing once with all pairs where it does not.
    pub breaks: Vec<BridgeRow>,
    /// Faults of the files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Fault>,
}

/// Whether clients of one version can be served by backends of another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BridgeCell {
    /// The client's version (of a plain document: the writer's).
    pub client: String,
    /// The backend's version (of a plain document: the reader's).
    pub backend: String,
    /// Whether this pair makes the run fail, by `compat`.
    pub asked: bool,
    /// `native`, `bridged`, `lossy`, `undecided` or `broken`: the worst of its operations.
    pub verdict: &'static str,
    /// Operations (and plain documents, and webhooks) by the worst verdict of their messages.
    pub operations: Counts,
}

/// A client's and a backend's version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Ends {
    /// The client's.
    pub client: String,
    /// The backend's.
    pub backend: String,
}

/// Something that is lost, or that does not get through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BridgeRow {
    /// `lossy`, `broken` or `undecided`.
    pub verdict: &'static str,
    /// Of a loss the rule of the step, as `A1`; of a break the change that causes it, or the reader's keyword.
    pub rule: String,
    /// What is lost, or why it does not get through.
    pub said: String,
    /// Where in the payload, as a JSON pointer with `*` for any; empty for the whole.
    pub at: String,
    /// `METHOD /path`, or the plain document's name.
    pub operation: String,
    /// `request`, `response` or `document`; of a webhook or callback `outgoing request` or `outgoing response`.
    pub side: &'static str,
    /// The response's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `body application/json`, `query parameter limit`, `header etag` or `whole`.
    pub part: String,
    /// Other messages that the same cause reaches.
    pub reached: usize,
    /// Between which versions.
    pub pairs: Vec<Ends>,
}

impl BridgesReport {
    /// The report with its outcome.
    pub fn new(mut apis: Vec<ApiBridges>, settings: Settings) -> Self {
        apis.sort_by(|one, other| one.api.cmp(&other.api));
        let mut report = Self {
            format: FORMAT,
            compat: settings.compat.word(),
            strict: settings.strict,
            fail_on: settings.fail_on.word(),
            outcome: Outcome::Holds.word(),
            apis,
            fail: settings.fail_on,
        };
        report.outcome = report.outcome().word();
        report
    }

    /// How it ended: a finding is a pair in the asked direction that is broken or undecided, with `--fail-on lossy`
    /// also one that is lossy.
    pub fn outcome(&self) -> Outcome {
        let unread = |api: &ApiBridges| {
            api.versions.is_empty() || api.problems.iter().any(|one| one.severity == "error")
        };
        if self.apis.iter().any(unread) {
            return Outcome::Unjudged;
        }
        let fails = |cell: &BridgeCell| match cell.verdict {
            "broken" | "undecided" => self.fail <= FailOn::Broken,
            "lossy" => self.fail <= FailOn::Lossy,
            _ => false,
        };
        let mut cells = self.apis.iter().flat_map(|api| &api.cells);
        if cells.any(|cell| cell.asked && fails(cell)) { Outcome::Findings } else { Outcome::Holds }
    }

    /// The JSON Schema of what this serializes to.
    pub fn json_schema() -> Value {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<Self>().to_value()
    }
}

impl ApiBridges {
    /// The cell of a client's and a backend's version; `None` for one version twice.
    pub fn cell(&self, client: &str, backend: &str) -> Option<&BridgeCell> {
        self.cells.iter().find(|cell| cell.client == client && cell.backend == backend)
    }
}
