//! Proposals that are applied take the finding away.

use std::sync::Arc;

use serde_json::{Value, json};

use evergate_schemas::describe::model::Description;
use evergate_schemas::describe::{Limits, load_api};

use super::{Suggested, suggest};

fn document(order: &Value) -> Value {
    json!({
        "openapi": "3.1.0", "info": {"title": "a", "version": "1"},
        "paths": {"/orders": {"post": {
            "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}}
        }}},
        "components": {"schemas": {"Order": order}}
    })
}

fn versions(old: &Value, new: &Value, changes: Option<&str>) -> [Arc<Description>; 2] {
    let directory = tempfile::tempdir().unwrap();
    for (name, one) in [("v1", old), ("v2", new)] {
        let home = directory.path().join(name);
        std::fs::create_dir(&home).unwrap();
        std::fs::write(home.join("openapi.json"), document(one).to_string()).unwrap();
    }
    if let Some(text) = changes {
        std::fs::write(directory.path().join("v2/changes.yaml"), text).unwrap();
    }
    let api = load_api(directory.path(), &Limits::default()).unwrap();
    assert_eq!(api.problems, []);
    <[_; 2]>::try_from(api.versions).unwrap()
}

fn closed(members: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": members, "required": required})
}

/// What is proposed, and that the written file, loaded as any other, leaves as much open as was promised.
#[track_caller]
fn check(old: &Value, new: &Value, wanted: &[&str], open: usize) -> Suggested {
    let [one, other] = versions(old, new, None);
    let suggested = suggest(&one, &other);
    for entry in wanted {
        assert!(suggested.text.contains(entry), "`{entry}` is not in\n{}", suggested.text);
    }
    assert_eq!(suggested.unsolved.1, open, "{}", suggested.text);
    let [one, other] = versions(old, new, Some(&suggested.text));
    let again = suggest(&one, &other);
    assert_eq!((again.unsolved.0, again.taken), (open, 0), "{}\n{}", suggested.text, again.text);
    suggested
}

#[test]
fn a_rename_is_proposed_where_type_and_words_agree() {
    let note = |name: &str| {
        closed(
            &json!({"id": {"type": "string"}, name: {"type": "string", "description": "What the clerk reads"}}),
            &["id", name],
        )
    };
    let found =
        check(&note("note"), &note("remark"), &["rename: { note: remark }", "at: Order"], 0);
    assert!(found.unsolved.0 > 0);
}

#[test]
fn a_move_into_a_new_object_is_proposed() {
    let text = json!({"type": "string"});
    let old = closed(&json!({"description": text, "id": text}), &[]);
    let inner = json!({"type": "object", "additionalProperties": false, "properties": {"description": text}});
    let new = closed(&json!({"metadata": inner, "id": text}), &[]);
    check(&old, &new, &["move: { description: metadata/description }"], 0);
}

#[test]
fn values_in_another_spelling_are_mapped() {
    let of =
        |values: &Value| closed(&json!({"state": {"type": "string", "enum": values}}), &["state"]);
    let found = check(
        &of(&json!(["OPEN", "IN_WORK"])),
        &of(&json!(["open", "inWork"])),
        &["map: { member: state, values: { OPEN: open, IN_WORK: inWork } }"],
        0,
    );
    assert_eq!(found.others, 0);
}

#[test]
fn what_only_the_author_knows_is_a_stand_in() {
    let text = json!({"type": "string"});
    let old = closed(&json!({"id": text}), &["id"]);
    let new = closed(&json!({"id": text, "currency": text}), &["id", "currency"]);
    check(&old, &new, &["add: { currency: { constant: \"\" } }", "confidence 0.50"], 0);
    let of = |state: Value| closed(&json!({"state": state}), &["state"]);
    let narrow = of(json!({"type": "string", "enum": ["a"]}));
    check(&narrow, &of(json!({"type": "string", "enum": ["a", "b"]})), &["on_unknown: "], 0);
}

#[test]
fn members_of_another_type_are_no_rename() {
    let old = closed(&json!({"a": {"type": "string"}}), &[]);
    let new = closed(&json!({"b": {"type": "integer"}}), &[]);
    let [one, other] = versions(&old, &new, None);
    assert!(!suggest(&one, &other).text.contains("rename"));
}

#[test]
fn unlikely_pairs_are_comments() {
    let text = json!({"type": "string"});
    let number = |name: &str, more: &str| closed(&json!({name: text, more: text}), &[]);
    let [one, other] = versions(&number("alpha", "beta"), &number("zulu", "xray"), None);
    let found = suggest(&one, &other);
    assert!(!found.text.contains("\n  - say: \"`alpha`"), "{}", found.text);
}

#[test]
fn nothing_to_say_is_a_file_that_says_nothing() {
    let one = closed(&json!({}), &[]);
    let found = check(&one, &one, &["changes: []"], 0);
    assert_eq!((found.taken, found.others), (0, 0));
}

#[test]
fn the_same_pair_at_two_places_speaks_for_itself() {
    let old = include_str!("../../tests/apis/orders/v1/openapi.yaml");
    let new = include_str!("../../tests/apis/orders/v2/openapi.yaml");
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [("v1", old), ("v2", new)] {
        std::fs::create_dir(directory.path().join(name)).unwrap();
        std::fs::write(directory.path().join(name).join("openapi.yaml"), text).unwrap();
    }
    let api = load_api(directory.path(), &Limits::default()).unwrap();
    let found = suggest(&api.versions[0], &api.versions[1]);
    assert!(found.text.contains("at: [NewOrder, Order]"), "{}", found.text);
}
