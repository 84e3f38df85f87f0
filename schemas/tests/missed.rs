//! Breaks that other checkers call compatible, and harmless changes that they call breaks: `docs/oasdiff.md`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{Judged, api, judged, proof, rows};
use evergate_schemas::changes::{Direction, Level, Policy};
use evergate_schemas::relate::verdict::Verdict;
use evergate_schemas::schema::Side;

/// Each pair, the keyword (or the step of the conversion) that refuses the witness in a request, and the rule that tells the change.
const MISSED: [(&str, &str, &str); 15] = [
    ("additional-properties-narrowed", "maxLength", "length-tightened"),
    ("body-pattern", "pattern", "pattern-changed"),
    ("contains", "contains", "contains-added"),
    ("dependent-schemas", "required", "dependency-added"),
    ("max-properties", "maxProperties", "property-count-tightened"),
    ("min-properties", "minProperties", "property-count-tightened"),
    ("multiple-of", "multipleOf", "multiple-tightened"),
    ("not", "not", "not-added"),
    ("one-of-overlap", "oneOf", "variant-added"),
    ("prefix-items", "type", "type-narrowed"),
    ("property-names", "propertyNames", "property-names-added"),
    ("recursive-edit", "type", "type-narrowed"),
    ("required-swapped", "A5", "property-became-required"),
    ("stricter-then", "required", "condition-changed"),
    ("unique-items", "uniqueItems", "unique-items-required"),
];

/// The pairs of a folder by name, as kind, older and newer fragment.
fn pairs(folder: &str) -> BTreeMap<String, (String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), pair(&path)))
        .collect()
}

fn pair(path: &PathBuf) -> (String, String, String) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut parts = text.split("--- ").skip(1).map(|part| part.split_once('\n').unwrap());
    let (old, new) = (parts.next().unwrap(), parts.next().unwrap());
    (old.0.split(' ').next().unwrap().to_owned(), old.1.to_owned(), new.1.to_owned())
}

fn request(all: &[Judged]) -> &Judged {
    all.iter().find(|one| one.side == Some(Side::Request)).unwrap()
}

#[test]
fn what_others_miss_is_broken_with_a_witness_and_told() {
    let pairs = pairs("missed");
    assert_eq!(pairs.len(), MISSED.len());
    let mut faults = Vec::new();
    for (name, keyword, rule) in MISSED {
        let (kind, old, new) = &pairs[name];
        let api = api(kind, old, new);
        let all = judged(&api, (0, 1), Direction::Backward, false);
        let request = request(&all);
        let witness = request.witness.as_ref().map(|(_, keyword)| keyword.as_str());
        if request.verdict != Verdict::Broken || witness != Some(keyword) {
            faults.push(format!("{name} is {} by {:?}", request.verdict, request.witness));
        }
        let rows = rows(&api, 0, 1);
        let told = rows.iter().find(|one| one.rule.id == rule);
        let level = told.map(|one| one.level(Direction::Backward, Policy::Standard));
        if level.is_none_or(|level| level == Level::Safe) {
            let seen: Vec<&str> = rows.iter().map(|one| one.rule.id).collect();
            faults.push(format!("{name} is told as {seen:?}, {level:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn harmless_changes_raise_no_alarm() {
    let mut faults = Vec::new();
    for (name, (kind, old, new)) in pairs("harmless") {
        let api = api(&kind, &old, &new);
        let all = judged(&api, (0, 1), Direction::Backward, false);
        for message in all.iter().filter(|one| one.verdict != Verdict::Native) {
            faults.push(format!("{name}: {} is {}", message.name, message.verdict));
        }
        for row in rows(&api, 0, 1) {
            let proved = |message: &_| proof(&all, message);
            let level = row.level_proved(Direction::Backward, Policy::Standard, &proved);
            if level > Level::Safe {
                faults.push(format!("{name}: {} is {level}", row.rule.id));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_page_names_every_pair() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/oasdiff.md");
    let page = std::fs::read_to_string(page).unwrap();
    let named = pairs("missed").into_keys().chain(pairs("harmless").into_keys());
    let absent: Vec<String> = named.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert_eq!(absent, [""; 0]);
}
