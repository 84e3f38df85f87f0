//! From programs to automata: all threads of a program at once are one state (Rabin and Scott, 1959).
//!
//! A thread that has passed a look-ahead carries on the automaton of its body; the thread counts only if that automaton
//! accepts in the end.

use std::collections::HashMap;
use std::sync::Arc;

use regex_syntax::hir::Look;

use super::alphabet::{Alphabet, Kind, Ranges, code};
use super::automaton::{Dfa, Draft, State};
use super::fuel::{Fuel, Seen, Table};
use super::program::{Place, Program, Step};

/// The most automata of look-aheads one pattern may need.
const BODIES: usize = 64;
/// The most look-aheads one thread may carry.
const CARRIED: usize = 16;

/// What is known of the character on one side of a place between characters.
type Side = u8;
/// The text ends there.
const EDGE: Side = 1;
const FEED: Side = 2;
const RETURN: Side = 4;
/// A letter of words, in Unicode's sense or ASCII's.
const WORD: Side = 8;

/// Look-aheads under way, by number; 0 for none.
type Burden = u32;
type Thread = (Place, Burden);

/// What a state of the automaton is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    before: Side,
    tracked: Vec<State>,
    /// Sorted.
    threads: Vec<Thread>,
}

/// How word boundaries are read: the validator's engine and ECMA-262 differ there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Unicode,
    Ascii,
}

/// Makes automata from one program.
#[derive(Debug)]
pub(super) struct Determinizer<'a> {
    program: &'a Program,
    alphabet: Arc<Alphabet>,
    /// Which kinds each set of the program has.
    members: Vec<Vec<bool>>,
    /// What each kind is as a side, as far as the program asks.
    sides: Vec<Side>,
    asked: Side,
    tracked: Vec<Dfa>,
    bodies: Vec<Dfa>,
    known: HashMap<(Place, bool, Side), usize>,
    burdens: Vec<Arc<[(usize, State)]>>,
    burden_of: HashMap<Arc<[(usize, State)]>, Burden>,
    fuel: &'a mut Fuel,
}

/// Whether a program minds where words begin and end.
pub(super) fn minds_words(program: &Program) -> bool {
    program.looks.iter().any(|look| sides_of(*look) & WORD != 0)
}

const fn sides_of(look: Look) -> Side {
    match look {
        Look::Start | Look::End => EDGE,
        Look::StartLF | Look::EndLF => EDGE | FEED,
        Look::StartCRLF | Look::EndCRLF => EDGE | FEED | RETURN,
        _ => EDGE | WORD,
    }
}

/// Whether a look holds between two sides.
const fn holds(look: Look, before: Side, after: Side) -> bool {
    let (word_before, word_after) = (before & WORD != 0, after & WORD != 0);
    match look {
        Look::Start => before & EDGE != 0,
        Look::End => after & EDGE != 0,
        Look::StartLF => before & (EDGE | FEED) != 0,
        Look::EndLF => after & (EDGE | FEED) != 0,
        Look::StartCRLF => {
            before & (EDGE | FEED) != 0 || (before & RETURN != 0 && after & FEED == 0)
        }
        Look::EndCRLF => {
            after & (EDGE | RETURN) != 0 || (after & FEED != 0 && before & RETURN == 0)
        }
        Look::WordAscii | Look::WordUnicode => word_before != word_after,
        Look::WordAsciiNegate | Look::WordUnicodeNegate => word_before == word_after,
        Look::WordStartAscii | Look::WordStartUnicode => !word_before && word_after,
        Look::WordEndAscii | Look::WordEndUnicode => word_before && !word_after,
        Look::WordStartHalfAscii | Look::WordStartHalfUnicode => !word_before,
        Look::WordEndHalfAscii | Look::WordEndHalfUnicode => !word_after,
    }
}

/// The letters of words.
fn word_letters(words: Words) -> Option<Ranges> {
    let pattern = if words == Words::Unicode { r"\w" } else { "[A-Za-z0-9_]" };
    match regex_syntax::parse(pattern).ok()?.kind() {
        regex_syntax::hir::HirKind::Class(class) => super::program::ranges(class),
        _ => None,
    }
}

