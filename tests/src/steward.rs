//! An administrator who changes the configuration of a running gateway, and what was acknowledged to them.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::binary;
use crate::client::{Answer, Request};
use crate::gate::Gate;

/// A change that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The number of its entry in the journal.
    pub sequence: u64,
    /// The hash of the entry.
    pub hash: String,
    /// The digest of the configuration that it brought into use.
    pub digest: String,
}

impl Acknowledged {
    /// What an answer acknowledges; `None` where nothing was changed.
    pub fn of(answer: &Answer) -> Option<Self> {
        let body = (answer.status == 200).then(|| answer.json())?;
        let text = |pointer: &str| Some(body.pointer(pointer)?.as_str()?.to_owned());
        let sequence = body.pointer("/entry/sequence")?.as_u64()?;
        Some(Self { sequence, hash: text("/entry/hash")?, digest: text("/digest")? })
    }
}

/// How a gateway is.
#[track_caller]
pub fn status(gate: &Gate) -> Value {
    let answer = gate.ask_admin(&Request::get("/status"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The digest of the configuration in use.
#[track_caller]
pub fn digest(gate: &Gate) -> String {
    let status = status(gate);
    let digest = status.pointer("/configuration/digest").and_then(Value::as_str);
    digest.expect("a digest").to_owned()
}

/// Asks for a change of the configuration with this digest.
#[track_caller]
pub fn change(gate: &Gate, request: Request, digest: &str) -> Answer {
    let tag = format!("\"{digest}\"");
    let request = request.field("x-evergate-reload", "1").field("if-match", &tag);
    gate.ask_admin(&request.field("x-evergate-why", "a test"))
}

/// Puts another config file in the place of the one with this digest.
#[track_caller]
pub fn put(gate: &Gate, config: &str, digest: &str) -> Answer {
    let request = Request::new("PUT", "/config").field("content-type", "application/yaml");
    change(gate, request.body(config), digest)
}

/// Every entry of the journal, newest first.
#[track_caller]
pub fn history(gate: &Gate) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut target = "/history?limit=500".to_owned();
    loop {
        let answer = gate.ask_admin(&Request::get(&target));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        entries
            .extend(page.get("entries").and_then(Value::as_array).into_iter().flatten().cloned());
        match page.get("next").and_then(Value::as_u64) {
            Some(next) => target = format!("/history?limit=500&below={next}"),
            None => return entries,
        }
    }
}

/// Runs `evergate config verify` on the state beside a config.
///
/// # Panics
/// When the program cannot be run.
pub fn verify(folder: &Path, head: Option<&Acknowledged>) -> Output {
    let config = folder.join("gateway.yaml").display().to_string();
    let mut command = binary::command(&["config", "verify", "--config", &config]);
    if let Some(head) = head {
        command.arg("--head").arg(format!("{}:{}", head.sequence, head.hash));
    }
    command.output().expect("the program runs")
}
