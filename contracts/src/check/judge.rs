//! Which messages a compatibility question is about, and what is known of them.

use std::collections::{BTreeMap, BTreeSet};

use evergate_schemas::changes::{Change, changes};
use evergate_schemas::describe::model::{Api, Description, Operation};
use evergate_schemas::plan::bridge::{OperationBridge, OutgoingBridge, Plan};
use evergate_schemas::plan::{Bridges, CompileLimits, Pairs, Senders, declared, undeclared_names};
use evergate_schemas::problem::Problem;
use evergate_schemas::relate::{Budget, Prover};
use evergate_schemas::schema::Side;

use super::changed::changed;
use crate::evidence::{End, Ends};
use crate::policy::Settings;
use crate::report::model::{ApiReport, PairReport, from_backend};
use crate::report::rows::{Subject, fault};

/// Operations that are judged for the matrix beyond the pairs that were asked about, unless more is asked for.
pub const MATRIX_BOUND: usize = 10_000;

/// Which versions are compared with which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps<'a> {
    /// Each with the one before.
    Adjacent,
    /// Each with all earlier ones.
    All,
    /// The newest with this one.
    Against(&'a str),
    /// The newest with each of these.
    Earlier(&'a [String]),
}

impl Steps<'_> {
    /// Pairs of an older and a newer version, by index.
    fn pairs(self, api: &Api) -> Vec<(usize, usize)> {
        let count = api.versions.len();
        match self {
            Self::Adjacent => (1..count).map(|new| (new - 1, new)).collect(),
            Self::All => (1..count).flat_map(|new| (0..new).map(move |old| (old, new))).collect(),
            Self::Against(version) => newest_with(api, version).into_iter().collect(),
            Self::Earlier(versions) => {
                versions.iter().filter_map(|version| newest_with(api, version)).collect()
            }
        }
    }
}

fn newest_with(api: &Api, version: &str) -> Option<(usize, usize)> {
    let old = api.versions.iter().position(|one| one.version.as_str() == version);
    old.zip(api.versions.len().checked_sub(1)).filter(|(old, new)| old < new)
}

/// Judges an api: every message of the asked pairs, with evidence. Faults of `changes.yaml` are among the problems;
/// those of the documents are in [`Api::problems`] and are the caller's to add.
pub fn judge(api: &Api, steps: Steps<'_>, settings: Settings) -> ApiReport {
    let mut report = ApiReport {
        api: api.name.clone(),
        versions: api.versions.iter().map(|one| one.version.to_string()).collect(),
        ..ApiReport::default()
    };
    let steps = steps.pairs(api);
    let ways = steps.iter().flat_map(|(old, new)| settings.compat.ways(*old, *new));
    let pairs: Vec<(usize, usize)> = ways.collect();
    let (Compiled { bridges, problems }, walked) = judge_pairs(api, &pairs, settings, &mut report);
    let steps = steps.into_iter().filter_map(|step| Some((step, walked.get(&step)?)));
    let rows = steps.flat_map(|(step, changes)| changed(api, (step, changes), &bridges, settings));
    report.changes = rows.collect();
    report.problems.extend(problems.iter().map(fault));
    report
}

/// Judges the pairs of versions that the report does not speak of yet, for the matrix: they are no findings. `false`
/// where that would be more than [`MATRIX_BOUND`] operations and `anyway` is not said.
pub fn complete(api: &Api, settings: Settings, anyway: bool, report: &mut ApiReport) -> bool {
    let count = api.versions.len();
    let known: BTreeSet<(&str, &str)> =
        report.pairs.iter().map(|pair| (pair.client.as_str(), pair.backend.as_str())).collect();
    let name = |index: usize| api.versions.get(index).map_or("", |one| one.version.as_str());
    let open: Vec<(usize, usize)> = (0..count)
        .flat_map(|client| (0..count).map(move |backend| (client, backend)))
        .filter(|(client, backend)| client != backend)
        .filter(|(client, backend)| !known.contains(&(name(*client), name(*backend))))
        .collect();
    let most = api.versions.iter().map(|one| one.operations.len() + one.documents.len()).max();
    if !anyway && open.len() * most.unwrap_or_default() > MATRIX_BOUND {
        return false;
    }
    let mut beyond = ApiReport::default();
    judge_pairs(api, &open, settings, &mut beyond);
    report.pairs.extend(beyond.pairs.into_iter().map(|pair| PairReport { asked: false, ..pair }));
    let lossy = beyond.conversions.into_iter().filter(|row| row.verdict == "lossy");
    report.beyond.extend(beyond.findings.into_iter().chain(lossy));
    true
}

/// Judges every ordered pair of different versions, with evidence; faults of `changes.yaml` are among the problems.
pub fn every_pair(api: &Api, settings: Settings) -> ApiReport {
    let count = api.versions.len();
    let all = (0..count).flat_map(|client| (0..count).map(move |backend| (client, backend)));
    let pairs: Vec<(usize, usize)> = all.filter(|(client, backend)| client != backend).collect();
    let mut report = ApiReport {
        api: api.name.clone(),
        versions: api.versions.iter().map(|one| one.version.to_string()).collect(),
        ..ApiReport::default()
    };
    let (Compiled { problems, .. }, _) = judge_pairs(api, &pairs, settings, &mut report);
    report.problems.extend(problems.iter().map(fault));
    report
}