impl<'a> Determinizer<'a> {
    pub(super) fn new(program: &'a Program, words: Words, fuel: &'a mut Fuel) -> Option<Self> {
        let asked = program.looks.iter().fold(EDGE, |all, look| all | sides_of(*look));
        let mut sets = program.sets.clone();
        let breaks = [('\n', FEED), ('\r', RETURN)];
        for (letter, side) in breaks {
            if asked & side != 0 {
                sets.push(vec![(code(letter), code(letter))]);
            }
        }
        if asked & WORD != 0 {
            sets.push(word_letters(words)?);
        }
        let (alphabet, mut members) = Alphabet::telling(&sets, fuel)?;
        let mut sides = vec![0; alphabet.count()];
        for side in [WORD, RETURN, FEED] {
            if asked & side != 0 {
                let members = members.pop()?;
                let both = sides.iter_mut().zip(members);
                both.for_each(|(had, inside)| *had |= if inside { side } else { 0 });
            }
        }
        let none: Arc<[(usize, State)]> = Arc::from([]);
        let mut made = Self {
            program,
            alphabet: Arc::new(alphabet),
            members,
            sides,
            asked,
            tracked: Vec::new(),
            bodies: Vec::new(),
            known: HashMap::new(),
            burden_of: HashMap::from([(Arc::clone(&none), 0)]),
            burdens: vec![none],
            fuel,
        };
        for &start in &program.tracked {
            let tracked = made.automaton(start, EDGE, Vec::new())?;
            made.tracked.push(tracked);
        }
        Some(made)
    }

    /// The automaton of a whole search.
    pub(super) fn search(mut self) -> Option<Dfa> {
        let tracked = self.tracked.iter().map(Dfa::start).collect();
        self.automaton(self.program.start, EDGE, tracked)
    }

    fn automaton(&mut self, start: Place, before: Side, tracked: Vec<State>) -> Option<Dfa> {
        let first = Key { before, tracked, threads: vec![(start, 0)] };
        let mut numbers: Table<Key, State> = Table::default();
        numbers.insert(first.clone(), 0);
        let mut order = vec![first];
        let (mut draft, mut seen) = (Draft::default(), 0);
        let kinds = Kind::try_from(self.alphabet.count()).ok()?;
        while let Some(key) = order.get(seen).cloned() {
            seen += 1;
            let at_end = self.resolve(&key, EDGE)?;
            draft.accepts.push(at_end.iter().any(|thread| self.ends_well(*thread)));
            let mut resolved: Vec<(Side, Vec<Thread>)> = Vec::new();
            let mut row = Vec::with_capacity(usize::from(kinds));
            for kind in 0..kinds {
                let after = self.sides.get(usize::from(kind)).copied().unwrap_or(0);
                if !resolved.iter().any(|(side, _)| *side == after) {
                    resolved.push((after, self.resolve(&key, after)?));
                }
                let threads = resolved.iter().find(|(side, _)| *side == after);
                let threads = threads.map_or(&[][..], |(_, threads)| threads);
                let target = self.read(&key, threads, (kind, after))?;
                let fresh = State::try_from(numbers.len()).ok()?;
                let number = *numbers.entry(target).or_insert_with_key(|target| {
                    order.push(target.clone());
                    fresh
                });
                row.push(number);
            }
            draft.row(&row)?;
        }
        draft.finish(Arc::clone(&self.alphabet), self.fuel)
    }

    fn ends_well(&self, (place, burden): Thread) -> bool {
        let done = matches!(self.program.steps.get(place as usize), Some(Step::Done | Step::Here));
        let carried = self.burdens.get(burden as usize).map_or(&[][..], |burden| burden);
        done && carried
            .iter()
            .all(|(body, state)| self.bodies.get(*body).is_some_and(|body| body.accepts(*state)))
    }

    /// The threads that read or have matched, where the next character is such.
    fn resolve(&mut self, key: &Key, after: Side) -> Option<Vec<Thread>> {
        let mut found = Vec::new();
        let mut seen: Seen<Thread> = Seen::default();
        let mut waiting = key.threads.clone();
        while let Some((place, burden)) = waiting.pop() {
            if !seen.insert((place, burden)) {
                continue;
            }
            self.fuel.spend(4)?;
            match self.program.steps.get(place as usize)? {
                Step::Read { .. } | Step::Done | Step::Here => found.push((place, burden)),
                Step::Fork(ways) => waiting.extend(ways.iter().map(|way| (*way, burden))),
                Step::Look { look, next } => {
                    if holds(*look, key.before, after) {
                        waiting.push((*next, burden));
                    }
                }
                Step::Behind { tracked, negative, next } => {
                    let state = key.tracked.get(*tracked).copied()?;
                    if self.tracked.get(*tracked)?.accepts(state) != *negative {
                        waiting.push((*next, burden));
                    }
                }
                &Step::Ahead { body, negative, next } => {
                    let body = self.body(body, negative, key.before)?;
                    let start = self.bodies.get(body)?.start();
                    if let Some(burden) = self.burdened(burden, (body, start))? {
                        waiting.push((next, burden));
                    }
                }
            }
        }
        Some(found)
    }

