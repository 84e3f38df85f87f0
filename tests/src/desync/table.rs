//! Verdicts of one or more proxies side by side, and counted by level.

use std::collections::{BTreeMap, BTreeSet};
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

/// Holds a proxy to all rows but those of level `SHOULD` and those that are a race.
///
/// # Panics
/// When another row failed than those that are known to fail, or one of those passed: it has to be taken out of the list.
#[track_caller]
pub fn hold(verdicts: Vec<Verdict>, known: &[&str], races: &[&str]) {
    let failed: BTreeMap<&str, String> = verdicts
        .iter()
        .filter(|verdict| verdict.level != Level::Should && !races.contains(&verdict.name))
        .filter_map(|verdict| Some((verdict.name, verdict.failed.clone()?)))
        .collect();
    let names: BTreeSet<&str> = failed.keys().copied().collect();
    let known: BTreeSet<&str> = known.iter().copied().collect();
    let fresh: Vec<_> = failed.iter().filter(|(name, _)| !known.contains(*name)).collect();
    assert!(fresh.is_empty(), "{fresh:#?}\n{}", summary(&[("evergate", verdicts)]));
    let mended: Vec<_> = known.difference(&names).collect();
    assert!(mended.is_empty(), "these pass now, take them out of the list: {mended:?}");
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::hold;
    use crate::desync::case::Level;
    use crate::desync::run::Verdict;

    #[track_caller]
    fn check(level: Level, fails: bool, known: &[&'static str], races: &[&'static str]) -> bool {
        let failed = fails.then(|| "seen otherwise".to_owned());
        let verdict = Verdict { name: "row", section: "RFC 9112 §2", level, failed };
        catch_unwind(|| hold(vec![verdict], known, races)).is_ok()
    }

    #[test]
    fn what_fails_has_to_be_known_and_what_is_known_has_to_fail() {
        assert!(check(Level::Must, false, &[], &[]));
        assert!(!check(Level::Must, true, &[], &[]));
        assert!(check(Level::Security, true, &["row"], &[]));
        assert!(!check(Level::Security, false, &["row"], &[]));
        assert!(check(Level::Should, true, &[], &[]));
        assert!(check(Level::Must, true, &[], &["row"]));
    }
}
