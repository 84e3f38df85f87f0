//! Reading `changes.yaml`: every problem with line and column, all of them at once.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::describe::model::{Api, Description};
use crate::document::Document;
use crate::pointer::Pointer;
use crate::problem::{Place, Problem, Severity};

use super::border::borders;
use super::model::{Entry, Rules, Target, VersionChanges};
use super::nearest::remedy;
use super::target::Sides;
use super::{error, link, names, policy, structure, value, whole};

const VERBS: [&str; 8] =
    ["rename", "move", "map", "add", "remove", "supply", "on_null", "on_unknown"];

/// All verbs on payloads.
fn verbs() -> impl Iterator<Item = &'static str> {
    VERBS
        .into_iter()
        .chain(value::VERBS)
        .chain(whole::VERBS)
        .chain(policy::VERBS)
        .chain(structure::VERBS)
        .chain(link::VERBS)
        .chain(error::VERBS)
}

/// The verbs that hold at an operation as a whole, not at a payload.
const OF_OPERATIONS: [&str; 6] =
    ["parameter", link::CURSOR, names::NAMES, "status", "header", "route"];

/// Every word that an entry may have.
pub fn entry_words() -> impl Iterator<Item = &'static str> {
    ["say", "at"].into_iter().chain(OF_OPERATIONS).chain(verbs())
}

/// Reads what `new` declares about `old`, its predecessor. Entries with a problem are left out of the answer;
/// the others can be used.
pub fn read_changes(
    document: &Document,
    old: &Description,
    new: &Description,
) -> (VersionChanges, Vec<Problem>) {
    let mut reader = Reader { document, old, new, problems: Vec::new() };
    let changes = reader.file();
    let mut problems = reader.problems;
    problems.extend(borders(&changes, old, new));
    (changes, problems)
}

/// What each version of an api declares about its predecessor, one for each version, with all problems. The first
/// version has no predecessor, so a file beside it is a problem. Links, cursors and the
/// places that errors name, once declared, hold in all steps.
pub fn declared(api: &Api) -> (Vec<VersionChanges>, Vec<Problem>) {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for (index, new) in api.versions.iter().enumerate() {
        let old = index.checked_sub(1).and_then(|before| api.versions.get(before));
        let changes = match (&new.changes, old) {
            (Some(document), Some(old)) => {
                let (changes, found) = read_changes(document, old, new);
                problems.extend(found);
                changes
            }
            (Some(document), None) => {
                problems.push(Problem {
                    place: document.place(&Pointer::root()),
                    severity: Severity::Error,
                    what: format!("{} is the oldest version, it has no predecessor", new.version),
                    remedy: "put the file beside the newer version".to_owned(),
                });
                VersionChanges::default()
            }
            (None, _) => VersionChanges::default(),
        };
        all.push(changes);
    }
    link::everywhere(&mut all, &api.versions);
    error::everywhere(&mut all, &api.versions);
    (all, problems)
}

/// What an entry says, and where it is written.
pub(super) struct Said {
    pub(super) say: Arc<str>,
    pub(super) place: Place,
}

