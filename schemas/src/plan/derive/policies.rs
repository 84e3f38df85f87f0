//! Cases of the declared policies and functions, from `changes.yaml` to the verdict: what fires, what does not, both
//! ways, and which payloads come out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Site, derive};
use crate::describe::model::Api;
use crate::describe::{Limits, load_api};
use crate::document::{Document, DocumentLimits};
use crate::plan::apply::apply;
use crate::plan::bridge::{Judgement, Policy};
use crate::plan::lens::{Direction, read_changes};
use crate::plan::outside::Values;
use crate::plan::program::Program;
use crate::plan::{JudgeLimits, Known, Question, VersionChanges, judge};
use crate::relate::verdict::Verdict;
use crate::relate::{Budget, Prover};
use crate::schema::{Role, Side};

use Direction::{Down, Up};
use Side::{Request, Response};

/// Two versions of a component `T`, and what the newer declares.
pub(super) struct Step {
    api: Api,
    changes: VersionChanges,
}

/// What comes of one direction and side.
struct Seen {
    program: Arc<Program>,
    judgement: Judgement,
}

pub(super) fn step(old: Value, new: Value, changes: &str) -> Step {
    let directory = tempfile::tempdir().unwrap();
    for (version, schema) in [("1", old), ("2", new)] {
        let body = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}});
        let operation = json!({"requestBody": body, "responses": {"200": {"description": "d"}}});
        let document = json!({"openapi": "3.1.0", "info": {"title": "t", "version": version},
            "paths": {"/t": {"put": operation}}, "components": {"schemas": {"T": schema}}});
        std::fs::create_dir(directory.path().join(version)).unwrap();
        std::fs::write(directory.path().join(version).join("openapi.json"), document.to_string())
            .unwrap();
    }
    let api = load_api(directory.path(), &Limits::default()).unwrap();
    assert!(api.problems.is_empty(), "{:?}", api.problems);
    let text = format!("changes:\n  - say: x\n    at: T\n{changes}");
    let file =
        Document::parse("changes.yaml", text.as_bytes(), &DocumentLimits::default()).unwrap();
    let (changes, problems) = read_changes(&file, &api.versions[0], &api.versions[1]);
    assert!(problems.is_empty(), "{text}: {problems:?}");
    Step { api, changes }
}

impl Step {
    fn seen(&self, direction: Direction, side: Side) -> Seen {
        let changes = &self.changes;
        let site = Site { direction, side, old: None, new: None, status: None, changes };
        let (from, to) = match direction {
            Up => (&self.api.versions[0], &self.api.versions[1]),
            Down => (&self.api.versions[1], &self.api.versions[0]),
        };
        let root = json!({"$ref": "#/$defs/T"});
        let sender = &from.schema(&root, side, Role::Sender);
        let reader = &to.schema(&root, side, Role::Reader);
        let mut prover = Prover::new(Budget::default());
        let program = Arc::new(derive(sender, reader, &site, &mut prover));
        let chain = [Arc::clone(&program)];
        let chain = if program.is_identity() { &[][..] } else { &chain };
        let known = Known::default();
        let question =
            Question { sender, reader, chain, known: &known, limits: JudgeLimits::default() };
        Seen { judgement: judge(&question, &mut prover).judgement, program }
    }

    #[track_caller]
    pub(super) fn check(
        &self,
        way: (Direction, Side),
        input: Value,
        expected: Result<Value, &str>,
    ) -> &Self {
        self.check_with(&Values::default(), way, input, expected)
    }

    #[track_caller]
    pub(super) fn check_with(
        &self,
        values: &Values,
        way: (Direction, Side),
        input: Value,
        expected: Result<Value, &str>,
    ) -> &Self {
        let program = self.seen(way.0, way.1).program;
        let seen = apply(&program, &input, values);
        let seen = seen.map_err(|rejected| rejected.pointer.as_str().to_owned());
        assert_eq!(seen, expected.map_err(str::to_owned), "{program:#?}");
        self
    }

    #[track_caller]
    pub(super) fn judged(
        &self,
        way: (Direction, Side),
        verdict: Verdict,
        policies: &[Policy],
    ) -> &Self {
        let seen = self.seen(way.0, way.1);
        let told: Vec<Policy> = seen
            .judgement
            .policies
            .iter()
            .copied()
            .filter(|one| *one != Policy::SenderClosed && *one != Policy::FormatAnnotation)
            .collect();
        assert_eq!(
            (seen.judgement.verdict, told.as_slice()),
            (verdict, policies),
            "{:#?}",
            seen.judgement
        );
        self
    }

