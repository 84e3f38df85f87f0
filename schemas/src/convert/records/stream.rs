//! A stream of records on its way, whatever tells them apart.

use std::sync::Arc;

use serde_json::json;

use crate::convert::code::Prepared;
use crate::convert::refused::{Cause, Limits, Refused, Report};
use crate::plan::outside::Values;
use crate::plan::program::Program;
use crate::plan::wire::Framing;
use crate::pointer::Pointer;

use super::events::Events;
use super::lines::Lines;
use super::sequence::Sequence;
use super::turn::Turn;

/// What becomes of a record that does not get through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unconvertible {
    /// It is left out, and counted.
    Skip,
    /// A record that says so stands in its place (RFC 9457); among events, one of the type `unconvertible`.
    Error,
    /// The stream ends there, as broken.
    #[default]
    Close,
}

/// What framers share: where the stream stands and what was done.
#[derive(Debug)]
pub(super) struct Tally {
    policy: Unconvertible,
    /// Records so far.
    pub(super) number: u64,
    /// Bytes before the chunk in hand.
    pub(super) offset: u64,
    replaced: u64,
}

impl Tally {
    /// The same where nothing may stand in the place of a record.
    pub(super) const fn strict(&self) -> Self {
        Self { policy: Unconvertible::Close, number: self.number, offset: self.offset, replaced: 0 }
    }

    /// What stands in the place of a record that does not get through, if anything does.
    pub(super) fn instead(&mut self, refused: Refused) -> Result<Option<String>, Refused> {
        match self.policy {
            Unconvertible::Close => return Err(refused),
            Unconvertible::Skip | Unconvertible::Error => self.replaced += 1,
        }
        let told = json!({
            "type": "about:blank",
            "title": "a record could not be converted",
            "code": refused.cause.code(),
            "detail": refused.cause.to_string(),
            "pointer": refused.pointer.as_str(),
        });
        Ok((self.policy == Unconvertible::Error).then(|| told.to_string()))
    }
}

#[derive(Debug)]
enum Framer {
    Lines(Lines),
    Sequence(Sequence),
    Events(Events),
}

/// Converts a stream of records that comes in chunks of any size. How it is cut makes no difference.
#[derive(Debug)]
pub struct Records {
    framer: Framer,
    tally: Tally,
    over: bool,
    bytes_out: u64,
}

impl Records {
    /// Begins a stream. `prepared` is the conversion of one record; for events, of those that no plan of the framing
    /// names, while `events` has one for each plan that converts, in order.
    pub fn start(
        framing: &Framing,
        prepared: (&Prepared, &[Prepared]),
        limits: Limits,
        values: &Arc<Values>,
        policy: Unconvertible,
    ) -> Self {
        let (own, events) = prepared;
        let framer = match framing {
            Framing::Lines => Framer::Lines(Lines::new(Turn::new(own, limits, values))),
            Framing::Sequence => Framer::Sequence(Sequence::new(Turn::new(own, limits, values))),
            Framing::Events(plans) => {
                let turns = events.iter().map(|one| Turn::new(one, limits, values)).collect();
                Framer::Events(Events::new(plans, turns, limits.record))
            }
        };
        let tally = Tally { policy, number: 0, offset: 0, replaced: 0 };
        Self { framer, tally, over: false, bytes_out: 0 }
    }

    /// The same from a framing alone, prepared anew.
    pub fn new(
        framing: &Framing,
        stages: &[Arc<Program>],
        limits: Limits,
        values: &Arc<Values>,
        policy: Unconvertible,
    ) -> Self {
        let events = prepared_events(framing);
        Self::start(framing, (&Prepared::new(stages), &events), limits, values, policy)
    }

    /// Takes the next bytes and appends to `out` every record that is whole.
    ///
    /// # Errors
    /// When a record does not get through and the policy is to close. The records before it are in `out`, and they
    /// are good; the stream is over.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        self.check_open()?;
        let before = out.len();
        let done = match &mut self.framer {
            Framer::Lines(one) => one.push(chunk, &mut self.tally, out),
            Framer::Sequence(one) => one.push(chunk, &mut self.tally, out),
            Framer::Events(one) => one.push(chunk, &mut self.tally, out),
        };
        self.tally.offset += chunk.len() as u64;
        self.bytes_out += out.len().saturating_sub(before) as u64;
        self.over = done.is_err();
        done
    }

    /// Says that no more bytes come, and appends the last record.
    ///
    /// # Errors
    /// When the last record does not get through and the policy is to close.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<Report, Refused> {
        self.check_open()?;
        self.over = true;
        let before = out.len();
        match &mut self.framer {
            Framer::Lines(one) => one.finish(&mut self.tally, out)?,
            Framer::Sequence(one) => one.finish(&mut self.tally, out)?,
            Framer::Events(one) => one.finish(&self.tally, out),
        }
        self.bytes_out += out.len().saturating_sub(before) as u64;
        let fired = match &mut self.framer {
            Framer::Lines(one) => one.fired(),
            Framer::Sequence(one) => one.fired(),
            Framer::Events(one) => one.fired(),
        };
        Ok(Report { fired, bytes_in: self.tally.offset, bytes_out: self.bytes_out })
    }

    /// Records that were left out or replaced.
    pub fn replaced(&self) -> u64 {
        self.tally.replaced
    }

    /// Bytes that were taken but neither written nor dropped.
    pub fn held_back(&self) -> usize {
        match &self.framer {
            Framer::Lines(one) => one.held_back(),
            Framer::Sequence(one) => one.held_back(),
            Framer::Events(one) => one.held_back(),
        }
    }

    fn check_open(&self) -> Result<(), Refused> {
        if self.over {
            let offset = self.tally.offset;
            return Err(Refused { pointer: Pointer::root(), offset, cause: Cause::Over });
        }
        Ok(())
    }
}

/// The conversions of a framing's events, in order.
pub(crate) fn prepared_events(framing: &Framing) -> Vec<Prepared> {
    match framing {
        Framing::Events(plans) => plans
            .iter()
            .filter_map(|one| one.stages.as_ref())
            .map(|one| Prepared::new(one))
            .collect(),
        Framing::Lines | Framing::Sequence => Vec::new(),
    }
}
