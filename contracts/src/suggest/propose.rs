//! From two versions to a file of proposals, each tried before it is written.

use std::sync::Arc;

use serde_json::{Value, json};

use evergate_schemas::changes::changes;
use evergate_schemas::describe::model::{Api, Description};
use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::plan::{declared as declared_changes, read_changes, undeclared_names};

use crate::check::{Steps, compile, judge};
use crate::policy::{Compat, Settings};
use crate::report::model::ApiReport;

use super::moved::{SURE, moved};
use super::written::{Entry, file, joined, yaml};

/// How often what is still found is asked for a proposal: each answer shows what stands behind it.
const ROUNDS: usize = 6;
/// The confidence of what only a person can fill in: a value that stands for another, or for none.
const STAND_IN: f64 = 0.5;
/// The confidence of what only the name of a parameter speaks for.
const LOOKS: f64 = 0.3;

/// A file of proposals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggested {
    /// YAML that reads as `changes.yaml` of the newer version.
    pub text: String,
    /// Entries that stand in it.
    pub taken: usize,
    /// Entries that are comments.
    pub others: usize,
    /// Messages that do not get through, or are not known to, without the entries and with them, both ways.
    pub unsolved: (usize, usize),
}

/// Proposes what `new` could declare about `old`, beside what it declares already: renames, moves, values that are
/// spelled another way, and for what is still refused a value, an omission or a fallback.
pub fn suggest(old: &Arc<Description>, new: &Arc<Description>) -> Suggested {
    let own: Vec<Value> = declared(new);
    let before = unsolved(&judged(old, new, &own, &[]));
    let mut found = joined(moved(old, new, &changes(old, new)));
    found.retain(|one| !says(&own, one));
    let (mut taken, mut others): (Vec<Entry>, Vec<Entry>) =
        found.into_iter().partition(|one| one.sure >= SURE);
    // what the reader of the file would refuse is no proposal, and is told as a comment only
    let unread = |entry: &Entry| !reads(old, new, std::slice::from_ref(entry));
    others.extend(taken.extract_if(.., |one| unread(one)));
    let mut report = judged(old, new, &own, &taken);
    for _ in 0..ROUNDS {
        let known = |one: &Entry| {
            taken.iter().chain(&others).any(|other| one.at == other.at && one.verb == other.verb)
        };
        let fresh: Vec<Entry> = snippets(&report).into_iter().filter(|one| !known(one)).collect();
        let (good, bad): (Vec<Entry>, Vec<Entry>) =
            joined(fresh).into_iter().partition(|one| !unread(one));
        others.extend(bad);
        if good.is_empty() {
            break;
        }
        taken.extend(good);
        report = judged(old, new, &own, &taken);
    }
    let after = unsolved(&report);
    others.extend(names(old, new, &own, &taken));
    let (from, to) = (&old.version, &new.version);
    let head = [
        format!(
            "Proposals for what {to} changed against {from}. Nothing is assumed: look over every entry,"
        ),
        "its sentence and its values, and delete what is not meant.".to_owned(),
        format!(
            "Messages that do not get through: {before} without these entries, {after} with them."
        ),
    ];
    Suggested {
        text: file(&head, &taken, &others),
        taken: taken.len(),
        others: others.len(),
        unsolved: (before, after),
    }
}

