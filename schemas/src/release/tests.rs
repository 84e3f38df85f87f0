//! What counts as content, which edits are named, and what the lock file accepts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Content, Lock, Older, Refused};
use crate::document::{Document, DocumentLimits};
use crate::version::Version;

fn document(name: &str, text: &str) -> Document {
    Document::parse(name, text.as_bytes(), &DocumentLimits::default()).unwrap()
}

fn content(name: &str, text: &str) -> Content {
    Content::of([(name, &document(name, text))])
}

const YAML: &str = "\
# orders
openapi: 3.1.0
info: { title: Orders, version: 1.4.0 }
paths:
  /orders:
    parameters: []
    get: { responses: { '200': { description: all } } }
components:
  schemas:
    Order: { type: object, properties: { amount: { maximum: 15e-1 } } }
";

#[track_caller]
fn same(one: (&str, &str), other: (&str, &str)) {
    let (first, second) = (content(one.0, one.1), content(other.0, other.1));
    assert_eq!(first, second);
}

#[track_caller]
fn edited(from: &str, to: &str, named: &[&str]) {
    let (old, new) = (content("openapi.yaml", from), content("openapi.yaml", to));
    assert_ne!(old.digest, new.digest);
    let told: Vec<String> = new
        .edits(&old.parts)
        .iter()
        .map(|edit| format!("{} {}", edit.kind.word(), edit.part()))
        .collect();
    assert_eq!(told, named);
}

#[test]
fn the_spelling_is_no_content() {
    let value = document("a.yaml", YAML).value;
    let json = serde_json::to_string_pretty(&value).unwrap();
    same(("openapi.yaml", YAML), ("openapi.json", &json));
    same(("openapi.yaml", YAML), ("openapi.yml", &YAML.replace("15e-1", "1.50")));
    same(("a.yaml", "{b: [1, 2], a: x}"), ("a.yaml", "a: 'x'\nb:\n- 1.0\n- 0x2 # two\n"));
    same(
        ("a.yaml", "x: &x {n: 9007199254740993.0}\ny: *x\nz: {<<: *x}"),
        (
            "a.json",
            r#"{"x":{"n":9007199254740993},"y":{"n":9007199254740993},"z":{"n":9007199254740993}}"#,
        ),
    );
}

#[test]
fn every_value_is_content() {
    let texts = [
        r#"{"a": 9007199254740993.0}"#,
        r#"{"a": 9007199254740992.0}"#,
        r#"{"a": 123456789012345678901234567890}"#,
        r#"{"a": 123456789012345678901234567891}"#,
        r#"{"a": 0.1}"#,
        r#"{"a": 0.10000000000000000001}"#,
        r#"{"a": 1e400}"#,
        r#"{"a": 1e401}"#,
        r#"{"a": 1e-400}"#,
        r#"{"a": 0}"#,
        r#"{"a": "0"}"#,
        r#"{"a": null}"#,
        r#"{"a": []}"#,
        r#"{"a": {}}"#,
        "{}",
        r#"{"a": [{"b": 1e400}]}"#,
        r#"{"a": [{"b": 1e401}]}"#,
    ];
    let digests: std::collections::BTreeSet<String> =
        texts.iter().map(|text| content("a.json", text).digest).collect();
    assert_eq!(digests.len(), texts.len());
}

#[test]
fn an_edit_is_named() {
    edited(
        YAML,
        &YAML.replace("description: all", "description: All"),
        &["changed operation GET /orders"],
    );
    edited(YAML, &YAML.replace("title: Orders", "title: Order"), &["changed info of openapi"]);
    edited(
        YAML,
        &YAML.replace("    get:", "    post:"),
        &["removed operation GET /orders", "added operation POST /orders"],
    );
    edited(
        YAML,
        &YAML.replace("Order:", "Orders:"),
        &[
            "removed components/schemas/Order of openapi",
            "added components/schemas/Orders of openapi",
        ],
    );
    edited(YAML, &YAML.replace("3.1.0", "3.1.1"), &["changed the document openapi"]);
    edited(YAML, &YAML.replace("parameters: []", "summary: x"), &["changed path /orders"]);
}

#[test]
fn documents_are_named_without_their_ending_unless_two_share_a_name() {
    let one = document("a", "{}");
    let names = |paths: &[&str]| {
        Content::of(paths.iter().map(|path| (*path, &one))).parts.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(names(&["schemas/a.yaml", "b.json"]), ["b#", "schemas/a#"]);
    assert_eq!(names(&["a.yaml", "a.json", "c"]), ["a.json#", "a.yaml#", "c#"]);
}

#[test]
fn the_digest_is_that_of_rfc_8785() {
    let value = document("openapi.yaml", YAML).value;
    let wanted = serde_jcs::to_vec(&json!({ "openapi": value })).unwrap();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&wanted);
    let hex = crate::release::content::hex(&digest);
    assert_eq!(content("openapi.yaml", YAML).digest, format!("sha256:{hex}"));
}

fn versions(labels: &[&str]) -> Vec<Version> {
    labels.iter().map(|label| Version::new(*label)).collect()
}

