//! The prover against schema pairs of known truth: it may be undecided, it must never be wrong.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test may fall, and tells its counts"
)]

#[path = "support/original.rs"]
mod original;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use evergate_schemas::describe::read_schema;
use evergate_schemas::relate::verdict::Inclusion;
use evergate_schemas::relate::{Budget, Prover};
use original::{Original, plain};
use serde_json::Value;

/// Cases whose published label is wrong: a payload both validators judged, or a proof checked by hand, says otherwise.
const MISLABELLED: [&str; 2] = [
    // The manual elimination took `patternProperties: {"b": …}` for the member `b`; a name like `bb` shows it.
    "uneval-elim/exp_19/manual_elim",
    "uneval-elim/exp_20/manual_elim",
];

#[derive(Default)]
struct Count {
    right: u32,
    wrong_compatible: Vec<String>,
    wrong_break: Vec<String>,
    undecided: u32,
    proved: u32,
    refuted: u32,
    skipped: u32,
    unconfirmed: u32,
    slowest: (Duration, String),
    reasons: BTreeMap<String, Vec<String>>,
}

impl Count {
    /// The documents as written have the last word on a witness, where a validator reads them.
    fn confirm(&mut self, case: &Value, payload: &Value) {
        let dialect = case["dialect"].as_str().unwrap();
        let original = |name: &str| Original::new(&case[name], dialect);
        match (original("old"), original("new")) {
            (Ok(old), Ok(new)) => {
                let judged = (old.is_valid(payload), new.is_valid(payload));
                assert_eq!(judged, (Some(true), Some(false)), "{}: {payload}", case["id"]);
            }
            (Err(_), _) | (_, Err(_)) => self.unconfirmed += 1,
        }
    }
}

fn judge(file: &Path) -> Count {
    let text = std::fs::read_to_string(file).unwrap();
    let mut count = Count::default();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (id, dialect) = (case["id"].as_str().unwrap(), case["dialect"].as_str().unwrap());
        let read = |name: &str| read_schema(&case[name], Some(dialect)).map(|(schema, _)| schema);
        let (Ok(old), Ok(new)) = (read("old"), read("new")) else {
            count.skipped += 1;
            continue;
        };
        if std::env::var("EVERGATE_ONLY")
            .is_ok_and(|only| !only.split(',').any(|only| id.contains(only)))
        {
            continue;
        }
        let start = Instant::now();
        if std::env::var_os("EVERGATE_TRACE").is_some() {
            println!("{id}");
        }
        let answer = Prover::new(Budget::default()).includes(&old, &new);
        let took = start.elapsed();
        if took > count.slowest.0 {
            count.slowest = (took, id.to_owned());
        }
        if let Inclusion::Refuted(witness) = &answer {
            count.confirm(&case, &plain(witness.payload.clone()));
        }
        let label = case["included"].as_bool().filter(|_| !MISLABELLED.contains(&id));
        match (&answer, label) {
            (Inclusion::Proved, Some(false)) => count.wrong_compatible.push(id.to_owned()),
            (Inclusion::Refuted(witness), Some(true)) => {
                count.wrong_break.push(format!("{id} by {}", witness.payload));
            }
            (Inclusion::Undecided(undecided), _) => {
                count.undecided += 1;
                let mark = format!("{id} ({label:?}) at {}", undecided.at);
                count.reasons.entry(undecided.reason.clone()).or_default().push(mark);
            }
            (_, Some(_)) => count.right += 1,
            (Inclusion::Proved, None) => count.proved += 1,
            (Inclusion::Refuted(_), None) => count.refuted += 1,
        }
    }
    count
}

fn tell(file: &Path, count: &Count, seconds: f64) {
    println!(
        "{}: {} right, {} wrong-compatible, {} wrong-break, {} undecided, {} unlabelled proved, {} unlabelled refuted, {} skipped, {} witnesses without a validator, {seconds:.1} s, slowest {:?} {}",
        file.file_name().unwrap().to_string_lossy(),
        count.right,
        count.wrong_compatible.len(),
        count.wrong_break.len(),
        count.undecided,
        count.proved,
        count.refuted,
        count.skipped,
        count.unconfirmed,
        count.slowest.0,
        count.slowest.1,
    );
    if std::env::var_os("EVERGATE_VERBOSE").is_some() {
        for (reason, ids) in &count.reasons {
            println!("  {reason}: {}", ids.len());
            for id in ids.iter().take(12) {
                println!("    {id}");
            }
        }
        for id in count.wrong_compatible.iter().chain(&count.wrong_break) {
            println!("  WRONG {id}");
        }
    }
}

fn files() -> Vec<PathBuf> {
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/probe33.jsonl")];
    if let Some(directory) = std::env::var_os("EVERGATE_INCLUSION") {
        let found = std::fs::read_dir(directory).expect("EVERGATE_INCLUSION is a directory");
        let more = found.map(|entry| entry.unwrap().path());
        files.extend(more.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")));
    }
    files.sort();
    files
}

#[test]
fn never_wrong_on_pairs_of_known_truth() {
    let mut wrong = Vec::new();
    for file in files() {
        let start = Instant::now();
        let count = judge(&file);
        tell(&file, &count, start.elapsed().as_secs_f64());
        if file.ends_with("tests/data/probe33.jsonl") {
            assert_eq!((count.right, count.undecided), (33, 0), "{:?}", count.reasons);
        }
        wrong.extend(count.wrong_compatible);
        wrong.extend(count.wrong_break);
    }
    assert_eq!(wrong, Vec::<String>::new());
}
