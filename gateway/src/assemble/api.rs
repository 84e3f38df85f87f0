//! One api: its versions in order, its backends by version, and who serves which operation.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use evergate_schemas::problem::{Problem, Severity};
use http::HeaderValue;
use http::uri::Authority;

use super::described;
use super::lifecycle::{self, problem};
use super::linked;
use super::tracking::{self, Sources};
use crate::config::{
    ApiConfig, BackendConfig, DefaultVersion, LossHeaderConfig, NoTransformConfig, SelectorConfig,
    SignaturesConfig, Timeouts, UndeclaredConfig,
};
use crate::snapshot::accept::MediaVersion;
use crate::snapshot::meter::{ExchangeLabels, Way};
use crate::snapshot::selector::{Affix, Selector, Versions};
use crate::snapshot::{
    Api, Backend, ClientVersion, Group, LossHeader, NoTransform, Origin, Signatures, Undeclared,
};
use crate::telemetry::Metrics;
use crate::upstream::{Dial, Place, Pool, PoolTimes, Version, Wanted};

/// An api and what is odd about it.
type Built = (Api, Vec<Problem>);

pub(super) fn build(
    (config, timeouts): (&ApiConfig, &Timeouts),
    metrics: &Metrics,
    (dials, sources): (&[Dial], &Sources),
) -> Result<Built, Vec<Problem>> {
    let described = config
        .description
        .as_deref()
        .map(|path| described::load(path, &config.place))
        .transpose()?;
    let versions = Versions::new(match &described {
        Some(described) => described.labels(),
        None => labels(config),
    });
    let mut problems = unknown_versions(config, &versions);
    let descriptions = described.as_ref().map(described::Described::versions);
    problems.extend(lifecycle::problems(config, &versions, descriptions));
    let selectors = selectors(config, &mut problems);
    let groups = groups((config, timeouts), &versions, dials, metrics);
    let mut clients = clients((config, sources), &versions, &groups, metrics);
    if let Some(described) = &described {
        problems.extend(described::fill(described, config, &mut clients, (&groups, metrics)));
        linked::link(config, &mut clients, (&versions, &selectors, &groups));
    }
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(problems);
    }
    let default = default(config, &versions, &selectors);
    let api = Api {
        name: config.name.as_str().into(),
        prefix: config.path.clone(),
        hosts: config.hosts.clone(),
        vary: vary(&selectors),
        selectors,
        consumers: consumers(config, &versions),
        default,
        versions,
        clients,
        groups,
        undeclared: match config.undeclared {
            UndeclaredConfig::Forward => Undeclared::Forward,
            UndeclaredConfig::Refuse => Undeclared::Refuse,
        },
        loss_header: match config.conversion.loss_header {
            LossHeaderConfig::Asked => LossHeader::Asked,
            LossHeaderConfig::Always => LossHeader::Always,
            LossHeaderConfig::Never => LossHeader::Never,
        },
        no_transform: match config.conversion.no_transform {
            NoTransformConfig::Honour => NoTransform::Honour,
            NoTransformConfig::Override => NoTransform::Override,
        },
        signatures: match config.conversion.signatures {
            SignaturesConfig::Refuse => Signatures::Refuse,
            SignaturesConfig::Forward => Signatures::Forward,
        },
        upgrades: config.upgrades.clone(),
        values: values(config),
        drift: described.as_ref().and_then(|described| described.watched(config, metrics)),
        unrouted: metrics.exchange(label_set(&config.name, "", "", "")),
        requests: metrics.conversion(&config.name, Way::request),
        responses: metrics.conversion(&config.name, Way::response),
        unconverted: metrics.unconverted(&config.name),
        origin: Origin::default(),
        lenses: described.as_ref().map(described::Described::lenses).unwrap_or_default(),
    };
    Ok((api, problems))
}

/// What programs may read of the configuration, as JSON texts.
fn values(config: &ApiConfig) -> BTreeMap<Arc<str>, Arc<str>> {
    let text = |(name, value): (&String, &serde_json::Value)| {
        (name.as_str().into(), value.to_string().into())
    };
    config.values.iter().map(text).collect()
}

/// The version that each consumer is pinned to.
fn consumers(config: &ApiConfig, versions: &Versions) -> HashMap<String, usize> {
    let all = config.consumers.iter();
    all.filter_map(|(key, (label, _))| Some((key.clone(), versions.find(label)?))).collect()
}

