//! One program over one payload: the syntax of JSON as a machine that can stop and go on at any byte.

use std::mem::take;
use std::sync::Arc;

use crate::convert::ahead::Open;
use crate::convert::code::{COPY, Code, OpId};
use crate::convert::fault::Fault;
use crate::convert::member::{Member, Region};
use crate::convert::memory::Memory;
use crate::convert::names::{Names, Scope};
use crate::convert::place::NAME;
use crate::convert::refused::{Cause, Limits, Refused};
use crate::convert::scan::{Escape, Number};
use crate::convert::shape::{Known, Seen, ShapeId, Shapes};
use crate::convert::store::{Level, Store};
use crate::convert::swift;
use crate::plan::outside::Values;
use crate::pointer::Pointer;

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Value,
    ItemOrEnd,
    NameOrEnd,
    Name,
    Colon,
    After,
    InName,
    InString,
    InNumber,
    InLiteral(&'static [u8]),
    Done,
}

/// Where the spelling of an object's current name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// There is none yet, or it is an array.
    None,
    /// In the chunk.
    Chunk { start: u32, length: u32 },
    /// In [`Machine::kept`] at the frame's level.
    Kept,
    /// In the frame's shape; it has no escapes.
    Known,
}

/// An open container.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// The operation on its members or items.
    pub(super) op: OpId,
    /// Members so far, or the index of the item.
    pub(super) count: u32,
    pub(super) object: bool,
    /// A member or item was written. Only kept up where there is an operation.
    pub(super) wrote: bool,
    /// The names that are not in its shape.
    pub(super) scope: Scope,
    pub(super) spelling: Spelling,
    /// The names of its shape that it has.
    pub(super) seen: Seen,
    /// Some name went to `scope`: from then on the shape stays as it is.
    pub(super) mixed: bool,
    /// What objects looked like here before.
    pub(super) shape: ShapeId,
    /// The place of the value that comes next.
    pub(super) inner: ShapeId,
    /// The current name, and the one that is likely to come next.
    pub(super) at: u8,
    pub(super) guess: u8,
}

impl Frame {
    /// The next member is this one.
    #[inline]
    pub(super) fn take(&mut self, known: &Known) {
        self.seen |= 1 << (self.guess & 63);
        self.count += 1;
        self.at = self.guess;
        self.guess = known.next[0];
        self.inner = known.inner;
        self.spelling = Spelling::Known;
    }
}

/// What belongs to an open object on which there is an operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active {
    pub(super) op: OpId,
    /// The beginning of its words in [`Machine::bits`].
    pub(super) bits: usize,
    /// What the store held before it.
    pub(super) level: Level,
}

/// A chunk on its way through.
#[derive(Debug)]
pub(super) struct Io<'a> {
    pub(super) code: &'a Code,
    pub(super) chunk: &'a [u8],
    pub(super) out: &'a mut Vec<u8>,
    /// Input before this place of the chunk was written or dropped.
    pub(super) run: usize,
}

impl<'a> Io<'a> {
    /// The chunk from a place on.
    #[inline]
    pub(super) fn rest(&self, pos: usize) -> &'a [u8] {
        self.chunk.get(pos..).unwrap_or_default()
    }

    /// Where the rest begins.
    #[inline]
    pub(super) const fn place(&self, rest: &[u8]) -> usize {
        self.chunk.len() - rest.len()
    }
}

/// The next place in the chunk.
pub(super) type Step = Result<usize, Box<Fault>>;

/// One program over one payload.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) code: Arc<Code>,
    pub(super) limits: Limits,
    pub(super) values: Arc<Values>,
    /// Bytes of input before the chunk.
    pub(super) offset: u64,
    pub(super) state: State,
    pub(super) frames: Vec<Frame>,
    /// Containers on their way to `frames`; empty between two steps.
    pub(super) open: Vec<Open>,
    pub(super) kept: Vec<Vec<u8>>,
    pub(super) names: Names,
    pub(super) shapes: Shapes,
    /// Whether the quick way may be taken.
    pub(super) quick: bool,
    /// Where the quick way ended.
    pub(super) halted_at: usize,
    /// The fault that ended it, if it was one.
    pub(super) halted: Option<Box<Fault>>,
    /// Where the current name or number began.
    pub(super) token_at: u64,
    /// The part of the current name that came in earlier chunks.
    pub(super) token: Vec<u8>,
    pub(super) text: Vec<u8>,
    pub(super) escape: Escape,
    pub(super) escaped: bool,
    pub(super) number: Number,
    /// The operation that is waiting for the next value, when `armed`.
    pub(super) next: OpId,
    pub(super) armed: bool,
    /// The operation on the members of the container that opens now.
    pub(super) entering: OpId,
    pub(super) member: Option<Member>,
    /// Input from here on waits for a decision.
    pub(super) pending: Option<u64>,
    /// Input of earlier chunks that was neither written nor dropped.
    pub(super) waiting: Vec<u8>,
    /// Input is dropped.
    pub(super) dropping: bool,
    pub(super) regions: Vec<Region>,
    /// When a value ends inside so many containers, the last region ends too.
    pub(super) watch: usize,
    pub(super) active: Vec<Active>,
    pub(super) bits: Vec<u64>,
    pub(super) store: Store,
    pub(super) fired: Vec<u32>,
    /// Bytes written from slots.
    pub(super) copied: u64,
    /// Bytes that may still be gone through, where this is a value inside one that is held.
    pub(super) work: Option<u64>,
}

impl Machine {
    pub(super) fn new(code: &Arc<Code>, limits: Limits, values: &Arc<Values>) -> Self {
        Self::at_op(code, code.root, limits, values)
    }

