//! What becomes of a message between two versions, step by step, as the running configuration does it.

use std::collections::BTreeSet;

use askama::Template;
use evergate_schemas::plan::program::Note;
use http::StatusCode;

use super::super::desk::{Answer, Call, Desk, refusal};
use super::apis::find;
use super::form::{Form, encoded};
use super::frame::{Frame, html};
use super::ways::{self, Way};
use crate::snapshot::{Api, ClientVersion, Crossing, CrossingMessage, Snapshot};

/// Most operations that a list has.
const OPERATIONS: usize = 500;
/// Most steps of one body that are shown.
const STEPS: usize = 200;

/// A way of one operation, by the numbers that a snapshot has for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'s> {
    pub(super) api: &'s Api,
    pub(super) client: &'s ClientVersion,
    /// `None` where nothing is known that could be asked for.
    pub(super) group: usize,
    pub(super) operation: Option<usize>,
}

/// A converted payload, or why it is not.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// The message and the body it was tried with.
    pub(super) message: String,
    pub(super) body: usize,
    pub(super) payload: String,
    pub(super) result: String,
    pub(super) refused: bool,
    pub(super) lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "page/plan.html")]
struct Page {
    frame: Frame,
    name: String,
    link: String,
    clients: Vec<Pick>,
    backends: Vec<Pick>,
    client: String,
    backend: String,
    operations: Vec<Operation>,
    operation: String,
    /// Its name on the backend's side, where that is another.
    arrives: String,
    kind: &'static str,
    sign: &'static str,
    word: &'static str,
    why_not: String,
    messages: Vec<Message>,
    tried: Tried,
}

struct Pick {
    label: String,
    chosen: bool,
}

struct Operation {
    label: String,
    link: String,
    kind: &'static str,
    sign: &'static str,
    word: &'static str,
    chosen: bool,
}

/// What is done to one message.
struct Message {
    /// Names it in the form.
    id: String,
    title: String,
    way: (&'static str, &'static str, &'static str),
    steps: Vec<Step>,
    bodies: Vec<Body>,
}

struct Body {
    media: String,
    written_as: String,
    /// Converted; else its bytes pass as they are.
    converted: bool,
    steps: Vec<Step>,
    more: usize,
}

struct Step {
    rule: &'static str,
    at: String,
    text: String,
    loss: bool,
    policy: &'static str,
}

impl Step {
    fn of(note: &Note) -> Self {
        Self {
            rule: note.rule,
            at: if note.at.is_empty() { "the whole".to_owned() } else { note.at.clone() },
            text: note.text.clone(),
            loss: note.loss,
            policy: note.policy.unwrap_or_default(),
        }
    }
}

/// What a call asks for; what it does not say is the first that there is.
pub(super) fn asked<'s>(
    snapshot: &'s Snapshot,
    call: &Call,
    form: &Form,
) -> Result<Asked<'s>, Box<Answer>> {
    let api = find(snapshot, call)?;
    let chosen = |name: &str| Some(form.text(name)).filter(|text| !text.is_empty());
    let client = match chosen("client") {
        Some(label) => api.clients.iter().find(|client| &*client.label == label),
        None => api.clients.iter().find(|client| !client.operations.is_empty()),
    };
    let group = match chosen("backend") {
        Some(label) => api.groups.iter().position(|group| ways::label(api, group) == label),
        None => api.groups.len().checked_sub(1),
    };
    let (Some(client), Some(group)) = (client, group) else {
        let why = format!("`{}` has no such versions that are described", api.name);
        return Err(Box::new(refusal(StatusCode::NOT_FOUND, "no-such-version", &why)));
    };
    let operation = match chosen("operation") {
        None => None,
        Some(label) => {
            let found = client.operations.iter().position(|one| &*one.label == label);
            let why = format!("version {} has no operation `{label}`", client.label);
            let refused = || Box::new(refusal(StatusCode::NOT_FOUND, "no-such-operation", &why));
            Some(found.ok_or_else(refused)?)
        }
    };
    Ok(Asked { api, client, group, operation })
}

pub(super) fn answer(desk: &Desk, call: &Call) -> Answer {
    show(desk, call, &Form::asked(call), Tried::default())
}

