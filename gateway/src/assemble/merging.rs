//! Full writes that are sent in another way, so that what their version cannot show stays: whether that can work.

use std::sync::Arc;

use evergate_schemas::convert::put::{Shown, trimmed};
use evergate_schemas::convert::{Prepared, PreparedBody, Unconvertible};
use evergate_schemas::describe::model::{
    Content, Description, Location, Operation, Response, Status,
};
use evergate_schemas::plan::bridge::BodyPlan;
use evergate_schemas::plan::program::Note;
use evergate_schemas::problem::{Place, Problem, Severity};
use evergate_schemas::schema::{Role, Side};
use http::HeaderValue;

use super::crossing::{self, Counting};
use super::lifecycle::problem;
use super::writes::{Writing, is_json};
use crate::config::{ApiConfig, WriteMode};
use crate::snapshot::meter::{MergeLabels, Way};
use crate::snapshot::{Conversion, Crossing, CrossingBody, Merge, Merging, Reading};

/// RFC 7396.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// How the write is merged; `None` where writing a view back changes nothing that was not seen. The error says why it
/// cannot be.
pub(super) fn merging(
    (writing, mode): (&Writing<'_>, WriteMode),
    config: &ApiConfig,
    counting: &Counting<'_>,
    crossing: &mut Crossing,
) -> Result<Option<Merging>, String> {
    let ends = writing.backend_operations();
    let (put, get) = ends.ok_or_else(|| "that lacks the operation or its GET".to_owned())?;
    if !writing.changes() {
        return Ok(None);
    }
    for (operation, method) in [(put, "PUT"), (get, "GET")] {
        if operation.key.method != method {
            return Err(format!("that has {} for the {method}", operation.key));
        }
    }
    let how = if mode == WriteMode::MergePatch {
        Merge::Patch(patches(writing, put)?)
    } else {
        Merge::Read(Box::new(reading(writing, (put, get), config, counting)?))
    };
    // what is merged is held whole and known to be JSON, also where the write itself needs no conversion
    for body in crossing.request.bodies.iter_mut().filter(|body| is_json(&body.essence)) {
        body.conversion.get_or_insert_with(copying);
    }
    let programs = writing
        .write
        .1
        .request
        .bodies
        .iter()
        .map(|body| (CrossingBody::essence_of(&body.media_type), body.plan.stages.clone()));
    let word = if mode == WriteMode::MergePatch { "merge_patch" } else { "read_merge_write" };
    let labels = MergeLabels {
        api: counting.api.to_owned(),
        operation: counting.operation.to_owned(),
        client_version: counting.versions.0.to_owned(),
        backend_version: counting.versions.1.to_owned(),
        how: word.to_owned(),
    };
    let merged = counting.metrics.merged(&labels);
    Ok(Some(Merging { how, merged, programs: programs.collect() }))
}

impl Writing<'_> {
    /// A write that cannot be merged as it is configured.
    pub(super) fn unmerged(
        &self,
        (mode, place): (WriteMode, Option<&Place>),
        why: &str,
    ) -> Problem {
        let (operation, _) = self.write;
        let (word, other) = match mode {
            WriteMode::MergePatch => ("merge_patch", "`read_merge_write`, `refuse` or `replace`"),
            _ => ("read_merge_write", "`merge_patch`, `refuse` or `replace`"),
        };
        let what = format!(
            "{} of version {} cannot be written by `{word}` to a backend of version {}: {why}",
            operation.key, self.client.version, self.backend.version
        );
        let remedy = format!("write {other} for \"{}\" under `writes: operations`", operation.key);
        problem(place.unwrap_or(&operation.place), Severity::Error, what, remedy)
    }
}

