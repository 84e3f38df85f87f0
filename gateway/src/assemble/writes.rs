//! Full writes (PUT) that would take away what the client's version cannot show: found when the ways are made.

use std::sync::Arc;

use evergate_schemas::convert::put::FullWrite;
use evergate_schemas::describe::model::{Content, Description, Operation, Status};
use evergate_schemas::plan::bridge::{BodyPlan, OperationBridge};
use evergate_schemas::plan::program::Note;
use evergate_schemas::problem::{Place, Problem, Severity};
use evergate_schemas::schema::{Role, Side};

use super::crossing::Counting;
use super::lifecycle::problem;
use crate::config::{ApiConfig, WriteMode};
use crate::snapshot::Hiding;
use crate::snapshot::meter::Way;

/// A write and the read of the same path, from one version to another.
pub(super) struct Writing<'a> {
    pub(super) client: &'a Description,
    pub(super) backend: &'a Description,
    /// The client's PUT, and its way.
    pub(super) write: (&'a Operation, &'a OperationBridge),
    /// The way of the client's GET of the same path.
    pub(super) read: &'a OperationBridge,
}

/// The client's GET of the path that an operation writes whole.
pub(super) fn read_of(client: &Description, operation: &Operation) -> Option<usize> {
    let same = |one: &Operation| one.key.method == "GET" && one.key.path == operation.key.path;
    if operation.key.method == "PUT" { client.operations.iter().position(same) } else { None }
}

/// What is configured for an operation, and where.
pub(super) fn mode<'a>(
    config: &'a ApiConfig,
    operation: &Operation,
) -> (WriteMode, Option<&'a Place>) {
    let named = config.writes.operations.get(&operation.key.to_string());
    let (default, place) = &config.writes.default;
    named.map_or((*default, place.as_ref()), |(mode, place)| (*mode, Some(place)))
}

/// A write that was named to be merged, and that nothing is known to read for.
pub(super) fn unread(config: &ApiConfig, operation: &Operation) -> Option<Problem> {
    let key = operation.key.to_string();
    let (mode, place) = config.writes.operations.get(&key)?;
    let merges = matches!(mode, WriteMode::MergePatch | WriteMode::ReadMergeWrite);
    merges.then(|| {
        let what = format!("{key} cannot be merged: its version has no GET of that path");
        problem(place, Severity::Error, what, "write `refuse` or `replace`")
    })
}

/// Operations that are named under `writes` and that no version has.
pub(super) fn unknown(config: &ApiConfig, versions: &[Arc<Description>]) -> Vec<Problem> {
    let puts = || {
        let all = versions.iter().flat_map(|version| &version.operations);
        all.filter(|operation| operation.key.method == "PUT").map(|one| one.key.to_string())
    };
    let mut known: Vec<String> = puts().collect();
    known.sort_unstable();
    known.dedup();
    let remedy = match known.as_slice() {
        [] => "leave it out: the api has no PUT".to_owned(),
        all => format!("write one of {}", all.join(", ")),
    };
    let missing = config.writes.operations.iter().filter(|(key, _)| !known.contains(key));
    missing
        .map(|(key, (_, place))| {
            let what = format!("the api `{}` has no `{key}`", config.name);
            problem(place, Severity::Error, what, remedy.clone())
        })
        .collect()
}

impl<'a> Writing<'a> {
    /// What the write would take away, and the warning where it is refused for that.
    pub(super) fn hiding(
        &self,
        mode: WriteMode,
        counting: &Counting<'_>,
    ) -> (Option<Hiding>, Option<Problem>) {
        let hidden = self.hidden();
        let members: Vec<_> =
            hidden.iter().filter_map(|note| counting.loss(Way::request, note)).collect();
        if members.is_empty() {
            return (None, None);
        }
        let refuses = mode == WriteMode::Refuse;
        let warning = refuses.then(|| self.warning(&hidden));
        (Some(Hiding { members, refuses }), warning)
    }

    fn warning(&self, hidden: &[Note]) -> Problem {
        let (operation, _) = self.write;
        let places: Vec<_> = hidden.iter().map(|note| format!("`{}`", note.at)).collect();
        let what = format!(
            "{} of version {} is refused before a backend of version {}: it would take away {}, which version {} cannot \
             show",
            operation.key,
            self.client.version,
            self.backend.version,
            places.join(", "),
            self.client.version
        );
        let remedy = format!(
            "run a backend of version {}, or accept the loss by `writes: {{ operations: {{ \"{}\": replace }} }}`",
            self.client.version, operation.key
        );
        problem(&operation.place, Severity::Warning, what, remedy)
    }

