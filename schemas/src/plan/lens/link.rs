//! The verbs `links` and `cursor`: texts whose meaning hangs on the version that is spoken. What one step declares of
//! them holds in every step of the api, as a link stays one whichever version says it.

use std::sync::Arc;

use serde_json::Value;

use crate::describe::model::{Description, Location, Operation};
use crate::plan::transform::{Link, Linked, Transform};
use crate::pointer::Pointer;

use super::model::{
    CursorChange, Entry, OnConflict, OnUnfit, Rules, Scope, Target, TransformRule, Unsealed,
    VersionChanges, Way,
};
use super::nearest::remedy;
use super::read::{Reader, Said};
use super::target::operation_words;
use super::verb::path;

/// The verbs on payloads that are read here.
pub(super) const VERBS: [&str; 1] = ["links"];

/// The verb on operations that is read here.
pub(super) const CURSOR: &str = "cursor";

/// The labels of a step: of the older version and of the newer.
type Labels = (Arc<str>, Arc<str>);

impl<'a> Reader<'a> {
    /// L21: `[next, _links/*/href]`: paths from the targets to links.
    pub(super) fn links(
        &mut self,
        value: &'a Value,
        targets: &[Target],
        said: &Said,
        at: &Pointer,
    ) -> Vec<Entry> {
        let paths = self.paths(value, at);
        let labels = self.labels();
        let entries = paths.into_iter().map(|(path, at)| {
            let inside = within(targets, &path);
            self.must_lead(&inside, &path, &at);
            entry(said, inside, rule(Linked::Link, &labels))
        });
        entries.collect()
    }

    /// L22: `{ response: next_cursor, request: { parameter: cursor }, on_conflict, unsealed }` at an operation.
    pub(super) fn cursor(
        &mut self,
        (text, target): (&str, &Pointer),
        value: &'a Value,
        (said, at): (&Said, &Pointer),
        found: &mut VersionChanges,
    ) {
        let Some((key, _)) = operation_words(text).filter(|(_, words)| words.is_empty()) else {
            let what = format!("`{text}` is not an operation");
            self.wrong(target, what, "cursors are declared at `METHOD /path`");
            return;
        };
        let operations = self.operations(&key, target);
        let Some(options) = self.members(value, at) else { return };
        self.known_keys(options, at, &["response", "request", "on_conflict", "unsealed"]);
        let Some(parameter) = self.cursor_parameter(options.get("request"), &operations, at) else {
            return;
        };
        let conflicts = [("refuse", OnConflict::Refuse), ("pass", OnConflict::Pass)];
        let on_conflict = options
            .get("on_conflict")
            .and_then(|value| self.word(value, &at.join("on_conflict"), &conflicts));
        let words = [("pass", Unsealed::Pass), ("refuse", Unsealed::Refuse)];
        let unsealed = options
            .get("unsealed")
            .and_then(|value| self.word(value, &at.join("unsealed"), &words));
        let mut shapes: Vec<String> = operations.iter().map(|(_, one)| one.key.shape()).collect();
        shapes.dedup();
        if let Some(value) = options.get("response") {
            let labels = self.labels();
            let targets: Vec<Target> = shapes
                .iter()
                .map(|shape| Target {
                    scope: Scope::Response(shape.clone(), None),
                    within: Vec::new(),
                })
                .collect();
            for (path, at) in self.paths(value, &at.join("response")) {
                let inside = within(&targets, &path);
                self.must_lead(&inside, &path, &at);
                found.entries.push(entry(said, inside, rule(Linked::Cursor, &labels)));
            }
        }
        found.cursors.push(CursorChange {
            say: Arc::clone(&said.say),
            shapes,
            parameters: vec![parameter],
            on_conflict: on_conflict.unwrap_or_default(),
            unsealed: unsealed.unwrap_or_default(),
            place: said.place.clone(),
        });
    }

    /// `request: { parameter: cursor }`: a query parameter in one of the two versions.
    fn cursor_parameter(
        &mut self,
        value: Option<&'a Value>,
        operations: &[(bool, Operation)],
        at: &Pointer,
    ) -> Option<String> {
        let Some(value) = value else {
            let remedy = "write `request: { parameter: … }`";
            self.wrong(at, "a cursor comes back in a request".to_owned(), remedy);
            return None;
        };
        let at = at.join("request");
        let members = self.members(value, &at)?;
        self.known_keys(members, &at, &["parameter"]);
        let name = members.get("parameter").and_then(|name| self.text(name, &at.join("parameter")));
        let all = || operations.iter().flat_map(|(_, one)| &one.parameters);
        let mut known = all().filter(|one| one.location == Location::Query);
        if let Some(name) = name
            && !known.any(|one| one.name == name)
        {
            let queries = all().filter(|one| one.location == Location::Query);
            let remedy = remedy(name, queries.map(|one| one.name.as_str()));
            self.wrong(&at, format!("`{name}` is no query parameter there"), remedy);
        }
        name.map(str::to_owned)
    }

