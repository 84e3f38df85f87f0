//! The verb `error`: where error bodies name places of the request. What one step declares of them holds in every step of
//! the api, as a place stays one whichever version says it.

use std::sync::Arc;

use serde_json::Value;

use crate::describe::model::Description;
use crate::plan::program::Program;
use crate::plan::transform::{Notation, Point, Syntax, Transform, Unsent};
use crate::pointer::Pointer;

use super::link::within;
use super::model::{Entry, Loses, OnUnfit, Rules, Target, TransformRule, VersionChanges, Way};
use super::read::{Reader, Said};
use super::verb::path;

/// The verbs that are read here.
pub(super) const VERBS: [&str; 1] = ["error"];

const SYNTAXES: [(&str, Syntax); 4] = [
    ("json-pointer", Syntax::JsonPointer),
    ("dotted", Syntax::Dotted),
    ("path", Syntax::Path),
    ("none", Syntax::Other),
];

/// How the old and the new version write a place, and what becomes of one that the client's version does not have.
#[derive(Clone)]
struct Named {
    old: Notation,
    new: Notation,
    unsent: Unsent,
}

impl<'a> Reader<'a> {
    /// L17: `{ pointers: { errors/*/pointer: json-pointer } }`: paths from the targets to places, with their notation.
    pub(super) fn errors(
        &mut self,
        value: &'a Value,
        targets: &[Target],
        said: &Said,
        at: &Pointer,
    ) -> Vec<Entry> {
        let Some(members) = self.members(value, at) else { return Vec::new() };
        self.known_keys(members, at, &["pointers"]);
        let at = at.join("pointers");
        let pointers = members.get("pointers").and_then(|value| self.members(value, &at));
        let mut found = Vec::new();
        for (text, value) in pointers.into_iter().flatten() {
            let at = at.join(text);
            let path = path(text);
            self.must_lead(&within(targets, &path), &path, &at);
            let Some(named) = self.named(value, &at) else { continue };
            found.push(entry(said, targets, &path, rule(&named, self.new.version.as_str(), text)));
        }
        if pointers.is_none_or(serde_json::Map::is_empty) {
            let remedy = "write `pointers: { errors/*/pointer: json-pointer }`";
            self.wrong(&at, "no place of an error is named".to_owned(), remedy);
        }
        found
    }

    /// `dotted`, `{ as: path, prefix: [body], unsent: keep }`, or `{ from: dotted, to: json-pointer }`.
    fn named(&mut self, value: &'a Value, at: &Pointer) -> Option<Named> {
        let Some(options) = value.as_object() else {
            let both = self.notation(value, at)?;
            return Some(Named { old: both.clone(), new: both, unsent: Unsent::Keep });
        };
        self.known_keys(options, at, &["as", "prefix", "from", "to", "unsent"]);
        let words = [("keep", Unsent::Keep), ("omit", Unsent::Omit), ("root", Unsent::Root)];
        let unsent = match options.get("unsent") {
            Some(value) => self.word(value, &at.join("unsent"), &words)?,
            None => Unsent::Keep,
        };
        let (old, new) = match (options.get("from"), options.get("to")) {
            (Some(from), Some(to)) if !options.contains_key("as") => {
                (self.notation(from, &at.join("from"))?, self.notation(to, &at.join("to"))?)
            }
            (None, None) => {
                let both = self.spelled(value, at)?;
                (both.clone(), both)
            }
            _ => {
                let remedy = "write `as:` for both versions, or `from:` and `to:`";
                self.wrong(at, "the notation is said by halves".to_owned(), remedy);
                return None;
            }
        };
        Some(Named { old, new, unsent })
    }

    fn notation(&mut self, value: &'a Value, at: &Pointer) -> Option<Notation> {
        if value.is_object() {
            return self.spelled(value, at);
        }
        Some(Notation { syntax: self.word(value, at, &SYNTAXES)?, prefix: Vec::new() })
    }

