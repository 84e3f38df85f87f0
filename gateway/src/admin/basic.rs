//! Liveness, readiness, metrics and reload.

use bytes::Bytes;
use evergate_schemas::problem::{Problem, Severity};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use schemars::JsonSchema;
use serde::Serialize;

use super::configuration::actor;
use super::desk::{Answer, Call, Desk, Fault, json_answer, problem};
use crate::control::{Cause, Head, Reloaded};

/// The media type of metrics.
pub(super) const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The process is alive.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Live {
    live: bool,
}

/// Whether traffic is taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Readiness {
    /// Not while it drains.
    ready: bool,
    /// Counts the configurations that came into use, from 1.
    generation: u64,
    /// Of the configuration and all descriptions: the same on every replica that has the same files.
    digest: String,
    /// Set where the last good configuration serves instead of the one in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_good: Option<bool>,
    /// What is wrong with the one in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<Told>>,
}

/// What came of a reload.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reload {
    /// Whether the files were other ones.
    pub(super) changed: bool,
    /// Counts the configurations that came into use, from 1.
    pub(super) generation: u64,
    /// Of the configuration that is in use now.
    pub(super) digest: String,
    /// What is odd, and in use all the same.
    pub(super) warnings: Vec<Told>,
    /// Its entry in the journal; `null` where nothing changed or the journal cannot be written.
    pub(super) entry: Option<EntryName>,
}

/// An entry of the journal.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EntryName {
    /// Its number, from 1.
    sequence: u64,
    /// The SHA-256 that chains it to those before.
    hash: String,
}

impl From<&Head> for EntryName {
    fn from(head: &Head) -> Self {
        Self { sequence: head.sequence, hash: head.hash.clone() }
    }
}

/// Why a configuration was not taken into use.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NotTaken {
    #[serde(flatten)]
    fault: Fault,
    /// All that is wrong.
    problems: Vec<Told>,
}

/// What is wrong with a file, and what to write instead.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Told {
    /// As it was named.
    file: String,
    /// From 1; 0 for the file as a whole.
    line: u32,
    /// From 1; 0 for the file as a whole.
    column: u32,
    /// The place in the file as a JSON pointer.
    pointer: String,
    /// `error` or `warning`.
    severity: Weight,
    /// What is wrong.
    what: String,
    /// What to do.
    remedy: String,
}

/// How bad it is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Weight {
    Error,
    Warning,
}

impl From<&Problem> for Told {
    fn from(problem: &Problem) -> Self {
        let place = &problem.place;
        Self {
            file: (*place.file).to_owned(),
            line: place.line,
            column: place.column,
            pointer: place.pointer.as_str().to_owned(),
            severity: match problem.severity {
                Severity::Error => Weight::Error,
                Severity::Warning => Weight::Warning,
            },
            what: problem.what.clone(),
            remedy: problem.remedy.clone(),
        }
    }
}

/// Problems as they are answered.
pub(super) fn told(problems: &[Problem]) -> Vec<Told> {
    problems.iter().map(Told::from).collect()
}

pub(super) fn live() -> Answer {
    json_answer(StatusCode::OK, &Live { live: true })
}

pub(super) fn ready(desk: &Desk) -> Answer {
    let snapshot = desk.reloader.shared().load();
    let ready = !desk.stops.drain.is_cancelled();
    let in_use = desk.reloader.in_use();
    let instead_of = in_use.instead_of.as_deref();
    let body = Readiness {
        ready,
        generation: snapshot.generation,
        digest: snapshot.digest.clone(),
        last_good: instead_of.map(|_| true),
        problems: instead_of.map(told),
    };
    json_answer(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
}

pub(super) fn metrics(desk: &Desk) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(desk.reloader.metrics().text())));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS));
    answer
}

pub(super) async fn reload(desk: &Desk, call: Call) -> Answer {
    match desk.reloader.reload(actor(Cause::Reload, &call)).await {
        Ok(outcome) => {
            let (changed, warnings, entry) = match outcome {
                Reloaded::Unchanged => (false, Vec::new(), None),
                Reloaded::Changed { warnings, entry } => (true, told(&warnings), entry),
            };
            let snapshot = desk.reloader.shared().load();
            let (generation, digest) = (snapshot.generation, snapshot.digest.clone());
            let entry = entry.as_ref().map(EntryName::from);
            json_answer(StatusCode::OK, &Reload { changed, generation, digest, warnings, entry })
        }
        Err(problems) => not_taken(&problems),
    }
}

/// The answer to a configuration that cannot be used.
pub(super) fn not_taken(problems: &[Problem]) -> Answer {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let detail =
        format!("the configuration has {} problems; the old one serves on", problems.len());
    let fault = Fault::new(status, "configuration-refused", &detail);
    problem(status, &NotTaken { fault, problems: told(problems) })
}
