//! Laws of closing and proving, on chosen and on random schemas.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::verdict::Inclusion;
use super::{Budget, Prover, close};
use crate::sample::{Sampler, Validator};
use crate::schema::{Defs, Schema};

fn schema(document: Value) -> Schema {
    Schema::from_document(document)
}

#[derive(Debug, PartialEq)]
enum Answer {
    Proved,
    Refuted(&'static str, Value),
}

#[track_caller]
fn check(sender: Value, reader: Value, expected: impl Into<Answer>) {
    let (sender, reader, expected) = (schema(sender), schema(reader), expected.into());
    let seen = Prover::default().includes(&sender, &reader);
    match (&seen, &expected) {
        (Inclusion::Proved, Answer::Proved) => {}
        (Inclusion::Refuted(witness), Answer::Refuted(keyword, payload)) => {
            assert_eq!((witness.keyword.as_str(), &witness.payload), (*keyword, payload));
            assert_eq!(witness.received.as_ref(), Some(payload));
        }
        _ => panic!("{seen:?}, expected {expected:?}"),
    }
}

/// What closing makes of a document.
#[track_caller]
fn check_closed(document: Value, expected: impl Into<Value>) {
    let closed = close(&schema(document));
    assert_eq!(closed.document(), expected.into());
}

#[test]
fn closing_folds_all_of_first() {
    check_closed(
        json!({"allOf": [{"$ref": "#/$defs/a"}, {"properties": {"y": {}}, "required": ["y"]}],
            "$defs": {"a": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}}}),
        json!({"type": "object", "properties": {"x": {"type": "string"}, "y": {}}, "required": ["x", "y"],
            "additionalProperties": false}),
    );
}

#[test]
fn closing_declares_siblings_for_each_branch() {
    check_closed(
        json!({"properties": {"k": {}}, "anyOf": [{"properties": {"x": {}}}, {"properties": {"y": {}}}]}),
        json!({"anyOf": [
            {"properties": {"k": {}, "x": {}}, "additionalProperties": false},
            {"properties": {"k": {}, "y": {}}, "additionalProperties": false}]}),
    );
}

#[test]
fn closing_keeps_what_is_written_and_leaves_maps_open() {
    for kept in [
        json!({"type": "object"}),
        json!({"type": "object", "properties": {}}),
        json!({"properties": {"a": {}}, "additionalProperties": true}),
        json!({"properties": {"a": {}}, "patternProperties": {"^x-": {}}}),
        json!({"not": {"properties": {"a": {"type": "string"}}}}),
        json!({}),
    ] {
        check_closed(kept.clone(), kept);
    }
}

#[test]
fn closing_keeps_one_of_as_strict_as_it_was() {
    let overlapping = json!({"oneOf": [
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "properties": {"a": {}, "b": {}}}]});
    let (open, closed) = (schema(overlapping.clone()), close(&schema(overlapping)));
    // Both branches take it as written, so the sender may not send it, closed or not.
    let payload = json!({"b": 1});
    assert!(!Validator::new(&open).unwrap().is_valid(&payload));
    assert!(!Validator::new(&closed).unwrap().is_valid(&payload));
    let told_apart = close(&schema(json!({"oneOf": [
        {"type": "object", "required": ["k"], "properties": {"k": {"const": 1}}},
        {"type": "object", "required": ["k"], "properties": {"k": {"const": 2}}}]})));
    assert!(told_apart.root.get("oneOf").is_some() && told_apart.root.get("allOf").is_none());
}

#[test]
fn closing_ends_where_a_component_narrows_itself() {
    let narrowed = json!({"$ref": "#/$defs/t", "$defs": {"t": {"properties": {
        "t": {"allOf": [{"$ref": "#/$defs/t"}, {"properties": {"more": {"type": "integer"}}}]}}}}});
    let closed = close(&schema(narrowed));
    let valid = Validator::new(&closed).unwrap();
    assert!(valid.is_valid(&json!({"t": {"more": 1}})));
    assert!(!valid.is_valid(&json!({"t": {"other": 1}})));
}

#[test]
fn closing_shares_the_components_of_a_version() {
    let defs = Arc::new(Defs(
        [("a".to_owned(), json!({"properties": {"a": {"$ref": "#/$defs/a"}}}))].into(),
    ));
    let one = close(&Schema::new(json!({"$ref": "#/$defs/a"}), Arc::clone(&defs)));
    let two = close(&Schema::new(json!({"items": {"$ref": "#/$defs/a"}}), defs));
    assert!(Arc::ptr_eq(&one.defs, &two.defs));
}

