//! The laws of the merge, on cases by hand and on random documents under random views.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{NotMerged, NotPatched, Shown, merge_patch, put, put_declared};
use crate::pointer::Pointer;
use crate::schema::Schema;

fn merged(source: &str, shown: &str, written: &str) -> String {
    put(source, shown, written, &[]).unwrap().text
}

#[test]
fn what_was_not_changed_keeps_its_bytes() {
    let source = "{ \"amount\" : 1.10 ,\n  \"status\":\"disp\\u0075ted\", \"tags\": [ 1,  2 ]\n}";
    let shown = r#"{"tags":[1,2.0],"status":"open"}"#;
    assert_eq!(merged(source, shown, shown), source);
    let written = r#"{"tags":[1,2],"status":"closed"}"#;
    let wanted = "{ \"amount\" : 1.10 ,\n  \"status\":\"closed\", \"tags\": [ 1,  2 ]\n}";
    assert_eq!(merged(source, shown, written), wanted);
}

#[test]
fn members_are_added_and_removed_where_the_client_did() {
    let source = r#"{"a":1,"hidden":{"x":1},"b":2}"#;
    assert_eq!(
        merged(source, r#"{"a":1,"b":2}"#, r#"{"b":2,"c":[3]}"#),
        r#"{"hidden":{"x":1},"b":2,"c":[3]}"#
    );
    assert_eq!(merged("{}", "{}", r#"{"a":1}"#), r#"{"a":1}"#);
    assert_eq!(merged(r#"{"a":1}"#, r#"{"a":1}"#, "{}"), "{}");
}

#[test]
fn what_the_conversion_supplies_is_no_change() {
    let (source, shown) = (r#"{"a":1,"currency":"USD"}"#, r#"{"a":1,"currency":"EUR"}"#);
    assert_eq!(merged(source, shown, r#"{"a":2,"currency":"EUR"}"#), r#"{"a":2,"currency":"USD"}"#);
    assert_eq!(merged(r#"{"a":1}"#, shown, r#"{"a":2,"currency":"EUR"}"#), r#"{"a":2}"#);
}

#[test]
fn a_half_hidden_object_keeps_the_other_half() {
    let source = r#"{"meta":{"hidden":1}}"#;
    assert_eq!(
        merged(source, "{}", r#"{"meta":{"note":"a"}}"#),
        r#"{"meta":{"hidden":1,"note":"a"}}"#
    );
}

#[test]
fn items_are_paired_by_place_and_by_equality() {
    let source = r#"[{"a":1,"h":1},{"a":2,"h":2},{"a":3,"h":3}]"#;
    let shown = r#"[{"a":1},{"a":2},{"a":3}]"#;
    let check = |written: &str, wanted: &str| assert_eq!(merged(source, shown, written), wanted);
    // one removed, one edited in place, two exchanged
    check(r#"[{"a":1},{"a":3}]"#, r#"[{"a":1,"h":1},{"a":3,"h":3}]"#);
    check(r#"[{"a":1},{"a":9},{"a":3}]"#, r#"[{"a":1,"h":1},{"a":9,"h":2},{"a":3,"h":3}]"#);
    check(r#"[{"a":3},{"a":2},{"a":1}]"#, r#"[{"a":3,"h":3},{"a":2,"h":2},{"a":1,"h":1}]"#);
    check(
        r#"[{"a":1},{"a":2},{"a":3},{"a":4}]"#,
        &format!("{},{{\"a\":4}}]", &source[..source.len() - 1]),
    );
}

#[test]
fn items_that_could_be_another_are_refused_unless_something_identifies_them() {
    let source = r#"[{"id":1,"a":1,"h":1},{"id":2,"a":2,"h":2}]"#;
    let shown = r#"[{"id":1,"a":1},{"id":2,"a":2}]"#;
    let written = r#"[{"id":2,"a":9},{"id":3,"a":3},{"id":4,"a":4}]"#;
    assert_eq!(put(source, shown, written, &[]), Err(NotMerged::Ambiguous(Pointer::root())));
    let one = put(source, shown, written, &["key".to_owned(), "id".to_owned()]).unwrap();
    assert_eq!(one.text, r#"[{"id":2,"a":9,"h":2},{"id":3,"a":3},{"id":4,"a":4}]"#);
    assert_eq!(one.lost, [Pointer::parse("/0").unwrap()]);
}

#[test]
fn items_that_a_conversion_left_out_stay_where_items_have_an_identity() {
    let source = r#"[{"id":1},{"id":2,"new":true}]"#;
    assert!(put(source, r#"[{"id":1}]"#, "[]", &[]).is_err());
    let ids = ["id".to_owned()];
    assert_eq!(
        put(source, r#"[{"id":1}]"#, r#"[{"id":1,"a":2}]"#, &ids).unwrap().text,
        r#"[{"id":1,"a":2},{"id":2,"new":true}]"#
    );
}

#[test]
fn what_a_version_does_not_declare_stays_though_an_open_object_shows_it() {
    let declared = Shown::declared(&Schema::from_document(json!({
        "properties": {"a": {"type": "integer"}, "list": {"items": {"properties": {"id": {"type": "integer"}}}},
                       "map": {"additionalProperties": {"type": "integer"}}}
    })));
    let source = r#"{"a":1,"tag":2,"list":[{"id":1,"h":1},{"id":2,"h":2}],"map":{"x":1,"y":2}}"#;
    let check = |written: &str, wanted: &str| {
        let merged = put_declared((source, source, written), &[], Some(&declared)).unwrap();
        assert_eq!((merged.text.as_str(), merged.lost), (wanted, Vec::new()));
    };
    check(
        r#"{"a":1,"list":[{"id":1},{"id":3}],"map":{"x":1}}"#,
        r#"{"a":1,"tag":2,"list":[{"id":1,"h":1},{"id":3,"h":2}],"map":{"x":1}}"#,
    );
    // a client that keeps what it does not know may change it
    check(
        r#"{"tag":3,"list":[{"id":1,"h":4},{"id":2}]}"#,
        r#"{"tag":3,"list":[{"id":1,"h":4},{"id":2,"h":2}]}"#,
    );
}

#[test]
fn what_is_no_json_is_no_merge() {
    for bad in ["", "{", "[1,]", "nope"] {
        assert!(matches!(put(bad, "1", "1", &[]), Err(NotMerged::Unreadable(_))), "{bad}");
    }
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    assert!(put(&deep, &deep, &deep, &[]).is_err());
}

/// A view: some members of every object are hidden, and the value `disputed` is shown as `open`.
fn down(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let seen = members.iter().filter(|(name, _)| !name.starts_with('h'));
            Value::Object(seen.map(|(name, one)| (name.clone(), down(one))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(down).collect()),
        Value::String(text) if text == "disputed" => json!("open"),
        other => other.clone(),
    }
}

fn document() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(json!("disputed")),
        Just(json!("open")),
        Just(json!("done")),
        (0..4).prop_map(Value::from),
        Just(Value::Null),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        let names = prop::sample::select(vec!["a", "b", "c", "h", "hh"]);
        prop_oneof![
            prop::collection::vec((names, inner.clone()), 0..4).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(name, one)| (name.to_owned(), one))
                        .collect::<Map<_, _>>(),
                )
            }),
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
        ]
    })
}

/// What such a view could say.
fn view() -> impl Strategy<Value = Value> {
    document().prop_map(|value| down(&value))
}

proptest! {
    #[test]
    fn get_put(source in document()) {
        let (text, shown) = (serde_json::to_string_pretty(&source).unwrap(), down(&source).to_string());
        prop_assert_eq!(put(&text, &shown, &shown, &[]).unwrap().text, text);
    }

    #[test]
    fn put_get(source in document(), written in view()) {
        let shown = down(&source).to_string();
        if let Ok(one) = put(&source.to_string(), &shown, &written.to_string(), &[]) {
            let back: Value = serde_json::from_str(&one.text).unwrap();
            prop_assert_eq!(down(&back), written);
        }
    }

    #[test]
    fn put_put(source in document(), first in view(), second in view()) {
        // where nothing was lost on the way, the last write alone decides what is seen
        let shown = down(&source).to_string();
        let once = put(&source.to_string(), &shown, &second.to_string(), &[]);
        let before = put(&source.to_string(), &shown, &first.to_string(), &[]);
        if let (Ok(once), Ok(before)) = (once, before) {
            let between: Value = serde_json::from_str(&before.text).unwrap();
            if let Ok(twice) = put(&before.text, &down(&between).to_string(), &second.to_string(), &[]) {
                let [one, two]: [Value; 2] = [once.text, twice.text].map(|text| serde_json::from_str(&text).unwrap());
                prop_assert_eq!(down(&one), down(&two));
            }
        }
    }

    #[test]
    fn the_same_write_twice_is_the_same_as_once(source in document(), written in view()) {
        let shown = down(&source).to_string();
        if let Ok(once) = put(&source.to_string(), &shown, &written.to_string(), &[]) {
            let value: Value = serde_json::from_str(&once.text).unwrap();
            let again = put(&once.text, &down(&value).to_string(), &written.to_string(), &[]).unwrap();
            prop_assert_eq!(again.text, once.text);
        }
    }

    #[test]
    fn hidden_members_of_objects_that_stay_stay(source in document(), written in view()) {
        if let (Value::Object(members), Value::Object(_)) = (&source, &written)
            && let Ok(one) = put(&source.to_string(), &down(&source).to_string(), &written.to_string(), &[])
        {
            let back: Value = serde_json::from_str(&one.text).unwrap();
            for (name, value) in members.iter().filter(|(name, _)| name.starts_with('h')) {
                prop_assert_eq!(back.get(name), Some(value));
            }
        }
    }
}

fn schema() -> Schema {
    Schema::from_document(json!({
        "type": "object",
        "properties": {"a": {"type": "integer"}, "list": {"type": "array"}},
        "allOf": [{"properties": {"in": {"$ref": "#/$defs/inner"}}}],
        "$defs": {"inner": {"properties": {
            "x": {"type": "integer"}, "y": {"type": "integer"}, "deep": {"properties": {"z": {"type": "integer"}}}
        }}}
    }))
}

fn at(pointer: &str) -> Pointer {
    Pointer::parse(pointer).unwrap()
}

#[track_caller]
fn patched(hidden: &[&str], written: &str, wanted: Result<&str, NotPatched>) {
    let mut shown = Shown::whole(&schema()).unwrap();
    for one in hidden {
        assert!(shown.hide(&at(one)));
    }
    let patch = merge_patch(written, &shown);
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(patch.map(|text| value(&text)), wanted.map(value));
}

#[test]
fn a_patch_says_what_was_written_and_what_was_left_out() {
    let all = r#"{"a": 1.0, "list": [1, {"k": null}], "in": {"x": 1, "y": 2, "deep": {"z": 1}}}"#;
    patched(&[], all, Ok(all));
    patched(&[], r#"{"a":1}"#, Ok(r#"{"a":1,"list":null,"in":null}"#));
    patched(
        &[],
        r#"{"a":1,"list":[],"in":{"x":1},"other":{"q":1}}"#,
        Ok(r#"{"a":1,"list":[],"in":{"x":1,"y":null,"deep":null},"other":{"q":1}}"#),
    );
}

#[test]
fn a_patch_never_touches_what_is_hidden() {
    patched(
        &["/a", "/in/deep/z"],
        r#"{"a":1,"list":[],"in":{"x":1,"y":2,"deep":{"z":3}}}"#,
        Ok(r#"{"list":[],"in":{"x":1,"y":2,"deep":{}}}"#),
    );
    patched(&["/in/y"], r#"{"a":1,"list":[]}"#, Err(NotPatched::Half(at("/in"))));
    patched(&["/new/h"], r#"{"a":1,"list":[],"in":null}"#, Err(NotPatched::Null(at("/in"))));
    patched(&["/new/h"], r#"{"a":1,"new":{"h":1}}"#, Ok(r#"{"a":1,"list":null,"in":null}"#));
    let mut shown = Shown::whole(&schema()).unwrap();
    assert!(!shown.hide(&at("/list/*/h")));
    assert!(!shown.hide(&Pointer::root()));
    assert!(shown.has(&at("/in/deep/z")) && !shown.has(&at("/in/q")));
}

#[test]
fn a_null_cannot_be_patched() {
    patched(
        &[],
        r#"{"a":1,"list":[],"in":{"x":null,"y":1,"deep":{}}}"#,
        Err(NotPatched::Null(at("/in/x"))),
    );
    patched(&[], "[1]", Err(NotPatched::Unreadable));
}

#[test]
fn many_members_and_items_take_time_in_proportion() {
    let members: Vec<String> = (0..60_000).map(|at| format!("\"m{at}\":{at}")).collect();
    let items: Vec<String> = (0..60_000).map(|at| format!("{{\"id\":{at}}}")).collect();
    let (object, array) = (format!("{{{}}}", members.join(",")), format!("[{}]", items.join(",")));
    assert_eq!(merged(&object, "{}", "{\"m1\":2}").len(), object.len());
    let ids = ["id".to_owned()];
    assert_eq!(
        put(&array, &array, "[{\"id\":59999},{\"id\":7,\"a\":1}]", &ids).unwrap().text,
        "[{\"id\":59999},{\"id\":7,\"a\":1}]"
    );
    assert_eq!(
        merged(&array, &array, &format!("{},1]", &array[..array.len() - 1])).len(),
        array.len() + 2
    );
}
