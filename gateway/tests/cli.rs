//! The command line, as users meet it: the real binary, its exit codes and its words.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ORDERS: &str = "tests/apis/orders";

fn evergate(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_evergate"))
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // a program that does not read its input may be gone before all of it is written
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    })
}

#[track_caller]
fn check(args: &[&str], code: i32) -> (String, String) {
    let output = evergate(args, b"");
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{error}");
    (out, error)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn bad_usage_is_told_apart_from_findings() {
    check(&["check", "--compat", "sideways"], 2);
    check(&["chekc"], 2);
    check(&["check", "tests/apis/no-such-directory"], 2);
    check(&["check", "src/cli/snapshots"], 2);
    check(&["check", ORDERS, "--against", "v9"], 2);
    check(&["rules", "no-such-rule"], 2);
    check(&["diff", "tests/apis/orders/v1/openapi.yaml", "no-such-file.yaml"], 2);
}

#[test]
fn help_and_rules_are_no_fault() {
    let (help, _) = check(&["--help"], 0);
    assert!(help.contains("evergate check DIR"), "{help}");
    let page = check(&["rules", "type-changed"], 0).0;
    assert!(page.starts_with("type-changed: values are of another JSON type.\n"), "{page}");
    assert!(check(&["completions", "bash"], 0).0.contains("evergate"));
}

#[test]
fn a_report_names_what_breaks_and_what_is_converted() {
    let (out, _) = check(&["check", ORDERS, "--no-timings", "-v"], 1);
    insta::assert_snapshot!(out);
}

#[test]
fn the_report_for_programs_is_stable_and_follows_its_schema() {
    let (out, _) = check(&["check", ORDERS, "--no-timings", "--format", "json"], 1);
    insta::assert_snapshot!(out);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let (schema, _) = check(&["check", "--format", "json-schema"], 0);
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn versions_that_get_along_end_with_0() {
    let (out, _) = check(&["check", "tests/apis/pets", "--compat", "full", "--no-timings"], 0);
    insta::assert_snapshot!(out);
}

#[test]
fn faults_of_one_document_hide_nothing_and_end_with_2() {
    let (out, _) = check(&["check", "tests/apis/faulty", "--no-timings"], 2);
    insta::assert_snapshot!(out);
}

#[test]
fn two_documents_are_compared_without_a_project() {
    let old = "tests/apis/orders/v2/openapi.yaml";
    let (out, _) = check(&["diff", old, "tests/apis/orders/v3/openapi.yaml", "--no-timings"], 1);
    insta::assert_snapshot!(out);
    let (same, _) = check(&["diff", old, old, "--no-timings"], 0);
    insta::assert_snapshot!(same);
}

const PLACE: &[&str] = &["convert", "--dir", ORDERS, "--operation", "POST /orders"];

#[test]
fn a_payload_is_converted_and_a_wrong_one_refused() {
    let up = [PLACE, &["--request", "--from", "v1", "--to", "v2"]].concat();
    let output = evergate(&up, br#"{"article":"pen", "amount":1.0, "note":"x"}"#);
    assert_eq!(text(&output.stdout), r#"{"article":"pen", "amount":1.0, "remark":"x"}"#);
    assert_eq!(output.status.code(), Some(0));
    let down = [PLACE, &["--response", "201", "--from", "v2", "--to", "v1"]].concat();
    let output = evergate(&down, br#"{"id":"1", "placed":"now", "remark":"x"}"#);
    assert_eq!(text(&output.stdout), r#"{"id":"1", "note":"x"}"#);
    let broken = evergate(&up, b"{\"article\":\"pen\",");
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stderr).contains("not a whole payload"), "{}", text(&broken.stderr));
    let unknown = [PLACE, &["--request", "--from", "v1", "--to", "v9"]].concat();
    assert_eq!(evergate(&unknown, b"{}").status.code(), Some(2));
}

#[test]
fn a_stream_is_converted_record_by_record() {
    let lines = [PLACE, &["--request", "--from", "v1", "--to", "v2"]].concat();
    let lines = [&lines[..], &["--media-type", "application/x-ndjson"]].concat();
    let record = |number: usize, name: &str| {
        format!("{{\"article\":\"pen\",\"amount\":{number},\"{name}\":\"x\"}}\n")
    };
    let written = |name: &str| (0..10_000).map(|number| record(number, name)).collect::<String>();
    let output = evergate(&lines, written("note").as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout) == written("remark"), "not every record was converted");

    let broken = format!("{}{{\"article\":\n{}", record(0, "note"), record(2, "note"));
    let ran = |policy: &str| {
        let output = evergate(&[&lines[..], &["--records", policy]].concat(), broken.as_bytes());
        assert_eq!(output.status.code(), Some(1));
        (text(&output.stdout), text(&output.stderr))
    };
    let (out, error) = ran("close");
    assert_eq!(out, record(0, "remark"));
    assert!(error.contains("record 1 (from 0): ") && error.contains(" at byte "), "{error}");
    assert!(error.contains("are not a whole stream"), "{error}");
    let (out, error) = ran("skip");
    assert_eq!(out, record(0, "remark") + &record(2, "remark"));
    assert_eq!(error, "evergate: 1 record could not be converted\n");
    let (out, _) = ran("error");
    assert!(out.contains("\"pointer\":\"/1") && out.lines().count() == 3, "{out}");
}

#[test]
fn a_file_is_read_and_a_missing_one_named() {
    let up = [PLACE, &["--request", "--from", "v1", "--to", "v2"]].concat();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("in.json");
    std::fs::write(&file, r#"{"article":"pen","amount":1,"note":"x"}"#).unwrap();
    let output = evergate(&[&up[..], &[file.to_str().unwrap()]].concat(), b"");
    assert_eq!(text(&output.stdout), r#"{"article":"pen","amount":1,"remark":"x"}"#);
    let (_, error) = check(&[&up[..], &["no-such-file.json"]].concat(), 2);
    assert!(error.contains("no-such-file.json cannot be read"), "{error}");
}

#[test]
fn contracts_hold_through_the_real_gateway() {
    let (out, _) = check(&["contracts", ORDERS, "--payloads", "50"], 0);
    insta::assert_snapshot!(out);
}

#[test]
fn a_bad_configuration_ends_with_64() {
    let (_, error) = check(&["config", "check", "--config", "no-such-file.yaml"], 64);
    assert!(error.contains("no-such-file.yaml"), "{error}");
}

#[test]
fn the_matrix_of_all_pairs_names_what_is_lost_and_what_breaks() {
    let (out, _) = check(&["check", "--bridges", ORDERS], 1);
    insta::assert_snapshot!(out);
    check(&["check", "--bridges", "tests/apis/pets", "--compat", "full"], 0);
    let (json, _) = check(&["check", "--bridges", ORDERS, "--format", "json"], 1);
    let (schema, _) = check(&["check", "--bridges", "--format", "json-schema"], 0);
    let [json, schema] = [json, schema].map(|text| serde_json::from_str(&text).unwrap());
    assert!(jsonschema::is_valid(&schema, &json), "{json:#}");
    let (_, error) = check(&["check", "--bridges", ORDERS, "--format", "sarif"], 2);
    assert!(error.contains("human, json, markdown or html"), "{error}");
    check(&["check", "--bridges", ORDERS, "--against", "v1"], 2);
}

#[test]
fn client_developers_are_told_what_each_version_changed() {
    let (out, _) = check(&["changelog", ORDERS], 0);
    assert!(out.contains("Orders call their note `remark`."), "{out}");
    let (only, _) = check(&["changelog", ORDERS, "--version", "v3", "--format", "markdown"], 0);
    assert!(
        only.starts_with("# Changes of orders\n\n## v3\n") && !only.contains("## v2"),
        "{only}"
    );
    let (json, _) = check(&["changelog", ORDERS, "--format", "json"], 0);
    let (schema, _) = check(&["changelog", "--format", "json-schema"], 0);
    let [json, schema] = [json, schema].map(|text| serde_json::from_str(&text).unwrap());
    assert!(jsonschema::is_valid(&schema, &json), "{json:#}");
    check(&["changelog", ORDERS, "--version", "v1"], 2);
    check(&["changelog", ORDERS, "--version", "v9"], 2);
}

#[test]
fn a_proposed_file_is_written_out_and_never_assumed() {
    let [old, new] = ["v1", "v2"].map(|version| format!("{ORDERS}/{version}/openapi.yaml"));
    let (out, _) = check(&["suggest", &old, &new], 0);
    insta::assert_snapshot!(out);
    let (out, _) = check(&["suggest", ORDERS, "--version", "v2"], 0);
    assert!(out.ends_with("changes: []\n"), "what is declared is not proposed again: {out}");
    check(&["suggest", ORDERS, "--version", "v1"], 2);
    check(&["suggest", &old], 2);
}