#[test]
fn an_added_optional_member_is_no_break_once_the_sender_is_closed() {
    let old = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let new =
        json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
    let closed = close(&schema(old.clone()));
    assert_eq!(Prover::default().includes(&closed, &schema(new.clone())), Inclusion::Proved);
    check(old, new, Answer::Refuted("type", json!({"b": null})));
}

#[test]
fn recursion_is_decided_both_ways() {
    let list = |value: &str| {
        json!({"$ref": "#/$defs/list", "$defs": {"list": {"type": "object", "required": ["value"],
            "additionalProperties": false,
            "properties": {"value": {"type": value}, "next": {"anyOf": [{"$ref": "#/$defs/list"}, {"type": "null"}]}}}}})
    };
    check(list("integer"), list("number"), Answer::Proved);
    check(list("number"), list("integer"), Answer::Refuted("type", json!({"value": 0.5})));
}

#[test]
fn a_component_that_only_requires_itself_takes_nothing() {
    let endless = json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "required": ["t"],
        "properties": {"t": {"$ref": "#/$defs/t"}}}}});
    check(endless, json!(false), Answer::Proved);
}

#[test]
fn recursion_without_a_step_proves_nothing() {
    let sender = json!({"$ref": "#/$defs/s", "$defs": {"s": {"anyOf": [{"$ref": "#/$defs/s"}, {"type": "string"}]}}});
    let reader = json!({"$ref": "#/$defs/r", "$defs": {"r": {"allOf": [{"$ref": "#/$defs/r"}, {"type": "integer"}]}}});
    let answer = Prover::default().includes(&schema(sender), &schema(reader));
    assert_ne!(answer, Inclusion::Proved);
}

#[test]
fn branches_are_told_apart_by_a_constant() {
    let branch = |kind: &str, more: &str| {
        json!({"type": "object", "required": ["kind"], "additionalProperties": false,
            "properties": {"kind": {"const": kind}, more: {"type": "string"}}})
    };
    let old = json!({"oneOf": [branch("card", "number"), branch("bank", "iban")]});
    let new = json!({"oneOf": [branch("bank", "iban"), branch("cash", "note"), branch("card", "number")]});
    check(old.clone(), new.clone(), Answer::Proved);
    check(new, old, Answer::Refuted("oneOf", json!({"kind": "cash"})));
}

#[test]
fn an_overlapping_branch_is_found() {
    check(
        json!({"oneOf": [{"type": "integer"}]}),
        json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}),
        Answer::Refuted("oneOf", json!(0)),
    );
}

#[test]
fn a_written_demand_beside_a_left_over_one_counts() {
    check(
        json!({"const": {"foo": "foo", "bar": "bar"}}),
        json!({"allOf": [{"properties": {"foo": {"type": "string"}}, "unevaluatedProperties": false}],
            "unevaluatedProperties": true}),
        Answer::Refuted("unevaluatedProperties", json!({"bar": "bar", "foo": "foo"})),
    );
}

#[test]
fn a_budget_that_runs_out_leaves_the_question_undecided() {
    let mut prover = Prover::new(Budget { payloads: 1, steps: 0, ..Budget::default() });
    let wide = schema(
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "minProperties": 1}),
    );
    let answer = prover.includes(
        &wide,
        &schema(json!({"type": "object", "properties": {"a": {"maxLength": 900}}})),
    );
    assert!(!matches!(answer, Inclusion::Proved), "{answer:?}");
}

/// Answers of any kind, but soon and without a panic.
#[track_caller]
fn check_ends(sender: &Schema, reader: &Schema, expected: fn(&Inclusion) -> bool) {
    let answer = Prover::default().includes(sender, reader);
    assert!(expected(&answer), "{answer:?}");
}

#[test]
fn a_chain_of_ten_thousand_components_ends() {
    let chain = |leaf: &str| {
        let link = |index: u32| json!({"type": "object", "properties": {"n": {"$ref": format!("#/$defs/c{}", index + 1)}}});
        let mut defs: std::collections::BTreeMap<String, Value> =
            (0..10_000).map(|index| (format!("c{index}"), link(index))).collect();
        defs.insert("c10000".to_owned(), json!({"type": leaf}));
        Schema::new(json!({"$ref": "#/$defs/c0"}), Arc::new(Defs(defs)))
    };
    check_ends(&chain("string"), &chain("integer"), |answer| *answer != Inclusion::Proved);
    check_ends(&chain("string"), &chain("string"), |answer| {
        !matches!(answer, Inclusion::Refuted(_))
    });
}

