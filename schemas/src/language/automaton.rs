//! Deterministic automata: running, complement, intersection, tidying.

use std::sync::Arc;

use super::alphabet::{Alphabet, Kind};
use super::fuel::{Fuel, Table};
use super::minimize::minimize;

/// A state of an automaton.
pub(super) type State = u32;

/// The most cells of one table: states times kinds of characters.
const CELLS: usize = 1_500_000;

/// What stands at an index, or nothing in particular; indices here are always inside.
pub(super) fn at<T: Copy + Default>(list: &[T], index: State) -> T {
    list.get(index as usize).copied().unwrap_or_default()
}

/// Puts a value at an index.
pub(super) fn put<T>(list: &mut [T], index: State, value: T) {
    if let Some(place) = list.get_mut(index as usize) {
        *place = value;
    }
}

/// A complete automaton over an alphabet, minimal and with states in the order a search finds them.
#[derive(Clone, Debug)]
pub(super) struct Dfa {
    pub(super) alphabet: Arc<Alphabet>,
    next: Arc<[State]>,
    accepts: Arc<[bool]>,
    start: State,
    /// The state from which nothing is accepted.
    pub(super) dead: Option<State>,
    /// The state from which everything is accepted.
    pub(super) full: Option<State>,
}

/// An automaton as it is being made.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Rows of successors, one cell for each kind.
    pub(super) next: Vec<State>,
    pub(super) accepts: Vec<bool>,
}

impl Draft {
    /// Adds a row; `None` when the table grows too large.
    pub(super) fn row(&mut self, row: &[State]) -> Option<()> {
        self.next.extend_from_slice(row);
        (self.next.len() <= CELLS).then_some(())
    }

    /// Tidies up: states that are not reached are left out, equal ones are joined.
    pub(super) fn finish(self, alphabet: Arc<Alphabet>, fuel: &mut Fuel) -> Option<Dfa> {
        let width = alphabet.count();
        let blocks = minimize(&self, width, fuel)?;
        // Number the blocks in the order of a search from the start.
        let mut numbers: Table<State, State> = Table::default();
        let first = at(&blocks, 0);
        numbers.insert(first, 0);
        let mut order: Vec<State> = vec![0];
        let (mut next, mut accepts) = (Vec::new(), Vec::new());
        let mut seen = 0;
        while let Some(&state) = order.get(seen) {
            seen += 1;
            fuel.spend(width)?;
            accepts.push(at(&self.accepts, state));
            let row = self.next.chunks_exact(width).nth(state as usize)?;
            for &target in row {
                let fresh = State::try_from(numbers.len()).ok()?;
                let number = *numbers.entry(at(&blocks, target)).or_insert_with(|| {
                    order.push(target);
                    fresh
                });
                next.push(number);
            }
        }
        let sink = |wanted: bool| {
            let states = next.chunks_exact(width).zip(&accepts).zip(0..);
            let mut sinks = states.filter(|((row, accepts), state)| {
                **accepts == wanted && row.iter().all(|target| target == state)
            });
            sinks.next().map(|(_, state)| state)
        };
        let (dead, full) = (sink(false), sink(true));
        Some(Dfa { alphabet, next: next.into(), accepts: accepts.into(), start: 0, dead, full })
    }
}

impl Dfa {
    /// Every string, or none.
    pub(super) fn constant(accepts: bool) -> Self {
        let (dead, full) = if accepts { (None, Some(0)) } else { (Some(0), None) };
        let alphabet = Arc::new(Alphabet::plain());
        Self { alphabet, next: [0].into(), accepts: [accepts].into(), start: 0, dead, full }
    }

    pub(super) const fn start(&self) -> State {
        self.start
    }

    pub(super) fn states(&self) -> usize {
        self.accepts.len()
    }

    /// How many kinds of characters it tells apart.
    pub(super) fn width(&self) -> usize {
        self.alphabet.count()
    }

    pub(super) fn step(&self, state: State, kind: Kind) -> State {
        let cell = (state as usize).saturating_mul(self.width()).saturating_add(usize::from(kind));
        self.next.get(cell).copied().unwrap_or_default()
    }

    /// The successors of a state, by kind.
    pub(super) fn row(&self, state: State) -> &[State] {
        let first = (state as usize).saturating_mul(self.width());
        self.next.get(first..first.saturating_add(self.width())).unwrap_or_default()
    }

    pub(super) fn accepts(&self, state: State) -> bool {
        at(&self.accepts, state)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let step = |state, letter| self.step(state, self.alphabet.kind(letter));
        self.accepts(text.chars().fold(self.start, step))
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.dead == Some(self.start)
    }

    pub(super) fn is_everything(&self) -> bool {
        self.full == Some(self.start)
    }

    /// What this one does not accept.
    pub(super) fn complement(&self) -> Self {
        let accepts = self.accepts.iter().map(|accepts| !accepts).collect();
        Self { accepts, dead: self.full, full: self.dead, ..self.clone() }
    }

    /// What both accept.
    pub(super) fn and(&self, other: &Self, fuel: &mut Fuel) -> Option<Self> {
        if self.is_nothing() || other.is_everything() {
            return Some(self.clone());
        }
        if other.is_nothing() || self.is_everything() {
            return Some(other.clone());
        }
        fuel.spend(self.width() + other.width())?;
        let (alphabet, kinds) = if Arc::ptr_eq(&self.alphabet, &other.alphabet) {
            let count = Kind::try_from(self.width()).ok()?;
            (Arc::clone(&self.alphabet), (0..count).map(|kind| (kind, kind)).collect())
        } else {
            let (alphabet, kinds) = self.alphabet.beside(&other.alphabet)?;
            (Arc::new(alphabet), kinds)
        };
        // Once one side has given up, the other does not matter.
        let settle = |pair: (State, State)| {
            if self.dead == Some(pair.0) || other.dead == Some(pair.1) { None } else { Some(pair) }
        };
        let mut numbers: Table<Option<(State, State)>, State> = Table::default();
        let start = settle((self.start, other.start));
        let mut order = vec![start];
        numbers.insert(start, 0);
        let (mut draft, mut seen) = (Draft::default(), 0);
        let mut row = Vec::with_capacity(kinds.len());
        while let Some(&pair) = order.get(seen) {
            fuel.spend(kinds.len())?;
            row.clear();
            draft
                .accepts
                .push(pair.is_some_and(|(left, right)| self.accepts(left) && other.accepts(right)));
            for &(left, right) in &kinds {
                let target = pair
                    .and_then(|pair| settle((self.step(pair.0, left), other.step(pair.1, right))));
                let fresh = State::try_from(numbers.len()).ok()?;
                row.push(*numbers.entry(target).or_insert_with(|| {
                    order.push(target);
                    fresh
                }));
            }
            draft.row(&row)?;
            seen += 1;
        }
        draft.finish(alphabet, fuel)
    }
}
