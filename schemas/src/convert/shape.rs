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
const KNOWN_IN_ALL: usize = 512;

/// Places.
const SHAPES: usize = 128;

/// Bytes of a name that is remembered.
const NAME: usize = 64;

/// Bytes of a name as it is spelled, with the blanks around it and around its colon.
pub(super) const SPELLING: usize = 160;

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

/// What is expected where a name that objects at a place had comes again. One cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Known {
    /// Everything from the comma or bracket before the name up to the value; its first bytes.
    head: [u8; HEAD],
    /// The bits of [`same`] that count.
    wanted: u32,
    /// Bytes of the spelling; 0 when none is remembered.
    pub(super) length: u8,
    /// Where in the spelling the name begins and ends, with its quotes.
    pub(super) name: (u8, u8),
    /// The ones that came after it: the last one, and the one before.
    pub(super) next: [u8; 2],
    /// The place of its value.
    pub(super) inner: ShapeId,
    pub(super) fate: Fate,
}

/// Bytes of a spelling that are compared at once.
const HEAD: usize = 32;

/// A name.
#[derive(Debug)]
struct Name {
    hash: u64,
    /// Unescaped.
    text: SmallVec<[u8; 32]>,
    /// What comes after [`Known::head`].
    rest: SmallVec<[u8; 16]>,
}

impl Known {
    /// Whether `rest` begins with exactly the first bytes of the spelling.
    #[inline]
    pub(super) fn leads(&self, rest: &[u8]) -> bool {
        let head = rest.first_chunk::<HEAD>();
        head.is_some_and(|head| same(head, &self.head) & self.wanted == self.wanted)
    }
}

/// What objects at one place look like, or the items of arrays.
#[derive(Debug)]
pub(super) struct Shape {
    /// The operation for which the fates are.
    pub(super) op: OpId,
    /// The ones that objects began with: the last one, and the one before.
    pub(super) first: [u8; 2],
    /// The place of items, or of the values of members that are not known.
    pub(super) items: ShapeId,
    /// One byte of each hash.
    tags: [u8; KNOWN],
    pub(super) known: Vec<Known>,
    names: Vec<Name>,
}

impl Shape {
    fn new(op: OpId) -> Self {
        Self {
            op,
            first: [NOBODY; 2],
            items: NOWHERE,
            tags: [0; KNOWN],
            known: Vec::new(),
            names: Vec::new(),
        }
    }

    /// The number of a name.
    fn find(&self, name: &[u8], hash: u64) -> Option<u8> {
        let mut candidates = places(&self.tags, tag(hash));
        while candidates != 0 {
            let number = candidates.trailing_zeros();
            let known = self.names.get(number as usize)?;
            if known.hash == hash && *known.text == *name {
                return u8::try_from(number).ok();
            }
            candidates &= candidates - 1;
        }
        None
    }

    /// The name with this number, if `rest` begins with it.
    #[inline]
    pub(super) fn expected(&self, number: u8, rest: &[u8]) -> Option<&Known> {
        let known = self.known.get(usize::from(number))?;
        let length = usize::from(known.length);
        if length == 0 || !known.leads(rest) {
            return None;
        }
        if length > HEAD {
            let name = self.names.get(usize::from(number))?;
            return (*name.rest == *rest.get(HEAD..length)?).then_some(known);
        }
        Some(known)
    }

    /// Remembers how a name is spelled.
    fn spell(&mut self, number: u8, spelling: &[u8], name: (usize, usize)) {
        let number = usize::from(number);
        let (Some(known), Some(whole)) = (self.known.get_mut(number), self.names.get_mut(number))
        else {
            return;
        };
        let (Ok(length), Ok(start), Ok(end)) =
            (u8::try_from(spelling.len()), u8::try_from(name.0), u8::try_from(name.1))
        else {
            return;
        };
        let (head, rest) = spelling.split_at(spelling.len().min(HEAD));
        known.head = [0; HEAD];
        known.head.iter_mut().zip(head).for_each(|(to, from)| *to = *from);
        let unused = u32::try_from(HEAD - head.len()).unwrap_or(0);
        known.wanted = u32::MAX.unbounded_shr(unused);
        known.length = length;
        known.name = (start, end);
        whole.rest = SmallVec::from_slice(rest);
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
    /// Names at all places.
    known: usize,
}

impl Shapes {
    /// The shape of a place.
    #[inline]
    pub(super) fn at(&self, id: ShapeId) -> Option<&Shape> {
        self.all.get(usize::from(id))
    }

    /// Begins anew if there was no room for more, as what was seen first need not be what comes now.
    pub(super) fn refresh(&mut self) {
        if self.all.len() >= SHAPES || self.known >= KNOWN_IN_ALL {
            *self = Self::default();
        }
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
            self.known -= shape.known.len();
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
        let name = self.at(id).and_then(|shape| shape.names.get(usize::from(number)));
        name.map_or(&[], |name| &name.text)
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
        if number >= KNOWN || self.known >= KNOWN_IN_ALL || name.len() > NAME {
            return None;
        }
        self.known += 1;
        *shape.tags.get_mut(number)? = tag(hash);
        shape.known.push(Known {
            head: [0; HEAD],
            wanted: 0,
            length: 0,
            name: (0, 0),
            next: [NOBODY; 2],
            inner: NOWHERE,
            fate,
        });
        let (text, rest) = (SmallVec::from_slice(name), SmallVec::new());
        shape.names.push(Name { hash, text, rest });
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

    /// Notes how a name is spelled, with the blanks around; and where in that the name is.
    pub(super) fn spell(&mut self, id: ShapeId, number: u8, spelling: &[u8], name: (usize, usize)) {
        if let Some(shape) = self.all.get_mut(usize::from(id))
            && spelling.len() <= SPELLING
        {
            shape.spell(number, spelling, name);
        }
    }
}
