//! The structural argument: do facts about a payload imply a reader's schema? Coinductive on recursion.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::pointer::Pointer;
use crate::sample::flat::{Facts, Flat, with};
use crate::sample::make::Maker;
use crate::sample::node::{ANYTHING, Id, Keywords, NOTHING, Types};

use super::groups::Groups;
use super::solve::Claims;

/// The lowest open goal that a proof leans on.
pub(super) type Leaning = usize;
/// A proof that leans on nothing.
pub(super) const FREE: Leaning = usize::MAX;
/// Places of failure that are remembered for the search of witnesses.
const SITES: usize = 48;
/// The most values of one member a question is split by.
const VALUES: usize = 64;
/// How often in one line of argument the presence of a member or the value of one is split by.
const SPLITS: u32 = 3;

/// Facts, and what is to follow from them; [`NOTHING`] stands for a contradiction.
pub(super) type Goal = (Facts, Id);

/// A step from a value into one of its parts.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The member of that name.
    Member(Arc<str>),
    /// A member that is not spelled out, with a name that matches the pattern if there is one.
    Free(Option<Arc<str>>),
    /// The item at that index.
    Item(usize),
    /// The name of a member.
    Name,
}

/// Where the argument failed, and by which way it came there.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) frames: Vec<(Facts, Step)>,
    pub(super) facts: Facts,
    pub(super) reader: Id,
    pub(super) reason: &'static str,
    /// Whether other branches of the reader were still to be tried.
    pub(super) tentative: bool,
}

impl Site {
    /// The place in the sender's schema.
    pub(super) fn pointer(&self) -> Pointer {
        let mut pointer = Pointer::root();
        for (_, step) in &self.frames {
            match step {
                Step::Member(name) => {
                    pointer.push("properties");
                    pointer.push(name);
                }
                Step::Free(None) => pointer.push("additionalProperties"),
                Step::Free(Some(pattern)) => {
                    pointer.push("patternProperties");
                    pointer.push(pattern);
                }
                Step::Item(_) => pointer.push("items"),
                Step::Name => pointer.push("propertyNames"),
            }
        }
        pointer
    }
}

/// What is kept between questions.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) maker: Maker,
    pub(super) groups: Groups,
    pub(super) proven: HashSet<Goal>,
    /// What the search by cases found: a value, or that there is none.
    pub(super) solved: HashMap<Claims, Option<Value>>,
}

/// One question being argued.
#[derive(Debug)]
pub(super) struct Argument<'a> {
    pub(super) memory: &'a mut Memory,
    open: HashMap<Goal, (usize, u32)>,
    leaning: Vec<(Goal, Leaning)>,
    leaning_on: HashMap<Goal, (Leaning, u32)>,
    failed: HashSet<Goal>,
    steps: u32,
    nesting: usize,
    depth: u32,
    tentative: u32,
    splits: u32,
    frames: Vec<(Facts, Step)>,
    pub(super) sites: Vec<Site>,
    /// The steps ran out.
    pub(super) exhausted: bool,
    /// The nesting ran out; another try with more stack may help.
    pub(super) too_deep: bool,
}

impl<'a> Argument<'a> {
    pub(super) fn new(memory: &'a mut Memory, steps: u32, nesting: usize) -> Self {
        Self {
            memory,
            open: HashMap::new(),
            leaning: Vec::new(),
            leaning_on: HashMap::new(),
            failed: HashSet::new(),
            steps,
            nesting,
            depth: 0,
            tentative: 0,
            splits: 0,
            frames: Vec::new(),
            sites: Vec::new(),
            exhausted: false,
            too_deep: false,
        }
    }

    pub(super) fn fold(&mut self, facts: &Facts) -> Arc<Flat> {
        self.memory.maker.space.fold(facts)
    }

    pub(super) fn node(&self, id: Id) -> Arc<Keywords> {
        self.memory.maker.space.arena.node(id)
    }

    /// Whether the facts imply the reader's schema, and what the proof leans on; `None` where no proof was found.
    ///
    /// A goal met again below itself may be assumed if a step into the payload lies between: payloads are finite, so
    /// this is induction on their depth. What leans on an open goal is kept only once that goal is proved.
    pub(super) fn holds(&mut self, facts: &Facts, reader: Id) -> Option<Leaning> {
        if reader == ANYTHING
            || facts.binary_search(&reader).is_ok()
            || facts.binary_search(&NOTHING).is_ok()
        {
            return Some(FREE);
        }
        let goal = (Arc::clone(facts), reader);
        if self.memory.proven.contains(&goal) {
            return Some(FREE);
        }
        if self.failed.contains(&goal) {
            return None;
        }
        // What was proved on a loan at one depth is good at this depth and below, where the loan is as safe.
        if let Some(&(leaning, depth)) = self.leaning_on.get(&goal)
            && self.depth >= depth
        {
            return Some(leaning);
        }
        if let Some(&(index, depth)) = self.open.get(&goal) {
            return (self.depth > depth).then_some(index);
        }
        if self.steps == 0 || self.memory.maker.space.is_spent() {
            self.exhausted = true;
            return None;
        }
        self.steps -= 1;
        let index = self.open.len();
        if index >= self.nesting {
            self.too_deep = true;
            return None;
        }
        self.open.insert(goal.clone(), (index, self.depth));
        let start = self.leaning.len();
        let found = self.decide(facts, reader);
        self.open.remove(&goal);
        self.close_goal(goal, found, index, start)
    }

