//! One program over one payload: the syntax of JSON as a machine that can stop and go on at any byte.

use std::sync::Arc;

use crate::convert::code::{COPY, Code, OpId};
use crate::convert::fault::Fault;
use crate::convert::member::{Member, Region};
use crate::convert::names::{Names, Scope};
use crate::convert::place::NAME;
use crate::convert::refused::{Cause, Limits, Refused};
use crate::convert::scan::{Escape, Number, blank, literal, plain, unescape};
use crate::convert::store::{Level, Store};
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
    scope: Scope,
    pub(super) spelling: Spelling,
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

/// The next place in the chunk.
pub(super) type Step = Result<usize, Box<Fault>>;

/// One program over one payload.
#[derive(Debug)]
pub(super) struct Machine {
    code: Arc<Code>,
    pub(super) limits: Limits,
    pub(super) values: Arc<Values>,
    /// Bytes of input before the chunk.
    pub(super) offset: u64,
    pub(super) state: State,
    pub(super) frames: Vec<Frame>,
    pub(super) kept: Vec<Vec<u8>>,
    names: Names,
    /// Where the current name or number began.
    pub(super) token_at: u64,
    /// The part of the current name that came in earlier chunks.
    token: Vec<u8>,
    text: Vec<u8>,
    escape: Escape,
    escaped: bool,
    number: Number,
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
}

