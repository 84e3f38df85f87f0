//! Sets of strings with all operations on them.

use std::sync::Arc;

use super::alphabet::{Alphabet, LAST, Ranges, code};
use super::automaton::{Dfa, Draft, State};
use super::determinize::{Determinizer, Words, minds_words};
use super::ecma;
use super::fuel::Fuel;
use super::program::Writer;

/// The most texts a set of listed ones may have, and the most characters in all of them.
const LISTED: usize = 4096;

/// A set of Unicode strings, exactly. Lengths are kept beside the automata, since they may be large.
#[derive(Clone, Debug)]
pub(crate) struct Language {
    /// For each length from this one on, in characters: who accepts strings of that length. Starts at 0, sorted.
    pub(super) spans: Vec<(u64, Arc<Dfa>)>,
}

impl Language {
    fn of(dfa: Dfa) -> Self {
        Self { spans: vec![(0, Arc::new(dfa))] }
    }

    /// All strings.
    pub(crate) fn everything() -> Self {
        Self::of(Dfa::constant(true))
    }

    /// No string.
    pub(crate) fn nothing() -> Self {
        Self::of(Dfa::constant(false))
    }

    /// Strings of so many characters.
    pub(crate) fn lengths(least: u64, most: Option<u64>) -> Self {
        Self::everything().within_lengths(least, most)
    }

    fn within_lengths(self, least: u64, most: Option<u64>) -> Self {
        let nothing = Arc::new(Dfa::constant(false));
        if most.is_some_and(|most| most < least) {
            return Self { spans: vec![(0, nothing)] };
        }
        let mut spans = self.spans;
        if least > 0 {
            let inside = spans.iter().rev().find(|(from, _)| *from <= least);
            let inside = inside.map(|(_, dfa)| (least, Arc::clone(dfa)));
            spans.retain(|(from, _)| *from > least);
            spans.splice(0..0, std::iter::once((0, Arc::clone(&nothing))).chain(inside));
        }
        if let Some(after) = most.and_then(|most| most.checked_add(1)) {
            spans.retain(|(from, _)| *from < after);
            spans.push((after, nothing));
        }
        Self { spans }
    }