/// The version of clients that ask for none.
fn default(config: &ApiConfig, versions: &Versions, selectors: &[Selector]) -> Option<usize> {
    let last = versions.labels().len().checked_sub(1);
    match config.default.as_ref().map(|(default, _)| default) {
        Some(DefaultVersion::Oldest) => last.map(|_| 0),
        Some(DefaultVersion::Newest) => last,
        Some(DefaultVersion::Label(label)) => versions.find(label),
        // with a single version and nowhere to say another, there is nothing to ask
        None if selectors.is_empty() && last == Some(0) => last,
        None => None,
    }
}

/// Metric labels without the status.
pub(super) fn label_set(api: &str, operation: &str, client: &str, backend: &str) -> ExchangeLabels {
    ExchangeLabels {
        api: api.to_owned(),
        operation: operation.to_owned(),
        client_version: client.to_owned(),
        backend_version: backend.to_owned(),
        status: 0,
    }
}

/// The versions of an api without a description: those its backends speak, in the order of the file.
fn labels(config: &ApiConfig) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for label in config.backends.iter().filter_map(|backend| backend.version.as_ref()) {
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    labels
}

fn unknown_versions(config: &ApiConfig, versions: &Versions) -> Vec<Problem> {
    let known = versions.labels().join(", ");
    let remedy = if known.is_empty() {
        "give the backends versions".to_owned()
    } else {
        format!("write one of {known}")
    };
    let mut problems = Vec::new();
    let mut check = |label: &str, place: &evergate_schemas::problem::Place| {
        if versions.find(label).is_none() {
            let what = format!("the api `{}` has no version `{label}`", config.name);
            problems.push(problem(place, Severity::Error, what, remedy.clone()));
        }
    };
    for backend in &config.backends {
        if let Some(label) = &backend.version {
            check(label, &backend.place);
        }
    }
    for (label, place) in config.consumers.values() {
        check(label, place);
    }
    for (label, (_, place)) in &config.versions {
        check(label, place);
    }
    if let Some((DefaultVersion::Label(label), place)) = &config.default {
        check(label, place);
    }
    for backend in config
        .backends
        .iter()
        .filter(|backend| backend.version.is_none() && !backend.version_from_health)
        .filter(|_| !versions.labels().is_empty())
    {
        let what =
            format!("a backend of the api `{}` has no version, and others have", config.name);
        problems.push(problem(
            &backend.place,
            Severity::Error,
            what,
            format!("write `version:` with one of {known}"),
        ));
    }
    for backend in config.backends.iter().filter(|backend| backend.version_from_health) {
        if versions.labels().is_empty() {
            let what = format!(
                "the versions of the api `{}` are nowhere but in health answers",
                config.name
            );
            let remedy = "give the api a `description`, or `version:` instead of `version_from`";
            problems.push(problem(&backend.place, Severity::Error, what, remedy));
        }
    }
    if versions.labels().is_empty() && !config.selectors.is_empty() {
        let what =
            format!("the api `{}` says where versions are asked for, and has none", config.name);
        problems.push(problem(
            &config.place,
            Severity::Error,
            what,
            "give the backends versions, or leave out `client_version`",
        ));
    }
    problems
}

fn selectors(config: &ApiConfig, problems: &mut Vec<Problem>) -> Vec<Selector> {
    let mut selectors = Vec::new();
    for selector in &config.selectors {
        match selector {
            SelectorConfig::Path(pattern) => {
                selectors.extend(Affix::parse(pattern).map(Selector::Path));
            }
            SelectorConfig::Header(name) => selectors.push(Selector::Header(name.clone())),
            SelectorConfig::Consumer(name) => selectors.push(Selector::Consumer(name.clone())),
            SelectorConfig::Query(name) => selectors.push(Selector::Query(name.clone())),
            SelectorConfig::Accept(pattern) => match MediaVersion::parse(pattern) {
                Ok(rule) => selectors.push(Selector::Accept(rule)),
                Err(remedy) => {
                    let what = format!("`{pattern}` cannot be used as `accept`");
                    problems.push(problem(&config.place, Severity::Error, what, remedy));
                }
            },
        }
    }
    selectors
}