/// The changes of each older and newer version: walked once, whichever way their messages are asked about.
type Walked = BTreeMap<(usize, usize), Vec<Change>>;

fn judge_pairs(
    api: &Api,
    pairs: &[(usize, usize)],
    settings: Settings,
    report: &mut ApiReport,
) -> (Compiled, Walked) {
    let Compiled { bridges, mut problems } = compile(api, pairs, settings);
    let hints = undeclared_names(api, &declared(api).0, &bridges);
    problems.extend(hints.into_iter().map(|hint| hint.problem));
    let mut walked = Walked::new();
    for (client, backend) in pairs.iter().copied() {
        if let (Some(from), Some(to)) = (api.versions.get(client), api.versions.get(backend)) {
            let before = report.verdicts;
            let upward = client < backend;
            let (old, new) = if upward { (from, to) } else { (to, from) };
            let step = (client.min(backend), client.max(backend));
            let changes = walked.entry(step).or_insert_with(|| changes(old, new));
            let pair = Pair { api: &api.name, client: from, backend: to, upward, changes };
            pair.operations(bridges.operation(client, backend), report);
            pair.outgoing(bridges.outgoing(client, backend), report);
            pair.documents(bridges.document(client, backend), report);
            report.pairs.push(PairReport {
                client: from.version.to_string(),
                backend: to.version.to_string(),
                asked: true,
                verdicts: report.verdicts.since(before),
            });
        }
    }
    report.gather();
    (Compiled { bridges, problems }, walked)
}

struct Pair<'a> {
    api: &'a str,
    client: &'a Description,
    backend: &'a Description,
    /// The backend speaks the newer version.
    upward: bool,
    changes: &'a [Change],
}

/// An operation of the client and of the backend.
type Operations<'a> = (Option<&'a Operation>, Option<&'a Operation>);

impl<'a> Pair<'a> {
    fn subject(
        &self,
        name: &str,
        side: &'static str,
        (client, backend): Operations<'a>,
    ) -> Subject<'a> {
        let client = End { description: self.client, operation: client };
        let backend = End { description: self.backend, operation: backend };
        let backend_sends = from_backend(side);
        let ends = Ends {
            sender: if backend_sends { backend } else { client },
            reader: if backend_sends { client } else { backend },
            side: match (side, backend_sends) {
                ("document", _) => None,
                (_, true) => Some(Side::Response),
                (_, false) => Some(Side::Request),
            },
            newer_reads: self.upward != backend_sends,
            backward: self.upward,
            converted: !side.starts_with("outgoing"),
        };
        Subject {
            api: self.api,
            client: self.client.version.as_str(),
            backend: self.backend.version.as_str(),
            operation: name.to_owned(),
            side,
            ends: Some(ends),
            changes: self.changes,
        }
    }

    /// Of a plain document the client is the writer and the backend the reader.
    fn documents(&self, plans: Option<&BTreeMap<String, Plan>>, report: &mut ApiReport) {
        for (name, plan) in plans.into_iter().flatten() {
            report.operations += 1;
            let written = self.client.documents.get(name).map(|one| &one.place);
            let read = self.backend.documents.get(name).map(|one| &one.place);
            let subject = self.subject(name, "document", (None, None));
            report.add_document(&subject, plan, (written, read));
        }
    }

    /// The backend calls, and the client answers.
    fn outgoing(&self, bridges: &[OutgoingBridge], report: &mut ApiReport) {
        for bridge in bridges {
            let Some(operation) = self.backend.outgoing.get(bridge.backend_operation) else {
                continue;
            };
            report.operations += 1;
            let name = operation.label();
            let other = bridge.client_operation.and_then(|at| self.client.outgoing.get(at));
            let both = (other, Some(operation));
            report.add(&self.subject(&name, "outgoing request", both), &bridge.request);
            for response in &bridge.responses {
                report.add(&self.subject(&name, "outgoing response", both), response);
            }
        }
    }

    fn operations(&self, bridges: &[OperationBridge], report: &mut ApiReport) {
        for bridge in bridges {
            let Some(operation) = self.client.operations.get(bridge.client_operation) else {
                continue;
            };
            report.operations += 1;
            let name = operation.key.to_string();
            let other = bridge.backend_operation.and_then(|at| self.backend.operations.get(at));
            let both = (Some(operation), other);
            let request = self.subject(&name, "request", both);
            if bridge.backend_operation.is_none() {
                report.add_missing(&request, &operation.place);
                continue;
            }
            report.add(&request, &bridge.request);
            for response in &bridge.responses {
                report.add(&self.subject(&name, "response", both), response);
            }
        }
    }
}

/// Plans, and what was wrong in the files that declare lenses.
#[derive(Debug)]
pub struct Compiled {
    /// The plans.
    pub bridges: Bridges,
    /// Faults of the files that declare lenses.
    pub problems: Vec<Problem>,
}

/// Compiles the plans of some pairs of client and backend, with what the versions declare.
pub fn compile(api: &Api, pairs: &[(usize, usize)], settings: Settings) -> Compiled {
    let (changes, problems) = declared(api);
    let mut prover = Prover::new(Budget::default());
    let mut limits = CompileLimits::default();
    limits.judge.senders = if settings.strict { Senders::AsWritten } else { Senders::Closed };
    let pairs = Pairs::Listed(pairs.to_vec());
    let bridges = Bridges::compile_within(api, &changes, pairs, (&mut prover, &limits));
    Compiled { bridges, problems }
}
