//! Values that look like the ones before: taken whole, with all that is in them, before the machine hears of it.
//!
//! As long as everything comes as expected and what is done about it is simple, a container needs no frame of the
//! machine. Where something does not, the containers that are open there become frames, so that the machine goes on
//! from there and nothing is read twice.

use crate::convert::block::{after_blank, after_scalar, after_string};
use crate::convert::code::{COPY, Op, OpId};
use crate::convert::edit::Edits;
use crate::convert::machine::{Active, Frame, Io, Machine, Spelling};
use crate::convert::names::Scope;
use crate::convert::shape::{NOBODY, NOWHERE, Shape, ShapeId, Shapes};

/// Containers inside each other that are taken at once.
const DEPTH: usize = 32;

/// A container that is open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) frame: Frame,
    /// Output names of an object, as far as one word has them.
    pub(super) bits: u64,
}

/// What a look ahead goes by.
#[derive(Debug)]
pub(super) struct Ahead<'m, 'c> {
    shapes: &'m Shapes,
    /// Containers that may still be inside each other.
    room: usize,
    /// Of a container without names that its shape does not have.
    scope: Scope,
    /// The containers that are open where it stopped, the innermost first.
    pub(super) open: &'m mut Vec<Open>,
    /// How values are changed, if they may be.
    pub(super) edits: Option<Edits<'m, 'c>>,
}

impl Machine {
    /// Takes members or items of the innermost container; `rest` is where the first of them begins, after a comma or
    /// not. What follows the last of them, if there is one: inside it, if other containers are the innermost then.
    #[inline]
    pub(super) fn ahead<'c>(
        &mut self,
        io: &mut Io<'c>,
        rest: &'c [u8],
        comma: bool,
    ) -> Option<&'c [u8]> {
        let room = (self.limits.depth as usize).saturating_sub(self.frames.len()).min(DEPTH);
        let scope = self.names.enter();
        let top = self.frames.last_mut()?;
        let mut open = Open { frame: *top, bits: 0 };
        let mut edits = None;
        let mut word = None;
        if top.op != COPY {
            if self.dropping {
                return None;
            }
            word = self.active.last().and_then(|active| self.bits.get_mut(active.bits));
            open.bits = word.as_deref().copied().unwrap_or(0);
            if self.pending.is_none() && self.waiting.is_empty() {
                edits = Some(Edits {
                    code: io.code,
                    chunk: io.chunk,
                    out: if self.store.open > 0 { &mut self.store.arena } else { &mut *io.out },
                    run: &mut io.run,
                    fired: &mut self.fired,
                    held: self.limits.held,
                });
            }
        }
        let shapes = &self.shapes;
        let mut ahead = Ahead { shapes, room, scope, open: &mut self.open, edits };
        let taken = if open.frame.object {
            ahead.members(shapes.at(open.frame.shape)?, rest, &mut open, comma)?
        } else {
            ahead.items(rest, &mut open, comma)?
        };
        *top = open.frame;
        if let Some(word) = word {
            *word = open.bits;
        }
        if !self.open.is_empty() {
            self.open_all(io);
        }
        Some(taken)
    }

    /// Makes frames of the containers in which it stopped.
    #[inline(never)]
    fn open_all(&mut self, io: &Io<'_>) {
        while let Some(Open { frame, bits }) = self.open.pop() {
            if let Op::Object(object) = io.code.op(frame.op) {
                let (op, level) = (frame.op, self.store.level());
                self.active.push(Active { op, bits: self.bits.len(), level });
                self.bits.extend((0..object.words).map(|_| bits));
            }
            self.frames.push(frame);
        }
    }
}

