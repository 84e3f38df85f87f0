//! The report as JUnit XML, as the xUnit plugin of Jenkins and its many readers take it (`junit-10.xsd`).

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::finding::{Finding, Weight};
use super::model::{ApiReport, CheckReport, Judged};
use super::verdict_line::bump_line;
use super::words::{at, clipped, pretty};

/// Characters of the evidence in one test case.
const EVIDENCE_BOUND: usize = 8_000;

/// The cases of one api.
struct Suite<'a> {
    name: &'a str,
    cases: Vec<Case>,
    seconds: Option<f64>,
    bump: Option<String>,
}

/// A test case: what it is called, what it is about, and what came of it.
struct Case {
    name: String,
    group: String,
    result: Ended,
}

enum Ended {
    Held,
    /// It holds, and something is told of it.
    Told(String),
    /// A sentence and the reason.
    Waived(String),
    Failed {
        rule: String,
        title: String,
        evidence: String,
    },
}

/// Writes one suite for each api, with one case for each message and each other finding.
pub(super) fn write(to: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    let suites: Vec<Suite<'_>> =
        report.apis.iter().map(|api| suite(report, api)).chain(elsewhere(report)).collect();
    let all: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    let failures: usize = suites.iter().map(|suite| count(&suite.cases, is_failed)).sum();
    writeln!(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        to,
        "<testsuites name=\"evergate\" tests=\"{all}\" failures=\"{failures}\" errors=\"0\">"
    )?;
    for suite in &suites {
        write_suite(to, suite)?;
    }
    writeln!(to, "</testsuites>")
}

/// Findings that are about no api in particular.
fn elsewhere(report: &CheckReport) -> Option<Suite<'static>> {
    let known = |one: &Finding| report.apis.iter().any(|api| api.api == one.api);
    let cases: Vec<Case> =
        report.findings.iter().filter(|one| !known(one)).map(of_finding).collect();
    (!cases.is_empty()).then_some(Suite { name: "evergate", cases, seconds: None, bump: None })
}

fn suite<'a>(report: &CheckReport, api: &'a ApiReport) -> Suite<'a> {
    let cases = cases(report, api);
    Suite { name: &api.api, cases, seconds: api.seconds, bump: api.bump.as_ref().map(bump_line) }
}

fn cases(report: &CheckReport, api: &ApiReport) -> Vec<Case> {
    let mut by_message: BTreeMap<Key<'_>, Vec<&Finding>> = BTreeMap::new();
    let mut others = Vec::new();
    for finding in report.findings.iter().filter(|one| one.api == api.api) {
        if finding.about == "message" {
            for key in keys(finding) {
                by_message.entry(key).or_default().push(finding);
            }
        } else {
            others.push(of_finding(finding));
        }
    }
    let judged = api.judged.iter().map(|one| {
        let found = by_message.get(&key(one)).map_or(&[][..], Vec::as_slice);
        of_message(one, found)
    });
    judged.chain(others).collect()
}

/// Client, backend, operation, side and status.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn key(judged: &Judged) -> Key<'_> {
    let Judged { client, backend, operation, side, status, .. } = judged;
    (client, backend, operation, side, status.as_deref().unwrap_or_default())
}

/// The message of a finding, and the others that it is about.
fn keys(finding: &Finding) -> Vec<Key<'_>> {
    let client = finding.client.as_deref().unwrap_or_default();
    let backend = finding.backend.as_deref().unwrap_or_default();
    let own = (
        client,
        backend,
        finding.operation.as_str(),
        finding.side.unwrap_or_default(),
        finding.status.as_deref().unwrap_or_default(),
    );
    let others = finding.reached.iter().map(|one| {
        (
            client,
            backend,
            one.operation.as_str(),
            one.side,
            one.status.as_deref().unwrap_or_default(),
        )
    });
    let mut keys: Vec<Key<'_>> = std::iter::once(own).chain(others).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn of_message(judged: &Judged, found: &[&Finding]) -> Case {
    let Judged { client, backend, operation, side, status, verdict } = judged;
    let status = status.as_ref().map_or(String::new(), |status| format!(" {status}"));
    let result = found
        .iter()
        .max_by_key(|one| one.level)
        .map_or_else(|| plain(verdict), |worst| ended(worst, found));
    Case {
        name: format!("{operation} {side}{status}"),
        group: format!("client {client}, backend {backend}"),
        result,
    }
}

