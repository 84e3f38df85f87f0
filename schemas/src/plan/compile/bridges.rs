//! The table of all bridges of an api.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::describe::model::{Api, Description, Operation};
use crate::describe::pairing::{Counterpart, Names};
use crate::plan::bridge::{OperationBridge, OutgoingBridge, Plan};
use crate::plan::image::Known;
use crate::plan::judge::JudgeLimits;
use crate::plan::lens::VersionChanges;
use crate::relate::Prover;

use super::ledger::Ledger;
use super::media::Fit;
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
    outgoing: BTreeMap<(usize, usize), Vec<OutgoingBridge>>,
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
        let mut table = Table::new(api);
        let mut ledger = Ledger::new(api, changes);
        // The first walk only finds out what there is to derive and judge.
        drop(walked(&mut table, changes, &pairs, &mut ledger));
        ledger.answer(prover, limits.threads, &limits.known, limits.judge);
        walked(&mut table, changes, &pairs, &mut ledger)
    }

    /// The operations of the client's version, in its order, towards a backend's version; empty when the pair
    /// was not asked for, or is one version twice.
    pub fn operation(&self, client: usize, backend: usize) -> &[OperationBridge] {
        self.operations.get(&(client, backend)).map_or(&[], Vec::as_slice)
    }

    /// The webhooks and callbacks of the backend's version, in its order, towards a client's version; empty when the
    /// pair was not asked for.
    pub fn outgoing(&self, client: usize, backend: usize) -> &[OutgoingBridge] {
        self.outgoing.get(&(client, backend)).map_or(&[], Vec::as_slice)
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

/// The versions with what their operations answer to, and which are the same.
struct Table<'a> {
    versions: Vec<&'a Description>,
    names: Vec<Names>,
    same: BTreeMap<(usize, usize), Vec<Option<Counterpart>>>,
}

impl<'a> Table<'a> {
    fn new(api: &'a Api) -> Self {
        let versions: Vec<&Description> = api.versions.iter().map(Arc::as_ref).collect();
        let names = versions.iter().map(|version| Names::new(version)).collect();
        Self { versions, names, same: BTreeMap::new() }
    }

    /// Finds out which operations of one version are those of the others.
    fn pair(&mut self, from: usize, others: &[usize]) {
        for (at, to) in others.iter().copied().enumerate() {
            let before = others.get(..at).unwrap_or_default();
            let between = before.iter().copied().filter(|one| *one != from && self.has_routes());
            for from in between.chain([from]).filter(|from| *from != to).collect::<Vec<_>>() {
                // the step that leads to the version is told by the newer of the two that it joins
                let step = if to > from { to } else { to + 1 };
                let names = (self.names.get(from), self.names.get(to), self.names.get(step));
                if let (Some(ours), Some(theirs), Some(declaring)) = names {
                    let found = || ours.counterparts(theirs, (declaring, to > from));
                    self.same.entry((from, to)).or_insert_with(found);
                }
            }
        }
    }

    fn has_routes(&self) -> bool {
        self.names.iter().any(Names::has_routes)
    }

    /// The operation of version `to` that is the one at `at` of version `from`.
    fn find(&self, (from, at): (usize, usize), to: usize) -> Option<(usize, &'a Operation)> {
        let index = if from == to {
            at
        } else if self.has_routes() {
            self.followed((from, at), to)?
        } else {
            self.counterpart((from, at), to)?
        };
        Some((index, self.versions.get(to)?.operations.get(index)?))
    }

    fn counterpart(&self, (from, at): (usize, usize), to: usize) -> Option<usize> {
        Some(self.same.get(&(from, to))?.get(at).copied().flatten()?.index)
    }

    /// Goes from version to version, as each may lead elsewhere; one that lacks the operation is passed over.
    fn followed(&self, (from, at): (usize, usize), to: usize) -> Option<usize> {
        let way: Vec<usize> =
            if from < to { (from + 1..=to).collect() } else { (to..from).rev().collect() };
        let mut known = (from, at);
        for version in way {
            if let Some(index) = self.counterpart(known, version) {
                known = (version, index);
            }
        }
        (known.0 == to).then_some(known.1)
    }
}

fn walked<'a>(
    table: &mut Table<'a>,
    changes: &'a [VersionChanges],
    pairs: &BTreeSet<(usize, usize)>,
    ledger: &mut Ledger<'a>,
) -> Bridges {
    let mut bridges = Bridges::default();
    for &(from, to) in pairs {
        let mut messages = Messages::new(&mut *ledger, changes);
        let way: Vec<usize> =
            if from < to { (from..=to).collect() } else { (to..=from).rev().collect() };
        table.pair(from, &way);
        let operations = operations(table, (from, to), &way, &mut messages);
        let documents = documents(&table.versions, &way, &mut messages);
        bridges.operations.insert((from, to), operations);
        bridges.documents.insert((from, to), documents);
        if let (Some(client), Some(backend)) = (table.versions.get(from), table.versions.get(to)) {
            let found = messages.outgoing((from, *client), (to, *backend));
            bridges.outgoing.insert((from, to), found);
        }
    }
    bridges
}

fn operations<'a>(
    table: &Table<'a>,
    (client, backend): (usize, usize),
    way: &[usize],
    messages: &mut Messages<'_, 'a>,
) -> Vec<OperationBridge> {
    let Some(version) = table.versions.get(client) else { return Vec::new() };
    let mut found = Vec::new();
    for (at, operation) in version.operations.iter().enumerate() {
        let bridge = table.find((client, at), backend).and_then(|(target, _)| {
            let route: Vec<(usize, &'a Operation)> = way
                .iter()
                .filter_map(|version| Some((*version, table.find((client, at), *version)?.1)))
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
    versions: &[&'a Description],
    way: &[usize],
    messages: &mut Messages<'_, 'a>,
) -> BTreeMap<String, Plan> {
    let mut found = BTreeMap::new();
    let (Some(first), Some(last)) = (way.first(), way.last()) else { return found };
    let Some(sender) = versions.get(*first) else { return found };
    for name in sender.documents.keys() {
        let hops: Vec<Hop<'a>> = way
            .iter()
            .filter_map(|version| {
                let content = versions.get(*version)?.documents.get(name)?;
                let fit = Fit::Declared;
                let root = &content.root;
                let status = None;
                Some(Hop { version: *version, operation: None, content, root, fit, status })
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
