//! What has to be derived and judged, each thing once, and the answers: asked in one pass, given in the next.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::describe::model::{Api, Operation, OperationKey, Status};
use crate::plan::bridge::Plan;
use crate::plan::derive::{Site, derive};
use crate::plan::edits::edits;
use crate::plan::image::Known;
use crate::plan::judge::{JudgeLimits, Question, judge};
use crate::plan::lens::{Direction, ValueSource, VersionChanges};
use crate::plan::program::Program;
use crate::relate::Prover;
use crate::schema::{Defs, Role, Schema, Side};

use super::composed::retell;
use super::partial::partial;
use super::wire;

/// A schema that was met, by number: two with the same text over the same components have the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SchemaId(usize);

/// How a root is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Reading {
    /// As a message in this direction by this role.
    Directed(Side, Role),
    /// By a reader from text in this direction; whether one value looks like an array of one.
    Texts(Side, bool),
    /// By a reader from a form in this direction.
    Form(Side),
    /// By a reader from a multipart body in this direction.
    Parts(Side),
    /// As an edit of such a message.
    Edited(Side, Role),
    /// As a plain document.
    Plain,
}

/// One step of a chain: a derivation.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) sender: SchemaId,
    pub(super) reader: SchemaId,
    pub(super) direction: Direction,
    pub(super) side: Side,
    /// The operation in the older and in the newer version.
    pub(super) operations: Option<(OperationKey, OperationKey)>,
    pub(super) status: Option<Status>,
    /// The version whose changes hold.
    pub(super) changes: usize,
    /// The program is for edits.
    pub(super) edits: bool,
}

type StepKey = (SchemaId, SchemaId, usize, Direction, Side, Option<(String, Option<Status>)>);
type TaskKey = (SchemaId, SchemaId, Vec<usize>, Option<Known>);
type SchemaKey = (usize, Reading, String);

#[derive(Debug)]
struct Task {
    sender: SchemaId,
    reader: SchemaId,
    chain: Vec<usize>,
    known: Known,
}