/// A message without a finding of its own.
fn plain(verdict: &str) -> Ended {
    match verdict {
        "native" => Ended::Held,
        other => Ended::Told(other.to_owned()),
    }
}

fn of_finding(finding: &Finding) -> Case {
    let short = finding.short();
    Case {
        name: format!("{} [{short}]", finding.title),
        group: finding.about.to_owned(),
        result: ended(finding, &[finding]),
    }
}

fn ended(worst: &Finding, all: &[&Finding]) -> Ended {
    match (&worst.waived, worst.level) {
        (_, Weight::Error) => {
            let failing = all.iter().filter(|one| one.fails());
            let texts: Vec<String> = failing.map(|one| evidence(one)).collect();
            Ended::Failed {
                rule: worst.rule.clone(),
                title: worst.title.clone(),
                evidence: clipped(&texts.join("\n\n"), EVIDENCE_BOUND),
            }
        }
        (Some(waived), _) => {
            Ended::Waived(format!("waived (expires: {}): {}", waived.expires, waived.reason))
        }
        (None, _) => Ended::Told(clipped(&evidence(worst), EVIDENCE_BOUND)),
    }
}

fn evidence(finding: &Finding) -> String {
    let mut lines = vec![finding.title.clone(), finding.said.clone()];
    let (sender, reader) = finding.roles();
    if let Some(witness) = &finding.witness {
        lines.push(format!("valid in {sender}:\n{}", pretty(&witness.payload)));
        if let Some(received) = &witness.received {
            lines.push(format!("converted to {reader}:\n{}", pretty(received)));
        }
    }
    lines.extend(finding.notes.iter().cloned());
    for place in &finding.places {
        lines.push(format!("{}: {}", place.label, at(&place.spot)));
    }
    if !finding.remedy.is_empty() {
        lines.push(format!("to mend it: {}", finding.remedy));
    }
    lines.push(format!("fingerprint: {}", finding.fingerprint));
    lines.join("\n")
}

fn is_failed(case: &Case) -> bool {
    matches!(case.result, Ended::Failed { .. })
}

fn is_waived(case: &Case) -> bool {
    matches!(case.result, Ended::Waived(_))
}

fn count(cases: &[Case], wanted: fn(&Case) -> bool) -> usize {
    cases.iter().filter(|case| wanted(case)).count()
}

fn write_suite(to: &mut dyn Write, suite: &Suite<'_>) -> io::Result<()> {
    let Suite { name, cases, seconds, bump } = suite;
    let (failures, skipped) = (count(cases, is_failed), count(cases, is_waived));
    let time = seconds.map_or(String::new(), |seconds| format!(" time=\"{seconds:.3}\""));
    writeln!(
        to,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"{time}>",
        escaped(name),
        cases.len()
    )?;
    if let Some(bump) = bump {
        let value = escaped(bump);
        writeln!(to, "    <properties><property name=\"bump\" value=\"{value}\"/></properties>")?;
    }
    for case in cases {
        write_case(to, name, case)?;
    }
    writeln!(to, "  </testsuite>")
}

fn write_case(to: &mut dyn Write, suite: &str, case: &Case) -> io::Result<()> {
    let class = escaped(&format!("{suite}: {}", case.group));
    write!(to, "    <testcase name=\"{}\" classname=\"{class}\"", escaped(&case.name))?;
    match &case.result {
        Ended::Held => return writeln!(to, "/>"),
        Ended::Told(text) => write!(to, "><system-out>{}</system-out>", content(text))?,
        Ended::Waived(reason) => write!(to, "><skipped message=\"{}\"/>", escaped(reason))?,
        Ended::Failed { rule, title, evidence } => {
            let (rule, title) = (escaped(rule), escaped(title));
            let evidence = content(evidence);
            write!(to, "><failure type=\"{rule}\" message=\"{title}\">{evidence}</failure>")?;
        }
    }
    writeln!(to, "</testcase>")
}

/// Text for an element, in which line ends are kept as they are.
fn content(text: &str) -> String {
    escaped(text).replace("&#10;", "\n")
}

/// Text for an attribute. Characters that XML 1.0 has no way to write are replaced.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // an attribute's line end would be read as a space
            '\n' => safe.push_str("&#10;"),
            '\t' => safe.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                safe.push('\u{fffd}');
            }
            one if one.is_control() => safe.push('\u{fffd}'),
            one => safe.push(one),
        }
    }
    safe
}