#[test]
fn five_thousand_branches_end() {
    let many = |count: u32| {
        let branch = |index: u32| json!({"type": "object", "required": ["kind"], "properties": {"kind": {"const": format!("k{index}")}}});
        let branches: Vec<Value> = (0..count).map(branch).collect();
        schema(json!({ "anyOf": branches }))
    };
    check_ends(&many(5000), &many(5001), |answer| !matches!(answer, Inclusion::Refuted(_)));
    check_ends(&many(5001), &many(5000), |answer| *answer != Inclusion::Proved);
}

#[test]
fn a_hundred_thousand_values_end() {
    let listed = |count: u32| schema(json!({"enum": (0..count).collect::<Vec<u32>>()}));
    check_ends(&listed(100_000), &listed(100_001), |answer| *answer == Inclusion::Proved);
    check_ends(&listed(100_001), &listed(100_000), |answer| {
        matches!(answer, Inclusion::Refuted(_))
    });
}

#[test]
fn odd_words_are_the_same_only_in_the_same_document() {
    let anchored = |anchor: &str| {
        schema(
            json!({"$dynamicRef": "#x", "$defs": {"d": {"$dynamicAnchor": "x", "type": anchor}}}),
        )
    };
    assert_ne!(
        Prover::default().includes(&anchored("string"), &anchored("null")),
        Inclusion::Proved
    );
    assert_eq!(
        Prover::default().includes(&anchored("string"), &anchored("string")),
        Inclusion::Proved
    );
}

#[test]
fn what_leads_nowhere_is_the_same_as_nothing_else() {
    // The same text in two versions may have named two different files.
    let lost = || schema(json!({"x-unresolved": "amount.json"}));
    let answer = Prover::default().includes(&lost(), &lost());
    assert!(matches!(answer, Inclusion::Undecided(_)), "{answer:?}");
}

#[test]
fn undecided_names_the_keyword_and_the_place() {
    let mut prover = Prover::new(Budget { payloads: 1, steps: 20_000, cases: 1, work: 1_000 });
    let sender =
        schema(json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "array",
        "items": {"type": "integer"}, "contains": {"minimum": 3}, "minContains": 2}}}));
    let reader = schema(
        json!({"properties": {"a": {"contains": {"multipleOf": 2}, "minContains": 0, "maxContains": 9}}}),
    );
    let Inclusion::Undecided(undecided) = prover.includes(&sender, &reader) else {
        panic!("decided")
    };
    assert_eq!(
        (undecided.reason.as_str(), undecided.at.as_str()),
        ("the budget of 1 steps ran out at `contains`", "/properties/a")
    );
}

#[test]
fn a_raised_flag_ends_the_question() {
    let mut prover = Prover::default();
    let flag = Arc::new(std::sync::atomic::AtomicBool::new(true));
    prover.stop_when(flag);
    let either = |index: u32| json!({"anyOf": [{"required": [format!("a{index}")]}, {"required": [format!("b{index}")]}]});
    let many: Vec<Value> = (0..40).map(either).collect();
    let sender = schema(json!({"type": "object", "maxProperties": 39, "allOf": many}));
    let Inclusion::Undecided(undecided) = prover.includes(&sender, &schema(json!(false))) else {
        panic!("decided")
    };
    assert!(undecided.reason.starts_with("the caller's time ran out"), "{}", undecided.reason);
}

