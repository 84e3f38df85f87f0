//! The quick way through a chunk: whole tokens, and member names that are the ones expected.
//!
//! It begins and ends between two tokens and keeps nothing but what the slow way keeps, so that either may go on where
//! the other stopped. What does not lie in the chunk whole, is spelled oddly or is wrong, it leaves alone.

use crate::convert::block::{after_blank, after_scalar, after_string};
use crate::convert::code::{COPY, Op};
use crate::convert::fault::Fault;
use crate::convert::machine::{Io, Machine, Spelling, State, Step, place_in};
use crate::convert::refused::Limits;
use crate::convert::shape::{Fate, NOBODY};

/// Where the quick way stands: twice the place in the chunk, plus one when a container was opened there and not a
/// value ended; or [`Next::HALT`]. One word, as anything larger would go through memory at each token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Next(usize);

impl Next {
    /// It goes no further; see [`Machine::halted`].
    const HALT: Self = Self(usize::MAX);

    pub(super) const fn ended(pos: usize) -> Self {
        Self(pos << 1)
    }

    const fn opened(pos: usize) -> Self {
        Self(pos << 1 | 1)
    }
}

/// Bytes that must be left of a chunk for it to be worth while.
const LEAST: usize = 64;

/// Whether all that the quick way takes at once is within the limits, so that it need not look at them.
pub(super) const fn fits(limits: &Limits) -> bool {
    limits.held >= 4096 && limits.name >= 256 && limits.number >= 32 && limits.members >= 64
}

/// Places in the chunk of a member: the comma before it, or the same as its name's when it has none; the name, its
/// end, and the value with the blanks before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) comma: Option<usize>,
    pub(super) name: usize,
    pub(super) name_end: usize,
    pub(super) value: usize,
}

impl Machine {
    /// Goes as far as it can; the place where the slow way takes over.
    pub(super) fn swift(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
        if !self.quick || io.chunk.len() - pos < LEAST || self.frames.is_empty() {
            return Ok(pos);
        }
        let mut next = match self.state {
            State::After => Next::ended(pos),
            State::NameOrEnd | State::ItemOrEnd => Next::opened(pos),
            State::Value => self.swift_value(io, pos),
            _ => return Ok(pos),
        };
        while next != Next::HALT {
            let pos = next.0 >> 1;
            next =
                if next.0 & 1 == 0 { self.swift_after(io, pos) } else { self.swift_first(io, pos) };
        }
        self.halted.take().map_or_else(|| Ok(self.halted_at), Err)
    }

    /// Leaves the rest from `pos` on to the slow way.
    #[cold]
    #[inline(never)]
    fn slow(&mut self, state: State, pos: usize) -> Next {
        self.state = state;
        self.halted_at = pos;
        Next::HALT
    }

    #[cold]
    #[inline(never)]
    fn fail(&mut self, fault: Box<Fault>) -> Next {
        self.halted = Some(fault);
        Next::HALT
    }

    /// After a bracket.
    #[inline]
    fn swift_first(&mut self, io: &mut Io<'_>, pos: usize) -> Next {
        let rest = io.rest(pos);
        let Some(top) = self.frames.last_mut() else { return self.slow(State::Done, pos) };
        if top.object {
            if let Some(after) = self.ahead(io, rest, false) {
                return Next::ended(io.place(after));
            }
            return self.swift_name(io, None, pos);
        }
        let start = after_blank(rest);
        match start.first() {
            Some(b']') => return self.swift_close(io, io.place(start)),
            Some(_) => {}
            None => return self.slow(State::ItemOrEnd, pos),
        }
        let changed = top.op != COPY;
        if let Some(after) = self.ahead(io, start, false) {
            return Next::ended(io.place(after));
        }
        if changed {
            self.arm_item(io);
        }
        self.swift_value(io, io.place(start))
    }