/// What a merge patch may say, by the media type of the write.
fn patches(writing: &Writing<'_>, put: &Operation) -> Result<Vec<(String, Shown)>, String> {
    let backend = writing.backend;
    let same = |one: &&Operation| one.key.method == "PATCH" && one.key.path == put.key.path;
    let patch = backend.operations.iter().find(same);
    let patch = patch.ok_or_else(|| format!("that has no PATCH {}", put.key.path))?;
    let contents = patch.body.iter().flat_map(|body| &body.contents);
    let takes = contents.clone().find(|one| essence(&one.media_type) == MERGE_PATCH);
    let takes = takes.ok_or_else(|| format!("its {} does not take {MERGE_PATCH}", patch.key))?;
    answered(put, patch)?;
    let needed = |one: &evergate_schemas::describe::model::Parameter| {
        let known =
            put.parameters.iter().any(|own| (own.location, &own.name) == (one.location, &one.name));
        one.required && one.location != Location::Path && !known
    };
    if let Some(parameter) = patch.parameters.iter().find(|one| needed(one)) {
        return Err(format!(
            "its {} requires `{}`, which its PUT does not know",
            patch.key, parameter.name
        ));
    }
    let mut all = Vec::new();
    for (write, sent, taken) in writing.writes() {
        let shown = shown(writing, (write, sent, taken))?;
        fits(backend, (patch, takes), &shown)?;
        all.push((essence(&write.media_type), shown));
    }
    Ok(all)
}

/// What the client's version shows, the same by all views of it.
fn shown(
    writing: &Writing<'_>,
    (write, sent, taken): (&BodyPlan, &Content, &Content),
) -> Result<Shown, String> {
    let mut found: Option<Shown> = None;
    for one in writing.each_view(write, sent, taken, |write| write.shown()) {
        let one = one.map_err(|why| why.to_string())?;
        if found.as_ref().is_some_and(|known| *known != one) {
            return Err("its answers show different members".to_owned());
        }
        found = Some(one);
    }
    found.ok_or_else(|| "no answer shows the document as JSON".to_owned())
}

/// Whether the PATCH declares each member that a patch may say.
fn fits(
    backend: &Description,
    (patch, takes): (&Operation, &Content),
    shown: &Shown,
) -> Result<(), String> {
    let schema = backend.schema(&takes.root, Side::Request, Role::Sender);
    // one that is open takes them all
    let Ok(known) = Shown::whole(&schema) else { return Ok(()) };
    match shown.beyond(&known) {
        Some(at) => Err(format!("its {} does not declare `{at}`", patch.key)),
        None => Ok(()),
    }
}

/// Whether what answers a PATCH can be read as what answers the PUT.
fn answered(put: &Operation, patch: &Operation) -> Result<(), String> {
    let any = patch.responses.iter().any(|one| succeeds(one.status));
    for answer in &patch.responses {
        let like = put.responses.iter().find(|one| one.status == answer.status);
        let must = succeeds(answer.status) || (answer.status == Status::Default && !any);
        match like {
            Some(like) if alike(answer, like) => {}
            Some(_) => {
                return Err(format!(
                    "its {} and its PUT answer {} with different bodies",
                    patch.key, answer.status
                ));
            }
            None if must => {
                let (key, status) = (&patch.key, answer.status);
                return Err(format!("its {key} answers {status}, which its PUT does not declare"));
            }
            None => {}
        }
    }
    Ok(())
}

fn succeeds(status: Status) -> bool {
    match status {
        Status::Code(code) => (200..300).contains(&code),
        Status::Class(class) => class == 2,
        Status::Default => false,
    }
}

fn alike(one: &Response, other: &Response) -> bool {
    let known = |content: &Content| {
        other
            .contents
            .iter()
            .any(|own| (&own.media_type, &own.root) == (&content.media_type, &content.root))
    };
    one.contents.len() == other.contents.len() && one.contents.iter().all(known)
}

