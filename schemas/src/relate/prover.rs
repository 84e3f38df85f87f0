//! The prover: proof and refutation of plain inclusion, with memory between questions.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::pointer::Pointer;
use crate::sample::flat::{Facts, facts};
use crate::sample::node::{Id, NOTHING};
use crate::sample::read::Components;
use crate::sample::{Sampler, Validator};
use crate::schema::{Defs, Schema};

use super::algebra;
use super::argument::{Argument, Memory, Site};
use super::build;
use super::refute::Hunt;
use super::solve::{Claim, Found, Solver};
use super::verdict::{Inclusion, Undecided, Witness};
use super::words;

/// How many goals may be open inside each other on the caller's stack.
const SHALLOW: usize = 96;
/// How many on a stack of our own.
const DEEP: usize = 8192;
/// The size of that stack in bytes; it is reserved, not used.
const STACK: usize = 256 * 1024 * 1024;
/// How many sets of components and questions are remembered before all is forgotten.
const REMEMBERED: usize = 4096;
/// Payloads at the edges of the sender's schema.
const EDGES: usize = 160;
/// How often the argument is taken up again with what the search by cases has proved.
const ROUNDS: usize = 6;
/// How many places of failure are searched in one round.
const PLACES: usize = 12;
/// The most listed payloads of a sender that the validator is asked about one by one.
const LISTED: usize = 4096;
/// Steps of the search by cases at one place, before payloads are made there in cheaper ways.
const GLANCE: u64 = 4_000;

/// What one question may cost. All are counts, so that the same question has the same answer on every machine; with
/// the defaults no question takes much longer than a second in an optimised build.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Budget {
    /// Payloads generated before a question is left undecided. Default 400.
    pub payloads: u32,
    /// Steps of the structural argument, each one demand of the reader against facts of the sender. Default 20,000.
    pub steps: u32,
    /// Steps of the search by cases, each one schema taken into a case or one value judged. Default 800,000.
    pub cases: u64,
    /// Parts of schemas looked at, by the argument and again by the search for a witness; some millions a second.
    /// Default 1,000,000.
    pub work: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { payloads: 400, steps: 20_000, cases: 800_000, work: 1_000_000 }
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
    validators: HashMap<Id, Arc<Result<Validator, String>>>,
}

/// What the argument came to.
struct Argued {
    proved: bool,
    sites: Vec<Site>,
    /// The budget or the bound that ended it.
    limit: Option<String>,
}

/// One question.
struct Question<'a> {
    sender: &'a Schema,
    reader: &'a Schema,
    from: Id,
    to: Id,
    all: Facts,
}

