//! What was changed, by whom, and what it was before: the journal and the configurations of the past.

use std::path::PathBuf;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::desk::{Answer, Call, Desk, json_answer, refusal};
use super::query::read;
use crate::control::{Head, NoPast, Page, Past, Records, page};

/// Entries of a page, if nothing is said.
const PAGE: usize = 50;
/// Most entries of a page.
const LONGEST: usize = 500;

/// `GET /history`: newest first; `?below=N&limit=N` for the pages after.
pub(super) async fn list(desk: &Desk, call: Call) -> Answer {
    let (below, limit) = match bounds(&call.query) {
        Ok(bounds) => bounds,
        Err(why) => return refusal(StatusCode::BAD_REQUEST, "bad-parameter", &why),
    };
    let most =
        limit.map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(LONGEST)).clamp(1, LONGEST);
    let (directory, head) = journal(desk);
    let read = tokio::task::spawn_blocking(move || page(&directory, below, most)).await;
    match read {
        Ok(Ok(Page { entries, next })) => {
            let entries: Vec<Value> = entries.iter().map(crate::control::Entry::as_json).collect();
            json_answer(
                StatusCode::OK,
                &json!({ "entries": entries, "next": next, "head": head.as_ref().map(head_json) }),
            )
        }
        Ok(Err(error)) => unread(&error.to_string()),
        Err(_) => unread("reading it failed inside the program"),
    }
}

fn bounds(query: &str) -> Result<(Option<u64>, Option<u64>), String> {
    let asked = read(query, &["below", "limit"])?;
    let number = |name: &str| {
        let parsed = asked.get(name).map(|text| text.parse::<u64>()).transpose();
        parsed.map_err(|_| format!("`{name}` is no number; write `?{name}=20`"))
    };
    Ok((number("below")?, number("limit")?))
}

/// `GET /history/{number}`: an entry, with the config file that it brought into use and the digests of its descriptions.
pub(super) async fn one(desk: &Desk, call: Call) -> Answer {
    let Some(sequence) = call.places.get("number").and_then(|text| text.parse().ok()) else {
        return no_number();
    };
    let records: Arc<Records> = Arc::clone(desk.reloader.records());
    let read = tokio::task::spawn_blocking(move || records.past(sequence)).await;
    match read {
        Ok(Ok(Past { entry, manifest, text })) => {
            let body = json!({
                "entry": entry.as_json(),
                "config": String::from_utf8_lossy(&text),
                "descriptions": manifest.descriptions,
            });
            json_answer(StatusCode::OK, &body)
        }
        Ok(Err(NoPast::NoConfiguration(_, entry))) => {
            json_answer(StatusCode::OK, &json!({ "entry": entry.as_json() }))
        }
        Ok(Err(NoPast::Gone(entry, gone))) => {
            let body = json!({ "entry": entry.as_json(), "missing": gone.to_string() });
            json_answer(StatusCode::OK, &body)
        }
        Ok(Err(missing @ NoPast::NoEntry(_))) => {
            refusal(StatusCode::NOT_FOUND, "no-such-entry", &missing.to_string())
        }
        Ok(Err(error)) => unread(&error.to_string()),
        Err(_) => unread("reading it failed inside the program"),
    }
}

pub(super) fn no_number() -> Answer {
    let why = "the last part of the path is no number of an entry; `GET /history` lists them";
    refusal(StatusCode::NOT_FOUND, "no-such-entry", why)
}

fn journal(desk: &Desk) -> (PathBuf, Option<Head>) {
    let records = desk.reloader.records();
    (records.state().directory().to_owned(), records.head())
}

pub(super) fn head_json(head: &Head) -> Value {
    json!({ "sequence": head.sequence, "hash": head.hash })
}

fn unread(why: &str) -> Answer {
    let why = format!(
        "the journal cannot be read: {why}; `GET /status` says what is wrong with the state directory"
    );
    refusal(StatusCode::SERVICE_UNAVAILABLE, "no-journal", &why)
}
