//! What is held back: captured values and objects that must be complete before any of them is written.
//!
//! Everything held lies in one arena, in the order it came. Marks say where the arena is not simply copied: a cut is
//! a moved value, a hole is the end of an object whose supplies read slots that may be filled later.

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::convert::code::{Code, Op, SourceOp, SupplyOp, UNWATCHED};
use crate::convert::refused::Cause;
use crate::plan::outside::Values;
use crate::plan::program::{Missing, NoteId};
use crate::pointer::Pointer;

/// The value of one slot of one object.
#[derive(Clone, Debug, Default)]
pub(super) enum Cell {
    #[default]
    Empty,
    Open,
    Full(Piece),
}

/// A part of the arena with its marks.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    bytes: Range<usize>,
    marks: Range<usize>,
}

/// A place where the arena is not simply copied.
#[derive(Debug)]
enum Mark {
    /// A moved value; its marks follow this one.
    Cut {
        bytes: Range<usize>,
        next: usize,
    },
    Hole {
        at: usize,
        hole: Box<Hole>,
    },
}

/// The end of an object whose supplies wait.
#[derive(Debug)]
pub(super) struct Hole {
    /// The operation of the object.
    pub(super) op: u32,
    /// Output names written before.
    pub(super) bits: Vec<u64>,
    /// Whether any member was written before.
    pub(super) wrote: bool,
    /// Which cell a slot is.
    pub(super) cells: Vec<(u32, u32)>,
    /// Where in the input the object ends.
    pub(super) offset: u64,
    /// The object, if its supplies may refuse.
    pub(super) pointer: Pointer,
}

/// All that is held.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) arena: Vec<u8>,
    /// Captures and held objects that are open: output goes to the arena.
    pub(super) open: u32,
    /// Where the outermost of them began, and how many containers it is in.
    pub(super) since: Option<(u64, usize)>,
    pub(super) cells: Vec<Cell>,
    marks: Vec<Mark>,
}

/// How much of a [`Store`] an object found when it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) arena: usize,
    pub(super) cells: usize,
    marks: usize,
}

impl Store {
    pub(super) fn level(&self) -> Level {
        Level { arena: self.arena.len(), cells: self.cells.len(), marks: self.marks.len() }
    }

    /// Forgets what was added since, unless an older cell got its value there; only when nothing is open.
    pub(super) fn cut_back(&mut self, level: Level) {
        let older = self.cells.get(..level.cells).unwrap_or_default();
        let reaches =
            |cell: &Cell| matches!(cell, Cell::Full(piece) if piece.bytes.end > level.arena);
        if !older.iter().any(reaches) {
            self.arena.truncate(level.arena);
            self.cells.truncate(level.cells);
            self.marks.truncate(level.marks);
        }
    }

    /// From here on output goes to the arena.
    pub(super) fn enter(&mut self, offset: u64, depth: usize) {
        if self.open == 0 {
            self.since = Some((offset, depth));
        }
        self.open += 1;
    }

    pub(super) fn leave(&mut self) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.since = None;
        }
    }

    /// Opens a cell for a value that comes next in the arena; false when it has had one.
    pub(super) fn claim(&mut self, cell: u32, moved: bool) -> bool {
        let start = self.arena.len();
        match self.cells.get_mut(cell as usize) {
            Some(free @ Cell::Empty) => *free = Cell::Open,
            _ => return false,
        }
        if moved {
            self.marks.push(Mark::Cut { bytes: start..start, next: 0 });
        }
        true
    }

    /// Fills a cell with what came into the arena since `level`, which was taken before the claim.
    pub(super) fn fill(&mut self, cell: u32, moved: bool, level: Level) -> Piece {
        let bytes = level.arena..self.arena.len();
        let next = self.marks.len();
        if moved
            && let Some(Mark::Cut { bytes: cut, next: after }) = self.marks.get_mut(level.marks)
        {
            *cut = bytes.clone();
            *after = next;
        }
        let piece = Piece { bytes, marks: level.marks + usize::from(moved)..next };
        if let Some(cell) = self.cells.get_mut(cell as usize) {
            *cell = Cell::Full(piece.clone());
        }
        piece
    }

    /// All since `level`.
    pub(super) fn since_level(&self, level: Level) -> Piece {
        Piece { bytes: level.arena..self.arena.len(), marks: level.marks..self.marks.len() }
    }

    /// Notes that supplies are to be written here.
    pub(super) fn dig(&mut self, hole: Hole) {
        self.marks.push(Mark::Hole { at: self.arena.len(), hole: Box::new(hole) });
    }

    /// Bytes of memory, roughly.
    pub(super) fn weight(&self) -> usize {
        self.arena.len() + self.marks.len() * 128 + self.cells.len() * 40
    }
}

/// Moved values inside moved values beyond this many levels are taken for a circle.
const NESTED: u32 = 64;

/// A refusal while something is written that is not at its place.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) cause: Cause,
    /// The object that supplies are missing in, when it is another than the current one.
    pub(super) place: Option<(u64, Pointer)>,
    /// The names from the missing member out to the object.
    pub(super) names: Vec<Arc<str>>,
}

impl Stop {
    fn new(cause: Cause) -> Self {
        Self { cause, place: None, names: Vec::new() }
    }
}

