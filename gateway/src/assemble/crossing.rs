//! A compiled bridge as the exchange runs it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use evergate_schemas::convert::{PreparedBody, Unconvertible};
use evergate_schemas::describe::model::{Description, Status};
use evergate_schemas::plan::bridge::{
    BodyPlan, MessageBridge, OperationBridge, ParameterSource, ParameterStep,
};
use evergate_schemas::plan::program::{Node, Note, Outside, Program, Source, Supply};
use http::{HeaderValue, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::snapshot::loss::Loss;
use crate::snapshot::meter::{LossLabels, Way};
use crate::snapshot::{Conversion, Crossing, CrossingBody, CrossingMessage, Template};
use crate::telemetry::Metrics;

/// What losses are counted under, and in what.
pub(super) struct Counting<'a> {
    pub(super) metrics: &'a Metrics,
    pub(super) api: &'a str,
    pub(super) operation: &'a str,
    /// The client's version and the backend's.
    pub(super) versions: (&'a str, &'a str),
    /// What becomes of a record of an answer that does not get through.
    pub(super) records: Unconvertible,
    /// The api's `values`, which programs may read.
    pub(super) values: &'a BTreeMap<String, Value>,
    /// What decides what becomes of links, as text.
    pub(super) places: &'a str,
    /// All versions, oldest first.
    pub(super) labels: &'a [String],
}

impl Counting<'_> {
    pub(super) fn loss(&self, way: Way, note: &Note) -> Option<Arc<Loss>> {
        if !note.loss {
            return None;
        }
        let labels = LossLabels {
            api: self.api.to_owned(),
            operation: self.operation.to_owned(),
            client_version: self.versions.0.to_owned(),
            backend_version: self.versions.1.to_owned(),
            way,
            rule: note.rule.to_owned(),
        };
        Some(Arc::new(Loss::new(note, way, self.metrics.loss(&labels))))
    }
}

/// The bridge in the form that the exchange runs; `None` when the backend lacks the operation.
pub(super) fn crossing(
    bridge: &OperationBridge,
    backend: &Description,
    counting: &Counting<'_>,
) -> Option<Crossing> {
    let operation = backend.operations.get(bridge.backend_operation?)?;
    let responses = bridge.responses.iter().map(|response| {
        (response.status.unwrap_or(Status::Default), message(response, Way::response, counting))
    });
    Some(Crossing {
        label: operation.key.to_string().into(),
        template: Template::parse(&operation.key.path),
        base_path: backend.base_paths.first().cloned().unwrap_or_default(),
        method: Some(operation.key.method.as_str())
            .filter(|method| counting.operation.split(' ').next() != Some(*method))
            .and_then(|method| method.parse().ok()),
        request: message(&bridge.request, Way::request, counting),
        responses: responses.collect(),
        rules: rules(bridge, counting),
        hiding: None,
        merging: None,
    })
}

/// The digest of all that decides what a body of this way becomes, in [`RULES`] hex digits.
fn rules(bridge: &OperationBridge, counting: &Counting<'_>) -> Box<str> {
    let mut sink = Hashing(Sha256::new());
    let messages = bridge.responses.iter().chain([&bridge.request]);
    // writing to a hasher does not fail
    let _ = write!(sink, "{} {:?}", env!("CARGO_PKG_VERSION"), counting.values);
    for message in messages {
        let steps = (&message.status, &message.parameters, &message.status_as);
        let _ = write!(sink, "{steps:?}");
        for body in message.plans() {
            if body.stages().any(|program| links(program)) {
                let _ = write!(sink, "{}", counting.places);
            }
            let body = (&body.media_type, &body.written_as, &body.plan.stages);
            let _ = write!(sink, "{body:?}");
        }
    }
    let digest = sink.0.finalize();
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: String =
        digits.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect();
    text.get(..RULES).unwrap_or(&text).into()
}

/// Length of the digest of rules.
const RULES: usize = 16;

/// Text that is hashed as it is written.
struct Hashing(Sha256);

impl fmt::Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

