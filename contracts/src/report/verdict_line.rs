//! The last line of a report: how it ended, and why.

use std::collections::BTreeMap;

use super::finding::{Class, Finding};
use super::model::CheckReport;
use super::words::counted;

/// The outcome in a word, and what follows it in the same line.
pub(super) fn verdict_line(report: &CheckReport) -> (&'static str, String) {
    let waived = report.findings.iter().filter(|one| one.waived.is_some()).count();
    let (failing, told): (Vec<&Finding>, Vec<&Finding>) =
        report.findings.iter().filter(|one| one.waived.is_none()).partition(|one| one.fails());
    let mut parts = Vec::new();
    if !failing.is_empty() {
        parts.push(by_class(&failing));
    }
    if !told.is_empty() {
        parts.push(format!("not counted: {}", by_class(&told)));
    }
    if waived > 0 {
        parts.push(format!("{} waived", counted(waived, "finding")));
    }
    parts.push(format!("policy {}, fails on {}", report.policy, report.fail_on));
    let word = match report.outcome {
        "holds" => "holds",
        "findings" => "fails",
        _ => "could not be judged",
    };
    (word, format!(": {}", parts.join("; ")))
}

/// How far the number of each api's newest version must move, where that was asked.
pub(super) fn bump_lines(_report: &CheckReport) -> Vec<String> {
    Vec::new()
}

fn by_class(findings: &[&Finding]) -> String {
    let mut counts: BTreeMap<Class, usize> = BTreeMap::new();
    for one in findings {
        *counts.entry(one.class).or_default() += 1;
    }
    let texts = counts.iter().rev().map(|(class, count)| format!("{count} {}", class.word()));
    texts.collect::<Vec<_>>().join(", ")
}