impl Machine {
    pub(super) fn new(code: &Arc<Code>, limits: Limits, values: &Arc<Values>) -> Self {
        Self {
            limits,
            values: Arc::clone(values),
            offset: 0,
            state: State::Value,
            frames: Vec::new(),
            kept: Vec::new(),
            names: Names::default(),
            token_at: 0,
            token: Vec::new(),
            text: Vec::new(),
            escape: Escape::Plain,
            escaped: false,
            number: Number::Minus,
            next: code.root,
            armed: code.root != COPY,
            entering: COPY,
            member: None,
            pending: None,
            waiting: Vec::new(),
            dropping: false,
            regions: Vec::new(),
            watch: usize::MAX,
            active: Vec::new(),
            bits: Vec::new(),
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

    /// The place where the input stands, between two chunks.
    pub(super) fn place(&self) -> Pointer {
        self.pointer(self.frames.len(), &[])
    }

    fn run(&mut self, io: &mut Io<'_>) -> Result<(), Box<Fault>> {
        let mut pos = 0;
        while pos < io.chunk.len() {
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

    fn done(&self, io: &Io<'_>, pos: usize) -> Step {
        let pos = pos + blank(io.chunk.get(pos..).unwrap_or_default());
        if pos < io.chunk.len() { self.fault(Cause::Trailing, pos) } else { Ok(pos) }
    }

    #[inline]
    fn value(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
        let pos = skip_blank(io.chunk, pos);
        let Some(&byte) = io.chunk.get(pos) else { return Ok(pos) };
        if !matches!(byte, b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') {
            return self.unexpected(byte, pos);
        }
        if self.armed {
            self.value_start(io, pos, byte)?;
        }
        match byte {
            b'"' => {
                let end = pos + 1 + plain(io.chunk.get(pos + 1..).unwrap_or_default());
                if io.chunk.get(end) == Some(&b'"') {
                    return self.value_end(io, end + 1);
                }
                self.state = State::InString;
                self.in_string(io, end)
            }
            b'{' | b'[' => self.open(pos, byte == b'{'),
            b't' | b'f' | b'n' => self.in_literal(io, pos + 1, literal(byte)),
            _ => {
                self.number = Number::begin(byte);
                self.token_at = self.at(pos);
                self.state = State::InNumber;
                self.in_number(io, pos + 1)
            }
        }
    }

    #[cold]
    fn unexpected(&self, byte: u8, pos: usize) -> Step {
        let mark = self.offset == 0 && pos == 0 && byte == 0xEF;
        self.fault(if mark { Cause::ByteOrderMark } else { Cause::Unexpected(byte) }, pos)
    }

    #[inline]
    fn in_string(&mut self, io: &mut Io<'_>, mut pos: usize) -> Step {
        if self.string(io.chunk, &mut pos)? { self.value_end(io, pos) } else { Ok(pos) }
    }

    /// Goes on in a string; whether it is at its end.
    #[inline(never)]
    fn string(&mut self, chunk: &[u8], pos: &mut usize) -> Result<bool, Box<Fault>> {
        loop {
            if self.escape == Escape::Plain {
                *pos += plain(chunk.get(*pos..).unwrap_or_default());
            }
            let Some(&byte) = chunk.get(*pos) else { return Ok(false) };
            match byte {
                b'"' if self.escape == Escape::Plain => {
                    *pos += 1;
                    return Ok(true);
                }
                0..0x20 if self.escape == Escape::Plain => {
                    return self.fault(Cause::Control(byte), *pos);
                }
                _ => match self.escape.step(byte) {
                    Ok(next) => self.escape = next,
                    Err(cause) => return self.fault(cause, *pos),
                },
            }
            self.escaped = true;
            *pos += 1;
        }
    }

    #[inline]
    fn in_number(&mut self, io: &mut Io<'_>, mut pos: usize) -> Step {
        for &byte in io.chunk.get(pos..).unwrap_or_default() {
            match self.number.step(byte) {
                Some(next) => self.number = next,
                None if self.number.is_whole() => {
                    self.guard(self.at(pos))?;
                    return self.value_end(io, pos);
                }
                None => return self.fault(Cause::Number, pos),
            }
            pos += 1;
        }
        Ok(pos)
    }

    #[inline]
    fn in_literal(&mut self, io: &mut Io<'_>, mut pos: usize, rest: &'static [u8]) -> Step {
        let mut rest = rest;
        while let Some((&wanted, after)) = rest.split_first() {
            match io.chunk.get(pos) {
                Some(&byte) if byte == wanted => rest = after,
                Some(&byte) => return self.fault(Cause::Unexpected(byte), pos),
                None => {
                    self.state = State::InLiteral(rest);
                    return Ok(pos);
                }
            }
            pos += 1;
        }
        self.value_end(io, pos)
    }

    /// A value ended before `pos`.
    #[inline]
    pub(super) fn value_end(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
        if self.frames.len() == self.watch {
            self.regions_end(io, pos)?;
        }
        self.state = if self.frames.is_empty() { State::Done } else { State::After };
        Ok(pos)
    }

    #[inline]
    fn after(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
        let pos = skip_blank(io.chunk, pos);
        let Some(&byte) = io.chunk.get(pos) else { return Ok(pos) };
        let Some(frame) = self.frames.last_mut() else { return Ok(pos) };
        match (byte, frame.object) {
            (b',', true) => {
                self.state = State::Name;
                if frame.op != COPY {
                    self.comma(pos);
                }
                return self.name(io, pos + 1);
            }
            (b',', false) => {
                frame.count = frame.count.saturating_add(1);
                self.state = State::Value;
                if frame.op != COPY {
                    self.comma(pos);
                    self.arm_item(io);
                }
            }
            (b'}', true) | (b']', false) => return self.close(io, pos),
            _ => return self.fault(Cause::Unexpected(byte), pos),
        }
        Ok(pos + 1)
    }

    fn item_or_end(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
        let pos = skip_blank(io.chunk, pos);
        match io.chunk.get(pos) {
            Some(b']') => self.close(io, pos),
            Some(_) => {
                self.state = State::Value;
                if self.frames.last().is_some_and(|frame| frame.op != COPY) {
                    self.arm_item(io);
                }
                self.value(io, pos)
            }
            None => Ok(pos),
        }
    }

    fn open(&mut self, pos: usize, object: bool) -> Step {
        if self.frames.len() >= self.limits.depth as usize {
            return self.fault(Cause::Depth, pos);
        }
        let op = std::mem::replace(&mut self.entering, COPY);
        let scope = self.names.enter();
        let spelling = Spelling::None;
        self.frames.push(Frame { op, count: 0, object, wrote: false, scope, spelling });
        self.state = if object { State::NameOrEnd } else { State::ItemOrEnd };
        Ok(pos + 1)
    }

    fn close(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
        if self.frames.last().is_some_and(|frame| frame.op != COPY) {
            self.container_end(io, pos)?;
        }
        if let Some(frame) = self.frames.pop() {
            self.names.leave(frame.scope);
        }
        self.value_end(io, pos + 1)
    }

    #[inline]
    fn name(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
        let pos = skip_blank(io.chunk, pos);
        match io.chunk.get(pos) {
            Some(b'"') => {
                self.token_at = self.at(pos);
                self.escaped = false;
                self.state = State::InName;
                if self.frames.last().is_some_and(|frame| frame.op != COPY) {
                    self.name_start(io, pos);
                }
                let end = pos + 1 + plain(io.chunk.get(pos + 1..).unwrap_or_default());
                self.in_name(io, end)
            }
            Some(b'}') if self.state == State::NameOrEnd => self.close(io, pos),
            Some(&byte) => self.fault(Cause::Unexpected(byte), pos),
            None => Ok(pos),
        }
    }

    #[inline]
    fn in_name(&mut self, io: &mut Io<'_>, mut pos: usize) -> Step {
        let chunk = io.chunk;
        if self.escape == Escape::Plain && chunk.get(pos) == Some(&b'"') {
            pos += 1;
        } else if !self.string(chunk, &mut pos)? {
            return Ok(pos);
        }
        self.guard(self.at(pos - 1))?;
        if self.token_at < self.offset {
            let mut token = std::mem::take(&mut self.token);
            token.extend_from_slice(chunk.get(..pos - 1).unwrap_or_default());
            let done = self.named(io, pos, &token, Spelling::Kept);
            token.clear();
            self.token = token;
            done?;
        } else {
            let start = place_in(self.token_at - self.offset) + 1;
            let raw = chunk.get(start as usize..pos - 1).unwrap_or_default();
            let length = u32::try_from(raw.len()).unwrap_or(u32::MAX);
            self.named(io, pos, raw, Spelling::Chunk { start, length })?;
        }
        self.state = State::Colon;
        self.colon(io, pos)
    }

    /// A name is complete; `raw` is its spelling without the quotes.
    #[inline]
    fn named(
        &mut self,
        io: &Io<'_>,
        end: usize,
        raw: &[u8],
        spelling: Spelling,
    ) -> Result<(), Box<Fault>> {
        if spelling == Spelling::Kept {
            keep(&mut self.kept, self.frames.len().saturating_sub(1), raw);
        }
        let mut text = Vec::new();
        let name = if self.escaped {
            text = std::mem::take(&mut self.text);
            unescape(raw, &mut text);
            &text
        } else {
            raw
        };
        let hash = io.code.key.hash(name);
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        frame.spelling = spelling;
        frame.count = frame.count.saturating_add(1);
        if frame.count > self.limits.members {
            return self.fault_at(Cause::Members, self.token_at);
        }
        if !self.names.insert(&mut frame.scope, hash) {
            return self.fault_at(Cause::DuplicateName, self.token_at);
        }
        if frame.op != COPY {
            self.member_start(io, end, name, hash)?;
        }
        if self.escaped {
            self.text = text;
        }
        Ok(())
    }

    #[inline]
    fn colon(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
        let pos = skip_blank(io.chunk, pos);
        match io.chunk.get(pos) {
            Some(b':') => {
                self.state = State::Value;
                self.value(io, pos + 1)
            }
            Some(&byte) => self.fault(Cause::Unexpected(byte), pos),
            None => Ok(pos),
        }
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

/// Keeps the beginning of a name's spelling for pointers.
fn keep(kept: &mut Vec<Vec<u8>>, level: usize, raw: &[u8]) {
    if kept.len() <= level {
        kept.resize_with(level + 1, Vec::new);
    }
    if let Some(name) = kept.get_mut(level) {
        name.clear();
        name.extend_from_slice(raw.get(..NAME).unwrap_or(raw));
    }
}

#[inline]
fn skip_blank(chunk: &[u8], pos: usize) -> usize {
    match chunk.get(pos) {
        Some(0..=b' ') => pos + blank(chunk.get(pos..).unwrap_or_default()),
        _ => pos,
    }
}

/// A place in a chunk, which has at most 2^30 bytes.
fn place_in(offset: u64) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

fn length(chunk: &[u8]) -> u64 {
    chunk.len() as u64
}