/// The page of what is asked for, with what was tried.
pub(super) fn show(desk: &Desk, call: &Call, form: &Form, tried: Tried) -> Answer {
    let snapshot = desk.reloader.shared().load_full();
    let asked = match asked(&snapshot, call, form) {
        Ok(asked) => asked,
        Err(answer) => return *answer,
    };
    let Asked { api, client, group, operation } = asked;
    let label_of = |group: usize| {
        api.groups.get(group).map(|group| ways::label(api, group)).unwrap_or_default()
    };
    let link = format!("/ui/apis/{}", encoded(&api.name));
    let chosen = operation.and_then(|index| client.operations.get(index));
    let choice = chosen.and_then(|operation| ways::choice(&operation.choices, group));
    let crossing = choice.and_then(|choice| choice.crossing.as_deref());
    let way = choice.map_or(Way::None, |_| Way::of(crossing));
    let listed = client.operations.iter().enumerate().take(OPERATIONS);
    let operations = listed.map(|(index, one)| {
        let way = ways::choice(&one.choices, group)
            .map_or(Way::None, |choice| Way::of(choice.crossing.as_deref()));
        Operation {
            label: one.label.to_string(),
            link: format!(
                "{link}/plan?client={}&backend={}&operation={}#plan",
                encoded(&client.label),
                encoded(label_of(group)),
                encoded(&one.label)
            ),
            kind: way.kind(),
            sign: way.sign(),
            word: way.word(),
            chosen: operation == Some(index),
        }
    });
    let pick = |label: &str, chosen: bool| Pick { label: label.to_owned(), chosen };
    let backends = (0..api.groups.len()).map(|number| pick(label_of(number), number == group));
    let clients = api.clients.iter().filter(|one| !one.operations.is_empty());
    let arrives = crossing
        .zip(chosen)
        .filter(|(crossing, one)| crossing.label != one.label)
        .map(|(crossing, _)| crossing.label.to_string());
    let title = format!("{}: plans", api.name);
    let page = Page {
        frame: Frame::new(desk, call, &title, "traffic"),
        name: api.name.to_string(),
        clients: clients.map(|one| pick(&one.label, one.label == client.label)).collect(),
        backends: backends.collect(),
        client: client.label.to_string(),
        backend: label_of(group).to_owned(),
        operations: operations.collect(),
        operation: chosen.map(|one| one.label.to_string()).unwrap_or_default(),
        arrives: arrives.unwrap_or_default(),
        kind: way.kind(),
        sign: way.sign(),
        word: way.word(),
        why_not: why_not(choice.is_none(), chosen.map(|one| &*one.why_not)),
        messages: crossing.map(messages).unwrap_or_default(),
        tried,
        link,
    };
    html(StatusCode::OK, &page)
}

fn why_not(none: bool, why: Option<&str>) -> String {
    match why {
        Some(why) if none && !why.is_empty() => why.to_owned(),
        Some(_) if none => "requests of this operation go to another version".to_owned(),
        _ => String::new(),
    }
}

fn messages(crossing: &Crossing) -> Vec<Message> {
    let mut request = message("request", "Request", &crossing.request);
    let hidden = crossing.hiding.iter().flat_map(|hiding| &hiding.members);
    request.steps.extend(hidden.map(|loss| Step {
        rule: loss.rule,
        at: loss.at.clone(),
        text: loss.text.clone(),
        loss: true,
        policy: "",
    }));
    let answers = crossing.responses.iter().enumerate().map(|(index, (status, one))| {
        message(&format!("response-{index}"), &format!("Response {status}"), one)
    });
    std::iter::once(request).chain(answers).collect()
}

fn message(id: &str, title: &str, message: &CrossingMessage) -> Message {
    let mut steps: Vec<Step> =
        message.parameters.iter().map(|step| Step::of(step.note())).collect();
    if let Some((status, loss)) = &message.status_as {
        steps.push(Step {
            rule: loss.as_ref().map_or("", |loss| loss.rule),
            at: "status".to_owned(),
            text: format!("answered as {status}"),
            loss: loss.is_some(),
            policy: "",
        });
    }
    let bodies = message.bodies.iter().map(|body| {
        let conversion = body.conversion.as_ref();
        let programs = conversion.into_iter().flat_map(|one| one.prepared.programs());
        let mut seen = BTreeSet::new();
        let notes = programs.flat_map(|program| &program.notes);
        let all: Vec<Step> = notes
            .filter(|note| seen.insert((note.rule, note.at.as_str(), note.text.as_str())))
            .map(Step::of)
            .collect();
        let written_as = body.written_as.as_ref().and_then(|value| value.to_str().ok());
        Body {
            media: body.essence.clone(),
            written_as: written_as.unwrap_or_default().to_owned(),
            converted: conversion.is_some(),
            more: all.len().saturating_sub(STEPS),
            steps: all.into_iter().take(STEPS).collect(),
        }
    });
    let way = if message.may_lose() {
        Way::Lossy
    } else if message.converts() || !steps.is_empty() {
        Way::Bridged
    } else {
        Way::Native
    };
    let way = (way.kind(), way.sign(), way.word());
    Message { id: id.to_owned(), title: title.to_owned(), way, bodies: bodies.collect(), steps }
}
