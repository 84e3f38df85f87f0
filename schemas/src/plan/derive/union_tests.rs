//! Unions of objects: which variant goes where, and the verdict on it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::tests::{Step, closed, step};
use crate::plan::lens::{Direction, MapRule, OnUnknown, Rules};
use crate::plan::{JudgeLimits, Known, Question, judge};
use crate::relate::verdict::Verdict;
use crate::relate::{Budget, Prover};
use crate::schema::{Schema, Side};

use Direction::{Down, Up};
use Side::{Request, Response};
use Verdict::{Bridged, Broken, Lossy, Native};

impl Step {
    #[track_caller]
    fn verdict(&self, way: (Direction, Side), expected: Verdict) -> &Self {
        let (old, new) =
            (Schema::from_document(self.old.clone()), Schema::from_document(self.new.clone()));
        let (sender, reader) = if way.0 == Up { (old, new) } else { (new, old) };
        let program = Arc::new(self.program(way.0, way.1));
        let chain = if program.is_identity() { Vec::new() } else { vec![program] };
        let known = Known::default();
        let question = Question {
            sender: &sender,
            reader: &reader,
            chain: &chain,
            known: &known,
            limits: JudgeLimits::default(),
        };
        let plan = judge(&question, &mut Prover::new(Budget::default()));
        assert_eq!(plan.judgement.verdict, expected, "{way:?} {:#?} {chain:#?}", plan.judgement);
        self
    }
}

/// A union of components, each with its own closed members.
fn union(defs: &[(&str, Value)]) -> Value {
    let parts: Vec<Value> =
        defs.iter().map(|(key, _)| json!({"$ref": format!("#/$defs/{key}")})).collect();
    let defs: serde_json::Map<String, Value> =
        defs.iter().map(|(key, node)| ((*key).to_owned(), node.clone())).collect();
    json!({"oneOf": parts, "$defs": defs})
}

fn tagged(tag: &str, member: &str) -> Value {
    closed(json!({"type": {"const": tag}, member: {"type": "string"}}), &["type", member])
}

/// A lens that holds at `T`, which is one of the variants.
fn at_variant(old: Value, new: Value, rules: Rules) -> Step {
    Step { old, new, rules }
}

#[test]
fn a12_a_lens_inside_a_variant_fires_on_that_variant_alone() {
    let rules = Rules { renames: vec![("pan".into(), "number".into())], ..Rules::default() };
    let step = at_variant(
        union(&[("T", tagged("card", "pan")), ("Bank", tagged("bank", "pan"))]),
        union(&[("T", tagged("card", "number")), ("Bank", tagged("bank", "pan"))]),
        rules,
    );
    step.check(
        (Up, Request),
        json!({"type": "card", "pan": "1"}),
        Ok(json!({"type": "card", "number": "1"})),
    )
    .check(
        (Up, Request),
        json!({"type": "bank", "pan": "1"}),
        Ok(json!({"type": "bank", "pan": "1"})),
    )
    .check(
        (Down, Response),
        json!({"type": "card", "number": "1"}),
        Ok(json!({"type": "card", "pan": "1"})),
    );
    for way in [(Up, Request), (Down, Request), (Up, Response), (Down, Response)] {
        step.verdict(way, Bridged);
    }
}

#[test]
fn a12_variants_are_known_by_a_member_that_only_they_have() {
    let variant = |key: &str, other: &str| {
        closed(json!({"id": {"type": "string"}, key: {"type": "string"}, other: {}}), &["id", key])
    };
    let plain = || closed(json!({"id": {"type": "string"}}), &["id"]);
    let rules = Rules { renames: vec![("x".into(), "y".into())], ..Rules::default() };
    let step = at_variant(
        union(&[("T", variant("a", "x")), ("B", variant("b", "x")), ("C", plain())]),
        union(&[("T", variant("a", "y")), ("B", variant("b", "x")), ("C", plain())]),
        rules,
    );
    step.check(
        (Up, Request),
        json!({"id": "1", "a": "2", "x": 3}),
        Ok(json!({"id": "1", "a": "2", "y": 3})),
    )
    .check(
        (Up, Request),
        json!({"id": "1", "b": "2", "x": 3}),
        Ok(json!({"id": "1", "b": "2", "x": 3})),
    )
    .check((Up, Request), json!({"id": "1"}), Ok(json!({"id": "1"})))
    .verdict((Up, Request), Bridged)
    .verdict((Down, Response), Bridged);
}

