//! What is found out about small pairs of documents: places, words, the change to blame, and the lens.

use std::fmt::Write as _;

use evergate_schemas::describe::{Limits, load_api};
use evergate_schemas::document::{Document, DocumentLimits};

use crate::check::{Steps, judge};
use crate::policy::Settings;
use crate::report::model::{Row, Spot};

type Files<'a> = &'a [(&'a str, &'a str)];

fn rows(old: Files<'_>, new: Files<'_>) -> Vec<Row> {
    let holder = tempfile::tempdir().unwrap();
    let directory = holder.path().join("shop");
    for (version, files) in [("v1", old), ("v2", new)] {
        for (name, text) in files {
            let path = directory.join(version).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    let api = load_api(&directory, &Limits::default()).unwrap();
    judge(&api, Steps::Adjacent, Settings::default()).findings
}

fn spot(at: Option<&Spot>) -> String {
    let Some(at) = at else { return "nowhere".to_owned() };
    let file: Vec<&str> = at.file.rsplit('/').take(2).collect();
    format!("{}/{}:{}:{} {}", file[1], file[0], at.line, at.column, at.pointer)
}

/// The findings as text; a real temporary directory is in no line.
fn told(old: Files<'_>, new: Files<'_>) -> String {
    let mut text = String::new();
    for row in rows(old, new) {
        let keyword = row.keyword.as_deref().unwrap_or_default();
        let rule = row.rule.as_deref().unwrap_or_default();
        let status = row.status.as_deref().unwrap_or_default();
        writeln!(text, "{} {} {status} {}: {rule} ({keyword})", row.operation, row.side, row.part)
            .unwrap();
        writeln!(text, "  reader {}", spot(row.reader_place.as_ref())).unwrap();
        writeln!(text, "  sender {}", spot(row.sender_place.as_ref())).unwrap();
        if let Some(proof) = &row.witness {
            writeln!(text, "  {} of {}", proof.said, proof.payload).unwrap();
            for one in &proof.inside {
                writeln!(text, "  inside {} at `{}`: {}", one.keyword, one.at, one.branch).unwrap();
            }
        }
        if let Some(cause) = &row.cause {
            writeln!(text, "  cause {}: {}", cause.rule, cause.message).unwrap();
        }
        for one in &row.reached {
            let status = one.status.as_deref().unwrap_or_default();
            writeln!(text, "  reached {} {} {status}", one.operation, one.side).unwrap();
        }
        // What is proposed to be pasted has to be YAML that reads as one entry.
        if let Some(snippet) = row.remedy.as_ref().and_then(|one| one.snippet.as_ref()) {
            let read =
                Document::parse("changes.yaml", snippet.as_bytes(), &DocumentLimits::strict());
            let entry = read.unwrap().value.pointer("/changes/0").cloned().unwrap();
            assert!(entry["say"].is_string() && entry["at"].is_string(), "{snippet}");
        }
        if let Some(remedy) = &row.remedy {
            writeln!(text, "  {}", remedy.text).unwrap();
            text.push_str(remedy.snippet.as_deref().unwrap_or_default());
        }
    }
    text
}

const OLD: &str = "openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /orders:
    post:
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Order'}
      responses:
        '200': {description: ok}
    put:
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Order'}
      responses:
        '200': {description: ok}
components:
  schemas:
    Order:
      type: object
      required: [article]
      properties:
        article:
          type: string
          maxLength: 20
        amount: {type: integer}
        payment:
          oneOf:
            - $ref: '#/components/schemas/Card'
            - $ref: '#/components/schemas/Bank'
        parts:
          type: array
          items: {$ref: '#/components/schemas/Order'}
    Card:
      type: object
      required: [kind]
      properties:
        kind: {type: string, enum: [card]}
        number: {type: string}
    Bank:
      type: object
      required: [kind]
      properties:
        kind: {type: string, enum: [bank]}
";

fn changed(from: &str, to: &str) -> String {
    assert!(OLD.contains(from), "{from}");
    OLD.replacen(from, to, 1)
}

#[track_caller]
fn check(from: &str, to: &str) -> String {
    let new = changed(from, to);
    told(&[("openapi.yaml", OLD)], &[("openapi.yaml", &new)])
}

#[test]
fn a_tightened_bound_is_told_once_with_both_lines() {
    insta::assert_snapshot!(check("maxLength: 20", "maxLength: 10"));
}

#[test]
fn a_new_required_member_comes_with_a_lens() {
    insta::assert_snapshot!(check("required: [article]", "required: [article, amount]"));
}

#[test]
fn the_branch_of_a_union_that_came_closest_speaks() {
    insta::assert_snapshot!(check(
        "required: [kind]\n      properties:\n        kind: {type: string, enum: [card]}",
        "required: [kind, number]\n      properties:\n        kind: {type: string, enum: [card]}"
    ));
}

#[test]
fn a_missing_operation_is_shown_where_it_would_be() {
    let new = OLD.replacen("    put:\n", "    patch:\n", 1);
    insta::assert_snapshot!(told(&[("openapi.yaml", OLD)], &[("openapi.yaml", &new)]));
}

#[test]
fn minified_documents_have_columns() {
    let old = r#"{"type":"object","properties":{"a":{"type":"string"}}}"#;
    let new = r#"{"type":"object","properties":{"a":{"type":"integer"}}}"#;
    insta::assert_snapshot!(told(&[("order.json", old)], &[("order.json", new)]));
}

#[test]
fn swagger_and_other_files_are_followed() {
    let main = "swagger: '2.0'\ninfo: {title: t, version: '1'}\npaths:\n  /a:\n    get:\n      responses:\n        '200':\n          description: ok\n          schema: {$ref: 'parts.yaml#/Thing'}\n";
    let old = "Thing:\n  type: object\n  required: [id]\n  properties:\n    id: {type: string}\n";
    let new = "Thing:\n  type: object\n  properties:\n    id: {type: string}\n";
    insta::assert_snapshot!(told(
        &[("swagger.yaml", main), ("parts.yaml", old)],
        &[("swagger.yaml", main), ("parts.yaml", new)]
    ));
}

#[test]
fn a_pasted_lens_heals_the_finding() {
    let new = changed("required: [article]", "required: [article, amount]");
    let found = rows(&[("openapi.yaml", OLD)], &[("openapi.yaml", &new)]);
    let snippet = found[0].remedy.as_ref().and_then(|one| one.snippet.clone()).unwrap();
    let healed =
        rows(&[("openapi.yaml", OLD)], &[("openapi.yaml", &new), ("changes.yaml", &snippet)]);
    assert!(healed.is_empty(), "{healed:#?}");
}

#[test]
fn a_fingerprint_outlives_other_edits() {
    let fingerprints = |old: &str, new: &str| -> Vec<String> {
        let found = rows(&[("openapi.yaml", old)], &[("openapi.yaml", new)]);
        found.into_iter().map(|row| row.fingerprint).collect()
    };
    let tighter = changed("maxLength: 20", "maxLength: 10");
    let first = fingerprints(OLD, &tighter);
    assert_eq!(first.len(), 1);
    let moved = |text: &str| text.replacen("info:", "# a line\ninfo:", 1);
    assert_eq!(first, fingerprints(&moved(OLD), &moved(&tighter)));
    let more = |text: &str| {
        text.replacen("    put:", "    patch: {responses: {'200': {description: ok}}}\n    put:", 1)
    };
    assert_eq!(first, fingerprints(&more(OLD), &more(&tighter)));
    assert_ne!(first, fingerprints(OLD, &changed("maxLength: 20", "maxLength: 9")));
}