    fn close_goal(
        &mut self,
        goal: Goal,
        found: Option<Leaning>,
        index: usize,
        start: usize,
    ) -> Option<Leaning> {
        let Some(leaning) = found else {
            for (other, _) in self.leaning.drain(start..) {
                self.leaning_on.remove(&other);
            }
            if !self.exhausted && !self.too_deep {
                self.failed.insert(goal);
            }
            return None;
        };
        if leaning >= index {
            for (other, _) in self.leaning.drain(start..) {
                self.leaning_on.remove(&other);
                self.memory.proven.insert(other);
            }
            self.memory.proven.insert(goal);
            return Some(FREE);
        }
        // What leant on this goal leans from now on what this goal leans on.
        for (other, had) in self.leaning.iter_mut().skip(start) {
            if *had > leaning {
                *had = leaning;
                if let Some((on, _)) = self.leaning_on.get_mut(other) {
                    *on = leaning;
                }
            }
        }
        self.leaning_on.insert(goal.clone(), (leaning, self.depth));
        self.leaning.push((goal, leaning));
        Some(leaning)
    }

    /// The same one step inside the payload.
    pub(super) fn inside(
        &mut self,
        at: &Facts,
        step: Step,
        facts: &Facts,
        reader: Id,
    ) -> Option<Leaning> {
        self.frames.push((Arc::clone(at), step));
        self.depth += 1;
        let found = self.holds(facts, reader);
        self.depth -= 1;
        self.frames.pop();
        found
    }

    /// The same where failing is no harm: another way may be found.
    pub(super) fn tries(&mut self, facts: &Facts, reader: Id) -> Option<Leaning> {
        self.tentative += 1;
        let found = self.holds(facts, reader);
        self.tentative -= 1;
        found
    }

    /// From here on failing is no harm, until [`Self::leave`].
    pub(super) const fn enter(&mut self) {
        self.tentative += 1;
    }

    /// Ends what [`Self::enter`] began.
    pub(super) const fn leave(&mut self) {
        self.tentative -= 1;
    }

    /// All of these.
    pub(super) fn all(&mut self, goals: impl IntoIterator<Item = Goal>) -> Option<Leaning> {
        goals.into_iter().try_fold(FREE, |leaning, (facts, reader)| {
            Some(leaning.min(self.holds(&facts, reader)?))
        })
    }

    /// Notes where and why there is no proof.
    pub(super) fn fail(
        &mut self,
        facts: &Facts,
        reader: Id,
        reason: &'static str,
    ) -> Option<Leaning> {
        if self.sites.len() < SITES {
            self.sites.push(Site {
                frames: self.frames.clone(),
                facts: Arc::clone(facts),
                reader,
                reason,
                tentative: self.tentative > 0,
            });
        }
        None
    }

    fn decide(&mut self, facts: &Facts, reader: Id) -> Option<Leaning> {
        let flat = self.fold(facts);
        if flat.is_void() || flat.parts.contains(&reader) {
            return Some(FREE);
        }
        let listed = reader != NOTHING && flat.values.is_some();
        if !listed && let Some(found) = self.by_strings(facts, &flat, reader) {
            return found;
        }
        if reader == NOTHING {
            return self.contradiction(facts, &flat);
        }
        if let Some(values) = &flat.values {
            let mut sure = true;
            for value in values {
                match self.memory.maker.space.accepts(reader, value) {
                    Some(true) => {}
                    Some(false) => {
                        return self.fail(facts, reader, "a value the reader does not take");
                    }
                    None => sure = false,
                }
            }
            if sure {
                return Some(FREE);
            }
            if let Some(found) = self.by_strings(facts, &flat, reader) {
                return found;
            }
        }
        let groups = self.memory.groups.of(&mut self.memory.maker.space.arena, reader);
        if let [only] = &*groups
            && *only == reader
        {
            return self.one_group(facts, &flat, reader);
        }
        self.all(groups.iter().map(|&group| (Arc::clone(facts), group)))
    }

    /// The answer where only strings are left and it is known which they are.
    #[expect(clippy::option_option, reason = "no answer here, and no proof, are two things")]
    fn by_strings(&mut self, facts: &Facts, flat: &Flat, reader: Id) -> Option<Option<Leaning>> {
        if flat.types != Types::STRING {
            return None;
        }
        let within = self.memory.maker.space.strings_within(facts, reader)?;
        Some(if within {
            Some(FREE)
        } else {
            self.fail(facts, reader, "a bound or pattern on strings")
        })
    }

