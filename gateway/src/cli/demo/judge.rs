//! Says of each exchange whether both ends got what their versions promise, and which rules fired.

use std::path::Path;
use std::sync::Arc;

use evergate_schemas::convert::{Converter, Limits};
use evergate_schemas::describe::model::{Api, Content, Operation, OperationKey, Status};
use evergate_schemas::describe::{Limits as DescribeLimits, load_api};
use evergate_schemas::plan::bridge::{MessageBridge, OperationBridge, Plan};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::{Bridges, CompileLimits, Known, Pairs, declared};
use evergate_schemas::problem::Problem;
use evergate_schemas::relate::Prover;
use evergate_schemas::sample::Validator;
use evergate_schemas::schema::{Role, Side};
use serde_json::Value;

use super::client::Seen;
use super::scene::Scene;

/// What went into the gateway from either end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bodies<'b> {
    pub(super) sent: &'b [u8],
    pub(super) answer: &'b [u8],
    pub(super) status: u16,
}

/// The api's descriptions and plans.
#[derive(Debug)]
pub(super) struct Judge {
    api: Api,
    bridges: Bridges,
    values: Arc<Values>,
}

impl Judge {
    /// Loads and compiles what the gateway loads too, for reading along.
    pub(super) fn load(directory: &Path, values: Values) -> Result<Self, String> {
        let all = |problems: Vec<Problem>| {
            let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
            texts.join("\n")
        };
        let api = load_api(directory, &DescribeLimits::default()).map_err(all)?;
        let (changes, problems) = declared(&api);
        if !problems.is_empty() {
            return Err(all(problems));
        }
        let known = values.configuration.iter();
        let known = known.map(|(name, text)| (name.clone(), text.as_str().into())).collect();
        let limits = CompileLimits {
            known: Known { configuration: known, ..Known::default() },
            ..CompileLimits::default()
        };
        let mut prover = Prover::default();
        let bridges = Bridges::compile_within(&api, &changes, Pairs::All, (&mut prover, &limits));
        Ok(Self { api, bridges, values: Arc::new(values) })
    }

    /// What is wrong with what the backend got and with what the client saw, by the validator.
    pub(super) fn complaints(
        &self,
        scene: &Scene,
        backend: &str,
        got: &[u8],
        seen: &Seen,
    ) -> Vec<String> {
        let (Some(theirs), Some(ours)) =
            (self.operation(backend, scene), self.operation(scene.client, scene))
        else {
            return vec![format!("one side does not describe {} {}", scene.method, scene.path)];
        };
        let asked = theirs.body.as_ref().and_then(|body| json(&body.contents));
        let answered =
            ours.response(seen.status.as_u16()).and_then(|response| json(&response.contents));
        let got = asked.and_then(|content| self.invalid(backend, content, Side::Request, got));
        let saw = answered
            .and_then(|content| self.invalid(scene.client, content, Side::Response, &seen.body));
        let got = got.map(|error| format!("what backend {backend} got is invalid for it: {error}"));
        let saw =
            saw.map(|error| format!("what client {} saw is invalid for it: {error}", scene.client));
        got.into_iter().chain(saw).collect()
    }

    /// The steps of the plans that fired in this exchange, found by running the same plans over the same bodies.
    pub(super) fn fired(&self, scene: &Scene, backend: &str, bodies: &Bodies<'_>) -> Vec<String> {
        let Some(bridge) = self.bridge(scene, backend) else { return Vec::new() };
        let mut steps = fired_in("request", &bridge.request, bodies.sent, &self.values);
        let status = Some(Status::Code(bodies.status));
        if let Some(response) = bridge.responses.iter().find(|one| one.status == status) {
            steps.extend(fired_in("response", response, bodies.answer, &self.values));
        }
        steps
    }

    fn version(&self, label: &str) -> Option<usize> {
        self.api.versions.iter().position(|one| one.version.as_str() == label)
    }

    fn operation(&self, version: &str, scene: &Scene) -> Option<&Operation> {
        self.api.versions.get(self.version(version)?)?.operation(&shape(scene))
    }

    fn bridge(&self, scene: &Scene, backend: &str) -> Option<&OperationBridge> {
        let (client, backend) = (self.version(scene.client)?, self.version(backend)?);
        let operations = &self.api.versions.get(client)?.operations;
        self.bridges.operation(client, backend).iter().find(|bridge| {
            operations
                .get(bridge.client_operation)
                .is_some_and(|one| one.key.shape() == shape(scene))
        })
    }

    fn invalid(&self, version: &str, content: &Content, side: Side, body: &[u8]) -> Option<String> {
        let description = self.api.versions.get(self.version(version)?)?;
        let value: Value = match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(error) => return Some(error.to_string()),
        };
        let schema = description.schema(&content.root, side, Role::Reader);
        match Validator::new(&schema) {
            Ok(validator) => {
                validator.first_error(&value).map(|(at, _, message)| format!("{at}: {message}"))
            }
            Err(error) => Some(error),
        }
    }
}

fn shape(scene: &Scene) -> String {
    OperationKey { method: scene.method.to_owned(), path: scene.path.to_owned() }.shape()
}

fn json(contents: &[Content]) -> Option<&Content> {
    contents.iter().find(|content| content.media_type == "application/json")
}

fn fired_in(side: &str, message: &MessageBridge, body: &[u8], values: &Arc<Values>) -> Vec<String> {
    let plan =
        message.bodies.iter().find(|one| one.media_type == "application/json").map(|one| &one.plan);
    plan.map(|plan| fired_steps(side, plan, body, values)).unwrap_or_default()
}

fn fired_steps(side: &str, plan: &Plan, body: &[u8], values: &Arc<Values>) -> Vec<String> {
    let mut converter = Converter::new(&plan.stages, Limits::default(), Arc::clone(values));
    let mut out = Vec::new();
    let report = converter.push(body, &mut out).and_then(|()| converter.finish(&mut out));
    let Ok(report) = report else { return Vec::new() };
    let stages = plan.stages.iter().zip(&report.fired);
    stages
        .flat_map(|(program, counts)| program.notes.iter().zip(counts))
        .filter(|(_, count)| **count > 0)
        .map(|(note, count)| {
            let loss = if note.loss { " (loss)" } else { "" };
            format!("{side} {:<3} {}{loss} ×{count}", note.rule, note.text)
        })
        .collect()
}
