//! NDJSON and JSON Lines: one JSON text a line. A carriage return before the line end is white space of the text.

use memchr::memchr;

use crate::convert::refused::Refused;

use super::stream::Tally;
use super::turn::Turn;

/// The lines of a stream.
#[derive(Debug)]
pub(super) struct Lines {
    turn: Turn,
    /// White space at the beginning of the line, until there is more than that.
    blank: Vec<u8>,
    begun: bool,
    /// Where the line began.
    start: u64,
}

impl Lines {
    pub(super) const fn new(turn: Turn) -> Self {
        Self { turn, blank: Vec::new(), begun: false, start: 0 }
    }

    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        tally: &mut Tally,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let mut at = 0;
        while let Some(length) = memchr(b'\n', chunk.get(at..).unwrap_or_default()) {
            self.part(chunk.get(at..at + length).unwrap_or_default());
            at += length + 1;
            self.end(tally, b"\n", out)?;
            self.start = tally.offset + at as u64;
        }
        self.part(chunk.get(at..).unwrap_or_default());
        Ok(())
    }

    pub(super) fn finish(&mut self, tally: &mut Tally, out: &mut Vec<u8>) -> Result<(), Refused> {
        self.end(tally, b"", out)
    }

    pub(super) fn fired(&mut self) -> Vec<Vec<u32>> {
        std::mem::take(&mut self.turn.fired)
    }

    pub(super) fn held_back(&self) -> usize {
        self.blank.len() + self.turn.held_back()
    }

    fn part(&mut self, bytes: &[u8]) {
        if self.begun {
            return self.turn.push(bytes);
        }
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
        let blank = bytes.iter().take_while(|byte| is_blank(byte)).count();
        let (space, rest) = bytes.split_at_checked(blank).unwrap_or((bytes, &[]));
        self.blank.extend_from_slice(space);
        if !rest.is_empty() || self.turn.is_beyond(self.blank.len()) {
            self.begun = true;
            self.turn.push(&std::mem::take(&mut self.blank));
            self.turn.push(rest);
        }
    }

    fn end(&mut self, tally: &mut Tally, mark: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        if !std::mem::take(&mut self.begun) {
            out.append(&mut self.blank);
            out.extend_from_slice(mark);
            return Ok(());
        }
        let number = tally.number;
        tally.number += 1;
        match self.turn.end(number, self.start) {
            Ok(written) => {
                out.extend_from_slice(written);
                out.extend_from_slice(mark);
                self.turn.clear();
            }
            Err(refused) => {
                if let Some(told) = tally.instead(refused)? {
                    out.extend_from_slice(told.as_bytes());
                    out.extend_from_slice(mark);
                }
            }
        }
        Ok(())
    }
}
