//! An api with a description: its operations, and which backend versions can serve each.

use std::path::Path;
use std::sync::Arc;

use evergate_contracts::{Example, read_examples};
use evergate_schemas::describe::model::{Api as DescribedApi, Description, Operation};
use evergate_schemas::describe::{Limits, load_api};
use evergate_schemas::plan::bridge::OperationBridge;
use evergate_schemas::plan::{Bridges, CompileLimits, Known, Pairs};
use evergate_schemas::plan::{VersionChanges, cursor, declared};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem, Severity};
use evergate_schemas::relate::Prover;
use evergate_schemas::relate::verdict::Verdict;

use super::api::label_set;
use super::crossing::{Counting, crossing};
use super::gate::Gate;
use super::lifecycle::{self, problem};
use super::lines;
use super::merging;
use super::tracking;
use super::writes::{self, Writing};
use crate::config::{ApiConfig, WriteMode};
use crate::drift::Watched;
use crate::snapshot::selector::Versions;
use crate::snapshot::{
    Choice, ClientOperation, ClientVersion, Crossing, Group, Judged, Lens, Router, Spot, Template,
};
use crate::telemetry::Metrics;

/// A loaded description with what each version declares about the one before it.
pub(super) struct Described {
    api: DescribedApi,
    changes: Vec<VersionChanges>,
    /// The authors' own payloads.
    examples: Vec<Example>,
}

impl Described {
    /// What live payloads are held against, where some are.
    pub(super) fn watched(&self, config: &ApiConfig, metrics: &Metrics) -> Option<Arc<Watched>> {
        let judged = config.drift.sample > 0.0;
        judged.then(|| metrics.drift().watch(&self.api, &config.name, config.drift))
    }

    /// Where each version's changes are declared.
    pub(super) fn lenses(&self) -> Vec<Lens> {
        lines::lenses(&self.changes)
    }

    /// The versions, oldest first.
    pub(super) fn labels(&self) -> Vec<String> {
        self.api.versions.iter().map(|one| one.version.as_str().to_owned()).collect()
    }

    /// The descriptions, oldest first.
    pub(super) fn versions(&self) -> &[Arc<Description>] {
        &self.api.versions
    }
}

/// Reads a directory of versions. Faults of single operations are warnings; a directory without any version is
/// an error.
pub(super) fn load(directory: &Path, place: &Place) -> Result<Described, Vec<Problem>> {
    let mut api = load_api(directory, &Limits::default())?;
    if api.versions.is_empty() {
        let what = format!("{} has no versions", directory.display());
        return Err(vec![problem(
            place,
            Severity::Error,
            what,
            "put one directory for each version there",
        )]);
    }
    let examples = examples(directory, &mut api.problems);
    let (changes, problems) = declared(&api);
    api.problems.extend(problems);
    // a version or a lens that cannot be read would be one that is silently not there
    if api.problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(api.problems);
    }
    Ok(Described { api, changes, examples })
}

