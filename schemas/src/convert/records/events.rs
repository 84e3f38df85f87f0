//! Server-sent events (WHATWG HTML §9.2.6): the `data` of each event is converted by its type; all else stays.

use memchr::memchr2;
use std::sync::Arc;

use crate::convert::refused::{Cause, Refused};
use crate::plan::wire::EventPlan;
use crate::pointer::Pointer;

use super::stream::Tally;
use super::turn::Turn;

/// The type of an event that names none.
const DEFAULT: &[u8] = b"message";

/// What ends a stream of several well-known apis. It is no JSON text and means the same in all versions.
const SENTINEL: &[u8] = b"[DONE]";

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a line feed goes whose carriage return was the last byte of its chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Late {
    /// To the output, after what was written.
    Out,
    /// Nowhere, as the event was left out.
    Nowhere,
    /// Into the block.
    Block,
}

/// The events of a stream.
#[derive(Debug)]
pub(super) struct Events {
    plans: Arc<[EventPlan]>,
    /// One for each plan that converts.
    turns: Vec<Turn>,
    most: usize,
    /// The lines of the event so far.
    block: Vec<u8>,
    /// Where the current line begins in the block.
    line: usize,
    late: Option<Late>,
    /// Where the event began, and whether it is longer than may be.
    start: u64,
    beyond: bool,
    first: bool,
}

impl Events {
    pub(super) fn new(plans: &Arc<[EventPlan]>, turns: Vec<Turn>, most: usize) -> Self {
        Self {
            plans: Arc::clone(plans),
            turns,
            most,
            block: Vec::new(),
            line: 0,
            late: None,
            start: 0,
            beyond: false,
            first: true,
        }
    }

    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        tally: &mut Tally,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let mut rest = chunk;
        if let (Some(late), Some((b'\n', after))) = (self.late, rest.split_first()) {
            match late {
                Late::Out => out.push(b'\n'),
                Late::Nowhere => {}
                Late::Block => {
                    self.block.push(b'\n');
                    self.line = self.block.len();
                }
            }
            rest = after;
        }
        if !chunk.is_empty() {
            self.late = None;
        }
        while let Some(length) = memchr2(b'\r', b'\n', rest) {
            let crlf = rest.get(length..).is_some_and(|end| end.starts_with(b"\r\n"));
            let end = length + 1 + usize::from(crlf);
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = after;
            let (content, mark) = line.split_at_checked(length).unwrap_or((line, &[]));
            self.begin(tally.offset + (chunk.len() - rest.len() - line.len()) as u64);
            self.take(content);
            let went = self.line_end(mark, tally, out)?;
            self.late = (mark == b"\r" && rest.is_empty()).then_some(went);
        }
        if !rest.is_empty() {
            self.begin(tally.offset + (chunk.len() - rest.len()) as u64);
            self.take(rest);
        }
        Ok(())
    }

    /// What was begun and not ended is no event (§9.2.6): it goes as it came where nobody can take it for data.
    pub(super) fn finish(&mut self, tally: &Tally, out: &mut Vec<u8>) {
        if self.block.is_empty() || self.beyond {
            return;
        }
        let block = std::mem::take(&mut self.block);
        if Parsed::read(&block, self.first).data.is_empty() {
            out.extend_from_slice(&block);
            return;
        }
        // a lenient reader may take it, if it is whole; if it is not, nobody may
        let mut strict = tally.strict();
        let before = out.len();
        if self.event(&block, b"", &mut strict, out).is_err() {
            out.truncate(before);
        }
    }

    pub(super) fn fired(&mut self) -> Vec<Vec<u32>> {
        self.turns.iter_mut().flat_map(|turn| std::mem::take(&mut turn.fired)).collect()
    }

    pub(super) fn held_back(&self) -> usize {
        self.block.len()
    }

    fn begin(&mut self, at: u64) {
        if self.block.is_empty() && !self.beyond {
            self.start = at;
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.block.len().saturating_add(bytes.len()) > self.most {
            self.beyond = true;
        }
        if self.beyond {
            // only whether the line is empty matters now
            if self.block.len() == self.line {
                self.block.extend_from_slice(bytes.get(..1).unwrap_or_default());
            }
            return;
        }
        self.block.extend_from_slice(bytes);
    }

    /// The current line is complete but for its end; tells where that went.
    fn line_end(
        &mut self,
        mark: &[u8],
        tally: &mut Tally,
        out: &mut Vec<u8>,
    ) -> Result<Late, Refused> {
        let content = self.block.get(self.line..).unwrap_or_default();
        if content.is_empty() {
            let block = std::mem::take(&mut self.block);
            let went = self.event(&block, mark, tally, out);
            self.block = block;
            self.block.clear();
            self.line = 0;
            self.beyond = false;
            return went;
        }
        // comments keep a connection alive, so they do not wait for an event
        if self.line == 0 && content.first() == Some(&b':') && !self.beyond {
            out.append(&mut self.block);
            out.extend_from_slice(mark);
            self.first = false;
            return Ok(Late::Out);
        }
        if self.beyond {
            self.block.truncate(self.line);
            return Ok(Late::Nowhere);
        }
        self.block.extend_from_slice(mark);
        self.line = self.block.len();
        Ok(Late::Block)
    }

    /// A block of lines is complete; `mark` is the empty line after it.
    fn event(
        &mut self,
        block: &[u8],
        mark: &[u8],
        tally: &mut Tally,
        out: &mut Vec<u8>,
    ) -> Result<Late, Refused> {
        let parsed = Parsed::read(block, std::mem::take(&mut self.first));
        let as_it_is = |out: &mut Vec<u8>| {
            out.extend_from_slice(block);
            out.extend_from_slice(mark);
            Ok(Late::Out)
        };
        let number = tally.number;
        let ended = if self.beyond {
            Err(Refused {
                pointer: Pointer::root().join(&number.to_string()),
                offset: self.start.saturating_add(self.most as u64),
                cause: Cause::RecordLength,
            })
        } else {
            let data = parsed.data(block);
            if data.is_empty() {
                return as_it_is(out);
            }
            let turn = turn(&self.plans, &mut self.turns, parsed.kind(block));
            let Some(turn) = turn.filter(|_| data != SENTINEL) else {
                tally.number += 1;
                return as_it_is(out);
            };
            turn.push(&data);
            match turn.end(number, self.start) {
                Ok(written) if written == data => as_it_is(out),
                Ok(written) => {
                    parsed.write(block, Some(written), out);
                    out.extend_from_slice(mark);
                    Ok(Late::Out)
                }
                Err(refused) => Err(refused),
            }
            .inspect(|_| turn.clear())
        };
        tally.number += 1;
        let Err(refused) = ended else { return ended };
        match tally.instead(refused)? {
            Some(told) => {
                for part in [&b"event: unconvertible\ndata: "[..], told.as_bytes(), b"\n", mark] {
                    out.extend_from_slice(part);
                }
                Ok(Late::Out)
            }
            None if self.beyond => Ok(Late::Nowhere),
            // the other fields still count: `id` is where the client goes on after a break
            None => {
                let before = out.len();
                parsed.write(block, None, out);
                if out.len() == before {
                    return Ok(Late::Nowhere);
                }
                out.extend_from_slice(mark);
                Ok(Late::Out)
            }
        }
    }
}

