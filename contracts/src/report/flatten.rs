//! From the report on an api to its findings.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::finding::{Class, Finding, Labelled, Weight};
use super::model::{ApiReport, ChangeRow, Fault, ReleaseRow, Row, Spot, from_backend};
use super::words::{clean, notes, roles, said, sentence, title};
use crate::policy::{FailOn, Policy, Settings};

/// The findings of an api, the worst first.
pub(super) fn findings(api: &ApiReport, settings: Settings) -> Vec<Finding> {
    let mut all: Vec<Finding> = api.problems.iter().map(|one| of_fault(&api.api, one)).collect();
    all.extend(api.findings.iter().map(|row| of_row(api, row)));
    if settings.fail_on <= FailOn::Lossy {
        let lossy = api.conversions.iter().filter(|row| row.verdict == "lossy");
        all.extend(lossy.map(|row| of_row(api, row)));
    }
    all.extend(of_changes(api, settings));
    all.extend(api.releases.iter().map(|row| of_release(&api.api, row)));
    for one in &mut all {
        one.level = if one.class.fails(settings) { Weight::Error } else { Weight::Warning };
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.class));
    all
}

/// SHA-256 of the parts, each ended, in hex.
pub(super) fn digest(parts: &[&str]) -> String {
    let text = parts.join("\n");
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn of_fault(api: &str, fault: &Fault) -> Finding {
    let (class, rule) = match fault.severity {
        "error" => (Class::Unreadable, "document-error"),
        _ => (Class::Warning, "document-warning"),
    };
    let Spot { file, pointer, .. } = &fault.place;
    Finding {
        fingerprint: digest(&[api, rule, file, pointer, &fault.what]),
        about: "document",
        api: api.to_owned(),
        class,
        rule: rule.to_owned(),
        title: sentence(&fault.what),
        said: sentence(&fault.what),
        places: vec![labelled("here", &fault.place)],
        remedy: clean(&fault.remedy),
        ..Finding::default()
    }
}

fn of_release(api: &str, row: &ReleaseRow) -> Finding {
    Finding {
        fingerprint: digest(&[api, row.rule, &row.version, &row.part]),
        about: "release",
        api: api.to_owned(),
        class: Class::Breaking,
        rule: row.rule.to_owned(),
        title: sentence(&row.said),
        backend: Some(row.version.clone()),
        said: sentence(&row.said),
        places: row.place.iter().map(|spot| labelled("here", spot)).collect(),
        remedy: clean(&row.remedy),
        ..Finding::default()
    }
}

pub(super) fn of_row(api: &ApiReport, row: &Row) -> Finding {
    let class = match row.verdict {
        "broken" => Class::Broken,
        "undecided" => Class::Undecided,
        _ => Class::Lossy,
    };
    let rule = row.rule.clone().unwrap_or_else(|| row.verdict.to_owned());
    Finding {
        fingerprint: row.fingerprint.clone(),
        about: "message",
        api: api.api.clone(),
        class,
        rule,
        title: title(row),
        operation: row.operation.clone(),
        side: Some(row.side),
        status: row.status.clone(),
        client: Some(row.client.clone()),
        backend: Some(row.backend.clone()),
        said: said(row),
        notes: notes(row),
        places: places(api, row),
        witness: row.witness.clone().filter(|_| row.part != "whole"),
        remedy: row.remedy.as_ref().map_or_else(String::new, |one| sentence(&one.text)),
        reached: row.reached.clone(),
        snippet: row.remedy.as_ref().and_then(|one| one.snippet.clone()),
        ..Finding::default()
    }
}

/// The newer version's place first: that is the one which can still be changed.
fn places(api: &ApiReport, row: &Row) -> Vec<Labelled> {
    let age = |version: &str| api.versions.iter().position(|one| one == version);
    let client_is_newer = age(&row.client) > age(&row.backend);
    let sender_is_newer = from_backend(row.side) != client_is_newer;
    let (by, reads) = roles(row);
    let refuses = match (row.verdict, row.part.as_str()) {
        ("broken", "whole") => format!("{reads} would declare it here"),
        ("broken", _) => format!("{reads} refuses it by this"),
        _ => format!("{reads} declares it here"),
    };
    let sender =
        row.sender_place.as_ref().map(|at| labelled(&format!("{by} declares it here"), at));
    let reader = row.reader_place.as_ref().map(|at| labelled(&refuses, at));
    let (first, second) = if sender_is_newer { (sender, reader) } else { (reader, sender) };
    first.into_iter().chain(second).collect()
}

fn labelled(label: &str, spot: &Spot) -> Labelled {
    Labelled { label: label.to_owned(), spot: spot.clone() }
}

/// Changes that no message's verdict speaks of: those beside the payloads that break clients, and risky ones of
/// messages that hold. A lenient reading leaves the risky ones out.
fn of_changes(api: &ApiReport, settings: Settings) -> Vec<Finding> {
    let spoken: BTreeSet<&str> = api.findings.iter().map(|row| row.operation.as_str()).collect();
    let lenient = settings.policy == Policy::Lenient;
    let told = api.changes.iter().filter_map(|row| {
        let class = class_of(row)?;
        let covered = class == Class::Risky && spoken.iter().any(|one| row.subject.contains(one));
        let hidden = lenient && class == Class::Risky;
        (!covered && !hidden).then(|| of_change(api, row, class))
    });
    told.collect()
}

/// What is about payloads is the verdicts' to say.
fn class_of(row: &ChangeRow) -> Option<Class> {
    match (row.about, row.level) {
        ("service" | "meaning" | "notice", "breaking") => Some(Class::Breaking),
        ("service" | "meaning" | "notice", "risky") => Some(Class::Risky),
        _ => None,
    }
}

fn of_change(api: &ApiReport, row: &ChangeRow, class: Class) -> Finding {
    let side = row.side.unwrap_or_default();
    let text = sentence(&row.message);
    let new = row.new.as_ref().map(|spot| labelled("now it reads so", spot));
    let old = row.old.as_ref().map(|spot| labelled("before it read so", spot));
    Finding {
        // two servers of one api differ in nothing but what is said of them
        fingerprint: digest(&[&api.api, row.rule, &row.subject, side, &row.pointer, &row.message]),
        about: "change",
        api: api.api.clone(),
        class,
        rule: row.rule.to_owned(),
        title: format!("{}: {text}", clean(&row.subject)),
        operation: row.subject.clone(),
        side: row.side,
        client: Some(row.from.clone()),
        backend: Some(row.to.clone()),
        said: text,
        places: new.into_iter().chain(old).collect(),
        ..Finding::default()
    }
}