/// How documents are read and written back.
fn reading(
    writing: &Writing<'_>,
    (put, get): (&Operation, &Operation),
    config: &ApiConfig,
    counting: &Counting<'_>,
) -> Result<Reading, String> {
    let lacks = || "that has no GET of the path".to_owned();
    if put.key.path != get.key.path {
        return Err(format!("its {} is at another path than its {}", get.key, put.key));
    }
    total(writing).map_err(|why| format!("its {} cannot be read: {why}", get.key))?;
    let operation = writing.client.operations.get(writing.read.client_operation);
    let label = operation.map_or_else(String::new, |operation| operation.key.to_string());
    let reads = Counting { operation: &label, ..*counting };
    let read = crossing::crossing(writing.read, writing.backend, &reads).ok_or_else(lacks)?;
    let shows = read.response(200).into_iter().flat_map(|message| &message.bodies);
    let mut accept: Vec<&str> =
        shows.map(|body| &*body.essence).filter(|one| is_json(one)).collect();
    accept.dedup();
    let accept = HeaderValue::try_from(accept.join(", ")).ok().filter(|value| !value.is_empty());
    let accept = accept.ok_or_else(|| format!("its {} does not answer 200 with JSON", get.key))?;
    let hidden = writing.hidden();
    let unseen = Note {
        rule: "A18",
        text: "take away what the client cannot see".to_owned(),
        at: String::new(),
        loss: true,
        policy: None,
    };
    let loss = |note: &Note| counting.loss(Way::request, note);
    Ok(Reading {
        read,
        accept,
        trim: trim(writing, (put, get)),
        copy: copying(),
        attempts: config.writes.attempts,
        timeout: config.writes.read_timeout,
        unguarded: config.writes.unguarded,
        identity: config.writes.identity.clone(),
        hidden: hidden.iter().filter_map(loss).collect(),
        declared: declared(writing),
        unseen: loss(&unseen).ok_or_else(lacks)?,
    })
}

/// What the client's version declares, by the media type of the write; the first view speaks for all, as it is about the
/// write.
fn declared(writing: &Writing<'_>) -> Vec<(String, Shown)> {
    let one = |(write, sent, taken): (&BodyPlan, &Content, &Content)| {
        let views = writing.each_view(write, sent, taken, |write| write.declared());
        Some((essence(&write.media_type), views.into_iter().next()??))
    };
    writing.writes().filter_map(one).collect()
}

/// Whether every document can be shown to the client.
fn total(writing: &Writing<'_>) -> Result<(), String> {
    match writing.views().find(|view| !view.plan.judgement.total) {
        Some(view) => Err(format!("its {} does not always convert", view.media_type)),
        None => Ok(()),
    }
}

/// What the backend's GET gives and its PUT forbids, as a conversion that leaves it out.
fn trim(writing: &Writing<'_>, (put, get): (&Operation, &Operation)) -> Arc<Conversion> {
    let backend = writing.backend;
    let json = |contents: &[Content]| contents.iter().find(|one| is_json(&one.media_type)).cloned();
    let read = get.responses.iter().find(|one| succeeds(one.status));
    let read = read.and_then(|response| json(&response.contents));
    let taken = put.body.as_ref().and_then(|body| json(&body.contents));
    let stages = read.zip(taken).and_then(|(read, taken)| {
        let read = backend.schema(&read.root, Side::Response, Role::Sender);
        let taken = backend.schema(&taken.root, Side::Request, Role::Reader);
        trimmed(&read, &taken)
    });
    let stages: Vec<_> = stages.into_iter().collect();
    let prepared = PreparedBody::from(Prepared::new(&stages));
    checking(prepared)
}

/// A conversion that only checks that a body is JSON.
fn copying() -> Arc<Conversion> {
    checking(PreparedBody::from(Prepared::new(&[])))
}

/// A conversion without losses of a body that is taken whole or refused.
fn checking(prepared: PreparedBody) -> Arc<Conversion> {
    let losses = Arc::from(Vec::new());
    Arc::new(Conversion { prepared, unconvertible: Unconvertible::Close, losses })
}

fn essence(media_type: &str) -> String {
    CrossingBody::essence_of(media_type)
}
