//! What the search by cases decides, on chosen schemas and, against the validator, on random ones.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::argument::Memory;
use super::{Claim, Found, Solver};
use crate::sample::read::read_schema;
use crate::sample::{Sampler, Validator};
use crate::schema::Schema;

fn search(sender: &Schema, reader: &Schema, steps: u64) -> Found {
    let mut memory = Memory::default();
    let from = read_schema(&mut memory.maker.space.arena, sender);
    let to = read_schema(&mut memory.maker.space.arena, reader);
    Solver::new(&mut memory, steps).search([Claim::yes(from), Claim::no(to)])
}

/// What is found for the first schema that the second refuses.
#[track_caller]
fn check(sender: Value, reader: Value, expected: impl Into<Option<Value>>) {
    let (sender, reader) = (Schema::from_document(sender), Schema::from_document(reader));
    let expected = expected.into().map_or(Found::Nothing, Found::Value);
    assert_eq!(search(&sender, &reader, 100_000), expected);
}

#[test]
fn left_over_members_depend_on_the_branches_that_hold() {
    let branches = json!([{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "integer"}}}]);
    let sender =
        json!({"type": "object", "anyOf": branches, "unevaluatedProperties": {"type": "null"}});
    check(
        sender.clone(),
        json!({"additionalProperties": {"type": ["string", "integer", "null"]}}),
        None,
    );
    check(sender.clone(), json!({"properties": {"c": {"type": "null"}}}), None);
    check(
        sender,
        json!({"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "unevaluatedProperties": false}),
        json!({"extra": null}),
    );
}

#[test]
fn nothing_is_left_over_by_a_branch_that_fails() {
    let reader = json!({"anyOf": [{"additionalProperties": {"type": "number"}}],
        "unevaluatedProperties": {"type": "integer"}});
    check(json!({"type": "object"}), reader, json!({"extra": null}));
}

#[test]
fn left_over_items_are_not_those_that_contains_matches() {
    let sender = json!({"type": "array", "contains": {"type": "integer"}, "unevaluatedItems": {"type": "string"}});
    check(sender.clone(), json!({"items": {"type": ["integer", "string"]}}), None);
    check(sender, json!({"items": {"type": "integer"}}), json!([0, ""]));
}

#[test]
fn counts_of_items_add_up() {
    let two = json!({"type": "array", "contains": {"const": 1}, "minContains": 2, "maxItems": 2});
    check(two, json!({"items": {"const": 1}}), None);
    let apart =
        json!({"type": "array", "allOf": [{"contains": {"const": 1}}, {"contains": {"const": 2}}]});
    check(apart.clone(), json!({"minItems": 2}), None);
    check(apart, json!({"minItems": 3}), json!([2, 1]));
}

#[test]
fn different_items_run_out() {
    let three =
        json!({"type": "array", "uniqueItems": true, "minItems": 3, "items": {"enum": [1, 2]}});
    check(three, json!(false), None);
    let two =
        json!({"type": "array", "uniqueItems": true, "minItems": 2, "items": {"type": "boolean"}});
    check(two, json!({"contains": {"const": true}}), None);
    check(json!({"type": "array", "maxItems": 1}), json!({"uniqueItems": true}), None);
    check(
        json!({"type": "array", "items": {"type": "null"}}),
        json!({"uniqueItems": true}),
        json!([null, null]),
    );
}

#[test]
fn names_are_told_apart_by_the_patterns_they_match() {
    let sender = json!({"type": "object", "minProperties": 2, "additionalProperties": false,
        "properties": {"a": {}}, "patternProperties": {"^x": {"type": "integer"}}});
    check(sender.clone(), json!({"patternProperties": {"^x": {"type": "number"}}}), None);
    check(sender, json!({"maxProperties": 1}), json!({"a": null, "x": 0}));
    let closed = json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false});
    check(closed, json!({"maxProperties": 1}), None);
}

#[test]
fn what_depends_on_a_member_is_split_by_it() {
    let sender = json!({"type": "object", "dependentRequired": {"a": ["b"], "b": ["c"]}});
    check(sender.clone(), json!({"dependentRequired": {"a": ["c"]}}), None);
    check(sender, json!({"dependentRequired": {"b": ["a"]}}), json!({"b": null, "c": null}));
}

#[test]
fn divisors_are_exact() {
    let tens = json!({"type": "integer", "multipleOf": 10});
    check(tens.clone(), json!({"multipleOf": 5}), None);
    check(tens, json!({"multipleOf": 4}), json!(10));
    check(json!({"type": "number", "multipleOf": 0.02}), json!({"multipleOf": 0.01}), None);
    check(
        json!({"type": "integer", "exclusiveMinimum": 3, "maximum": 5}),
        json!({"enum": [4, 5]}),
        None,
    );
    // A validator rounds large integers before it divides them by a fraction.
    let (threes, fraction) =
        (json!({"type": "integer", "multipleOf": 3}), json!({"multipleOf": 0.3}));
    let found = search(&Schema::from_document(threes), &Schema::from_document(fraction), 100_000);
    assert_eq!(found, Found::Unknown);
}

#[test]
fn recursion_ends_in_nothing() {
    let endless = json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "required": ["t"],
        "properties": {"t": {"$ref": "#/$defs/t"}}}}});
    check(endless, json!(false), None);
    let (one, two) = (tree("integer"), tree("number"));
    check(one.clone(), two.clone(), None);
    check(two, one, json!([0.5]));
}

