//! The search itself: goals and what is remembered of them, choices and how they are split.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::sample::node::{Keywords, Types};

use super::super::argument::{FREE, Leaning, Memory};
use super::case::{Case, Choice, Claim, Claims, claims};

/// How many goals and splits may be open inside each other.
const NESTING: usize = 160;
/// How many ways are looked ahead at before a choice is split.
const LOOKED: usize = 20_000;
/// The most ways of a choice of which the later ones are tried without the earlier.
const APART: usize = 12;
/// How many answers are kept between questions.
const REMEMBERED: usize = 100_000;
/// Steps between two looks at the caller's stop flag.
const OFTEN: u64 = 64;

/// The reason where the budget ended the search.
pub(in crate::relate) const BUDGET: &str = "the budget of steps";

/// What was found for some claims.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::relate) enum Found {
    /// A value for which they hold; where a construct was left out, perhaps not quite.
    Value(Value),
    /// That there is none.
    Nothing,
    /// Neither.
    Unknown,
}

/// The same inside the search: that there is none may lean on goals still open.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Value(Value),
    Nothing(Leaning),
    Unknown,
}

impl Answer {
    /// Nothing, if it was nothing, on one loan more.
    fn leaning(self, more: Leaning) -> Self {
        match self {
            Self::Nothing(had) if more < had => Self::Nothing(more),
            other => other,
        }
    }
}

/// One search.
#[derive(Debug)]
pub(in crate::relate) struct Solver<'a> {
    pub(super) memory: &'a mut Memory,
    steps: u64,
    open: HashMap<Claims, usize>,
    leaning: Vec<(Claims, Leaning)>,
    leaning_on: HashMap<Claims, Leaning>,
    unknown: HashSet<Claims>,
    nesting: usize,
    since: u64,
    stopped: bool,
    /// The construct at which the search first gave up.
    pub(in crate::relate) reason: Option<&'static str>,
}

/// What narrowing a case came to.
enum Narrowed {
    Done(Answer),
    Again(Leaning),
    Stuck,
}

impl<'a> Solver<'a> {
    pub(in crate::relate) fn new(memory: &'a mut Memory, steps: u64) -> Self {
        Self {
            memory,
            steps,
            open: HashMap::new(),
            leaning: Vec::new(),
            leaning_on: HashMap::new(),
            unknown: HashSet::new(),
            nesting: 0,
            since: 0,
            stopped: false,
            reason: None,
        }
    }

    /// A value for which all the claims hold, or that there is none.
    pub(in crate::relate) fn search(&mut self, all: impl IntoIterator<Item = Claim>) -> Found {
        match self.goal(&claims(all)) {
            Answer::Value(value) => Found::Value(value),
            Answer::Nothing(_) => Found::Nothing,
            Answer::Unknown => Found::Unknown,
        }
    }

    /// Steps not yet taken.
    pub(in crate::relate) const fn left(&self) -> u64 {
        self.steps
    }

    pub(super) fn spend(&mut self, steps: u64) {
        self.steps = self.steps.saturating_sub(steps);
        self.since += steps;
        if self.since >= OFTEN {
            self.since = 0;
            self.stopped |= self.memory.maker.space.is_stopped();
        }
    }

    pub(super) fn give_up(&mut self, reason: &'static str) -> Answer {
        self.reason = self.reason.or(Some(reason));
        Answer::Unknown
    }

    /// Whether the budget is spent or the nesting too deep; the reason is noted.
    pub(super) fn is_over(&mut self) -> bool {
        if self.steps == 0 || self.stopped {
            self.reason = Some(BUDGET);
            return true;
        }
        if self.nesting >= NESTING {
            self.give_up("schemas that nest too deep");
            return true;
        }
        false
    }

