//! A finding: one thing that somebody must answer for, in the one shape from which every output is written.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::flatten::digest;
use super::model::{Proof, Reach, Spot, from_backend};
use crate::policy::{FailOn, Settings};

/// Hex digits of a fingerprint that people see.
pub const SHORT_FINGERPRINT: usize = 12;

/// How bad a finding is, the mildest first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A document or a waiver that should be mended.
    #[default]
    Warning,
    /// A conversion that holds and loses information.
    Lossy,
    /// A change that breaks some clients.
    Risky,
    /// A change beside the payloads that breaks clients.
    Breaking,
    /// Neither proved nor refuted.
    Undecided,
    /// Some payload does not get through.
    Broken,
    /// A document that could not be read, so that nothing is known of it.
    Unreadable,
}

impl Class {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Lossy => "lossy",
            Self::Risky => "risky",
            Self::Breaking => "breaking",
            Self::Undecided => "undecided",
            Self::Broken => "broken",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether it makes a run fail.
    pub(super) fn fails(self, settings: Settings) -> bool {
        let threshold = match settings.fail_on {
            FailOn::Warning => Self::Warning,
            FailOn::Lossy => Self::Lossy,
            FailOn::Risky => Self::Risky,
            FailOn::Breaking => Self::Breaking,
            // unknown never passes
            FailOn::Broken => Self::Undecided,
            FailOn::Never => Self::Unreadable,
        };
        self >= threshold
    }
}

/// What a finding does to the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It is waived.
    Note,
    /// It is told.
    #[default]
    Warning,
    /// It makes the run fail.
    Error,
}

impl Weight {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that somebody must answer for.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Finding {
    /// Stays the same while the same finding stays, in every run: SHA-256, 64 hex digits.
    pub fingerprint: String,
    /// `message`, `change`, `document`, `release` or `waiver`.
    pub about: &'static str,
    /// The api.
    pub api: String,
    /// How bad it is.
    pub class: Class,
    /// What it does to the run: `error` makes it fail, `warning` is told, `note` is waived.
    pub level: Weight,
    /// The rule's id: of a message the reader's keyword or the conversion's rule that refuses the payload.
    pub rule: String,
    /// What is the matter, in one line.
    pub title: String,
    /// `METHOD /path`, or the plain document's name; empty when it is about no operation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// `request`, `response` or `document`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<&'static str>,
    /// The response's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The client's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The backend's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// Why, in one sentence: what the reader said, or what changed.
    pub said: String,
    /// What else people want to know, paragraph by paragraph.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The places in the documents; where it is best mended first.
    pub places: Vec<Labelled>,
    /// The payload that proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Proof>,
    /// What to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// An entry of the newer version's `changes.yaml`, ready to paste, where a lens would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
    /// The other messages that the same cause breaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reach>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waived: Option<Waived>,
}

impl Finding {
    /// The beginning of the fingerprint, as people see it.
    pub fn short(&self) -> &str {
        short(&self.fingerprint)
    }

    /// The finding among those of all pairs of versions, as hex digits: a break between two versions may be found
    /// between two others too, and then has the same fingerprint.
    pub(super) fn identity(&self) -> String {
        let version = |one: &Option<String>| one.clone().unwrap_or_default();
        digest(&[&self.fingerprint, &version(&self.client), &version(&self.backend)])
    }

    /// Whether it makes the run fail.
    pub fn fails(&self) -> bool {
        self.level == Weight::Error
    }

    /// The versions of the message's sender and reader.
    pub fn roles(&self) -> (&str, &str) {
        let client = self.client.as_deref().unwrap_or_default();
        let backend = self.backend.as_deref().unwrap_or_default();
        if self.side.is_some_and(from_backend) { (backend, client) } else { (client, backend) }
    }

    /// What to write into the waiver file so that this finding, and no other, may stand.
    pub fn waiver(&self) -> String {
        let mut lines = vec![format!("- fingerprint: \"{}\"", self.short())];
        let versions = [("client", &self.client), ("backend", &self.backend)];
        for (name, version) in versions {
            lines.extend(
                version.as_ref().map(|one| format!("  {name}: {}", Value::from(one.as_str()))),
            );
        }
        lines.push("  reason: why nobody is hurt".to_owned());
        lines.push("  expires: YEAR-MONTH-DAY".to_owned());
        lines.join("\n")
    }
}

/// The beginning of a fingerprint, as people see it.
pub fn short(fingerprint: &str) -> &str {
    fingerprint.get(..SHORT_FINGERPRINT).unwrap_or(fingerprint)
}

/// A place and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Labelled {
    /// What stands there, as in "the sender declares it here".
    pub label: String,
    /// Where.
    #[serde(flatten)]
    pub spot: Spot,
}

/// Why a finding may stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waived {
    /// As it is written.
    pub reason: String,
    /// The last day, or `never`.
    pub expires: String,
    /// Where the waiver is written.
    pub place: Spot,
}

/// A waiver, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaiverUse {
    /// Where it is written.
    pub place: Spot,
    /// As it is written.
    pub reason: String,
    /// The last day, or `never`.
    pub expires: String,
    /// `used`, `unused` or `expired`.
    pub state: &'static str,
    /// The fingerprints of the findings that it is about, each as often as it was found.
    pub fingerprints: Vec<String>,
}
