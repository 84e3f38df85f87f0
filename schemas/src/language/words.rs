//! Members of a set of strings: lengths, the shortest, plausible and diverse ones.

use std::collections::HashSet;

use super::alphabet::{Kind, strangeness};
use super::automaton::{Dfa, State, at, put};
use super::fuel::Fuel;
use super::set::Language;

/// The longest string that is ever made, in characters.
const LONGEST: u64 = 4096;

/// Draws a number below its argument.
pub(crate) type Choose<'c> = &'c mut dyn FnMut(u64) -> u64;

/// The states that a search stands in after some characters, in order.
type Level = Vec<State>;

/// Who leads to whom by any character.
struct Successors(Vec<Vec<State>>);

impl Successors {
    fn new(dfa: &Dfa, fuel: &mut Fuel) -> Option<Self> {
        let states = State::try_from(dfa.states()).ok()?;
        fuel.spend(dfa.states() * dfa.width())?;
        let rows = (0..states).map(|state| {
            let mut row: Vec<State> =
                dfa.row(state).iter().copied().filter(|target| dfa.dead != Some(*target)).collect();
            row.sort_unstable();
            row.dedup();
            row
        });
        Some(Self(rows.collect()))
    }

    fn after(&self, level: &Level, fuel: &mut Fuel) -> Option<Level> {
        let mut next = Vec::new();
        for &state in level {
            let row = self.0.get(state as usize)?;
            fuel.spend(row.len() + 1)?;
            next.extend_from_slice(row);
        }
        next.sort_unstable();
        next.dedup();
        Some(next)
    }
}

impl Dfa {
    /// The least length of an accepted string, among lengths from `least` to `most`.
    #[expect(clippy::option_option, reason = "no fuel, and no such string, are two things")]
    fn first_length(&self, least: u64, most: Option<u64>, fuel: &mut Fuel) -> Option<Option<u64>> {
        if self.is_nothing() {
            return Some(None);
        }
        if self.is_everything() {
            return Some(Some(least));
        }
        let successors = Successors::new(self, fuel)?;
        let (mut level, mut length): (Level, u64) = (vec![self.start()], 0);
        // The levels go round in the end: one of them is kept to notice (Brent, 1980).
        let (mut kept, mut kept_at, mut power) = (level.clone(), 0, 1);
        loop {
            if length >= least && level.iter().any(|state| self.accepts(*state)) {
                return Some(Some(length));
            }
            if level.is_empty() || most.is_some_and(|most| length >= most) {
                return Some(None);
            }
            level = successors.after(&level, fuel)?;
            length += 1;
            if level == kept {
                let round = length - kept_at;
                if kept_at >= least {
                    return Some(None);
                }
                // Whole rounds are skipped; what is left before `least` is less than one.
                length += least.saturating_sub(length) / round * round;
                kept_at = length;
                power = u64::MAX;
            } else if power != u64::MAX && length - kept_at == power {
                kept.clone_from(&level);
                kept_at = length;
                power *= 2;
            }
        }
    }

    /// For each number of characters up to `length`: the states from which that many more can be accepted.
    fn futures(&self, length: u64, fuel: &mut Fuel) -> Option<Vec<Vec<bool>>> {
        let successors = Successors::new(self, fuel)?;
        let states = State::try_from(self.states()).ok()?;
        let mut all = vec![(0..states).map(|state| self.accepts(state)).collect::<Vec<bool>>()];
        for _ in 0..length {
            let last = all.last()?;
            let mut next = vec![false; self.states()];
            for (state, row) in successors.0.iter().enumerate() {
                fuel.spend(row.len() / 4 + 1)?;
                let leads = row.iter().any(|target| at(last, *target));
                put(&mut next, State::try_from(state).ok()?, leads);
            }
            all.push(next);
        }
        Some(all)
    }

    /// An accepted string of that length: the most plausible one, or one by choice.
    fn word(&self, length: u64, choose: Option<Choose<'_>>, fuel: &mut Fuel) -> Option<String> {
        let futures = self.futures(length, fuel)?;
        let kinds = Kind::try_from(self.width()).ok()?;
        let mut choose = choose;
        let (mut state, mut text) = (self.start(), String::new());
        for left in (0..usize::try_from(length).ok()?).rev() {
            let future = futures.get(left)?;
            fuel.spend(self.width())?;
            let possible = (0..kinds).filter(|kind| at(future, self.step(state, *kind)));
            let kind = match &mut choose {
                None => possible.min_by_key(|kind| strangeness(self.alphabet.sample(*kind)))?,
                Some(choose) => {
                    let possible: Vec<Kind> = possible.collect();
                    let plain = |kind: &Kind| self.alphabet.sample(*kind).is_ascii_graphic();
                    let visible: Vec<Kind> = possible.iter().copied().filter(plain).collect();
                    // Now and then something that no keyboard shows, where it is possible.
                    let all =
                        if visible.is_empty() || choose(12) == 0 { possible } else { visible };
                    let index = choose(all.len().max(1) as u64);
                    all.get(usize::try_from(index).ok()?).copied()?
                }
            };
            text.push(match &mut choose {
                None => self.alphabet.sample(kind),
                Some(choose) => self.alphabet.some(kind, *choose),
            });
            state = self.step(state, kind);
        }
        Some(text)
    }
}

