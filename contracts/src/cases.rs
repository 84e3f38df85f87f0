//! Generated payloads and examples, converted by the real converter and judged by the independent validator.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use evergate_schemas::describe::model::{Api, Body, Content, Description, Operation, Status};
use evergate_schemas::plan::Bridges;
use evergate_schemas::plan::bridge::{BodyPlan, MessageBridge, Plan};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::Program;
use evergate_schemas::plan::wire::Wire;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::relate::verdict::Verdict;
use evergate_schemas::sample::{Random, Validator};
use evergate_schemas::schema::Side;

use crate::caches::{Caches, SchemaKey};
use crate::examples::Example;
use crate::machine::{converted, needs};
use crate::matrix::Matrix;

/// How much is tried.
#[derive(Clone, Debug)]
pub struct CaseSettings {
    /// Payloads generated for each message and pair of versions. Default 200.
    pub payloads: u32,
    /// Where they begin. Default 1.
    pub seed: u64,
    /// Failures kept with their payloads; the others are counted. Default 50.
    pub kept: usize,
    /// What plans read from outside the payload.
    pub values: Arc<Values>,
}

impl Default for CaseSettings {
    fn default() -> Self {
        Self { payloads: 200, seed: 1, kept: 50, values: Arc::default() }
    }
}

/// Where a payload came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Generated from the sender's schema.
    Generated,
    /// An example of the authors, by name.
    Example(String),
}

/// A payload that did not get through although the plan's verdict says it does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseFailure {
    /// The client's version.
    pub client: String,
    /// The backend's version.
    pub backend: String,
    /// The operation or document.
    pub operation: String,
    /// `request`, `response STATUS` or `document`, and the media type.
    pub message: String,
    /// The verdict that promised otherwise.
    pub verdict: &'static str,
    /// Where the payload came from.
    pub origin: Origin,
    /// The payload.
    pub payload: Value,
    /// What the converter wrote; absent when it refused.
    pub converted: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

/// What was tried.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tried {
    /// By pair of versions.
    pub matrix: Matrix,
    /// The first failures.
    pub failures: Vec<CaseFailure>,
    /// Plans that hold but need values from outside that nobody gave; not tried.
    pub needing_values: usize,
    /// Plans that hold but whose schemas gave no payload or no validator; not tried.
    pub untried: usize,
    /// Examples with members that their version does not declare: converted, and not promised to get through.
    pub examples_beyond: usize,
}

/// Tries every plan of every ordered pair of versions that `bridges` has.
pub fn try_cases(
    api: &Api,
    bridges: &Bridges,
    examples: &[Example],
    settings: &CaseSettings,
) -> Tried {
    let labels: Vec<String> = api.versions.iter().map(|one| one.version.to_string()).collect();
    let count = labels.len();
    let mut trial = Trial {
        api,
        settings,
        examples,
        caches: Caches::new(api, settings.payloads, settings.seed),
        tried: Tried { matrix: Matrix::new(labels), ..Tried::default() },
        done: HashMap::new(),
        random: Random::new(settings.seed),
    };
    for client in 0..count {
        for backend in (0..count).filter(|backend| *backend != client) {
            trial.pair(bridges, client, backend);
        }
    }
    trial.tried
}

/// A message of one pair: who sends it, who reads it.
#[derive(Clone, Debug)]
struct Way {
    client: usize,
    backend: usize,
    sender: usize,
    reader: usize,
    side: Option<Side>,
    operation: String,
    message: String,
    verdict: Verdict,
}

/// What is wrong with what a plan made of a payload.
pub(crate) struct Wrong {
    pub(crate) converted: Option<String>,
    pub(crate) reason: String,
}

/// A plan with the contents at both ends.
struct Ends<'a> {
    plan: &'a Plan,
    sender: &'a Content,
    reader: &'a Content,
    examples: Vec<&'a Example>,
}

type Job = (SchemaKey, SchemaKey);

struct Trial<'a> {
    api: &'a Api,
    settings: &'a CaseSettings,
    examples: &'a [Example],
    caches: Caches<'a>,
    tried: Tried,
    /// What was tried already: the same schemas by the same plan say nothing new.
    done: HashMap<Job, Vec<Vec<Arc<Program>>>>,
    random: Random,
}