    /// The rules that its notes name.
    #[track_caller]
    pub(super) fn rules(&self, way: (Direction, Side), rules: &[&str]) -> &Self {
        let program = self.seen(way.0, way.1).program;
        let seen: Vec<&str> = program.notes.iter().map(|note| note.rule).collect();
        assert_eq!(seen, rules, "{program:#?}");
        self
    }
}

pub(super) fn object(members: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": members, "required": required, "additionalProperties": false})
}

pub(super) fn one(schema: Value) -> Value {
    object(json!({"m": schema}), &["m"])
}

#[test]
fn a11_a_narrowed_pattern_refuses_requests_and_is_kept_in_responses() {
    let text = |pattern: &str| one(json!({"type": "string", "pattern": pattern}));
    let (old, new) = (text("^https://(a|b)"), text("^https?://a"));
    step(old.clone(), new.clone(), "    on_range: { m: { request: error, response: keep } }\n")
        .check((Up, Request), json!({"m": "https://a"}), Ok(json!({"m": "https://a"})))
        .check((Up, Request), json!({"m": "https://b"}), Err("/m"))
        .check((Down, Request), json!({"m": "http://a"}), Err("/m"))
        .check((Up, Response), json!({"m": "https://b"}), Ok(json!({"m": "https://b"})))
        .judged((Up, Request), Verdict::Bridged, &[Policy::RefusalDeclared])
        .judged((Down, Request), Verdict::Bridged, &[Policy::RefusalDeclared])
        .judged((Up, Response), Verdict::Bridged, &[Policy::KeptDeclared])
        .rules((Up, Request), &["A11"]);
    // Without a policy it is the break that it was, and `error` is no answer in a response.
    step(old.clone(), new, "    on_range: { m: { down: error } }\n")
        .judged((Up, Request), Verdict::Broken, &[])
        .judged((Down, Response), Verdict::Broken, &[])
        .rules((Up, Request), &[]);
    // Where nothing is narrowed the policy has nothing to do.
    step(old.clone(), old, "    on_range: { m: error }\n")
        .judged((Up, Request), Verdict::Native, &[])
        .rules((Up, Request), &[]);
}

#[test]
fn a_policy_that_refuses_every_request_is_a_break() {
    let text = |pattern: &str| one(json!({"type": "string", "pattern": pattern}));
    step(text("^a$"), text("^b$"), "    on_range: { m: error }\n")
        .check((Up, Request), json!({"m": "a"}), Err("/m"))
        .judged((Up, Request), Verdict::Broken, &[Policy::RefusalDeclared]);
}

#[test]
fn a11_a_text_is_cut_between_characters() {
    let text = |most: u32| one(json!({"type": "string", "maxLength": most}));
    step(text(2), text(9), "    on_range: { m: { down: truncate } }\n")
        .check((Down, Response), json!({"m": "é\u{1F600}x"}), Ok(json!({"m": "é\u{1F600}"})))
        .check((Down, Response), json!({"m": "é"}), Ok(json!({"m": "é"})))
        .judged((Down, Response), Verdict::Lossy, &[])
        .judged((Up, Response), Verdict::Native, &[]);
    step(text(2), text(9), "    on_range: { m: { down: { default: \"-\" } } }\n")
        .check((Down, Response), json!({"m": "abc"}), Ok(json!({"m": "-"})))
        .judged((Down, Response), Verdict::Lossy, &[]);
}

#[test]
fn a10_numbers_out_of_range() {
    let number = |most: u32| one(json!({"type": "integer", "minimum": 0, "maximum": most}));
    step(number(9), number(99), "    on_range: { m: { down: clamp } }\n")
        .check((Down, Response), json!({"m": 50}), Ok(json!({"m": 9})))
        .check((Down, Response), json!({"m": 5}), Ok(json!({"m": 5})))
        .judged((Down, Response), Verdict::Lossy, &[])
        .rules((Down, Response), &["A10", "A10"])
        .rules((Up, Request), &[]);
    let nullable = object(json!({"m": {"type": ["integer", "null"], "maximum": 9}}), &["m"]);
    step(nullable, number(99), "    on_range: { m: { down: \"null\" } }\n")
        .check((Down, Response), json!({"m": 50}), Ok(json!({"m": null})))
        .judged((Down, Response), Verdict::Lossy, &[]);
    let text = object(json!({"m": {"type": ["integer", "string"], "maximum": 9}}), &["m"]);
    step(text, number(99), "    on_range: { m: { down: string } }\n")
        .check((Down, Response), json!({"m": 50}), Ok(json!({"m": "50"})))
        .judged((Down, Response), Verdict::Bridged, &[]);
    let optional = object(json!({"m": {"type": "integer", "maximum": 9}}), &[]);
    step(optional, number(99), "    on_range: { m: { down: omit } }\n")
        .check((Down, Response), json!({"m": 50}), Ok(json!({})))
        .judged((Down, Response), Verdict::Lossy, &[]);
}