    fn one_group(&mut self, facts: &Facts, flat: &Flat, reader: Id) -> Option<Leaning> {
        let node = self.node(reader);
        let branching =
            node.any.is_some() || node.one.is_some() || node.unevaluated_members.is_some();
        let bare = node.objects.layer.is_some() && flat.layers.is_empty();
        if let Some(ways) = flat.choices.first()
            && (branching || bare)
        {
            let whole = node.any.iter().flatten().any(|way| flat.parts.contains(way));
            if whole {
                return Some(FREE);
            }
            return self.split(facts, ways, reader);
        }
        if let Some(ways) = flat.choices.first() {
            self.tentative += 1;
            let direct = self.direct(facts, flat, (reader, &node));
            self.tentative -= 1;
            return direct.or_else(|| self.split(facts, ways, reader));
        }
        self.direct(facts, flat, (reader, &node))
    }

    /// Whatever way is taken, the reader's schema follows.
    fn split(&mut self, facts: &Facts, ways: &[Id], reader: Id) -> Option<Leaning> {
        self.all(ways.iter().map(|&way| (with(facts, way), reader)))
    }

    /// No value fits the facts.
    fn contradiction(&mut self, facts: &Facts, flat: &Flat) -> Option<Leaning> {
        if let Some(ways) = flat.choices.first() {
            return self.split(facts, ways, NOTHING);
        }
        let kinds: Vec<Types> = flat.types.kinds().collect();
        if kinds.len() > 1 {
            return self.by_kind(facts, &kinds, NOTHING);
        }
        if flat.types == Types::OBJECT {
            for name in &flat.required {
                let member = flat.member(&mut self.memory.maker.space.patterns, name);
                let step = Step::Member(Arc::clone(name));
                self.tentative += 1;
                let found = self.inside(facts, step, &member, NOTHING);
                self.tentative -= 1;
                if found.is_some() {
                    return found;
                }
            }
        }
        if flat.types == Types::ARRAY {
            let count = usize::try_from(flat.least_items).unwrap_or(0).min(flat.positions() + 1);
            for index in 0..count {
                self.tentative += 1;
                let found = self.inside(facts, Step::Item(index), &flat.item(index), NOTHING);
                self.tentative -= 1;
                if found.is_some() {
                    return found;
                }
            }
        }
        for &barred in &flat.not {
            if let Some(found) = self.tries(facts, barred) {
                return Some(found);
            }
        }
        if self.leaf(flat, NOTHING) {
            return Some(FREE);
        }
        self.fail(facts, NOTHING, "a value that two branches, or `not`, may both take")
    }

    pub(super) fn by_kind(
        &mut self,
        facts: &Facts,
        kinds: &[Types],
        reader: Id,
    ) -> Option<Leaning> {
        let goals: Vec<Goal> = kinds
            .iter()
            .map(|&kind| {
                let kind = self.memory.maker.space.arena.of_types(kind);
                (with(facts, kind), reader)
            })
            .collect();
        self.all(goals)
    }

    /// Splits by what decides between branches: the values of a required member, or whether a member is there.
    pub(super) fn by_member(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        ways: &[Id],
        reader: Id,
    ) -> Option<Leaning> {
        if self.splits >= SPLITS || flat.types != Types::OBJECT {
            return None;
        }
        let deciding = self.deciding(ways);
        for name in &deciding {
            let member = flat.member(&mut self.memory.maker.space.patterns, name);
            let values = self.fold(&member).values.clone().unwrap_or_default();
            let required = flat.required.contains(name);
            let arena = &mut self.memory.maker.space.arena;
            let mut goals: Vec<Goal> = Vec::new();
            if required && values.len() > 1 && values.len() <= VALUES {
                for value in values {
                    let value =
                        arena.intern(Keywords { values: Some(vec![value]), ..Keywords::default() });
                    let narrowed = arena.member(name, value);
                    goals.push((with(facts, narrowed), reader));
                }
            } else if !required && !member.contains(&NOTHING) {
                let absent = arena.member(name, NOTHING);
                let present = arena.requiring(name);
                goals = vec![(with(facts, absent), reader), (with(facts, present), reader)];
            } else {
                continue;
            }
            self.splits += 1;
            let found = self.all(goals);
            self.splits -= 1;
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The members that branches require or give values to.
    fn deciding(&self, ways: &[Id]) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        let mut waiting: Vec<Id> = ways.to_vec();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) || seen.len() > VALUES {
                continue;
            }
            let node = self.node(id);
            waiting.extend(&node.all);
            let named = node.objects.layer.iter().flat_map(|layer| &layer.named);
            let valued = named
                .filter(|(_, schema)| self.node(**schema).values.is_some())
                .map(|(name, _)| name);
            for name in node.objects.required.iter().chain(valued) {
                if !names.contains(name) {
                    names.push(Arc::clone(name));
                }
            }
        }
        names
    }

    /// Whether the value is known to be accepted.
    pub(super) fn takes(&mut self, schema: Id, value: &Value) -> bool {
        self.memory.maker.space.accepts(schema, value) == Some(true)
    }
}
