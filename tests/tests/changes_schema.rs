//! The schema of `changes.yaml` that the program prints takes every such file here, and what the documents show of one.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::path::{Path, PathBuf};

use evergate_schemas::document::{Document, DocumentLimits};
use evergate_tests::{binary, corpus};
use jsonschema::Validator;
use serde_json::{Value, json};

fn schema() -> Validator {
    let output = binary::command(&["suggest", "--schema"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    jsonschema::validator_for(&serde_json::from_slice(&output.stdout).unwrap()).unwrap()
}

fn read(name: &str, text: &str) -> Value {
    Document::parse(name, text.as_bytes(), &DocumentLimits::default()).unwrap().value
}

fn told(validator: &Validator, file: &Value) -> Vec<String> {
    validator.iter_errors(file).map(|one| format!("{}: {one}", one.instance_path())).collect()
}

fn changes_below(folder: &Path, depth: u32, into: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() && depth > 0 && !path.ends_with("target") {
            changes_below(&path, depth - 1, into);
        } else if path.ends_with("changes.yaml") {
            into.push(path);
        }
    }
}

#[test]
fn every_file_of_the_repository_is_taken() {
    let validator = schema();
    let mut files = Vec::new();
    changes_below(&corpus::root(), 6, &mut files);
    assert!(files.len() > 4, "{files:?}");
    for file in files {
        let name = file.display().to_string();
        let wrong = told(&validator, &read(&name, &std::fs::read_to_string(&file).unwrap()));
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

/// Code in the first cell of each row of a table.
fn cells(text: &str) -> impl Iterator<Item = &str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once('`').map(|(code, _)| code))
}

#[test]
fn what_the_guide_shows_of_each_verb_is_taken() {
    let validator = schema();
    let guide = std::fs::read_to_string(corpus::root().join("docs/changes.md")).unwrap();
    let mut count = 0;
    for code in cells(&guide).filter(|code| code.contains(": ") && !code.contains('…')) {
        if !code.starts_with(|first: char| first.is_ascii_lowercase()) {
            continue;
        }
        let entry = read("docs/changes.md", &format!("say: s\nat: x\n{code}\n"));
        let wrong = told(&validator, &json!({ "changes": [entry] }));
        assert!(wrong.is_empty(), "{code}: {wrong:#?}");
        count += 1;
    }
    assert!(count > 25, "only {count} rows were looked at");
}

#[test]
fn a_misspelt_verb_is_not_taken() {
    let entry = read("x", "changes: [{ say: s, at: x, renmae: { a: b } }]");
    assert!(!told(&schema(), &entry).is_empty());
}