    /// A machine for a value that another operation than the root's waits for.
    pub(super) fn at_op(code: &Arc<Code>, op: OpId, limits: Limits, values: &Arc<Values>) -> Self {
        let Memory { frames, names, shapes, regions, active, bits } = code.shelf.take();
        Self {
            limits,
            copied: 0,
            work: None,
            values: Arc::clone(values),
            offset: 0,
            state: State::Value,
            frames,
            open: Vec::new(),
            kept: Vec::new(),
            names,
            shapes,
            quick: swift::fits(&limits),
            halted_at: 0,
            halted: None,
            token_at: 0,
            token: Vec::new(),
            text: Vec::new(),
            escape: Escape::Plain,
            escaped: false,
            number: Number::Minus,
            next: op,
            armed: op != COPY,
            entering: COPY,
            member: None,
            pending: None,
            waiting: Vec::new(),
            dropping: false,
            regions,
            watch: usize::MAX,
            active,
            bits,
            store: Store::default(),
            fired: vec![0; code.program.notes.len()],
            code: Arc::clone(code),
        }
    }

    /// Takes whole characters of UTF-8.
    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        // Places inside a chunk are kept in 32 bits.
        for piece in chunk.chunks(1 << 30) {
            let code = Arc::clone(&self.code);
            let mut io = Io { code: &code, chunk: piece, out, run: 0 };
            if let Err(fault) =
                self.run(&mut io).and_then(|()| self.guard(self.offset + length(piece)))
            {
                let refused = self.refuse(*fault, piece);
                // What follows the fault was never checked and must not reach another stage.
                let good = refused.offset.saturating_sub(self.offset);
                io.chunk = piece.get(..place_in(good) as usize).unwrap_or(piece);
                self.suspend(&mut io);
                return Err(refused);
            }
            self.suspend(&mut io);
        }
        Ok(())
    }

    /// The input is at its end.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Refused> {
        let code = Arc::clone(&self.code);
        let mut io = Io { code: &code, chunk: &[], out, run: 0 };
        if let Err(fault) = self.end(&mut io) {
            return Err(self.refuse(*fault, &[]));
        }
        self.suspend(&mut io);
        Ok(())
    }

    fn end(&mut self, io: &mut Io<'_>) -> Result<(), Box<Fault>> {
        if self.state == State::InNumber && self.frames.is_empty() && self.number.is_whole() {
            self.value_end(io, 0)?;
        }
        if self.state == State::Done { Ok(()) } else { self.fault(Cause::Truncated, 0) }
    }

    /// Bytes that were taken but neither written nor dropped.
    pub(super) fn held_back(&self) -> usize {
        self.waiting.len() + self.store.arena.len() + self.token.len()
    }

    /// Whether the value is at its end.
    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Done
    }

    /// The place where the input stands, between two chunks.
    pub(super) fn place(&self) -> Pointer {
        self.pointer(self.frames.len(), &[])
    }

    fn run(&mut self, io: &mut Io<'_>) -> Result<(), Box<Fault>> {
        let mut pos = 0;
        while pos < io.chunk.len() {
            pos = self.swift(io, pos)?;
            pos = match self.state {
                State::Value => self.value(io, pos)?,
                State::ItemOrEnd => self.item_or_end(io, pos)?,
                State::NameOrEnd | State::Name => self.name(io, pos)?,
                State::Colon => self.colon(io, pos)?,
                State::After => self.after(io, pos)?,
                State::InName => self.in_name(io, pos)?,
                State::InString => self.in_string(io, pos)?,
                State::InNumber => self.in_number(io, pos)?,
                State::InLiteral(rest) => self.in_literal(io, pos, rest)?,
                State::Done => self.done(io, pos)?,
            };
        }
        Ok(())
    }

    /// The chunk is at its end: writes what is decided and keeps what is needed later.
    fn suspend(&mut self, io: &mut Io<'_>) {
        let end = self.at(io.chunk.len());
        if self.dropping {
            self.skip_to(io, end);
        } else {
            self.keep_to(io, self.pending.unwrap_or(end));
            self.waiting.extend_from_slice(io.chunk.get(io.run..).unwrap_or_default());
        }
        if self.state == State::InName {
            let start = self.token_at.checked_sub(self.offset).map_or(0, |at| at + 1);
            let part = io.chunk.get(place_in(start) as usize..).unwrap_or_default();
            self.token.extend_from_slice(part);
        }
        for (level, frame) in self.frames.iter_mut().enumerate() {
            if let Spelling::Chunk { start, length } = frame.spelling {
                let raw = io.chunk.get(start as usize..start as usize + length as usize);
                keep(&mut self.kept, level, raw.unwrap_or_default());
                frame.spelling = Spelling::Kept;
            }
        }
        self.offset = end;
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.code.shelf.give(Memory {
            frames: take(&mut self.frames),
            names: take(&mut self.names),
            shapes: take(&mut self.shapes),
            regions: take(&mut self.regions),
            active: take(&mut self.active),
            bits: take(&mut self.bits),
        });
    }
}

/// Keeps the beginning of a name's spelling for pointers.
pub(super) fn keep(kept: &mut Vec<Vec<u8>>, level: usize, raw: &[u8]) {
    if kept.len() <= level {
        kept.resize_with(level + 1, Vec::new);
    }
    if let Some(name) = kept.get_mut(level) {
        name.clear();
        name.extend_from_slice(raw.get(..NAME).unwrap_or(raw));
    }
}

/// A place in a chunk, which has at most 2^30 bytes.
pub(super) fn place_in(offset: u64) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

fn length(chunk: &[u8]) -> u64 {
    chunk.len() as u64
}
