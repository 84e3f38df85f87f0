//! Edits over written and generated texts.

use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::pointer::Pointer;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Edit, Uneditable, edit, merge_patch};

fn at(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

fn read(text: &str) -> Value {
    Document::parse("g.yaml", text.as_bytes(), &DocumentLimits::strict()).unwrap().value
}

#[track_caller]
fn check(text: &str, one: Edit, wanted: &str) {
    assert_eq!(edit("g.yaml", text, &[one]).unwrap(), wanted);
}

const FILE: &str = "\
# who we are
apis:
  orders:   # the first
    match: { path: /orders }  # where

    backends:
      # the old ones
      - version: v1 # soon gone
        endpoints: [\"http://a:1\", 'http://a:2']
      - { version: v2, endpoints: [\"http://b:1\"], weight: 10 }
    # nothing more
# the end
limits:
  body: 1MiB
";

#[test]
fn what_is_not_touched_stays_as_it_is_written() {
    let weight = "/apis/orders/backends/1/weight";
    check(FILE, Edit::Set(at(weight), json!(20)), &FILE.replace("weight: 10", "weight: 20"));
    let (old, new) = (", weight: 10 }", " }");
    check(FILE, Edit::Remove(at(weight)), &FILE.replace(old, new));
    check(
        FILE,
        Edit::Set(at("/apis/orders/backends/0/drained"), json!(["http://a:1"])),
        &FILE.replace("'http://a:2']\n", "'http://a:2']\n        drained: [\"http://a:1\"]\n"),
    );
    check(
        FILE,
        Edit::Set(at("/apis/orders/backends/0/version"), json!("v3")),
        &FILE.replace("version: v1 #", "version: v3 #"),
    );
    check(
        FILE,
        Edit::Remove(at("/apis/orders/backends/0/version")),
        &FILE.replace("version: v1 # soon gone\n        endp", "endp"),
    );
    check(
        FILE,
        Edit::Append(at("/apis/orders/backends"), json!({"endpoints": ["http://c:1"]})),
        &FILE.replace("weight: 10 }\n", "weight: 10 }\n      - { endpoints: [\"http://c:1\"] }\n"),
    );
    check(
        FILE,
        Edit::Append(at("/apis/orders/backends/0/endpoints"), json!("http://a:3")),
        &FILE.replace("'http://a:2']", "'http://a:2', \"http://a:3\"]"),
    );
    check(FILE, Edit::Remove(at("/limits/body")), &FILE.replace("body: 1MiB", "{}"));
    check(FILE, Edit::Set(at("/workers"), json!(2)), &format!("{FILE}workers: 2\n"));
    let removed = edit("g.yaml", FILE, &[Edit::Remove(at("/apis/orders/backends/0"))]).unwrap();
    assert!(removed.contains("# the old ones\n      - { version: v2"), "{removed}");
    let replaced = Edit::Set(at("/apis/orders/backends"), json!([]));
    let replaced = edit("g.yaml", FILE, &[replaced]).unwrap();
    assert!(replaced.contains("    backends: []\n    # nothing more\n"), "{replaced}");
}

#[test]
fn json_stays_json() {
    let text = "{\"apis\": {\"a\": {\"weight\": 1}}}\n";
    let edits =
        [Edit::Set(at("/apis/b"), json!({"path": "/b"})), Edit::Remove(at("/apis/a/weight"))];
    let new = edit("g.json", text, &edits).unwrap();
    assert_eq!(new, "{\"apis\": {\"a\": {}, \"b\": { \"path\": \"/b\" }}}\n");
}

#[test]
fn what_reaches_further_or_is_not_there_is_refused_with_its_place() {
    let text = "a: &one { x: 1 }\nb: *one\nc:\n  <<: *one\n  y: 2\nd: |\n  text\ne: ~\n";
    let refused = |edit_: Edit| edit("g.yaml", text, &[edit_]).unwrap_err();
    for pointer in ["/a/x", "/a", "/b", "/c/y", "/c/x", "/b/x"] {
        let told = refused(Edit::Set(at(pointer), json!(3)));
        assert!(matches!(told, Uneditable::Bound(_)), "{pointer}: {told}");
    }
    assert!(matches!(refused(Edit::Set(at("/d"), json!(3))), Uneditable::Unsure(_)));
    for pointer in ["/f", "/a/z", "/e/0"] {
        assert!(matches!(refused(Edit::Remove(at(pointer))), Uneditable::Nothing(_)), "{pointer}");
    }
    let told = refused(Edit::Set(at("/c/y"), json!(3))).to_string();
    assert!(told.starts_with("g.yaml:5:6 at /c/y is written with anchors"), "{told}");
}

#[test]
fn a_merge_patch_is_the_edits_that_it_takes() {
    let document = json!({"a": {"b": 1, "c": {"d": 1}}, "e": 1});
    let patch = json!({"b": null, "c": {"d": 1, "f": {"g": 1, "h": null}}, "x": null});
    let edits = merge_patch(&document, &at("/a"), &patch);
    let wanted = [Edit::Remove(at("/a/b")), Edit::Set(at("/a/c/f"), json!({"g": 1}))];
    assert_eq!(edits, wanted);
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        "[a-z/:#' \"\\-\\[{,é]{0,8}".prop_map(Value::from),
        Just(json!("no")),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-z]{1,3}|a b|x:y", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A value as people write it: blocks, with remarks, and some of it in brackets.
fn written(value: &Value, depth: usize, (text, turn): (&mut String, &mut u32)) {
    *turn = turn.wrapping_mul(1_103_515_245).wrapping_add(12_345);
    let flows = (*turn >> 16) % 4 == 0 && depth > 0;
    let remark = if (*turn >> 18) % 3 == 0 { " # a remark" } else { "" };
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() && !flows => {
            for (key, value) in members {
                let key = Value::from(key.as_str());
                text.extend(["\n", &pad, &key.to_string(), ":", remark]);
                written(value, depth + 1, (text, turn));
            }
        }
        Value::Array(items) if !items.is_empty() && !flows => {
            for item in items {
                text.extend(["\n", &pad, "-"]);
                written(item, depth + 1, (text, turn));
            }
        }
        other => {
            // a remark behind the key has ended the line
            let line = text.rsplit('\n').next().unwrap_or_default();
            let gap = if line.ends_with("remark") { format!("\n{pad} ") } else { " ".to_owned() };
            text.extend([gap, other.to_string()]);
        }
    }
}

/// All places of a value.
fn places(value: &Value, here: &Pointer, found: &mut Vec<Pointer>) {
    found.push(here.clone());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| places(value, &here.join(key), found));
        }
        Value::Array(items) => {
            let all = items.iter().enumerate();
            all.for_each(|(index, value)| places(value, &here.join(&index.to_string()), found));
        }
        _ => {}
    }
}