impl<'a> Trial<'a> {
    fn pair(&mut self, bridges: &'a Bridges, client: usize, backend: usize) {
        let api = self.api;
        let (Some(from), Some(to)) = (api.versions.get(client), api.versions.get(backend)) else {
            return;
        };
        for bridge in bridges.operation(client, backend) {
            let of = from.operations.get(bridge.client_operation);
            let by = bridge.backend_operation.and_then(|index| to.operations.get(index));
            let (Some(of), Some(by)) = (of, by) else {
                self.count(client, backend, bridge.verdict());
                continue;
            };
            let operation = of.key.to_string();
            let way = |sender, reader, side, message: String| Way {
                client,
                backend,
                sender,
                reader,
                side: Some(side),
                operation: operation.clone(),
                message,
                verdict: Verdict::Native,
            };
            let request = way(client, backend, Side::Request, "request".to_owned());
            self.message(&request, &bridge.request, (of, by));
            for response in &bridge.responses {
                let status = response.status.unwrap_or(Status::Default);
                let named = way(backend, client, Side::Response, format!("response {status}"));
                self.message(&named, response, (by, of));
            }
        }
        self.documents(bridges, (client, from), (backend, to));
    }

    fn count(&mut self, client: usize, backend: usize, verdict: Verdict) {
        if let Some(cell) = self.tried.matrix.cell(client, backend) {
            cell.add(verdict);
        }
    }

