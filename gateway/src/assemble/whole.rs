//! The whole snapshot, from the config file and everything it names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use evergate_schemas::problem::{Problem, Severity};

use super::contents::Contents;
use super::crew::{Occasion, aside};
use super::dials::Grounds;
use super::manifest::Manifest;
use super::source::{Source, Text};
use super::taken::Making;
use super::{access, files, lines, listeners, tracking};
use crate::config::{Config, Written};
use crate::snapshot::meter::ExchangeLabels;
use crate::snapshot::{Bounds, ConversionLimits, Snapshot};
use crate::telemetry::Metrics;
use crate::tls::{ServerSide, SystemRoots};
use crate::upstream::{ClientSettings, Pace};

/// Most fields of a backend's answer.
const FIELDS: usize = 200;
/// How often files are read that are written meanwhile.
const ROUNDS: usize = 3;

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
    pub watched: Vec<Watched>,
    /// The text of the config file.
    pub text: Vec<u8>,
    /// That and all descriptions, by their digests.
    pub manifest: Manifest,
}

/// A directory in which a change may call for a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The directory.
    pub directory: PathBuf,
    /// Whether all below it counts too.
    pub below: bool,
}

/// What the files were, so that a change can be told from a touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The digest of the config and all descriptions.
    pub files: String,
    /// That of certificates and keys.
    pub certificates: String,
}

impl Fingerprint {
    /// Whether a snapshot was made from these files.
    pub fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.files == snapshot.digest && self.certificates == snapshot.certificates
    }
}

/// As [`assemble_from`], from a config file as it is.
pub fn assemble(
    path: &Path,
    metrics: &Metrics,
    previous: Option<&Snapshot>,
) -> Result<Assembled, Vec<Problem>> {
    assemble_from(&Source::file(path), metrics, previous)
}

/// Makes a snapshot. An error has all problems, and nothing is in use of what was wrong. Apis of `previous` that would
/// come out the same are taken over, and the pooled connections are kept where the settings allow. With other metrics
/// than those of `previous` the snapshot is one to look at, not one to use.
pub fn assemble_from(
    source: &Source,
    metrics: &Metrics,
    previous: Option<&Snapshot>,
) -> Result<Assembled, Vec<Problem>> {
    aside(Occasion::of(previous), || {
        let mut left = ROUNDS;
        loop {
            left -= 1;
            let moved = AtomicBool::default();
            let made = once((source, metrics, previous), &moved);
            if left == 0 || !moved.into_inner() {
                return made;
            }
        }
    })
}

fn once(
    (source, metrics, previous): (&Source, &Metrics, Option<&Snapshot>),
    moved: &AtomicBool,
) -> Result<Assembled, Vec<Problem>> {
    let Text { mut written, text } = source.read()?;
    let watched = watched(&source.path, &written.config);
    source.lead(&mut written.config);
    let contents = contents(&written.config);
    let (manifest, digests) = digests(&text, &written.config);
    let (rules, system) = (listeners::rules(previous), SystemRoots::default());
    let sources = tracking::sources(&written.config.usage);
    let grounds = Grounds { rules, system, sources };
    let making = Making {
        written: &written,
        contents: &contents,
        directory: source.path.parent().unwrap_or_else(|| Path::new(".")),
        metrics,
        previous,
        grounds: &grounds,
        moved,
    };
    let mut problems = Vec::new();
    let (apis, more) = making.apis().unwrap_or_else(|more| {
        problems.extend(more);
        Default::default()
    });
    let Written { config, mut warnings, .. } = written;
    warnings.extend(more);
    let listeners = listeners::listeners(&config, previous, &mut warnings).unwrap_or_else(|more| {
        problems.extend(more);
        Vec::new()
    });
    let admin = listeners::admin(&config, previous, &mut warnings).unwrap_or_else(|more| {
        problems.extend(more);
        None
    });
    let access = access::access(&config, previous, metrics).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        problems.extend(warnings);
        problems.sort();
        return Err(problems);
    }
    let snapshot = Snapshot {
        generation: previous.map_or(0, |snapshot| snapshot.generation) + 1,
        loaded: previous
            .filter(|previous| previous.digest == digests.files)
            .map_or_else(SystemTime::now, |previous| previous.loaded),
        digest: digests.files,
        certificates: digests.certificates,
        listeners: listeners.into_iter().map(Arc::new).collect(),
        admin,
        trust: listeners::trust(&config),
        apis,
        lines: config.apis.iter().map(lines::lines).collect(),
        bounds: bounds(&config),
        client: client(&config),
        name_servers: config.name_servers.clone(),
        access,
        exporter: access::exporter(&config, previous, metrics),
        homeless: metrics.exchange(ExchangeLabels {
            api: String::new(),
            operation: String::new(),
            client_version: String::new(),
            backend_version: String::new(),
            status: 0,
        }),
    };
    let secured = snapshot.listeners.iter().filter_map(|listener| listener.tls.as_ref());
    let secured = secured.chain(&snapshot.admin);
    metrics.certificates(secured.flat_map(ServerSide::expiries));
    Ok(Assembled { snapshot, config, warnings, watched, text, manifest })
}

