//! One entry of the journal: what is known of a change, or of one that was refused.

use std::fmt;

use evergate_schemas::problem::{Problem, Severity};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounded::bounded;

/// Most octets of a name, an address, a path or a digest.
const NAME: usize = 256;
/// Most octets of the reason that an administrator gives.
const WHY: usize = 1000;
/// Most octets of a sentence.
const SENTENCE: usize = 300;
/// Most problems of a refused configuration; the others are counted.
const PROBLEMS: usize = 10;

/// What called for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The process began.
    Start,
    /// A file was written.
    FileChange,
    /// SIGHUP.
    Signal,
    /// `POST /reload`.
    Reload,
    /// `PUT /config`.
    Put,
    /// A part of the configuration was changed over the admin listener.
    Patch,
    /// A backend was drained, or is asked again.
    Drain,
    /// A configuration of the past was brought back.
    Rollback,
    /// The journal itself was mended.
    Recovery,
}

impl Cause {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::FileChange => "file change",
            Self::Signal => "signal",
            Self::Reload => "reload",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Drain => "drain",
            Self::Rollback => "rollback",
            Self::Recovery => "recovery",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.word())
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The file is about to be written; the entry that follows names this one and says what came of it.
    Begun,
    /// In use.
    Applied,
    /// Not taken: it is wrong.
    Refused,
    /// Not taken: it was made for another configuration than the one in use.
    Stale,
    /// Not taken: it could not be written.
    Failed,
    /// A piece of the journal was set aside.
    SetAside,
}

impl Outcome {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::SetAside => "set aside",
        }
    }
}

/// Who calls for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// What called for it.
    pub(crate) cause: Cause,
    /// The name of a token, the subject of a certificate, or `file`, `signal`, `start`.
    pub(crate) who: String,
    /// The role that the change was made in.
    pub(crate) role: Option<&'static str>,
    /// The address of the peer, or the socket.
    pub(crate) from: Option<String>,
    /// What an administrator says it is good for.
    pub(crate) why: Option<String>,
}

impl Actor {
    /// Nobody in particular.
    pub(crate) fn system(cause: Cause) -> Self {
        let who = match cause {
            Cause::FileChange => "file",
            other => other.word(),
        };
        Self { cause, who: who.to_owned(), role: None, from: None, why: None }
    }
}

/// What is to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) outcome: Outcome,
    /// The digest of the configuration that was in use.
    pub(crate) before: Option<&'a str>,
    /// The digest of the one that was asked for, if it came that far.
    pub(crate) after: Option<&'a str>,
    /// The generation that it became.
    pub(crate) generation: Option<u64>,
    /// The entry that said that this was begun.
    pub(crate) of: Option<u64>,
    /// A sentence more.
    pub(crate) note: Option<String>,
    pub(crate) problems: &'a [Problem],
}

impl<'a> Draft<'a> {
    pub(crate) fn new(actor: &'a Actor, outcome: Outcome) -> Self {
        let (before, after, generation, of, note) = (None, None, None, None, None);
        Self { actor, outcome, before, after, generation, of, note, problems: &[] }
    }

    /// Of one configuration to another.
    pub(crate) fn digests(self, before: Option<&'a str>, after: Option<&'a str>) -> Self {
        Self { before, after, ..self }
    }

    /// With what is wrong.
    pub(crate) fn problems(self, problems: &'a [Problem]) -> Self {
        Self { problems, ..self }
    }

    /// With a sentence more.
    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// As the generation of this number.
    pub(crate) fn generation(self, generation: u64) -> Self {
        Self { generation: Some(generation), ..self }
    }

    /// What came of what an entry began.
    pub(crate) fn of(self, begun: u64) -> Self {
        Self { of: Some(begun), ..self }
    }
}

/// A problem, bounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Recorded")]
pub(crate) struct Told {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

/// An entry as it stands in the journal. Words rather than enums, so that what a newer program wrote can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Entry {
    pub(crate) sequence: u64,
    pub(crate) time: String,
    pub(crate) cause: String,
    pub(crate) result: String,
    pub(crate) who: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generation: Option<u64>,
    /// The entry that said that this was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) problems: Vec<Told>,
    /// Problems that are not told.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) more_problems: usize,
    /// Entries before this one that could not be written.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) missed: usize,
    pub(crate) previous: String,
    /// Of the line as it was read; never written here.
    #[serde(default, skip_serializing)]
    pub(crate) hash: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Entry {
    /// What is written of a draft, less its place in the chain.
    pub(super) fn of(draft: &Draft<'_>, now: Timestamp) -> Self {
        let actor = draft.actor;
        let name = |text: &str| bounded(text, NAME);
        let (problems, more_problems) = told(draft.problems);
        Self {
            sequence: 0,
            time: format!("{now:.3}"),
            cause: actor.cause.word().to_owned(),
            result: draft.outcome.word().to_owned(),
            who: name(&actor.who),
            role: actor.role.map(str::to_owned),
            from: actor.from.as_deref().map(name),
            why: actor.why.as_deref().map(|why| bounded(why, WHY)),
            before: draft.before.map(name),
            after: draft.after.map(name),
            generation: draft.generation,
            of: draft.of,
            note: draft.note.as_deref().map(|note| bounded(note, SENTENCE)),
            problems,
            more_problems,
            missed: 0,
            previous: String::new(),
            hash: String::new(),
        }
    }

    /// Whether these very problems are told here, and there are some.
    pub(crate) fn tells(&self, problems: &[Problem]) -> bool {
        let (told, more) = told(problems);
        !told.is_empty() && self.problems == told && self.more_problems == more
    }

    /// For programs, with its hash.
    pub(crate) fn as_json(&self) -> serde_json::Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.insert("hash".to_owned(), self.hash.as_str().into());
        }
        value
    }
}

/// The first of the errors, and how many more there are.
fn told(problems: &[Problem]) -> (Vec<Told>, usize) {
    let errors = || problems.iter().filter(|one| one.severity == Severity::Error);
    let one = |problem: &Problem| Told {
        file: bounded(&problem.place.file, NAME),
        line: problem.place.line,
        column: problem.place.column,
        what: bounded(&problem.what, SENTENCE),
        remedy: bounded(&problem.remedy, SENTENCE),
    };
    let first: Vec<Told> = errors().take(PROBLEMS).map(one).collect();
    let more = errors().count() - first.len();
    (first, more)
}