#[derive(Debug)]
pub(super) struct Ledger<'a> {
    api: &'a Api,
    changes: &'a [VersionChanges],
    none: VersionChanges,
    /// What is declared of composed requests: numbered after the versions.
    composed: Vec<VersionChanges>,
    schemas: Vec<Schema>,
    by_place: HashMap<(usize, Reading, usize), SchemaId>,
    by_text: HashMap<SchemaKey, SchemaId>,
    steps: Vec<Step>,
    step_keys: HashMap<StepKey, usize>,
    tasks: Vec<Task>,
    task_keys: HashMap<TaskKey, usize>,
    plans: Vec<Plan>,
    /// By step.
    programs: Vec<Option<Arc<Program>>>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(api: &'a Api, changes: &'a [VersionChanges]) -> Self {
        Self {
            api,
            changes,
            none: VersionChanges::default(),
            composed: Vec::new(),
            schemas: Vec::new(),
            by_place: HashMap::new(),
            by_text: HashMap::new(),
            steps: Vec::new(),
            step_keys: HashMap::new(),
            tasks: Vec::new(),
            task_keys: HashMap::new(),
            plans: Vec::new(),
            programs: Vec::new(),
        }
    }

    pub(super) fn changes(&self, version: usize) -> &VersionChanges {
        let composed = || self.composed.get(version.checked_sub(self.changes.len())?);
        self.changes.get(version).or_else(composed).unwrap_or(&self.none)
    }

    /// The number of what is declared of a step of a composed request, to stand for a version's in [`Step::changes`].
    pub(super) fn composed_changes(&mut self, changes: VersionChanges) -> usize {
        let known = self.composed.iter().position(|one| *one == changes);
        let at = known.unwrap_or_else(|| {
            self.composed.push(changes);
            self.composed.len() - 1
        });
        self.changes.len() + at
    }

    /// A root of one version in one direction and role, for a schema that is made of several.
    pub(super) fn piece(&self, version: usize, side: Side, role: Role, root: &Value) -> Schema {
        match self.api.versions.get(version) {
            Some(description) => description.schema(root, side, role),
            None => Schema::from_document(root.clone()),
        }
    }

    /// The number of a schema that is made of pieces of one version.
    pub(super) fn made(&mut self, version: usize, reading: Reading, schema: Schema) -> SchemaId {
        let key = (version, reading, schema.root.to_string());
        let next = SchemaId(self.schemas.len());
        let id = *self.by_text.entry(key).or_insert(next);
        if id == next {
            self.schemas.push(schema);
        }
        id
    }

    /// The operation of one version with this key's shape.
    pub(super) fn operation(&self, version: usize, shape: &str) -> Option<&'a Operation> {
        self.api.versions.get(version)?.operation(shape)
    }

    /// The components of one version.
    pub(super) fn defs(&self, version: usize) -> Option<&'a Defs> {
        self.api.versions.get(version).map(|description| &*description.components.written)
    }

    /// The number of a root of one version. `root` must live as long as the api: it is known by its address.
    pub(super) fn schema(&mut self, version: usize, reading: Reading, root: &'a Value) -> SchemaId {
        let place = (version, reading, std::ptr::from_ref(root) as usize);
        if let Some(id) = self.by_place.get(&place) {
            return *id;
        }
        let key = (version, reading, root.to_string());
        let id = self.by_text.get(&key).copied().unwrap_or_else(|| {
            let schema = match (self.api.versions.get(version), reading) {
                (Some(description), Reading::Directed(side, role)) => {
                    description.schema(root, side, role)
                }
                (Some(description), Reading::Texts(side, single)) => {
                    wire::texts(&description.schema(root, side, Role::Reader), single)
                }
                (Some(description), Reading::Form(side)) => {
                    wire::members(&description.schema(root, side, Role::Reader))
                }
                (Some(description), Reading::Parts(side)) => {
                    wire::parts(&description.schema(root, side, Role::Reader))
                }
                (Some(description), Reading::Edited(side, role)) => {
                    partial(&description.schema(root, side, role))
                }
                (Some(description), Reading::Plain) => description.plain(root),
                (None, _) => Schema::from_document(root.clone()),
            };
            self.schemas.push(schema);
            SchemaId(self.schemas.len() - 1)
        });
        self.by_text.insert(key, id);
        self.by_place.insert(place, id);
        id
    }

    /// The number of a schema that no version has written, and that refers to nothing.
    pub(super) fn fixed(&mut self, root: Value) -> SchemaId {
        let key = (usize::MAX, Reading::Plain, root.to_string());
        let next = SchemaId(self.schemas.len());
        let id = *self.by_text.entry(key).or_insert(next);
        if id == next {
            self.schemas.push(Schema::from_document(root));
        }
        id
    }

    pub(super) fn read(&self, id: SchemaId) -> Option<&Schema> {
        self.schemas.get(id.0)
    }

    /// Whether plans are what they will be: not before [`Self::answer`].
    pub(super) const fn is_answered(&self) -> bool {
        !self.plans.is_empty()
    }

    /// The number of a step. Only where a lens names this very message does the operation make a difference.
    pub(super) fn step(&mut self, step: Step) -> usize {
        let named = step.operations.as_ref().and_then(|(old, new)| {
            let shapes = [old.shape(), new.shape()];
            let entries = &self.changes(step.changes).entries;
            let targets = entries.iter().flat_map(|entry| &entry.targets);
            let [shape, _] = &shapes;
            targets
                .into_iter()
                .any(|target| target.is_message(&shapes, step.status))
                .then(|| (shape.clone(), step.status))
        });
        let key = (step.sender, step.reader, step.changes, step.direction, step.side, named);
        let next = self.steps.len();
        let at = *self.step_keys.entry(key).or_insert(next);
        if at == next {
            self.steps.push(step);
        }
        at
    }

    /// The plan for a payload: an empty one until [`Self::answer`] has been called.
    pub(super) fn plan(
        &mut self,
        sender: SchemaId,
        reader: SchemaId,
        chain: Vec<usize>,
        known: &Known,
    ) -> Option<Plan> {
        let matters = chain
            .iter()
            .filter_map(|at| self.steps.get(*at))
            .any(|step| reads_outside(self.changes(step.changes)));
        let known = matters.then(|| known.clone());
        let key = (sender, reader, chain, known);
        if let Some(at) = self.task_keys.get(&key) {
            return self.plans.get(*at).cloned();
        }
        let (_, _, chain, known) = &key;
        let task =
            Task { sender, reader, chain: chain.clone(), known: known.clone().unwrap_or_default() };
        self.tasks.push(task);
        self.task_keys.insert(key, self.tasks.len() - 1);
        None
    }

    /// Derives and judges all that was asked for, on `threads` threads. The answers do not depend on how many.
    pub(super) fn answer(
        &mut self,
        prover: &Prover,
        threads: usize,
        known: &Known,
        limits: JudgeLimits,
    ) {
        let programs =
            spread(&self.steps, prover, threads, |step, prover| self.derived(step, prover));
        let plans = spread(&self.tasks, prover, threads, |task, prover| {
            self.judged(task, &programs, (known, limits), prover)
        });
        self.plans = plans.into_iter().flatten().collect();
        self.programs = programs;
    }

    /// The program of one step; none until [`Self::answer`] has been called.
    pub(super) fn program(&self, step: usize) -> Option<&Arc<Program>> {
        self.programs.get(step)?.as_ref()
    }

    /// What a version is called.
    pub(super) fn label(&self, version: usize) -> Option<&'a str> {
        self.api.versions.get(version).map(|one| one.version.as_str())
    }

    fn derived(&self, step: &Step, prover: &mut Prover) -> Option<Arc<Program>> {
        let (sender, reader) = (self.read(step.sender)?, self.read(step.reader)?);
        let operations = step.operations.as_ref();
        let site = Site {
            direction: step.direction,
            side: step.side,
            old: operations.map(|(old, _)| old),
            new: operations.map(|(_, new)| new),
            status: step.status,
            changes: self.changes(step.changes),
        };
        let mut program = derive(sender, reader, &site, prover);
        if step.changes >= self.changes.len() {
            retell(&mut program, site.changes);
        }
        Some(Arc::new(if step.edits { edits(&program) } else { program }))
    }

    fn judged(
        &self,
        task: &Task,
        programs: &[Option<Arc<Program>>],
        (known, limits): (&Known, JudgeLimits),
        prover: &mut Prover,
    ) -> Option<Plan> {
        let chain: Vec<Arc<Program>> =
            task.chain.iter().filter_map(|at| programs.get(*at)?.clone()).collect();
        let known = Known { configuration: known.configuration.clone(), ..task.known.clone() };
        let (sender, reader) = (self.read(task.sender)?, self.read(task.reader)?);
        Some(judge(&Question { sender, reader, chain: &chain, known: &known, limits }, prover))
    }
}

/// Whether some lens writes what is not in the payload.
fn reads_outside(changes: &VersionChanges) -> bool {
    let outside = |source: &ValueSource| matches!(source, ValueSource::Outside(_));
    changes.entries.iter().map(|entry| &entry.rules).any(|rules| {
        rules.adds.iter().chain(&rules.removes).any(|(_, source)| outside(source))
            || rules.supplies.iter().any(|(_, _, source)| outside(source))
    })
}

/// Each thread takes the next piece of work; the results stand in the order of the work.
fn spread<T: Sync, R: Send>(
    work: &[T],
    prover: &Prover,
    threads: usize,
    run: impl Fn(&T, &mut Prover) -> Option<R> + Sync,
) -> Vec<Option<R>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Option<R>)>> = Mutex::new(Vec::with_capacity(work.len()));
    let one_thread = || {
        let mut prover = prover.fork();
        let ours = std::iter::from_fn(|| {
            let at = next.fetch_add(1, Ordering::Relaxed);
            work.get(at).map(|piece| (at, run(piece, &mut prover)))
        });
        let ours: Vec<_> = ours.collect();
        done.lock().unwrap_or_else(PoisonError::into_inner).extend(ours);
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(work.len()) {
            scope.spawn(one_thread);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
