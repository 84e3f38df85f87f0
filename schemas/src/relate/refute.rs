//! Looking for a payload that the sender may send and the reader refuses.

use serde_json::Value;

use crate::sample::Validator;
use crate::sample::random::Random;

use super::shrink::shrink;
use super::verdict::Witness;

/// One search, with its count.
#[derive(Debug)]
pub(super) struct Hunt<'a> {
    sender: &'a Validator,
    reader: &'a Validator,
    /// Payloads tried so far.
    pub(super) tried: u32,
    limit: u32,
}

impl<'a> Hunt<'a> {
    pub(super) fn new(sender: &'a Validator, reader: &'a Validator, limit: u32) -> Self {
        Self { sender, reader, tried: 0, limit }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.tried >= self.limit
    }

    /// Takes a payload for a witness if both validators say so.
    pub(super) fn offer(&mut self, payload: &Value) -> Option<Box<Witness>> {
        if self.is_over() { None } else { self.confirm(payload) }
    }

    /// The same for a payload that was constructed, not guessed: it is always looked at.
    pub(super) fn confirm(&mut self, payload: &Value) -> Option<Box<Witness>> {
        self.tried += 1;
        let holds = |payload: &Value| {
            self.reader.judge(payload) == Some(false) && self.sender.judge(payload) == Some(true)
        };
        if !holds(payload) {
            return None;
        }
        let small = shrink(payload.clone(), holds);
        let (at, keyword, message) = self.reader.first_error(&small)?;
        Some(Box::new(Witness {
            payload: small.clone(),
            received: Some(small),
            at,
            keyword,
            message,
        }))
    }

    /// The first witness among payloads.
    pub(super) fn among(
        &mut self,
        payloads: impl IntoIterator<Item = Value>,
    ) -> Option<Box<Witness>> {
        payloads.into_iter().find_map(|payload| self.offer(&payload))
    }

    /// Seeds for the rest of the budget.
    pub(super) fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let mut random = Random::new(0);
        (self.tried..self.limit).map(move |_| random.next())
    }
}
