//! An api against an earlier state of itself: a commit, another directory, a document.

use std::sync::Arc;

use evergate_schemas::describe::model::{Api, Description};
use evergate_schemas::document::Document;
use evergate_schemas::version::Version;

use super::frozen::content;
use super::judge::{Steps, judge};
use crate::policy::Settings;
use crate::report::model::ApiReport;

/// What a present state is compared with.
#[derive(Clone, Debug)]
pub enum Baseline {
    /// All versions of the api, as they were.
    Api(Api),
    /// One version.
    Version(Arc<Description>),
}

/// The versions between which a number had to move, with what was found between them.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The earlier one, under the name it has in the report.
    pub old: Arc<Description>,
    /// The newest one.
    pub new: Arc<Description>,
}

/// Judges the newest version of `api` against the newest one of the baseline, and every version that both have and
/// that was edited in place against what it was. Messages call the baseline `shown`, as in `git:main`.
///
/// The numbers of versions had to move between the two of the answer; there are none where a version is only edited
/// further, in its own directory.
pub fn against(
    api: &Api,
    baseline: &Baseline,
    shown: &str,
    settings: Settings,
) -> (ApiReport, Option<Moved>) {
    let Some(newest) = api.versions.last() else { return (ApiReport::default(), None) };
    match baseline {
        Baseline::Version(old) => {
            let place = api.versions.iter().position(|one| one.version == old.version);
            let old = named(old, &format!("{} ({shown})", old.version));
            let chain = match place {
                Some(place) if place + 1 < api.versions.len() => chain(api, place + 1),
                _ => vec![since(newest, &old)],
            };
            let moved = Moved { old: Arc::clone(&old), new: Arc::clone(newest) };
            (question(api, old, chain, settings), Some(moved))
        }
        Baseline::Api(earlier) => whole(api, earlier, shown, settings),
    }
}

fn whole(api: &Api, earlier: &Api, shown: &str, settings: Settings) -> (ApiReport, Option<Moved>) {
    let mut report = ApiReport { api: api.name.clone(), ..ApiReport::default() };
    let (Some(newest), Some(before)) = (api.versions.last(), earlier.versions.last()) else {
        return (report, None);
    };
    for old in &earlier.versions {
        let Some(place) = api.versions.iter().position(|one| one.version == old.version) else {
            continue;
        };
        let Some(new) = api.versions.get(place) else { continue };
        let is_main = old.version == before.version && place + 1 == api.versions.len();
        if !is_main && content(old).digest != content(new).digest {
            let old = named(old, &format!("{} ({shown})", old.version));
            report.merge(question(api, Arc::clone(&old), vec![since(new, &old)], settings));
        }
    }
    let old = named(before, &format!("{} ({shown})", before.version));
    let place = api.versions.iter().position(|one| one.version == before.version);
    let (chain, moved) = match place {
        Some(place) if place + 1 == api.versions.len() => (vec![since(newest, &old)], None),
        Some(place) => (chain(api, place + 1), Some(())),
        None => (vec![Arc::clone(newest)], Some(())),
    };
    let moved = moved.map(|()| Moved { old: Arc::clone(&old), new: Arc::clone(newest) });
    report.merge(question(api, old, chain, settings));
    report.versions = api.versions.iter().map(|one| one.version.to_string()).collect();
    report.versions.insert(0, format!("{} ({shown})", before.version));
    (report, moved)
}

fn question(
    api: &Api,
    old: Arc<Description>,
    chain: Vec<Arc<Description>>,
    settings: Settings,
) -> ApiReport {
    let label = old.version.to_string();
    let mut old = Arc::unwrap_or_clone(old);
    // the first of a row: what it declares is about a step that is not asked
    old.changes = None;
    let old = Arc::new(old);
    let versions = std::iter::once(old).chain(chain).collect();
    let asked = Api { name: api.name.clone(), versions, problems: Vec::new() };
    judge(&asked, Steps::Against(&label), settings)
}

// The versions from a place on, each with what it declares about the one before.
fn chain(api: &Api, from: usize) -> Vec<Arc<Description>> {
    api.versions.iter().skip(from).cloned().collect()
}

// What changes.yaml said at the baseline already it said of an earlier step, not of this one.
fn since(new: &Arc<Description>, old: &Description) -> Arc<Description> {
    let text = |document: &Option<Document>| document.as_ref().map(Document::canonical);
    if new.changes.is_none() || text(&new.changes) != text(&old.changes) {
        return Arc::clone(new);
    }
    let mut version = Description::clone(new);
    version.changes = None;
    Arc::new(version)
}

fn named(version: &Description, label: &str) -> Arc<Description> {
    let mut version = version.clone();
    version.version = Version::new(label);
    Arc::new(version)
}

impl ApiReport {
    /// Takes in another report on the same api.
    pub fn merge(&mut self, other: Self) {
        let Self {
            operations, messages, verdicts, problems, findings, conversions, changes, ..
        } = other;
        for version in other.versions {
            if !self.versions.contains(&version) {
                self.versions.push(version);
            }
        }
        self.operations += operations;
        self.messages += messages;
        self.verdicts.merge(verdicts);
        self.problems.extend(
            problems.into_iter().filter(|one| !self.problems.contains(one)).collect::<Vec<_>>(),
        );
        self.findings.extend(findings);
        self.conversions.extend(conversions);
        self.changes.extend(changes);
        self.pairs.extend(other.pairs);
        self.beyond.extend(other.beyond);
        self.judged.extend(other.judged);
    }
}
