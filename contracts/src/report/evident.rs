//! Evidence put into a row: places, words, the change to blame, and a fingerprint that outlives other edits.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use evergate_schemas::changes::Change;
use evergate_schemas::describe::model::Status;
use evergate_schemas::plan::bridge::Part;
use evergate_schemas::problem::Place;

use super::model::{Cause, Inside, Reach, Remedy, Row};
use super::remedy::{Newer, remedy};
use super::rows::{Subject, spot};
use crate::evidence::{Blame, Evidence, blamed};

/// Tells a finding with all that both documents say about it.
pub(super) fn tell(row: &mut Row, part: &Part, status: Option<Status>, subject: &Subject<'_>) {
    let Some(ends) = &subject.ends else { return finish(row, &Evidence::default(), subject) };
    let evidence = Evidence::of(part, status, ends);
    apply(row, &evidence, subject);
}

/// The same for an operation that the reader's version lacks.
pub(super) fn tell_absent(row: &mut Row, place: &Place, subject: &Subject<'_>) {
    let Some(ends) = &subject.ends else { return finish(row, &Evidence::default(), subject) };
    apply(row, &Evidence::absent(place, ends), subject);
}

fn apply(row: &mut Row, evidence: &Evidence, subject: &Subject<'_>) {
    row.sender_place = evidence.sender.as_ref().map(spot);
    row.reader_place = evidence.reader.as_ref().map(spot);
    if !evidence.keyword.is_empty() {
        row.keyword = Some(evidence.keyword.clone());
    }
    if let Some(proof) = &mut row.witness {
        proof.said.clone_from(&evidence.said);
        if !evidence.keyword.is_empty() {
            proof.at = evidence.at.to_string();
            proof.keyword.clone_from(&evidence.keyword);
        }
        let inside = evidence.inside.iter();
        proof.inside = inside
            .map(|one| Inside {
                keyword: one.keyword,
                at: one.at.to_string(),
                branch: one.name.clone(),
            })
            .collect();
    }
    let change = subject
        .ends
        .as_ref()
        .filter(|_| row.verdict == "broken")
        .and_then(|ends| blamed(subject.changes, &Blame::new(evidence, ends)));
    row.cause = change.map(cause);
    if let Some(cause) = &row.cause {
        row.rule = Some(cause.rule.to_owned());
    } else if row.rule.as_deref() != Some("operation-removed") && row.keyword.is_some() {
        row.rule.clone_from(&row.keyword);
    }
    finish(row, evidence, subject);
}

fn finish(row: &mut Row, evidence: &Evidence, subject: &Subject<'_>) {
    row.fingerprint = fingerprint(row, evidence, subject.api);
    let newer = match subject.ends.as_ref().map(|ends| ends.newer_reads) {
        Some(true) => Newer::Reads,
        Some(false) => Newer::Sends,
        None => Newer::Unknown,
    };
    let text = remedy(row, newer, evidence.member.as_deref());
    row.remedy = (!text.is_empty()).then(|| Remedy { text, snippet: evidence.lens.clone() });
}

fn cause(change: &Change) -> Cause {
    Cause {
        rule: change.rule.id,
        message: change.message.clone(),
        pointer: change.pointer.to_string(),
        old: change.old.as_ref().map(spot),
        new: change.new.as_ref().map(spot),
    }
}

/// What is in components is the same finding in whatever operation; the rest is told apart by its message.
fn fingerprint(row: &Row, evidence: &Evidence, api: &str) -> String {
    let rule = row.rule.as_deref().unwrap_or_default();
    let keyword = row.keyword.as_deref().unwrap_or_default();
    let whereabouts = evidence.whereabouts.clone().unwrap_or_else(|| {
        let status = row.status.as_deref().unwrap_or_default();
        [&row.operation, status, &row.part, &evidence.at.to_string()].join("\n")
    });
    let text = [api, row.side, rule, keyword, &whereabouts, &evidence.what].join("\n");
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// One row for each cause between two versions; the messages of the others are told by the first.
pub(super) fn gather(rows: Vec<Row>) -> Vec<Row> {
    let mut first: HashMap<(String, String, String), usize> = HashMap::new();
    let mut kept: Vec<Row> = Vec::new();
    for row in rows {
        let key = (row.fingerprint.clone(), row.client.clone(), row.backend.clone());
        let known = first.get(&key).and_then(|index| kept.get_mut(*index));
        let Some(known) = known.filter(|known| known.verdict == row.verdict) else {
            first.insert(key, kept.len());
            kept.push(row);
            continue;
        };
        let Row { operation, side, status, part, .. } = row;
        known.reached.push(Reach { operation, side, status, part });
    }
    kept
}
