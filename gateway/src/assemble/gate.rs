//! Which conversions a snapshot may contain: what is total, and proved or tested as the configuration demands.

use std::collections::BTreeMap;
use std::sync::Arc;

use evergate_contracts::{Example, Tester};
use evergate_schemas::describe::model::{Api, Status};
use evergate_schemas::plan::bridge::{MessageBridge, OperationBridge, Part, PartKey};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::problem::{Problem, Severity};
use evergate_schemas::relate::verdict::Verdict;

use super::lifecycle::problem;
use crate::config::{ApiConfig, Require};

/// Lets operations pass, or says why not.
#[derive(Debug)]
pub(super) struct Gate<'a> {
    require: Require,
    tester: Tester<'a>,
    /// What rests on tests: answers and payloads by client's and backend's version.
    tested: BTreeMap<(usize, usize), (usize, usize)>,
}

impl<'a> Gate<'a> {
    /// The demands of an api's configuration.
    pub(super) fn new(config: &ApiConfig, api: &'a Api, examples: &'a [Example]) -> Self {
        let values = config.values.iter().map(|(name, value)| (name.clone(), value.to_string()));
        let values = Values { configuration: values.collect(), ..Values::default() };
        let tester = Tester::new(api, examples, config.conversion.payloads, Arc::new(values));
        Self { require: config.conversion.require, tester, tested: BTreeMap::new() }
    }

    /// Whether a backend of another version can serve an operation; if not, why, as a sentence fragment.
    pub(super) fn usable(
        &mut self,
        versions: (usize, usize),
        bridge: &OperationBridge,
    ) -> Result<(), String> {
        if bridge.backend_operation.is_none() {
            return Err("it has no such operation".to_owned());
        }
        let hopeless =
            |part: &&Part| part.key == PartKey::Whole && part.judgement.verdict == Verdict::Broken;
        if let Some(part) = bridge.request.parts.iter().find(hopeless) {
            return Err(format!("the request cannot be converted{}", reason(part)));
        }
        let (mut messages, mut payloads) = (0, 0);
        for response in &bridge.responses {
            let status = response.status.unwrap_or(Status::Default);
            if let Some(part) = response.parts.iter().find(|part| !part.judgement.total) {
                let why = reason(part);
                return Err(format!("the conversion of response {status} is not total{why}"));
            }
            let Some(part) = unproved(response) else { continue };
            let verdict = part.judgement.verdict;
            match self.require {
                Require::Proved => {
                    return Err(format!("response {status} is {verdict}{}", reason(part)));
                }
                Require::Tested => {
                    let passed = self.tester.response(versions, bridge, response);
                    let passed = passed.map_err(|why| format!("response {status}: {why}"))?;
                    messages += 1;
                    payloads += passed.payloads;
                }
                Require::Any => {}
            }
        }
        if messages > 0 {
            let sum = self.tested.entry(versions).or_default();
            *sum = (sum.0 + messages, sum.1 + payloads);
        }
        Ok(())
    }

    /// What the snapshot takes without a proof.
    pub(super) fn told(self, config: &ApiConfig, labels: &[String]) -> Vec<Problem> {
        let label = |index: usize| labels.get(index).map_or("", String::as_str);
        let one = |((client, backend), (messages, payloads))| {
            let (client, backend) = (label(client), label(backend));
            let what = format!(
                "of the api `{}`, {messages} answers of version {backend} to clients of {client} are tested with \
                 {payloads} payloads, and not proved",
                config.name
            );
            let remedy = "`evergate check --bridges` says why nobody can tell";
            problem(&config.place, Severity::Warning, what, remedy)
        };
        self.tested.into_iter().map(one).collect()
    }
}

fn unproved(response: &MessageBridge) -> Option<&Part> {
    response.parts.iter().find(|part| !part.judgement.verdict.holds())
}

fn reason(part: &Part) -> String {
    let judgement = &part.judgement;
    match (&judgement.witness, &judgement.undecided) {
        (Some(witness), _) => format!(": at `{}`: {}", witness.at, witness.message),
        (None, Some(undecided)) => format!(": {}", undecided.reason),
        (None, None) => match &part.key {
            PartKey::Body(media_type) => format!(": the {media_type} body"),
            PartKey::Parameter(_, name) => format!(": `{name}`"),
            PartKey::Whole => String::new(),
        },
    }
}
