//! One record after the other through one converter.

use std::sync::Arc;

use crate::convert::code::Prepared;
use crate::convert::converter::Converter;
use crate::convert::refused::{Cause, Limits, Refused};
use crate::plan::outside::Values;
use crate::pointer::Pointer;

/// A converter that is used again for each record, and the record that is in it.
#[derive(Debug)]
pub(super) struct Turn {
    converter: Converter,
    most: usize,
    /// What came out of the record so far.
    out: Vec<u8>,
    taken: usize,
    refused: Option<Refused>,
    /// How often each note fired, over all records that got through.
    pub(super) fired: Vec<Vec<u32>>,
}

impl Turn {
    pub(super) fn new(prepared: &Prepared, limits: Limits, values: &Arc<Values>) -> Self {
        Self {
            converter: Converter::start(prepared, limits, Arc::clone(values)),
            most: limits.record,
            out: Vec::new(),
            taken: 0,
            refused: None,
            fired: Vec::new(),
        }
    }

    /// The next bytes of the record. After a fault the rest of it is only counted.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.taken = self.taken.saturating_add(bytes.len());
        if self.refused.is_some() {
            return;
        }
        // what is over the bound never reaches the converter, however the input is cut
        let over = self.taken.saturating_sub(self.most);
        let fits = bytes.len().saturating_sub(over);
        let bytes_in = bytes.get(..fits).unwrap_or_default();
        if let Err(refused) = self.converter.push(bytes_in, &mut self.out) {
            self.refused = Some(refused);
        } else if over > 0 {
            let cause = Cause::RecordLength;
            let offset = self.most as u64;
            self.refused = Some(Refused { pointer: Pointer::root(), offset, cause });
        }
    }

    /// Whether so many bytes are more than a record may have.
    pub(super) const fn is_beyond(&self, bytes: usize) -> bool {
        bytes > self.most
    }

    /// Bytes that a record may have.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Whether a whole value was read, after which nothing but white space may come.
    pub(super) fn is_whole(&self) -> bool {
        self.refused.is_none() && self.converter.is_whole()
    }

    /// Bytes that are held.
    pub(super) fn held_back(&self) -> usize {
        self.out.len() + self.converter.held_back()
    }

    /// Ends the record: what it became, or why it does not get through; `base` is the offset of its first byte.
    pub(super) fn end(&mut self, number: u64, base: u64) -> Result<&[u8], Refused> {
        let ended = match self.refused.take() {
            Some(refused) => Err(refused),
            None => self.converter.finish(&mut self.out),
        };
        self.converter.restart();
        self.taken = 0;
        match ended {
            Ok(report) => {
                add(&mut self.fired, &report.fired);
                Ok(&self.out)
            }
            Err(refused) => {
                self.out.clear();
                let mut pointer = Pointer::root().join(&number.to_string());
                refused.pointer.tokens().for_each(|token| pointer.push(&token));
                let offset = base.saturating_add(refused.offset);
                Err(Refused { pointer, offset, ..refused })
            }
        }
    }

    /// Makes room for the next record.
    pub(super) fn clear(&mut self) {
        self.out.clear();
    }
}

/// Adds counts, which stay at the greatest number.
fn add(all: &mut Vec<Vec<u32>>, more: &[Vec<u32>]) {
    if all.is_empty() {
        all.extend_from_slice(more);
        return;
    }
    for (stage, more) in all.iter_mut().zip(more) {
        for (count, more) in stage.iter_mut().zip(more) {
            *count = count.saturating_add(*more);
        }
    }
}