#[test]
fn a12_a_variant_that_the_reader_lacks_goes_by_policy() {
    let old = union(&[("A", tagged("a", "x")), ("B", tagged("b", "x"))]);
    let new = union(&[("A", tagged("a", "x")), ("B", tagged("b", "x")), ("C", tagged("c", "x"))]);
    let payload = json!({"type": "c", "x": "1"});
    let root = step(old.clone(), new.clone());
    root.copies(&[Up])
        .verdict((Up, Request), Native)
        .check((Down, Request), payload.clone(), Err(""))
        .check((Down, Request), json!({"type": "b", "x": "1"}), Ok(json!({"type": "b", "x": "1"})))
        .verdict((Down, Request), Broken)
        .verdict((Down, Response), Broken);
    let member = |union: &Value, rules: Rules, required: &[&str]| {
        let mut defs = union["$defs"].clone();
        defs["T"] = closed(json!({"p": {"oneOf": union["oneOf"]}}), required);
        (json!({"$ref": "#/$defs/T", "$defs": defs}), rules)
    };
    let with = |policy: Option<OnUnknown>, required: &[&str]| {
        let on_unknown = policy.into_iter().map(|one| (Down, "p".to_owned(), one)).collect();
        let rules = Rules { on_unknown, ..Rules::default() };
        Step {
            old: member(&old, Rules::default(), required).0,
            new: member(&new, Rules::default(), required).0,
            rules,
        }
    };
    let sent = json!({"p": payload});
    with(None, &[])
        .check((Down, Response), sent.clone(), Ok(json!({})))
        .verdict((Down, Response), Lossy)
        .check((Down, Request), sent.clone(), Err("/p"));
    with(None, &["p"])
        .check((Down, Response), sent.clone(), Err("/p"))
        .verdict((Down, Response), Broken);
    let fallback = OnUnknown::Fallback("{\"type\":\"a\",\"x\":\"unknown\"}".into());
    with(Some(fallback), &["p"])
        .check((Down, Response), sent, Ok(json!({"p": {"type": "a", "x": "unknown"}})))
        .verdict((Down, Response), Lossy);
}

#[test]
fn a12_nothing_is_derived_where_variants_cannot_be_told_apart() {
    let loose = |name: &str| closed(json!({"a": {}, name: {}}), &["a"]);
    let rules = Rules { renames: vec![("x".into(), "y".into())], ..Rules::default() };
    at_variant(
        union(&[("T", loose("x")), ("B", loose("z"))]),
        union(&[("T", loose("y")), ("B", loose("z"))]),
        rules,
    )
    .verdict((Up, Request), Broken);
}

#[test]
fn a12_one_object_is_split_by_the_tag_of_the_reader() {
    let old =
        closed(json!({"type": {"enum": ["a", "b"]}, "x": {"type": "string"}}), &["type", "x"]);
    let new = union(&[("A", tagged("a", "x")), ("B", tagged("b", "y"))]);
    let rules = Rules::default();
    let step = at_variant(old, new, rules);
    step.check((Up, Request), json!({"type": "a", "x": "1"}), Ok(json!({"type": "a", "x": "1"})))
        .check((Up, Request), json!({"type": "b", "x": "1"}), Err("/y"));
}

#[test]
fn a13_a_tag_is_renamed_where_the_component_keeps_its_name() {
    let old = union(&[("Cat", tagged("cat", "x")), ("Dog", tagged("dog", "x"))]);
    let new = union(&[("Cat", tagged("feline", "x")), ("Dog", tagged("dog", "x"))]);
    let step = step(old, new);
    for (way, side) in [(Up, Request), (Up, Response)] {
        step.check(
            (way, side),
            json!({"type": "cat", "x": "1"}),
            Ok(json!({"type": "feline", "x": "1"})),
        )
        .check((way, side), json!({"type": "dog", "x": "1"}), Ok(json!({"type": "dog", "x": "1"})))
        .verdict((way, side), Bridged)
        .notes((way, side), &[("A13", "/type", false)]);
    }
    step.check(
        (Down, Response),
        json!({"type": "feline", "x": "1"}),
        Ok(json!({"type": "cat", "x": "1"})),
    )
    .verdict((Down, Response), Bridged)
    .verdict((Down, Request), Bridged);
}

#[test]
fn a13_a_declared_map_of_the_tag_leads_to_the_variant() {
    let map = MapRule {
        member: "type".into(),
        up: vec![("cat".into(), json!("feline"))],
        down: vec![("feline".into(), json!("cat"))],
        ..MapRule::default()
    };
    let rules = Rules { maps: vec![map], ..Rules::default() };
    // The component of the map is the union itself.
    let of = |defs: &[(&str, Value)]| {
        let mut whole = union(defs);
        let parts = whole["oneOf"].take();
        whole["$defs"]["T"] = json!({"oneOf": parts});
        json!({"$ref": "#/$defs/T", "$defs": whole["$defs"]})
    };
    let old = of(&[("Cat", tagged("cat", "x")), ("Dog", tagged("dog", "y"))]);
    let new = of(&[("Feline", tagged("feline", "x")), ("Hound", tagged("dog", "y"))]);
    let step = at_variant(old, new, rules);
    step.check(
        (Up, Request),
        json!({"type": "cat", "x": "1"}),
        Ok(json!({"type": "feline", "x": "1"})),
    )
    .verdict((Up, Request), Bridged)
    .verdict((Down, Response), Bridged);
}
