//! Values that are complete before anything becomes of them: functions of a value, and objects told apart.

use std::borrow::Cow;
use std::sync::Arc;

use crate::convert::code::{Code, Op, OpId, TransformOp};
use crate::convert::fault::Fault;
use crate::convert::machine::{Io, Machine};
use crate::convert::member::Done;
use crate::convert::refused::{Cause, Limits, Refused};
use crate::convert::store::fire;
use crate::plan::outside::Values;
use crate::plan::program::NoteId;
use crate::pointer::Pointer;

impl Machine {
    /// The value from `start` to `end` is complete.
    pub(super) fn nested(&mut self, io: &mut Io<'_>, op: OpId, start: u64, end: u64) -> Done {
        let bytes = self.between(io, start, end);
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return self.fault_at(Cause::Utf8, start);
        };
        let depth = self.frames.len();
        let used = u32::try_from(depth).unwrap_or(u32::MAX);
        let limits = Limits { depth: self.limits.depth.saturating_sub(used), ..self.limits };
        let code = Arc::clone(&self.code);
        let values = Arc::clone(&self.values);
        let work = self.work.unwrap_or_else(|| work_for(text, limits));
        let fired = &mut self.fired;
        let mut inner = Inner { code: &code, values: &values, limits, fired, level: 0, work };
        let outcome = inner.run(op, text);
        self.work = self.work.and(Some(inner.work));
        match outcome {
            Ok(Outcome::Same) => self.settle(io, start),
            Ok(Outcome::Text(text)) => self.written(io, &text, start, end),
            Ok(Outcome::Omitted(note)) => self.left_out(io, note, start, end),
            Err(refused) => {
                let pointer = self.pointer(depth, io.chunk).concat(&refused.pointer);
                let at = start.saturating_add(refused.offset);
                Err(Box::new(Fault { cause: refused.cause, at, depth, pointer: Some(pointer) }))
            }
        }
    }
}

/// What becomes of a complete value.
enum Outcome {
    /// It stays as it is.
    Same,
    Text(Vec<u8>),
    Omitted(NoteId),
}

/// Operations one after the other on one value; places are those in the value.
struct Inner<'a> {
    code: &'a Arc<Code>,
    values: &'a Arc<Values>,
    limits: Limits,
    fired: &'a mut [u32],
    level: u32,
    /// Bytes that may still be gone through.
    work: u64,
}

/// A short value may be gone through as often as one of so many bytes.
const SHORT: u64 = 256;

/// How many bytes may be gone through for a value and all that is inside it. Without an end to it, a program that goes
/// on from both sides of a function would take twice as long for each container inside another.
fn work_for(text: &str, limits: Limits) -> u64 {
    (text.len() as u64).max(SHORT).saturating_mul(u64::from(limits.work))
}

/// Functions of one value one after the other; no program that is built here has so many.
const LEVELS: u32 = 64;

impl Inner<'_> {
    fn run(&mut self, op: OpId, text: &str) -> Result<Outcome, Refused> {
        if self.level >= LEVELS {
            return Err(here(Cause::Circular));
        }
        let left = self.work.checked_sub(text.len() as u64 + 1);
        self.work = left.ok_or_else(|| here(Cause::Work))?;
        self.level += 1;
        let outcome = self.operation(op, text);
        self.level -= 1;
        outcome
    }

    fn operation(&mut self, op: OpId, text: &str) -> Result<Outcome, Refused> {
        let code = self.code;
        let first = text.as_bytes().first().copied().unwrap_or(b'n');
        match code.op(op) {
            Op::Refuse(note) => Err(here(Cause::Value(code.note(*note).into()))),
            Op::Broken(cause) => Err(here(cause.clone())),
            Op::Omit(note) => Ok(Outcome::Omitted(*note)),
            Op::Replace(literal, note) => {
                fire(self.fired, *note);
                Ok(Outcome::Text(literal.as_bytes().to_vec()))
            }
            Op::Split(split) => self.run(split.by(first), text),
            Op::Table(table) => {
                let scalar = !matches!(first, b'{' | b'[');
                let row = if scalar { table.rows.find(text.as_bytes()) } else { None };
                self.run(row.unwrap_or(table.otherwise), text)
            }
            Op::Transform(one) => self.transform(one, text),
            Op::Choose(choose) => self.run(choose.decide(text), text),
            Op::Object(_) if first == b'{' => self.machine(op, text),
            Op::Array(_) if first == b'[' => self.machine(op, text),
            Op::Copy | Op::Object(_) | Op::Array(_) => Ok(Outcome::Same),
        }
    }

    fn transform(&mut self, one: &TransformOp, text: &str) -> Result<Outcome, Refused> {
        let before = match self.run(one.before, text)? {
            Outcome::Same => Cow::Borrowed(text),
            Outcome::Text(text) => {
                Cow::Owned(String::from_utf8(text).map_err(|_| here(Cause::Utf8))?)
            }
            omitted @ Outcome::Omitted(_) => return Ok(omitted),
        };
        let made = match one.node.transform.apply_with(&before, self.values) {
            Ok(made) => made,
            Err(unfit) => {
                let rest = self.run(one.otherwise, &before).map_err(|mut refused| {
                    if let Cause::Value(note) = &refused.cause {
                        refused.cause = Cause::Unfit(note.clone(), unfit.0);
                    }
                    refused
                })?;
                return Ok(rest.or(before));
            }
        };
        if !made.exact || made.text != before {
            let lost = one.node.lost.filter(|_| !made.exact);
            fire(self.fired, lost.unwrap_or(one.node.note));
        }
        let then = self.run(one.then, &made.text).map_err(|refused| {
            let pointer = one.node.origin_in(&before, &refused.pointer);
            Refused { pointer, offset: 0, cause: refused.cause }
        })?;
        Ok(then.or(Cow::Owned(made.text)))
    }

    fn machine(&mut self, op: OpId, text: &str) -> Result<Outcome, Refused> {
        let mut machine = Machine::at_op(self.code, op, self.limits, self.values);
        let mut out = Vec::with_capacity(text.len());
        machine.work = Some(self.work);
        let done = machine.push(text.as_bytes(), &mut out).and_then(|()| machine.finish(&mut out));
        self.work = machine.work.unwrap_or_default();
        done?;
        for (all, more) in self.fired.iter_mut().zip(&machine.fired) {
            *all = all.saturating_add(*more);
        }
        Ok(Outcome::Text(out))
    }
}

impl Outcome {
    /// With the text that stays the same.
    fn or(self, text: Cow<'_, str>) -> Self {
        match (self, text) {
            (Self::Same, Cow::Owned(text)) => Self::Text(text.into_bytes()),
            (outcome, _) => outcome,
        }
    }
}

fn here(cause: Cause) -> Refused {
    Refused { pointer: Pointer::root(), offset: 0, cause }
}
