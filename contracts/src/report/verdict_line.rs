//! The last line of a report: how it ended, and why.

use std::collections::BTreeMap;

use super::finding::{Class, Finding};
use super::model::{BumpRow, CheckReport};
use super::words::{clean, counted};

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
pub(super) fn bump_lines(report: &CheckReport) -> Vec<String> {
    let bumps = report.apis.iter().filter_map(|api| Some((&api.api, api.bump.as_ref()?)));
    bumps.map(|(api, bump)| format!("`{}`: {}", clean(api), bump_line(bump))).collect()
}

/// How far a version's number must move, and whether it did.
pub(super) fn bump_line(bump: &BumpRow) -> String {
    let BumpRow { required, from, lowest, declared, sufficient } = bump;
    let room = match lowest {
        Some(lowest) if lowest != from => format!("({from} -> {lowest})"),
        Some(same) => format!("({same} may stay)"),
        None => format!("(later than {from})"),
    };
    let word = if *sufficient { "sufficient" } else { "not sufficient" };
    clean(&format!("required bump: {required} {room}; declared {declared}: {word}"))
}

fn by_class(findings: &[&Finding]) -> String {
    let mut counts: BTreeMap<Class, usize> = BTreeMap::new();
    for one in findings {
        *counts.entry(one.class).or_default() += 1;
    }
    let texts = counts.iter().rev().map(|(class, count)| format!("{count} {}", class.word()));
    texts.collect::<Vec<_>>().join(", ")
}