/// Writes supplies and what was held.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    pub(super) code: &'a Code,
    pub(super) values: &'a Values,
    pub(super) store: &'a Store,
    pub(super) fired: &'a mut [u32],
    pub(super) out: &'a mut Vec<u8>,
    pub(super) nested: u32,
    /// Bytes written from slots so far, and how many there may be.
    pub(super) copied: &'a mut u64,
    pub(super) room: u64,
}

impl Writer<'_> {
    /// The supplies of an object whose names are not yet written; whether the object has members then.
    pub(super) fn supplies(
        &mut self,
        supplies: &[SupplyOp],
        bits: &[u64],
        cells: &[(u32, u32)],
        wrote: bool,
    ) -> Result<bool, Stop> {
        let mut wrote = wrote;
        let mut names: SmallVec<[&str; 2]> = SmallVec::new();
        for one in supplies.iter().filter(|one| !has_bit(bits, one.bit)) {
            if one.shared && names.contains(&&*one.name) {
                continue;
            }
            let before = self.out.len();
            let lead = one.lead.as_bytes().get(usize::from(!wrote)..).unwrap_or_default();
            self.out.extend_from_slice(lead);
            let done = match (self.value(&one.source, cells), one.missing) {
                (Ok(false), Missing::Refuse(note)) => {
                    Err(Stop::new(Cause::Missing(self.code.note(note).into())))
                }
                (done, _) => done,
            };
            match done {
                Ok(true) => {
                    wrote = true;
                    if one.shared {
                        names.push(&one.name);
                    }
                    fire(self.fired, one.note);
                }
                Ok(false) => self.out.truncate(before),
                Err(mut stop) => {
                    if stop.place.is_none() {
                        stop.names.push(Arc::clone(&one.name));
                    }
                    return Err(stop);
                }
            }
        }
        Ok(wrote)
    }

    fn value(&mut self, source: &SourceOp, cells: &[(u32, u32)]) -> Result<bool, Stop> {
        match source {
            SourceOp::Literal => Ok(true),
            SourceOp::Outside(what) => match self.values.lookup(what) {
                Some(text) => {
                    self.out.extend_from_slice(text.as_bytes());
                    Ok(true)
                }
                None => Ok(false),
            },
            SourceOp::Slot(slot) => {
                let cell = cells.iter().find(|(known, _)| known == slot);
                let cell = cell.and_then(|&(_, cell)| self.store.cells.get(cell as usize));
                match cell {
                    Some(Cell::Full(piece)) => self.slot(piece).map(|()| true),
                    Some(Cell::Open) => Err(Stop::new(Cause::Circular)),
                    Some(Cell::Empty) | None => Ok(false),
                }
            }
            SourceOp::Object(inner) => {
                self.out.push(b'{');
                let wrote = self.supplies(inner, &[], cells, false)?;
                self.out.push(b'}');
                Ok(wrote)
            }
            SourceOp::Nothing => Ok(false),
        }
    }

    /// A captured value at one of its places.
    fn slot(&mut self, piece: &Piece) -> Result<(), Stop> {
        let before = self.out.len();
        self.piece(piece)?;
        *self.copied += (self.out.len() - before) as u64;
        if *self.copied > self.room { Err(Stop::new(Cause::Copied)) } else { Ok(()) }
    }

    /// A part of the arena, without what was moved away and with what was waited for.
    pub(super) fn piece(&mut self, piece: &Piece) -> Result<(), Stop> {
        if self.nested >= NESTED {
            return Err(Stop::new(Cause::Circular));
        }
        self.nested += 1;
        let store = self.store;
        let mut from = piece.bytes.start;
        let mut next = piece.marks.start;
        while next < piece.marks.end {
            match store.marks.get(next) {
                Some(Mark::Cut { bytes, next: after }) => {
                    self.copy(from..bytes.start);
                    from = bytes.end;
                    next = (*after).max(next + 1);
                }
                Some(Mark::Hole { at, hole }) => {
                    self.copy(from..*at);
                    from = *at;
                    next += 1;
                    self.hole(hole)?;
                }
                None => break,
            }
        }
        self.copy(from..piece.bytes.end);
        self.nested -= 1;
        Ok(())
    }

    fn copy(&mut self, bytes: Range<usize>) {
        self.out.extend_from_slice(self.store.arena.get(bytes).unwrap_or_default());
    }

    fn hole(&mut self, hole: &Hole) -> Result<(), Stop> {
        let code = self.code;
        let Op::Object(object) = code.op(hole.op) else { return Ok(()) };
        let done = self.supplies(&object.supplies, &hole.bits, &hole.cells, hole.wrote);
        done.map(|_| ()).map_err(|mut stop| {
            if stop.place.is_none() {
                stop.place = Some((hole.offset, hole.pointer.clone()));
            }
            stop
        })
    }
}

/// Counts a note.
pub(super) fn fire(fired: &mut [u32], note: NoteId) {
    if let Some(count) = fired.get_mut(note.0 as usize) {
        *count = count.saturating_add(1);
    }
}

/// Whether an output name was written.
pub(super) fn has_bit(bits: &[u64], bit: u32) -> bool {
    bit != UNWATCHED && bits.get(bit as usize / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

/// Notes that an output name is written; false when it was.
#[inline]
pub(super) fn set_bit(bits: &mut [u64], bit: u32) -> bool {
    let Some(word) = bits.get_mut(bit as usize / 64).filter(|_| bit != UNWATCHED) else {
        return true;
    };
    let mask = 1 << (bit % 64);
    let fresh = *word & mask == 0;
    *word |= mask;
    fresh
}
