//! The whole snapshot, from the config file and everything it names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use evergate_schemas::problem::{Problem, Severity};

use super::{api, files};
use crate::config::{self, Config};
use crate::snapshot::meter::ExchangeLabels;
use crate::snapshot::{Bounds, ConversionLimits, Snapshot};
use crate::telemetry::Metrics;
use crate::upstream::{Client, ClientSettings, Pace};

/// A snapshot with what its owner has to know beside it.
#[derive(Debug)]
pub struct Assembled {
    /// The snapshot; its generation is that of `previous` plus one.
    pub snapshot: Snapshot,
    /// The config it was made from.
    pub config: Config,
    /// What can be used, and will not do what was perhaps meant.
    pub warnings: Vec<Problem>,
    /// The directories in which a change may call for a reload.
    pub watched: Vec<PathBuf>,
}

/// Makes a snapshot. An error has all problems, and nothing is in use of what was wrong. The pooled connections
/// of `previous` are kept where the settings allow.
pub fn assemble(
    path: &Path,
    metrics: &Metrics,
    previous: Option<&Snapshot>,
) -> Result<Assembled, Vec<Problem>> {
    let (config, mut warnings) = config::load(path)?;
    let directories: Vec<PathBuf> =
        config.apis.iter().filter_map(|api| api.description.clone()).collect();
    let digest = files::digest(path, &directories);
    let mut apis = Vec::new();
    let mut problems = Vec::new();
    for one in &config.apis {
        match api::build((one, &config.timeouts), metrics) {
            Ok((built, more)) => {
                apis.push(Arc::new(built));
                warnings.extend(more);
            }
            Err(more) => problems.extend(more),
        }
    }
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        problems.extend(warnings);
        problems.sort();
        return Err(problems);
    }
    let snapshot = Snapshot {
        generation: previous.map_or(0, |snapshot| snapshot.generation) + 1,
        loaded: previous
            .filter(|previous| previous.digest == digest)
            .map_or_else(SystemTime::now, |previous| previous.loaded),
        digest,
        apis,
        bounds: bounds(&config),
        client: client(&config, previous),
        homeless: metrics.exchange(ExchangeLabels {
            api: String::new(),
            operation: String::new(),
            client_version: String::new(),
            backend_version: String::new(),
            status: 0,
        }),
    };
    let mut watched: Vec<PathBuf> = directories;
    watched.push(match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    });
    Ok(Assembled { snapshot, config, warnings, watched })
}

/// The digest that a snapshot of the files as they are now would have; `None` when the config cannot be read.
pub fn fingerprint(path: &Path) -> Option<String> {
    let (config, _) = config::load(path).ok()?;
    let directories: Vec<PathBuf> =
        config.apis.into_iter().filter_map(|api| api.description).collect();
    Some(files::digest(path, &directories))
}

fn bounds(config: &Config) -> Bounds {
    let limits = &config.limits;
    Bounds {
        target: limits.target,
        body: limits.body,
        held_bodies: limits.held_bodies,
        pace: Pace { octets: limits.pace, window: config.timeouts.body },
        silence: config.timeouts.silence,
        decoded: limits.decoded,
        ratio: limits.ratio,
        conversion: ConversionLimits { depth: limits.depth, held: limits.held },
    }
}

fn client(config: &Config, previous: Option<&Snapshot>) -> Client {
    let settings = ClientSettings {
        connect: config.timeouts.connect,
        answer: config.timeouts.upstream,
        idle: config.timeouts.idle,
        idle_connections: config.limits.idle_connections,
        head: config.limits.head,
    };
    match previous {
        Some(snapshot) if *snapshot.client.settings() == settings => snapshot.client.clone(),
        _ => Client::new(settings),
    }
}