    /// These strings and no others; `None` if they are too many.
    pub(crate) fn listed<'t>(
        texts: impl IntoIterator<Item = &'t str>,
        fuel: &mut Fuel,
    ) -> Option<Self> {
        let texts: Vec<&str> = texts.into_iter().collect();
        let letters: usize = texts.iter().map(|text| text.len() + 1).sum();
        if letters > LISTED {
            return None;
        }
        fuel.spend(letters)?;
        let mut all: Vec<char> = texts.iter().flat_map(|text| text.chars()).collect();
        all.sort_unstable();
        all.dedup();
        let sets: Vec<Ranges> =
            all.iter().map(|letter| vec![(code(*letter), code(*letter))]).collect();
        let (alphabet, _) = Alphabet::telling(&sets, fuel)?;
        let width = alphabet.count();
        // State 0 is the start, state 1 the one of no return, the others are beginnings of the texts.
        let mut rows: Vec<(Vec<State>, bool)> =
            vec![(vec![1; width], false), (vec![1; width], false)];
        for text in texts {
            let mut state: State = 0;
            for letter in text.chars() {
                let fresh = State::try_from(rows.len()).ok()?;
                let cell =
                    rows.get_mut(state as usize)?.0.get_mut(usize::from(alphabet.kind(letter)))?;
                if *cell == 1 {
                    *cell = fresh;
                }
                state = *cell;
                if state == fresh {
                    fuel.spend(width)?;
                    rows.push((vec![1; width], false));
                }
            }
            rows.get_mut(state as usize)?.1 = true;
        }
        let mut draft = Draft::default();
        for (row, accepts) in rows {
            draft.row(&row)?;
            draft.accepts.push(accepts);
        }
        Some(Self::of(draft.finish(Arc::new(alphabet), fuel)?))
    }

    /// The strings in which a pattern of JSON Schema is found, as the validator searches. `None` for a pattern that
    /// it does not take, that is no regular expression (back-references), or that is too large. Word boundaries are
    /// taken only where it does not matter whether letters beyond ASCII belong to words.
    pub(crate) fn pattern(pattern: &str, fuel: &mut Fuel) -> Option<Self> {
        let (hir, marked) = ecma::read(pattern)?;
        let Some(parts) = ecma::conjuncts(&hir, &marked) else {
            return Self::search(&hir, &marked, fuel);
        };
        let mut all = Self::everything();
        for (part, wanted) in parts {
            let part = Self::search(&part, &marked, fuel)?;
            all = all.and(&if wanted { part } else { part.not() }, fuel)?;
        }
        Some(all)
    }

    fn search(
        hir: &regex_syntax::hir::Hir,
        marked: &ecma::Marked,
        fuel: &mut Fuel,
    ) -> Option<Self> {
        if let Some((class, least, most)) = ecma::counted(hir, marked) {
            let all = Self::of(only(class, fuel)?);
            return Some(all.within_lengths(least, most));
        }
        let program = Writer::search(hir, marked, fuel)?;
        let made = Self::of(Determinizer::new(&program, Words::Unicode, fuel)?.search()?);
        if minds_words(&program) {
            let other = Self::of(Determinizer::new(&program, Words::Ascii, fuel)?.search()?);
            let (more, less) = (made.minus(&other, fuel)?, other.minus(&made, fuel)?);
            if !more.is_empty(fuel)? || !less.is_empty(fuel)? {
                return None;
            }
        }
        Some(made)
    }

    /// Whether a string is one of these.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let length = text.chars().count() as u64;
        let span = self.spans.iter().rev().find(|(from, _)| *from <= length);
        span.is_some_and(|(_, dfa)| dfa.matches(text))
    }

    /// All other strings.
    pub(crate) fn not(&self) -> Self {
        let mut spans: Vec<(u64, Arc<Dfa>)> = Vec::new();
        for (from, dfa) in &self.spans {
            spans.push((*from, Arc::new(dfa.complement())));
        }
        Self { spans }
    }

    /// The strings of both.
    pub(crate) fn and(&self, other: &Self, fuel: &mut Fuel) -> Option<Self> {
        let mut spans: Vec<(u64, Arc<Dfa>)> = Vec::new();
        let mut made: Vec<(&Arc<Dfa>, &Arc<Dfa>, Arc<Dfa>)> = Vec::new();
        let mut bounds: Vec<u64> =
            self.spans.iter().chain(&other.spans).map(|(from, _)| *from).collect();
        bounds.sort_unstable();
        bounds.dedup();
        for from in bounds {
            fuel.spend(8)?;
            let (left, right) = (self.at(from)?, other.at(from)?);
            let known =
                made.iter().find(|(one, two, _)| Arc::ptr_eq(one, left) && Arc::ptr_eq(two, right));
            let both = if let Some((_, _, known)) = known {
                Arc::clone(known)
            } else {
                let both = if Arc::ptr_eq(left, right) {
                    Arc::clone(left)
                } else {
                    Arc::new(left.and(right, fuel)?)
                };
                made.push((left, right, Arc::clone(&both)));
                both
            };
            let same = spans.last().is_some_and(|(_, last)| {
                Arc::ptr_eq(last, &both) || (last.is_nothing() && both.is_nothing())
            });
            if !same {
                spans.push((from, both));
            }
        }
        Some(Self { spans })
    }

    fn at(&self, length: u64) -> Option<&Arc<Dfa>> {
        self.spans.iter().rev().find(|(from, _)| *from <= length).map(|(_, dfa)| dfa)
    }

    /// The strings of either.
    pub(crate) fn or(&self, other: &Self, fuel: &mut Fuel) -> Option<Self> {
        Some(self.not().and(&other.not(), fuel)?.not())
    }

    /// The strings of this one that are not in the other.
    pub(crate) fn minus(&self, other: &Self, fuel: &mut Fuel) -> Option<Self> {
        self.and(&other.not(), fuel)
    }

    /// Whether there is no string in it.
    pub(crate) fn is_empty(&self, fuel: &mut Fuel) -> Option<bool> {
        Some(self.first_length(fuel)?.is_none())
    }

    /// Whether every string of this one is in the other.
    pub(crate) fn within(&self, other: &Self, fuel: &mut Fuel) -> Option<bool> {
        self.minus(other, fuel)?.is_empty(fuel)
    }
}

/// Strings of characters of one class.
fn only(class: Ranges, fuel: &mut Fuel) -> Option<Dfa> {
    if class == [(0, LAST)] {
        return Some(Dfa::constant(true));
    }
    let (alphabet, members) = Alphabet::telling(&[class], fuel)?;
    let mut draft = Draft::default();
    let row: Vec<State> = members.first()?.iter().map(|inside| State::from(!inside)).collect();
    draft.row(&row)?;
    draft.row(&vec![1; row.len()])?;
    draft.accepts = vec![true, false];
    draft.finish(Arc::new(alphabet), fuel)
}
