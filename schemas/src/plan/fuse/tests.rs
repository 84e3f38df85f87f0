//! Fused is one after the other, on every payload.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::plan::apply::apply;
use crate::plan::outside::Values;
use crate::plan::program::{
    Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Source, Supply,
};
use crate::plan::random::Random;

use super::fuse;

fn both(first: &Program, second: &Program, value: &Value) -> Option<Value> {
    let between = apply(first, value, &Values::default()).ok()?;
    apply(second, &between, &Values::default()).ok()
}

fn step(rename: (&str, &str), supply: (&str, &str)) -> Program {
    let node = ObjectNode {
        members: vec![Member {
            name: rename.0.into(),
            rename: Some((rename.1.into(), NoteId(0))),
            node: NodeId(0),
            take: None,
        }],
        patterns: Vec::new(),
        other: NodeId(0),
        supplies: vec![Supply {
            name: supply.0.into(),
            source: Source::Literal(supply.1.into()),
            note: NoteId(1),
            missing: Missing::Omit,
        }],
        conflict: None,
        slots: (0, 0),
        hold: false,
    };
    let note =
        |rule| Note { rule, text: String::new(), at: String::new(), loss: false, policy: None };
    Program {
        nodes: vec![Node::Copy, Node::Object(Box::new(node))],
        root: NodeId(1),
        notes: vec![note("L1"), note("A3")],
    }
}

#[test]
fn two_renames_and_two_supplies_become_one_object_node() {
    let fused = fuse(&step(("a", "b"), ("x", "1")), &step(("b", "c"), ("y", "2.50"))).unwrap();
    let Node::Object(node) = fused.node(fused.root) else { panic!("{fused:?}") };
    let renames: Vec<_> =
        node.members.iter().map(|one| (&*one.name, one.rename.clone().unwrap().0)).collect();
    assert_eq!(renames, [("a", "c".into()), ("b", "c".into())]);
    let supplied: Vec<_> = node.supplies.iter().map(|one| (&*one.name, &one.source)).collect();
    assert_eq!(
        supplied,
        [("x", &Source::Literal("1".into())), ("y", &Source::Literal("2.50".into()))]
    );
    assert_eq!(fused.notes.len(), 4);
    assert_eq!(
        apply(&fused, &json!({"a": 1}), &Values::default()).unwrap(),
        json!({"c": 1, "x": 1, "y": 2.5})
    );
}

#[test]
fn most_random_pairs_are_fused() {
    let mut random = Random(7);
    let fused = (0..1000).filter(|_| fuse(&random.program(), &random.program()).is_some()).count();
    assert!(fused > 150, "{fused} of 1000");
}

proptest! {
    #![proptest_config({
        let known = ProptestConfig::default();
        ProptestConfig { cases: known.cases.max(4000), failure_persistence: None, ..known }
    })]

    #[test]
    fn fused_is_stepwise(seed in any::<u64>()) {
        let mut random = Random(seed);
        let (first, second) = (random.program(), random.program());
        let Some(fused) = fuse(&first, &second) else { return Ok(()) };
        for _ in 0..12 {
            let value = random.value(3);
            let seen = apply(&fused, &value, &Values::default()).ok();
            prop_assert_eq!(seen, both(&first, &second, &value), "{}\n{:?}\n{:?}\n{:?}", value, first.nodes, second.nodes, fused.nodes);
        }
    }
}
