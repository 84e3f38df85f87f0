//! What the program does: to members, items and whole containers as the machine meets them.

use std::borrow::Cow;

use crate::convert::code::{COPY, Code, MemberOp, ObjectOp, Op, OpId, SourceOp, SupplyOp, TableOp};
use crate::convert::fault::Fault;
use crate::convert::machine::{Active, Frame, Io, Machine};
use crate::convert::refused::Cause;
use crate::convert::shape::Fate;
use crate::convert::store::{Cell, Hole, Level, Stop, Writer, fire, has_bit, set_bit};
use crate::plan::program::{NoteId, Slot, Take};
use crate::pointer::Pointer;

/// A member whose name is known and about which nothing is decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Its entry, or none for an unknown name.
    entry: Option<u32>,
    name_start: u64,
    name_end: u64,
}

/// A value with which something must be done when it ends.
#[derive(Debug)]
pub(super) struct Region {
    /// Containers that it is in.
    depth: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Dropped with its member or item.
    Omitted,
    /// Dropped; something else was written.
    Replaced,
    /// A scalar that is looked up when it is complete.
    Lookup { op: OpId, start: u64 },
    /// A value that is converted when it is complete.
    Nested { op: OpId, start: u64 },
    /// Kept for a slot.
    Captured { cell: u32, moved: bool, level: Level },
    /// An object that is written when it is complete; with what the store had before.
    Held { level: Level },
}

pub(super) type Done = Result<(), Box<Fault>>;

impl Machine {
    /// How many containers the outermost value is in that is converted when it is complete.
    pub(super) fn waits_since(&self) -> Option<usize> {
        let nested = |region: &&Region| matches!(region.kind, Kind::Nested { .. });
        self.regions.iter().find(nested).map(|region| region.depth)
    }

    /// Writes the input up to `to` that was not yet written.
    #[inline]
    pub(super) fn keep_to(&mut self, io: &mut Io<'_>, to: u64) {
        if !self.waiting.is_empty() {
            self.keep_waiting(io, to);
        }
        if let Some(end) = self.here(to)
            && end > io.run
        {
            let run = io.chunk.get(io.run..end).unwrap_or_default();
            self.put(io, run);
            io.run = end;
        }
    }

    #[cold]
    #[inline(never)]
    fn keep_waiting(&mut self, io: &mut Io<'_>, to: u64) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let early = self.early(&waiting, to);
        if early > 0 {
            self.put(io, waiting.get(..early).unwrap_or_default());
            waiting.drain(..early);
        }
        self.waiting = waiting;
    }

    /// Drops the input up to `to` that was not yet written.
    #[inline]
    pub(super) fn skip_to(&mut self, io: &mut Io<'_>, to: u64) {
        if !self.waiting.is_empty() {
            let early = self.early(&self.waiting, to);
            self.waiting.drain(..early);
        }
        if let Some(end) = self.here(to) {
            io.run = end.max(io.run);
        }
    }

    /// How many of the waiting bytes, which end where the chunk begins, come before `to`.
    fn early(&self, waiting: &[u8], to: u64) -> usize {
        let after = usize::try_from(self.offset.saturating_sub(to)).unwrap_or(usize::MAX);
        waiting.len().saturating_sub(after)
    }

    fn here(&self, to: u64) -> Option<usize> {
        to.checked_sub(self.offset).and_then(|at| usize::try_from(at).ok())
    }

    /// Writes bytes of the program's own.
    #[inline]
    pub(super) fn put(&mut self, io: &mut Io<'_>, bytes: &[u8]) {
        let out = if self.store.open > 0 { &mut self.store.arena } else { &mut *io.out };
        out.extend_from_slice(bytes);
    }

    fn enter_region(&mut self, kind: Kind) {
        let depth = self.frames.len();
        self.regions.push(Region { depth, kind });
        self.watch = depth;
    }

