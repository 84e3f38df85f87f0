//! The quick way through a chunk: whole tokens, and member names that are the ones expected.
//!
//! It begins and ends between two tokens and keeps nothing but what the slow way keeps, so that either may go on where
//! the other stopped. What does not lie in the chunk whole, is spelled oddly or is wrong, it leaves alone.

use crate::convert::block::{blank_end, literal_end, number_end, string_end};
use crate::convert::code::COPY;
use crate::convert::fault::Fault;
use crate::convert::machine::{Io, Machine, Spelling, State, Step, place_in};
use crate::convert::refused::Limits;
use crate::convert::shape::{Fate, NOBODY};

/// Where the quick way stands: twice the place in the chunk, plus one when a container was opened there and not a
/// value ended; or [`Next::HALT`]. One word, as anything larger would go through memory at each token.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Next(usize);

impl Next {
    /// It goes no further; see [`Machine::halted`].
    const HALT: Self = Self(usize::MAX);

    const fn ended(pos: usize) -> Self {
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
        let Some(top) = self.frames.last() else { return self.slow(State::Done, pos) };
        if top.object {
            return self.swift_name(io, pos, pos);
        }
        let start = blank_end(io.chunk, pos);
        if io.chunk.get(start) == Some(&b']') {
            return self.swift_close(io, start);
        }
        if top.op != COPY {
            self.arm_item(io);
        }
        self.swift_value(io, start)
    }

    /// After a value.
    #[inline]
    fn swift_after(&mut self, io: &mut Io<'_>, pos: usize) -> Next {
        let pos = blank_end(io.chunk, pos);
        let Some(top) = self.frames.last_mut() else { return self.slow(State::Done, pos) };
        match (io.chunk.get(pos), top.object) {
            (Some(b','), true) => self.swift_name(io, pos, pos + 1),
            (Some(b','), false) => {
                top.count = top.count.saturating_add(1);
                if top.op != COPY {
                    self.comma(pos);
                    self.arm_item(io);
                }
                self.swift_value(io, pos + 1)
            }
            (Some(b'}'), true) | (Some(b']'), false) => self.swift_close(io, pos),
            _ => self.slow(State::After, pos),
        }
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
        let pos = blank_end(io.chunk, pos);
        let Some(&byte) = io.chunk.get(pos) else { return self.slow(State::Value, pos) };
        if self.armed {
            if !matches!(byte, b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') {
                return self.slow(State::Value, pos);
            }
            self.state = State::Value;
            if let Err(fault) = self.value_start(io, pos, byte) {
                return self.fail(fault);
            }
        }
        let end = match byte {
            b'"' => string_end(io.chunk, pos + 1).map(|end| end + 1),
            b'{' | b'[' => {
                if self.frames.len() >= self.limits.depth as usize {
                    return self.slow(State::Value, pos);
                }
                self.enter(byte == b'{');
                return Next::opened(pos + 1);
            }
            b'-' | b'0'..=b'9' => number_end(io.chunk, pos),
            _ => literal_end(io.chunk, pos),
        };
        match end {
            Some(end) => self.swift_end(io, end),
            None => self.slow(State::Value, pos),
        }
    }

    /// A member whose name is looked for from `from` on; a comma before it is at `comma`.
    #[inline]
    fn swift_name(&mut self, io: &mut Io<'_>, comma: usize, from: usize) -> Next {
        let Some(top) = self.frames.last_mut() else { return self.slow(State::Done, comma) };
        let shape = self.shapes.at(top.shape);
        let guess = shape.and_then(|shape| shape.known.get(usize::from(top.guess)));
        let Some(known) = guess
            .filter(|known| known.is_at(io.chunk, from) && top.seen >> (top.guess & 63) & 1 == 0)
        else {
            return self.swift_search(io, comma, from);
        };
        top.seen |= 1 << (top.guess & 63);
        top.count += 1;
        top.at = top.guess;
        top.guess = known.next[0];
        top.inner = known.inner;
        top.spelling = Spelling::Known;
        let end = from + usize::from(known.length);
        if top.op == COPY {
            return self.swift_value(io, end);
        }
        let fate = known.fate;
        if fate.plain && !self.dropping {
            top.wrote = true;
            return self.swift_value(io, end);
        }
        let start = from + usize::from(known.lead);
        let name_end = start + known.name.len() + 2;
        if let Err(fault) = self.swift_member(io, fate, [comma, start, name_end]) {
            return self.fail(fault);
        }
        self.swift_value(io, end)
    }

    /// A member for which there is something to do.
    fn swift_member(
        &mut self,
        io: &mut Io<'_>,
        fate: Fate,
        places: [usize; 3],
    ) -> Result<(), Box<Fault>> {
        let [comma, start, end] = places;
        self.state = State::Name;
        if comma < start && io.chunk.get(comma) == Some(&b',') {
            self.comma(comma);
        }
        self.token_at = self.at(start);
        self.name_start(io, start);
        self.member_start(end, fate)
    }

    /// A name that is not the one expected.
    #[inline(never)]
    fn swift_search(&mut self, io: &mut Io<'_>, comma: usize, from: usize) -> Next {
        let chunk = io.chunk;
        let first = comma == from;
        let state = if first { State::NameOrEnd } else { State::After };
        let start = blank_end(chunk, from);
        if first && chunk.get(start) == Some(&b'}') {
            return self.swift_close(io, start);
        }
        let Some((end, value)) = whole_name(chunk, start) else { return self.slow(state, comma) };
        let raw = chunk.get(start + 1..end - 1).unwrap_or_default();
        let hash = io.code.key.hash(raw);
        let Some(top) = self.frames.last() else { return self.slow(state, comma) };
        if raw.len() > self.limits.name
            || top.count >= self.limits.members
            || memchr::memchr(b'\\', raw).is_some()
        {
            return self.slow(state, comma);
        }
        let before = top.at;
        let Some(known) = self.meet(io.code, raw, hash) else { return self.slow(state, comma) };
        self.point_at(known, before);
        let Some(top) = self.frames.last_mut() else { return self.slow(state, comma) };
        let (op, id) = (top.op, top.shape);
        top.count += 1;
        top.spelling = Spelling::Chunk {
            start: place_in(start as u64 + 1),
            length: place_in(raw.len() as u64),
        };
        if let Some(number) = known {
            top.spelling = Spelling::Known;
            let spelling = chunk.get(from..value).unwrap_or_default();
            self.shapes.spell(id, number, spelling, start - from);
        }
        if op != COPY {
            let fate = self.fate(io.code, known, raw, hash);
            if let Err(fault) = self.swift_member(io, fate, [comma, start, end]) {
                return self.fail(fault);
            }
        }
        self.swift_value(io, value)
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

/// The places after the name that begins at `start`, and of the value that follows its colon.
fn whole_name(chunk: &[u8], start: usize) -> Option<(usize, usize)> {
    if chunk.get(start) != Some(&b'"') {
        return None;
    }
    let end = string_end(chunk, start + 1)? + 1;
    let colon = blank_end(chunk, end);
    if chunk.get(colon) != Some(&b':') {
        return None;
    }
    let value = blank_end(chunk, colon + 1);
    (value < chunk.len()).then_some((end, value))
}
