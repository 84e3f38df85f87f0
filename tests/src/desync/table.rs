//! Verdicts of one or more proxies side by side, and counted by level.

use std::fmt::Write as _;

use super::case::Level;
use super::run::Verdict;

/// A row for each case, with a word for each proxy.
pub fn table(columns: &[(&str, Vec<Verdict>)]) -> String {
    let mut text = String::from("| case | section | level |");
    let mut line = String::from("|---|---|---|");
    for (name, _) in columns {
        // Writing to a String cannot fail.
        let _ = write!(text, " {name} |");
        line.push_str("---|");
    }
    let rows = columns.first().map(|(_, verdicts)| verdicts.as_slice()).unwrap_or_default();
    text = format!("{text}\n{line}\n");
    for (at, row) in rows.iter().enumerate() {
        let _ = write!(text, "| {} | {} | {} |", row.name, row.section, row.level.word());
        for (_, verdicts) in columns {
            let passed = verdicts.get(at).is_some_and(|verdict| verdict.failed.is_none());
            text.push_str(if passed { " pass |" } else { " **fail** |" });
        }
        text.push('\n');
    }
    text
}

/// Passed of all, by level.
pub fn summary(columns: &[(&str, Vec<Verdict>)]) -> String {
    let mut text = String::from("| |");
    for level in Level::ALL {
        let _ = write!(text, " {} |", level.word());
    }
    text.push_str("\n|---|---|---|---|\n");
    for (name, verdicts) in columns {
        let _ = write!(text, "| {name} |");
        for level in Level::ALL {
            let of: Vec<&Verdict> = verdicts.iter().filter(|one| one.level == level).collect();
            let passed = of.iter().filter(|one| one.failed.is_none()).count();
            let _ = write!(text, " {passed} of {} |", of.len());
        }
        text.push('\n');
    }
    text
}

/// What was seen of each failed case.
pub fn failures(verdicts: &[Verdict]) -> String {
    let told = |verdict: &Verdict| {
        let why = verdict.failed.as_ref()?;
        Some(format!("{} ({}, {}): {why}\n", verdict.name, verdict.section, verdict.level.word()))
    };
    verdicts.iter().filter_map(told).collect()
}
