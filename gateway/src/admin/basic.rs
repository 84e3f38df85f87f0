//! Liveness, readiness, metrics and reload.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::desk::{Answer, Desk, json_answer};
use crate::control::{Reloaded, as_json};

pub(super) fn live() -> Answer {
    json_answer(StatusCode::OK, &json!({"live": true}))
}

pub(super) fn ready(desk: &Desk) -> Answer {
    let snapshot = desk.reloader.shared().load();
    let draining = desk.stops.drain.is_cancelled();
    let body =
        json!({"ready": !draining, "generation": snapshot.generation, "digest": snapshot.digest});
    json_answer(if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, &body)
}

pub(super) fn metrics(desk: &Desk) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(desk.reloader.metrics().text())));
    let value =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, value);
    answer
}

pub(super) async fn reload(desk: &Desk) -> Answer {
    match desk.reloader.reload("admin").await {
        Ok(outcome) => {
            let (changed, warnings) = match outcome {
                Reloaded::Unchanged => (false, Vec::new()),
                Reloaded::Changed(warnings) => (true, warnings),
            };
            let snapshot = desk.reloader.shared().load();
            let body = json!({
                "changed": changed,
                "generation": snapshot.generation,
                "digest": snapshot.digest,
                "warnings": as_json(&warnings),
            });
            json_answer(StatusCode::OK, &body)
        }
        Err(problems) => {
            let body = json!({"code": "configuration-refused", "problems": as_json(&problems)});
            json_answer(StatusCode::UNPROCESSABLE_ENTITY, &body)
        }
    }
}
