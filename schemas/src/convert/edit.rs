//! What is done at once to members and items that are changed in a simple manner; the others go the general way.

use crate::convert::ahead::{Ahead, Open};
use crate::convert::block::after_blank;
use crate::convert::code::{COPY, Code, MemberOp, Op, OpId, TableOp, UNWATCHED};
use crate::convert::machine::Frame;
use crate::convert::member::resolve;
use crate::convert::shape::{Known, SPELLING, ShapeId};
use crate::convert::store::fire;
use crate::plan::program::NoteId;

/// Where simple edits are made: nothing waits, and nothing is being dropped.
#[derive(Debug)]
pub(super) struct Edits<'m, 'c> {
    pub(super) code: &'m Code,
    pub(super) chunk: &'c [u8],
    pub(super) out: &'m mut Vec<u8>,
    /// Input before this place of the chunk was written or dropped.
    pub(super) run: &'m mut usize,
    pub(super) fired: &'m mut [u32],
    /// Bytes that may wait for what becomes of them.
    pub(super) held: usize,
}

/// What becomes of a value.
#[derive(Clone, Copy)]
enum Turn<'m> {
    /// With what is done in it.
    Kept(OpId),
    Omitted(NoteId),
    Replaced(&'m str, NoteId),
    LookedUp(&'m TableOp),
}

impl Edits<'_, '_> {
    /// Whether all that a container needs for such an operation is a frame and a word for output names.
    pub(super) fn may_enter(&self, op: OpId) -> bool {
        match self.code.op(op) {
            Op::Object(object) => object.simple,
            Op::Array(_) => true,
            _ => false,
        }
    }

    const fn place(&self, rest: &[u8]) -> usize {
        self.chunk.len() - rest.len()
    }

    /// Writes the input up to a place that was not yet written.
    #[inline]
    fn keep_to(&mut self, to: usize) {
        self.out.extend_from_slice(self.chunk.get(*self.run..to).unwrap_or_default());
        *self.run = to;
    }

    /// Leaves out what stands from `from`, a comma, up to `after`.
    fn omit(&mut self, from: usize, after: &[u8], note: NoteId) {
        self.keep_to(from);
        *self.run = self.place(after);
        fire(self.fired, note);
    }
}

/// What becomes of a value that begins with a byte; none if it is not simple.
#[inline]
fn turn(code: &Code, op: OpId, first: u8) -> Option<Turn<'_>> {
    if op == COPY {
        return Some(Turn::Kept(COPY));
    }
    let scalar = !matches!(first, b'{' | b'[');
    let op = resolve(code, op, first, scalar);
    match code.op(op) {
        Op::Copy => Some(Turn::Kept(COPY)),
        Op::Object(_) => Some(Turn::Kept(if first == b'{' { op } else { COPY })),
        Op::Array(_) => Some(Turn::Kept(if first == b'[' { op } else { COPY })),
        Op::Omit(note) => Some(Turn::Omitted(*note)),
        Op::Replace(text, note) => Some(Turn::Replaced(text, *note)),
        Op::Table(table) => Some(Turn::LookedUp(table)),
        _ => None,
    }
}

/// What becomes of a scalar that is looked up.
fn found<'m>(code: &'m Code, table: &TableOp, token: &[u8]) -> Option<Turn<'m>> {
    let first = *token.first()?;
    let row = table.rows.find(token).unwrap_or(table.otherwise);
    match code.op(resolve(code, row, first, false)) {
        Op::Copy => Some(Turn::Kept(COPY)),
        Op::Omit(note) => Some(Turn::Omitted(*note)),
        Op::Replace(text, note) => Some(Turn::Replaced(text, *note)),
        _ => None,
    }
}

/// Notes that an output name is written; false when it was, or when one word does not have it.
#[inline]
fn set_bit(bits: &mut u64, bit: u32) -> bool {
    if bit == UNWATCHED {
        return true;
    }
    let mask = 1_u64.unbounded_shl(bit);
    let fresh = *bits & mask == 0 && mask != 0;
    *bits |= mask;
    fresh
}

