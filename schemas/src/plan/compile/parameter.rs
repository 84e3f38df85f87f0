//! Parameters and headers: who has them, under which name, and what is written when they are missing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::describe::model::{Location, Operation, Parameter};
use crate::plan::bridge::{Judgement, ParameterSource, ParameterStep, Part, PartKey, Policy};
use crate::plan::program::{Literal, Note};
use crate::pointer::Pointer;
use crate::relate::verdict::{Undecided, Verdict, Witness};

use super::flow::{Bodily, Flow, Passage, flows};
use super::restyle::Met;

/// What came of all parameters.
#[derive(Debug, Default)]
pub(super) struct Outcome<'a> {
    pub(super) parts: Vec<Part>,
    pub(super) steps: Vec<ParameterStep>,
    /// Where in the sender's template each parameter of the reader's is; absent where each is at its own place.
    pub(super) positions: Option<Vec<Option<usize>>>,
    /// What goes into the body and comes out of it.
    pub(super) bodily: Bodily<'a>,
    /// What comes out of the body and goes to the reader.
    pub(super) outward: Vec<Outward<'a>>,
}

/// A parameter that comes out of the body.
#[derive(Debug)]
pub(super) struct Outward<'a> {
    pub(super) key: String,
    /// As the reader declares it.
    pub(super) parameter: &'a Parameter,
    /// A value that cannot be written is refused by declaration.
    pub(super) refuses: bool,
    /// A lens writes it when it is absent.
    pub(super) supplied: bool,
}

/// Asks for the judgement on a parameter as the sender and as the reader declares it.
pub(super) type Judge<'j, 'a> = dyn FnMut(&'a Parameter, &'a Parameter) -> Judgement + 'j;

/// The same for the parameters of a request, which can be written anew.
pub(super) type Meet<'j, 'a> = dyn FnMut(&'a Parameter, &'a Parameter) -> Met + 'j;

/// The parameters of a request, over the passages between the versions, in order.
pub(super) fn request<'a>(
    sender: &'a Operation,
    reader: &'a Operation,
    passages: &[Passage<'_>],
    judge: &mut Meet<'_, 'a>,
) -> Outcome<'a> {
    let mut outcome = Outcome::default();
    let (mut flows, bodily) = flows(sender, passages, &mut outcome.steps);
    outcome.bodily = bodily;
    let mut positions = vec![None; reader.key.path_parameters().len()];
    for parameter in &reader.parameters {
        // The name of what is the whole query string is not on the wire.
        let named = parameter.location != Location::QueryString;
        let at = flows.iter().position(|flow| {
            flow.location == parameter.location && (!named || flow.name == parameter.name)
        });
        match at {
            Some(at) => {
                let flow = flows.remove(at);
                if let Some(key) = flow.key.clone() {
                    let supplied = flow.supplied.is_some();
                    let refuses = flow.refuses;
                    outcome.outward.push(Outward { key, parameter, refuses, supplied });
                    supply(&flow, parameter, &mut outcome);
                    continue;
                }
                let is_rewritten = arrives(&flow, parameter, judge, &mut outcome);
                stays(&flow, (sender, reader), (parameter, is_rewritten), &mut positions);
            }
            None if is_beside_query_string(parameter, sender) => {
                let judgement = undecided("the query string is one value on one side only");
                outcome.parts.push(part(parameter, Some(parameter), judgement));
            }
            None => lacks(parameter, None, &mut outcome),
        }
    }
    for (at, slot) in positions.iter_mut().enumerate() {
        // A parameter of the template that the document does not declare.
        let declared = |name: &str| {
            let own = |one: &Parameter| one.location == Location::Path && one.name == name;
            reader.parameters.iter().any(own)
        };
        if reader.key.path_parameters().get(at).is_some_and(|name| !declared(name)) {
            *slot = Some(at);
        }
    }
    let same = positions.len() == sender.key.path_parameters().len()
        && positions.iter().enumerate().all(|(at, slot)| *slot == Some(at));
    outcome.positions = (!same).then_some(positions);
    for flow in flows {
        if let Some(origin) = flow.origin {
            let judgement = Judgement {
                policies: vec![Policy::UndeclaredIgnored],
                ..Judgement::of(Verdict::Native)
            };
            outcome.parts.push(part(origin, None, judgement));
        }
    }
    outcome
}

/// The headers of a response, or the parameters of a request that goes out.
pub(super) fn headers<'a>(
    sent: &[&'a Parameter],
    read: &[&'a Parameter],
    judge: &mut Judge<'_, 'a>,
) -> Vec<Part> {
    let mut parts = Vec::new();
    for header in read.iter().copied() {
        let Some(given) = sent.iter().copied().find(|one| one.name == header.name) else {
            if header.required {
                parts.push(part(header, Some(header), missing(header)));
            }
            continue;
        };
        let judgement =
            if header.required && !given.required { missing(header) } else { judge(given, header) };
        parts.push(part(given, Some(header), judgement));
    }
    parts
}

/// A parameter that the sender has, or that a lens writes; tells whether it is written anew.
fn arrives<'a>(
    flow: &Flow<'a>,
    reader: &'a Parameter,
    judge: &mut Meet<'_, 'a>,
    outcome: &mut Outcome<'_>,
) -> bool {
    let Some(origin) = flow.origin else {
        supply(flow, reader, outcome);
        return false;
    };
    let met = judge(origin, reader);
    let met = if flow.refuses { met.refusing() } else { met };
    let Met { mut judgement, rewrite, .. } = met;
    let is_rewritten = rewrite.is_some();
    if origin.location != reader.location && !is_rewritten {
        judgement = undecided("its value cannot be told apart from other text in its new place");
        judgement.total = false;
    }
    if let Some(rewrite) = rewrite {
        outcome.steps.push(ParameterStep::Rewrite(Box::new(rewrite)));
    } else if flow.renamed.is_some() && origin.name != reader.name {
        let text = format!("rename `{}` to `{}`", origin.name, reader.name);
        let note = note("L19", text, &origin.name, false);
        judgement.steps.push(note.clone());
        judgement.verdict = judgement.verdict.max(Verdict::Bridged);
        let names = (origin.name.clone(), reader.name.clone());
        outcome.steps.push(ParameterStep::Rename(origin.location, names.0, names.1, note));
    }
    outcome.parts.push(part(origin, Some(reader), judgement));
    if flow.supplied.is_some() && !origin.required {
        supply(flow, reader, outcome);
    } else if reader.required && !origin.required {
        lacks(reader, Some(origin), outcome);
    }
    is_rewritten
}