/// Small schemas with what people write.
fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!(false)),
        Just(json!({"$ref": "#/$defs/node"})),
        prop::sample::select(vec![
            "null", "boolean", "integer", "number", "string", "array", "object"
        ])
        .prop_map(|kind| json!({"type": kind})),
        prop::collection::vec(
            prop::sample::select(vec![json!(1), json!("a"), json!("b"), json!(null), json!(2.5)]),
            1..4
        )
        .prop_map(|values| json!({"enum": values})),
        (-2i64..4, 0i64..4).prop_map(
            |(least, more)| json!({"type": "integer", "minimum": least, "maximum": least + more})
        ),
        (1u32..4).prop_map(|divisor| json!({"type": "number", "multipleOf": divisor})),
        (0u32..3, 0u32..3).prop_map(
            |(least, more)| json!({"type": "string", "minLength": least, "maxLength": least + more})
        ),
        prop::sample::select(vec!["^a", "b$", "^[ab]*$"])
            .prop_map(|pattern| json!({"type": "string", "pattern": pattern})),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let some = || prop::collection::vec(inner.clone(), 1..4);
        let members = || prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c"]), inner.clone(), 0..3);
        let object = (members(), prop::collection::btree_set(prop::sample::select(vec!["a", "b"]), 0..2), 0u8..4, inner.clone())
            .prop_map(|(members, required, rest, extra)| {
                let mut object = json!({"type": "object", "properties": members, "required": required});
                match rest {
                    0 => object["additionalProperties"] = json!(false),
                    1 => object["additionalProperties"] = extra,
                    2 => object["patternProperties"] = json!({"^b": extra}),
                    _ => {}
                }
                object
            });
        prop_oneof![
            3 => object,
            1 => (inner.clone(), 0u32..2, 0u32..3).prop_map(|(items, least, more)|
                json!({"type": "array", "items": items, "minItems": least, "maxItems": least + more})),
            1 => (some(), inner.clone()).prop_map(|(first, rest)| json!({"type": "array", "prefixItems": first, "items": rest})),
            1 => some().prop_map(|all| json!({"allOf": all})),
            2 => some().prop_map(|any| json!({"anyOf": any})),
            1 => some().prop_map(|one| json!({"oneOf": one})),
            1 => inner.clone().prop_map(|not| json!({"not": not})),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(when, then, other)| json!({"if": when, "then": then, "else": other})),
            1 => (some(), members()).prop_map(|(all, members)| json!({"allOf": all, "properties": members, "unevaluatedProperties": false})),
            1 => inner.clone().prop_map(|item| json!({"type": "array", "contains": item, "uniqueItems": true})),
            1 => inner.prop_map(|demand| json!({"type": "object", "dependentSchemas": {"a": demand}})),
        ]
    })
}

fn any_document() -> impl Strategy<Value = Schema> {
    (any_schema(), any_schema()).prop_map(|(root, node)| {
        // The component is reached only through a member, so that every schema means something.
        let node = json!({"type": ["object", "string"], "properties": {"a": node}});
        Schema::new(root, Arc::new(Defs([("node".to_owned(), node)].into())))
    })
}

fn small() -> Prover {
    Prover::new(Budget { payloads: 60, steps: 4000, cases: 20_000, work: 60_000 })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_true(sender in any_document(), reader in any_document()) {
        let valid = Validator::new(&reader).unwrap();
        match small().includes(&sender, &reader) {
            Inclusion::Proved => {
                let mut sampler = Sampler::new(&sender);
                let payloads = sampler.boundary().into_iter().chain((0..300).filter_map(|seed| sampler.random(seed)));
                for payload in payloads {
                    prop_assert!(valid.is_valid(&payload), "{payload} from {} for {}", sender.document(), reader.document());
                }
            }
            Inclusion::Refuted(witness) => {
                prop_assert!(!valid.is_valid(&witness.payload));
                prop_assert!(Validator::new(&sender).unwrap().is_valid(&witness.payload));
            }
            Inclusion::Undecided(_) => {}
        }
    }

    #[test]
    fn related_schemas_get_true_answers(one in any_schema(), two in any_schema()) {
        let sender = schema(json!({"allOf": [one, two], "$defs": {"node": {"type": "string"}}}));
        let reader = schema(json!({"anyOf": [two, one], "$defs": {"node": {"type": "string"}}}));
        prop_assert!(!matches!(small().includes(&sender, &reader), Inclusion::Refuted(_)));
        if let Inclusion::Proved = small().includes(&reader, &sender) {
            let valid = Validator::new(&sender).unwrap();
            let mut sampler = Sampler::new(&reader);
            for payload in (0..200).filter_map(|seed| sampler.random(seed)) {
                prop_assert!(valid.is_valid(&payload), "{payload} from {} for {}", reader.document(), sender.document());
            }
        }
    }

    #[test]
    fn every_schema_includes_itself(one in any_document()) {
        let copy = Schema::new(one.root.clone(), Arc::new(Defs::clone(&one.defs)));
        prop_assert_eq!(small().includes(&one, &one), Inclusion::Proved);
        prop_assert!(!matches!(small().includes(&one, &copy), Inclusion::Refuted(_)));
    }

    #[test]
    fn closing_only_takes_away(one in any_document()) {
        let closed = close(&one);
        let valid = Validator::new(&one).unwrap();
        let mut sampler = Sampler::new(&closed);
        for payload in sampler.boundary().into_iter().chain((0..100).filter_map(|seed| sampler.random(seed))) {
            prop_assert!(valid.is_valid(&payload), "{payload} is taken by {} closed from {}", closed.document(), one.document());
        }
        prop_assert!(!matches!(small().includes(&closed, &one), Inclusion::Refuted(_)));
    }
}