fn declared(new: &Description) -> Vec<Value> {
    let entries = new.changes.as_ref().and_then(|document| document.value.get("changes"));
    entries.and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Whether some entry does this to the same member already, wherever.
fn says(own: &[Value], entry: &Entry) -> bool {
    let Some(Value::Object(ours)) = read(entry).into_iter().next() else { return false };
    let about = |verb: &str, value: &Value| match verb {
        "map" => value.get("member").cloned().into_iter().collect::<Vec<_>>(),
        "rename" | "move" => value
            .as_object()
            .into_iter()
            .flat_map(|one| one.keys().cloned())
            .map(Value::from)
            .collect(),
        _ => Vec::new(),
    };
    ours.iter().any(|(verb, value)| {
        let wanted = about(verb, value);
        own.iter().filter_map(|one| one.get(verb)).any(|theirs| {
            let several = theirs.as_array().map_or(std::slice::from_ref(theirs), Vec::as_slice);
            several.iter().flat_map(|one| about(verb, one)).any(|one| wanted.contains(&one))
        })
    })
}

/// An entry as the reader of the file meets it; nothing where its text is no YAML.
fn read(entry: &Entry) -> Vec<Value> {
    let text = format!("changes:\n{}", yaml(entry, "  "));
    let document = Document::parse("changes.yaml", text.as_bytes(), &DocumentLimits::default());
    let read = document.ok().and_then(|one| one.value.get("changes")?.as_array().cloned());
    read.unwrap_or_default()
}

/// The newer version with these entries beside its own.
fn with(new: &Description, own: &[Value], entries: &[Entry]) -> Option<Description> {
    let mut all = own.to_vec();
    for entry in entries {
        let read = read(entry);
        if read.is_empty() {
            return None;
        }
        all.extend(read);
    }
    let mut version = new.clone();
    version.changes = Some(Document::from_value("changes.yaml", json!({ "changes": all })));
    Some(version)
}

fn reads(old: &Description, new: &Description, entries: &[Entry]) -> bool {
    let Some(version) = with(new, &[], entries) else { return false };
    version.changes.as_ref().is_some_and(|document| read_changes(document, old, new).1.is_empty())
}

fn judged(
    old: &Arc<Description>,
    new: &Arc<Description>,
    own: &[Value],
    entries: &[Entry],
) -> ApiReport {
    let mut first = Description::clone(old);
    first.changes = None;
    let second = with(new, own, entries).map_or_else(|| Arc::clone(new), Arc::new);
    let versions = vec![Arc::new(first), second];
    let api = Api { name: String::new(), versions, problems: Vec::new() };
    judge(&api, Steps::Adjacent, Settings::new(Compat::Full))
}

/// What may hold names that are called otherwise now: for a person to say.
fn names(
    old: &Arc<Description>,
    new: &Arc<Description>,
    own: &[Value],
    taken: &[Entry],
) -> Vec<Entry> {
    let Some(second) = with(new, own, taken) else { return Vec::new() };
    let mut first = Description::clone(old);
    first.changes = None;
    let versions = vec![Arc::new(first), Arc::new(second)];
    let api = Api { name: String::new(), versions, problems: Vec::new() };
    let compiled = compile(&api, &[(0, 1), (1, 0)], Settings::new(Compat::Full));
    let hints = undeclared_names(&api, &declared_changes(&api).0, &compiled.bridges);
    let entries = hints.into_iter().map(|hint| Entry {
        say: format!("The names in `{}` are those that the messages have.", hint.parameter),
        at: vec![hint.operation],
        verb: format!("names: {}", hint.proposal),
        why: "it is called as what holds names; whether it does, and how, only its author knows"
            .to_owned(),
        sure: LOOKS,
    });
    entries.collect()
}

const fn unsolved(report: &ApiReport) -> usize {
    report.verdicts.broken + report.verdicts.undecided
}

/// What findings propose for themselves.
fn snippets(report: &ApiReport) -> Vec<Entry> {
    let texts = report.findings.iter().filter_map(|row| row.remedy.as_ref()?.snippet.as_ref());
    texts.filter_map(|text| entry(text)).collect()
}

/// An entry from its text: `changes:`, then `- say:`, `at:` and one verb.
fn entry(text: &str) -> Option<Entry> {
    let document = Document::parse("changes.yaml", text.as_bytes(), &DocumentLimits::default());
    let document = document.ok()?;
    let first = document.value.get("changes")?.get(0)?;
    let (say, at) = (first.get("say")?.as_str()?, first.get("at")?.as_str()?);
    let verb = text.lines().find(|line| {
        let line = line.trim_start();
        !line.is_empty() && !["changes:", "- say:", "at:"].iter().any(|key| line.starts_with(key))
    })?;
    Some(Entry {
        say: say.to_owned(),
        at: vec![at.to_owned()],
        verb: verb.trim().to_owned(),
        why: "a finding asks for it; the value is a stand-in, write the right one".to_owned(),
        sure: STAND_IN,
    })
}