    /// One goal, for a value inside the values of all open goals.
    ///
    /// A goal met again inside itself has no value there: payloads are finite, so of the values of a goal one has the
    /// least depth, and none lies inside it. What leans on an open goal is kept only once that goal is closed with
    /// nothing.
    pub(super) fn goal(&mut self, goal: &Claims) -> Answer {
        if goal
            .iter()
            .any(|claim| claim.is_absurd() || goal.binary_search(&claim.opposite()).is_ok())
        {
            return Answer::Nothing(FREE);
        }
        if let Some(known) = self.memory.solved.get(goal) {
            return known.clone().map_or(Answer::Nothing(FREE), Answer::Value);
        }
        if self.unknown.contains(goal) {
            return Answer::Unknown;
        }
        if let Some(&leaning) = self.leaning_on.get(goal) {
            return Answer::Nothing(leaning);
        }
        if let Some(&index) = self.open.get(goal) {
            return Answer::Nothing(index);
        }
        if self.is_over() {
            return Answer::Unknown;
        }
        let index = self.open.len();
        self.open.insert(Arc::clone(goal), index);
        let start = self.leaning.len();
        let mut case = Case { goal: Arc::clone(goal), ..Case::default() };
        self.nesting += 1;
        let answer =
            if self.assert(&mut case, goal) { self.split(case) } else { Answer::Nothing(FREE) };
        self.nesting -= 1;
        self.open.remove(goal);
        self.close(goal, answer, (index, start))
    }

    fn close(&mut self, goal: &Claims, answer: Answer, (index, start): (usize, usize)) -> Answer {
        match answer {
            Answer::Nothing(leaning) if leaning >= index => {
                let kept: Vec<Claims> =
                    self.leaning.drain(start..).map(|(other, _)| other).collect();
                for other in kept {
                    self.leaning_on.remove(&other);
                    self.remember(&other, None);
                }
                self.remember(goal, None);
                Answer::Nothing(FREE)
            }
            Answer::Nothing(leaning) => {
                // What leant on this goal leans from now on what this goal leans on.
                for (other, had) in self.leaning.iter_mut().skip(start) {
                    *had = leaning.min(*had);
                    self.leaning_on.insert(Arc::clone(other), *had);
                }
                self.leaning_on.insert(Arc::clone(goal), leaning);
                self.leaning.push((Arc::clone(goal), leaning));
                Answer::Nothing(leaning)
            }
            other => {
                for (leant, _) in self.leaning.drain(start..) {
                    self.leaning_on.remove(&leant);
                }
                match &other {
                    Answer::Value(value) => self.remember(goal, Some(value.clone())),
                    _ => {
                        self.unknown.insert(Arc::clone(goal));
                    }
                }
                other
            }
        }
    }

    fn remember(&mut self, goal: &Claims, found: Option<Value>) {
        if self.memory.solved.len() >= REMEMBERED {
            self.memory.solved.clear();
        }
        self.memory.solved.insert(Arc::clone(goal), found);
    }

    /// A value inside the one that is looked for.
    pub(super) fn inside(&mut self, all: impl IntoIterator<Item = Claim>) -> Answer {
        self.goal(&claims(all))
    }

    /// What all claims about a value come to; `None` where it cannot be said.
    pub(super) fn judge(&mut self, goal: &Claims, value: &Value) -> Option<bool> {
        let mut sure = Some(true);
        for claim in goal.iter() {
            let before = self.memory.maker.space.done();
            let valid = self.memory.maker.space.accepts(claim.id(), value);
            self.spend(self.memory.maker.space.done() - before);
            match valid {
                Some(valid) if valid == claim.holds() => {}
                Some(_) => return Some(false),
                None => sure = None,
            }
        }
        sure
    }

    /// One case, by its choices.
    pub(super) fn split(&mut self, mut case: Case) -> Answer {
        let mut leaning = FREE;
        loop {
            let narrowed = match self.narrow(&mut case) {
                Narrowed::Stuck => self.look_ahead(&mut case),
                other => other,
            };
            match narrowed {
                Narrowed::Done(answer) => return answer.leaning(leaning),
                Narrowed::Again(more) => leaning = leaning.min(more),
                Narrowed::Stuck => return self.branch(case).leaning(leaning),
            }
        }
    }

