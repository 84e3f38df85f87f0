//! The report as SARIF 2.1.0 (OASIS, 2020, with errata 01), within the bounds of GitHub's code scanning.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::finding::{Finding, Labelled, Weight};
use super::model::{CheckReport, Outcome, Spot};
use super::rulebook::explain;
use super::verdict_line::{bump_lines, verdict_line};
use super::words::{clean, clipped, counted, pretty};

/// Results of one run that GitHub takes; it shows the 5,000 worst. The worst are written first.
const RESULTS_BOUND: usize = 25_000;
/// Characters of a result's message.
const MESSAGE_BOUND: usize = 4_000;
/// Characters of a rule's description that GitHub takes.
const DESCRIPTION_BOUND: usize = 1_024;
/// Where the schema of the format is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What relative places are relative to.
const BASE: &str = "SRCROOT";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    automation_details: Value,
    original_uri_base_ids: Value,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: String,
    short_description: Text,
    full_description: Text,
    help: Text,
    default_configuration: Configuration,
    properties: Value,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct Text {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

impl Text {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), markdown: None }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Debug, Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    properties: Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(rename = "physicalLocation")]
    physical: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
    #[serde(rename = "logicalLocations", skip_serializing_if = "Vec::is_empty")]
    logical: Vec<Logical>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
    location: Location,
}

/// The whole log.
pub(super) fn log(report: &CheckReport) -> Log {
    let shown: Vec<&Finding> = report.findings.iter().take(RESULTS_BOUND).collect();
    let mut ids: Vec<&str> = shown.iter().map(|one| one.rule.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let rules = ids.iter().map(|id| descriptor(id, &shown)).collect();
    let driver = Driver { name: "Evergate", semantic_version: env!("CARGO_PKG_VERSION"), rules };
    let run = Run {
        tool: Tool { driver },
        automation_details: json!({ "id": "evergate/check/" }),
        original_uri_base_ids: json!({ BASE: { "description": { "text": "the directory in which evergate was run" } } }),
        invocations: [invocation(report)],
        column_kind: "unicodeCodePoints",
        results: shown.iter().map(|one| entry(one, &ids)).collect(),
    };
    Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
}

fn invocation(report: &CheckReport) -> Invocation {
    let (word, rest) = verdict_line(report);
    let mut notifications =
        vec![Notification { level: "note", message: Text::plain(format!("{word}{rest}")) }];
    let bumps = bump_lines(report).into_iter();
    notifications
        .extend(bumps.map(|line| Notification { level: "note", message: Text::plain(line) }));
    let beyond = report.findings.len().saturating_sub(RESULTS_BOUND);
    if beyond > 0 {
        let message = Text::plain(format!("{} more are left out", counted(beyond, "finding")));
        notifications.push(Notification { level: "warning", message });
    }
    Invocation {
        execution_successful: report.outcome() != Outcome::Unjudged,
        exit_code: report.outcome().exit_code(),
        tool_execution_notifications: notifications,
    }
}

fn descriptor(id: &str, findings: &[&Finding]) -> Descriptor {
    let sentence = clipped(&explain(id).unwrap_or_else(|| id.to_owned()), DESCRIPTION_BOUND);
    let worst = findings.iter().filter(|one| one.rule == id).map(|one| one.level).max();
    let about = findings.iter().find(|one| one.rule == id).map_or("message", |one| one.about);
    let help = Text {
        text: format!("{sentence}. `evergate rules {id}` tells more."),
        markdown: Some(format!("{sentence}.\n\n`evergate rules {id}` tells more.")),
    };
    Descriptor {
        id: id.to_owned(),
        short_description: Text::plain(sentence.clone()),
        full_description: Text::plain(sentence),
        help,
        default_configuration: Configuration { level: worst.unwrap_or_default().word() },
        properties: json!({ "tags": ["api-compatibility", about] }),
    }
}

fn entry(finding: &Finding, ids: &[&str]) -> Entry {
    let logical = if finding.operation.is_empty() {
        Vec::new()
    } else {
        vec![Logical {
            fully_qualified_name: clean(&format!("{} {}", finding.api, finding.operation)),
        }]
    };
    let mut places = finding.places.iter();
    let first = places.next().map(|place| Location {
        id: None,
        physical: physical(&place.spot),
        message: None,
        logical,
    });
    let related: Vec<Location> =
        places.enumerate().map(|(index, place)| related(index + 1, place)).collect();
    let suppression = finding.waived.as_ref().map(|waived| Suppression {
        kind: "external",
        status: "accepted",
        justification: format!("{} (expires: {})", waived.reason, waived.expires),
        location: Location {
            id: None,
            physical: physical(&waived.place),
            message: None,
            logical: Vec::new(),
        },
    });
    Entry {
        rule_id: finding.rule.clone(),
        rule_index: ids.binary_search(&finding.rule.as_str()).unwrap_or_default(),
        level: finding.level.word(),
        message: Text::plain(message(finding)),
        locations: first.into_iter().collect(),
        related_locations: related,
        partial_fingerprints: BTreeMap::from([("evergateFinding/v1", finding.identity())]),
        suppressions: suppression.into_iter().collect(),
        properties: json!({
            "api": finding.api, "class": finding.class.word(), "fingerprint": finding.fingerprint,
            "client": finding.client, "backend": finding.backend,
        }),
    }
}

/// One text: what, why, the payload, what to do, and links to the related places. Viewers cut it after its first
/// sentence where room is short.
fn message(finding: &Finding) -> String {
    let title = escaped(&format!("{}: {}", finding.api, finding.title));
    let mut parts = vec![format!("{title}.")];
    if !finding.said.is_empty() && !finding.title.ends_with(&finding.said) {
        parts.push(format!("{}.", escaped(&finding.said)));
    }
    if let Some(witness) = &finding.witness {
        let (sender, _) = finding.roles();
        parts.push(escaped(&format!("Valid in {sender}:\n{}", pretty(&witness.payload))));
    }
    for (index, place) in finding.places.iter().enumerate().skip(1) {
        parts.push(format!("[{}]({index}).", place.label));
    }
    if !finding.remedy.is_empty() {
        parts.push(format!("To mend it: {}.", escaped(&finding.remedy)));
    }
    if finding.level != Weight::Note {
        parts.push(format!("Fingerprint for a waiver: {}.", finding.short()));
    }
    clipped(&parts.join("\n"), MESSAGE_BOUND)
}

/// Brackets begin a link in a message (section 3.11.6), unless a backslash stands before them.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

fn related(id: usize, place: &Labelled) -> Location {
    Location {
        id: Some(id),
        physical: physical(&place.spot),
        message: Some(Text::plain(place.label.clone())),
        logical: Vec::new(),
    }
}

fn physical(spot: &Spot) -> Physical {
    let absolute = spot.file.starts_with('/');
    let path = encoded(spot.file.trim_start_matches("./"));
    let uri = if absolute { format!("file://{path}") } else { path };
    let column = (spot.column > 0).then_some(spot.column);
    Physical {
        artifact_location: Artifact { uri, uri_base_id: (!absolute).then_some(BASE) },
        region: (spot.line > 0).then_some(Region { start_line: spot.line, start_column: column }),
    }
}

/// A path as a URI reference (RFC 3986): all but unreserved characters and `/` are percent-encoded.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            // writing into a text does not fail
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri
}