/// Notes where a path parameter stands in the sender's template, if its text goes on as it is.
fn stays(
    flow: &Flow<'_>,
    (sender, reader): (&Operation, &Operation),
    (parameter, is_rewritten): (&Parameter, bool),
    positions: &mut [Option<usize>],
) {
    let Some(origin) = flow.origin.filter(|one| one.location == Location::Path) else { return };
    let at = |operation: &Operation, name: &str| {
        operation.key.path_parameters().iter().position(|one| *one == name)
    };
    if parameter.location == Location::Path
        && !is_rewritten
        && let (Some(from), Some(to)) = (at(sender, &origin.name), at(reader, &parameter.name))
        && let Some(slot) = positions.get_mut(to)
    {
        *slot = Some(from);
    }
}

fn supply(flow: &Flow<'_>, reader: &Parameter, outcome: &mut Outcome<'_>) {
    let Some((source, _)) = &flow.supplied else { return };
    let note =
        note("L19", format!("write `{}` when it is absent", reader.name), &reader.name, false);
    let mut judgement = Judgement { steps: vec![note.clone()], ..Judgement::of(Verdict::Bridged) };
    if let ParameterSource::Outside(crate::plan::program::Outside::Configuration(_)) = source {
        judgement.policies.push(Policy::ConfigurationFits);
    }
    outcome.steps.push(ParameterStep::Supply(
        reader.location,
        reader.name.clone(),
        source.clone(),
        note,
    ));
    outcome.parts.push(part(reader, Some(reader), judgement));
}

/// A parameter that the sender does not have, or may leave out.
fn lacks(reader: &Parameter, origin: Option<&Parameter>, outcome: &mut Outcome<'_>) {
    if !reader.required {
        return;
    }
    let shown = origin.unwrap_or(reader);
    if let Some(default) = reader.root.get("default").and_then(text) {
        let said = format!("write the default of `{}` when it is absent", reader.name);
        let note = note("A21", said, &reader.name, false);
        let judgement = Judgement {
            steps: vec![note.clone()],
            policies: vec![Policy::DefaultFills],
            ..Judgement::of(Verdict::Bridged)
        };
        let source = ParameterSource::Literal(default);
        outcome.steps.push(ParameterStep::Supply(
            reader.location,
            reader.name.clone(),
            source,
            note,
        ));
        outcome.parts.push(part(shown, Some(reader), judgement));
        return;
    }
    let note = note(
        "A21",
        format!("`{}` is required and nobody says what to write", reader.name),
        &reader.name,
        false,
    );
    let judgement = Judgement { steps: vec![note.clone()], total: false, ..missing(reader) };
    outcome.steps.push(ParameterStep::Require(reader.location, reader.name.clone(), note));
    outcome.parts.push(part(shown, Some(reader), judgement));
}

/// Whether the sender writes the query string as a whole and the reader by parameters, or the other way round.
fn is_beside_query_string(reader: &Parameter, sender: &Operation) -> bool {
    let other = match reader.location {
        Location::Query => Location::QueryString,
        Location::QueryString => Location::Query,
        Location::Path | Location::Header | Location::Cookie => return false,
    };
    sender.parameters.iter().any(|one| one.location == other)
}

/// What nobody can tell, and why.
pub(super) fn undecided(reason: &str) -> Judgement {
    let undecided = Undecided { reason: reason.to_owned(), at: Pointer::root(), tried: 0 };
    Judgement { undecided: Some(undecided), ..Judgement::of(Verdict::Undecided) }
}

fn text(value: &Value) -> Option<Literal> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string().into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn missing(parameter: &Parameter) -> Judgement {
    let message = format!("\"{}\" is a required parameter", parameter.name);
    let witness = Witness {
        payload: json!({}),
        received: None,
        at: Pointer::root().join(&parameter.name),
        keyword: "required".to_owned(),
        message,
    };
    Judgement { witness: Some(witness), ..Judgement::of(Verdict::Broken) }
}

pub(super) fn part(sender: &Parameter, reader: Option<&Parameter>, judgement: Judgement) -> Part {
    Part {
        key: PartKey::Parameter(sender.location, sender.name.clone()),
        judgement,
        sender_place: Some(sender.place.clone()),
        reader_place: reader.map(|one| one.place.clone()),
    }
}

pub(super) fn note(rule: &'static str, text: String, name: &str, loss: bool) -> Note {
    Note { rule, text, at: Pointer::root().join(name).as_str().to_owned(), loss, policy: None }
}

/// The names of parameters that no request of the operation lacks.
pub(super) fn always(operation: &Operation, headers: bool) -> BTreeSet<String> {
    let sure = |one: &&Parameter| one.required || one.location == Location::Path;
    let wanted = |one: &&Parameter| (one.location == Location::Header) == headers;
    operation.parameters.iter().filter(sure).filter(wanted).map(|one| one.name.clone()).collect()
}