impl<'m, 'c> Ahead<'m, 'c> {
    /// Takes a member that is expected, with what is done to it, if that is simple; `rest` is where it begins, after
    /// a comma or not. What follows it.
    #[inline(never)]
    pub(super) fn edited(
        &mut self,
        known: &Known,
        rest: &'c [u8],
        comma: bool,
        top: &mut Open,
    ) -> Option<&'c [u8]> {
        let edits = self.edits.as_ref()?;
        let Op::Object(object) = edits.code.op(top.frame.op) else { return None };
        let entry = match known.fate.entry {
            Some(number) => Some(object.entry(number)?),
            None => None,
        };
        let member = entry.and_then(|entry| entry.member.as_ref());
        if member.is_some_and(|member| member.take.is_some()) {
            return None;
        }
        let value = rest.get(usize::from(known.length)..)?;
        let may_omit = comma && top.frame.wrote;
        let (turn, whole) = self.decide(known.fate.op, known.inner, value, may_omit)?;
        let edits = self.edits.as_mut()?;
        let start = edits.place(rest);
        if let (Turn::Omitted(note), Some(after)) = (turn, whole) {
            edits.omit(start - 1, after, note);
            return Some(after);
        }
        let before = (edits.out.len(), *edits.run, top.bits);
        if entry.is_some_and(|entry| !set_bit(&mut top.bits, entry.bit)) {
            top.bits = before.2;
            return None;
        }
        let rename =
            if let Some(MemberOp { rename, .. }) = member { rename.as_ref() } else { None };
        if let Some((name, _)) = rename {
            edits.keep_to(start + usize::from(known.name.0));
            edits.out.extend_from_slice(name.as_bytes());
            *edits.run = start + usize::from(known.name.1);
        }
        let after = self.written(turn, known.inner, value, whole);
        let edits = self.edits.as_mut()?;
        if after.is_none() {
            edits.out.truncate(before.0);
            (*edits.run, top.bits) = (before.1, before.2);
            return None;
        }
        if let Some((_, note)) = rename {
            fire(edits.fired, *note);
        }
        top.frame.wrote = true;
        after
    }

    /// Takes an item, after a comma or not, with what is done to it, if that is simple. What follows it.
    #[inline(never)]
    pub(super) fn edited_item(
        &mut self,
        index: u32,
        rest: &'c [u8],
        comma: bool,
        top: &mut Frame,
    ) -> Option<&'c [u8]> {
        let edits = self.edits.as_ref()?;
        let Op::Array(array) = edits.code.op(top.op) else { return None };
        let value = after_blank(rest);
        let (turn, whole) = self.decide(array.item(index), top.inner, value, comma && top.wrote)?;
        if let (Turn::Omitted(note), Some(after)) = (turn, whole) {
            let edits = self.edits.as_mut()?;
            edits.omit(edits.place(rest) - 1, after, note);
            return Some(after);
        }
        let after = self.written(turn, top.inner, value, whole)?;
        top.wrote = true;
        Some(after)
    }

    /// What becomes of a value, if that is simple, and what follows it, if it was taken already.
    #[inline]
    fn decide(
        &mut self,
        op: OpId,
        id: ShapeId,
        value: &'c [u8],
        may_omit: bool,
    ) -> Option<(Turn<'m>, Option<&'c [u8]>)> {
        let Edits { code, held, .. } = *self.edits.as_ref()?;
        let mut turn = turn(code, op, *value.first()?)?;
        if matches!(turn, Turn::Kept(_)) {
            return Some((turn, None));
        }
        if matches!(turn, Turn::Omitted(_)) && !may_omit {
            return None;
        }
        let after = self.value(id, COPY, value)?;
        if !self.open.is_empty() {
            self.open.clear();
            return None;
        }
        if let Turn::LookedUp(table) = turn {
            let token = value.get(..value.len() - after.len())?;
            turn = found(code, table, token)?;
            // all from the comma on would have had to wait
            if token.len() + SPELLING > held || matches!(turn, Turn::Omitted(_)) && !may_omit {
                return None;
            }
        }
        Some((turn, Some(after)))
    }

    /// Writes a value or leaves it to be copied. What follows it.
    #[inline]
    fn written(
        &mut self,
        turn: Turn<'_>,
        id: ShapeId,
        value: &'c [u8],
        whole: Option<&'c [u8]>,
    ) -> Option<&'c [u8]> {
        match (turn, whole) {
            (Turn::Kept(op), None) => self.value(id, op, value),
            (Turn::Replaced(text, note), Some(after)) => {
                let edits = self.edits.as_mut()?;
                edits.keep_to(edits.place(value));
                edits.out.extend_from_slice(text.as_bytes());
                *edits.run = edits.place(after);
                fire(edits.fired, note);
                whole
            }
            _ => whole,
        }
    }

    /// Writes what an object lacks; `end` begins with its bracket.
    pub(super) fn close(&mut self, end: &[u8], top: &Open) {
        let Some(edits) = &mut self.edits else { return };
        let Op::Object(object) = edits.code.op(top.frame.op) else { return };
        let mut wrote = top.frame.wrote;
        for one in object.supplies.iter().filter(|one| top.bits >> (one.bit & 63) & 1 == 0) {
            edits.keep_to(edits.place(end));
            let lead = one.lead.as_bytes().get(usize::from(!wrote)..).unwrap_or_default();
            edits.out.extend_from_slice(lead);
            fire(edits.fired, one.note);
            wrote = true;
        }
    }
}
