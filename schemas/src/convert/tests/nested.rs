//! Values that are held until they are complete.

use std::sync::Arc;

use super::{agreed, check, check_refused, member, object, program, renamed, supply};
use crate::convert::{Cause, Limits};
use crate::plan::program::{
    ArrayNode, Choose, Member, Node, NodeId, NoteId, ObjectNode, Slot, Source, Take, Test,
    TransformNode,
};
use crate::plan::transform::Transform;

fn wrap(before: u32, then: u32) -> Node {
    Node::Transform(Box::new(TransformNode {
        before: NodeId(before),
        transform: Transform::Wrap,
        note: NoteId(3),
        lost: None,
        then: NodeId(then),
        otherwise: NodeId(0),
    }))
}

/// Node 3 renames and refuses inside what a function made.
fn wrapped() -> Vec<Node> {
    vec![
        Node::Copy,
        Node::Refuse(NoteId(4)),
        Node::Object(Box::new(object(vec![renamed("a", "b", 0), member("no", 1)], Vec::new()))),
        Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(2) })),
        wrap(0, 3),
        Node::Object(Box::new(object(vec![renamed("x", "y", 4), member("z", 0)], Vec::new()))),
    ]
}

#[test]
fn what_comes_after_a_function_works_on_its_result() {
    let report = check(
        wrapped(),
        5,
        r#"{ "x" : { "a": 1.0 } , "z":2}"#,
        r#"{ "y" : [{ "b": 1.0 }] , "z":2}"#,
    );
    assert_eq!(report.fired, [[0, 2, 0, 1, 0, 0, 0, 0]]);
    check(wrapped(), 4, " null ", " [null] ");
}

#[test]
fn a_refusal_after_a_function_names_the_place_as_it_came() {
    let expected = ("value-not-convertible", "/x/no", 6);
    check_refused(wrapped(), 5, r#"{"x": {"no":1}}"#, expected);
}

#[test]
fn a_refusal_of_what_a_move_may_have_made_names_the_object_around() {
    let moves = || {
        let inner = object(Vec::new(), vec![supply("a", Source::Slot(Slot(0)))]);
        let made = Source::Object(vec![supply("a", Source::Slot(Slot(0)))]);
        let taken = Member { take: Some((Slot(0), Take::Move(NoteId(0)))), ..member("a", 0) };
        let outer = object(vec![taken, member("m", 2)], vec![supply("m", made)]);
        let outer = ObjectNode { slots: (0, 1), hold: true, ..outer };
        program(vec![Node::Copy, Node::Object(Box::new(outer)), Node::Object(Box::new(inner))], 1)
    };
    let refuses = object(vec![member("m", 1)], Vec::new());
    let nodes = vec![Node::Copy, Node::Refuse(NoteId(4)), Node::Object(Box::new(refuses))];
    let stages = [moves(), program(nodes, 2)];
    for payload in [r#"{"a":1}"#, r#"{"m":{}}"#] {
        let refused = agreed(&stages, Limits::default(), payload.as_bytes()).unwrap_err();
        assert_eq!((refused.cause.code(), refused.pointer.as_str()), ("value-not-convertible", ""));
    }
}

#[test]
fn only_so_much_is_held() {
    let limits = Limits { held: 8, ..Limits::default() };
    let refused = agreed(&[program(wrapped(), 5)], limits, br#"{"z":[1,2,3,4,5,6],"x":[1,2,3,4]}"#)
        .unwrap_err();
    assert_eq!((refused.cause, refused.pointer.as_str()), (Cause::Held, "/x"));
    // The whole payload waits: the place is the same one wherever it is cut.
    let refused = agreed(&[program(wrapped(), 4)], limits, br#"[{"id":1},{"id":2}]"#).unwrap_err();
    assert_eq!((refused.cause, refused.pointer.as_str()), (Cause::Held, ""));
}

#[test]
fn a_value_is_not_gone_through_again_and_again() {
    // each side of the function goes on into the value, twice for each array inside another
    let twice = Node::Transform(Box::new(TransformNode {
        before: NodeId(2),
        transform: Transform::Chain(Vec::new()),
        note: NoteId(3),
        lost: None,
        then: NodeId(2),
        otherwise: NodeId(0),
    }));
    let items = Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(1) }));
    let nodes = || vec![Node::Copy, twice.clone(), items.clone()];
    check(nodes(), 1, "[[1]]", "[[1]]");
    let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    let refused = agreed(&[program(nodes(), 1)], Limits::default(), deep.as_bytes()).unwrap_err();
    assert_eq!(refused.cause, Cause::Work, "{refused}");
}

fn told_apart() -> Vec<Node> {
    let case = |to: &str| -> ObjectNode {
        object(vec![renamed("v", to, 0)], vec![supply("added", Source::Literal("1".into()))])
    };
    let tag = |value: &str| Test::Equals(vec!["t".into()], value.into());
    vec![
        Node::Copy,
        Node::Object(Box::new(case("card"))),
        Node::Object(Box::new(case("bank"))),
        Node::Omit(NoteId(0)),
        Node::Choose(Box::new(Choose {
            cases: vec![
                (tag("\"card\""), NodeId(1)),
                (tag("2"), NodeId(2)),
                (Test::Present("drop".into()), NodeId(3)),
            ],
            otherwise: NodeId(0),
        })),
        Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(4) })),
    ]
}

#[test]
fn objects_go_the_way_of_their_tag_wherever_it_stands() {
    check(
        told_apart(),
        5,
        r#"[{"v":{"t":2},"\u0074":"c\u0061rd"}, {"t":2.0,"v":1} ,{"drop":null}, {"v":3}, 7]"#,
        r#"[{"card":{"t":2},"\u0074":"c\u0061rd","added":1}, {"t":2.0,"bank":1,"added":1} , {"v":3}, 7]"#,
    );
}

#[test]
fn later_stages_refuse_in_the_names_before_a_function() {
    let second = vec![
        Node::Copy,
        Node::Refuse(NoteId(0)),
        Node::Object(Box::new(object(vec![member("b", 1)], Vec::new()))),
        Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(2) })),
        Node::Object(Box::new(object(vec![member("y", 3), member("card", 1)], Vec::new()))),
    ];
    let second = program(second, 4);
    let stages = [program(wrapped(), 5), Arc::clone(&second)];
    let refused = agreed(&stages, Limits::default(), br#"{"x":{"a":1}}"#).unwrap_err();
    assert_eq!(refused.pointer.as_str(), "/x/a");
    let stages = [program(told_apart(), 4), second];
    let refused = agreed(&stages, Limits::default(), br#"{"v":1,"t":"card"}"#).unwrap_err();
    assert_eq!(refused.pointer.as_str(), "/v");
}
