//! The table of all bridges of an api.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::describe::model::{Api, Description, Operation};
use crate::plan::bridge::{OperationBridge, Plan};
use crate::plan::image::Known;
use crate::plan::judge::JudgeLimits;
use crate::plan::lens::VersionChanges;
use crate::relate::Prover;

use super::ledger::Ledger;
use super::message::{Hop, Messages, lacking, message, unchanged, whole};

/// Which versions are set against each other. No version is against itself: its payloads pass as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// Each version and the next, both ways.
    Adjacent,
    /// All.
    All,
    /// One version and each other, both ways.
    Against(usize),
    /// These, as `(client, backend)` or `(from, to)`.
    Listed(Vec<(usize, usize)>),
}

impl Pairs {
    fn of(self, versions: usize) -> BTreeSet<(usize, usize)> {
        let both = |one: usize, other: usize| [(one, other), (other, one)];
        let pairs: BTreeSet<(usize, usize)> = match self {
            Self::Adjacent => (1..versions).flat_map(|at| both(at - 1, at)).collect(),
            Self::All => {
                (0..versions).flat_map(|at| (0..versions).map(move |to| (at, to))).collect()
            }
            Self::Against(one) => (0..versions).flat_map(|at| both(at, one)).collect(),
            Self::Listed(pairs) => pairs.into_iter().collect(),
        };
        let fits = |(from, to): &(usize, usize)| from != to && *from < versions && *to < versions;
        pairs.into_iter().filter(fits).collect()
    }
}

/// What compiling may cost, and what is known of the configuration.
#[derive(Clone, Debug)]
pub struct CompileLimits {
    /// What one verdict may cost.
    pub judge: JudgeLimits,
    /// Threads that derive and judge. The result does not depend on it.
    pub threads: usize,
    /// Known values outside payloads; only the configuration is read here.
    pub known: Known,
}

impl Default for CompileLimits {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |many| many.get().min(8));
        Self { judge: JudgeLimits::default(), threads, known: Known::default() }
    }
}

/// All bridges that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Bridges {
    operations: BTreeMap<(usize, usize), Vec<OperationBridge>>,
    documents: BTreeMap<(usize, usize), BTreeMap<String, Plan>>,
}

impl Bridges {
    /// Derives, fuses and judges. `changes` has one entry for each version, the first one empty.
    pub fn compile(
        api: &Api,
        changes: &[VersionChanges],
        pairs: Pairs,
        prover: &mut Prover,
    ) -> Self {
        Self::compile_within(api, changes, pairs, (prover, &CompileLimits::default()))
    }

    /// The same within stated limits.
    pub fn compile_within(
        api: &Api,
        changes: &[VersionChanges],
        pairs: Pairs,
        (prover, limits): (&mut Prover, &CompileLimits),
    ) -> Self {
        let pairs = pairs.of(api.versions.len());
        let tables: Vec<Table<'_>> =
            api.versions.iter().map(|version| Table::new(version)).collect();
        let mut ledger = Ledger::new(api, changes);
        // The first walk only finds out what there is to derive and judge.
        drop(walked(&tables, changes, &pairs, &mut ledger));
        ledger.answer(prover, limits.threads, &limits.known, limits.judge);
        walked(&tables, changes, &pairs, &mut ledger)
    }

    /// The operations of the client's version, in its order, towards a backend's version; empty when the pair
    /// was not asked for, or is one version twice.
    pub fn operation(&self, client: usize, backend: usize) -> &[OperationBridge] {
        self.operations.get(&(client, backend)).map_or(&[], Vec::as_slice)
    }

    /// The plain documents of one version towards another, by file stem.
    pub fn document(&self, from: usize, to: usize) -> Option<&BTreeMap<String, Plan>> {
        self.documents.get(&(from, to))
    }

    /// The pairs that are here, as `(client, backend)` or `(from, to)`.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.operations.keys().copied()
    }
}

/// One version with its operations by shape.
struct Table<'a> {
    description: &'a Description,
    by_shape: HashMap<String, usize>,
    shapes: Vec<String>,
}

impl<'a> Table<'a> {
    fn new(description: &'a Description) -> Self {
        let shapes: Vec<String> =
            description.operations.iter().map(|one| one.key.shape()).collect();
        let mut by_shape = HashMap::new();
        for (at, shape) in shapes.iter().enumerate() {
            by_shape.entry(shape.clone()).or_insert(at);
        }
        Self { description, by_shape, shapes }
    }

    fn find(&self, shape: &str) -> Option<(usize, &'a Operation)> {
        let at = *self.by_shape.get(shape)?;
        Some((at, self.description.operations.get(at)?))
    }
}

fn walked<'a>(
    tables: &[Table<'a>],
    changes: &'a [VersionChanges],
    pairs: &BTreeSet<(usize, usize)>,
    ledger: &mut Ledger<'a>,
) -> Bridges {
    let mut bridges = Bridges::default();
    for &(from, to) in pairs {
        let mut messages = Messages { ledger: &mut *ledger, changes };
        let way: Vec<usize> =
            if from < to { (from..=to).collect() } else { (to..=from).rev().collect() };
        let operations = operations(tables, (from, to), &way, &mut messages);
        let documents = documents(tables, &way, &mut messages);
        bridges.operations.insert((from, to), operations);
        bridges.documents.insert((from, to), documents);
    }
    bridges
}

fn operations<'a>(
    tables: &[Table<'a>],
    (client, backend): (usize, usize),
    way: &[usize],
    messages: &mut Messages<'_, 'a>,
) -> Vec<OperationBridge> {
    let Some(table) = tables.get(client) else { return Vec::new() };
    let mut found = Vec::new();
    for (at, (operation, shape)) in
        table.description.operations.iter().zip(&table.shapes).enumerate()
    {
        let target = tables.get(backend).and_then(|table| table.find(shape));
        let bridge = target.and_then(|(target, _)| {
            let route: Vec<(usize, &'a Operation)> = way
                .iter()
                .filter_map(|version| {
                    let own = (*version == client).then_some(operation);
                    let operation = own.or_else(|| Some(tables.get(*version)?.find(shape)?.1))?;
                    Some((*version, operation))
                })
                .collect();
            messages.operation((client, at), (backend, target), &route)
        });
        found.push(bridge.unwrap_or_else(|| missing(at, operation)));
    }
    found
}

fn missing(at: usize, operation: &Operation) -> OperationBridge {
    let said = format!("the backend's version has no {}", operation.key);
    let part = whole("operation", &said, &operation.place);
    OperationBridge {
        client_operation: at,
        backend_operation: None,
        request: message(None, vec![part], Vec::new(), Vec::new()),
        responses: Vec::new(),
    }
}

fn documents<'a>(
    tables: &[Table<'a>],
    way: &[usize],
    messages: &mut Messages<'_, 'a>,
) -> BTreeMap<String, Plan> {
    let mut found = BTreeMap::new();
    let (Some(first), Some(last)) = (way.first(), way.last()) else { return found };
    let Some(table) = tables.get(*first) else { return found };
    for name in table.description.documents.keys() {
        let hops: Vec<Hop<'a>> = way
            .iter()
            .filter_map(|version| {
                let content = tables.get(*version)?.description.documents.get(name)?;
                Some(Hop { version: *version, operation: None, content, status: None })
            })
            .collect();
        let plan = if hops.last().is_some_and(|hop| hop.version == *last) {
            messages.plan(None, &hops, &Known::default())
        } else {
            unchanged(lacking(
                "document",
                &format!("the reader's version has no document `{name}`"),
            ))
        };
        found.insert(name.clone(), plan);
    }
    found
}