impl Prover {
    /// A prover with a budget per question.
    pub fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    /// A prover with the same budget and no memory, for another thread.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut fork = Self::new(self.budget);
        fork.memory.maker.space.stop.clone_from(&self.memory.maker.space.stop);
        fork
    }

    /// A flag by which a caller with a clock ends the question being asked: once it is raised, what is not decided
    /// soon is left undecided. Without one the budget alone ends questions, and answers do not depend on time.
    pub fn stop_when(&mut self, flag: Arc<AtomicBool>) {
        self.memory.maker.space.stop = Some(flag);
    }

    /// Whether every payload of `sender` is a payload of `reader`, both taken as they stand (no closing here).
    /// A witness has `received` equal to `payload`. Neither answer is ever given without a proof or a payload that
    /// both validators judged; when the budget runs out the question stays undecided.
    pub fn includes(&mut self, sender: &Schema, reader: &Schema) -> Inclusion {
        if self.components.len() > REMEMBERED || self.answers.len() > REMEMBERED * 16 {
            *self = self.fork();
        }
        let (from, to) = (self.read(sender), self.read(reader));
        if let Some(known) = self.answers.get(&(from, to)) {
            return known.clone();
        }
        let question = Question { sender, reader, from, to, all: facts([from]) };
        let answer = self.decide(&question);
        if !self.memory.maker.space.is_stopped() {
            self.answers.insert((from, to), answer.clone());
        }
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

    /// Compiled once for each schema; what cannot be compiled is said as it is.
    fn validator(&mut self, id: Id, schema: &Schema) -> Arc<Result<Validator, String>> {
        if self.validators.len() > REMEMBERED {
            self.validators.clear();
        }
        let known = self.validators.entry(id);
        Arc::clone(known.or_insert_with(|| Arc::new(Validator::new(schema))))
    }

    fn decide(&mut self, question: &Question<'_>) -> Inclusion {
        let (all, to) = (&question.all, question.to);
        let mut argued = self.argue(all, to);
        if argued.proved {
            return Inclusion::Proved;
        }
        let sender = self.validator(question.from, question.sender);
        let reader = self.validator(to, question.reader);
        let validators = (&*sender, &*reader);
        let mut hunt = match validators {
            (Ok(valid), Ok(read)) => Some(Hunt::new(valid, read, self.budget.payloads)),
            _ => None,
        };
        self.memory.maker.space.allow(self.budget.work);
        if let Some(values) = self.memory.maker.space.fold(all).values.clone()
            && values.len() <= LISTED
            && let (Some(hunt), (_, Ok(read))) = (&mut hunt, validators)
        {
            // A sender that lists its payloads: the validator's word on each is the answer.
            if values.iter().all(|value| read.judge(value) == Some(true)) {
                return Inclusion::Proved;
            }
            if let Some(witness) = hunt.among(values) {
                return Inclusion::Refuted(witness);
            }
        }
        // One half for the places of failure, the other for the whole question.
        let mut cases = self.budget.cases / 2;
        if let Some(answer) = self.take_up(question, &mut argued, (&mut hunt, &mut cases)) {
            return answer;
        }
        cases += self.budget.cases / 2;
        let (found, reason) = self.search([Claim::yes(question.from), Claim::no(to)], &mut cases);
        match found {
            Found::Nothing => return Inclusion::Proved,
            Found::Value(value) => {
                if let Some(witness) = hunt.as_mut().and_then(|hunt| hunt.confirm(&value)) {
                    return Inclusion::Refuted(witness);
                }
            }
            Found::Unknown => {}
        }
        let stopped = self.memory.maker.space.is_stopped();
        if !stopped && algebra::covers(&question.sender.document(), &question.reader.document()) {
            return Inclusion::Proved;
        }
        if let Some(hunt) = hunt.as_mut().filter(|_| !stopped)
            && let Some(witness) = self.hunt(question, hunt)
        {
            return Inclusion::Refuted(witness);
        }
        let tried = hunt.map_or(0, |hunt| hunt.tried);
        let unreadable = validators.0.as_ref().err().or(validators.1.as_ref().err());
        self.undecided(&argued, (reason, unreadable), tried)
    }

    /// Searches where the argument failed, and takes the argument up again with what was proved there.
    fn take_up(
        &mut self,
        question: &Question<'_>,
        argued: &mut Argued,
        (hunt, cases): (&mut Option<Hunt<'_>>, &mut u64),
    ) -> Option<Inclusion> {
        for round in 0..ROUNDS {
            let before = self.memory.proven.len();
            let share = if round == 0 { GLANCE } else { *cases / 4 };
            if let Some(witness) = self.search_sites(&argued.sites, hunt, (cases, share)) {
                return Some(Inclusion::Refuted(witness));
            }
            if round == 0
                && let Some(hunt) = hunt
                && let Some(witness) = self.hunt_sites(&argued.sites, hunt)
            {
                return Some(Inclusion::Refuted(witness));
            }
            if self.memory.proven.len() == before {
                if round > 0 {
                    break;
                }
                continue;
            }
            *argued = self.argue(&question.all, question.to);
            if argued.proved {
                return Some(Inclusion::Proved);
            }
        }
        None
    }

    /// Why it stays open: the construct, and the place in the sender's schema.
    fn undecided(
        &self,
        argued: &Argued,
        (searched, unreadable): (Option<&'static str>, Option<&String>),
        tried: u32,
    ) -> Inclusion {
        // Of a contradiction that could not be shown the place is told by what wanted it.
        let firm = || argued.sites.iter().filter(|site| !site.tentative);
        let blame = firm().find(|site| site.reader != NOTHING).or_else(|| firm().next());
        let blame = blame.or_else(|| argued.sites.last());
        let at = blame.map_or_else(Pointer::root, Site::pointer);
        let keyword = blame
            .map_or("`$ref`", |site| words::keyword(&self.memory.maker.space.arena, site.reader));
        let reason = if self.memory.maker.space.is_stopped() {
            format!("the caller's time ran out at {keyword}")
        } else if let Some(unreadable) = unreadable {
            format!("no payload can be checked: {unreadable}")
        } else if let Some(limit) = &argued.limit {
            format!("{limit} ran out at {keyword}")
        } else if searched == Some(super::solve::BUDGET) {
            format!("the budget of {} steps ran out at {keyword}", self.budget.cases)
        } else {
            let why = blame.map_or("the search by cases", |site| site.reason);
            let searched = searched.filter(|word| *word != keyword && !why.contains(word));
            let more = searched.map_or_else(String::new, |word| format!(", and {word}"));
            let own = if why.contains('`') { String::new() } else { format!(" ({keyword})") };
            format!("{why}{own}{more}")
        };
        Inclusion::Undecided(Undecided { reason, at, tried })
    }

    fn search(
        &mut self,
        claims: impl IntoIterator<Item = Claim>,
        cases: &mut u64,
    ) -> (Found, Option<&'static str>) {
        let mut solver = Solver::new(&mut self.memory, *cases);
        let found = solver.search(claims);
        *cases = solver.left();
        (found, solver.reason)
    }

    /// Searches by cases at the places where the argument failed: what is proved there is kept for the next argument,
    /// and a value is wrapped into a payload.
    fn search_sites(
        &mut self,
        sites: &[Site],
        hunt: &mut Option<Hunt<'_>>,
        (cases, share): (&mut u64, u64),
    ) -> Option<Box<Witness>> {
        let firm = sites.iter().filter(|site| !site.tentative);
        let others = sites.iter().rev().filter(|site| site.tentative);
        self.memory.maker.space.allow(self.budget.work);
        for site in firm.chain(others).take(PLACES) {
            let had = share.min(*cases);
            let mut share = had;
            let facts = site.facts.iter().copied().map(Claim::yes);
            let (found, _) = self.search(facts.chain([Claim::no(site.reader)]), &mut share);
            *cases = cases.saturating_sub(had - share);
            match found {
                Found::Nothing => {
                    self.memory.proven.insert((Arc::clone(&site.facts), site.reader));
                }
                Found::Value(value) => {
                    let payload = build::wrapped(&mut self.memory.maker, site, value);
                    let offered = payload.and_then(|payload| hunt.as_mut()?.confirm(&payload));
                    if offered.is_some() {
                        return offered;
                    }
                }
                Found::Unknown => {}
            }
        }
        None
    }

    /// Payloads with, at the places of failure, a value that the reader may not take.
    fn hunt_sites(&mut self, sites: &[Site], hunt: &mut Hunt<'_>) -> Option<Box<Witness>> {
        self.memory.maker.space.allow(self.budget.work);
        for site in sites {
            if hunt.is_over() || self.memory.maker.space.is_spent() {
                break;
            }
            let payloads = build::payloads(&mut self.memory.maker, site);
            if let Some(witness) = hunt.among(payloads) {
                return Some(witness);
            }
        }
        None
    }

    /// Payloads that may show it, from those that the schemas suggest to chance.
    fn hunt(&mut self, question: &Question<'_>, hunt: &mut Hunt<'_>) -> Option<Box<Witness>> {
        let documents = (question.sender.document(), question.reader.document());
        if let Some(left) = algebra::difference(&documents.0, &documents.1) {
            let mut sampler = Sampler::new(&Schema::from_document(left));
            if let Some(witness) = hunt.among(sampler.boundary()) {
                return Some(witness);
            }
        }
        self.memory.maker.space.allow(self.budget.work);
        let mut more = build::suggested(&mut self.memory.maker, question.from, question.to);
        more.extend(self.memory.maker.edges(&question.all, EDGES));
        if let Some(witness) = hunt.among(more) {
            return Some(witness);
        }
        self.memory.maker.space.allow(self.budget.work);
        for seed in hunt.seeds() {
            if self.memory.maker.space.is_spent() {
                break;
            }
            let payload = self.memory.maker.random(&question.all, seed);
            if let Some(witness) = payload.and_then(|payload| hunt.offer(&payload)) {
                return Some(witness);
            }
        }
        None
    }

    /// The structural argument, on a stack of its own where recursion goes deep.
    fn argue(&mut self, all: &Facts, to: Id) -> Argued {
        let steps = self.budget.steps;
        let memory = &mut self.memory;
        memory.maker.space.allow(self.budget.work);
        let mut argument = Argument::new(memory, steps, SHALLOW);
        if argument.holds(all, to).is_some() {
            return Argued { proved: true, sites: Vec::new(), limit: None };
        }
        let spent = |exhausted: bool| exhausted.then(|| format!("the budget of {steps} steps"));
        if !argument.too_deep {
            return Argued {
                proved: false,
                limit: spent(argument.exhausted),
                sites: argument.sites,
            };
        }
        let deep = || {
            let mut argument = Argument::new(memory, steps, DEEP);
            let proved = argument.holds(all, to).is_some();
            let limit = if argument.too_deep {
                Some(format!("the nesting of {DEEP} schemas"))
            } else {
                spent(argument.exhausted)
            };
            Argued { proved, sites: argument.sites, limit }
        };
        let joined = std::thread::scope(|scope| {
            let spawned = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, deep);
            spawned.ok().and_then(|thread| thread.join().ok())
        });
        joined.unwrap_or_else(|| Argued {
            proved: false,
            sites: Vec::new(),
            limit: Some("the stack for a deep argument".to_owned()),
        })
    }
}