fn message(bridge: &MessageBridge, way: Way, counting: &Counting<'_>) -> CrossingMessage {
    let step_loss = |step: &ParameterStep| counting.loss(way, step.note());
    let outside_step = |step: &ParameterStep| {
        matches!(step, ParameterStep::Supply(_, _, ParameterSource::Outside(_), _))
    };
    let bodies = || bridge.plans();
    let outside_body = bodies().flat_map(BodyPlan::stages).any(|program| reads_outside(program));
    CrossingMessage {
        bodies: bridge.bodies.iter().map(|body| crossing_body(body, way, counting)).collect(),
        selected: bridge.selected.iter().map(|body| crossing_body(body, way, counting)).collect(),
        beside: bridge.beside.iter().map(|body| crossing_body(body, way, counting)).collect(),
        bare: bridge.bare.as_ref().map(|body| crossing_body(body, way, counting)),
        parameters: bridge.parameters.clone(),
        positions: bridge.positions.clone().map(Into::into),
        parameter_losses: bridge.parameters.iter().map(step_loss).collect(),
        status_as: bridge.status_as.as_ref().and_then(|step| {
            Some((StatusCode::from_u16(step.code).ok()?, counting.loss(way, &step.note)))
        }),
        reads_outside: outside_body || bridge.parameters.iter().any(outside_step),
        links: bodies().flat_map(BodyPlan::stages).any(|program| links(program)),
        first_words: first_words(bridge, way, counting).map(Into::into),
    }
}

fn crossing_body(body: &BodyPlan, way: Way, counting: &Counting<'_>) -> CrossingBody {
    let stage = |program: &Arc<Program>| {
        program.notes.iter().map(|note| counting.loss(way, note)).collect()
    };
    // what a client sends is taken whole or refused
    let unconvertible = if way == Way::response { counting.records } else { Unconvertible::Close };
    let conversion = (!body.is_identity()).then(|| {
        Arc::new(Conversion {
            prepared: PreparedBody::new(body),
            unconvertible,
            losses: body.stages().map(stage).collect(),
        })
    });
    CrossingBody {
        essence: CrossingBody::essence_of(&body.media_type),
        written_as: body.written_as.as_ref().and_then(|text| HeaderValue::try_from(text).ok()),
        conversion,
    }
}

/// Of the versions whose words some step reads in links, the one that is nearest to the sender's.
fn first_words<'a>(
    bridge: &'a MessageBridge,
    way: Way,
    counting: &Counting<'_>,
) -> Option<&'a str> {
    let (client, backend) = counting.versions;
    let sender = if way == Way::response { backend } else { client };
    let place = |label: &str| counting.labels.iter().position(|one| one == label);
    let programs = bridge.bodies.iter().flat_map(BodyPlan::stages);
    let read = programs.flat_map(|program| &program.nodes).flat_map(|node| match node {
        Node::Transform(one) => one.transform.reads_words_of(),
        _ => Vec::new(),
    });
    let start = place(sender)?;
    read.filter_map(|label| Some((place(label)?.abs_diff(start), label)))
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, label)| label)
}

/// Whether a program turns links, seals tokens, or has to do with `Link` fields.
fn links(program: &Program) -> bool {
    fn linked(supply: &Supply) -> bool {
        match &supply.source {
            Source::Outside(outside) => matches!(outside, Outside::Link(_)),
            Source::Object(parts) => parts.iter().any(linked),
            Source::Literal(_) | Source::Slot(_) | Source::Nothing => false,
        }
    }
    program.nodes.iter().any(|node| match node {
        Node::Object(object) => object.supplies.iter().any(linked),
        Node::Transform(one) => one.transform.has_links(),
        _ => false,
    })
}

fn reads_outside(program: &Program) -> bool {
    fn outside(supply: &Supply) -> bool {
        match &supply.source {
            Source::Outside(_) => true,
            Source::Object(parts) => parts.iter().any(outside),
            Source::Literal(_) | Source::Slot(_) | Source::Nothing => false,
        }
    }
    program.nodes.iter().any(|node| match node {
        Node::Object(object) => object.supplies.iter().any(outside),
        _ => false,
    })
}
