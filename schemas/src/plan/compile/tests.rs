//! Bridges of whole apis: small ones by hand, real ones from `EVERGATE_CORPUS`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use crate::describe::model::{
    Api, Body, Content, Description, Location, Operation, OperationKey, Parameter, Response, Status,
};
use crate::describe::{Limits, find_apis, load_api};
use crate::plan::apply::apply;
use crate::plan::bridge::{
    Judgement, MessageBridge, OperationBridge, ParameterStep, PartKey, Plan, Policy,
};
use crate::plan::lens::VersionChanges;
use crate::plan::outside::Values;
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::relate::verdict::Verdict;
use crate::relate::{Prover, close};
use crate::sample::{Sampler, Validator};
use crate::schema::{Role, Schema, Side};
use crate::version::Version;

use super::media::matching;
use super::status::response;
use super::{Bridges, Pairs};

fn place() -> Place {
    Place { file: "openapi.yaml".into(), line: 1, column: 1, pointer: Pointer::root() }
}

fn json_body(schema: Value) -> Vec<Content> {
    vec![Content::new("application/json", schema, place())]
}

fn query(name: &str, required: bool, root: Value) -> Parameter {
    Parameter { required, ..Parameter::new(name, Location::Query, root, place()) }
}

fn posting(path: &str, request: Value, answer: Value) -> Operation {
    let contents = json_body(request);
    let key = OperationKey { method: "POST".to_owned(), path: path.to_owned() };
    Operation {
        body: Some(Body { required: true, contents, place: place() }),
        responses: vec![Response {
            contents: json_body(answer),
            ..Response::new(Status::Code(200), place())
        }],
        ..Operation::new(key, place())
    }
}

fn api(versions: Vec<Vec<Operation>>) -> Api {
    let described = |(at, operations): (usize, Vec<Operation>)| {
        let version = Version::new(format!("v{}", at + 1));
        Arc::new(Description { operations, ..Description::new(version, "openapi.yaml".into()) })
    };
    let versions = versions.into_iter().enumerate().map(described).collect();
    Api { name: "orders".to_owned(), versions, problems: Vec::new() }
}

fn compiled(api: &Api, pairs: Pairs) -> Bridges {
    let changes = vec![VersionChanges::default(); api.versions.len()];
    Bridges::compile(api, &changes, pairs, &mut Prover::default())
}

/// The verdicts of request and response, up and down, between two one-operation versions.
#[track_caller]
fn check(
    old: Operation,
    new: Operation,
    up: (Verdict, Verdict),
    down: (Verdict, Verdict),
) -> Bridges {
    let api = api(vec![vec![old], vec![new]]);
    let bridges = compiled(&api, Pairs::Adjacent);
    for ((client, backend), expected) in [((0, 1), up), ((1, 0), down)] {
        let [operation] = bridges.operation(client, backend) else { panic!("one operation") };
        let answer = operation.responses.iter().map(|one| one.verdict).max().unwrap();
        assert_eq!(
            (operation.request.verdict, answer),
            expected,
            "client {client}, backend {backend}"
        );
    }
    bridges
}

fn object(members: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": members, "required": required})
}

#[test]
fn an_optional_member_more_breaks_nobody() {
    use Verdict::Native;
    let old = object(&json!({"a": {"type": "string"}}), &["a"]);
    let new = object(&json!({"a": {"type": "string"}, "b": {"type": "integer"}}), &["a"]);
    let bridges = check(
        posting("/orders", old.clone(), old),
        posting("/orders", new.clone(), new),
        (Native, Native),
        (Native, Native),
    );
    let [operation] = bridges.operation(0, 1) else { panic!("one operation") };
    let judgement = &operation.request.parts[0].judgement;
    assert_eq!(judgement.policies, [Policy::SenderClosed]);
    assert_eq!(judgement.strict_witness.as_ref().unwrap().at.as_str(), "/b");
}

#[test]
fn a_member_that_nobody_supplies_breaks_the_request_up_and_the_response_up() {
    use Verdict::{Broken, Native};
    let old = object(&json!({"a": {"type": "string"}}), &[]);
    let new = object(&json!({"a": {"type": "string"}, "b": {"type": "integer"}}), &["b"]);
    let bridges = check(
        posting("/orders", old.clone(), old),
        posting("/orders", new.clone(), new),
        (Broken, Native),
        (Native, Broken),
    );
    let [operation] = bridges.operation(0, 1) else { panic!("one operation") };
    let judgement = &operation.request.parts[0].judgement;
    assert_eq!(judgement.witness.as_ref().unwrap().payload, json!({}));
    assert!(!judgement.total && judgement.hopeless);
}