    pub(super) fn object<'c>(&self, io: &Io<'c>) -> Option<&'c ObjectOp> {
        match io.code.op(self.frames.last()?.op) {
            Op::Object(object) => Some(object),
            _ => None,
        }
    }

    /// A comma in a container on which there is an operation.
    pub(super) fn comma(&mut self, pos: usize) {
        if !self.dropping {
            self.pending = Some(self.at(pos));
        }
    }

    /// The next value is an item of such an array.
    pub(super) fn arm_item(&mut self, io: &Io<'_>) {
        let Some(frame) = self.frames.last() else { return };
        if let Op::Array(array) = io.code.op(frame.op) {
            self.next = array.item(frame.count);
            self.armed = true;
        }
    }

    /// A name begins in such an object.
    pub(super) fn name_start(&mut self, io: &mut Io<'_>, pos: usize) {
        let at = self.at(pos);
        if self.dropping {
            self.skip_to(io, at);
            self.dropping = false;
        }
        self.pending = self.pending.or(Some(at));
    }

    /// A name is complete in such an object.
    pub(super) fn member_start(&mut self, end: usize, fate: Fate) -> Done {
        if fate.plain {
            self.guard(self.at(end))?;
            self.pending = None;
            self.mark_wrote();
            return Ok(());
        }
        let (name_start, name_end) = (self.token_at, self.at(end));
        self.member = Some(Member { entry: fate.entry, name_start, name_end });
        self.next = fate.op;
        self.armed = true;
        Ok(())
    }

    pub(super) fn mark_wrote(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.wrote = true;
        }
    }

    /// Whether nothing that stood in the current container so far was written.
    pub(super) fn is_bare(&self) -> bool {
        self.frames.last().is_some_and(|frame| !frame.wrote)
    }

    /// A value begins for which an operation waits.
    pub(super) fn value_start(&mut self, io: &mut Io<'_>, pos: usize, first: u8) -> Done {
        self.armed = false;
        let at = self.at(pos);
        if self.dropping {
            self.skip_to(io, at);
            self.dropping = false;
        }
        self.pending = self.pending.or(Some(at));
        self.guard(at)?;
        let op = std::mem::replace(&mut self.next, COPY);
        let scalar = !matches!(first, b'{' | b'[');
        let op = resolve(io.code, op, first, scalar);
        match io.code.op(op) {
            Op::Refuse(note) => self.fault(Cause::Value(io.code.note(*note).into()), pos),
            Op::Broken(cause) => self.fault(cause.clone(), pos),
            Op::Omit(note) => self.omit(io, *note, at).map(|()| self.enter_region(Kind::Omitted)),
            Op::Replace(text, note) => {
                self.settle(io, at)?;
                self.keep_to(io, at);
                self.put(io, text.as_bytes());
                fire(&mut self.fired, *note);
                self.dropping = true;
                self.enter_region(Kind::Replaced);
                Ok(())
            }
            Op::Table(_) => {
                self.enter_region(Kind::Lookup { op, start: at });
                Ok(())
            }
            Op::Transform(_) | Op::Choose(_) => {
                self.enter_region(Kind::Nested { op, start: at });
                Ok(())
            }
            Op::Object(object) if first == b'{' => {
                self.settle(io, at)?;
                self.object_start(io, op, object, at);
                Ok(())
            }
            Op::Array(_) if first == b'[' => {
                self.entering = op;
                self.settle(io, at)
            }
            Op::Copy | Op::Split(_) | Op::Object(_) | Op::Array(_) => self.settle(io, at),
        }
    }

    #[inline]
    pub(super) fn object_start(&mut self, io: &mut Io<'_>, op: OpId, object: &ObjectOp, at: u64) {
        self.entering = op;
        let level = self.store.level();
        self.active.push(Active { op, bits: self.bits.len(), level });
        self.bits.resize(self.bits.len() + object.words, 0);
        let cells = level.cells + object.slots.1 as usize;
        self.store.cells.resize(cells, Cell::Empty);
        if object.hold {
            self.keep_to(io, at);
            self.store.enter(at, self.frames.len());
            self.enter_region(Kind::Held { level });
        }
    }

    /// The member, item or payload that waits is left out.
    fn omit(&mut self, io: &mut Io<'_>, note: NoteId, at: u64) -> Done {
        if self.frames.is_empty() {
            return self.fault_at(Cause::Omitted(io.code.note(note).into()), at);
        }
        fire(&mut self.fired, note);
        self.member = None;
        self.drop_pending(io);
        self.dropping = true;
        Ok(())
    }

    fn drop_pending(&mut self, io: &mut Io<'_>) {
        if let Some(from) = self.pending.take() {
            self.keep_to(io, from);
        }
    }

    /// The member or item that waits is written; its value, which begins at `start`, comes next.
    pub(super) fn settle(&mut self, io: &mut Io<'_>, start: u64) -> Done {
        let object = self.object(io);
        let member = self.member.take();
        let entry = member.and_then(|member| object?.entry(member.entry?));
        let known = entry.and_then(|entry| entry.member.as_ref());
        if let Some(MemberOp { take: Some((slot, Take::Move(note))), .. }) = known {
            fire(&mut self.fired, *note);
            self.drop_pending(io);
            self.skip_to(io, start);
            return self.capture(io, *slot, true, start);
        }
        self.pending = None;
        if let (Some(object), Some(entry)) = (object, entry)
            && !self.set_bit(entry.bit)
        {
            let note = object.conflict.map(|note| io.code.note(note).into());
            return self
                .fault_at(Cause::Conflict(note), member.map_or(start, |one| one.name_start));
        }
        self.mark_wrote();
        let Some((member, known)) = member.zip(known) else { return Ok(()) };
        if let Some((name, note)) = &known.rename {
            self.keep_to(io, member.name_start);
            self.put(io, name.as_bytes());
            self.skip_to(io, member.name_end);
            fire(&mut self.fired, *note);
        }
        match known.take {
            Some((slot, _)) => self.capture(io, slot, false, start),
            None => Ok(()),
        }
    }

    /// Notes that an output name is written; false when it was.
    fn set_bit(&mut self, bit: u32) -> bool {
        let base = self.active.last().map_or(0, |active| active.bits);
        set_bit(self.bits.get_mut(base..).unwrap_or_default(), bit)
    }

    /// The value that begins at `start` goes to a slot.
    fn capture(&mut self, io: &mut Io<'_>, slot: Slot, moved: bool, start: u64) -> Done {
        self.keep_to(io, start);
        let level = self.store.level();
        match self.cell(io, slot.0) {
            Some(cell) if self.store.claim(cell, moved) => {
                self.store.enter(start, self.frames.len());
                self.enter_region(Kind::Captured { cell, moved, level });
                Ok(())
            }
            _ => self.fault_at(Cause::Claimed, start),
        }
    }

    /// The cell of a slot in the innermost object that has it.
    fn cell(&self, io: &Io<'_>, slot: u32) -> Option<u32> {
        self.active.iter().rev().find_map(|active| {
            let Op::Object(object) = io.code.op(active.op) else { return None };
            let number = slot.checked_sub(object.slots.0).filter(|&at| at < object.slots.1)?;
            u32::try_from(active.level.cells).ok()?.checked_add(number)
        })
    }

    /// A value ended with which something must be done.
    pub(super) fn regions_end(&mut self, io: &mut Io<'_>, pos: usize) -> Done {
        let at = self.at(pos);
        self.guard(at)?;
        while let Some(region) = self.regions.pop_if(|region| region.depth == self.frames.len()) {
            self.watch = self.regions.last().map_or(usize::MAX, |region| region.depth);
            match region.kind {
                Kind::Omitted => {
                    self.skip_to(io, at);
                    self.dropping = self.is_bare();
                }
                Kind::Replaced => {
                    self.skip_to(io, at);
                    self.dropping = false;
                }
                Kind::Lookup { op, start } => self.lookup(io, op, start, at)?,
                Kind::Nested { op, start } => self.nested(io, op, start, at)?,
                Kind::Captured { cell, moved, level } => {
                    self.keep_to(io, at);
                    self.captured(io, cell, moved, level)?;
                    self.check_arena(at)?;
                }
                Kind::Held { level } => {
                    self.keep_to(io, at);
                    self.check_arena(at)?;
                    self.store.leave();
                    if self.store.open == 0 {
                        self.release(io, level, at)?;
                        self.store.cut_back(level);
                    }
                }
            }
        }
        Ok(())
    }

    fn check_arena(&self, at: u64) -> Done {
        if self.store.weight() > self.limits.held.saturating_mul(4) {
            return self.fault_at(Cause::Held, at);
        }
        Ok(())
    }

    fn captured(&mut self, io: &mut Io<'_>, cell: u32, moved: bool, level: Level) -> Done {
        let piece = self.store.fill(cell, moved, level);
        self.store.leave();
        if moved {
            self.dropping = self.is_bare();
        } else if self.store.open == 0 {
            let at = self.at(io.run);
            let done = self.writer(io, at).piece(&piece);
            return self.stopped(io, done, at);
        }
        Ok(())
    }

    fn release(&mut self, io: &mut Io<'_>, level: Level, at: u64) -> Done {
        let piece = self.store.since_level(level);
        let done = self.writer(io, at).piece(&piece);
        self.stopped(io, done, at)
    }

    fn writer<'w>(&'w mut self, io: &'w mut Io<'_>, at: u64) -> Writer<'w> {
        Writer {
            copied: &mut self.copied,
            room: at.saturating_add(self.limits.copied as u64),
            code: io.code,
            values: &self.values,
            store: &self.store,
            fired: &mut self.fired,
            out: io.out,
            nested: 0,
        }
    }

    fn stopped(&self, io: &Io<'_>, done: Result<(), Stop>, at: u64) -> Done {
        done.map_err(|stop| {
            let depth = self.frames.len().saturating_sub(1);
            let (at, object) = stop.place.unwrap_or_else(|| (at, self.pointer(depth, io.chunk)));
            let pointer = stop.names.iter().rev().fold(object, |object, name| object.join(name));
            Box::new(Fault { cause: stop.cause, at, depth, pointer: Some(pointer) })
        })
    }

    /// The scalar from `start` to `end` is complete.
    fn lookup(&mut self, io: &mut Io<'_>, op: OpId, start: u64, end: u64) -> Done {
        let Op::Table(table) = io.code.op(op) else { return Ok(()) };
        let (found, first) = self.find_row(io, table, start, end);
        match io.code.op(resolve(io.code, found, first, false)) {
            Op::Refuse(note) => self.fault_at(Cause::Value(io.code.note(*note).into()), start),
            Op::Broken(cause) => self.fault_at(cause.clone(), start),
            Op::Omit(note) => self.left_out(io, *note, start, end),
            Op::Replace(text, note) => {
                fire(&mut self.fired, *note);
                self.written(io, text.as_bytes(), start, end)
            }
            _ => self.settle(io, start),
        }
    }

    /// The value from `start` to `end` turns out to be left out.
    pub(super) fn left_out(&mut self, io: &mut Io<'_>, note: NoteId, start: u64, end: u64) -> Done {
        self.omit(io, note, start)?;
        self.skip_to(io, end);
        self.dropping = self.is_bare();
        Ok(())
    }

    /// The value from `start` to `end` is written as another text.
    pub(super) fn written(&mut self, io: &mut Io<'_>, text: &[u8], start: u64, end: u64) -> Done {
        self.settle(io, start)?;
        self.keep_to(io, start);
        self.put(io, text);
        self.skip_to(io, end);
        Ok(())
    }

    /// The operation for a scalar and the scalar's first byte.
    fn find_row(&self, io: &Io<'_>, table: &TableOp, start: u64, end: u64) -> (OpId, u8) {
        let token = self.between(io, start, end);
        let first = token.first().copied().unwrap_or(b'n');
        (table.rows.find(&token).unwrap_or(table.otherwise), first)
    }

    /// The input from `start`, at which something waits, to `end` in the chunk.
    pub(super) fn between<'i>(&self, io: &Io<'i>, start: u64, end: u64) -> Cow<'i, [u8]> {
        let end = self.here(end).unwrap_or(0);
        if let Some(start) = self.here(start) {
            return Cow::Borrowed(io.chunk.get(start..end).unwrap_or_default());
        }
        let early = self.early(&self.waiting, start);
        let mut token = self.waiting.get(early..).unwrap_or_default().to_vec();
        token.extend_from_slice(io.chunk.get(..end).unwrap_or_default());
        Cow::Owned(token)
    }

    /// The closing bracket of a container on which there is an operation.
    pub(super) fn container_end(&mut self, io: &mut Io<'_>, pos: usize) -> Done {
        let at = self.at(pos);
        self.armed = false;
        if self.dropping {
            self.skip_to(io, at);
            self.dropping = false;
        }
        let Some(object) = self.object(io) else { return Ok(()) };
        let Some(&active) = self.active.last() else { return Ok(()) };
        let bits = self.bits.get(active.bits..).unwrap_or_default();
        let lacking = object.supplies.iter().any(|one| !has_bit(bits, one.bit));
        let done = if lacking { self.supply(io, object, active, at) } else { Ok(()) };
        self.bits.truncate(active.bits);
        self.active.pop();
        if self.store.open == 0 {
            self.store.cut_back(active.level);
        }
        done
    }

    fn supply(&mut self, io: &mut Io<'_>, object: &ObjectOp, active: Active, at: u64) -> Done {
        self.guard(at)?;
        self.keep_to(io, at);
        let wrote = self.frames.last().is_some_and(|frame: &Frame| frame.wrote);
        if self.store.open == 0 && !object.reads_slots {
            let bits = std::mem::take(&mut self.bits);
            let own = bits.get(active.bits..).unwrap_or_default();
            let done = self.writer(io, at).supplies(&object.supplies, own, &[], wrote);
            self.bits = bits;
            return done.map_or_else(|stop| self.stopped(io, Err(stop), at), |_| Ok(()));
        }
        let bits = self.bits.get(active.bits..).unwrap_or_default().to_vec();
        let mut cells = Vec::new();
        if object.reads_slots {
            self.collect_cells(io, &object.supplies, &mut cells);
        }
        if self.store.open > 0 && object.reads_slots {
            let depth = self.frames.len().saturating_sub(1);
            let pointer =
                if object.may_refuse { self.pointer(depth, io.chunk) } else { Pointer::root() };
            self.store.dig(Hole { op: active.op, bits, wrote, cells, offset: at, pointer });
            return self.check_arena(at);
        }
        let done = if self.store.open > 0 {
            let mut arena = std::mem::take(&mut self.store.arena);
            let mut writer = self.writer(io, at);
            writer.out = &mut arena;
            let done = writer.supplies(&object.supplies, &bits, &cells, wrote);
            self.store.arena = arena;
            done
        } else {
            self.writer(io, at).supplies(&object.supplies, &bits, &cells, wrote)
        };
        self.stopped(io, done.map(|_| ()), at)
    }

    fn collect_cells(&self, io: &Io<'_>, supplies: &[SupplyOp], cells: &mut Vec<(u32, u32)>) {
        for one in supplies {
            match &one.source {
                SourceOp::Slot(slot) => {
                    cells.extend(self.cell(io, *slot).map(|cell| (*slot, cell)));
                }
                SourceOp::Object(inner) => self.collect_cells(io, inner, cells),
                SourceOp::Literal | SourceOp::Outside(_) | SourceOp::Nothing => {}
            }
        }
    }
}

/// Follows splits, and tables where the value is none of theirs, to the operation on a value.
#[inline]
pub(super) fn resolve(code: &Code, op: OpId, first: u8, scalar: bool) -> OpId {
    match code.op(op) {
        Op::Split(_) | Op::Table(_) => follow(code, op, first, scalar),
        _ => op,
    }
}

#[inline(never)]
fn follow(code: &Code, op: OpId, first: u8, scalar: bool) -> OpId {
    let mut op = op;
    // A program whose splits run in a circle means nothing; the bound keeps it from running for ever.
    for _ in 0..64 {
        op = match code.op(op) {
            Op::Split(split) => split.by(first),
            Op::Table(table) if !scalar => table.otherwise,
            _ => return op,
        };
    }
    COPY
}
