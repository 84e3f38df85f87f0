//! JSON patches: by hand, and law 13: converting the patched document is patching the converted one.

use std::sync::Arc;

use proptest::prelude::{prop, prop_assert_eq, proptest};
use serde_json::{Value, json};

use crate::convert::{BodyConverter, BodyOptions, Limits, PreparedBody, Refused};
use crate::plan::apply::apply;
use crate::plan::bridge::{BodyPlan, Judgement, Plan};
use crate::plan::edits::tests::{nodes, program, values};
use crate::plan::outside::Values;
use crate::plan::pointers::{Landing, forward};
use crate::plan::program::{Node, Program};
use crate::plan::wire::Wire;
use crate::pointer::Pointer;
use crate::relate::verdict::Verdict;

use super::{member, object, renamed};

fn run(program: &Program, patch: &str, size: usize) -> Result<String, Refused> {
    let plan = BodyPlan {
        media_type: "application/json-patch+json".to_owned(),
        written_as: None,
        wire: Wire::Patch,
        plan: Plan {
            stages: vec![Arc::new(program.clone())],
            judgement: Judgement::of(Verdict::Bridged),
        },
    };
    let limits = Limits { record: 4096, ..Limits::default() };
    let options = BodyOptions { limits, ..BodyOptions::default() };
    let mut body = BodyConverter::start(&PreparedBody::new(&plan), &options);
    let mut out = Vec::new();
    for chunk in patch.as_bytes().chunks(size) {
        body.push(chunk, &mut out)?;
    }
    body.finish(&mut out)?;
    assert_eq!(body.held_back(), 0);
    Ok(String::from_utf8(out).unwrap())
}

/// `old` becomes `new`, `drop` goes, `status` is looked up (`"OPEN"` becomes `"open"`).
#[track_caller]
fn check(patch: &str, expected: Result<&str, &str>) {
    let members =
        vec![member("drop", 1), renamed("old", "new", 0), member("status", 3), member("in", 2)];
    let mut nodes = super::usual();
    nodes[2] = Node::Object(Box::new(object(members, Vec::new())));
    let program = super::program(nodes, 2);
    let seen = run(&program, patch, patch.len().max(1));
    assert_eq!(run(&program, patch, 1), seen);
    let told = seen.map_err(|one| format!("{} {}", one.pointer, one.cause.code()));
    assert_eq!(told, expected.map(str::to_owned).map_err(str::to_owned));
}