/// The payloads in `examples.jsonl`, where that is; a line that cannot be read is a warning.
fn examples(directory: &Path, problems: &mut Vec<Problem>) -> Vec<Example> {
    let path = directory.join("examples.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else { return Vec::new() };
    let (examples, wrong) = read_examples(&text);
    let place =
        Place { file: path.to_string_lossy().into(), line: 0, column: 0, pointer: Pointer::root() };
    problems.extend(wrong.into_iter().map(|what| {
        problem(
            &place,
            Severity::Warning,
            what,
            "write one JSON object with `version`, `dir` and `body` a line",
        )
    }));
    examples
}

/// Compiles the ways from every version to the versions that backends speak.
fn bridges(described: &Described, config: &ApiConfig, groups: &[Group]) -> Bridges {
    let backends = || groups.iter().filter_map(|group| group.version);
    let pairs = (0..described.api.versions.len())
        .flat_map(|client| backends().map(move |backend| (client, backend)));
    let configuration =
        config.values.iter().map(|(name, value)| (name.clone(), value.to_string().into()));
    let limits = CompileLimits {
        known: Known { configuration: configuration.collect(), ..Known::default() },
        ..CompileLimits::default()
    };
    let mut prover = Prover::default();
    Bridges::compile_within(
        &described.api,
        &described.changes,
        Pairs::Listed(pairs.collect()),
        (&mut prover, &limits),
    )
}

/// Gives each client version its operations; what comes back is odd about them.
pub(super) fn fill(
    described: &Described,
    config: &ApiConfig,
    clients: &mut [ClientVersion],
    serving: (&[Group], &Metrics),
) -> Vec<Problem> {
    let mut problems = described.api.problems.clone();
    problems.extend(writes::unknown(config, &described.api.versions));
    let bridges = bridges(described, config, serving.0);
    let mut gate = Gate::new(config, &described.api, &described.examples);
    let versions = Versions::new(described.labels());
    for (index, (client, description)) in
        clients.iter_mut().zip(&described.api.versions).enumerate()
    {
        let mut router = Router::default();
        client.base_paths.clone_from(&description.base_paths);
        for (at, operation) in description.operations.iter().enumerate() {
            router.insert(&operation.key.method, &operation.key.path, at);
            let lifecycle = lifecycle::configured(config, &versions, index).map(|(one, _)| one);
            let life = lifecycle::of_operation(client.life.as_ref(), lifecycle, operation);
            let filling = Filling {
                described,
                bridges: &bridges,
                config,
                client: index,
                description,
                serving,
            };
            let mut built = filling.operation((at, operation), &mut gate, &mut problems);
            built.life = life;
            let named = operation.key.to_string();
            let own = lifecycle.and_then(|one| one.operations.get(&named)).map(|(own, _)| own);
            built.tracked = tracking::declared(&client.tracked, (operation, description), own);
            if built.choices.is_empty() {
                let what = format!(
                    "no backend can serve {} of version {}: {}",
                    built.label, client.label, built.why_not
                );
                let remedy = "run a backend of that version, or declare the change in changes.yaml";
                problems.push(problem(&operation.place, Severity::Warning, what, remedy));
            }
            client.operations.push(built);
        }
        client.router = Some(router);
    }
    problems.extend(gate.told(config, &described.labels()));
    problems
}

struct Filling<'a> {
    described: &'a Described,
    bridges: &'a Bridges,
    config: &'a ApiConfig,
    client: usize,
    description: &'a Description,
    serving: (&'a [Group], &'a Metrics),
}