fn vary(selectors: &[Selector]) -> Option<HeaderValue> {
    let mut names: Vec<&str> = selectors.iter().filter_map(Selector::header).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { None } else { HeaderValue::try_from(names.join(", ")).ok() }
}

/// Backends by version, in the order of the versions; plain ones in one group. One whose endpoints say their versions
/// themselves is in the group of each.
fn groups(
    (config, timeouts): (&ApiConfig, &Timeouts),
    versions: &Versions,
    dials: &[Dial],
    metrics: &Metrics,
) -> Vec<Group> {
    let mut by_version: BTreeMap<Option<usize>, Vec<Backend>> = BTreeMap::new();
    for (one, dial) in config.backends.iter().zip(dials) {
        let pool = pool((config, timeouts), one, dial, metrics);
        let label = one.version.as_ref().and_then(|label| versions.find(label));
        let own = if one.version_from_health {
            (0..versions.labels().len()).map(Some).collect()
        } else {
            vec![label]
        };
        let asks = one.policy.health.as_ref().is_some_and(|health| health.version_header.is_some());
        for version in own {
            let label = version.and_then(|version| versions.labels().get(version));
            let wanted = label
                .filter(|_| asks)
                .map(|label| Wanted::new(Version::of(label), one.version_from_health));
            let backend = Backend { weight: one.weight, wanted, pool: Arc::clone(&pool) };
            by_version.entry(version).or_default().push(backend);
        }
    }
    let group = |(version, backends): (Option<usize>, Vec<Backend>)| {
        let label = version.and_then(|version| versions.labels().get(version));
        Group::new(version, label.and_then(|label| HeaderValue::try_from(label).ok()), backends)
    };
    by_version.into_iter().map(group).collect()
}

fn pool(
    (config, timeouts): (&ApiConfig, &Timeouts),
    backend: &BackendConfig,
    dial: &Dial,
    metrics: &Metrics,
) -> Arc<Pool> {
    let (api, version): (Arc<str>, Arc<str>) =
        (config.name.as_str().into(), backend.version.as_deref().unwrap_or_default().into());
    let fleet = metrics.fleet();
    let endpoint = |authority: &Authority, address| {
        let (api, version) = (Arc::clone(&api), Arc::clone(&version));
        let place = Place { api, version, authority: authority.clone(), address };
        fleet.endpoint(place, &backend.policy)
    };
    let mut members = Vec::new();
    for authority in &backend.endpoints {
        let known = fleet.addresses(authority);
        members.extend(known.iter().map(|address| endpoint(authority, Some(*address))));
        if known.is_empty() {
            members.push(endpoint(authority, None));
        }
    }
    let (own, policy) = (&backend.policy.times, &backend.policy);
    let times = PoolTimes {
        connect: own.connect.unwrap_or(timeouts.connect),
        answer: own.upstream.unwrap_or(timeouts.upstream),
        silence: own.silence.unwrap_or(timeouts.silence),
        request: own.request.unwrap_or(timeouts.request),
    };
    let ledger = fleet.ledger((&api, &version), &backend.endpoints, policy);
    let counted = (ledger, metrics.pool(&api, &version));
    let pool = Pool::new((policy.clone(), times), members, counted).spoken(dial.clone());
    Arc::new(pool.drained(backend.drained.clone()))
}

fn clients(
    (config, sources): (&ApiConfig, &Sources),
    versions: &Versions,
    groups: &[Group],
    metrics: &Metrics,
) -> Vec<ClientVersion> {
    let one = |index: Option<usize>, label: &str| ClientVersion {
        label: label.into(),
        header: index.and_then(|_| HeaderValue::try_from(label).ok()),
        life: index
            .and_then(|index| lifecycle::configured(config, versions, index))
            .and_then(|(lifecycle, _)| lifecycle::of_version(Some(lifecycle))),
        tracked: tracking::undeclared((&config.name, label), sources),
        router: None,
        base_paths: Vec::new(),
        operations: Vec::new(),
        links: Vec::new(),
        exact: groups.iter().position(|group| group.version == index),
        undeclared: Arc::new(metrics.exchange(label_set(&config.name, "undeclared", label, label))),
    };
    if versions.labels().is_empty() {
        return vec![one(None, "")];
    }
    versions.labels().iter().enumerate().map(|(index, label)| one(Some(index), label)).collect()
}
