//! How the gateway is: what is in use, since when, and what came of the last call for a change.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::basic::{EntryName, Told, told};
use super::desk::{Answer, Desk, json_answer};
use crate::control::{InUse, Last};

/// How the gateway is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    /// The version of the program.
    version: &'static str,
    /// Since when it runs (RFC 3339).
    started: String,
    /// Whether it takes no more traffic.
    draining: bool,
    /// Threads that serve traffic.
    workers: usize,
    configuration: ConfigurationStatus,
    last_call: LastCall,
    state: StateStatus,
    journal: JournalStatus,
}

/// What is in use.
#[derive(Debug, Serialize, JsonSchema)]
struct ConfigurationStatus {
    /// The config file, as it was named.
    file: String,
    /// Counts the configurations that came into use, from 1.
    generation: u64,
    /// Of the config file and all descriptions: the same on every replica that has the same files.
    digest: String,
    /// Of the config file alone.
    config: String,
    /// Since when it is in use (RFC 3339).
    since: String,
    /// Whether it is the last good one, as the file cannot be used.
    last_good: bool,
    /// What is wrong with the file then.
    problems: Vec<Told>,
}

/// The last call for a change, whoever made it.
#[derive(Debug, Serialize, JsonSchema)]
struct LastCall {
    /// When it was over (RFC 3339).
    time: String,
    /// What called for it.
    cause: &'static str,
    /// What came of it.
    result: &'static str,
    /// What was wrong.
    problems: Vec<Told>,
}

/// The state directory.
#[derive(Debug, Serialize, JsonSchema)]
struct StateStatus {
    /// Where it is.
    directory: String,
    /// Whether it can be written.
    writable: bool,
    /// Why not.
    trouble: Option<String>,
}

/// The journal.
#[derive(Debug, Serialize, JsonSchema)]
struct JournalStatus {
    /// The newest entry; `null` for none.
    head: Option<EntryName>,
    /// Entries that could not be written.
    missed: usize,
}

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
    let last_call = LastCall {
        time: format!("{time:.3}"),
        cause: cause.word(),
        result,
        problems: told(&problems),
    };
    let state = StateStatus {
        directory: directory.display().to_string(),
        writable: trouble.is_none(),
        trouble,
    };
    let body = Status {
        version: env!("CARGO_PKG_VERSION"),
        started: format!("{:.3}", reloader.started()),
        draining: desk.stops.drain.is_cancelled(),
        workers: reloader.workers(),
        configuration: configuration(&in_use, reloader.path().display().to_string()),
        last_call,
        state,
        journal: JournalStatus { head: head.as_ref().map(EntryName::from), missed },
    };
    json_answer(StatusCode::OK, &body)
}

fn configuration(in_use: &InUse, file: String) -> ConfigurationStatus {
    ConfigurationStatus {
        file,
        generation: in_use.generation,
        digest: in_use.digest.clone(),
        config: in_use.manifest.config.clone(),
        since: format!("{:.3}", in_use.since),
        last_good: in_use.instead_of.is_some(),
        problems: told(in_use.instead_of.as_deref().unwrap_or_default()),
    }
}
