//! Patterns as small programs of a machine with many threads (Thompson, "Regular expression search algorithm", 1968).

use std::collections::HashMap;

use regex_syntax::hir::{Capture, Class, Hir, HirKind, Look, Repetition};

use super::alphabet::{LAST, Ranges, code};
use super::ecma::{Around, Marked};
use super::fuel::Fuel;

/// A place in a program.
pub(super) type Place = u32;

/// The most steps of one program.
const STEPS: usize = 30_000;

/// One step of a program.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Reads a character of a set.
    Read { set: usize, next: Place },
    /// Goes on at each of these places.
    Fork(Vec<Place>),
    /// Goes on where this holds between two characters.
    Look { look: Look, next: Place },
    /// Goes on where what follows matches the body, or does not.
    Ahead { body: Place, negative: bool, next: Place },
    /// Goes on where what came before ends with the tracked body, or does not.
    Behind { tracked: usize, negative: bool, next: Place },
    /// Matched, whatever follows.
    Done,
    /// Matched if the text ends here.
    Here,
}

/// A pattern as a program.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) sets: Vec<Ranges>,
    /// Where the search starts.
    pub(super) start: Place,
    /// Where the bodies of look-behinds start: each matches texts that end with the body.
    pub(super) tracked: Vec<Place>,
    /// What is asked between characters anywhere.
    pub(super) looks: Vec<Look>,
}

/// Where in a pattern the writer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Pattern,
    Ahead,
    Behind,
}

/// Writes a program from the end to the start.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    program: Program,
    known: HashMap<Ranges, usize>,
    marked: &'a Marked,
    inside: Inside,
    fuel: &'a mut Fuel,
}

const DONE: Place = 0;
const HERE: Place = 1;

impl<'a> Writer<'a> {
    /// The program that searches a text for a pattern.
    pub(super) fn search(hir: &Hir, marked: &'a Marked, fuel: &'a mut Fuel) -> Option<Program> {
        let program = Program { steps: vec![Step::Done, Step::Here], ..Program::default() };
        let mut writer =
            Self { program, known: HashMap::new(), marked, inside: Inside::Pattern, fuel };
        let start = writer.write(hir, DONE)?;
        let first = if let HirKind::Concat(parts) = hir.kind() { parts.first() } else { None };
        let anchored = first.is_some_and(|first| *first.kind() == HirKind::Look(Look::Start))
            || (marked.is_empty() && hir.properties().look_set_prefix().contains(Look::Start));
        writer.program.start = if anchored { start } else { writer.anywhere(start)? };
        Some(writer.program)
    }

    fn push(&mut self, step: Step) -> Option<Place> {
        self.fuel.spend(4)?;
        let place = Place::try_from(self.program.steps.len()).ok()?;
        self.program.steps.push(step);
        (self.program.steps.len() <= STEPS).then_some(place)
    }

    /// Starts at any character.
    fn anywhere(&mut self, start: Place) -> Option<Place> {
        let fork = self.push(Step::Fork(Vec::new()))?;
        let skip = self.read(vec![(0, LAST)], fork)?;
        self.fork(fork, vec![start, skip])
    }

    fn fork(&mut self, place: Place, ways: Vec<Place>) -> Option<Place> {
        self.fuel.spend(ways.len())?;
        *self.program.steps.get_mut(place as usize)? = Step::Fork(ways);
        Some(place)
    }

    fn read(&mut self, ranges: Ranges, next: Place) -> Option<Place> {
        let fresh = self.program.sets.len();
        let set = if let Some(&known) = self.known.get(&ranges) {
            known
        } else {
            self.program.sets.push(ranges.clone());
            self.known.insert(ranges, fresh);
            fresh
        };
        self.push(Step::Read { set, next })
    }

    fn write(&mut self, hir: &Hir, next: Place) -> Option<Place> {
        match hir.kind() {
            HirKind::Empty => Some(next),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                let letters = text.chars().rev().map(code);
                letters.into_iter().try_fold(next, |next, code| self.read(vec![(code, code)], next))
            }
            HirKind::Class(class) => {
                let count = match class {
                    Class::Unicode(class) => class.ranges().len(),
                    Class::Bytes(class) => class.ranges().len(),
                };
                self.fuel.spend(count * 2)?;
                self.read(ranges(class)?, next)
            }
            HirKind::Look(look) => self.look(*look, next),
            HirKind::Repetition(repetition) => self.repeat(repetition, next),
            HirKind::Capture(capture) => self.group(capture, next),
            HirKind::Concat(parts) => {
                parts.iter().rev().try_fold(next, |next, part| self.write(part, next))
            }
            HirKind::Alternation(ways) => {
                let mut places = Vec::new();
                for way in ways {
                    places.push(self.write(way, next)?);
                }
                self.push(Step::Fork(places))
            }
        }
    }

    fn look(&mut self, look: Look, next: Place) -> Option<Place> {
        if self.inside == Inside::Behind && look != Look::Start {
            return None;
        }
        if !self.program.looks.contains(&look) {
            self.program.looks.push(look);
        }
        self.push(Step::Look { look, next })
    }

    fn repeat(&mut self, repetition: &Repetition, next: Place) -> Option<Place> {
        let mut next = match repetition.max {
            None => {
                let fork = self.push(Step::Fork(Vec::new()))?;
                let body = self.write(&repetition.sub, fork)?;
                self.fork(fork, vec![body, next])?
            }
            Some(max) => {
                let mut entry = next;
                for _ in repetition.min..max {
                    let body = self.write(&repetition.sub, entry)?;
                    entry = self.push(Step::Fork(vec![body, next]))?;
                }
                entry
            }
        };
        for _ in 0..repetition.min {
            next = self.write(&repetition.sub, next)?;
        }
        Some(next)
    }

    fn group(&mut self, capture: &Capture, next: Place) -> Option<Place> {
        let around = capture.name.as_deref().and_then(|name| self.marked.around(name));
        match around {
            None => self.write(&capture.sub, next),
            // What stands behind a place inside a body is not known where the body starts.
            Some(_) if self.inside == Inside::Behind => None,
            Some(Around::Ahead { negative }) => {
                let before = std::mem::replace(&mut self.inside, Inside::Ahead);
                let body = self.write(&capture.sub, DONE)?;
                self.inside = before;
                self.push(Step::Ahead { body, negative, next })
            }
            Some(Around::Behind { .. }) if self.inside == Inside::Ahead => None,
            Some(Around::Behind { negative }) => {
                let before = std::mem::replace(&mut self.inside, Inside::Behind);
                let body = self.write(&capture.sub, HERE)?;
                self.inside = before;
                let body = self.anywhere(body)?;
                self.program.tracked.push(body);
                let tracked = self.program.tracked.len() - 1;
                self.push(Step::Behind { tracked, negative, next })
            }
        }
    }
}

/// The codes of a class; `None` for bytes that are no characters.
pub(super) fn ranges(class: &Class) -> Option<Ranges> {
    match class {
        Class::Unicode(class) => Some(
            class.ranges().iter().map(|range| (code(range.start()), code(range.end()))).collect(),
        ),
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .map(|range| {
                range.end().is_ascii().then(|| (u32::from(range.start()), u32::from(range.end())))
            })
            .collect(),
    }
}
