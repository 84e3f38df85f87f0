//! The report as GitLab's code quality report, a subset of the Code Climate issue format.

use std::collections::BTreeMap;

use serde::Serialize;

use super::finding::{Class, Finding};
use super::flatten::digest;
use super::model::CheckReport;
use super::words::clipped;

/// Characters of a description.
const DESCRIPTION_BOUND: usize = 1_000;

/// One entry of the report.
#[derive(Debug, Serialize)]
pub(super) struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Debug, Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: u32,
}

/// All findings, each with a fingerprint of its own.
pub(super) fn issues(report: &CheckReport) -> Vec<Issue> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    report.findings.iter().map(|finding| issue(finding, &mut seen)).collect()
}

fn issue(finding: &Finding, seen: &mut BTreeMap<String, usize>) -> Issue {
    let identity = finding.identity();
    let count = seen.entry(identity.clone()).or_default();
    *count += 1;
    let fingerprint = match *count {
        1 => identity,
        more => digest(&[&identity, &more.to_string()]),
    };
    let waived = finding.waived.as_ref().map(|one| format!("waived ({}): ", one.reason));
    let text = format!(
        "{}{}: {}: {}",
        waived.unwrap_or_default(),
        finding.api,
        finding.title,
        finding.said
    );
    let spot = finding.places.first().map(|place| &place.spot);
    Issue {
        description: clipped(&text, DESCRIPTION_BOUND),
        check_name: finding.rule.clone(),
        fingerprint,
        severity: severity(finding),
        location: Location {
            path: spot
                .map_or_else(String::new, |spot| spot.file.trim_start_matches("./").to_owned()),
            // the format has no place without a line
            lines: Lines { begin: spot.map_or(1, |spot| spot.line.max(1)) },
        },
    }
}

const fn severity(finding: &Finding) -> &'static str {
    if finding.waived.is_some() {
        return "info";
    }
    match finding.class {
        Class::Unreadable => "blocker",
        Class::Broken => "critical",
        Class::Undecided | Class::Breaking => "major",
        Class::Risky | Class::Lossy => "minor",
        Class::Warning => "info",
    }
}
