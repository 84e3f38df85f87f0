//! Liveness, readiness, metrics and reload.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::configuration::actor;
use super::desk::{Answer, Call, Desk, json_answer};
use super::history::head_json;
use crate::control::{Cause, Reloaded, as_json};

pub(super) fn live() -> Answer {
    json_answer(StatusCode::OK, &json!({"live": true}))
}

pub(super) fn ready(desk: &Desk) -> Answer {
    let snapshot = desk.reloader.shared().load();
    let draining = desk.stops.drain.is_cancelled();
    let in_use = desk.reloader.in_use();
    let mut body =
        json!({"ready": !draining, "generation": snapshot.generation, "digest": snapshot.digest});
    if let Some(problems) = &in_use.instead_of {
        body["last_good"] = true.into();
        body["problems"] = as_json(problems);
    }
    json_answer(if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, &body)
}

pub(super) fn metrics(desk: &Desk) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(desk.reloader.metrics().text())));
    let value =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, value);
    answer
}

pub(super) async fn reload(desk: &Desk, call: Call) -> Answer {
    match desk.reloader.reload(actor(Cause::Reload, &call)).await {
        Ok(outcome) => {
            let (changed, warnings, entry) = match outcome {
                Reloaded::Unchanged => (false, Vec::new(), None),
                Reloaded::Changed { warnings, entry } => (true, warnings, entry),
            };
            let snapshot = desk.reloader.shared().load();
            let body = json!({
                "changed": changed,
                "generation": snapshot.generation,
                "digest": snapshot.digest,
                "warnings": as_json(&warnings),
                "entry": entry.as_ref().map(head_json),
            });
            json_answer(StatusCode::OK, &body)
        }
        Err(problems) => {
            let body = json!({"code": "configuration-refused", "problems": as_json(&problems)});
            json_answer(StatusCode::UNPROCESSABLE_ENTITY, &body)
        }
    }
}