#[test]
fn entries_are_added_and_never_changed() {
    let order = versions(&["1.4.0", "1.5.0", "2.0.0"]);
    let old = content("openapi.yaml", YAML);
    let new = content("openapi.yaml", &YAML.replace("title: Orders", "title: Order"));
    let mut lock = Lock::default();
    assert_eq!(lock.insert(&order[1], old.clone(), &order, Older::Refused), Ok(true));
    assert_eq!(lock.insert(&order[1], old.clone(), &order, Older::Refused), Ok(false));
    let before = lock.clone();
    let refused = lock.insert(&order[1], new.clone(), &order, Older::Allowed).unwrap_err();
    assert!(matches!(refused, Refused::Edited(_, edits) if edits[0].part() == "info of openapi"));
    let refused = lock.insert(&order[0], old.clone(), &order, Older::Refused).unwrap_err();
    assert_eq!(refused, Refused::Older(order[0].clone(), order[1].clone()));
    assert_eq!(lock, before);
    assert_eq!(lock.insert(&order[2], new, &order, Older::Refused), Ok(true));
    assert_eq!(lock.insert(&order[0], old, &order, Older::Allowed), Ok(true));
    assert_eq!(lock.last(&order), Some(&order[2]));
    let read = Lock::parse("evergate.lock", lock.text().as_bytes()).unwrap();
    let listed: Vec<_> = read.releases().iter().map(|one| one.version.as_str()).collect();
    assert_eq!(listed, ["1.4.0", "1.5.0", "2.0.0"]);
    insta::assert_snapshot!(lock.text());
}

#[track_caller]
fn faulty(text: &str, wanted: &[&str]) {
    let problems = Lock::parse("evergate.lock", text.as_bytes()).unwrap_err();
    let told: Vec<String> = problems
        .iter()
        .map(|one| format!("{}:{} {}", one.place.line, one.place.column, one.what))
        .collect();
    assert_eq!(told, wanted);
}

#[test]
fn faults_are_told_with_their_places() {
    faulty("", &["1:1 expected a mapping"]);
    faulty("releases: {}", &["1:1 there is no `format: evergate-lock/1`"]);
    faulty(
        "format: evergate-lock/2\nreleases: {}",
        &["1:9 the format `evergate-lock/2` is not `evergate-lock/1`"],
    );
    faulty(
        "format: evergate-lock/1\nreleases:\n  \"1.0.0\":\n    digest: sha256:12\n  2: []\nmore: 1\n",
        &[
            "6:7 `more` means nothing here",
            "4:13 the release `1.0.0` has no digest `sha256:…`",
            "5:6 expected a mapping",
        ],
    );
    let digest = "0".repeat(64);
    faulty(
        &format!(
            "format: evergate-lock/1\nreleases:\n  a:\n    digest: sha256:{digest}\n    parts: {{ x: 1, \"b#\": zz }}\n"
        ),
        &[
            "5:26 `b#` is not `DOCUMENT#POINTER` with a digest",
            "5:17 `x` is not `DOCUMENT#POINTER` with a digest",
        ],
    );
    faulty(
        &format!(
            "format: evergate-lock/1\nreleases:\n  a: {{digest: 'sha256:{digest}'}}\n  a: {{digest: 'sha256:{digest}'}}\n"
        ),
        &["4:3 the key `a` is there twice; the last one counts"],
    );
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter_map("finite", |number| number.is_finite().then(|| Value::from(number))),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

// What RFC 8785 would round is left as it is.
fn fits_a_double(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_none_or(|one| one.unsigned_abs() <= 1 << 53),
        Value::Array(items) => items.iter().all(fits_a_double),
        Value::Object(members) => members.values().all(fits_a_double),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

proptest! {
    #[test]
    fn the_canonical_form_is_that_of_rfc_8785(value in json_value()) {
        prop_assume!(fits_a_double(&value));
        let read = document("a.json", &value.to_string());
        prop_assert_eq!(String::from_utf8(read.canonical()).unwrap(), serde_jcs::to_string(&value).unwrap());
    }

    #[test]
    fn documents_are_equal_exactly_when_their_digests_are(one in json_value(), other in json_value()) {
        let (first, second) = (content("a.json", &one.to_string()), content("a.json", &other.to_string()));
        prop_assert_eq!(first.digest == second.digest, document("a", &one.to_string()).canonical() == document("a", &other.to_string()).canonical());
        prop_assert_eq!(content("a.json", &one.to_string()), content("a.yaml", &serde_json::to_string_pretty(&one).unwrap()));
    }

    #[test]
    fn an_edit_anywhere_is_named(mut value in prop::collection::btree_map("\\PC{0,4}", json_value(), 1..5), at in any::<prop::sample::Index>()) {
        let text = |value: &BTreeMap<String, Value>| serde_json::to_string(value).unwrap();
        let old = content("a.json", &text(&value));
        let key = value.keys().nth(at.index(value.len())).unwrap().clone();
        let inner = value[&key].clone();
        value.insert(key, json!([inner]));
        let new = content("a.json", &text(&value));
        prop_assert_ne!(&old.digest, &new.digest);
        prop_assert!(!new.edits(&old.parts).is_empty());
    }

    #[test]
    fn what_is_written_is_read(labels in prop::collection::btree_set("\\PC{1,8}", 0..4), value in json_value()) {
        let order: Vec<Version> = labels.into_iter().map(Version::new).collect();
        let mut lock = Lock::default();
        for version in &order {
            lock.insert(version, content("a b#/c.yaml", &value.to_string()), &order, Older::Refused).unwrap();
        }
        let read = Lock::parse("evergate.lock", lock.text().as_bytes()).unwrap();
        prop_assert_eq!(read.text(), lock.text());
        prop_assert_eq!(read.releases().len(), order.len());
    }

    #[test]
    fn no_bytes_make_the_reader_fall(cut in 0_usize..600, bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let order = versions(&["1.4.0"]);
        let mut lock = Lock::default();
        lock.insert(&order[0], content("openapi.yaml", YAML), &order, Older::Refused).unwrap();
        let mut text = lock.text().into_bytes();
        let cut = cut.min(text.len());
        text.splice(cut..(cut + bytes.len()).min(text.len()), bytes);
        if let Err(problems) = Lock::parse("evergate.lock", &text) {
            prop_assert!(!problems.is_empty());
        }
    }
}