    /// For every JSON body that may be written, what every JSON view of the resource hides.
    pub(super) fn hidden(&self) -> Vec<Note> {
        let mut hidden = self.found(|write| write.hidden());
        // the sentence of the view's step is about the read
        for note in &mut hidden {
            note.text = format!("take away `{}`, which the client cannot see", note.at);
        }
        hidden
    }

    /// Whether writing a view back may change what was not seen, was seen as something else, or is not declared by the
    /// client's version.
    pub(super) fn changes(&self) -> bool {
        let leaves_out = |(write, sent, taken): (&'a BodyPlan, &'a Content, &'a Content)| {
            self.each_view(write, sent, taken, |write| write.leaves_out()).contains(&true)
        };
        if self.writes().any(leaves_out) {
            return true;
        }
        !self.found(|write| write.hidden()).is_empty()
            || !self.found(|write| write.replaced()).is_empty()
    }

    /// What is found for any written JSON body and any JSON view, each place once.
    fn found(&self, find: impl Fn(FullWrite<'_>) -> Vec<Note>) -> Vec<Note> {
        let mut found: Vec<Note> = Vec::new();
        for (write, sent, taken) in self.writes() {
            for new in self.each_view(write, sent, taken, &find).into_iter().flatten() {
                if found.iter().all(|one| one.at != new.at) {
                    found.push(new);
                }
            }
        }
        found
    }

    /// What is found of one written body, for each JSON view of the resource.
    pub(super) fn each_view<Out>(
        &self,
        write: &BodyPlan,
        sent: &Content,
        taken: &Content,
        find: impl Fn(FullWrite<'_>) -> Out,
    ) -> Vec<Out> {
        let sent = self.client.schema(&sent.root, Side::Request, Role::Sender);
        let taken = self.backend.schema(&taken.root, Side::Request, Role::Sender);
        let one = |view: &BodyPlan| {
            let (view, write) = (&*view.plan.stages, &*write.plan.stages);
            find(FullWrite { view, write, sent: &sent, taken: &taken })
        };
        self.views().map(one).collect()
    }

    /// The backend's PUT and GET.
    pub(super) fn backend_operations(&self) -> Option<(&'a Operation, &'a Operation)> {
        let find = |at: Option<usize>| self.backend.operations.get(at?);
        Some((find(self.write.1.backend_operation)?, find(self.read.backend_operation)?))
    }

    /// Each plan of a written JSON body, with what the client sends and what the backend takes.
    pub(super) fn writes(&self) -> impl Iterator<Item = (&'a BodyPlan, &'a Content, &'a Content)> {
        let (operation, bridge) = self.write;
        let takes = bridge.backend_operation.and_then(|at| self.backend.operations.get(at));
        bridge.request.bodies.iter().filter_map(move |plan| {
            let read_as = plan.written_as.as_ref().unwrap_or(&plan.media_type);
            let sent = content(operation, &plan.media_type)?;
            is_json(&plan.media_type).then_some(())?;
            Some((plan, sent, content(takes?, read_as)?))
        })
    }

    /// The plans of the JSON answers that show the resource.
    pub(super) fn views(&self) -> impl Iterator<Item = &'a BodyPlan> {
        let shows = |status: Option<Status>| match status {
            Some(Status::Code(code)) => (200..300).contains(&code),
            Some(Status::Class(class)) => class == 2,
            Some(Status::Default) | None => true,
        };
        let responses = self.read.responses.iter().filter(move |one| shows(one.status));
        responses.flat_map(|one| &one.bodies).filter(|body| is_json(&body.media_type))
    }
}

pub(super) fn content<'a>(operation: &'a Operation, media_type: &str) -> Option<&'a Content> {
    let contents = &operation.body.as_ref()?.contents;
    let essence = |text: &str| text.split(';').next().unwrap_or_default().to_owned();
    let exact = contents.iter().find(|one| one.media_type == media_type);
    let like = || contents.iter().find(|one| essence(&one.media_type) == essence(media_type));
    // a plan exists, so that one of the ranges is the one that was meant
    exact.or_else(like).or_else(|| contents.iter().find(|one| one.media_type.contains('*')))
}

pub(super) fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence == "application/json" || essence.ends_with("+json") || essence.contains('*')
}
