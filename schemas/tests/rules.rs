//! Each rule fires on its case and nowhere else, and no level contradicts the proof.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fall, and tells its counts"
)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::{Judged, api, judged, proof, rows};
use evergate_schemas::changes::{About, Change, Direction, Level, Policy, Rule, rules};
use evergate_schemas::describe::model::Api;
use evergate_schemas::describe::{Limits, find_apis, load_api};
use evergate_schemas::relate::verdict::Verdict;

const DIRECTIONS: [Direction; 2] = [Direction::Backward, Direction::Forward];

fn fires(rule: &Rule, kind: &str, old: &str, new: &str) -> (bool, Vec<String>) {
    let found = rows(&api(kind, old, new), 0, 1);
    let seen = found.iter().map(|one| format!("{} {} {}", one.rule.id, one.subject, one.pointer));
    (found.iter().any(|one| one.rule.id == rule.id), seen.collect())
}

#[test]
fn every_rule_fires_on_its_case_and_not_beside_it() {
    let mut faults = Vec::new();
    for rule in rules() {
        let case = rule.case();
        let (fired, seen) = fires(rule, case.kind, case.old, case.new);
        if !fired {
            faults.push(format!("{} is silent: {seen:?}", rule.id));
        }
        let (fired, seen) = fires(rule, case.kind, case.new, case.same);
        if fired {
            faults.push(format!("{} fires where it should not: {seen:?}", rule.id));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The page of all rules, made from the table.
fn page() -> String {
    let mut page = String::from(
        "# Rules\n\nWhat `evergate rules` prints, made from the same table by \
         `EVERGATE_UPDATE=1 cargo test -p evergate-schemas --test rules page`. Ids are public: one that goes is a \
         breaking change. The levels here are the worst that a rule can have under the default policy.\n\n\
         | rule | backward | forward | means |\n|---|---|---|---|\n",
    );
    for rule in rules() {
        let (backward, forward) = (rule.worst(Direction::Backward), rule.worst(Direction::Forward));
        let (id, sentence) = (rule.id, rule.sentence);
        writeln!(page, "| [{id}](#{id}) | {backward} | {forward} | {sentence} |").unwrap();
    }
    for rule in rules() {
        write!(page, "\n## {}\n\n{}", rule.id, rule.page()).unwrap();
    }
    page
}

#[test]
fn the_page_of_rules_is_in_step() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    if std::env::var_os("EVERGATE_UPDATE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let said = "run with EVERGATE_UPDATE=1 to write it anew";
    assert!(std::fs::read_to_string(path).unwrap() == page(), "docs/rules.md: {said}");
}

/// Broken messages of which every change says that it is safe.
fn contradictions(
    all: &[Judged],
    changes: &[Change],
    direction: Direction,
    policy: Policy,
) -> Vec<String> {
    let mut found = Vec::new();
    for broken in all.iter().filter(|one| one.verdict == Verdict::Broken) {
        let told = changes.iter().filter(|one| one.reached.iter().any(|it| broken.is(&it.message)));
        let told: Vec<&Change> = told.collect();
        let proved = |change: &&&Change| {
            change.level_proved(direction, policy, &|message| proof(all, message)) > Level::Safe
        };
        if !told.iter().any(|one| proved(&one)) {
            let told: Vec<&str> = told.iter().map(|one| one.rule.id).collect();
            found.push(format!(
                "{direction:?} {policy:?} {} is broken by {:?}, told: {told:?}",
                broken.name, broken.witness
            ));
        }
    }
    found
}

#[test]
fn no_level_contradicts_the_proof_on_any_case() {
    let mut faults = Vec::new();
    for rule in rules() {
        let case = rule.case();
        let api = api(case.kind, case.old, case.new);
        let changes = rows(&api, 0, 1);
        for direction in DIRECTIONS {
            for (policy, strict) in
                [(Policy::Standard, false), (Policy::Lenient, false), (Policy::Strict, true)]
            {
                let all = judged(&api, (0, 1), direction, strict);
                let found = contradictions(&all, &changes, direction, policy);
                faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", rule.id)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A breaking row on messages that were proved: by rule, how often, and how often proof eased it.
type Noise = BTreeMap<&'static str, (usize, usize)>;

fn corpus() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/apis");
    let folder = std::env::var_os("EVERGATE_CORPUS").map_or(own, PathBuf::from);
    find_apis(&folder)
}

fn step(api: &Api, (old, new): (usize, usize), noise: &mut Noise) -> Vec<String> {
    let changes = rows(api, old, new);
    let mut faults = Vec::new();
    for direction in DIRECTIONS {
        let all = judged(api, (old, new), direction, false);
        let found = contradictions(&all, &changes, direction, Policy::Standard);
        let versions = (&api.versions[old].version, &api.versions[new].version);
        faults.extend(found.into_iter().map(|fault| format!("{} {versions:?}: {fault}", api.name)));
        for change in changes.iter().filter(|one| one.rule.about == About::Payload) {
            if change.level(direction, Policy::Standard) == Level::Breaking {
                let count = noise.entry(change.rule.id).or_default();
                count.0 += 1;
                let proved = change
                    .level_proved(direction, Policy::Standard, &|message| proof(&all, message));
                count.1 += usize::from(proved < Level::Breaking);
            }
        }
    }
    faults
}

#[test]
fn no_level_contradicts_the_proof_on_real_descriptions() {
    let mut faults = Vec::new();
    let mut noise = Noise::new();
    let (mut steps, mut count) = (0, 0);
    for folder in corpus() {
        let Ok(api) = load_api(&folder, &Limits::default()) else { continue };
        for new in 1..api.versions.len() {
            steps += 1;
            count += rows(&api, new - 1, new).len();
            faults.extend(step(&api, (new - 1, new), &mut noise));
        }
    }
    println!("{steps} steps, {count} changes");
    for (rule, (breaking, eased)) in &noise {
        println!("{rule:<30} breaking {breaking:>6}, of which proved {eased:>6}");
    }
    assert!(steps > 0 && count > 0);
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
