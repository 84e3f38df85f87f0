//! Fused is one after the other, on every payload.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::plan::apply::apply;
use crate::plan::image::{fills_outer, touches_outer};
use crate::plan::outside::Values;
use crate::plan::program::{
    Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Slot, Source, Supply, Take,
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

fn bare(members: Vec<Member>, supplies: Vec<Supply>, slots: u32) -> Node {
    Node::Object(Box::new(ObjectNode {
        members,
        patterns: Vec::new(),
        other: NodeId(0),
        supplies,
        conflict: None,
        slots: (0, slots),
        hold: false,
    }))
}

fn member(name: &str, node: u32, take: Option<(Slot, Take)>) -> Member {
    Member { name: name.into(), rename: None, node: NodeId(node), take }
}

fn from_slot(name: &str, source: Source) -> Supply {
    Supply { name: name.into(), source, note: NoteId(0), missing: Missing::Omit }
}

/// A program of these nodes after the one that copies; its second note tells of a loss.
fn of(nodes: Vec<Node>) -> Program {
    let note =
        |loss| Note { rule: "L2", text: String::new(), at: String::new(), loss, policy: None };
    let nodes: Vec<Node> = std::iter::once(Node::Copy).chain(nodes).collect();
    Program { nodes, root: NodeId(1), notes: vec![note(false), note(true)] }
}

/// Leaves out one member.
fn without(name: &str) -> Program {
    of(vec![bare(vec![member(name, 2, None)], Vec::new(), 0), Node::Omit(NoteId(1))])
}

#[test]
fn what_is_dropped_after_something_moved_out_of_it_gives_that_still() {
    let moved = |name, slot| member(name, 0, Some((Slot(slot), Take::Move(NoteId(0)))));
    let written = |name, slot| from_slot(name, Source::Slot(Slot(slot)));
    let first = of(vec![
        bare(vec![member("m", 2, None)], vec![written("w", 1), written("x", 0)], 2),
        bare(vec![moved("w", 1), moved("x", 0)], Vec::new(), 0),
    ]);
    let second = without("m");
    let fused = fuse(&first, &second).unwrap();
    for value in
        [json!({"m": {"x": 1, "w": 0, "y": 2}, "z": 3}), json!({"m": {"x": null}}), json!({"m": 1})]
    {
        let seen = apply(&fused, &value, &Values::default()).ok();
        assert_eq!(seen, both(&first, &second, &value), "{value}: {fused:#?}");
    }
    let Node::Object(root) = fused.node(fused.root) else { panic!("{fused:?}") };
    assert_eq!(root.slots, (0, 3));
    assert_eq!(root.members[0].take, Some((Slot(1), Take::Move(NoteId(3)))));
    let other = fuse(&first, &without("y")).unwrap();
    let value = json!({"m": {"x": 1, "w": 0}, "y": 2});
    assert_eq!(apply(&other, &value, &Values::default()).ok(), both(&first, &without("y"), &value));
}

#[test]
fn what_moved_into_something_that_is_dropped_is_told_as_lost() {
    let inner = from_slot("x", Source::Slot(Slot(0)));
    let moved = member("x", 0, Some((Slot(0), Take::Move(NoteId(0)))));
    let first = of(vec![bare(vec![moved], vec![from_slot("m", Source::Object(vec![inner]))], 1)]);
    let fused = fuse(&first, &without("m")).unwrap();
    let Node::Object(root) = fused.node(fused.root) else { panic!("{fused:?}") };
    let taken = root.members.iter().find(|one| &*one.name == "x").unwrap();
    assert!(matches!(taken.take, Some((_, Take::Move(NoteId(3))))), "{fused:#?}");
    assert!(root.supplies.is_empty());
}

#[test]
fn an_object_that_comes_again_below_itself_owns_none_of_the_slots_around() {
    let moved = member("x", 1, Some((Slot(0), Take::Move(NoteId(0)))));
    let program = of(vec![
        bare(vec![member("m", 2, None)], vec![from_slot("x", Source::Slot(Slot(0)))], 1),
        bare(vec![moved], Vec::new(), 0),
    ]);
    for (id, outer) in [(1, false), (2, true)] {
        assert_eq!(touches_outer(&program, NodeId(id)), outer);
        assert_eq!(fills_outer(&program, NodeId(id)), outer);
    }
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
