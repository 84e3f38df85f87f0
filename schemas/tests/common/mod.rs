//! Two small documents as two versions of an api, judged, with what changed between them.

use std::path::Path;

use evergate_schemas::changes::{Change, Direction, Message, Piece, Proof, changes};
use evergate_schemas::describe::model::{Api, Location, Status};
use evergate_schemas::describe::{Limits, load_api};
use evergate_schemas::plan::bridge::{MessageBridge, PartKey};
use evergate_schemas::plan::{Bridges, CompileLimits, Pairs, Senders, declared};
use evergate_schemas::relate::verdict::Verdict;
use evergate_schemas::relate::{Budget, Prover};
use evergate_schemas::schema::Side;

/// Two versions that differ by a fragment: `schema`, `operation`, `api` or `schemas`.
pub(crate) fn api(kind: &str, old: &str, new: &str) -> Api {
    let folder = tempfile::tempdir().unwrap();
    for (version, text) in [("2026-01-01", old), ("2026-06-01", new)] {
        let below = folder.path().join(version);
        std::fs::create_dir(&below).unwrap();
        write(&below, kind, text);
    }
    let api = load_api(folder.path(), &Limits::default()).unwrap();
    assert!(api.problems.is_empty(), "{old}\n{new}\n{:#?}", api.problems);
    api
}

fn write(below: &Path, kind: &str, text: &str) {
    let indented = |by: usize| -> String {
        let lines: Vec<String> = text.lines().map(|line| " ".repeat(by) + line).collect();
        lines.join("\n") + "\n"
    };
    let head = "openapi: 3.2.0\ninfo: { title: orders, version: '1' }\n";
    let document = match kind {
        "schema" => {
            let order = "{ application/json: { schema: { $ref: '#/components/schemas/Order' } } }";
            format!(
                "{head}paths:\n  /orders:\n    post:\n      requestBody: {{ required: true, content: {order} }}\n      \
                 responses: {{ '200': {{ description: done, content: {order} }} }}\ncomponents:\n  schemas:\n    Order:\n{}",
                indented(6)
            )
        }
        "operation" => format!("{head}paths:\n  /orders:\n    post:\n{}", indented(6)),
        "schemas" => {
            for line in text.lines() {
                let (name, schema) = line.split_once(": ").unwrap();
                std::fs::write(below.join(format!("{name}.yaml")), schema).unwrap();
            }
            return;
        }
        _ => format!("{head}{text}"),
    };
    std::fs::write(below.join("openapi.yaml"), document).unwrap();
}

/// A message of the pair, judged.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) name: String,
    pub(crate) operation: String,
    pub(crate) side: Option<Side>,
    pub(crate) status: Option<Status>,
    pub(crate) verdict: Verdict,
    /// By part: the sender's media type, or the parameter.
    pub(crate) parts: Vec<(PartKey, Verdict)>,
    pub(crate) witness: Option<(serde_json::Value, String)>,
}

impl Judged {
    /// Whether a change that reaches `message` may be about this one.
    pub(crate) fn is(&self, message: &Message) -> bool {
        let status = || [message.old_status, message.new_status].contains(&self.status);
        let named = self.operation == message.operation
            || message.formerly.as_ref() == Some(&self.operation);
        named
            && (message.side.is_none()
                || self.side == message.side && (self.status.is_none() || status()))
    }

    /// What is proved of the part that `message` names.
    fn part(&self, message: &Message) -> Verdict {
        let of_part = |key: &PartKey| match (&message.piece, key) {
            (Piece::Body { old, new }, PartKey::Body(sent)) => {
                [old, new].into_iter().flatten().any(|one| one == sent)
            }
            (Piece::Parameter(location, name), PartKey::Parameter(other, own)) => {
                location == other && (name == own || *location == Location::Path)
            }
            _ => false,
        };
        let mut each =
            self.parts.iter().filter(|(key, _)| of_part(key)).map(|(_, verdict)| *verdict);
        each.next().map_or(self.verdict, |first| each.fold(first, Verdict::max))
    }
}

/// All messages of a pair of versions in one direction.
pub(crate) fn judged(
    api: &Api,
    (old, new): (usize, usize),
    direction: Direction,
    strict: bool,
) -> Vec<Judged> {
    let (client, backend) = match direction {
        Direction::Backward => (old, new),
        Direction::Forward => (new, old),
    };
    let mut prover = Prover::new(Budget::default());
    let mut limits = CompileLimits::default();
    limits.judge.senders = if strict { Senders::AsWritten } else { Senders::Closed };
    let changes = declared(api).0;
    let pairs = Pairs::Listed(vec![(client, backend)]);
    let bridges = Bridges::compile_within(api, &changes, pairs, (&mut prover, &limits));
    let mut found = Vec::new();
    let ours = &api.versions[client].operations;
    for bridge in bridges.operation(client, backend) {
        let there = bridge.backend_operation.map(|at| &api.versions[backend].operations[at]);
        let here = &ours[bridge.client_operation];
        let newer = if direction == Direction::Backward { there.unwrap_or(here) } else { here };
        found.push(message(newer.label(), Side::Request, &bridge.request));
        let responses = bridge.responses.iter();
        found.extend(responses.map(|one| message(newer.label(), Side::Response, one)));
    }
    for (name, plan) in bridges.document(client, backend).into_iter().flatten() {
        let witness = plan.judgement.witness.as_ref();
        found.push(Judged {
            name: format!("document {name}"),
            operation: name.clone(),
            side: None,
            status: None,
            verdict: plan.judgement.verdict,
            parts: Vec::new(),
            witness: witness.map(|one| (one.payload.clone(), one.keyword.clone())),
        });
    }
    found
}

fn message(operation: String, side: Side, bridge: &MessageBridge) -> Judged {
    let status = bridge.status.map_or_else(String::new, |status| format!(" {status}"));
    let broken = bridge.parts.iter().find_map(|part| part.judgement.witness.as_ref());
    Judged {
        name: format!("{operation} {side:?}{status}"),
        operation,
        side: Some(side),
        status: bridge.status,
        verdict: bridge.verdict,
        parts: bridge.parts.iter().map(|one| (one.key.clone(), one.judgement.verdict)).collect(),
        witness: broken.map(|one| (one.payload.clone(), one.keyword.clone())),
    }
}

/// What is proved of a message that a change reaches.
pub(crate) fn proof(all: &[Judged], message: &Message) -> Option<Proof> {
    let mut each = all
        .iter()
        .filter(|one| one.side == message.side && one.is(message))
        .map(|one| one.part(message));
    let worst = each.next().map(|first| each.fold(first, Verdict::max))?;
    match worst {
        Verdict::Native => Some(Proof::Native),
        Verdict::Bridged | Verdict::Lossy => Some(Proof::Holds),
        Verdict::Undecided | Verdict::Broken => None,
    }
}

/// What changed between two versions.
pub(crate) fn rows(api: &Api, old: usize, new: usize) -> Vec<Change> {
    changes(&api.versions[old], &api.versions[new])
}