/// What a snapshot of the files as they are now would be made from; `None` when the config cannot be read.
pub fn fingerprint(path: &Path) -> Option<Fingerprint> {
    let Text { written, text } = Source::file(path).read().ok()?;
    Some(digests(&text, &written.config).1)
}

/// The files of a configuration as they are now, and what its config file says.
pub fn manifest_of(source: &Source) -> Result<(Manifest, Config), Vec<Problem>> {
    let Text { written, text } = source.read()?;
    Ok((digests(&text, &written.config).0, written.config))
}

/// The directories in which a change may mend a configuration that cannot be used, as far as it can be read.
pub fn watched_for(path: &Path) -> Vec<Watched> {
    Source::file(path)
        .read()
        .map_or_else(|_| Vec::new(), |read| watched(path, &read.written.config))
}

/// What stands below the description of each api.
fn contents(config: &Config) -> Vec<Option<Contents>> {
    config.apis.iter().map(|api| api.description.as_deref().map(Contents::of)).collect()
}

fn digests(text: &[u8], config: &Config) -> (Manifest, Fingerprint) {
    let secrets = listeners::files(config);
    let manifest = Manifest::of(text, config, &secrets);
    let (files, certificates) = (manifest.digest(), files::digest_of(&secrets));
    (manifest, Fingerprint { files, certificates })
}

/// The directories of all files: descriptions with all below; others alone, as they may be a home or a root.
fn watched(path: &Path, config: &Config) -> Vec<Watched> {
    let descriptions = config.apis.iter().filter_map(|api| api.description.clone());
    let mut watched: Vec<Watched> =
        descriptions.map(|directory| Watched { directory, below: true }).collect();
    let mut alone = |directory: &Path| {
        let plain = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        if !watched.iter().any(|one| one.directory == plain) {
            watched.push(Watched { directory: plain.to_owned(), below: false });
        }
    };
    for file in std::iter::once(path.to_owned()).chain(listeners::files(config)) {
        let Some(directory) = file.parent() else { continue };
        alone(directory);
        // a directory that is a link may be led elsewhere, which is a change in the one around it
        if directory.is_symlink() {
            alone(directory.parent().unwrap_or_else(|| Path::new(".")));
        }
    }
    watched
}

fn bounds(config: &Config) -> Bounds {
    let limits = &config.limits;
    Bounds {
        target: limits.target,
        requests: limits.requests,
        body: limits.body,
        held_bodies: limits.held_bodies,
        pace: Pace { octets: limits.pace, window: config.timeouts.body },
        silence: config.timeouts.silence,
        decoded: limits.decoded,
        ratio: limits.ratio,
        conversion: ConversionLimits { depth: limits.depth, held: limits.held },
    }
}

const fn client(config: &Config) -> ClientSettings {
    ClientSettings {
        connect: config.timeouts.connect,
        answer: config.timeouts.upstream,
        write: config.timeouts.write,
        idle: config.timeouts.idle,
        idle_connections: config.limits.idle_connections,
        head: config.limits.head,
        fields: FIELDS,
    }
}
