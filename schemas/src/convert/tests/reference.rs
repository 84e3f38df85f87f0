//! The machine against the meaning of programs on document trees.

use std::sync::Arc;

use serde_json::Value;

use super::agreed;
use crate::convert::{Cause, Limits};
use crate::plan::apply::apply;
use crate::plan::program::{Node, Program};
use crate::plan::random::Random;

#[track_caller]
fn check(program: &Arc<Program>, input: &Value) {
    let text = input.to_string();
    let seen = agreed(&[Arc::clone(program)], Limits::default(), text.as_bytes());
    let expected = apply(program, input, &super::values());
    let holds = program.nodes.iter().any(|node| matches!(node, Node::Object(one) if one.hold));
    match (seen, expected) {
        (Ok((out, _)), Ok(value)) => {
            assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), value, "{text} {program:?}");
        }
        (Err(refused), Err(rejected)) => {
            let ours = refused.cause.note().cloned();
            assert!(ours.is_some(), "{refused} {text}");
            // In a held object a missing member is found when the object is complete, so another may be first.
            // A conflict is found before the value of the second member is looked at.
            if !holds && !matches!(refused.cause, Cause::Conflict(_)) {
                assert_eq!(refused.pointer, rejected.pointer, "{text} {program:?}");
                assert_eq!(ours.as_ref(), program.note(rejected.note), "{text} {program:?}");
            }
        }
        (Err(refused), Ok(value)) if refused.cause == Cause::Conflict(None) => drop(value),
        // What is missing inside a moved value is not missed when the value has nowhere to go.
        (Ok(_), Err(rejected)) if holds && input.pointer(rejected.pointer.as_str()).is_none() => {}
        (seen, expected) => panic!("{text}: {seen:?} is not {expected:?} by {program:?}"),
    }
}

#[test]
fn the_machine_does_what_the_program_means() {
    let mut converted = 0;
    for seed in 0..6000 {
        let mut random = Random(seed);
        let program = Arc::new(random.program());
        for _ in 0..4 {
            let input = random.value(4);
            check(&program, &input);
            converted += usize::from(apply(&program, &input, &super::values()).is_ok());
        }
    }
    assert!(converted > 5000, "{converted}");
}
