//! How the gateway is: what is in use, since when, and what came of the last call for a change.

use http::StatusCode;
use serde_json::{Value, json};

use super::desk::{Answer, Desk, json_answer};
use super::history::head_json;
use crate::control::{InUse, Last, as_json};

/// `GET /status`
pub(super) async fn status(desk: &Desk) -> Answer {
    let reloader = &desk.reloader;
    let records = std::sync::Arc::clone(reloader.records());
    let looked = tokio::task::spawn_blocking(move || {
        let trouble = records.trouble();
        (records.head(), records.missed(), records.state().directory().to_owned(), trouble)
    });
    let (head, missed, directory, trouble) = looked.await.unwrap_or_default();
    let in_use = reloader.in_use();
    let Last { time, cause, result, problems } = reloader.last();
    let body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started": format!("{:.3}", reloader.started()),
        "draining": desk.stops.drain.is_cancelled(),
        "workers": reloader.workers(),
        "configuration": configuration(&in_use, &reloader.path().display().to_string()),
        "last_call": {
            "time": format!("{time:.3}"),
            "cause": cause.word(),
            "result": result,
            "problems": as_json(&problems),
        },
        "state": {
            "directory": directory.display().to_string(),
            "writable": trouble.is_none(),
            "trouble": trouble,
        },
        "journal": {
            "head": head.as_ref().map(head_json),
            "missed": missed,
        },
    });
    json_answer(StatusCode::OK, &body)
}

fn configuration(in_use: &InUse, file: &str) -> Value {
    json!({
        "file": file,
        "generation": in_use.generation,
        "digest": in_use.digest,
        "config": in_use.manifest.config,
        "since": format!("{:.3}", in_use.since),
        "last_good": in_use.instead_of.is_some(),
        "problems": as_json(in_use.instead_of.as_deref().unwrap_or_default()),
    })
}
