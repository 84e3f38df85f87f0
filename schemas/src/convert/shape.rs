//! What objects looked like before: for each place in a payload the member names seen there, and which followed which.
//!
//! A guess saves work and decides nothing: a name counts as known only when its bytes are the ones remembered, and the
//! names that an object already has are one bit each, so that a second one is found whatever was guessed.

use smallvec::SmallVec;

use crate::convert::block::{places, same};
use crate::convert::code::{COPY, OpId};

/// Names known at one place. Not more than bits in [`Seen`].
const KNOWN: usize = 64;

/// Names known at all places together.
const KNOWN_IN_ALL: usize = 1024;

/// Places.
const SHAPES: usize = 256;

/// Bytes of a name that is remembered.
const NAME: usize = 64;

/// Bytes of a name as it is spelled, with the blanks around it and around its colon.
const SPELLING: usize = 160;

/// The names of one object that it already has, by number.
pub(super) type Seen = u64;

/// A place in payloads, for which a shape is kept.
pub(super) type ShapeId = u16;

/// No place, or none for which there was room.
pub(super) const NOWHERE: ShapeId = ShapeId::MAX;

/// No name.
pub(super) const NOBODY: u8 = u8::MAX;

/// What becomes of a member, by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    /// Its entry, or none for an unknown name.
    pub(super) entry: Option<u32>,
    /// The operation on the value.
    pub(super) op: OpId,
    /// The whole member is copied and nothing else is to be done.
    pub(super) plain: bool,
}

impl Fate {
    /// Of all members of a copied object.
    pub(super) const COPIED: Self = Self { entry: None, op: COPY, plain: true };
}

/// A name that objects at a place had.
#[derive(Debug)]
pub(super) struct Known {
    /// Everything from the comma or bracket before the name up to the value; its first bytes, and the others.
    head: [u8; 32],
    rest: SmallVec<[u8; 16]>,
    /// The bits of [`same`] that count; none when the spelling is not known.
    wanted: u32,
    pub(super) length: u8,
    /// Blanks before the name.
    pub(super) lead: u8,
    /// The ones that came after it: the last one, and the one before.
    pub(super) next: [u8; 2],
    /// The place of its value.
    pub(super) inner: ShapeId,
    pub(super) fate: Fate,
    hash: u64,
    /// Unescaped.
    pub(super) name: SmallVec<[u8; 32]>,
}

impl Known {
    /// Whether the chunk goes on with exactly the spelling that is remembered.
    #[inline]
    pub(super) fn is_at(&self, chunk: &[u8], at: usize) -> bool {
        let Some(rest) = chunk.get(at..) else { return false };
        let Some(head) = rest.first_chunk::<32>() else { return false };
        self.wanted != 0
            && same(head, &self.head) & self.wanted == self.wanted
            && (self.rest.is_empty()
                || rest.get(32..self.length as usize) == Some(self.rest.as_slice()))
    }

    /// Remembers a spelling.
    fn spell(&mut self, spelling: &[u8], lead: usize) {
        let (Ok(length), Ok(lead)) = (u8::try_from(spelling.len()), u8::try_from(lead)) else {
            return;
        };
        let (head, rest) = spelling.split_at(spelling.len().min(32));
        self.head = [0; 32];
        self.head.iter_mut().zip(head).for_each(|(to, from)| *to = *from);
        let unused = u32::try_from(32 - head.len()).unwrap_or(0);
        self.wanted = u32::MAX.unbounded_shr(unused);
        self.rest = SmallVec::from_slice(rest);
        self.length = length;
        self.lead = lead;
    }
}

/// What objects at one place look like, or the items of arrays.
#[derive(Debug)]
pub(super) struct Shape {
    /// The operation for which the fates are.
    op: OpId,
    /// The ones that objects began with: the last one, and the one before.
    pub(super) first: [u8; 2],
    /// The place of items, or of the values of members that are not known.
    items: ShapeId,
    /// One byte of each hash.
    tags: [u8; KNOWN],
    pub(super) known: Vec<Known>,
}

impl Shape {
    fn new(op: OpId) -> Self {
        Self { op, first: [NOBODY; 2], items: NOWHERE, tags: [0; KNOWN], known: Vec::new() }
    }

    /// The number of a name.
    fn find(&self, name: &[u8], hash: u64) -> Option<u8> {
        let mut candidates = places(&self.tags, tag(hash));
        while candidates != 0 {
            let number = candidates.trailing_zeros();
            let known = self.known.get(number as usize)?;
            if known.hash == hash && *known.name == *name {
                return u8::try_from(number).ok();
            }
            candidates &= candidates - 1;
        }
        None
    }
}

