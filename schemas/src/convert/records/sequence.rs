//! JSON text sequences (RFC 7464): each text after a record separator, a line feed after it.

use memchr::memchr2;

use crate::convert::refused::{Cause, Refused};
use crate::pointer::Pointer;

use super::stream::Tally;
use super::turn::Turn;

const SEPARATOR: u8 = 0x1e;

/// Where the stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first separator, or after a text: nothing but white space, and texts that no separator announces.
    Between,
    /// After separators: the text has not begun.
    Before,
    /// In a text.
    Within,
    /// In what stands where no text can be.
    Astray,
}

/// The texts of a stream.
#[derive(Debug)]
pub(super) struct Sequence {
    turn: Turn,
    state: State,
    /// Separators and white space before the text.
    lead: Vec<u8>,
    /// Where the text began.
    start: u64,
    most: usize,
}

impl Sequence {
    pub(super) fn new(turn: Turn) -> Self {
        let most = turn.most();
        Self { turn, state: State::Between, lead: Vec::new(), start: 0, most }
    }

    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        tally: &mut Tally,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let at = tally.offset + (chunk.len() - rest.len()) as u64;
            // a text that is whole ends at a line feed, so that it can go at once
            let end = memchr2(SEPARATOR, b'\n', rest);
            let (part, after) =
                rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
            self.part(part, at, out);
            let Some((mark, after)) = after.split_first() else { break };
            rest = after;
            let at = at + part.len() as u64;
            if *mark == SEPARATOR {
                self.end(tally, out)?;
                self.state = State::Before;
                self.lead.push(SEPARATOR);
            } else {
                self.part(b"\n", at, out);
                if self.state == State::Within && self.turn.is_whole() {
                    self.end(tally, out)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, tally: &mut Tally, out: &mut Vec<u8>) -> Result<(), Refused> {
        self.end(tally, out)?;
        out.append(&mut self.lead);
        Ok(())
    }

    pub(super) fn fired(&mut self) -> Vec<Vec<u32>> {
        std::mem::take(&mut self.turn.fired)
    }

    pub(super) fn held_back(&self) -> usize {
        self.lead.len() + self.turn.held_back()
    }

    fn part(&mut self, bytes: &[u8], at: u64, out: &mut Vec<u8>) {
        let mut bytes = bytes;
        if matches!(self.state, State::Between | State::Before) {
            let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let (space, rest) = bytes.split_at_checked(blank).unwrap_or((bytes, &[]));
            if self.state == State::Between { &mut *out } else { &mut self.lead }
                .extend_from_slice(space);
            // empty texts are ignored (§2.1), so that they may go
            if self.lead.len() > self.most {
                out.append(&mut self.lead);
            }
            if rest.is_empty() {
                return;
            }
            self.start = at + blank as u64;
            self.state = if self.state == State::Before { State::Within } else { State::Astray };
            bytes = rest;
        }
        if self.state == State::Within {
            self.turn.push(bytes);
        }
    }

    /// A text is at its end, or the next one begins.
    fn end(&mut self, tally: &mut Tally, out: &mut Vec<u8>) -> Result<(), Refused> {
        let number = tally.number;
        let ended = match std::mem::replace(&mut self.state, State::Between) {
            State::Between | State::Before => return Ok(()),
            State::Within => self.turn.end(number, self.start),
            State::Astray => Err(Refused {
                pointer: Pointer::root().join(&number.to_string()),
                offset: self.start,
                cause: Cause::Framing("a JSON text stands before its record separator"),
            }),
        };
        tally.number += 1;
        match ended {
            Ok(written) => {
                out.append(&mut self.lead);
                out.extend_from_slice(written);
                self.turn.clear();
            }
            Err(refused) => {
                self.lead.clear();
                if let Some(told) = tally.instead(refused)? {
                    out.push(SEPARATOR);
                    out.extend_from_slice(told.as_bytes());
                    out.push(b'\n');
                }
            }
        }
        Ok(())
    }
}
