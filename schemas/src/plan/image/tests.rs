//! Whatever a program writes is in its image; and the image is tight enough to prove with.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::plan::apply::apply;
use crate::plan::outside::Values;
use crate::plan::program::{
    Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Slot, Source, Supply, Table,
    Take,
};
use crate::plan::random::Random;
use crate::schema::Schema;

use super::{ImageLimits, Known, image, image_of};

fn program(nodes: Vec<Node>) -> Program {
    let note =
        Note { rule: "L1", text: String::new(), at: String::new(), loss: false, policy: None };
    let nodes: Vec<Node> = std::iter::once(Node::Copy).chain(nodes).collect();
    Program { nodes, root: NodeId(1), notes: vec![note] }
}

fn object() -> ObjectNode {
    ObjectNode {
        members: Vec::new(),
        patterns: Vec::new(),
        other: NodeId(0),
        supplies: Vec::new(),
        conflict: None,
        slots: (0, 0),
        hold: false,
    }
}

fn member(name: &str, node: u32) -> Member {
    Member { name: name.into(), rename: None, node: NodeId(node), take: None }
}

fn supply(name: &str, source: Source) -> Supply {
    Supply { name: name.into(), source, note: NoteId(0), missing: Missing::Refuse(NoteId(0)) }
}

#[track_caller]
fn check(nodes: Vec<Node>, sender: Value, expected: &Value) {
    let image = image(&program(nodes), &Schema::from_document(sender)).unwrap();
    assert_eq!(image.document(), *expected);
}

#[test]
fn a_renamed_member_keeps_its_schema_and_its_duty() {
    let mut node = object();
    node.members = vec![Member { rename: Some(("b".into(), NoteId(0))), ..member("a", 0) }];
    check(
        vec![Node::Object(Box::new(node))],
        json!({"type": "object", "properties": {"a": {"type": "string"}, "c": {"$ref": "#/$defs/c"}},
               "required": ["a"], "additionalProperties": false, "$defs": {"c": {"minimum": 1}}}),
        &json!({"type": "object", "properties": {"b": {"type": "string"}, "c": {"$ref": "#/$defs/c"}},
                "required": ["b"], "additionalProperties": false, "$defs": {"c": {"minimum": 1}}}),
    );
}

#[test]
fn a_table_maps_the_values_the_sender_has_and_no_others() {
    let table = Table {
        entries: vec![("\"OPEN\"".into(), NodeId(2)), ("\"NEVER\"".into(), NodeId(3))],
        otherwise: NodeId(0),
    };
    check(
        vec![
            Node::Table(Box::new(table)),
            Node::Replace("\"open\"".into(), NoteId(0)),
            Node::Refuse(NoteId(0)),
        ],
        json!({"type": "string", "enum": ["OPEN", "done"]}),
        &json!({"enum": ["open", "done"]}),
    );
}

#[test]
fn a_supplied_member_is_required_and_keeps_what_was_there() {
    let mut node = object();
    node.supplies =
        vec![supply("a", Source::Literal("1".into())), supply("b", Source::Literal("2".into()))];
    check(
        vec![Node::Object(Box::new(node))],
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}),
        &json!({"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"const": 1}]},
                "b": {"const": 2}}, "required": ["a", "b"], "additionalProperties": false}),
    );
}

#[test]
fn a_moved_member_is_required_where_it_goes_if_it_was_where_it_stood() {
    let mut node = object();
    node.slots = (0, 1);
    node.hold = true;
    node.members = vec![Member { take: Some((Slot(0), Take::Move(NoteId(0)))), ..member("a", 0) }];
    let inner = supply("x", Source::Slot(Slot(0)));
    node.supplies = vec![supply("m", Source::Object(vec![inner]))];
    let nodes = vec![Node::Object(Box::new(node))];
    let sender =
        Schema::from_document(json!({"type": "object", "properties": {"a": {"type": "string"}},
        "required": ["a"], "additionalProperties": false}));
    let found =
        image_of(&program(nodes), &sender, &Known::default(), ImageLimits::default()).unwrap();
    assert!(found.is_total());
    assert_eq!(
        found.schema.document(),
        json!({"type": "object", "required": ["m"], "additionalProperties": false, "properties": {"m":
            {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"],
             "additionalProperties": false}}})
    );
}

#[test]
fn recursion_comes_out_as_recursion() {
    let mut node = object();
    node.members = vec![member("child", 1), member("gone", 2)];
    check(
        vec![Node::Object(Box::new(node)), Node::Omit(NoteId(0))],
        json!({"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "additionalProperties": false,
            "properties": {"child": {"$ref": "#/$defs/T"}, "gone": {}, "kept": {"type": "null"}}}}}),
        &json!({"$ref": "#/$defs/T.1.0", "$defs": {"T.1.0": {"type": "object", "additionalProperties": false,
            "properties": {"child": {"$ref": "#/$defs/T.1.0"}, "kept": {"type": "null"}}}}}),
    );
}

#[test]
fn a_refusal_of_a_value_that_is_never_sent_is_not_reached() {
    let refuse = vec![
        Node::Table(Box::new(Table {
            entries: vec![("1".into(), NodeId(2))],
            otherwise: NodeId(0),
        })),
        Node::Refuse(NoteId(0)),
    ];
    for (sent, total) in [(json!({"enum": [2, 3]}), true), (json!({"enum": [1, 2]}), false)] {
        let sender = Schema::from_document(sent);
        let known = Known::default();
        let found =
            image_of(&program(refuse.clone()), &sender, &known, ImageLimits::default()).unwrap();
        assert_eq!(found.is_total(), total);
    }
}

proptest! {
    #![proptest_config({
        let known = ProptestConfig::default();
        ProptestConfig { cases: known.cases.max(3000), failure_persistence: None, ..known }
    })]

    #[test]
    fn what_is_written_is_in_the_image(seed in any::<u64>()) {
        let mut random = Random(seed);
        let (program, sender) = (random.program(), random.schema(3));
        let known = Known::default();
        let schema = Schema::from_document(sender.clone());
        let Some(found) = image_of(&program, &schema, &known, ImageLimits::default()) else {
            return Ok(());
        };
        let valid = jsonschema::draft202012::new(&sender).unwrap();
        let inside = jsonschema::draft202012::new(&found.schema.document()).unwrap();
        for _ in 0..12 {
            let value = random.aimed(&sender);
            if !valid.is_valid(&value) {
                continue;
            }
            match apply(&program, &value, &Values::default()) {
                Ok(written) => prop_assert!(
                    inside.is_valid(&written),
                    "{sender} sends {value}, written {written}, image {}", found.schema.document()
                ),
                Err(rejected) => prop_assert!(
                    found.refused.contains(&rejected.note),
                    "{sender} sends {value}, refused by {:?} at {}", rejected.note, rejected.pointer
                ),
            }
        }
    }
}
