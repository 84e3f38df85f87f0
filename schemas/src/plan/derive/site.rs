//! Which lenses hold at a place, in the sender's and the reader's words.

use std::collections::{BTreeMap, BTreeSet};

use crate::describe::model::{OperationKey, Status};
use crate::plan::lens::{
    CaseRule, Direction, Entry, For, MapRule, OnExtra, OnMissing, OnNull, OnRange, OnUnknown,
    Rules, Scope, ValueSource, VersionChanges, Way,
};
use crate::plan::shape::Shape;
use crate::plan::transform::Transform;
use crate::schema::Side;

/// Which message is converted, which way, and what the newer of the two versions declares.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Towards the newer version or the older.
    pub direction: Direction,
    /// Request or response: the same rule has another duty in each.
    pub side: Side,
    /// The operation in the older version; absent for plain documents.
    pub old: Option<&'a OperationKey>,
    /// The operation in the newer version; absent for plain documents.
    pub new: Option<&'a OperationKey>,
    /// The status the sender declares; absent for requests.
    pub status: Option<Status>,
    /// What the newer version declares against the older.
    pub changes: &'a VersionChanges,
}

/// A target that holds further in: entry, target, and how many of its tokens are behind us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Pending {
    entry: usize,
    target: usize,
    behind: usize,
}

/// A way to a member: its names, outermost first.
pub(super) type Path = Vec<String>;

/// The lenses that hold at one pair of nodes.
#[derive(Debug, Default)]
pub(super) struct Local<'a> {
    /// Sender's name to reader's.
    pub(super) renames: BTreeMap<&'a str, &'a str>,
    /// Sender's path to reader's.
    pub(super) moves: Vec<(Path, Path)>,
    pub(super) maps: Vec<&'a MapRule>,
    /// Values for members that the sender does not declare, by the reader's name.
    pub(super) adds: Vec<(&'a str, &'a ValueSource)>,
    /// Values for members that are absent, declared or not, by the reader's name.
    pub(super) supplies: Vec<(&'a str, &'a ValueSource)>,
    /// By the sender's name.
    pub(super) drops: BTreeSet<&'a str>,
    pub(super) on_null: BTreeMap<&'a str, &'a OnNull>,
    pub(super) on_unknown: BTreeMap<&'a str, &'a OnUnknown>,
    /// Names of members here and below.
    pub(super) cases: Vec<&'a CaseRule>,
    /// Functions of members, by the sender's or the reader's name, in the order in which they are applied.
    pub(super) ways: Vec<(&'a str, &'a Way)>,
    pub(super) on_range: BTreeMap<&'a str, &'a OnRange>,
    pub(super) on_extra: BTreeMap<&'a str, OnExtra>,
    pub(super) on_missing: BTreeMap<&'a str, OnMissing>,
    /// What holds further in.
    pub(super) pending: Vec<Pending>,
}