    fn documents(
        &mut self,
        bridges: &'a Bridges,
        (client, from): (usize, &'a Description),
        (backend, to): (usize, &'a Description),
    ) {
        let Some(plans) = bridges.document(client, backend) else { return };
        for (name, sender) in &from.documents {
            let Some(plan) = plans.get(name) else { continue };
            self.count(client, backend, plan.judgement.verdict);
            let Some(reader) = to.documents.get(name) else { continue };
            let way = Way {
                client,
                backend,
                sender: client,
                reader: backend,
                side: None,
                operation: name.clone(),
                message: "document".to_owned(),
                verdict: plan.judgement.verdict,
            };
            let examples = self.examples.iter().filter(|one| {
                let stem = one.operation.as_deref().map(|file| file.trim_end_matches(".json"));
                one.dir == "document" && one.version == from.version.as_str() && stem == Some(name)
            });
            let examples = examples.collect();
            self.plan(&way, &Ends { plan, sender, reader, examples });
        }
    }

    fn message(
        &mut self,
        way: &Way,
        message: &'a MessageBridge,
        ends: (&'a Operation, &'a Operation),
    ) {
        self.count(way.client, way.backend, message.verdict);
        let (sender, reader) = ends;
        let (written, read) = match message.status {
            None => (contents(sender.body.as_ref()), contents(reader.body.as_ref())),
            Some(status) => (answers(sender, status), answers(reader, status)),
        };
        for body in &message.bodies {
            let Some((written, read)) = pick(body, written, read) else { continue };
            if !written.media_type.contains("json") {
                continue;
            }
            // what stands beside the body is not there to be tried with it
            if matches!(body.wire, Wire::Composed(_)) {
                self.tried.needing_values += 1;
                continue;
            }
            let mut named = way.clone();
            named.verdict = body.plan.judgement.verdict;
            named.message = format!("{} {}", way.message, written.media_type);
            let examples = self.examples_of(way, sender, message.status, &written.media_type);
            let ends = Ends { plan: &body.plan, sender: written, reader: read, examples };
            self.plan(&named, &ends);
        }
    }

    fn examples_of(
        &self,
        way: &Way,
        operation: &Operation,
        status: Option<Status>,
        media_type: &str,
    ) -> Vec<&'a Example> {
        let end = (way.sender, operation);
        let is = |one: &&Example| match status {
            Some(status) => one.is_answer(self.api, end, (status, media_type)),
            None => one.is_request(self.api, end, media_type),
        };
        self.examples.iter().filter(is).collect()
    }

    fn plan(&mut self, way: &Way, ends: &Ends<'_>) {
        if !way.verdict.holds() {
            return;
        }
        if needs(&ends.plan.stages, &self.settings.values) {
            self.tried.needing_values += 1;
            return;
        }
        let sender = SchemaKey::new(way.sender, way.side, &ends.sender.root);
        let reader = SchemaKey::new(way.reader, way.side, &ends.reader.root);
        let Some(judge) = self.caches.reader(&reader, &ends.reader.root) else {
            self.tried.untried += 1;
            return;
        };
        let done = self.done.entry((sender.clone(), reader)).or_default();
        let fresh = !done.contains(&ends.plan.stages);
        if fresh {
            done.push(ends.plan.stages.clone());
        }
        let payloads =
            if fresh { self.caches.payloads(&sender, &ends.sender.root) } else { Arc::default() };
        if fresh && payloads.is_empty() {
            self.tried.untried += 1;
        }
        for payload in payloads.iter() {
            let wrong = self.try_one(ends.plan, payload, &judge);
            self.tell(way, Origin::Generated, payload, wrong);
        }
        for example in ends.examples.iter().filter(|one| one.valid == Some(true)) {
            let wrong = self.try_one(ends.plan, &example.body, &judge);
            let promised = self
                .caches
                .sender(&sender, &ends.sender.root)
                .is_some_and(|declared| declared.is_valid(&example.body));
            if !promised {
                self.tried.examples_beyond += 1;
                continue;
            }
            let name = example.name.clone().unwrap_or_default();
            self.tell(way, Origin::Example(name), &example.body, wrong);
        }
    }

    fn try_one(&mut self, plan: &Plan, payload: &Value, judge: &Validator) -> Option<Wrong> {
        let outside = (&self.settings.values, &mut self.random);
        try_one(plan, payload, outside, |value| judge.first_error(value))
    }

    fn tell(&mut self, way: &Way, origin: Origin, payload: &Value, wrong: Option<Wrong>) {
        let Some(cell) = self.tried.matrix.cell(way.client, way.backend) else { return };
        match origin {
            Origin::Generated => cell.payloads += 1,
            Origin::Example(_) => cell.examples += 1,
        }
        let Some(Wrong { converted, reason }) = wrong else { return };
        cell.failures += 1;
        if self.tried.failures.len() >= self.settings.kept {
            return;
        }
        let label = |index: usize| self.api.versions.get(index).map(|one| one.version.to_string());
        self.tried.failures.push(CaseFailure {
            client: label(way.client).unwrap_or_default(),
            backend: label(way.backend).unwrap_or_default(),
            operation: way.operation.clone(),
            message: way.message.clone(),
            verdict: way.verdict.word(),
            origin,
            payload: payload.clone(),
            converted,
            reason,
        });
    }
}

/// What is wrong with the conversion of a payload.
pub(crate) fn try_one(
    plan: &Plan,
    payload: &Value,
    (values, random): (&Arc<Values>, &mut Random),
    judge: impl FnOnce(&Value) -> Option<(Pointer, String, String)>,
) -> Option<Wrong> {
    let input = payload.to_string();
    let output = match converted(&plan.stages, input.as_bytes(), values, random) {
        Ok(Some(output)) => output,
        // What `changes.yaml` says is to be refused is not promised to anybody.
        Ok(None) => return None,
        Err(reason) => return Some(Wrong { converted: None, reason }),
    };
    let text = || Some(String::from_utf8_lossy(&output).into_owned());
    let Ok(value) = serde_json::from_slice::<Value>(&output) else {
        return Some(Wrong { converted: text(), reason: "what was written is no JSON".to_owned() });
    };
    let (at, keyword, message) = judge(&value).filter(|(at, ..)| !plan.judgement.bears(at))?;
    let reason = format!("the reader refuses {at} by `{keyword}`: {message}");
    Some(Wrong { converted: text(), reason })
}

fn contents(body: Option<&Body>) -> &[Content] {
    body.map_or(&[], |body| body.contents.as_slice())
}

/// The contents of a response: declared under this very status, or under the one that covers it.
pub(crate) fn answers(operation: &Operation, status: Status) -> &[Content] {
    let exact = operation.responses.iter().find(|one| one.status == status);
    let covering = || match status {
        Status::Code(code) => operation.response(code),
        Status::Class(_) | Status::Default => {
            operation.responses.iter().find(|one| one.status == Status::Default)
        }
    };
    exact.or_else(covering).map_or(&[], |one| one.contents.as_slice())
}

pub(crate) fn pick<'a>(
    body: &BodyPlan,
    written: &'a [Content],
    read: &'a [Content],
) -> Option<(&'a Content, &'a Content)> {
    let of = |contents: &'a [Content], media_type: &str| {
        contents.iter().find(|one| one.media_type == media_type)
    };
    let sender = of(written, &body.media_type)?;
    let wanted = body.written_as.as_deref().unwrap_or(&body.media_type);
    let bare = |media_type: &str| media_type.split(';').next().unwrap_or_default().to_owned();
    let reader = of(read, wanted)
        .or_else(|| read.iter().find(|one| bare(&one.media_type) == bare(wanted)))
        .or_else(|| read.iter().find(|one| one.media_type.contains('*')))?;
    Some((sender, reader))
}
