//! The prover: proof and refutation of plain inclusion, with memory between questions.

use crate::pointer::Pointer;
use crate::sample::{Sampler, Validator};
use crate::schema::Schema;

use super::algebra;
use super::refute::Hunt;
use super::verdict::{Inclusion, Undecided};

/// What one question may cost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Budget {
    /// Payloads generated before a question is left undecided.
    pub payloads: u32,
    /// Steps of the structural argument.
    pub steps: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { payloads: 400, steps: 20_000 }
    }
}

/// Decides inclusions and remembers them: components shared by many operations are decided once.
#[derive(Debug, Default)]
pub struct Prover {
    budget: Budget,
}

impl Prover {
    /// A prover with a budget per question.
    pub fn new(budget: Budget) -> Self {
        Self { budget }
    }

    /// A prover with the same budget and no memory, for another thread.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::new(self.budget)
    }

    /// Whether every payload of `sender` is a payload of `reader`, both taken as they stand (no closing here).
    /// A witness has `received` equal to `payload`. Neither answer is ever given without a proof or a payload that
    /// both validators judged.
    pub fn includes(&mut self, sender: &Schema, reader: &Schema) -> Inclusion {
        let (from, to) = (sender.document(), reader.document());
        if from == to || algebra::covers(&from, &to) {
            return Inclusion::Proved;
        }
        let undecided = |reason: &str, tried| {
            Inclusion::Undecided(Undecided {
                reason: reason.to_owned(),
                at: Pointer::root(),
                tried,
            })
        };
        let (valid, read) = match (Validator::new(sender), Validator::new(reader)) {
            (Ok(valid), Ok(read)) => (valid, read),
            (Err(reason), _) | (_, Err(reason)) => return undecided(&reason, 0),
        };
        let mut hunt = Hunt::new(&valid, &read, self.budget.payloads);
        let mut sampler = Sampler::new(sender);
        if let Some(left) = algebra::difference(&from, &to) {
            let mut sampler = Sampler::new(&Schema::from_document(left));
            if let Some(witness) = hunt.among(sampler.boundary()) {
                return Inclusion::Refuted(witness);
            }
        }
        if let Some(witness) = hunt.among(sampler.boundary()) {
            return Inclusion::Refuted(witness);
        }
        for seed in hunt.seeds() {
            if let Some(witness) = sampler.random(seed).and_then(|payload| hunt.offer(&payload)) {
                return Inclusion::Refuted(witness);
            }
        }
        undecided("no proof was found", hunt.tried)
    }
}
