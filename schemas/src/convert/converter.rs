//! One conversion: the programs one after the other, from the first byte of a payload to the last.

use std::sync::Arc;

use crate::convert::code::Prepared;
use crate::convert::machine::Machine;
use crate::convert::place;
use crate::convert::refused::{Cause, Limits, Refused, Report};
use crate::plan::outside::Values;
use crate::plan::program::{NodeId, Program};
use crate::pointer::Pointer;

/// Runs programs over one payload that comes in chunks of any size. How it is cut makes no difference to the output,
/// the report or the refusal.
///
/// Written output is final, but only after [`Converter::finish`] it is known to be a whole conversion: after a
/// refusal, what was written is worthless.
#[derive(Debug)]
pub struct Converter {
    prepared: Prepared,
    limits: Limits,
    values: Arc<Values>,
    machines: Vec<Machine>,
    /// Between the machines, empty between calls.
    between: [Vec<u8>; 2],
    /// The beginning of a character whose other bytes have not come.
    tail: Vec<u8>,
    over: bool,
    bytes_in: u64,
    bytes_out: u64,
}

impl Converter {
    /// Begins a conversion by programs that run one after the other; by none, one that checks and copies. Prepares
    /// the programs: where they run more than once, prepare them once and use [`Converter::start`].
    pub fn new(stages: &[Arc<Program>], limits: Limits, values: Arc<Values>) -> Self {
        Self::start(&Prepared::new(stages), limits, values)
    }

    /// Begins a conversion.
    pub fn start(prepared: &Prepared, limits: Limits, values: Arc<Values>) -> Self {
        let machines = prepared.stages.iter();
        Self {
            machines: machines.map(|code| Machine::new(code, limits, &values)).collect(),
            prepared: prepared.clone(),
            limits,
            values,
            between: [Vec::new(), Vec::new()],
            tail: Vec::new(),
            over: false,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Begins a conversion of a part of a payload, each program at a node.
    pub(super) fn start_at(
        prepared: &Prepared,
        nodes: &[NodeId],
        limits: Limits,
        values: Arc<Values>,
    ) -> Self {
        let mut converter = Self::start(prepared, limits, values);
        for ((machine, code), node) in
            converter.machines.iter_mut().zip(prepared.stages.iter()).zip(nodes)
        {
            *machine = Machine::at_op(code, code.at_node(*node), limits, &converter.values);
        }
        converter
    }

    /// Begins anew with the next payload, by the same programs.
    pub fn restart(&mut self) {
        let codes = self.prepared.stages.iter();
        self.machines.clear();
        self.machines.extend(codes.map(|code| Machine::new(code, self.limits, &self.values)));
        self.tail.clear();
        self.over = false;
        self.bytes_in = 0;
        self.bytes_out = 0;
    }

    /// Lets nothing go the quick way.
    #[cfg(test)]
    pub(super) fn only_slow(&mut self) {
        self.machines.iter_mut().for_each(|machine| machine.quick = false);
    }

    /// Whether a whole value was read, after which nothing but white space may come. A number at the root is known to
    /// be whole only by the white space after it.
    pub fn is_whole(&self) -> bool {
        !self.over && self.tail.is_empty() && self.machines.first().is_some_and(Machine::is_whole)
    }

    /// Takes the next bytes and appends to `out` what is ready.
    ///
    /// # Errors
    /// When the payload does not get through. The conversion is over then.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        self.check_open()?;
        let before = out.len();
        let done = self.push_text(chunk, out);
        self.bytes_out += (out.len() - before) as u64;
        self.over = done.is_err();
        done
    }

    /// Says that no more bytes come, and appends the rest of the output.
    ///
    /// # Errors
    /// When the payload is not complete or does not get through.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<Report, Refused> {
        self.check_open()?;
        self.over = true;
        if !self.tail.is_empty() {
            return Err(self.not_utf8());
        }
        let before = out.len();
        self.finish_stages(out)?;
        self.bytes_out += (out.len() - before) as u64;
        let fired = self.machines.iter_mut().map(|one| std::mem::take(&mut one.fired)).collect();
        Ok(Report { fired, bytes_in: self.bytes_in, bytes_out: self.bytes_out })
    }

