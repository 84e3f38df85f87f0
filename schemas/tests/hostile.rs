//! Documents that want to read what is not theirs, or to take all time and memory: a clear error or a bounded answer.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fall")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use evergate_schemas::describe::model::Api;
use evergate_schemas::describe::{Limits, load_api, load_document};
use evergate_schemas::problem::Problem;
use evergate_schemas::relate::verdict::Inclusion;
use evergate_schemas::relate::{Budget, Prover, close};
use evergate_schemas::schema::{Role, Side};

/// The most a hostile document may cost, unoptimised and on a machine that does other things as well; some seconds
/// is what it does cost.
const PATIENCE: Duration = Duration::from_mins(3);

fn write(directory: &Path, files: &[(&str, &[u8])]) {
    for (name, text) in files {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

type Read = Result<Api, Vec<Problem>>;

/// Loads one document, within the patience.
#[track_caller]
fn load(name: &str, text: &[u8], limits: &Limits) -> Read {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &[(name, text)]);
    let start = Instant::now();
    let read = load_document(&directory.path().join(name), limits);
    assert!(start.elapsed() < PATIENCE, "loading took {:?}", start.elapsed());
    read
}

fn said(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The document is refused, and why.
#[track_caller]
fn refused(name: &str, text: &[u8], why: &str) {
    let problems = load(name, text, &Limits::default()).unwrap_err();
    assert!(said(&problems).contains(why), "{}", said(&problems));
}

/// The document is read, with a problem about what is odd.
#[track_caller]
fn warned(name: &str, text: &[u8], why: &str) -> Api {
    let api = load(name, text, &Limits::default()).unwrap();
    assert!(said(&api.problems).contains(why), "{}", said(&api.problems));
    api
}

/// What the check asks of a plain document and its next version, within the patience.
#[track_caller]
fn judged(old: &str, new: &str) -> Inclusion {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &[("v1/a.json", old.as_bytes()), ("v2/a.json", new.as_bytes())]);
    let start = Instant::now();
    let api = load_api(directory.path(), &Limits::default()).unwrap();
    let (old, new) = (&api.versions[0], &api.versions[1]);
    let sender = close(&old.plain(&old.documents["a"].root));
    let answer =
        Prover::new(Budget::default()).includes(&sender, &new.plain(&new.documents["a"].root));
    assert!(start.elapsed() < PATIENCE, "the check took {:?}", start.elapsed());
    answer
}

fn reason(answer: &Inclusion) -> &str {
    match answer {
        Inclusion::Undecided(undecided) => &undecided.reason,
        other => panic!("decided: {other:?}"),
    }
}

fn openapi(schemas: &str) -> String {
    format!(r#"{{"openapi": "3.1.0", "paths": {{}}, "components": {{"schemas": {{{schemas}}}}}}}"#)
}

#[test]
fn references_in_a_circle_are_undecided() {
    let circles = [
        r##"{"$ref": "#"}"##,
        r##"{"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}}"##,
        r##"{"anyOf": [{"type": "string"}, {"not": {"$ref": "#"}}]}"##,
        r##"{"if": {"$ref": "#"}, "then": {"type": "string"}}"##,
        r##"{"$id": "http://example.com/a", "$dynamicAnchor": "x", "anyOf": [{"$dynamicRef": "#x"}, {"type": "null"}]}"##,
    ];
    for circle in circles {
        warned("a.json", circle.as_bytes(), "refers to itself without a step inside");
        let answer = judged(r#"{"type": "number"}"#, circle);
        assert!(!matches!(answer, Inclusion::Proved), "{circle}");
        let answer = judged(circle, r#"{"type": "string"}"#);
        assert!(!matches!(answer, Inclusion::Refuted(_)), "{circle}");
    }
}

#[test]
fn recursion_through_the_payload_is_no_circle() {
    let tree = r##"{"type": "object", "properties": {"next": {"$ref": "#"}, "all": {"items": {"$ref": "#"}}}, "additionalProperties": false}"##;
    assert_eq!(judged(tree, tree), Inclusion::Proved);
    let wider = tree.replace("\"next\"", "\"other\": true, \"next\"");
    assert_eq!(judged(tree, &wider), Inclusion::Proved);
    assert!(matches!(judged(&wider, tree), Inclusion::Refuted(_)));
}

#[test]
fn fifty_megabytes_are_read_and_more_than_the_limit_is_refused() {
    let filler = "x".repeat(1 << 20);
    let mut text = r#"{"openapi": "3.1.0", "paths": {}, "x-filler": ["#.to_owned();
    for index in 0..50 {
        write!(text, "{}\"{filler}\"", if index > 0 { "," } else { "" }).unwrap();
    }
    text.push_str("]}");
    load("openapi.json", text.as_bytes(), &Limits::default()).unwrap();
    let large = text.replace(
        "\"x-filler\": [",
        &format!("\"x-more\": \"{}\", \"x-filler\": [", "y".repeat(15 << 20)),
    );
    refused("openapi.json", large.as_bytes(), "67108864");
}

#[test]
fn ten_thousand_components_are_read() {
    let mut schemas = String::new();
    for index in 0..10_000 {
        let next = (index * 7 + 1) % 10_000;
        let comma = if index > 0 { "," } else { "" };
        write!(schemas, r##"{comma}"C{index}": {{"type": "object", "properties": {{"next": {{"$ref": "#/components/schemas/C{next}"}}}}}}"##).unwrap();
    }
    let api = load("openapi.json", openapi(&schemas).as_bytes(), &Limits::default()).unwrap();
    assert_eq!(api.versions[0].components.written.0.len(), 10_000);
    let start = Instant::now();
    let version = &api.versions[0];
    let root = serde_json::json!({"$ref": "#/$defs/C0"});
    let sender = close(&version.schema(&root, Side::Request, Role::Sender));
    let reader = version.schema(&root, Side::Request, Role::Reader);
    let answer = Prover::new(Budget::default()).includes(&sender, &reader);
    assert!(!matches!(answer, Inclusion::Refuted(_)));
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn a_chain_of_ten_thousand_references_is_followed_or_undecided() {
    let mut defs = String::new();
    for index in 0..10_000 {
        write!(defs, r##""d{index}": {{"$ref": "#/$defs/d{}"}},"##, index + 1).unwrap();
    }
    let document = |kind: &str| {
        format!(r##"{{"$ref": "#/$defs/d0", "$defs": {{{defs} "d10000": {{"type": "{kind}"}}}}}}"##)
    };
    assert!(!matches!(judged(&document("string"), &document("number")), Inclusion::Proved));
    assert!(!matches!(judged(&document("string"), &document("string")), Inclusion::Refuted(_)));
}

#[test]
fn ten_thousand_levels_are_refused() {
    let deep =
        |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    refused("a.json", deep("[", "]").as_bytes(), "128");
    refused("a.json", deep(r#"{"not":"#, "}").as_bytes(), "128");
    refused("a.yaml", deep("[", "]").as_bytes(), "");
    let mut steps = String::new();
    for level in 0..10_000 {
        writeln!(steps, "{}a:", " ".repeat(level.min(2_000))).unwrap();
    }
    refused("a.yaml", steps.as_bytes(), "");
}

#[test]
fn yaml_bombs_do_not_go_off() {
    let mut bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..30 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{list}]").unwrap();
    }
    refused("a.yaml", bomb.as_bytes(), "5000000");
    refused("a.yaml", b"a: &a {b: *a}\n", "inside the very value");
    let mut merges = "a0: &a0 {k: v}\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        writeln!(merges, "a{level}: &a{level} {{<<: *a{below}, x: *a{below}, y: *a{below}}}")
            .unwrap();
    }
    refused("a.yaml", merges.as_bytes(), "");
}

#[test]
fn evil_patterns_run_in_linear_time() {
    let evil = r#"{"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}"#;
    let long = "a".repeat(5_000);
    let listed = format!(r#"{{"enum": ["{long}"]}}"#);
    assert!(matches!(judged(&listed, evil), Inclusion::Refuted(_)));
    let counted = r#"{"type": "string", "pattern": "^(a{1,1000}){1,1000}$"}"#;
    judged(counted, r#"{"type": "string"}"#);
    judged(r#"{"type": "string"}"#, counted);
    let nested = format!(
        r#"{{"type": "string", "pattern": "{}a{}"}}"#,
        "(".repeat(3_000),
        ")".repeat(3_000)
    );
    judged(&nested, r#"{"type": "string", "maxLength": 1}"#);
    let back = r#"{"type": "string", "pattern": "^(a+)\\1$"}"#;
    let answer = judged(r#"{"type": "string"}"#, back);
    assert!(!matches!(answer, Inclusion::Proved));
    warned("a.json", back.as_bytes(), "back references");
}

#[test]
fn nothing_outside_the_directory_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let secret = r#"{"type": "string", "const": "secret"}"#;
    write(directory.path(), &[("secret.json", secret.as_bytes())]);
    let absolute = directory.path().join("secret.json").display().to_string();
    #[cfg(unix)]
    {
        std::fs::create_dir_all(directory.path().join("api/v1")).unwrap();
        std::os::unix::fs::symlink(directory.path(), directory.path().join("api/v1/out")).unwrap();
    }
    let ways = [
        "../../secret.json",
        "../../../../../../../../etc/passwd",
        "%2e%2e/%2e%2e/secret.json",
        "..\\..\\secret.json",
        "out/secret.json",
        "./x/../../../secret.json",
        "/etc/passwd",
        &absolute,
        "file:///etc/passwd",
        "//etc/passwd",
        "http://localhost:1/x.json",
        "https://example.com/x.json",
        "ftp://example.com/x",
        "data:application/json,{}",
        "http:/x",
    ];
    let members: Vec<String> = ways
        .iter()
        .enumerate()
        .map(|(index, way)| format!("\"p{index}\": {{\"$ref\": {}}}", serde_json::json!(way)))
        .collect();
    let text = openapi(&format!("\"A\": {{\"properties\": {{{}}}}}", members.join(", ")));
    write(directory.path(), &[("api/v1/openapi.json", text.as_bytes())]);
    let api = load_api(&directory.path().join("api"), &Limits::default()).unwrap();
    let written = &api.versions[0].components.written.0;
    assert!(!written.values().any(|schema| schema.to_string().contains("secret\"")));
    let properties = written["A"]["properties"].as_object().unwrap();
    for (name, schema) in properties {
        assert!(schema.get("x-unresolved").is_some(), "{name}: {schema}");
    }
    assert_eq!(api.problems.len(), ways.len(), "{}", said(&api.problems));
    let answer = judged(r#"{"type": "string"}"#, r#"{"$ref": "http://localhost:1/x.json"}"#);
    assert!(reason(&answer).contains("reference"), "{answer:?}");
    let answer = judged(r#"{"$ref": "other.json"}"#, r#"{"type": "string"}"#);
    assert!(reason(&answer).contains("reference"), "{answer:?}");
    // The same text may name two things in two versions.
    let both = r#"{"type": "object", "properties": {"a": {"$ref": "http://localhost:1/x.json"}}}"#;
    reason(&judged(both, both));
}

#[test]
fn doubling_composition_is_bounded() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let mut defs = String::new();
        for level in 0..40 {
            let next = level + 1;
            write!(defs, r##""d{level}": {{"{keyword}": [{{"$ref": "#/$defs/d{next}"}}, {{"$ref": "#/$defs/d{next}", "minLength": {level}}}]}},"##).unwrap();
        }
        let document = |kind: &str| {
            format!(
                r##"{{"$ref": "#/$defs/d0", "$defs": {{{defs} "d40": {{"type": "{kind}"}}}}}}"##
            )
        };
        warned("a.json", document("string").as_bytes(), "unfolds into more than 50000 parts");
        let answer = judged(&document("string"), &document("number"));
        assert!(!matches!(answer, Inclusion::Proved), "{answer:?}");
    }
}

#[test]
fn a_product_of_choices_is_bounded() {
    // Each property has two ways: 2^40 kinds of object.
    let members: Vec<String> = (0..40)
        .map(|index| {
            format!(r#"{{"anyOf": [{{"required": ["a{index}"]}}, {{"required": ["b{index}"]}}]}}"#)
        })
        .collect();
    let wide = format!(r#"{{"type": "object", "allOf": [{}]}}"#, members.join(","));
    judged(&wide, &wide.replace("b39", "c39"));
    judged(&format!(r#"{{"not": {wide}}}"#), &wide);
}

#[test]
fn dynamic_scopes_are_bounded() {
    // Each level may be reached with and without each of its anchors set: 2^16 scopes.
    let mut defs = String::new();
    for level in 0..16 {
        let (next, comma) = (level + 1, if level > 0 { "," } else { "" });
        write!(defs, r#"{comma}"p{level}": {{"$id": "http://e.com/p{level}", "properties": {{"x": {{"$ref": "n{next}"}}}}, "$defs": {{"a": {{"$dynamicAnchor": "a{level}", "type": "string"}}}}}},
            "n{level}": {{"$id": "http://e.com/n{level}", "properties": {{"x": {{"$ref": "n{next}"}}, "y": {{"$ref": "p{level}"}}}}}}"#).unwrap();
    }
    let text = format!(
        r#"{{"$id": "http://e.com/root", "$ref": "n0", "$defs": {{{defs}, "n16": {{"$id": "http://e.com/n16", "type": "object"}}}}}}"#
    );
    warned("a.json", text.as_bytes(), "need more than 4000 copies");
}

#[test]
fn numbers_of_any_size_are_read() {
    let digits = "9".repeat(100_000);
    for number in ["1e400", "-1e400", "1e-400", "1e999999999999", digits.as_str(), "0.1e-5000"] {
        let document = format!(r#"{{"type": "number", "maximum": {number}}}"#);
        if let Ok(api) = load("a.json", document.as_bytes(), &Limits::default()) {
            assert!(!api.versions.is_empty());
        }
        judged_if_read(&document);
        judged_if_read(&format!(r#"{{"type": "number", "multipleOf": {number}}}"#));
        judged_if_read(&format!(r#"{{"type": "string", "minLength": {number}}}"#));
        judged_if_read(&format!(
            r#"{{"type": "array", "minItems": {number}, "items": {{"minItems": {number}}}}}"#
        ));
    }
}

/// The check of a document that may not be readable, against its own looser version.
fn judged_if_read(document: &str) {
    let limits = Limits::default();
    if load("a.json", document.as_bytes(), &limits).is_ok() {
        judged(document, r#"{"type": ["number", "string", "array"]}"#);
        judged(r#"{"type": ["number", "string", "array"]}"#, document);
    }
}

#[test]
fn duplicate_keys_are_said() {
    let api = warned("a.json", br#"{"type": "string", "type": "number"}"#, "`type`");
    assert_eq!(api.versions[0].components.written.0["a"]["type"], "number");
    warned("a.yaml", b"type: string\ntype: number\n", "`type`");
}

#[test]
fn encodings_other_than_utf_8_are_refused() {
    refused("a.json", b"{\"type\": \"\xff\xfe\"}", "UTF-8");
    refused("a.yaml", b"type: \xc3\x28\n", "UTF-8");
    refused("a.json", b"\xff\xfe{\x00}\x00", "UTF-8");
    load("a.json", b"\xef\xbb\xbf{\"type\": \"string\"}", &Limits::default()).unwrap();
    refused("a.json", b"", "");
    refused("a.json", b"{\"type\": \"str", "");
    refused("a.json", br#"{"a": "\ud800"}"#, "");
}

#[test]
fn more_files_and_problems_than_the_limits_are_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let references: Vec<String> =
        (0..50).map(|index| format!(r#""p{index}": {{"$ref": "f{index}.json"}}"#)).collect();
    let main = openapi(&format!(r#""A": {{"properties": {{{}}}}}"#, references.join(",")));
    write(directory.path(), &[("openapi.json", main.as_bytes())]);
    for index in 0..50 {
        write(directory.path(), &[(&format!("f{index}.json"), b"{}".as_slice())]);
    }
    let limits = Limits { files: 10, problems: 5, ..Limits::default() };
    let api = load_document(&directory.path().join("openapi.json"), &limits).unwrap();
    assert!(said(&api.problems).contains("more than 10 files"), "{}", said(&api.problems));
    assert!(api.problems.len() <= 5);
}
