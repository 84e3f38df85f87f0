//! A payload that somebody tries out: converted by the very converter that requests go through, within bounds.

use std::sync::Arc;

use evergate_schemas::convert::{BodyConverter, BodyOptions, Refused};
use evergate_schemas::plan::outside::Values;
use http::StatusCode;
use tokio::sync::Semaphore;

use super::super::desk::{Answer, Call, Desk, refusal};
use super::form::Form;
use super::plan::{Asked, Tried, asked, show};
use super::ways;
use crate::snapshot::{Api, Conversion, CrossingMessage, Snapshot};

/// Most octets of a payload that is tried out.
const PAYLOAD: usize = 64 << 10;
/// Most octets of its result that are shown.
const RESULT: usize = 256 << 10;
/// Payloads that are tried out at once.
static TURNS: Semaphore = Semaphore::const_new(2);

pub(super) async fn answer(desk: &Desk, call: Call) -> Answer {
    let form = match Form::sent(desk, &call) {
        Ok(form) => form,
        Err(answer) => return *answer,
    };
    let payload = form.text("payload").to_owned();
    if payload.len() > PAYLOAD {
        let why = format!("a payload to try out has at most {PAYLOAD} octets; try a smaller one");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", &why);
    }
    let snapshot = desk.reloader.shared().load_full();
    let found = match conversion(&snapshot, &call, &form) {
        Ok(found) => found,
        Err(answer) => return *answer,
    };
    let Ok(_turn) = TURNS.acquire().await else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "fault", "nothing is tried out any more");
    };
    let mut tried = Tried {
        message: form.text("message").to_owned(),
        body: form.number("body"),
        payload: payload.clone(),
        ..Tried::default()
    };
    match found {
        None => {
            tried.result = payload;
            tried.lines = vec!["Its bytes pass as they are.".to_owned()];
        }
        Some((conversion, options)) => {
            let run = tokio::task::spawn_blocking(move || run(&conversion, &options, &payload));
            match run.await {
                Ok(Ok((result, lines))) => (tried.result, tried.lines) = (result, lines),
                Ok(Err(refused)) => {
                    tried.refused = true;
                    tried.lines = vec![refused.to_string()];
                }
                Err(_) => {
                    tried.refused = true;
                    tried.lines = vec!["the conversion failed inside the program".to_owned()];
                }
            }
        }
    }
    show(desk, &call, &form, tried)
}

type Found = Option<(Arc<Conversion>, BodyOptions)>;

/// What the body of a message goes through; `None` where its bytes pass.
fn conversion(snapshot: &Snapshot, call: &Call, form: &Form) -> Result<Found, Box<Answer>> {
    let Asked { api, client, group, operation } = asked(snapshot, call, form)?;
    let missing = || {
        let why = "there is no such message to try out; choose one of the page's";
        Box::new(refusal(StatusCode::NOT_FOUND, "no-such-message", why))
    };
    let operation = operation.and_then(|index| client.operations.get(index));
    let choice = operation.and_then(|one| ways::choice(&one.choices, group)).ok_or_else(missing)?;
    let Some(crossing) = &choice.crossing else { return Ok(None) };
    let message: &CrossingMessage = match form.text("message") {
        "request" => &crossing.request,
        other => {
            let number =
                other.strip_prefix("response-").and_then(|text| text.parse::<usize>().ok());
            let found = number.and_then(|number| crossing.responses.get(number));
            &found.ok_or_else(missing)?.1
        }
    };
    let body = message.bodies.get(form.number("body")).ok_or_else(missing)?;
    let Some(conversion) = &body.conversion else { return Ok(None) };
    let options = BodyOptions {
        limits: snapshot.bounds.conversion.of_conversion(),
        values: values(api),
        unconvertible: conversion.unconvertible,
        media_type: Some(body.essence.clone()),
    };
    Ok(Some((Arc::clone(conversion), options)))
}

/// What the configuration gives to programs; a trial has neither headers nor parameters.
fn values(api: &Api) -> Arc<Values> {
    let configured = api.values.iter().map(|(name, text)| (name.to_string(), text.to_string()));
    Arc::new(Values { configuration: configured.collect(), ..Values::default() })
}

/// The result, and what was lost on the way.
fn run(
    conversion: &Conversion,
    options: &BodyOptions,
    payload: &str,
) -> Result<(String, Vec<String>), Refused> {
    let mut converter = BodyConverter::start(&conversion.prepared, options);
    let mut out = Vec::new();
    converter.push(payload.as_bytes(), &mut out)?;
    let report = converter.finish(&mut out)?;
    let mut lines = Vec::new();
    for (losses, fired) in conversion.losses.iter().zip(&report.fired) {
        for (loss, times) in losses.iter().zip(fired) {
            if let (Some(loss), 1..) = (loss, *times) {
                lines
                    .push(format!("lost: {} at {} ({}, {times} ×)", loss.text, loss.at, loss.rule));
            }
        }
    }
    if out.len() > RESULT {
        lines.push(format!("the result has {} octets, of which the first are shown", out.len()));
        out.truncate(RESULT);
    }
    Ok((String::from_utf8_lossy(&out).into_owned(), lines))
}