    /// One path or a list of them.
    fn paths(&mut self, value: &'a Value, at: &Pointer) -> Vec<(Vec<String>, Pointer)> {
        let Value::Array(several) = value else {
            let text = self.text(value, at);
            return text.map(|text| (path(text), at.clone())).into_iter().collect();
        };
        let mut paths = Vec::new();
        for (index, one) in several.iter().enumerate() {
            let at = at.join(&index.to_string());
            paths.extend(self.text(one, &at).map(|text| (path(text), at)));
        }
        paths
    }

    pub(super) fn must_lead(&mut self, targets: &[Target], path: &[String], at: &Pointer) {
        let sides = self.sides(targets);
        if !targets.is_empty() && sides.old.is_nowhere() && sides.new.is_nowhere() {
            let what = format!("`{}` leads nowhere in both versions", path.join("/"));
            self.wrong(
                at,
                what,
                "write names of members, `*` for any item or member, and `/` between",
            );
        }
    }

    fn labels(&self) -> Labels {
        (self.old.version.as_str().into(), self.new.version.as_str().into())
    }
}

/// The targets, further in.
pub(super) fn within(targets: &[Target], path: &[String]) -> Vec<Target> {
    let further = |target: &Target| {
        let within = target.within.iter().chain(path).cloned().collect();
        Target { scope: target.scope.clone(), within }
    };
    targets.iter().map(further).collect()
}

fn entry(said: &Said, targets: Vec<Target>, rule: TransformRule) -> Entry {
    let rules = Rules { transforms: vec![rule], ..Rules::default() };
    Entry { say: Arc::clone(&said.say), targets, rules, place: said.place.clone() }
}

fn rule(what: Linked, (old, new): &Labels) -> TransformRule {
    let (rule, text) = match what {
        Linked::Link => ("L21", "say the link in the reader's version"),
        Linked::Cursor => ("L22", "seal the token with the version that it belongs to"),
    };
    let way = |from: &Arc<str>| {
        let transform = Transform::Link(Link { what, from: Arc::clone(from) });
        // it takes every value, so nothing is ever unfit
        let otherwise = Some(OnUnfit::Keep);
        Some(Way { otherwise, ..Way::new(rule, text.to_owned(), transform) })
    };
    TransformRule::whole(way(old), way(new))
}

/// Which kind of text an entry made here is about.
fn kind(entry: &Entry) -> Option<Linked> {
    match &entry.rules.transforms.first()?.up.as_ref()?.transform {
        Transform::Link(link) => Some(link.what),
        _ => None,
    }
}

/// Lets what is declared in one step hold in all.
pub(super) fn everywhere(all: &mut [VersionChanges], versions: &[Arc<Description>]) {
    let mut entries: Vec<(usize, Linked, Entry)> = Vec::new();
    let mut cursors: Vec<(usize, CursorChange)> = Vec::new();
    for (step, changes) in all.iter().enumerate() {
        let found = changes.entries.iter();
        entries.extend(found.filter_map(|one| Some((step, kind(one)?, one.clone()))));
        cursors.extend(changes.cursors.iter().map(|one| (step, one.clone())));
    }
    for (step, pair) in versions.windows(2).enumerate().map(|(old, pair)| (old + 1, pair)) {
        let ([old, new], Some(changes)) = (pair, all.get_mut(step)) else { continue };
        let labels = (old.version.as_str().into(), new.version.as_str().into());
        for (_, what, entry) in entries.iter().filter(|(own, ..)| *own != step) {
            let mut entry = entry.clone();
            entry.rules.transforms = vec![rule(*what, &labels)];
            changes.entries.push(entry);
        }
        changes
            .cursors
            .extend(cursors.iter().filter(|(own, _)| *own != step).map(|(_, one)| one.clone()));
    }
}

/// The paging token of an operation of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The query parameter, as that version calls it.
    pub parameter: String,
    /// What becomes of a token of a version that cannot be asked now.
    pub on_conflict: OnConflict,
    /// What becomes of a token that names no version where another one serves.
    pub unsealed: Unsealed,
}

/// The cursor that is declared for an operation, in any step of its api.
pub fn cursor(changes: &[VersionChanges], operation: &Operation) -> Option<Cursor> {
    let shape = operation.key.shape();
    let of_it = |one: &&CursorChange| one.shapes.contains(&shape);
    let found = changes.iter().flat_map(|step| &step.cursors).find(of_it)?;
    let mut names = found.parameters.clone();
    let renamed = changes.iter().flat_map(|step| &step.parameters);
    for change in renamed.filter(|one| found.shapes.contains(&one.operation.shape())) {
        for (old, new) in &change.renames {
            if names.contains(old) || names.contains(new) {
                names.extend([old.clone(), new.clone()]);
            }
        }
    }
    let parameter = operation
        .parameters
        .iter()
        .find(|one| one.location == Location::Query && names.contains(&one.name))?;
    Some(Cursor {
        parameter: parameter.name.clone(),
        on_conflict: found.on_conflict,
        unsealed: found.unsealed,
    })
}