impl<'c> Ahead<'_, 'c> {
    /// Takes members as long as they are the ones expected; see [`Machine::ahead`].
    #[inline]
    fn members(
        &mut self,
        shape: &Shape,
        rest: &'c [u8],
        top: &mut Open,
        comma: bool,
    ) -> Option<&'c [u8]> {
        let (mut at, mut guess) = (top.frame.at, top.frame.guess);
        let (mut seen, mut count) = (top.frame.seen, 0);
        let (mut inner, mut wrote) = (top.frame.inner, top.frame.wrote);
        let (mut rest, mut comma, mut end) = (rest, comma, None);
        while let Some(next) = shape.expected(guess, rest) {
            let bit = 1 << (guess & 63);
            if seen & bit != 0 {
                break;
            }
            let after = if next.fate.plain {
                let Some(value) = rest.get(usize::from(next.length)..) else { break };
                let Some(after) = self.value(next.inner, COPY, value) else { break };
                wrote = true;
                after
            } else {
                top.frame.wrote = wrote;
                let Some(after) = self.edited(next, rest, comma, top) else { break };
                wrote = top.frame.wrote;
                after
            };
            seen |= bit;
            at = guess;
            inner = next.inner;
            guess = next.next[0];
            count += 1;
            end = Some(after);
            let [b',', next @ ..] = after else { break };
            if !self.open.is_empty() {
                break;
            }
            (rest, comma) = (next, true);
        }
        if count > 0 {
            let frame = &mut top.frame;
            frame.wrote = wrote;
            (frame.at, frame.guess, frame.seen) = (at, guess, seen);
            (frame.inner, frame.spelling) = (inner, Spelling::Known);
            frame.count += count;
        }
        end
    }

    /// Takes items; see [`Machine::ahead`].
    #[inline]
    fn items(&mut self, rest: &'c [u8], top: &mut Open, comma: bool) -> Option<&'c [u8]> {
        let (mut rest, mut comma, mut end) = (rest, comma, None);
        loop {
            let count = top.frame.count.saturating_add(u32::from(comma));
            let after = if top.frame.op == COPY {
                self.value(top.frame.inner, COPY, after_blank(rest))
            } else {
                self.edited_item(count, rest, comma, &mut top.frame)
            };
            let Some(after) = after else { break };
            top.frame.count = count;
            end = Some(after);
            let [b',', next @ ..] = after else { break };
            if !self.open.is_empty() {
                break;
            }
            (rest, comma) = (next, true);
        }
        end
    }

    /// Takes the value that `rest` begins with. What follows it, or the last that was taken of it.
    #[inline]
    pub(super) fn value(&mut self, id: ShapeId, op: OpId, rest: &'c [u8]) -> Option<&'c [u8]> {
        match rest {
            [b'"', text @ ..] => after_string(text),
            [b'{', ..] if op == COPY => self.copied_object(id, rest),
            [b'[', ..] if op == COPY => self.copied_array(id, rest),
            [b'{' | b'[', ..] => self.container(id, op, rest),
            _ => after_scalar(rest),
        }
    }

    /// Takes an object that is copied whole, as [`Self::container`] does; it has a frame only where it stops.
    #[inline(never)]
    fn copied_object(&mut self, id: ShapeId, rest: &'c [u8]) -> Option<&'c [u8]> {
        let shape = self.shapes.at(id).filter(|shape| shape.op == COPY)?;
        let inside = rest.get(1..)?;
        self.room = self.room.checked_sub(1)?;
        let (mut guess, mut at, mut inner) = (shape.first[0], NOBODY, NOWHERE);
        let (mut seen, mut count, mut rest, mut end) = (0, 0, inside, inside);
        while let Some(next) = shape.expected(guess, rest) {
            let bit = 1 << (guess & 63);
            if seen & bit != 0 {
                break;
            }
            let Some(value) = rest.get(usize::from(next.length)..) else { break };
            let Some(after) = self.value(next.inner, COPY, value) else { break };
            seen |= bit;
            (at, inner, guess) = (guess, next.inner, next.next[0]);
            count += 1;
            end = after;
            let [b',', next @ ..] = after else { break };
            if !self.open.is_empty() {
                break;
            }
            rest = next;
        }
        self.room += 1;
        let close = after_blank(end);
        match close {
            [b'}', after @ ..] if self.open.is_empty() => Some(after),
            _ if count == 0 => None,
            _ => {
                let (wrote, spelling) = (true, Spelling::Known);
                let frame = self.copied_frame(id);
                let frame = Frame { object: true, count, seen, inner, at, guess, ..frame };
                self.open.push(Open { frame: Frame { wrote, spelling, ..frame }, bits: 0 });
                Some(end)
            }
        }
    }

    /// Takes an array that is copied whole.
    #[inline(never)]
    fn copied_array(&mut self, id: ShapeId, rest: &'c [u8]) -> Option<&'c [u8]> {
        let inner = self.shapes.at(id)?.items;
        let inside = after_blank(rest.get(1..)?);
        if let [b']', after @ ..] = inside {
            return Some(after);
        }
        self.room = self.room.checked_sub(1)?;
        let (mut count, mut rest, mut end) = (0_u32, inside, None);
        while let Some(after) = self.value(inner, COPY, after_blank(rest)) {
            count = count.saturating_add(u32::from(end.is_some()));
            end = Some(after);
            let [b',', next @ ..] = after else { break };
            if !self.open.is_empty() {
                break;
            }
            rest = next;
        }
        self.room += 1;
        let end = end?;
        match after_blank(end) {
            [b']', after @ ..] if self.open.is_empty() => Some(after),
            _ => {
                let frame = Frame { count, inner, ..self.copied_frame(id) };
                self.open.push(Open { frame, bits: 0 });
                Some(end)
            }
        }
    }

    /// The frame of a container of which nothing was taken.
    const fn copied_frame(&self, shape: ShapeId) -> Frame {
        Frame {
            op: COPY,
            count: 0,
            object: false,
            wrote: false,
            scope: self.scope,
            spelling: Spelling::None,
            seen: 0,
            mixed: false,
            shape,
            inner: NOWHERE,
            at: NOBODY,
            guess: NOBODY,
        }
    }

    /// Takes a container in which something is changed; nothing is written when it does not.
    #[inline(never)]
    fn container(&mut self, id: ShapeId, op: OpId, rest: &'c [u8]) -> Option<&'c [u8]> {
        let shape = self.shapes.at(id)?;
        let (first, inside) = rest.split_first()?;
        let object = *first == b'{';
        if !self.edits.as_ref()?.may_enter(op) || object && shape.op != op {
            return None;
        }
        let mut top = Open {
            frame: Frame {
                op,
                count: 0,
                object,
                wrote: false,
                scope: self.scope,
                spelling: Spelling::None,
                seen: 0,
                mixed: false,
                shape: id,
                inner: if object { NOWHERE } else { shape.items },
                at: NOBODY,
                guess: if object { shape.first[0] } else { NOBODY },
            },
            bits: 0,
        };
        // `{` is two before `}`, and `[` before `]`
        let close = first + 2;
        let mut taken = after_blank(inside);
        if taken.first() != Some(&close) {
            self.room = self.room.checked_sub(1)?;
            let more = if object {
                self.members(shape, inside, &mut top, false)
            } else {
                self.items(inside, &mut top, false)
            };
            self.room += 1;
            taken = more?;
        }
        let end = after_blank(taken);
        match end.split_first() {
            Some((next, after)) if *next == close && self.open.is_empty() => {
                self.close(end, &top);
                Some(after)
            }
            _ => {
                self.open.push(top);
                Some(taken)
            }
        }
    }
}
