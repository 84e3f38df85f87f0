//! The syntax of JSON (RFC 8259), token by token: what the machine does at each byte that may come next.

use crate::convert::block::plain;
use crate::convert::code::{COPY, Code};
use crate::convert::fault::Fault;
use crate::convert::machine::{Frame, Io, Machine, Spelling, State, Step, keep, place_in};
use crate::convert::refused::Cause;
use crate::convert::scan::{Escape, Number, blank, literal, unescape};
use crate::convert::shape::{Fate, NOBODY, NOWHERE};

impl Machine {
    pub(super) fn done(&self, io: &Io<'_>, pos: usize) -> Step {
        let pos = pos + blank(io.chunk.get(pos..).unwrap_or_default());
        if pos < io.chunk.len() { self.fault(Cause::Trailing, pos) } else { Ok(pos) }
    }

    #[inline]
    pub(super) fn value(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
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
    pub(super) fn in_string(&mut self, io: &mut Io<'_>, mut pos: usize) -> Step {
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
    pub(super) fn in_number(&mut self, io: &mut Io<'_>, mut pos: usize) -> Step {
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
    pub(super) fn in_literal(
        &mut self,
        io: &mut Io<'_>,
        mut pos: usize,
        rest: &'static [u8],
    ) -> Step {
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
    pub(super) fn after(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
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

    pub(super) fn item_or_end(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
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
        self.enter(object);
        self.state = if object { State::NameOrEnd } else { State::ItemOrEnd };
        Ok(pos + 1)
    }

    /// A container begins.
    #[inline]
    pub(super) fn enter(&mut self, object: bool) {
        let op = std::mem::replace(&mut self.entering, COPY);
        let shape = match self.frames.last_mut() {
            None => self.shapes.root(),
            Some(top) if top.inner == NOWHERE => {
                top.inner = self.shapes.grow(top.shape, top.at);
                top.inner
            }
            Some(top) => top.inner,
        };
        let (guess, inner) = if object {
            (self.shapes.enter(shape, op), NOWHERE)
        } else {
            (NOBODY, self.shapes.items(shape))
        };
        self.frames.push(Frame {
            op,
            count: 0,
            object,
            wrote: false,
            scope: self.names.enter(),
            spelling: Spelling::None,
            seen: 0,
            mixed: false,
            shape,
            inner,
            at: NOBODY,
            guess,
        });
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
    pub(super) fn name(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
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
    pub(super) fn in_name(&mut self, io: &mut Io<'_>, mut pos: usize) -> Step {
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
        let (op, before) = (frame.op, frame.at);
        let Some(known) = self.meet(io.code, name, hash) else {
            return self.fault_at(Cause::DuplicateName, self.token_at);
        };
        self.point_at(known, before);
        if op != COPY {
            let fate = self.fate(io.code, known, name, hash);
            self.member_start(end, fate)?;
        }
        if self.escaped {
            self.text = text;
        }
        Ok(())
    }

    /// The innermost object has this name: its number, if its shape has it. None when it has had it before.
    ///
    /// A name that the shape has is one bit in `seen`, any other goes to the scope. No name is in both, as the shape
    /// takes in nothing once the scope has something, and loses nothing as long as the object is open.
    #[expect(
        clippy::option_option,
        reason = "a name that comes again, or a new one with a number or without"
    )]
    pub(super) fn meet(&mut self, code: &Code, name: &[u8], hash: u64) -> Option<Option<u8>> {
        let frame = self.frames.last_mut()?;
        let mut known = self.shapes.find(frame.shape, name, hash);
        if known.is_none() && !frame.mixed {
            let fate = code.fate(frame.op, name, hash);
            known = self.shapes.add(frame.shape, name, hash, fate);
        }
        if let Some(number) = known {
            let bit = 1 << number;
            let new = frame.seen & bit == 0;
            frame.seen |= bit;
            return new.then_some(known);
        }
        frame.mixed = true;
        self.names.insert(&mut frame.scope, hash).then_some(None)
    }

    /// What becomes of a member of the innermost object.
    pub(super) fn fate(&self, code: &Code, known: Option<u8>, name: &[u8], hash: u64) -> Fate {
        let Some(frame) = self.frames.last() else { return Fate::COPIED };
        let known = known.and_then(|number| self.shapes.fate(frame.shape, number));
        known.unwrap_or_else(|| code.fate(frame.op, name, hash))
    }

    #[inline]
    pub(super) fn colon(&mut self, io: &mut Io<'_>, pos: usize) -> Step {
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
}

#[inline]
fn skip_blank(chunk: &[u8], pos: usize) -> usize {
    match chunk.get(pos) {
        Some(0..=b' ') => pos + blank(chunk.get(pos..).unwrap_or_default()),
        _ => pos,
    }
}
