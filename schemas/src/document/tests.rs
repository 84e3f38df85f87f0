//! What the reader makes of odd files, and that no file makes it fall.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Document, DocumentLimits};
use crate::pointer::Pointer;

fn check(name: &str, text: &str, value: &Value, warnings: &[&str]) {
    let document = Document::parse(name, text.as_bytes(), &DocumentLimits::default())
        .unwrap_or_else(|problems| panic!("{text:?}: {problems:?}"));
    assert_eq!(&document.value, value, "{text:?}");
    let said: Vec<String> = document.problems().iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), warnings.len(), "{text:?}: {said:?}");
    for (said, wanted) in said.iter().zip(warnings) {
        assert!(said.contains(wanted), "{text:?}: {said}");
    }
}

fn check_refused(name: &str, text: &str, limits: &DocumentLimits, wanted: &str) {
    let problems = Document::parse(name, text.as_bytes(), limits).err().unwrap_or_default();
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(
        said.iter().any(|said| said.contains(wanted)),
        "{}: {said:?}",
        text.get(..200).unwrap_or(text)
    );
}

fn check_place(name: &str, text: &str, pointer: &str, line: u32, column: u32) {
    let document = Document::parse(name, text.as_bytes(), &DocumentLimits::default()).unwrap();
    let place = document.place(&Pointer::parse(pointer).unwrap());
    assert_eq!((place.line, place.column), (line, column), "{pointer}");
}

#[test]
fn yaml_words_stay_words() {
    check("a.yaml", "n: y\nno: on\nnull: ~\n", &json!({"n": "y", "no": "on", "null": null}), &[]);
    check("a.yaml", "200: 2026-05-01\n1.10: 1.10", &json!({"200": "2026-05-01", "1.10": 1.1}), &[]);
    check("a.yaml", "[0x1F, 0o17, +3, -0.5, 1e3]", &json!([31, 15, 3, -0.5, 1000.0]), &[]);
    check("a.yaml", "[!!str 12, '12', \"12\", !!int '12']", &json!(["12", "12", "12", 12]), &[]);
    check("a.yaml", "[010, .inf]", &json!(["010", ".inf"]), &["leading zero", "infinity"]);
}

#[test]
fn yaml_comments_stand_anywhere() {
    let text =
        "# a\n---\n# b\na: # c\n  # d\n  - 1 # e\n  # f\n  - {x: 2, # g\n  y: 3}\n# h\nb: 4\n# i\n";
    check("a.yaml", text, &json!({"a": [1, {"x": 2, "y": 3}], "b": 4}), &[]);
}

#[test]
fn yaml_aliases_and_merges() {
    let text = "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: &x [4]\nd: *x\ne: {<<: [{f: 1}, {f: 2}]}";
    let value = json!({
        "a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}, "c": [4], "d": [4], "e": {"f": 1}
    });
    check("a.yaml", text, &value, &[]);
    check_place("a.yaml", text, "/b/p", 1, 11);
    check_place("a.yaml", text, "/d/0", 3, 8);
    check_refused("a.yaml", "a: &x [*x]", &DocumentLimits::default(), "inside the very value");
    check_refused("a.yaml", "a: *x", &DocumentLimits::default(), "not YAML");
    check_refused("a.yaml", "<<: 3", &DocumentLimits::default(), "no mapping");
}

#[test]
fn a_laughing_document_is_refused() {
    let mut lines = vec!["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]".to_owned()];
    for level in 1..12 {
        let before = level - 1;
        let copies = vec![format!("*a{before}"); 9].join(", ");
        lines.push(format!("a{level}: &a{level} [{copies}]"));
    }
    check_refused("a.yaml", &lines.join("\n"), &DocumentLimits::default(), "aliases expanded");
    let long = format!("a: &a {}\nb: [*a, *a, *a]", "x".repeat(400));
    let limits = DocumentLimits { bytes: 1000, ..DocumentLimits::default() };
    check_refused("a.yaml", &long, &limits, "repeat more than 1000 bytes");
}

#[test]
fn limits_are_kept() {
    let limits = DocumentLimits { bytes: 40, depth: 3, nodes: 5, ..DocumentLimits::default() };
    check_refused("a.json", &" ".repeat(41), &limits, "41 bytes");
    check_refused("a.json", "[[[[1]]]]", &limits, "nest deeper than 3");
    check_refused("a.yaml", "[[[[1]]]]", &limits, "nest deeper than 3");
    check_refused("a.json", "[1,2,3,4,5]", &limits, "more than 5 values");
    check_refused("a.yaml", "[1,2,3,4,5]", &limits, "more than 5 values");
    check_refused(
        "a.json",
        &"[".repeat(100_000),
        &DocumentLimits::default(),
        "nest deeper than 128",
    );
    check_refused("a.yaml", &"[".repeat(100_000), &DocumentLimits::default(), "recursion limit");
}