    /// An item of an array on which there is an operation, when it is an object on which there is one too and nothing
    /// else is to be done about it.
    #[inline]
    fn swift_object(&mut self, io: &mut Io<'_>, from: usize) -> Option<Next> {
        let rest = after_blank(io.rest(from));
        if rest.first() != Some(&b'{')
            || self.dropping
            || self.pending.is_some()
            || self.store.since.is_some()
            || self.frames.len() >= self.limits.depth as usize
        {
            return None;
        }
        let top = self.frames.last_mut()?;
        let Op::Array(array) = io.code.op(top.op) else { return None };
        let op = array.item(top.count);
        let Op::Object(object) = io.code.op(op) else { return None };
        top.wrote = true;
        let pos = io.place(rest);
        self.object_start(io, op, object, self.at(pos));
        self.enter(true);
        Some(Next::opened(pos + 1))
    }

    /// After a value.
    #[inline]
    fn swift_after(&mut self, io: &mut Io<'_>, pos: usize) -> Next {
        let mut rest = after_blank(io.rest(pos));
        let Some(top) = self.frames.last() else { return self.slow(State::Done, pos) };
        let object = top.object;
        if let [b',', next @ ..] = rest {
            if !object {
                return self.swift_item(io, io.place(rest));
            }
            let level = self.frames.len();
            if let Some(after) = self.ahead(io, next, true) {
                if self.frames.len() > level {
                    return Next::ended(io.place(after));
                }
                rest = after_blank(after);
            }
        }
        let pos = io.place(rest);
        match (rest.first(), object) {
            (Some(b','), true) => self.swift_name(io, Some(pos), pos + 1),
            (Some(b'}'), true) | (Some(b']'), false) => self.swift_close(io, pos),
            _ => self.slow(State::After, pos),
        }
    }

    /// An item after the comma at `pos`.
    #[inline]
    fn swift_item(&mut self, io: &mut Io<'_>, pos: usize) -> Next {
        if let Some(after) = self.ahead(io, io.rest(pos + 1), true) {
            return Next::ended(io.place(after));
        }
        let Some(top) = self.frames.last_mut() else { return self.slow(State::Done, pos) };
        top.count = top.count.saturating_add(1);
        if top.op != COPY {
            if let Some(next) = self.swift_object(io, pos + 1) {
                return next;
            }
            self.comma(pos);
            self.arm_item(io);
        }
        self.swift_value(io, pos + 1)
    }

    #[inline]
    fn swift_close(&mut self, io: &mut Io<'_>, pos: usize) -> Next {
        if self.frames.last().is_some_and(|frame| frame.op != COPY) {
            self.state = State::After;
            if let Err(fault) = self.container_end(io, pos) {
                return self.fail(fault);
            }
        }
        if let Some(frame) = self.frames.pop() {
            self.names.leave(frame.scope);
        }
        self.swift_end(io, pos + 1)
    }

    /// A value ended before `pos`.
    #[inline]
    fn swift_end(&mut self, io: &mut Io<'_>, pos: usize) -> Next {
        if self.frames.len() == self.watch {
            self.state = State::After;
            if let Err(fault) = self.regions_end(io, pos) {
                return self.fail(fault);
            }
        }
        Next::ended(pos)
    }

    #[inline]
    fn swift_value(&mut self, io: &mut Io<'_>, pos: usize) -> Next {
        let rest = after_blank(io.rest(pos));
        let pos = io.place(rest);
        let Some(&byte) = rest.first() else { return self.slow(State::Value, pos) };
        if self.armed {
            if !matches!(byte, b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') {
                return self.slow(State::Value, pos);
            }
            self.state = State::Value;
            if let Err(fault) = self.value_start(io, pos, byte) {
                return self.fail(fault);
            }
        }
        if matches!(byte, b'{' | b'[') {
            if self.frames.len() >= self.limits.depth as usize {
                return self.slow(State::Value, pos);
            }
            self.enter(byte == b'{');
            return Next::opened(pos + 1);
        }
        match after_scalar(rest) {
            Some(after) => self.swift_end(io, io.place(after)),
            None => self.slow(State::Value, pos),
        }
    }

