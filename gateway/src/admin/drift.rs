//! The drift report: where live payloads differ from what their own version declares.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::{Answer, Desk, json_answer};
use crate::drift::{Bench, Finding, Message, Place};

pub(super) fn answer(desk: &Desk) -> Answer {
    json_answer(StatusCode::OK, &report(desk.reloader.metrics().drift()))
}

fn report(bench: &Bench) -> Value {
    let (all, beyond) = bench.read();
    let tallies = bench.tallies();
    json!({
        "judged": tallies.judged.get(),
        "unjudged": tallies.unjudged.get(),
        "dropped": { "large": tallies.large.get(), "queue": tallies.queue.get() },
        "beyond": beyond,
        "findings": all.iter().map(|(place, finding)| one(place, finding)).collect::<Vec<_>>(),
    })
}

fn one(place: &Place, finding: &Finding) -> Value {
    let time = |at| Timestamp::try_from(at).map(|at| at.to_string()).unwrap_or_default();
    let message = match place.message {
        Message::Request => "request".to_owned(),
        Message::Response(status) => format!("response {status}"),
    };
    json!({
        "api": place.api,
        "version": place.version,
        "operation": place.operation,
        "message": message,
        "pointer": place.pointer,
        "keyword": place.keyword,
        "member": (!place.member.is_empty()).then_some(&place.member),
        "count": finding.count,
        "first": time(finding.first),
        "last": time(finding.last),
        "compared": finding.looked,
        "fits": finding.fits,
    })
}