#[test]
fn a_closed_reader_makes_the_plan_lossy() {
    use Verdict::{Lossy, Native};
    let mut old = object(&json!({"a": {"type": "string"}}), &[]);
    old["additionalProperties"] = json!(false);
    let new = object(&json!({"a": {"type": "string"}, "b": {"type": "integer"}}), &[]);
    check(
        posting("/orders/{id}", old.clone(), old),
        posting("/orders/{order}", new.clone(), new),
        (Native, Lossy),
        (Lossy, Native),
    );
}

#[test]
fn a_required_parameter_more_is_a_demand_unless_it_has_a_default() {
    use Verdict::{Bridged, Broken, Native};
    let plain = || posting("/orders", json!(true), json!(true));
    let demanding = |root| Operation { parameters: vec![query("limit", true, root)], ..plain() };
    let bridges =
        check(plain(), demanding(json!({"type": "integer"})), (Broken, Native), (Native, Native));
    let [operation] = bridges.operation(0, 1) else { panic!("one operation") };
    assert!(matches!(operation.request.parameters.as_slice(), [ParameterStep::Require(..)]));
    let defaulted = demanding(json!({"type": "integer", "default": 10}));
    check(plain(), defaulted, (Bridged, Native), (Native, Native));
}

#[test]
fn a_status_the_client_does_not_know_breaks_only_when_it_is_no_error() {
    let plain = || posting("/orders", json!(true), json!(true));
    for (code, expected) in [(202, Verdict::Broken), (409, Verdict::Native)] {
        let mut more = plain();
        let status = Status::Code(code);
        more.responses.push(Response::new(status, place()));
        check(plain(), more, (Verdict::Native, expected), (Verdict::Native, Verdict::Native));
    }
}

#[test]
fn a_version_in_between_without_the_operation_is_passed_over() {
    let one = || posting("/orders", object(&json!({"a": true}), &["a"]), json!(true));
    let api = api(vec![vec![one()], Vec::new(), vec![one()]]);
    let bridges = compiled(&api, Pairs::All);
    assert_eq!(bridges.operation(0, 2)[0].verdict(), Verdict::Native);
    assert_eq!(bridges.operation(0, 1)[0].verdict(), Verdict::Broken);
    assert_eq!(bridges.operation(0, 1)[0].backend_operation, None);
    assert!(bridges.operation(0, 0).is_empty());
}

/// One body with its two schemas.
struct Judged<'a> {
    sender: Schema,
    reader: Schema,
    plan: &'a Plan,
}

fn bodies<'a>(api: &Api, bridges: &'a Bridges) -> Vec<Judged<'a>> {
    let mut found = Vec::new();
    for (client, backend) in bridges.pairs() {
        for bridge in bridges.operation(client, backend) {
            collect(api, (client, backend), bridge, &mut found);
        }
        for (name, plan) in bridges.document(client, backend).into_iter().flatten() {
            let schema = |version: usize| {
                let description = &api.versions[version];
                description.documents.get(name).map(|content| description.plain(&content.root))
            };
            if let (Some(sender), Some(reader)) = (schema(client), schema(backend)) {
                found.push(Judged { sender, reader, plan });
            }
        }
    }
    found
}

fn collect<'a>(
    api: &Api,
    (client, backend): (usize, usize),
    bridge: &'a OperationBridge,
    found: &mut Vec<Judged<'a>>,
) {
    let Some(target) = bridge.backend_operation else { return };
    let (asking, serving) = (&api.versions[client], &api.versions[backend]);
    let (asked, served) =
        (&asking.operations[bridge.client_operation], &serving.operations[target]);
    let empty = Vec::new();
    let contents = |body: &'a MessageBridge, operation: &'_ Operation| -> Vec<Content> {
        match body.status {
            None => operation.body.as_ref().map_or(&empty, |body| &body.contents).clone(),
            Some(status) => response(operation, status).map_or(&empty, |one| &one.contents).clone(),
        }
    };
    for message in std::iter::once(&bridge.request).chain(&bridge.responses) {
        let request = message.status.is_none();
        let side = if request { Side::Request } else { Side::Response };
        let ends = if request {
            [(asking, asked), (serving, served)]
        } else {
            [(serving, served), (asking, asked)]
        };
        for body in &message.bodies {
            let (sent, read) = (contents(message, ends[0].1), contents(message, ends[1].1));
            let sent = sent.iter().find(|one| one.media_type == body.media_type).unwrap();
            let (read, _) = matching(&body.media_type, &read).unwrap();
            found.push(Judged {
                sender: ends[0].0.schema(&sent.root, side, Role::Sender),
                reader: ends[1].0.schema(&read.root, side, Role::Reader),
                plan: &body.plan,
            });
        }
    }
}