/// The conversion of the events of a type; `None` where they pass.
fn turn<'a>(plans: &[EventPlan], turns: &'a mut [Turn], kind: &[u8]) -> Option<&'a mut Turn> {
    let named = |plan: &EventPlan| plan.event.as_ref().is_some_and(|one| one.as_bytes() == kind);
    let at = plans
        .iter()
        .position(named)
        .or_else(|| plans.iter().position(|plan| plan.event.is_none()))?;
    plans.get(at)?.stages.as_ref()?;
    let before = plans.iter().take(at).filter(|plan| plan.stages.is_some()).count();
    turns.get_mut(before)
}

/// A line of an event: where it begins, where its value begins and ends, and where the line ends.
#[derive(Clone, Copy, Debug)]
struct Line {
    start: usize,
    value: usize,
    end: usize,
    next: usize,
}

/// The lines of an event that matter here.
#[derive(Debug, Default)]
struct Parsed {
    kind: Option<Line>,
    data: Vec<Line>,
}

impl Parsed {
    fn read(block: &[u8], first: bool) -> Self {
        let mut parsed = Self::default();
        let mut start = if first && block.starts_with(MARK) { MARK.len() } else { 0 };
        while start < block.len() {
            let rest = block.get(start..).unwrap_or_default();
            let end = start + memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            let crlf = block.get(end..).is_some_and(|mark| mark.starts_with(b"\r\n"));
            let next = (end + 1 + usize::from(crlf)).min(block.len());
            let content = block.get(start..end).unwrap_or_default();
            let colon = content.iter().position(|byte| *byte == b':');
            let name = content.get(..colon.unwrap_or(content.len())).unwrap_or_default();
            let value = colon.map_or(end, |colon| {
                let value = start + colon + 1;
                value + usize::from(block.get(value) == Some(&b' '))
            });
            let line = Line { start, value, end, next };
            match name {
                b"event" => parsed.kind = Some(line),
                b"data" => parsed.data.push(line),
                _ => {}
            }
            start = next;
        }
        parsed
    }

    /// The event's type.
    fn kind<'a>(&self, block: &'a [u8]) -> &'a [u8] {
        let kind = self.kind.and_then(|line| block.get(line.value..line.end));
        kind.filter(|kind| !kind.is_empty()).unwrap_or(DEFAULT)
    }

    /// The lines of data, joined.
    fn data(&self, block: &[u8]) -> Vec<u8> {
        let lines = self.data.iter().filter_map(|line| block.get(line.value..line.end));
        lines.collect::<Vec<_>>().join(&b'\n')
    }

    /// The block with other data where the first line of data was, or without any.
    fn write(&self, block: &[u8], data: Option<&[u8]>, out: &mut Vec<u8>) {
        let mut at = 0;
        for (index, line) in self.data.iter().enumerate() {
            out.extend_from_slice(block.get(at..line.start).unwrap_or_default());
            at = line.next;
            let Some(data) = data.filter(|_| index == 0) else { continue };
            let colon = block.get(line.start..line.value).unwrap_or_default();
            let mark = block.get(line.end..line.next).unwrap_or_default();
            for (number, part) in data.split(|byte| *byte == b'\n').enumerate() {
                if number > 0 && mark.is_empty() {
                    out.push(b'\n');
                }
                out.extend_from_slice(colon);
                out.extend_from_slice(part);
                out.extend_from_slice(mark);
            }
        }
        out.extend_from_slice(block.get(at..).unwrap_or_default());
    }
}