    /// `{ as: path, prefix: [body] }`.
    fn spelled(&mut self, value: &'a Value, at: &Pointer) -> Option<Notation> {
        let Some(word) = value.get("as") else {
            let all = SYNTAXES.map(|(word, _)| word).join(", ");
            self.wrong(
                at,
                "the notation is not said".to_owned(),
                format!("write `as:` and one of {all}"),
            );
            return None;
        };
        let syntax = self.word(word, &at.join("as"), &SYNTAXES)?;
        let mut prefix = Vec::new();
        if let Some(value) = value.get("prefix") {
            let at = at.join("prefix");
            let Some(steps) = value.as_array() else {
                self.wrong(&at, "the prefix is no list".to_owned(), "write `prefix: [body]`");
                return None;
            };
            for step in steps {
                prefix.push(self.text(step, &at)?.to_owned());
            }
        }
        Some(Notation { syntax, prefix })
    }
}

/// An entry for a place below the targets: the last name is a member of what is there, `*` the items.
fn entry(said: &Said, targets: &[Target], path: &[String], rule: TransformRule) -> Entry {
    let (targets, member) = match path.split_last() {
        Some((last, before)) if last != "*" => (within(targets, before), Some(last.clone())),
        _ => (within(targets, path), None),
    };
    let rules = Rules { transforms: vec![TransformRule { member, ..rule }], ..Rules::default() };
    Entry { say: Arc::clone(&said.say), targets, rules, place: said.place.clone() }
}

fn rule(named: &Named, newer: &str, text: &str) -> TransformRule {
    let way = |from: &Notation, to: &Notation| {
        let stages: Arc<[Arc<Program>]> = Arc::from([]);
        let (from, to, unsent) = (from.clone(), to.clone(), named.unsent);
        let point = Point { from, to, unsent, newer: newer.into(), stages };
        let loses = if point.may_lose() { Loses::Sometimes } else { Loses::Never };
        // but for places that are to be left out it takes every value
        let otherwise = if named.unsent == Unsent::Omit { OnUnfit::Omit } else { OnUnfit::Keep };
        let said = format!("name the place at `{text}` as the reader's version does");
        Some(Way {
            loses,
            otherwise: Some(otherwise),
            ..Way::new("L17", said, Transform::Point(point))
        })
    };
    TransformRule::whole(way(&named.old, &named.new), way(&named.new, &named.old))
}

/// The notations of an entry that was made here.
fn said(entry: &Entry) -> Option<&Point> {
    match &entry.rules.transforms.first()?.up.as_ref()?.transform {
        Transform::Point(point) => Some(point),
        _ => None,
    }
}

/// Lets what is declared in one step hold in all: before it as the old version writes places, after it as the new one.
pub(super) fn everywhere(all: &mut [VersionChanges], versions: &[Arc<Description>]) {
    let mut found: Vec<(usize, Entry)> = Vec::new();
    for (step, changes) in all.iter().enumerate() {
        let own = changes.entries.iter().filter(|one| said(one).is_some());
        found.extend(own.map(|one| (step, one.clone())));
    }
    for (step, changes) in all.iter_mut().enumerate().skip(1) {
        let Some(newer) = versions.get(step).map(|one| one.version.as_str()) else { continue };
        for (other, entry) in found.iter().filter(|(other, _)| *other != step) {
            let (Some(point), Some(first)) = (said(entry), entry.rules.transforms.first()) else {
                continue;
            };
            let same = |one: &Entry| {
                let member = one.rules.transforms.first().and_then(|rule| rule.member.as_ref());
                said(one).is_some()
                    && one.targets == entry.targets
                    && member == first.member.as_ref()
            };
            if changes.entries.iter().any(same) {
                continue;
            }
            let both = if step < *other { &point.from } else { &point.to };
            let named = Named { old: both.clone(), new: both.clone(), unsent: point.unsent };
            let text = first.member.as_deref().unwrap_or("*");
            let mut entry = entry.clone();
            let rule = TransformRule { member: first.member.clone(), ..rule(&named, newer, text) };
            entry.rules.transforms = vec![rule];
            changes.entries.push(entry);
        }
    }
}
