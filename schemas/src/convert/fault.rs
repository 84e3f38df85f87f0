//! Refusals of the machine: where they are, and which of several comes first.

use crate::convert::machine::{Machine, Spelling, State};
use crate::convert::place;
use crate::convert::refused::{Cause, Refused};
use crate::pointer::Pointer;

/// A refusal inside the machine.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) cause: Cause,
    pub(super) at: u64,
    /// The pointer goes through so many containers…
    pub(super) depth: usize,
    /// …unless it is known already.
    pub(super) pointer: Option<Pointer>,
}

impl Machine {
    /// A refusal at a place in the chunk, in the current container.
    #[cold]
    pub(super) fn fault<T>(&self, cause: Cause, pos: usize) -> Result<T, Box<Fault>> {
        self.fault_at(cause, self.at(pos))
    }

    #[cold]
    pub(super) fn fault_at<T>(&self, cause: Cause, at: u64) -> Result<T, Box<Fault>> {
        Err(Box::new(Fault { cause, at, depth: self.frames.len(), pointer: None }))
    }

    /// The offset of a place in the chunk.
    #[inline]
    pub(super) fn at(&self, pos: usize) -> u64 {
        self.offset + pos as u64
    }

    /// Whether more is held than may be, when so many bytes were taken. Called wherever something held ends, so
    /// that the answer does not depend on how the input is cut into chunks.
    #[inline]
    pub(super) fn guard(&self, taken: u64) -> Result<(), Box<Fault>> {
        let held = self.limits.held as u64;
        let token = match self.state {
            State::InName => self.token_at.saturating_add(self.limits.name as u64),
            State::InNumber => self.token_at.saturating_add(self.limits.number as u64),
            _ => u64::MAX,
        };
        let pending = self.pending.map_or(u64::MAX, |from| from.saturating_add(held));
        let stored = self.store.since.map_or(u64::MAX, |(from, _)| from.saturating_add(held));
        if taken <= token.min(pending).min(stored) { Ok(()) } else { self.guard_all(taken) }
    }

    #[cold]
    fn guard_all(&self, taken: u64) -> Result<(), Box<Fault>> {
        let depth = self.frames.len();
        let inside = depth.saturating_sub(1);
        let held = self.limits.held as u64;
        let name = (self.state == State::InName).then(|| {
            (
                self.token_at.saturating_add(1).saturating_add(self.limits.name as u64),
                inside,
                Cause::NameLength,
            )
        });
        let number = (self.state == State::InNumber).then(|| {
            (self.token_at.saturating_add(self.limits.number as u64), depth, Cause::NumberLength)
        });
        // A value that waits as a whole is named by where it begins, however deep its end is.
        let waits = self.waits_since().unwrap_or(inside);
        let pending = self.pending.map(|from| (from.saturating_add(held), waits, Cause::Held));
        let stored =
            self.store.since.map(|(from, depth)| (from.saturating_add(held), depth, Cause::Held));
        let first = [name, number, pending, stored].into_iter().flatten().min_by_key(|one| one.0);
        match first {
            Some((at, depth, cause)) if taken > at => {
                Err(Box::new(Fault { cause, at, depth, pointer: None }))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn refuse(&self, fault: Fault, chunk: &[u8]) -> Refused {
        let fault = match self.guard(fault.at) {
            Err(earlier) => *earlier,
            Ok(()) => fault,
        };
        let pointer = fault.pointer.unwrap_or_else(|| self.pointer(fault.depth, chunk));
        Refused { pointer, offset: fault.at, cause: fault.cause }
    }

    /// The place inside so many of the open containers.
    pub(super) fn pointer(&self, depth: usize, chunk: &[u8]) -> Pointer {
        let mut pointer = Pointer::root();
        for (level, frame) in self.frames.iter().enumerate().take(depth) {
            match (frame.object, frame.spelling) {
                (false, _) => pointer.push(&frame.count.to_string()),
                (true, Spelling::None) => {}
                (true, Spelling::Chunk { start, length }) => {
                    let raw = chunk.get(start as usize..start as usize + length as usize);
                    place::step_name(&mut pointer, raw.unwrap_or_default());
                }
                (true, Spelling::Known) => {
                    let known = self.shapes.name(frame.shape, frame.at);
                    pointer.push(&String::from_utf8_lossy(known));
                }
                (true, Spelling::Kept) => {
                    let raw = self.kept.get(level).map(Vec::as_slice);
                    place::step_name(&mut pointer, raw.unwrap_or_default());
                }
            }
        }
        pointer
    }
}