/// Rules of case from further out and from here, each once.
pub(super) fn with_cases<'a>(outer: &[&'a CaseRule], here: &[&'a CaseRule]) -> Vec<&'a CaseRule> {
    let mut all = outer.to_vec();
    for rule in here {
        if !all.iter().any(|one| std::ptr::eq(*one, *rule)) {
            all.push(rule);
        }
    }
    all
}

impl<'a> Local<'a> {
    /// Takes in the names that rules of case give the members of this pair; the new names, by the sender's.
    pub(super) fn spell(
        &mut self,
        outer: &[&'a CaseRule],
        direction: Direction,
        (sender, reader): (&Shape, &Shape),
    ) -> BTreeSet<&'a str> {
        self.cases = with_cases(outer, &self.cases);
        let mut spelled = BTreeSet::new();
        for (old, new) in self.cases.iter().flat_map(|rule| &rule.pairs) {
            let (from, to) = if direction == Direction::Up { (old, new) } else { (new, old) };
            let means = sender.object.properties.contains_key(from)
                && reader.object.properties.contains_key(to)
                && !reader.object.properties.contains_key(from);
            if means && !self.renames.contains_key(from.as_str()) {
                self.renames.insert(from, to);
                spelled.insert(from.as_str());
            }
        }
        spelled
    }
}

impl<'a> Site<'a> {
    /// The targets that are this message, before anything is walked.
    pub(super) fn entrance(&self) -> Vec<Pending> {
        let shapes: Vec<String> =
            [self.old, self.new].into_iter().flatten().map(OperationKey::shape).collect();
        let mut pending = Vec::new();
        for (entry, one) in self.changes.entries.iter().enumerate() {
            for (target, wanted) in one.targets.iter().enumerate() {
                if wanted.is_message(&shapes, self.status) {
                    pending.push(Pending { entry, target, behind: 0 });
                }
            }
        }
        pending
    }

    /// The functions of the value itself, in the order in which they are applied.
    pub(super) fn whole(&self, arrived: &[Pending], shapes: (&Shape, &Shape)) -> Vec<&'a Way> {
        let declared =
            |entry: &Entry| entry.rules.transforms.iter().any(|one| one.member.is_none());
        if !self.changes.entries.iter().any(declared) {
            return Vec::new();
        }
        let (here, _) = self.holding(arrived, shapes);
        let mut ways: Vec<&Way> = here
            .into_iter()
            .flat_map(|rules| &rules.transforms)
            .filter(|one| one.member.is_none())
            .filter_map(|one| one.way(self.direction))
            .collect();
        // a link that several entries declare is one link
        let mut seen: Vec<&Transform> = Vec::new();
        ways.retain(|way| {
            let again = seen.contains(&&way.transform);
            if matches!(way.transform, Transform::Link(_)) {
                seen.push(&way.transform);
            }
            !again
        });
        if self.direction == Direction::Down {
            ways.reverse();
        }
        ways
    }

    /// What holds at a pair whose nodes passed through these components.
    pub(super) fn local(&self, arrived: &[Pending], shapes: (&Shape, &Shape)) -> Local<'a> {
        let (here, pending) = self.holding(arrived, shapes);
        let mut local = Local { pending, ..Local::default() };
        for rules in here {
            self.read(rules, &mut local);
        }
        if self.direction == Direction::Down {
            local.ways.reverse();
        }
        local
    }

    /// All that holds at a pair or further in, for what is made of its value.
    pub(super) fn arriving(
        &self,
        arrived: &[Pending],
        shapes: (&Shape, &Shape),
    ) -> BTreeSet<Pending> {
        let mut pending: BTreeSet<Pending> = arrived.iter().copied().collect();
        for (entry, one) in self.changes.entries.iter().enumerate() {
            for (target, wanted) in one.targets.iter().enumerate() {
                if let Scope::Component(key) = &wanted.scope
                    && (shapes.0.names.contains(key) || shapes.1.names.contains(key))
                {
                    pending.insert(Pending { entry, target, behind: 0 });
                }
            }
        }
        pending
    }

    /// The entries that hold here, in their order, and what holds further in.
    fn holding(
        &self,
        arrived: &[Pending],
        shapes: (&Shape, &Shape),
    ) -> (Vec<&'a Rules>, Vec<Pending>) {
        let pending = self.arriving(arrived, shapes);
        let (mut rules, mut further) = (Vec::new(), Vec::new());
        let mut here = BTreeSet::new();
        for one in pending {
            let Some(entry) = self.changes.entries.get(one.entry) else { continue };
            let length = entry.targets.get(one.target).map_or(0, |target| target.within.len());
            if one.behind < length {
                further.push(one);
            } else if here.insert(one.entry) {
                rules.push(&entry.rules);
            }
        }
        (rules, further)
    }

    fn read(&self, rules: &'a Rules, local: &mut Local<'a>) {
        let up = self.direction == Direction::Up;
        for (old, new) in &rules.renames {
            local.renames.insert(if up { old } else { new }, if up { new } else { old });
        }
        for (old, new) in &rules.moves {
            let (from, to) = if up { (old, new) } else { (new, old) };
            local.moves.push((from.clone(), to.clone()));
        }
        local.maps.extend(&rules.maps);
        local.cases.extend(&rules.cases);
        let (written, dropped) =
            if up { (&rules.adds, &rules.removes) } else { (&rules.removes, &rules.adds) };
        local.adds.extend(written.iter().map(|(name, source)| (name.as_str(), source)));
        local.drops.extend(dropped.iter().map(|(name, _)| name.as_str()));
        let mine = |direction: &Direction| *direction == self.direction;
        for (direction, name, source) in &rules.supplies {
            if mine(direction) {
                local.supplies.push((name, source));
            }
        }
        for (direction, name, policy) in &rules.on_null {
            if mine(direction) {
                local.on_null.insert(name, policy);
            }
        }
        for (direction, name, policy) in &rules.on_unknown {
            if mine(direction) {
                local.on_unknown.insert(name, policy);
            }
        }
        let ways = rules
            .transforms
            .iter()
            .filter_map(|one| Some((one.member.as_deref()?, one.way(self.direction)?)));
        local.ways.extend(ways);
        for one in rules.on_range.iter().filter(|one| self.is_meant(one)) {
            local.on_range.insert(&one.member, &one.policy);
        }
        for one in rules.on_extra.iter().filter(|one| self.is_meant(one)) {
            local.on_extra.insert(&one.member, one.policy);
        }
        for one in rules.on_missing.iter().filter(|one| self.is_meant(one)) {
            local.on_missing.insert(&one.member, one.policy);
        }
    }

    /// Whether a policy holds for this message.
    fn is_meant<T>(&self, one: &For<T>) -> bool {
        one.direction == self.direction && one.side.is_none_or(|side| side == self.side)
    }

    /// The pending targets that one step inwards leaves: `names` are those of the member in both versions, or
    /// `*` for an item or a member of a map.
    pub(super) fn step(&self, pending: &[Pending], names: &[&str]) -> Vec<Pending> {
        let token = |one: &Pending| {
            let target = self.changes.entries.get(one.entry)?.targets.get(one.target)?;
            target.within.get(one.behind)
        };
        pending
            .iter()
            .filter(|one| {
                token(one).is_some_and(|token| token == "*" || names.contains(&token.as_str()))
            })
            .map(|one| Pending { behind: one.behind + 1, ..*one })
            .collect()
    }
}