#[inline]
const fn tag(hash: u64) -> u8 {
    (hash >> 56) as u8
}

/// The shapes of all places.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    all: Vec<Shape>,
    names: usize,
}

impl Shapes {
    /// The shape of a place.
    #[inline]
    pub(super) fn at(&self, id: ShapeId) -> Option<&Shape> {
        self.all.get(usize::from(id))
    }

    /// The place where the payload itself is.
    #[inline]
    pub(super) fn root(&mut self) -> ShapeId {
        if self.all.is_empty() {
            self.all.push(Shape::new(COPY));
        }
        0
    }

    /// An object begins at a place, on which there is such an operation; the number of its likely first name.
    #[inline]
    pub(super) fn enter(&mut self, id: ShapeId, op: OpId) -> u8 {
        let Some(shape) = self.all.get_mut(usize::from(id)) else { return NOBODY };
        if shape.op != op {
            self.names -= shape.known.len();
            let items = shape.items;
            *shape = Shape { items, ..Shape::new(op) };
        }
        shape.first[0]
    }

    /// What becomes of members with a name at a place.
    pub(super) fn fate(&self, id: ShapeId, number: u8) -> Option<Fate> {
        Some(self.at(id)?.known.get(usize::from(number))?.fate)
    }

    /// A name at a place, unescaped.
    pub(super) fn name(&self, id: ShapeId, number: u8) -> &[u8] {
        let known = self.at(id).and_then(|shape| shape.known.get(usize::from(number)));
        known.map_or(&[], |known| &known.name)
    }

    /// The place of items at a place.
    #[inline]
    pub(super) fn items(&self, id: ShapeId) -> ShapeId {
        self.at(id).map_or(NOWHERE, |shape| shape.items)
    }

    /// Makes a place for the values of a member, or for items and members that are not known.
    #[cold]
    pub(super) fn grow(&mut self, id: ShapeId, member: u8) -> ShapeId {
        let new = self.all.len();
        let (Some(shape), true) = (self.all.get_mut(usize::from(id)), new < SHAPES) else {
            return NOWHERE;
        };
        let Ok(new) = ShapeId::try_from(new) else { return NOWHERE };
        match shape.known.get_mut(usize::from(member)) {
            Some(known) => known.inner = new,
            None if shape.items != NOWHERE => return shape.items,
            None => shape.items = new,
        }
        self.all.push(Shape::new(COPY));
        new
    }

    /// The number of a name at a place.
    pub(super) fn find(&self, id: ShapeId, name: &[u8], hash: u64) -> Option<u8> {
        self.at(id)?.find(name, hash)
    }

    /// Takes in a name that is not known there, if there is room.
    pub(super) fn add(&mut self, id: ShapeId, name: &[u8], hash: u64, fate: Fate) -> Option<u8> {
        let shape = self.all.get_mut(usize::from(id))?;
        let number = shape.known.len();
        if number >= KNOWN || self.names >= KNOWN_IN_ALL || name.len() > NAME {
            return None;
        }
        self.names += 1;
        *shape.tags.get_mut(number)? = tag(hash);
        shape.known.push(Known {
            head: [0; 32],
            rest: SmallVec::new(),
            wanted: 0,
            length: 0,
            lead: 0,
            next: [NOBODY; 2],
            inner: NOWHERE,
            fate,
            hash,
            name: SmallVec::from_slice(name),
        });
        u8::try_from(number).ok()
    }

    /// Notes that one name came after another, or first; what is likely to come next, and the place of its value.
    pub(super) fn follow(&mut self, id: ShapeId, before: u8, number: u8) -> (u8, ShapeId) {
        let Some(shape) = self.all.get_mut(usize::from(id)) else { return (NOBODY, NOWHERE) };
        let next = match shape.known.get_mut(usize::from(before)) {
            Some(known) => &mut known.next,
            None => &mut shape.first,
        };
        if next[0] != number {
            *next = [number, next[0]];
        }
        let known = shape.known.get(usize::from(number));
        known.map_or((NOBODY, NOWHERE), |known| (known.next[0], known.inner))
    }

    /// Notes how a name is spelled, with the blanks around.
    pub(super) fn spell(&mut self, id: ShapeId, number: u8, spelling: &[u8], lead: usize) {
        let shape = self.all.get_mut(usize::from(id));
        let known = shape.and_then(|shape| shape.known.get_mut(usize::from(number)));
        if let Some(known) = known
            && spelling.len() <= SPELLING
        {
            known.spell(spelling, lead);
        }
    }
}
