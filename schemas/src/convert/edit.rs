//! What is done at once to members and items that are changed in a simple manner; the others go the general way.

use crate::convert::ahead::Ahead;
use crate::convert::block::after_blank;
use crate::convert::code::{COPY, Code, MemberOp, Op, OpId, TableOp};
use crate::convert::member::resolve;
use crate::convert::shape::{Known, SPELLING, ShapeId};
use crate::convert::store::{fire, set_bit};
use crate::plan::program::NoteId;

/// Where simple edits are made: nothing waits, and nothing is being dropped.
#[derive(Debug)]
pub(super) struct Edits<'m, 'c> {
    pub(super) code: &'m Code,
    /// The operation on the object or array in which they are made.
    pub(super) op: OpId,
    pub(super) chunk: &'c [u8],
    pub(super) out: &'m mut Vec<u8>,
    /// Input before this place of the chunk was written or dropped.
    pub(super) run: &'m mut usize,
    pub(super) fired: &'m mut [u32],
    /// Output names that the object has.
    pub(super) bits: &'m mut [u64],
    /// Bytes that may wait for what becomes of them.
    pub(super) held: usize,
}

/// What becomes of a value.
#[derive(Clone, Copy)]
enum Turn<'m> {
    Kept,
    Omitted(NoteId),
    Replaced(&'m str, NoteId),
    LookedUp(&'m TableOp),
}

impl Edits<'_, '_> {
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

    /// Writes another text for a value, if that becomes of it.
    #[inline]
    fn replace(&mut self, turn: Turn<'_>, value: &[u8], after: &[u8]) {
        if let Turn::Replaced(text, note) = turn {
            self.keep_to(self.place(value));
            self.out.extend_from_slice(text.as_bytes());
            *self.run = self.place(after);
            fire(self.fired, note);
        }
    }
}

/// What becomes of a value that begins with a byte; none if it is not simple.
#[inline]
fn turn(code: &Code, op: OpId, first: u8) -> Option<Turn<'_>> {
    if op == COPY {
        return Some(Turn::Kept);
    }
    let scalar = !matches!(first, b'{' | b'[');
    match code.op(resolve(code, op, first, scalar)) {
        Op::Copy => Some(Turn::Kept),
        Op::Object(_) if first != b'{' => Some(Turn::Kept),
        Op::Array(_) if first != b'[' => Some(Turn::Kept),
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
        Op::Copy => Some(Turn::Kept),
        Op::Omit(note) => Some(Turn::Omitted(*note)),
        Op::Replace(text, note) => Some(Turn::Replaced(text, *note)),
        _ => None,
    }
}

impl<'m, 'c> Ahead<'m, 'c> {
    /// Takes a member that is expected, with what is done to it, if that is simple; `rest` is where it begins, after
    /// a comma or not. What follows it. `wrote` says whether something was written in the object.
    #[inline]
    pub(super) fn edited(
        &mut self,
        known: &Known,
        rest: &'c [u8],
        comma: bool,
        wrote: &mut bool,
    ) -> Option<&'c [u8]> {
        let edits = self.edits.as_ref()?;
        let Op::Object(object) = edits.code.op(edits.op) else { return None };
        let entry = match known.fate.entry {
            Some(number) => Some(object.entry(number)?),
            None => None,
        };
        let member = entry.and_then(|entry| entry.member.as_ref());
        if member.is_some_and(|member| member.take.is_some()) {
            return None;
        }
        let value = rest.get(usize::from(known.length)..)?;
        let (turn, after) = self.turned(known.fate.op, known.inner, value, comma && *wrote)?;
        let edits = self.edits.as_mut()?;
        let start = edits.place(rest);
        if let Turn::Omitted(note) = turn {
            edits.omit(start - 1, after, note);
            return Some(after);
        }
        if entry.is_some_and(|entry| !set_bit(edits.bits, entry.bit)) {
            self.open.clear();
            return None;
        }
        *wrote = true;
        if let Some(MemberOp { rename: Some((name, note)), .. }) = member {
            edits.keep_to(start + usize::from(known.name.0));
            edits.out.extend_from_slice(name.as_bytes());
            *edits.run = start + usize::from(known.name.1);
            fire(edits.fired, *note);
        }
        edits.replace(turn, value, after);
        Some(after)
    }

    /// Takes an item after a comma with what is done to it, if that is simple. What follows it. `wrote` says whether
    /// something was written in the array.
    pub(super) fn edited_item(
        &mut self,
        op: OpId,
        id: ShapeId,
        rest: &'c [u8],
        wrote: &mut bool,
    ) -> Option<&'c [u8]> {
        let value = after_blank(rest);
        let (turn, after) = self.turned(op, id, value, *wrote)?;
        let edits = self.edits.as_mut()?;
        match turn {
            Turn::Omitted(note) => edits.omit(edits.place(rest) - 1, after, note),
            turn => {
                *wrote = true;
                edits.replace(turn, value, after);
            }
        }
        Some(after)
    }

    /// What becomes of a value, if that is simple, and what follows it.
    #[inline]
    fn turned(
        &mut self,
        op: OpId,
        id: ShapeId,
        value: &'c [u8],
        may_omit: bool,
    ) -> Option<(Turn<'m>, &'c [u8])> {
        let Edits { code, held, .. } = *self.edits.as_ref()?;
        let mut turn = turn(code, op, *value.first()?)?;
        if matches!(turn, Turn::Omitted(_)) && !may_omit {
            return None;
        }
        let after = self.value(id, value)?;
        if let Turn::LookedUp(table) = turn {
            let token = value.get(..value.len() - after.len())?;
            // more than a spelling and this is not held back
            if token.len() + SPELLING > held {
                return None;
            }
            turn = found(code, table, token)?;
            if matches!(turn, Turn::Omitted(_)) && !may_omit {
                return None;
            }
        }
        if !self.open.is_empty() && !matches!(turn, Turn::Kept) {
            self.open.clear();
            return None;
        }
        Some((turn, after))
    }
}