    /// Draws conclusions that need no split.
    fn narrow(&mut self, case: &mut Case) -> Narrowed {
        if self.is_over() {
            return Narrowed::Done(Answer::Unknown);
        }
        self.spend(1);
        if case.types.is_none() {
            return Narrowed::Done(Answer::Nothing(FREE));
        }
        if let Some(node) = case.values.take() {
            return Narrowed::Done(self.among(case, node.values.iter().flatten()));
        }
        let kinds: Vec<Types> = case.types.kinds().collect();
        if kinds.len() > 1 {
            return Narrowed::Done(self.by_kind(case, &kinds));
        }
        match case.types {
            Types::NULL => return Narrowed::Done(self.among(case, [&Value::Null])),
            Types::BOOLEAN => {
                return Narrowed::Done(self.among(case, [&Value::Bool(false), &Value::Bool(true)]));
            }
            _ => {}
        }
        if let Answer::Nothing(leaning) = self.conflict(case) {
            return Narrowed::Done(Answer::Nothing(leaning));
        }
        let mut choices = std::mem::take(&mut case.choices);
        while let Some(choice) = choices.pop() {
            if choice
                .iter()
                .any(|way| way.iter().all(|claim| claim.is_plain() || case.knows(*claim)))
            {
                continue;
            }
            let possible: Vec<Vec<Claim>> =
                choice.iter().filter(|way| self.possible(case, way)).cloned().collect();
            match possible.as_slice() {
                [] => return Narrowed::Done(Answer::Nothing(FREE)),
                [only] => {
                    let fits = self.assert(case, only);
                    case.choices.append(&mut choices);
                    if !fits {
                        return Narrowed::Done(Answer::Nothing(FREE));
                    }
                    return Narrowed::Again(FREE);
                }
                _ => case.choices.push(Arc::from(possible)),
            }
        }
        if !case.choices.is_empty() {
            return Narrowed::Stuck;
        }
        if self.settle_scope(case) {
            return Narrowed::Again(FREE);
        }
        Narrowed::Done(self.leaf(case))
    }

    /// A quick look whether a way is not plainly impossible.
    fn possible(&mut self, case: &Case, way: &[Claim]) -> bool {
        self.spend(1);
        way.iter().all(|claim| {
            if claim.is_absurd() || case.knows(claim.opposite()) {
                return false;
            }
            let node = self.memory.maker.space.arena.node(claim.id());
            if claim.holds() {
                return node.types.meets(case.types);
            }
            *node != (Keywords { types: node.types, ..Keywords::default() })
                || !case.types.within(node.types)
        })
    }

    fn by_kind(&mut self, case: &Case, kinds: &[Types]) -> Answer {
        let ways = kinds.iter().map(|&kind| {
            let mut narrowed = case.clone();
            narrowed.types = kind;
            narrowed
        });
        let ways: Vec<Case> = ways.collect();
        self.any_of(ways)
    }

    fn any_of(&mut self, ways: impl IntoIterator<Item = Case>) -> Answer {
        let (mut leaning, mut unknown) = (FREE, false);
        for way in ways {
            self.nesting += 1;
            let answer = if self.is_over() { Answer::Unknown } else { self.split(way) };
            self.nesting -= 1;
            match answer {
                Answer::Value(value) => return Answer::Value(value),
                Answer::Nothing(more) => leaning = leaning.min(more),
                Answer::Unknown => unknown = true,
            }
        }
        if unknown { Answer::Unknown } else { Answer::Nothing(leaning) }
    }

