//! Objects: which members there must be, whatever their names, and whether all can be given values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::sample::node::{Id, Keywords, Texts, Types};

use super::super::argument::{FREE, Leaning};
use super::case::{Case, Claim, SomeMember, claims};
use super::solver::{Answer, Solver};

/// How many members are made because a bound asks for them.
const GROWN: u64 = 300;
/// How many patterns of names one object may have before the classes of names are not told apart.
const PATTERNS: usize = 12;

/// Names that people read more easily than made-up ones.
const PLAIN: [&str; 5] = ["extra", "other", "nick", "key", "x"];

/// An object under construction.
#[derive(Clone, Default)]
struct Draft {
    members: BTreeMap<Arc<str>, Vec<Claim>>,
    leaning: Leaning,
    /// Something was left out, so failing proves nothing.
    unsure: bool,
    /// Names were made up, and others might have been.
    fresh: bool,
}

/// The case, the patterns of names in it, those that must match or must not, and what the value must satisfy.
type Asked<'a> = (&'a Case, &'a BTreeSet<Arc<str>>, &'a BTreeMap<Arc<str>, bool>, &'a Vec<Claim>);

/// A name that is not spelled out, and what its value must satisfy.
struct Fresh {
    name: Arc<str>,
    value: Vec<Claim>,
}

