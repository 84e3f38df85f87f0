//! The drift report: where live payloads differ from what their own version declares.

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::desk::{Answer, Desk, json_answer};
use crate::drift::{Bench, Finding, Message, Place};

pub(super) fn answer(desk: &Desk) -> Answer {
    json_answer(StatusCode::OK, &report(desk.reloader.metrics().drift()))
}

/// Where live payloads differ from what their own version declares.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Drift {
    /// Bodies that were held against their schema.
    judged: u64,
    /// Bodies that nobody could judge.
    unjudged: u64,
    /// Bodies that were passed over.
    dropped: Dropped,
    /// Findings that found no room.
    beyond: u64,
    findings: Vec<OneFinding>,
}

/// Why bodies were passed over.
#[derive(Debug, Serialize, JsonSchema)]
struct Dropped {
    /// They were too large.
    large: u64,
    /// As many waited as may.
    queue: u64,
}

/// One place where payloads differ.
#[derive(Debug, Serialize, JsonSchema)]
struct OneFinding {
    api: String,
    version: String,
    /// As `GET /orders/{id}`.
    operation: String,
    /// `request` or `response` with its status.
    message: String,
    /// Where, in the payload, as a JSON pointer.
    pointer: String,
    /// The keyword of the schema that refuses it.
    keyword: String,
    /// The member that is missing or too much.
    member: Option<String>,
    /// How often it was found.
    count: u64,
    /// When first (RFC 3339).
    first: String,
    /// When last.
    last: String,
    /// How often other versions were asked.
    compared: u64,
    /// How often each of these would have taken it.
    fits: BTreeMap<String, u64>,
}

fn report(bench: &Bench) -> Drift {
    let (all, beyond) = bench.read();
    let tallies = bench.tallies();
    Drift {
        judged: tallies.judged.get(),
        unjudged: tallies.unjudged.get(),
        dropped: Dropped { large: tallies.large.get(), queue: tallies.queue.get() },
        beyond,
        findings: all.into_iter().map(|(place, finding)| one(place, finding)).collect(),
    }
}

fn one(place: Place, finding: Finding) -> OneFinding {
    let time = |at| Timestamp::try_from(at).map(|at| at.to_string()).unwrap_or_default();
    let message = match place.message {
        Message::Request => "request".to_owned(),
        Message::Response(status) => format!("response {status}"),
    };
    OneFinding {
        api: place.api.to_string(),
        version: place.version,
        operation: place.operation.to_string(),
        message,
        pointer: place.pointer,
        keyword: place.keyword,
        member: (!place.member.is_empty()).then_some(place.member),
        count: finding.count,
        first: time(finding.first),
        last: time(finding.last),
        compared: finding.looked,
        fits: finding.fits,
    }
}