impl Filling<'_> {
    fn operation(
        &self,
        (at, operation): (usize, &Operation),
        gate: &mut Gate<'_>,
        problems: &mut Vec<Problem>,
    ) -> ClientOperation {
        let (groups, metrics) = self.serving;
        let label: Arc<str> = operation.key.to_string().into();
        let mut choices = Vec::new();
        let mut reasons = Vec::new();
        for group in nearest(self.client, groups) {
            let Some(backend) = groups.get(group).and_then(|group| group.version) else { continue };
            let Some(speaks) = self.described.api.versions.get(backend) else { continue };
            let crossing = if backend == self.client {
                None
            } else {
                let bridged = self.bridge(at, backend).ok_or_else(|| "no plan was made".to_owned());
                let versions = (self.client, backend);
                let bridged =
                    bridged.and_then(|bridge| gate.usable(versions, bridge).map(|()| bridge));
                let places = links_places(self.config);
                let labels = self.described.labels();
                let counting = Counting {
                    labels: &labels,
                    places: &places,
                    metrics,
                    api: &self.config.name,
                    operation: &label,
                    versions: (self.description.version.as_str(), speaks.version.as_str()),
                    records: self.config.conversion.records,
                    values: &self.config.values,
                };
                let made = bridged.map(|bridge| {
                    let mut made = crossing(bridge, speaks, &counting)?;
                    let write = (operation, bridge);
                    problems.extend(self.hiding(&mut made, write, (speaks, backend), &counting));
                    Some(made)
                });
                match made {
                    Ok(Some(crossing)) => Some(Arc::new(crossing)),
                    Ok(None) => continue,
                    Err(why) => {
                        reasons.push(format!("version {}: {why}", speaks.version));
                        continue;
                    }
                }
            };
            let labels = label_set(
                &self.config.name,
                &label,
                self.description.version.as_str(),
                speaks.version.as_str(),
            );
            choices.push(Choice { group, crossing, meter: Arc::new(metrics.exchange(labels)) });
        }
        ClientOperation {
            label,
            template: Template::parse(&operation.key.path),
            life: None,
            tracked: Arc::default(),
            judged: self.judged(at, &choices),
            choices,
            cursor: cursor(&self.described.changes, operation),
            spot: Spot::from(&operation.place),
            why_not: if reasons.is_empty() {
                "no backend is configured".to_owned()
            } else {
                reasons.join("; ")
            },
        }
    }

    /// What the prover says of each way, used or not.
    fn judged(&self, operation: usize, choices: &[Choice]) -> Vec<Judged> {
        let (groups, _) = self.serving;
        let others = groups.iter().enumerate().filter_map(|(index, group)| {
            let backend = group.version.filter(|version| *version != self.client)?;
            let bridge = self.bridge(operation, backend)?;
            let worst = bridge.responses.iter().map(|response| response.verdict).max();
            Some(Judged {
                backend,
                request: bridge.request.verdict,
                response: worst.unwrap_or(Verdict::Native),
                serves: choices.iter().any(|choice| choice.group == index),
            })
        });
        others.collect()
    }

    /// Notes what a full write would take away, or how it is merged; gives what is odd or wrong about that.
    fn hiding(
        &self,
        crossing: &mut Crossing,
        write: (&Operation, &OperationBridge),
        (speaks, backend): (&Description, usize),
        counting: &Counting<'_>,
    ) -> Option<Problem> {
        let read = writes::read_of(self.description, write.0);
        let Some(read) = read.and_then(|read| self.bridge(read, backend)) else {
            return writes::unread(self.config, write.0);
        };
        let writing = Writing { client: self.description, backend: speaks, write, read };
        let (mode, place) = writes::mode(self.config, write.0);
        if matches!(mode, WriteMode::Refuse | WriteMode::Replace) {
            let (hiding, warning) = writing.hiding(mode, counting);
            crossing.hiding = hiding;
            return warning;
        }
        match merging::merging((&writing, mode), self.config, counting, crossing) {
            Ok(merging) => {
                crossing.merging = merging.map(Box::new);
                None
            }
            Err(why) => Some(writing.unmerged((mode, place), &why)),
        }
    }

    fn bridge(&self, operation: usize, backend: usize) -> Option<&OperationBridge> {
        let all = self.bridges.operation(self.client, backend);
        all.get(operation)
            .filter(|bridge| bridge.client_operation == operation)
            .or_else(|| all.iter().find(|bridge| bridge.client_operation == operation))
    }
}

/// What decides what becomes of links, as text.
fn links_places(config: &ApiConfig) -> String {
    let endpoints: Vec<_> =
        config.backends.iter().map(|one| (&one.version, &one.endpoints)).collect();
    format!("{:?}", (&config.path, &config.hosts, &config.public, &config.selectors, endpoints))
}

/// Group indices by preference: the version itself, then newer ones from the nearest, then older ones.
fn nearest(client: usize, groups: &[Group]) -> Vec<usize> {
    let mut ranked: Vec<(bool, usize, usize)> = groups
        .iter()
        .enumerate()
        .filter_map(|(index, group)| {
            let version = group.version?;
            Some((version < client, version.abs_diff(client), index))
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, _, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;
    use crate::snapshot::Group;

    #[test]
    fn the_nearest_newer_comes_before_any_older() {
        let groups: Vec<Group> =
            [0, 1, 3, 4].map(|version| Group::new(Some(version), None, Vec::new())).into();
        assert_eq!(nearest(1, &groups), [1, 2, 3, 0]);
        assert_eq!(nearest(2, &groups), [2, 3, 1, 0]);
        assert_eq!(nearest(4, &groups), [3, 2, 1, 0]);
    }
}
