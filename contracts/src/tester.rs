//! Messages whose verdict nobody could prove, put to the test: generated payloads and the authors' examples, converted
//! by the real converter and judged by the reader's validator.

use std::sync::Arc;

use evergate_schemas::describe::model::{Api, Content, Operation, Status};
use evergate_schemas::plan::bridge::{BodyPlan, MessageBridge, OperationBridge, PartKey};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::relate::verdict::Verdict;
use evergate_schemas::sample::Random;
use evergate_schemas::schema::Side;

use crate::caches::{Caches, SchemaKey};
use crate::cases::{answers, pick, try_one};
use crate::examples::Example;
use crate::machine::needs;

/// How a test went that nothing failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Parts of the message that are proved and needed no test.
    pub proved: usize,
    /// Parts that were tested.
    pub tested: usize,
    /// Payloads that got through.
    pub payloads: usize,
}

/// Tests the answers of one api. What is built for one message is kept for the next.
#[derive(Debug)]
pub struct Tester<'a> {
    api: &'a Api,
    examples: &'a [Example],
    values: Arc<Values>,
    caches: Caches<'a>,
    random: Random,
}

impl<'a> Tester<'a> {
    /// With so many generated payloads for each body, the same ones each time, and what plans read from outside.
    pub fn new(api: &'a Api, examples: &'a [Example], payloads: u32, values: Arc<Values>) -> Self {
        let caches = Caches::new(api, payloads, SEED);
        Self { api, examples, values, caches, random: Random::new(SEED) }
    }

    /// Tests each part of an answer that is undecided; `versions` are the client's and the backend's index.
    ///
    /// # Errors
    ///
    /// A sentence fragment: a part is broken, a payload does not get through, or nothing can be tested there.
    pub fn response(
        &mut self,
        versions: (usize, usize),
        bridge: &OperationBridge,
        response: &MessageBridge,
    ) -> Result<Passed, String> {
        let mut passed = Passed::default();
        for part in &response.parts {
            let judgement = &part.judgement;
            if judgement.verdict.holds() {
                passed.proved += 1;
                continue;
            }
            let media_type = match &part.key {
                PartKey::Body(media_type) if judgement.verdict == Verdict::Undecided => media_type,
                key => return Err(format!("{} is {}", named(key), judgement.verdict)),
            };
            let body = response.bodies.iter().find(|body| body.media_type == *media_type);
            let body = body.ok_or_else(|| format!("the {media_type} body has no plan"))?;
            passed.payloads += self.body(versions, bridge, (response.status, body))?;
            passed.tested += 1;
        }
        Ok(passed)
    }

    fn body(
        &mut self,
        (client, backend): (usize, usize),
        bridge: &OperationBridge,
        (status, body): (Option<Status>, &BodyPlan),
    ) -> Result<usize, String> {
        let media_type = &body.media_type;
        let lacks = |what: &str| format!("the {media_type} body cannot be tested: {what}");
        let (api, status) = (self.api, status.unwrap_or(Status::Default));
        let operation = |version: usize, index: Option<usize>| -> Option<&'a Operation> {
            api.versions.get(version)?.operations.get(index?)
        };
        let sent = operation(backend, bridge.backend_operation);
        let read = operation(client, Some(bridge.client_operation));
        let contents = |one: Option<&'a Operation>| -> &'a [Content] {
            one.map_or(&[], |one| answers(one, status))
        };
        let (written, wanted) = pick(body, contents(sent), contents(read))
            .ok_or_else(|| lacks("its media type is not declared by both versions"))?;
        if body.wire.has_stages() || needs(&body.plan.stages, &self.values) {
            return Err(lacks("its plan reads what only a real message has"));
        }
        let sender = SchemaKey::new(backend, Some(Side::Response), &written.root);
        let reader = SchemaKey::new(client, Some(Side::Response), &wanted.root);
        let judge = self.caches.reader(&reader, &wanted.root);
        let judge = judge.ok_or_else(|| lacks("the client's schema has no validator"))?;
        let generated = self.caches.payloads(&sender, &written.root);
        if generated.is_empty() {
            return Err(lacks("no payload could be made from the backend's schema"));
        }
        let declared = self.caches.sender(&sender, &written.root);
        let examples = self.examples.iter().filter(|one| {
            sent.is_some_and(|operation| {
                one.is_answer(api, (backend, operation), (status, &written.media_type))
            }) && declared.as_ref().is_some_and(|declared| declared.is_valid(&one.body))
        });
        let mut count = 0;
        for payload in generated.iter().chain(examples.map(|one| &one.body)) {
            let outside = (&self.values, &mut self.random);
            let mut unsure = false;
            let wrong = try_one(&body.plan, payload, outside, |value| {
                unsure |= judge.judge(value).is_none();
                judge.first_error(value)
            });
            if unsure {
                return Err(lacks("the client's schema has parts that no validator can read"));
            }
            if let Some(wrong) = wrong {
                return Err(format!("of the {media_type} body, {}, with {payload}", wrong.reason));
            }
            count += 1;
        }
        Ok(count)
    }
}

/// Where generated payloads begin: each replica tests with the same ones.
const SEED: u64 = 1;

fn named(key: &PartKey) -> String {
    match key {
        PartKey::Body(media_type) => format!("the {media_type} body"),
        PartKey::Parameter(_, name) => format!("`{name}`"),
        PartKey::Whole => "the answer".to_owned(),
    }
}