#[test]
fn a15_lists_out_of_bounds() {
    let list =
        |most: u32| one(json!({"type": "array", "maxItems": most, "items": {"type": "integer"}}));
    step(list(2), list(5), "    on_range: { m: { down: truncate } }\n")
        .check((Down, Response), json!({"m": [1, 2, 3]}), Ok(json!({"m": [1, 2]})))
        .judged((Down, Response), Verdict::Lossy, &[])
        .rules((Down, Response), &["A15", "A15"]);
    step(list(2), list(5), "    on_range: { m: { down: { request: error, response: keep } } }\n")
        .check((Down, Request), json!({"m": [1, 2, 3]}), Err("/m"))
        .check((Down, Response), json!({"m": [1, 2, 3]}), Ok(json!({"m": [1, 2, 3]})))
        .judged((Down, Request), Verdict::Bridged, &[Policy::RefusalDeclared])
        .judged((Down, Response), Verdict::Bridged, &[Policy::KeptDeclared]);
}

#[test]
fn a8_a_kept_value_is_a_named_policy() {
    let values = |all: Value| one(json!({"type": "string", "enum": all}));
    let (old, new) = (values(json!(["a"])), values(json!(["a", "b"])));
    step(old.clone(), new.clone(), "    on_unknown: { m: { down: keep } }\n")
        .check((Down, Response), json!({"m": "b"}), Ok(json!({"m": "b"})))
        .judged((Down, Response), Verdict::Bridged, &[Policy::KeptDeclared])
        .judged((Up, Response), Verdict::Native, &[]);
    step(old, new, "    on_unknown: { m: { down: error } }\n")
        .judged((Down, Request), Verdict::Bridged, &[Policy::RefusalDeclared])
        .judged((Down, Response), Verdict::Broken, &[]);
}

#[test]
fn a17_and_a19_extra_members() {
    let text = json!({"type": "string"});
    let (old, new) = (object(json!({"a": text}), &[]), object(json!({"a": text, "b": text}), &[]));
    step(old.clone(), new.clone(), "    on_extra: { b: { down: error } }\n")
        .check((Down, Request), json!({"b": "x"}), Err("/b"))
        .check((Down, Request), json!({"a": "x"}), Ok(json!({"a": "x"})))
        .judged((Down, Request), Verdict::Bridged, &[Policy::RefusalDeclared])
        .judged((Up, Request), Verdict::Native, &[]);
    step(old, new, "    on_extra: { b: { down: keep } }\n").judged(
        (Down, Request),
        Verdict::Broken,
        &[],
    );
    // An echo of what only the server writes.
    let echo = object(json!({"a": {"type": "string", "readOnly": true}, "c": text}), &[]);
    step(
        object(json!({"a": text, "c": text}), &[]),
        echo,
        "    on_extra: { a: { up: { request: drop } } }\n",
    )
    .check((Up, Request), json!({"a": "x", "c": "y"}), Ok(json!({"c": "y"})))
    .check((Up, Response), json!({"a": "x"}), Ok(json!({"a": "x"})))
    .judged((Up, Request), Verdict::Lossy, &[])
    .rules((Up, Request), &["A19"])
    .rules((Up, Response), &[]);
}

#[test]
fn a3_missing_members() {
    let text = json!({"type": "string"});
    let (old, new) =
        (object(json!({"a": text}), &[]), object(json!({"a": text, "b": text}), &["b"]));
    step(old.clone(), new.clone(), "    on_missing: { b: { up: error } }\n")
        .check((Up, Request), json!({}), Err("/b"))
        .judged((Up, Request), Verdict::Broken, &[Policy::RefusalDeclared]);
    step(new.clone(), new.clone(), "    on_missing: { b: { up: error } }\n")
        .rules((Up, Request), &[]);
    let optional = object(json!({"a": text, "b": text}), &[]);
    step(optional, new, "    on_missing: { b: { up: error } }\n")
        .check((Up, Request), json!({"a": "x"}), Err("/b"))
        .check((Up, Request), json!({"b": "x"}), Ok(json!({"b": "x"})))
        .judged((Up, Request), Verdict::Bridged, &[Policy::RefusalDeclared])
        .judged((Up, Response), Verdict::Broken, &[]);
    let nullable = object(json!({"b": {"type": ["string", "null"]}}), &["b"]);
    step(old, nullable, "    on_missing: { b: { up: \"null\" } }\n").check(
        (Up, Request),
        json!({}),
        Ok(json!({"b": null})),
    );
}