#[test]
fn every_operation_is_converted() {
    check(
        r#"[{"op":"test","path":"/old","value":1}, {"op":"add","path":"/in/old","value":{"old":1}}]"#,
        Ok(
            r#"[{"op":"test","path":"/new","value":1},{"op":"add","path":"/in/new","value":{"old":1}}]"#,
        ),
    );
    check(
        r#"[{"op":"replace","path":"/in","value":{"old":1,"drop":2}},{"op":"remove","path":"/old"}]"#,
        Ok(r#"[{"op":"replace","path":"/in","value":{"new":1}},{"op":"remove","path":"/new"}]"#),
    );
    check(
        r#"[{"op":"move","from":"/old","path":"/x"},{"op":"copy","from":"/in/old","path":"/x"}]"#,
        Ok(
            r#"[{"op":"move","from":"/new","path":"/x"},{"op":"copy","from":"/in/new","path":"/x"}]"#,
        ),
    );
    check(
        r#"[{"op":"add","path":"","value":{"old":1}}]"#,
        Ok(r#"[{"op":"add","path":"","value":{"new":1}}]"#),
    );
    check(
        r#"[{"op":"add","path":"/status","value":"OPEN"}]"#,
        Ok(r#"[{"op":"add","path":"/status","value":"open"}]"#),
    );
}

#[test]
fn what_is_not_concerned_keeps_its_bytes() {
    let patch = "[ {\"path\" : \"/a\\u002fb\", \"op\":\"add\" ,\"value\": 1.00} ]\n";
    check(patch, Ok(patch));
}

#[test]
fn what_the_reader_does_not_have_is_left_alone() {
    check(r#"[{"op":"add","path":"/drop","value":1},{"op":"remove","path":"/drop/a"}]"#, Ok("[]"));
    check(
        r#"[{"op":"move","from":"/old","path":"/drop"}]"#,
        Ok(r#"[{"op":"remove","path":"/new"}]"#),
    );
    check(r#"[{"op":"copy","from":"/old","path":"/drop"}]"#, Ok("[]"));
}

#[test]
fn what_cannot_be_told_without_the_document_is_refused_with_its_place() {
    check(r#"[{"op":"test","path":"/drop","value":1}]"#, Err("/0/path patch-needs-document"));
    check(r#"[{"op":"copy","from":"/status","path":"/a"}]"#, Err("/0/from patch-needs-document"));
    check(r#"[{"op":"move","from":"/drop","path":"/a"}]"#, Err("/0/from patch-needs-document"));
    check(r#"{"op":"remove","path":"/a"}"#, Err(" json-framing"));
    check(r#"[{"op":"remove"}]"#, Err("/0 json-framing"));
    check(r#"[{"op":"remove","path":"a"}]"#, Err("/0/path json-framing"));
    check(r#"[{"op":"add","path":"/a"}]"#, Err("/0 json-framing"));
    check(r#"[{"op":"put","path":"/a"}]"#, Err("/0/op json-framing"));
    check(r#"[{"op":"add","op":"remove","path":"/a"}]"#, Err("/0/op json-duplicate-name"));
    check(&format!("[{}1]", "1,".repeat(4096)), Err(" limit-record-length"));
}

/// What operations make of a document (RFC 6902 §4), `None` when one fails.
fn patched(document: &Value, patch: &Value) -> Option<Value> {
    let mut document = document.clone();
    for operation in patch.as_array()? {
        let path = operation["path"].as_str()?;
        let value = match operation["op"].as_str()? {
            "add" | "replace" => Some(operation["value"].clone()),
            _ => None,
        };
        let exists = document.pointer(path).is_some();
        if path.is_empty() {
            document = value?;
            continue;
        }
        let (parent, last) = path.rsplit_once('/')?;
        let replaces = operation["op"] == "replace";
        match (document.pointer_mut(parent)?, value) {
            (Value::Object(members), Some(value)) if !replaces || exists => {
                members.insert(last.to_owned(), value);
            }
            (Value::Object(members), None) => {
                members.remove(last)?;
            }
            (Value::Array(items), Some(value)) => {
                let at = if last == "-" { items.len() } else { last.parse().ok()? };
                if replaces {
                    *items.get_mut(at)? = value;
                } else if at <= items.len() {
                    items.insert(at, value);
                } else {
                    return None;
                }
            }
            (Value::Array(items), None) => {
                let at: usize = last.parse().ok().filter(|at| *at < items.len())?;
                items.remove(at);
            }
            _ => return None,
        }
    }
    Some(document)
}

/// Whether an operation sets a member `0` of an object where the program means a list. It copies such an object, which no
/// sender declares, while a patch says `/0` of either, and there it can only be the item.
fn mistakes_a_list(program: &Arc<Program>, document: &Value, operations: &[Value]) -> bool {
    let of_list = |path: &str, document: &Value| {
        let Some((parent, last)) = path.rsplit_once('/') else { return false };
        let landed = forward(&[Arc::clone(program)], &Pointer::parse(parent).unwrap());
        last.bytes().all(|byte| byte.is_ascii_digit())
            && document.pointer(parent).is_some_and(Value::is_object)
            && matches!(landed, Landing::At(_, at) if matches!(program.node(at[0]), Node::Array(_)))
    };
    (0..operations.len()).any(|at| {
        let before = patched(document, &Value::from(&operations[..at]));
        before.is_some_and(|one| of_list(operations[at]["path"].as_str().unwrap(), &one))
    })
}

proptest! {
    #[test]
    fn patches_commute(
        nodes in nodes(),
        document in values(false),
        operations in prop::collection::vec(("add|replace|remove", "(/[a-e])?(/[a-d0-1])?(/[a-d])?", values(false), "[a-e]"), 1..4),
    ) {
        let program = program(nodes);
        let operations: Vec<Value> = operations
            .into_iter()
            .map(|(op, path, value, part)| {
                // a value of the kind that belongs there
                let value = match path.matches('/').count() {
                    0 => value,
                    _ => value.get(&part).cloned().unwrap_or(json!(1)),
                };
                if op == "remove" { json!({"op": op, "path": path}) } else { json!({"op": op, "path": path, "value": value}) }
            })
            .filter(|one| one["op"] != "remove" || one["path"] != "")
            .collect();
        if mistakes_a_list(&Arc::new(program.clone()), &document, &operations) {
            return Ok(());
        }
        let patch = Value::from(operations);
        let up = |value: &Value| apply(&program, value, &Values::default()).ok();
        let (Some(after), Some(above)) = (patched(&document, &patch), up(&document)) else { return Ok(()) };
        let (Ok(converted), Some(wanted)) = (run(&program, &patch.to_string(), 64), up(&after)) else { return Ok(()) };
        let converted: Value = serde_json::from_str(&converted).unwrap();
        prop_assert_eq!(patched(&above, &converted), Some(wanted), "{} became {}", patch, converted);
    }
}