impl Solver<'_> {
    /// Whether some required member can have no value. Members that were looked at are looked at again only where
    /// something new is said of them.
    pub(super) fn members_conflict(&mut self, case: &mut Case) -> Answer {
        if case
            .most_members
            .is_some_and(|most| most < case.least_members.max(case.required.len() as u64))
        {
            return Answer::Nothing(FREE);
        }
        let (layers, _, names, _) = case.looked;
        let mut wanted = std::mem::take(&mut case.new);
        for node in case.layers.iter().skip(layers) {
            let Some(layer) = &node.objects.layer else { continue };
            if layer.rest.is_some() || !layer.patterned.is_empty() {
                wanted.clone_from(&case.required);
                break;
            }
            let said = layer.named.keys().filter(|name| case.requires(name));
            wanted.extend(said.map(Arc::clone));
        }
        if names < case.names.len() {
            wanted.clone_from(&case.required);
        }
        (case.looked.0, case.looked.2) = (case.layers.len(), case.names.len());
        for name in &wanted {
            if !self.may_be_named(case, name) {
                return Answer::Nothing(FREE);
            }
            let all = self.member(case, name);
            if all.is_empty() {
                continue;
            }
            if let Answer::Nothing(leaning) = self.inside(all) {
                return Answer::Nothing(leaning);
            }
        }
        Answer::Unknown
    }

    /// What the member `name` must satisfy; a pattern that cannot be read is left out.
    fn member(&mut self, case: &Case, name: &Arc<str>) -> Vec<Claim> {
        let mut all = Vec::new();
        for node in &case.layers {
            let Some(layer) = &node.objects.layer else { continue };
            self.spend(1);
            let before = all.len();
            let mut unsure = false;
            all.extend(layer.named.get(name).copied().map(Claim::yes));
            for (pattern, schema) in &layer.patterned {
                match self.memory.maker.space.patterns.name_matches(pattern, name) {
                    Some(true) => all.push(Claim::yes(*schema)),
                    Some(false) => {}
                    None => unsure = true,
                }
            }
            if all.len() == before && !unsure {
                all.extend(layer.rest.map(Claim::yes));
            }
        }
        all
    }

    fn may_be_named(&mut self, case: &Case, name: &str) -> bool {
        let text = Value::String(name.to_owned());
        case.names.iter().all(|&names| self.memory.maker.space.accepts(names, &text) != Some(false))
    }

    /// Whether the member may stand for the one that must be there; what its value must then satisfy.
    #[expect(
        clippy::option_option,
        reason = "that it cannot stand, and that it may with any value, are two things"
    )]
    fn stands_for(&mut self, some: &SomeMember, name: &Arc<str>) -> Option<Option<Claim>> {
        let patterns = &mut self.memory.maker.space.patterns;
        match some {
            SomeMember::Matching(pattern, schema) => (patterns.name_matches(pattern, name)
                != Some(false))
            .then(|| Some(Claim::no(*schema))),
            SomeMember::Beyond(node) => {
                let layer = node.objects.layer.as_ref()?;
                let spelled = layer.named.contains_key(name)
                    || layer
                        .patterned
                        .iter()
                        .any(|(pattern, _)| patterns.name_matches(pattern, name) == Some(true));
                (!spelled).then(|| layer.rest.map(Claim::no))
            }
            SomeMember::Named(names) => {
                let text = Value::String((**name).to_owned());
                (self.memory.maker.space.accepts(*names, &text) != Some(true)).then_some(None)
            }
        }
    }

    /// An object for a case without choices.
    pub(super) fn object(&mut self, case: &Case) -> Answer {
        let mut draft = Draft { leaning: FREE, ..Draft::default() };
        for name in &case.required {
            let all = self.member(case, name);
            draft.members.insert(Arc::clone(name), all);
        }
        // The hardest to place first: names that a pattern asks for.
        let some: Vec<SomeMember> = case.some_members.clone();
        self.place(case, &some, draft)
    }

    /// Finds a member for each that must be there, one after the other, and tries every way.
    fn place(&mut self, case: &Case, some: &[SomeMember], draft: Draft) -> Answer {
        let Some((first, others)) = some.split_first() else { return self.finish(case, draft) };
        if self.is_over() {
            return Answer::Unknown;
        }
        let (mut leaning, mut unknown) = (draft.leaning, draft.unsure);
        let mut names: BTreeSet<Arc<str>> = draft.members.keys().map(Arc::clone).collect();
        names.extend(case.declared());
        for name in names {
            let Some(claim) = self.stands_for(first, &name) else { continue };
            let had = draft.members.get(&name);
            if had.is_none() && !self.may_be_named(case, &name) {
                continue;
            }
            let mut all = had.cloned().unwrap_or_else(|| self.member(case, &name));
            all.extend(claim);
            match self.inside(all.iter().copied()) {
                Answer::Nothing(more) => {
                    leaning = leaning.min(more);
                    continue;
                }
                Answer::Unknown => {
                    unknown = true;
                    continue;
                }
                Answer::Value(_) => {}
            }
            let mut next = draft.clone();
            next.members.insert(name, all);
            match self.place(case, others, next) {
                Answer::Value(value) => return Answer::Value(value),
                Answer::Nothing(more) => leaning = leaning.min(more),
                Answer::Unknown => unknown = true,
            }
        }
        match self.fresh(case, &draft, Some(first)) {
            Ok(Some(fresh)) => {
                let mut next = draft;
                // Under a bound two that must be there may have to share one member, whose name is not looked for.
                next.unsure |= case.some_members.len() > 1 && case.most_members.is_some();
                next.fresh = true;
                next.members.insert(fresh.name, fresh.value);
                match self.place(case, others, next) {
                    Answer::Value(value) => return Answer::Value(value),
                    Answer::Nothing(more) => leaning = leaning.min(more),
                    Answer::Unknown => unknown = true,
                }
            }
            Ok(None) => unknown = true,
            Err(more) => leaning = leaning.min(more),
        }
        if unknown {
            self.give_up("names of members that patterns describe")
        } else {
            Answer::Nothing(leaning)
        }
    }

    /// Adds members until there are enough, and gives all of them values.
    fn finish(&mut self, case: &Case, mut draft: Draft) -> Answer {
        let least = case.least_members;
        let mut leaning = draft.leaning;
        if case.most_members.is_some_and(|most| (draft.members.len() as u64) > most) {
            return if draft.unsure {
                self.give_up("a bound on the number of members")
            } else {
                Answer::Nothing(leaning)
            };
        }
        if least > GROWN {
            return self.give_up("a bound on the number of members");
        }
        let mut unknown = draft.unsure;
        if (draft.members.len() as u64) < least {
            for name in case.declared() {
                if draft.members.len() as u64 >= least {
                    break;
                }
                if draft.members.contains_key(&name) || !self.may_be_named(case, &name) {
                    continue;
                }
                let all = self.member(case, &name);
                match self.inside(all.iter().copied()) {
                    Answer::Value(_) => {
                        draft.members.insert(name, all);
                    }
                    Answer::Nothing(more) => leaning = leaning.min(more),
                    Answer::Unknown => unknown = true,
                }
            }
        }
        while (draft.members.len() as u64) < least {
            match self.fresh(case, &draft, None) {
                Ok(Some(fresh)) => {
                    draft.members.insert(fresh.name, fresh.value);
                }
                Err(more) if !unknown => return Answer::Nothing(leaning.min(more)),
                _ => return self.give_up("a bound on the number of members"),
            }
        }
        self.filled(draft, leaning)
    }

    fn filled(&mut self, draft: Draft, leaning: Leaning) -> Answer {
        let mut whole = Map::new();
        let mut unknown = false;
        for (name, all) in draft.members {
            match self.inside(all) {
                Answer::Value(value) => {
                    whole.insert((*name).to_owned(), value);
                }
                Answer::Nothing(more) => return Answer::Nothing(leaning.min(more)),
                Answer::Unknown => unknown = true,
            }
        }
        if unknown { Answer::Unknown } else { Answer::Value(Value::Object(whole)) }
    }

    /// A member with a name that is not spelled out: each set of patterns that a name can match is one class of names.
    /// `Err` when there is certainly none, `Ok(None)` when it cannot be told.
    fn fresh(
        &mut self,
        case: &Case,
        draft: &Draft,
        some: Option<&SomeMember>,
    ) -> Result<Option<Fresh>, Leaning> {
        let mut wanted: Vec<Claim> = case.names.iter().copied().map(Claim::yes).collect();
        let mut fixed: BTreeMap<Arc<str>, bool> = BTreeMap::new();
        let mut value = Vec::new();
        match some {
            Some(SomeMember::Matching(pattern, schema)) => {
                fixed.insert(Arc::clone(pattern), true);
                value.push(Claim::no(*schema));
            }
            Some(SomeMember::Beyond(node)) => {
                for (pattern, _) in node.objects.layer.iter().flat_map(|layer| &layer.patterned) {
                    fixed.insert(Arc::clone(pattern), false);
                }
                value.extend(
                    node.objects.layer.as_ref().and_then(|layer| layer.rest).map(Claim::no),
                );
            }
            Some(SomeMember::Named(names)) => wanted.push(Claim::no(*names)),
            None => {}
        }
        let layers = case.layers.iter().filter_map(|node| node.objects.layer.as_ref());
        let mut patterns: BTreeSet<Arc<str>> = layers
            .flat_map(|layer| &layer.patterned)
            .map(|(pattern, _)| Arc::clone(pattern))
            .collect();
        patterns.extend(fixed.keys().map(Arc::clone));
        let mut taken: BTreeSet<Arc<str>> = case.declared();
        taken.extend(draft.members.keys().map(Arc::clone));
        let asked = (case, &patterns, &fixed, &value);
        match self.named(asked, wanted.clone(), &taken) {
            // With other names made up before, there might have been one left for this.
            Err(_) if draft.fresh => match self.named(asked, wanted, &case.declared()) {
                Ok(_) => Ok(None),
                none => none,
            },
            found => found,
        }
    }

    /// The same with what was asked, and the names that are taken.
    fn named(
        &mut self,
        (case, patterns, fixed, value): Asked<'_>,
        mut wanted: Vec<Claim>,
        taken: &BTreeSet<Arc<str>>,
    ) -> Result<Option<Fresh>, Leaning> {
        let arena = &mut self.memory.maker.space.arena;
        wanted.push(Claim::yes(arena.of_types(Types::STRING)));
        if !taken.is_empty() {
            let values = taken.iter().map(|name| Value::String((**name).to_owned())).collect();
            let taken = arena.intern(Keywords { values: Some(values), ..Keywords::default() });
            wanted.push(Claim::no(taken));
        }
        if patterns.len() > PATTERNS {
            self.give_up("very many patterns of member names");
            return Ok(None);
        }
        let patterns: Vec<Arc<str>> = patterns.iter().map(Arc::clone).collect();
        let (fixed, value) = (fixed.clone(), value.clone());
        let mut classes = Classes { fixed, patterns, value, leaning: FREE, unknown: false };
        let mut matched = Vec::new();
        match self.class(case, &mut classes, (&wanted, &mut matched)) {
            Some(fresh) => Ok(Some(fresh)),
            None if classes.unknown => Ok(None),
            None => Err(classes.leaning),
        }
    }

    fn class(
        &mut self,
        case: &Case,
        classes: &mut Classes,
        (name, matched): (&[Claim], &mut Vec<bool>),
    ) -> Option<Fresh> {
        if self.is_over() {
            classes.unknown = true;
            return None;
        }
        let text = match self.inside(name.iter().copied()) {
            Answer::Value(Value::String(text)) => text,
            Answer::Nothing(leaning) => {
                classes.leaning = classes.leaning.min(leaning);
                return None;
            }
            _ => {
                // There may be such a name.
                classes.unknown = true;
                return None;
            }
        };
        let Some(pattern) = classes.patterns.get(matched.len()).map(Arc::clone) else {
            let mut all = classes.value.clone();
            for node in &case.layers {
                let Some(layer) = &node.objects.layer else { continue };
                let before = all.len();
                let fits = |pattern: &Arc<str>| {
                    let known = classes.patterns.iter().position(|other| other == pattern);
                    known.and_then(|index| matched.get(index)) == Some(&true)
                };
                let said = layer.patterned.iter().filter(|(pattern, _)| fits(pattern));
                all.extend(said.map(|(_, schema)| Claim::yes(*schema)));
                if all.len() == before {
                    all.extend(layer.rest.map(Claim::yes));
                }
            }
            return match self.inside(all.iter().copied()) {
                Answer::Value(_) => {
                    let goal = claims(name.iter().copied());
                    let plain = PLAIN
                        .into_iter()
                        .find(|word| self.judge(&goal, &json!(word)) == Some(true));
                    Some(Fresh { name: Arc::from(plain.unwrap_or(&text)), value: all })
                }
                Answer::Nothing(leaning) => {
                    classes.leaning = classes.leaning.min(leaning);
                    None
                }
                Answer::Unknown => {
                    classes.unknown = true;
                    None
                }
            };
        };
        for matches in [false, true] {
            if classes.fixed.get(&pattern).is_some_and(|&fixed| fixed != matches) {
                continue;
            }
            let texts = Texts { patterns: vec![Arc::clone(&pattern)], ..Texts::default() };
            let arena = &mut self.memory.maker.space.arena;
            let id: Id = arena.intern(Keywords { texts, ..Keywords::default() });
            let mut narrowed = name.to_vec();
            narrowed.push(if matches { Claim::yes(id) } else { Claim::no(id) });
            matched.push(matches);
            let found = self.class(case, classes, (&narrowed, matched));
            matched.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// The classes of names that are looked through.
struct Classes {
    /// Patterns that must match, or must not.
    fixed: BTreeMap<Arc<str>, bool>,
    patterns: Vec<Arc<str>>,
    value: Vec<Claim>,
    leaning: Leaning,
    unknown: bool,
}