    /// Bytes that were taken but neither written nor dropped.
    pub fn held_back(&self) -> usize {
        self.tail.len() + self.machines.iter().map(Machine::held_back).sum::<usize>()
    }

    fn check_open(&self) -> Result<(), Refused> {
        if self.over {
            return Err(Refused {
                pointer: Pointer::root(),
                offset: self.bytes_in,
                cause: Cause::Over,
            });
        }
        Ok(())
    }

    /// The machines see whole characters only, so that a fault in the encoding is found at the same place however
    /// the bytes are cut.
    fn push_text(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        let mut rest = chunk;
        while !self.tail.is_empty() {
            let Some((&byte, after)) = rest.split_first() else { return Ok(()) };
            self.tail.push(byte);
            rest = after;
            match std::str::from_utf8(&self.tail) {
                Ok(_) => {
                    let whole = std::mem::take(&mut self.tail);
                    self.push_stages(&whole, out)?;
                }
                Err(error) if error.error_len().is_some() => return Err(self.not_utf8()),
                Err(_) => {}
            }
        }
        if simdutf8::basic::from_utf8(rest).is_ok() {
            return self.push_stages(rest, out);
        }
        let Err(error) = simdutf8::compat::from_utf8(rest) else { return Ok(()) };
        let (good, bad) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
        self.push_stages(good, out)?;
        if error.error_len().is_some() {
            return Err(self.not_utf8());
        }
        self.tail.extend_from_slice(bad);
        Ok(())
    }

    fn not_utf8(&self) -> Refused {
        let pointer = self.machines.first().map(Machine::place).unwrap_or_default();
        Refused { pointer, offset: self.bytes_in, cause: Cause::Utf8 }
    }

    fn push_stages(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        self.bytes_in += text.len() as u64;
        if let [only] = &mut *self.machines {
            return only.push(text, out);
        }
        self.pass_on(0, text, out)
    }

    /// Feeds a stage, and the ones after it with what it writes. A later stage's refusal comes first: it is about
    /// bytes before the ones that the earlier stage stopped at.
    fn pass_on(&mut self, stage: usize, text: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        let mut failed = None;
        let [mut from, mut to] = std::mem::take(&mut self.between);
        from.clear();
        from.extend_from_slice(text);
        let last = self.machines.len().saturating_sub(1);
        for (number, machine) in self.machines.iter_mut().enumerate().skip(stage) {
            to.clear();
            let sink = if number == last { &mut *out } else { &mut to };
            if let Err(refused) = machine.push(&from, sink) {
                failed = Some((number, refused));
            }
            std::mem::swap(&mut from, &mut to);
        }
        self.between = [from, to];
        match failed {
            Some((number, refused)) => Err(self.translated(number, refused)),
            None => Ok(()),
        }
    }

    fn finish_stages(&mut self, out: &mut Vec<u8>) -> Result<(), Refused> {
        let last = self.machines.len().saturating_sub(1);
        for number in 0..=last {
            let mut rest = Vec::new();
            let Some(machine) = self.machines.get_mut(number) else { return Ok(()) };
            let sink = if number == last { &mut *out } else { &mut rest };
            let done = machine.finish(sink);
            if number < last {
                self.pass_on(number + 1, &rest, out)?;
            }
            if let Err(refused) = done {
                return Err(self.translated(number, refused));
            }
        }
        Ok(())
    }

    /// A refusal in the names of the payload as it came.
    fn translated(&self, stage: usize, refused: Refused) -> Refused {
        let earlier = self.prepared.stages.iter().take(stage).rev();
        let pointer =
            earlier.fold(refused.pointer, |pointer, code| place::before(&code.program, &pointer));
        Refused { pointer, ..refused }
    }
}