fn tree(leaf: &str) -> Value {
    json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "array", "items": {"anyOf": [{"type": leaf}, {"$ref": "#/$defs/t"}]}}}})
}

#[test]
fn a_budget_ends_the_search() {
    let branch =
        |name: &str| json!({"anyOf": [{"required": [name]}, {"required": [format!("{name}2")]}]});
    let many: Vec<Value> = (0..40).map(|index| branch(&format!("m{index}"))).collect();
    let sender =
        Schema::from_document(json!({"type": "object", "maxProperties": 39, "allOf": many}));
    let reader = Schema::from_document(json!(false));
    assert_eq!(search(&sender, &reader, 5000), Found::Unknown);
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!(false)),
        prop::sample::select(vec!["null", "boolean", "integer", "string", "array", "object"])
            .prop_map(|kind| json!({"type": kind})),
        prop::sample::select(vec![json!(1), json!("a"), json!(null), json!([]), json!({"a": 1})])
            .prop_map(|value| json!({"const": value})),
        (0i64..3, 0i64..3)
            .prop_map(|(least, more)| json!({"minimum": least, "exclusiveMaximum": least + more})),
        (1u32..4)
            .prop_map(|divisor| json!({"type": "number", "multipleOf": f64::from(divisor) / 2.0})),
        (0u32..2, 0u32..2)
            .prop_map(|(least, more)| json!({"minLength": least, "maxLength": least + more})),
        prop::sample::select(vec!["^a", "b$", "^[ab]*$"])
            .prop_map(|pattern| json!({"pattern": pattern})),
        (0u32..2, 0u32..3).prop_map(
            |(least, more)| json!({"minProperties": least, "maxProperties": least + more})
        ),
        (0u32..2, 0u32..3)
            .prop_map(|(least, more)| json!({"minItems": least, "maxItems": least + more})),
        Just(json!({"uniqueItems": true})),
        prop::sample::select(vec!["a", "b"]).prop_map(|name| json!({"required": [name]})),
        Just(json!({"dependentRequired": {"a": ["b"]}})),
    ]
}

/// Schema objects of two or three keywords that mind each other.
fn some_schema() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 20, 3, |inner| {
        let some = || prop::collection::vec(inner.clone(), 1..3);
        let object = (prop::collection::btree_map(prop::sample::select(vec!["a", "b"]), inner.clone(), 0..3), some(), 0u8..6)
            .prop_map(|(members, more, turn)| {
                let mut object = json!({"properties": members});
                let rest = more[0].clone();
                match turn {
                    0 => object["additionalProperties"] = rest,
                    1 => object["patternProperties"] = json!({"^a": rest}),
                    2 => object["propertyNames"] = json!({"maxLength": 1}),
                    3 => object["unevaluatedProperties"] = rest,
                    4 => {
                        object["anyOf"] = json!(more);
                        object["unevaluatedProperties"] = json!({"type": "integer"});
                    }
                    _ => object["type"] = json!("object"),
                }
                object
            });
        let array = (some(), inner.clone(), 0u8..5).prop_map(|(first, rest, turn)| match turn {
            0 => json!({"prefixItems": first, "items": rest}),
            1 => json!({"type": "array", "contains": rest, "maxContains": 1, "items": first[0]}),
            2 => json!({"type": "array", "contains": first[0], "minContains": 2, "uniqueItems": true}),
            3 => json!({"prefixItems": first, "contains": rest, "unevaluatedItems": {"type": "null"}}),
            _ => json!({"type": "array", "items": rest, "minItems": 1}),
        });
        prop_oneof![
            3 => object,
            2 => array,
            1 => some().prop_map(|all| json!({"allOf": all})),
            1 => some().prop_map(|any| json!({"anyOf": any})),
            1 => some().prop_map(|one| json!({"oneOf": one})),
            1 => inner.clone().prop_map(|not| json!({"not": not})),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(when, then, other)| json!({"if": when, "then": then, "else": other})),
            1 => inner.prop_map(|demand| json!({"dependentSchemas": {"a": demand}})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_true(sender in some_schema(), reader in some_schema()) {
        let (sender, reader) = (Schema::from_document(sender), Schema::from_document(reader));
        let (valid, read) = (Validator::new(&sender).unwrap(), Validator::new(&reader).unwrap());
        match search(&sender, &reader, 20_000) {
            Found::Value(value) => {
                prop_assert!(valid.is_valid(&value), "{value} is not of {}", sender.document());
                prop_assert!(!read.is_valid(&value), "{value} is of {}", reader.document());
            }
            Found::Nothing => {
                let mut sampler = Sampler::new(&sender);
                let payloads = sampler.boundary().into_iter().chain((0..60).filter_map(|seed| sampler.random(seed)));
                for payload in payloads {
                    prop_assert!(read.is_valid(&payload), "{payload} from {} for {}", sender.document(), reader.document());
                }
            }
            Found::Unknown => {}
        }
    }

    #[test]
    fn a_schema_and_its_negation_leave_nothing(one in some_schema(), two in some_schema()) {
        let both = Schema::from_document(json!({"allOf": [&one, &two]}));
        let either = Schema::from_document(json!({"anyOf": [&two, &one]}));
        prop_assert!(!matches!(search(&both, &either, 20_000), Found::Value(_)));
    }
}
