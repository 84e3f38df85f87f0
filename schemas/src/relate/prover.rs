//! The prover: proof and refutation of plain inclusion, with memory between questions.

use std::collections::HashMap;
use std::sync::Arc;

use crate::pointer::Pointer;
use crate::sample::flat::{Facts, facts};
use crate::sample::node::Id;
use crate::sample::read::Components;
use crate::sample::{Sampler, Validator};
use crate::schema::{Defs, Schema};

use super::algebra;
use super::argument::{Argument, Memory, Site};
use super::build;
use super::refute::Hunt;
use super::verdict::{Inclusion, Undecided};

/// How many goals may be open inside each other on the caller's stack.
const SHALLOW: usize = 96;
/// How many on a stack of our own.
const DEEP: usize = 8192;
/// The size of that stack in bytes; it is reserved, not used.
const STACK: usize = 256 * 1024 * 1024;
/// How many sets of components and questions are remembered before all is forgotten.
const REMEMBERED: usize = 4096;

/// What one question may cost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Budget {
    /// Payloads generated before a question is left undecided.
    pub payloads: u32,
    /// Steps of the structural argument.
    pub steps: u32,
    /// Parts of schemas looked at, by the argument and again by the search for a witness; some millions a second.
    pub work: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { payloads: 400, steps: 20_000, work: 1_000_000 }
    }
}

/// Decides inclusions and remembers them: components shared by many operations are decided once, as long as their
/// `Arc<Defs>` is the same. One prover for each thread.
#[derive(Debug, Default)]
pub struct Prover {
    budget: Budget,
    memory: Memory,
    components: HashMap<usize, Components>,
    answers: HashMap<(Id, Id), Inclusion>,
}

impl Prover {
    /// A prover with a budget per question.
    pub fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    /// A prover with the same budget and no memory, for another thread.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::new(self.budget)
    }

    /// Whether every payload of `sender` is a payload of `reader`, both taken as they stand (no closing here).
    /// A witness has `received` equal to `payload`. Neither answer is ever given without a proof or a payload that
    /// both validators judged; when the budget runs out the question stays undecided.
    pub fn includes(&mut self, sender: &Schema, reader: &Schema) -> Inclusion {
        if self.components.len() > REMEMBERED || self.answers.len() > REMEMBERED * 16 {
            *self = Self::new(self.budget);
        }
        let (from, to) = (self.read(sender), self.read(reader));
        if let Some(known) = self.answers.get(&(from, to)) {
            return known.clone();
        }
        let answer = self.decide((sender, from), (reader, to));
        self.answers.insert((from, to), answer.clone());
        answer
    }

    fn read(&mut self, schema: &Schema) -> Id {
        let identity = Arc::<Defs>::as_ptr(&schema.defs).addr();
        let components = self
            .components
            .entry(identity)
            .or_insert_with(|| Components::new(Arc::clone(&schema.defs)));
        components.read(&mut self.memory.maker.space.arena, &schema.root)
    }

    fn decide(&mut self, (sender, from): (&Schema, Id), (reader, to): (&Schema, Id)) -> Inclusion {
        let all = facts([from]);
        let (proved, sites, limits) = self.argue(&all, to);
        if proved {
            return Inclusion::Proved;
        }
        let documents = (sender.document(), reader.document());
        if algebra::covers(&documents.0, &documents.1) {
            return Inclusion::Proved;
        }
        let blame = sites.iter().find(|site| !site.tentative).or_else(|| sites.last());
        let reason =
            limits.or_else(|| blame.map(|site| site.reason)).unwrap_or("no proof was found");
        let at = blame.map_or_else(Pointer::root, Site::pointer);
        let (valid, read) = match (Validator::new(sender), Validator::new(reader)) {
            (Ok(valid), Ok(read)) => (valid, read),
            (Err(reason), _) | (_, Err(reason)) => {
                return Inclusion::Undecided(Undecided { reason, at, tried: 0 });
            }
        };
        self.memory.maker.space.allow(self.budget.work);
        let mut hunt = Hunt::new(&valid, &read, self.budget.payloads);
        if let Some(values) = self.memory.maker.space.fold(&all).values.clone() {
            // A sender that lists its payloads: the validator's word on each is the answer.
            if values.iter().all(|value| read.judge(value) == Some(true)) {
                return Inclusion::Proved;
            }
            if let Some(witness) = hunt.among(values) {
                return Inclusion::Refuted(witness);
            }
        }
        for site in &sites {
            if hunt.is_over() || self.memory.maker.space.is_spent() {
                break;
            }
            let payloads = build::payloads(&mut self.memory.maker, site);
            if let Some(witness) = hunt.among(payloads) {
                return Inclusion::Refuted(witness);
            }
        }
        if let Some(left) = algebra::difference(&documents.0, &documents.1) {
            let mut sampler = Sampler::new(&Schema::from_document(left));
            if let Some(witness) = hunt.among(sampler.boundary()) {
                return Inclusion::Refuted(witness);
            }
        }
        self.memory.maker.space.allow(self.budget.work);
        let mut more = build::suggested(&mut self.memory.maker, from, to);
        more.extend(self.memory.maker.edges(&all, EDGES));
        if let Some(witness) = hunt.among(more) {
            return Inclusion::Refuted(witness);
        }
        self.memory.maker.space.allow(self.budget.work);
        for seed in hunt.seeds() {
            if self.memory.maker.space.is_spent() {
                break;
            }
            let payload = self.memory.maker.random(&all, seed);
            if let Some(witness) = payload.and_then(|payload| hunt.offer(&payload)) {
                return Inclusion::Refuted(witness);
            }
        }
        Inclusion::Undecided(Undecided { reason: reason.to_owned(), at, tried: hunt.tried })
    }

    /// The structural argument, on a stack of its own where recursion goes deep.
    fn argue(&mut self, all: &Facts, to: Id) -> (bool, Vec<Site>, Option<&'static str>) {
        let steps = self.budget.steps;
        let memory = &mut self.memory;
        memory.maker.space.allow(self.budget.work);
        let mut argument = Argument::new(memory, steps, SHALLOW);
        if argument.holds(all, to).is_some() {
            return (true, Vec::new(), None);
        }
        if !argument.too_deep {
            let limits = argument.exhausted.then_some("the steps of the argument ran out");
            return (false, argument.sites, limits);
        }
        let deep = || {
            let mut argument = Argument::new(memory, steps, DEEP);
            let proved = argument.holds(all, to).is_some();
            let limits = if argument.too_deep {
                Some("schemas nest too deep")
            } else {
                argument.exhausted.then_some("the steps of the argument ran out")
            };
            (proved, argument.sites, limits)
        };
        let joined = std::thread::scope(|scope| {
            let spawned = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, deep);
            spawned.ok().and_then(|thread| thread.join().ok())
        });
        joined.unwrap_or((false, Vec::new(), Some("no stack for a deep argument")))
    }
}

/// Payloads at the edges of the sender's schema.
const EDGES: usize = 160;
