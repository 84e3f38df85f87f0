//! Values that look like the ones before: taken whole, with all that is in them, before the machine hears of it.
//!
//! As long as everything comes as expected, a copied container needs no frame of the machine. Where something does
//! not, the containers that are open there become frames, so that the machine goes on from there and nothing is read
//! twice.

use crate::convert::block::{after_blank, after_scalar, after_string};
use crate::convert::code::COPY;
use crate::convert::edit::Edits;
use crate::convert::machine::{Frame, Spelling};
use crate::convert::names::Scope;
use crate::convert::shape::{NOBODY, NOWHERE, Shape, ShapeId, Shapes};

/// What a look ahead goes by.
#[derive(Debug)]
pub(super) struct Ahead<'m, 'c> {
    pub(super) shapes: &'m Shapes,
    /// Containers that may still be inside each other.
    pub(super) room: usize,
    /// Of a container without names that its shape does not have.
    pub(super) scope: Scope,
    /// The containers that are open where it stopped, the innermost first.
    pub(super) open: &'m mut Vec<Frame>,
    /// What is done to members of the outermost object, if anything may be done.
    pub(super) edits: Option<Edits<'m, 'c>>,
}

impl<'c> Ahead<'_, 'c> {
    /// Takes members as long as they are the ones expected and what is done to them is simple; `rest` is where the
    /// first of them begins, after a comma or not. What follows the last of them, if there is one: inside it, if
    /// containers are open then.
    #[inline]
    pub(super) fn members(
        &mut self,
        shape: &Shape,
        rest: &'c [u8],
        top: &mut Frame,
        comma: bool,
    ) -> Option<&'c [u8]> {
        let (mut at, mut guess, mut seen, mut count) = (top.at, top.guess, top.seen, 0);
        let (mut inner, mut wrote) = (top.inner, top.wrote);
        let (mut rest, mut comma, mut end) = (rest, comma, None);
        while let Some(next) = shape.expected(guess, rest) {
            let bit = 1 << (guess & 63);
            if seen & bit != 0 {
                break;
            }
            let after = if next.fate.plain {
                wrote = true;
                self.value(next.inner, rest.get(usize::from(next.length)..).unwrap_or_default())
            } else {
                self.edited(next, rest, comma, &mut wrote)
            };
            let Some(after) = after else { break };
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
            (top.at, top.guess, top.seen, top.count) = (at, guess, seen, top.count + count);
            (top.inner, top.wrote, top.spelling) = (inner, wrote, Spelling::Known);
        }
        end
    }

    /// Takes items of a copied array; `rest` is where the first of them begins, `commas` how many stand directly
    /// before it. What follows the last of them, if there is one: inside it, if containers are open then.
    #[inline]
    pub(super) fn items(
        &mut self,
        rest: &'c [u8],
        top: &mut Frame,
        commas: u32,
    ) -> Option<&'c [u8]> {
        let (mut rest, mut end, mut count) = (rest, None, top.count);
        let mut more = commas;
        while let Some(after) = self.value(top.inner, after_blank(rest)) {
            end = Some(after);
            count = count.saturating_add(more);
            more = 1;
            let [b',', next @ ..] = after else { break };
            if !self.open.is_empty() {
                break;
            }
            rest = next;
        }
        top.count = count;
        end
    }

    /// Takes the copied value that `rest` begins with. What follows it, or the last that was taken of it.
    #[inline]
    pub(super) fn value(&mut self, id: ShapeId, rest: &'c [u8]) -> Option<&'c [u8]> {
        match rest {
            [b'"', text @ ..] => after_string(text),
            [b'{' | b'[', ..] => self.container(id, rest),
            _ => after_scalar(rest),
        }
    }

    #[inline(never)]
    fn container(&mut self, id: ShapeId, rest: &'c [u8]) -> Option<&'c [u8]> {
        let shape = self.shapes.at(id)?;
        let (first, inside) = rest.split_first()?;
        let object = *first == b'{';
        // `{` is two before `}`, and `[` before `]`
        let close = first + 2;
        match after_blank(inside).split_first() {
            Some((next, after)) if *next == close => return Some(after),
            _ => self.room = self.room.checked_sub(1)?,
        }
        let mut frame = Frame {
            op: COPY,
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
        };
        let taken = match object {
            true if shape.op == COPY => self.members(shape, inside, &mut frame, false),
            true => None,
            false => self.items(inside, &mut frame, 0),
        };
        self.room += 1;
        let taken = taken?;
        match after_blank(taken).split_first() {
            Some((next, after)) if *next == close && self.open.is_empty() => Some(after),
            _ => {
                self.open.push(frame);
                Some(taken)
            }
        }
    }
}