/// The file in hand and what has been found wrong in it.
pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) old: &'a Description,
    pub(super) new: &'a Description,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Reports an error at a place of the file.
    pub(super) fn wrong(&mut self, at: &Pointer, what: String, remedy: impl Into<String>) {
        let place = self.document.place(at);
        let remedy = remedy.into();
        self.problems.push(Problem { place, severity: Severity::Error, what, remedy });
    }

    /// What `ask` finds, without what it finds wrong.
    pub(super) fn quietly<T>(&mut self, ask: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.problems.len();
        let found = ask(self);
        self.problems.truncate(before);
        found
    }

    pub(super) fn members(
        &mut self,
        value: &'a Value,
        at: &Pointer,
    ) -> Option<&'a Map<String, Value>> {
        if value.as_object().is_none() {
            let last = at.tokens().last().unwrap_or_else(|| "the file".to_owned());
            self.wrong(at, format!("`{last}` is not a mapping"), "write `name: value` pairs");
        }
        value.as_object()
    }

    pub(super) fn text(&mut self, value: &'a Value, at: &Pointer) -> Option<&'a str> {
        if value.as_str().is_none() {
            self.wrong(at, format!("`{value}` is not text"), "quote it");
        }
        value.as_str()
    }

    /// Reports the keys that mean nothing here.
    pub(super) fn known_keys(
        &mut self,
        members: &Map<String, Value>,
        at: &Pointer,
        known: &[&str],
    ) {
        for key in members.keys().filter(|key| !known.contains(&key.as_str())) {
            let remedy = remedy(key, known.iter().copied());
            self.wrong(&at.join(key), format!("`{key}` is not known here"), remedy);
        }
    }

    fn file(&mut self) -> VersionChanges {
        let mut changes = VersionChanges::default();
        let root = Pointer::root();
        let document = self.document;
        if document.value.is_null() {
            return changes;
        }
        let Some(members) = self.members(&document.value, &root) else { return changes };
        self.known_keys(members, &root, &["changes"]);
        let at = root.join("changes");
        let entries = match members.get("changes") {
            Some(Value::Array(entries)) => entries,
            None | Some(Value::Null) => return changes,
            Some(_) => {
                self.wrong(
                    &at,
                    "`changes` is not a list".to_owned(),
                    "begin each entry with `- say:`",
                );
                return changes;
            }
        };
        let mut routes = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let before = self.problems.len();
            let at = at.join(&index.to_string());
            let Some(found) = self.entry(entry, &at) else { continue };
            if self.problems.len() == before {
                changes.parameters.extend(found.parameters);
                changes.entries.extend(found.entries);
                changes.cursors.extend(found.cursors);
                changes.answers.extend(found.answers);
                routes.extend(found.routes.iter().map(|_| at.join("route")));
                changes.routes.extend(found.routes);
                changes.names.extend(found.names);
            }
        }
        self.check_routes(&changes, &routes);
        changes
    }

    fn entry(&mut self, entry: &'a Value, at: &Pointer) -> Option<VersionChanges> {
        let members = self.members(entry, at)?;
        let known: Vec<&str> = entry_words().collect();
        self.known_keys(members, at, &known);
        let say = members.get("say").and_then(|say| self.text(say, &at.join("say")));
        if !members.contains_key("say") {
            let remedy = "write `say:` and the sentence a client developer reads";
            self.wrong(at, "this change says nothing".to_owned(), remedy);
        }
        let texts = self.targets(members.get("at"), at);
        let said = Said { say: say.unwrap_or_default().into(), place: self.document.place(at) };
        let mut found = self.of_operations(members, &texts, &said, at);
        if !verbs().any(|verb| members.contains_key(verb)) {
            if !OF_OPERATIONS.iter().any(|verb| members.contains_key(*verb)) {
                let all = verbs().chain(OF_OPERATIONS).collect::<Vec<_>>().join(", ");
                self.wrong(
                    at,
                    "this change does nothing".to_owned(),
                    format!("write one of {all}"),
                );
            }
            return Some(found);
        }
        let mut targets: Vec<Target> = Vec::new();
        for (text, pointer) in &texts {
            let mut more = self.target(text, pointer);
            targets.append(&mut more);
        }
        let sides = self.sides(&targets);
        let rules = self.rules(members, &sides, at);
        if let Some(value) = members.get("error") {
            let errors = self.errors(value, &targets, &said, &at.join("error"));
            found.entries.extend(errors);
        }
        if let Some(value) = members.get("links") {
            let links = self.links(value, &targets, &said, &at.join("links"));
            found.entries.extend(links);
        }
        let Said { say, place } = said;
        found.entries.push(Entry { say, targets, rules, place });
        Some(found)
    }

    /// What is declared of operations as a whole.
    fn of_operations(
        &mut self,
        members: &'a Map<String, Value>,
        texts: &[(&str, Pointer)],
        said: &Said,
        at: &Pointer,
    ) -> VersionChanges {
        let mut found = VersionChanges::default();
        for (text, pointer) in texts {
            let target = (*text, pointer);
            if let Some(value) = members.get("parameter") {
                let change = self.parameter_change(target, value, &at.join("parameter"));
                found.parameters.extend(change.map(|mut change| {
                    change.say = Arc::clone(&said.say);
                    change.place = said.place.clone();
                    change
                }));
            }
            if let Some(value) = members.get("route") {
                found.routes.extend(self.route(target, value, (said, &at.join("route"))));
            }
            if let Some(value) = members.get(names::NAMES) {
                found.names.extend(self.names_rules(target, value, (said, &at.join(names::NAMES))));
            }
            if let Some(value) = members.get(link::CURSOR) {
                self.cursor(target, value, (said, &at.join(link::CURSOR)), &mut found);
            }
            let change = self.answer_change(target, members, (said, at));
            found.answers.extend(change);
        }
        found
    }

    fn targets(&mut self, value: Option<&'a Value>, at: &Pointer) -> Vec<(&'a str, Pointer)> {
        let pointer = at.join("at");
        match value {
            Some(Value::Array(texts)) if !texts.is_empty() => {
                let mut targets = Vec::new();
                for (index, text) in texts.iter().enumerate() {
                    let pointer = pointer.join(&index.to_string());
                    if let Some(text) = self.text(text, &pointer) {
                        targets.push((text, pointer));
                    }
                }
                targets
            }
            Some(text) => {
                self.text(text, &pointer).into_iter().map(|text| (text, pointer.clone())).collect()
            }
            None => {
                let remedy = "write `at:` and a component, or `METHOD /path request`";
                self.wrong(at, "this change has no place".to_owned(), remedy);
                Vec::new()
            }
        }
    }

    fn rules(&mut self, members: &'a Map<String, Value>, sides: &Sides, at: &Pointer) -> Rules {
        let mut rules = Rules::default();
        for verb in VERBS {
            let Some(value) = members.get(verb) else { continue };
            let at = at.join(verb);
            match verb {
                "rename" => rules.renames = self.renames(value, sides, &at),
                "move" => rules.moves = self.moves(value, sides, &at),
                "map" => rules.maps = self.maps(value, sides, &at),
                "add" => rules.adds = self.values(value, (&sides.new, &sides.old), &at),
                "remove" => rules.removes = self.values(value, (&sides.old, &sides.new), &at),
                "supply" => rules.supplies = self.supplies(value, sides, &at),
                "on_null" => rules.on_null = self.on_null(value, sides, &at),
                _ => rules.on_unknown = self.on_unknown(value, sides, &at),
            }
        }
        // Functions of one entry run in the order of their verbs' names; entries run in the order written.
        for (verb, value) in members {
            let place = (sides, &at.join(verb));
            match verb.as_str() {
                verb if value::VERBS.contains(&verb) => {
                    self.function(verb, value, place, &mut rules);
                }
                verb if whole::VERBS.contains(&verb) => self.made(verb, value, place, &mut rules),
                verb if structure::VERBS.contains(&verb) => {
                    self.structure(verb, value, place, &mut rules);
                }
                verb if policy::VERBS.contains(&verb) => {
                    self.policy(verb, value, place, &mut rules);
                }
                _ => {}
            }
        }
        rules
    }
}