impl Language {
    fn spans(&self) -> impl Iterator<Item = (u64, Option<u64>, &Dfa)> {
        let ends = self.spans.iter().skip(1).map(|(from, _)| Some(*from - 1)).chain([None]);
        self.spans.iter().zip(ends).map(|((from, dfa), end)| (*from, end, &**dfa))
    }

    /// The least length of a member; `None` inside for the empty set.
    #[expect(clippy::option_option, reason = "no fuel, and no member, are two things")]
    pub(crate) fn first_length(&self, fuel: &mut Fuel) -> Option<Option<u64>> {
        self.next_length(0, fuel)
    }

    /// The least length of a member that has at least so many characters.
    #[expect(clippy::option_option, reason = "no fuel, and no member, are two things")]
    fn next_length(&self, least: u64, fuel: &mut Fuel) -> Option<Option<u64>> {
        for (from, end, dfa) in self.spans() {
            if end.is_some_and(|end| end < least) {
                continue;
            }
            if let Some(length) = dfa.first_length(from.max(least), end, fuel)? {
                return Some(Some(length));
            }
        }
        Some(None)
    }

    fn word(&self, length: u64, choose: Option<Choose<'_>>, fuel: &mut Fuel) -> Option<String> {
        if length > LONGEST {
            return None;
        }
        let (_, _, dfa) = self.spans().filter(|(from, _, _)| *from <= length).last()?;
        dfa.word(length, choose, fuel)
    }

    /// The shortest member, made of plausible characters; `None` where there is none or it is too long to be made.
    pub(crate) fn shortest(&self, fuel: &mut Fuel) -> Option<String> {
        let length = self.first_length(fuel)??;
        self.word(length, None, fuel)
    }

    /// Some member, of not much more than the least length.
    pub(crate) fn some(&self, choose: Choose<'_>, fuel: &mut Fuel) -> Option<String> {
        let first = self.first_length(fuel)??;
        let wanted = first + choose(first.clamp(9, 24));
        let length = self.next_length(wanted, fuel)?.filter(|length| *length <= wanted + 64);
        self.word(length.unwrap_or(first), Some(choose), fuel)
    }

    /// Members of diverse lengths, at most `most`: the shortest, the next lengths, the longest if it is not far.
    pub(crate) fn members(&self, most: usize, fuel: &mut Fuel) -> Vec<String> {
        let mut lengths = Vec::new();
        let mut least = 0;
        while lengths.len() < most.max(2) / 2 {
            let Some(Some(length)) = self.next_length(least, fuel) else { break };
            lengths.push(length);
            least = length + 1;
        }
        lengths.extend(self.last_length(fuel).flatten());
        // Where lengths are bounded by another part, just inside and just outside tells most.
        lengths.extend(self.spans.iter().map(|(from, _)| *from).filter(|from| *from > 0));
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut choose = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below.max(1)
        };
        let mut found: Vec<String> = Vec::new();
        for length in lengths {
            let Some(Some(exact)) = self.next_length(length, fuel) else { continue };
            if exact != length || exact > LONGEST {
                continue;
            }
            found.extend(self.word(length, None, fuel));
            found.extend(self.word(length, Some(&mut choose), fuel));
        }
        let mut seen = HashSet::new();
        found.retain(|text| seen.insert(text.clone()));
        found.truncate(most);
        found
    }

    /// The greatest length of a member; `None` inside when there is no greatest, or no member.
    #[expect(clippy::option_option, reason = "no fuel, and no such length, are two things")]
    pub(crate) fn last_length(&self, fuel: &mut Fuel) -> Option<Option<u64>> {
        let all: Vec<_> = self.spans().collect();
        for (from, end, dfa) in all.into_iter().rev() {
            let Some(first) = dfa.first_length(from, end, fuel)? else { continue };
            let Some(end) = end else { return dfa.last_length(from.max(first), fuel) };
            // Look back from the end of the span, as far as strings can be made anyway.
            for length in (first..=end).rev().take(64) {
                if dfa.first_length(length, Some(length), fuel)?.is_some() {
                    return Some(Some(length));
                }
            }
            return Some(Some(first));
        }
        Some(None)
    }
}

impl Dfa {
    /// The greatest length of an accepted string of at least `from` characters, if there is a greatest.
    #[expect(clippy::option_option, reason = "no fuel, and no such length, are two things")]
    fn last_length(&self, from: u64, fuel: &mut Fuel) -> Option<Option<u64>> {
        let successors = Successors::new(self, fuel)?;
        let (mut level, mut length, mut last): (Level, u64, Option<u64>) =
            (vec![self.start()], 0, None);
        // Longer than there are states means: round and round.
        while !level.is_empty() {
            if length > self.states() as u64 {
                return Some(None);
            }
            if length >= from && level.iter().any(|state| self.accepts(*state)) {
                last = Some(length);
            }
            level = successors.after(&level, fuel)?;
            length += 1;
        }
        Some(last)
    }
}
