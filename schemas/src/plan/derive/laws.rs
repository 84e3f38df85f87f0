//! Laws over generated pairs of schemas: identity, typing, the old round trip.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Site, derive};
use crate::plan::apply::apply;
use crate::plan::lens::{Direction, VersionChanges};
use crate::plan::outside::Values;
use crate::plan::program::Program;
use crate::plan::{JudgeLimits, Known, Question, judge};
use crate::relate::verdict::Verdict;
use crate::relate::{Budget, Prover, close};
use crate::sample::{Sampler, Validator};
use crate::schema::{Schema, Side};

/// Schemas of a few members with few names, so that two of them have something in common.
fn node() -> impl Strategy<Value = Value> {
    let values = prop::sample::subsequence(vec!["a", "b", "c"], 1..=3);
    let leaf = prop_oneof![
        values.prop_map(|values| json!({"type": "string", "enum": values})),
        values_with_default(),
        Just(json!({"type": "string"})),
        Just(json!({"type": ["string", "null"]})),
        Just(json!({"type": "integer", "minimum": 0, "maximum": 9})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            object(inner.clone()),
            inner.clone().prop_map(|items| json!({"type": "array", "items": items, "maxItems": 2})),
            inner.prop_map(|values| json!({"type": "object", "additionalProperties": values, "maxProperties": 2})),
        ]
    })
}

fn values_with_default() -> impl Strategy<Value = Value> {
    (0..3_u8).prop_map(
        |number| json!({"type": "integer", "minimum": 0, "maximum": 3, "default": number}),
    )
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let member = (prop::sample::select(vec!["p", "q", "r", "s"]), inner, any::<bool>());
    let rest = prop::sample::select(vec![None, Some(false), Some(true)]);
    (prop::collection::vec(member, 0..4), rest).prop_map(|(members, rest)| {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (name, node, must) in members {
            if properties.insert(name.to_owned(), node).is_none() && must {
                required.push(name);
            }
        }
        let mut object = json!({"type": "object", "properties": properties, "required": required});
        if let Some(rest) = rest {
            object["additionalProperties"] = json!(rest);
        }
        object
    })
}

fn program(sender: &Schema, reader: &Schema, direction: Direction, side: Side) -> Program {
    let changes = VersionChanges::default();
    let site = Site { direction, side, old: None, new: None, status: None, changes: &changes };
    derive(sender, reader, &site, &mut Prover::new(Budget::default()))
}

fn payloads(schema: &Schema) -> Vec<Value> {
    let mut sampler = Sampler::new(&close(schema));
    let mut payloads: Vec<Value> = (0..6).filter_map(|seed| sampler.random(seed)).collect();
    payloads.extend(sampler.minimal());
    payloads
}

proptest! {
    #![proptest_config({
        let known = ProptestConfig::default();
        // Each case is derived and proved: an ordinary run has fewer than is usual.
        let cases = if known.cases > 256 { known.cases } else { 96 };
        // Most pairs of schemas lose something one way or the other.
        let max_global_rejects = known.max_global_rejects.max(cases.saturating_mul(32));
        ProptestConfig { cases, max_global_rejects, ..known }
    })]

    #[test]
    fn the_same_schema_is_the_identity(node in node()) {
        let schema = Schema::from_document(node);
        for side in [Side::Request, Side::Response] {
            prop_assert!(program(&schema, &schema, Direction::Up, side).is_identity());
        }
    }

    #[test]
    fn what_is_proved_is_valid_for_its_reader(old in node(), new in node()) {
        let (old, new) = (Schema::from_document(old), Schema::from_document(new));
        for side in [Side::Request, Side::Response] {
            let program = Arc::new(program(&old, &new, Direction::Up, side));
            let chain = if program.is_identity() { Vec::new() } else { vec![Arc::clone(&program)] };
            let question = Question { sender: &old, reader: &new, chain: &chain, known: &Known::default(), limits: JudgeLimits::default() };
            let plan = judge(&question, &mut Prover::new(Budget::default()));
            if !plan.judgement.verdict.holds() {
                continue;
            }
            let validator = Validator::new(&new).unwrap();
            for payload in payloads(&old) {
                let out = apply(&program, &payload, &Values::default());
                prop_assert!(out.as_ref().is_ok_and(|out| validator.is_valid(out)), "{payload} {out:?} {program:#?}");
                prop_assert!(plan.judgement.verdict != Verdict::Native || out.as_ref() == Ok(&payload));
            }
        }
    }

    #[test]
    fn there_and_back_is_where_it_was_when_nothing_is_lost(old in node(), new in node()) {
        let (old, new) = (Schema::from_document(old), Schema::from_document(new));
        let up = program(&old, &new, Direction::Up, Side::Response);
        let down = program(&new, &old, Direction::Down, Side::Response);
        // What is written on the way up stays on the way back where the old side is open to it.
        let silent = |program: &Program| {
            program.notes.iter().all(|note| !note.loss && !note.text.starts_with("write "))
        };
        prop_assume!(silent(&up) && silent(&down));
        // What has one value alone tells nothing where the way back writes it anew, which one that does not hold may not.
        let chain = if down.is_identity() { Vec::new() } else { vec![Arc::new(down.clone())] };
        let question = Question { sender: &new, reader: &old, chain: &chain, known: &Known::default(), limits: JudgeLimits::default() };
        prop_assume!(judge(&question, &mut Prover::new(Budget::default())).judgement.verdict.holds());
        for payload in payloads(&old) {
            if let Ok(there) = apply(&up, &payload, &Values::default()) {
                let back = apply(&down, &there, &Values::default());
                prop_assert_eq!(back, Ok(payload), "{:#?} {:#?}", up, down);
            }
        }
    }
}
