//! What was changed, by whom, and what it was before: the journal and the configurations of the past.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::basic::EntryName;
use super::desk::{Answer, Call, Desk, json_answer, refusal};
use super::query::read;
use crate::control::{Entry, Head, NoPast, Page, Past, Records, page};

/// Entries of a page, if nothing is said.
const PAGE: usize = 50;
/// Most entries of a page.
const LONGEST: usize = 500;

/// Entries of the journal, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Journal {
    entries: Vec<Chained>,
    /// What `below` is for the entries after these; `null` where there are none.
    next: Option<u64>,
    /// The newest entry of all; `null` for an empty journal.
    head: Option<EntryName>,
}

/// An entry with the hash that chains it to those before.
#[derive(Debug, Serialize, JsonSchema)]
struct Chained {
    #[serde(flatten)]
    entry: Entry,
    /// SHA-256 of the entry, which has that of the one before.
    hash: String,
}

impl From<Entry> for Chained {
    fn from(entry: Entry) -> Self {
        Self { hash: entry.hash.clone(), entry }
    }
}

/// An entry, with what it brought into use.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Told {
    entry: Chained,
    /// The config file; absent where the entry brought none into use, or it is not kept any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<String>,
    /// The digests of the descriptions, by api and file.
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptions: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// Why they are not there though the entry brought them into use.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

/// Which part of the journal is asked for.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "it describes what is read by name")]
pub(super) struct Part {
    /// Entries with a smaller number than this.
    #[schemars(extend("maximum" = u64::MAX))]
    below: Option<u64>,
    /// So many at most; more than 500 count as 500, 0 as 1. Default 50.
    #[schemars(extend("maximum" = u64::MAX))]
    limit: Option<u64>,
}

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
            let entries = entries.into_iter().map(Chained::from).collect();
            let head = head.as_ref().map(EntryName::from);
            json_answer(StatusCode::OK, &Journal { entries, next, head })
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
            let (config, descriptions) =
                (String::from_utf8_lossy(&text).into_owned(), manifest.descriptions);
            told(entry, Some(config), Some(descriptions), None)
        }
        Ok(Err(NoPast::NoConfiguration(_, entry))) => told(*entry, None, None, None),
        Ok(Err(NoPast::Gone(entry, gone))) => told(*entry, None, None, Some(gone.to_string())),
        Ok(Err(missing @ NoPast::NoEntry(_))) => {
            refusal(StatusCode::NOT_FOUND, "no-such-entry", &missing.to_string())
        }
        Ok(Err(error)) => unread(&error.to_string()),
        Err(_) => unread("reading it failed inside the program"),
    }
}

fn told(
    entry: Entry,
    config: Option<String>,
    descriptions: Option<BTreeMap<String, BTreeMap<String, String>>>,
    missing: Option<String>,
) -> Answer {
    let entry = Chained::from(entry);
    json_answer(StatusCode::OK, &Told { entry, config, descriptions, missing })
}

pub(super) fn no_number() -> Answer {
    let why = "the last part of the path is no number of an entry; `GET /history` lists them";
    refusal(StatusCode::NOT_FOUND, "no-such-entry", why)
}

fn journal(desk: &Desk) -> (PathBuf, Option<Head>) {
    let records = desk.reloader.records();
    (records.state().directory().to_owned(), records.head())
}

fn unread(why: &str) -> Answer {
    let why = format!(
        "the journal cannot be read: {why}; `GET /status` says what is wrong with the state directory"
    );
    refusal(StatusCode::SERVICE_UNAVAILABLE, "no-journal", &why)
}