#[test]
fn duplicate_keys_warn_or_refuse() {
    check(
        "a.json",
        r#"{"a": 1, "\u0061": 2}"#,
        &json!({"a": 2}),
        &["a.json:1:10 at /a: the key `a`"],
    );
    check(
        "a.yaml",
        "b:\n  a: 1\n  'a': 2",
        &json!({"b": {"a": 2}}),
        &["a.yaml:3:3 at /b/a: the key `a`"],
    );
    check_refused("a.yaml", "a: 1\na: 2", &DocumentLimits::strict(), "the key `a` is there twice");
    let many = format!("{{{}}}", vec![r#""a":1"#; 1000].join(","));
    let problems = Document::parse("a.json", many.as_bytes(), &DocumentLimits::default()).unwrap();
    assert_eq!(problems.problems().len(), 200);
    let cut = many.trim_end_matches('}');
    check_refused("a.json", cut, &DocumentLimits::default(), "expected a comma");
}

#[test]
fn numbers_no_word_holds_are_read_with_a_warning() {
    check("a.json", "[1e400]", &json!([f64::MAX]), &["beyond what a double holds"]);
    check(
        "a.json",
        "[123456789012345678901234567890]",
        &json!([1.234_567_890_123_456_8e29]),
        &["64 bits"],
    );
    check("a.json", "[18446744073709551615, -0, 1e2]", &json!([u64::MAX, -0.0, 100.0]), &[]);
    check("a.yaml", "[-1e400]", &json!([f64::MIN]), &["beyond what a double holds"]);
}

#[test]
fn marks_tabs_and_templates() {
    check("a.json", "\u{feff}{\"a\": 1}", &json!({"a": 1}), &[]);
    check("a.yaml", "\u{feff}a: 1\n", &json!({"a": 1}), &[]);
    check("a.yaml", "a:\t1\nb: \"x\ty\"\n", &json!({"a": 1, "b": "x\ty"}), &[]);
    check("a.yaml", "", &Value::Null, &[]);
    let text = "a: 1\n{{#if b}}\nb: 2\n{{/if}}\n";
    check("a.yaml", text, &json!({"a": 1, "b": 2}), &["template lines"]);
    check_place("a.yaml", text, "/b", 3, 4);
    check_refused(
        "a.yaml",
        "a: 1\n---\nb: 2",
        &DocumentLimits::default(),
        "more than one document",
    );
}

#[test]
fn the_notation_is_found_by_trial() {
    check("changes", "{a: 1}", &json!({"a": 1}), &[]);
    check("changes", "{\"a\": 1}", &json!({"a": 1}), &[]);
    check("changes", "a: 1", &json!({"a": 1}), &[]);
    check_refused(
        "a.json",
        "{a: 1}",
        &DocumentLimits::default(),
        "a.json:1:2: expected a member name",
    );
    check_refused("a.json", "[01]", &DocumentLimits::default(), "leading zeros");
    check_refused("a.json", "[1,]", &DocumentLimits::default(), "expected a value, found ']'");
    check_refused("a.json", r#"["\ud800"]"#, &DocumentLimits::default(), "an escape that is none");
}

#[test]
fn places_count_characters() {
    check_place("a.json", "{\"é\": [1,\n {\"b~/\": 2}]}", "/é/1/b~0~1", 2, 10);
    check_place("a.json", "{\"é\": [1,\n {\"b\": 2}]}", "/é/0", 1, 8);
    check_place("a.json", "{\"a\": [1]}", "/a/7/x", 1, 7);
    check_place("a.yaml", "é:\n  - x: 1\n    y: 2\n", "/é/0/y", 3, 8);
}

proptest! {
    #[test]
    fn no_bytes_make_it_fall(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for name in ["a.json", "a.yaml", "a"] {
            drop(Document::parse(name, &bytes, &DocumentLimits::default()));
        }
    }

    #[test]
    fn no_yaml_makes_it_fall(text in r##"([a-c<]{0,2}[:\-\[\]{},&*!|>'"#~ \n\t]{0,3}){0,40}"##) {
        for name in ["a.json", "a.yaml", "a"] {
            drop(Document::parse(name, text.as_bytes(), &DocumentLimits::default()));
        }
    }

    #[test]
    fn json_reads_as_serde_json_does(value in value(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        for name in ["a.json", "a.yaml"] {
            let document = Document::parse(name, text.as_bytes(), &DocumentLimits::default()).unwrap();
            prop_assert_eq!(&document.value, &value);
        }
    }

    #[test]
    fn a_damaged_document_never_makes_it_fall(value in value(), at in 0..400_usize, byte: u8) {
        let mut bytes = serde_json::to_vec_pretty(&value).unwrap();
        if let Some(hit) = bytes.get_mut(at) {
            *hit = byte;
        }
        for name in ["a.json", "a.yaml"] {
            drop(Document::parse(name, &bytes, &DocumentLimits::default()));
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[ -~é\n\u{1F600}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[a-z~/\"]{0,6}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