/// What the plan makes of a payload; `None` when it refuses it.
fn run(plan: &Plan, payload: &Value) -> Option<Value> {
    plan.stages
        .iter()
        .try_fold(payload.clone(), |value, stage| apply(stage, &value, &Values::default()).ok())
}

/// Each witness is sent by the sender and fails as it says; what holds, holds for made-up payloads.
#[track_caller]
fn confirm(judged: &Judged<'_>, payloads: usize) {
    let judgement: &Judgement = &judged.plan.judgement;
    let closed = close(&judged.sender);
    let (Ok(sender), Ok(reader)) = (Validator::new(&closed), Validator::new(&judged.reader)) else {
        return;
    };
    if let Some(witness) = &judgement.witness {
        assert!(sender.is_valid(&witness.payload), "{witness:?}");
        assert_eq!(run(judged.plan, &witness.payload), witness.received, "{witness:?}");
        assert!(
            witness.received.as_ref().is_none_or(|received| !reader.is_valid(received)),
            "{witness:?}"
        );
    }
    if !judgement.verdict.holds() {
        return;
    }
    for payload in Sampler::new(&closed).boundary().into_iter().take(payloads) {
        let written = run(judged.plan, &payload);
        let fine = written.as_ref().is_some_and(|written| reader.is_valid(written));
        assert!(
            fine,
            "{payload} becomes {written:?}\nfrom {}\nto {}",
            closed.document(),
            judged.reader.document()
        );
    }
}

fn count(
    judgement: &Judgement,
    shares: &mut (BTreeMap<&'static str, usize>, BTreeMap<String, usize>),
) {
    *shares.0.entry(judgement.verdict.word()).or_default() += 1;
    if let Some(undecided) = &judgement.undecided {
        *shares.1.entry(undecided.reason.chars().take(90).collect()).or_default() += 1;
    }
}

#[test]
fn real_apis_are_decided_and_their_verdicts_hold() {
    let Some(corpus) = std::env::var_os("EVERGATE_CORPUS") else { return };
    let mut all: BTreeMap<&'static str, usize> = BTreeMap::new();
    for directory in find_apis(Path::new(&corpus)) {
        let Ok(api) = load_api(&directory, &Limits::default()) else { continue };
        let start = Instant::now();
        let bridges = compiled(&api, Pairs::Adjacent);
        let taken = start.elapsed();
        let mut shares = (BTreeMap::new(), BTreeMap::new());
        for (from, to) in bridges.pairs() {
            for operation in bridges.operation(from, to) {
                for message in std::iter::once(&operation.request).chain(&operation.responses) {
                    let parts = message.parts.iter().filter(|part| part.key != PartKey::Whole);
                    parts.for_each(|part| count(&part.judgement, &mut shares));
                }
            }
            bridges
                .document(from, to)
                .into_iter()
                .flatten()
                .for_each(|(_, plan)| count(&plan.judgement, &mut shares));
        }
        println!("{:24} {taken:7.2?} {:?} {:?}", api.name, shares.0, shares.1);
        let judged = bodies(&api, &bridges);
        let every = (judged.len() / 150).max(1);
        for (at, one) in judged.iter().enumerate() {
            if one.plan.judgement.witness.is_some() || !one.plan.is_identity() || at % every == 0 {
                confirm(one, 12);
            }
        }
        for (word, count) in shares.0 {
            *all.entry(word).or_default() += count;
        }
    }
    println!("{all:?}");
    let total: usize = all.values().sum();
    assert!(all.get(Verdict::Undecided.word()).copied().unwrap_or(0) * 10 < total, "{all:?}");
}