    /// A member whose name is looked for from `from` on.
    #[inline]
    fn swift_name(&mut self, io: &mut Io<'_>, comma: Option<usize>, from: usize) -> Next {
        let Some(top) = self.frames.last_mut() else { return self.slow(State::Done, from) };
        let shape = self.shapes.at(top.shape);
        let known = shape.and_then(|shape| shape.expected(top.guess, io.rest(from)));
        let Some(known) = known.filter(|_| top.seen >> (top.guess & 63) & 1 == 0) else {
            return self.swift_search(io, comma, from);
        };
        top.take(known);
        let [name, name_end, value] =
            [known.name.0, known.name.1, known.length].map(|at| from + usize::from(at));
        if top.op == COPY {
            return self.swift_value(io, value);
        }
        let fate = known.fate;
        self.swift_member(io, fate, Places { comma, name, name_end, value })
    }

    /// A member of an object on which there is an operation.
    #[inline]
    fn swift_member(&mut self, io: &mut Io<'_>, fate: Fate, places: Places) -> Next {
        self.state = State::Name;
        if let Some(comma) = places.comma {
            self.comma(comma);
        }
        self.token_at = self.at(places.name);
        self.name_start(io, places.name);
        if let Err(fault) = self.member_start(places.name_end, fate) {
            return self.fail(fault);
        }
        self.swift_value(io, places.value)
    }

    /// A name that is not the one expected.
    #[inline(never)]
    fn swift_search(&mut self, io: &mut Io<'_>, comma: Option<usize>, from: usize) -> Next {
        let (state, back) = comma.map_or((State::NameOrEnd, from), |comma| (State::After, comma));
        let start = after_blank(io.rest(from));
        let name = io.place(start);
        if comma.is_none() && start.first() == Some(&b'}') {
            return self.swift_close(io, name);
        }
        let Some((after, value)) = after_name(start) else { return self.slow(state, back) };
        let places = Places { comma, name, name_end: io.place(after), value: io.place(value) };
        let raw = io.chunk.get(name + 1..places.name_end - 1).unwrap_or_default();
        let Some(top) = self.frames.last() else { return self.slow(state, back) };
        if raw.len() > self.limits.name
            || top.count >= self.limits.members
            || memchr::memchr(b'\\', raw).is_some()
        {
            return self.slow(state, back);
        }
        let before = top.at;
        let hash = io.code.key.hash(raw);
        let Some(known) = self.meet(io.code, raw, hash) else { return self.slow(state, back) };
        self.point_at(known, before);
        let Some(top) = self.frames.last_mut() else { return self.slow(state, back) };
        top.count += 1;
        let length = place_in(raw.len() as u64);
        top.spelling = Spelling::Chunk { start: place_in(name as u64 + 1), length };
        if let Some(number) = known {
            top.spelling = Spelling::Known;
            let spelling = io.chunk.get(from..places.value).unwrap_or_default();
            let inside = (name - from, places.name_end - from);
            self.shapes.spell(top.shape, number, spelling, inside);
        }
        if top.op == COPY {
            return self.swift_value(io, places.value);
        }
        let fate = self.fate(io.code, known, raw, hash);
        self.swift_member(io, fate, places)
    }

    /// Points the innermost object at a name that it just met.
    pub(super) fn point_at(&mut self, known: Option<u8>, before: u8) {
        let Some(top) = self.frames.last_mut() else { return };
        top.at = known.unwrap_or(NOBODY);
        top.guess = NOBODY;
        top.inner = self.shapes.items(top.shape);
        if let Some(number) = known {
            (top.guess, top.inner) = self.shapes.follow(top.shape, before, number);
        }
    }
}

/// What follows the name that `rest` begins with, and the value that follows its colon.
fn after_name(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let after = after_string(rest.strip_prefix(b"\"")?)?;
    let value = after_blank(after_blank(after).strip_prefix(b":")?);
    (!value.is_empty()).then_some((after, value))
}