    /// The automaton of a look-ahead that starts after such a character.
    fn body(&mut self, place: Place, negative: bool, before: Side) -> Option<usize> {
        if let Some(&known) = self.known.get(&(place, negative, before)) {
            return Some(known);
        }
        if self.bodies.len() >= BODIES {
            return None;
        }
        let made = self.automaton(place, before, Vec::new())?;
        self.bodies.push(if negative { made.complement() } else { made });
        let number = self.bodies.len() - 1;
        self.known.insert((place, negative, before), number);
        Some(number)
    }

    /// A burden with one more look-ahead; `None` inside where it can never be fulfilled.
    #[expect(clippy::option_option, reason = "no fuel, and no thread, are two things")]
    fn burdened(&mut self, had: Burden, more: (usize, State)) -> Option<Option<Burden>> {
        let body = self.bodies.get(more.0)?;
        if body.dead == Some(more.1) {
            return Some(None);
        }
        if body.full == Some(more.1) {
            return Some(Some(had));
        }
        let mut all: Vec<(usize, State)> = self.burdens.get(had as usize)?.to_vec();
        all.push(more);
        self.numbered(all).map(Some)
    }

    fn numbered(&mut self, mut all: Vec<(usize, State)>) -> Option<Burden> {
        all.sort_unstable();
        all.dedup();
        if all.len() > CARRIED {
            return None;
        }
        self.fuel.spend(all.len())?;
        let all: Arc<[(usize, State)]> = Arc::from(all);
        let fresh = Burden::try_from(self.burdens.len()).ok()?;
        let number = *self.burden_of.entry(Arc::clone(&all)).or_insert(fresh);
        if number == fresh {
            self.burdens.push(all);
        }
        Some(number)
    }

    /// The state after a character.
    fn read(&mut self, key: &Key, threads: &[Thread], (kind, side): (Kind, Side)) -> Option<Key> {
        self.fuel.spend(threads.len() * 2 + 4)?;
        let mut next: Vec<Thread> = Vec::with_capacity(threads.len());
        for &(place, burden) in threads {
            let target = match self.program.steps.get(place as usize)? {
                Step::Read { set, next } => {
                    let members = self.members.get(*set)?;
                    members.get(usize::from(kind)).is_some_and(|inside| *inside).then_some(*next)
                }
                Step::Done => Some(place),
                _ => None,
            };
            if let Some(target) = target
                && let Some(burden) = self.carried(burden, kind)?
            {
                next.push((target, burden));
            }
        }
        let step = |(tracked, state): (&Dfa, &State)| tracked.step(*state, kind);
        let tracked = self.tracked.iter().zip(&key.tracked).map(step).collect();
        next.sort_unstable();
        next.dedup();
        self.lighten(&mut next)?;
        if next.iter().any(|&(place, burden)| burden == 0 && place == 0) {
            // Matched for good.
            return Some(Key { before: 0, tracked: Vec::new(), threads: vec![(0, 0)] });
        }
        Some(Key { before: side & self.asked, tracked, threads: next })
    }

    #[expect(clippy::option_option, reason = "no fuel, and no thread, are two things")]
    fn carried(&mut self, burden: Burden, kind: Kind) -> Option<Option<Burden>> {
        if burden == 0 {
            return Some(Some(0));
        }
        let mut all = Vec::new();
        let had = Arc::clone(self.burdens.get(burden as usize)?);
        for &(number, state) in had.iter() {
            let body = self.bodies.get(number)?;
            let state = body.step(state, kind);
            if body.dead == Some(state) {
                return Some(None);
            }
            if body.full != Some(state) {
                all.push((number, state));
            }
        }
        self.numbered(all).map(Some)
    }

    /// Leaves out threads that carry more than another one at the same place.
    fn lighten(&mut self, threads: &mut Vec<Thread>) -> Option<()> {
        if threads.iter().all(|(_, burden)| *burden == 0) {
            return Some(());
        }
        self.fuel.spend(threads.len() * threads.len() / 4)?;
        let carried = |burden: Burden| self.burdens.get(burden as usize).map_or(&[][..], |all| all);
        let all = threads.clone();
        threads.retain(|&(place, burden)| {
            !all.iter().any(|&(other, lighter)| {
                other == place
                    && lighter != burden
                    && carried(lighter).iter().all(|one| carried(burden).contains(one))
            })
        });
        Some(())
    }
}