fn common(one: &str, other: &str) -> (usize, usize) {
    let front = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let most = one.len().min(other.len()) - front;
    let pairs = one.bytes().rev().zip(other.bytes().rev());
    (front, pairs.take_while(|(one, other)| one == other).count().min(most))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn an_edited_text_says_what_the_edit_means(
        members in prop::collection::btree_map("[a-z]{1,3}", value(), 1..4),
        new in value(),
        (turn, which, how) in (any::<u32>(), any::<prop::sample::Index>(), 0..4u8),
    ) {
        let document = Value::Object(members.into_iter().collect());
        let (mut text, mut turn) = ("# first".to_owned(), turn);
        written(&document, 0, (&mut text, &mut turn));
        text.push_str("\n# last\n");
        prop_assert_eq!(&read(&text), &document, "{}", text);
        let mut all = Vec::new();
        places(&document, &Pointer::root(), &mut all);
        let place = which.get(&all).clone();
        let one = match how {
            0 => Edit::Remove(place),
            1 => Edit::Append(place, new),
            2 => Edit::Set(place.join("new"), new),
            _ => Edit::Set(place, new),
        };
        match edit("g.yaml", &text, std::slice::from_ref(&one)) {
            Ok(changed) => {
                // what it says is held by the edit itself; remarks in front and behind are held here
                let (front, back) = common(&text, &changed);
                let all = changed == text;
                prop_assert!(all || (front >= "# first".len() && back >= "# last\n".len()), "{}\n{}", text, changed);
            }
            Err(Uneditable::Nothing(_)) => {}
            // the whole text is nobody's edit, and keys that are no words in front of it end in doubt
            Err(told) => prop_assert!(one.at().is_root(), "{told}\n{one:?}\n{text}"),
        }
    }
}