    /// The first of some values for which the whole goal holds, where no other value can be.
    fn among<'v>(&mut self, case: &Case, values: impl IntoIterator<Item = &'v Value>) -> Answer {
        let mut unsure = None;
        for value in values {
            if !case.types.meets(Types::of(value)) {
                continue;
            }
            if self.is_over() {
                return Answer::Unknown;
            }
            match self.judge(&case.goal, value) {
                Some(true) => return Answer::Value(value.clone()),
                Some(false) => {}
                None => unsure = unsure.or(Some(value)),
            }
        }
        match unsure {
            None => Answer::Nothing(FREE),
            Some(_) => self.give_up(case.weak.unwrap_or("a construct that cannot be evaluated")),
        }
    }

    /// Tries every way of the open choices by itself; a choice of which one way or none is left is settled.
    fn look_ahead(&mut self, case: &mut Case) -> Narrowed {
        let ways: usize = case.choices.iter().map(|choice| choice.len()).sum();
        if case.choices.len() < 2 || ways > LOOKED {
            return Narrowed::Stuck;
        }
        let mut leaning = FREE;
        for index in 0..case.choices.len() {
            let Some(choice) = case.choices.get(index).map(Arc::clone) else { break };
            let mut left = Vec::new();
            for way in choice.iter() {
                if self.is_over() {
                    return Narrowed::Done(Answer::Unknown);
                }
                self.spend(case.weight());
                let mut tried = case.clone();
                if !self.assert(&mut tried, way) {
                    continue;
                }
                match self.conflict(&mut tried) {
                    Answer::Nothing(more) => leaning = leaning.min(more),
                    _ => left.push(way.clone()),
                }
            }
            match left.as_slice() {
                [] => return Narrowed::Done(Answer::Nothing(leaning)),
                [only] => {
                    let fits = self.assert(case, only);
                    let answer = if fits {
                        Narrowed::Again(leaning)
                    } else {
                        Narrowed::Done(Answer::Nothing(leaning))
                    };
                    return answer;
                }
                _ if left.len() < choice.len() => {
                    if let Some(place) = case.choices.get_mut(index) {
                        *place = Arc::from(left);
                    }
                }
                _ => {}
            }
        }
        let answer = self.branch(std::mem::take(case));
        Narrowed::Done(answer.leaning(leaning))
    }

    /// Splits by the choice with the fewest ways.
    fn branch(&mut self, mut case: Case) -> Answer {
        let fewest = (0..case.choices.len())
            .min_by_key(|&index| case.choices.get(index).map_or(0, |choice| choice.len()));
        let Some(fewest) = fewest else { return self.split(case) };
        let choice: Choice = case.choices.swap_remove(fewest);
        let (mut leaning, mut unknown) = (FREE, false);
        for way in choice.iter() {
            self.spend(case.weight());
            let mut narrowed = case.clone();
            if !self.assert(&mut narrowed, way) {
                continue;
            }
            match self.any_of([narrowed]) {
                Answer::Value(value) => return Answer::Value(value),
                Answer::Nothing(more) => leaning = leaning.min(more),
                Answer::Unknown => {
                    unknown = true;
                    if self.is_over() {
                        break;
                    }
                }
            }
            // The ways that follow need to be looked at only where this one does not hold.
            if let [only] = way.as_slice()
                && choice.len() <= APART
                && self.is_exact(*only)
                && !self.assert(&mut case, &[only.opposite()])
            {
                break;
            }
        }
        if unknown { Answer::Unknown } else { Answer::Nothing(leaning) }
    }

    /// Whether the opposite of a claim says just that it does not hold. That a demand of `unevaluated*` fails is taken
    /// to mean that the schemas beside it hold; its opposite would leave open whether they do.
    fn is_exact(&self, claim: Claim) -> bool {
        claim.holds() || self.memory.maker.space.arena.node(claim.id()).beside.is_empty()
    }

    /// Whether what is already known leaves no value; anything but `Nothing` says that it may.
    fn conflict(&mut self, case: &mut Case) -> Answer {
        match case.types {
            Types::OBJECT => self.members_conflict(case),
            Types::ARRAY => self.items_conflict(case),
            _ => Answer::Unknown,
        }
    }

    /// A case of one kind without choices.
    fn leaf(&mut self, case: &Case) -> Answer {
        let answer = match case.types {
            Types::OBJECT => self.object(case),
            Types::ARRAY => self.array(case),
            Types::STRING => self.text(case),
            _ => self.number(case),
        };
        let Answer::Value(value) = answer else { return answer };
        match self.judge(&case.goal, &value) {
            Some(false) => self.give_up(case.weak.unwrap_or("a construct that was not understood")),
            _ => Answer::Value(value),
        }
    }
}
