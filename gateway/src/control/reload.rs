//! Taking a new configuration into use: whole or not at all.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as Blocking, PoisonError};

use arc_swap::ArcSwap;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem, Severity};
use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard, watch};
use tracing::{error, info, warn};

use super::in_use::{InUse, Last};
use super::journal::{Actor, Cause, Draft, Outcome};
use super::keeper::Keeper;
use super::records::Records;
use super::start::Begun;
use super::state::State;
use super::usage::Books;
use crate::assemble::{Assembled, Watched};
use crate::config::Config;
use crate::snapshot::{Shared, Snapshot};
use crate::telemetry::Metrics;

/// What else takes a new configuration into use, besides the snapshot.
pub(crate) struct Apply(pub(crate) Box<dyn Fn(&Config) + Send + Sync>);

impl fmt::Debug for Apply {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Apply")
    }
}

/// Takes configurations into use, one at a time.
#[derive(Debug)]
pub(crate) struct Reloader {
    pub(super) path: PathBuf,
    pub(super) records: Arc<Records>,
    shared: Arc<Shared>,
    apply: Apply,
    pub(super) metrics: Arc<Metrics>,
    started_with: Config,
    started: Timestamp,
    /// The entry that brought into use what stands in for a file that is wrong.
    entry: Option<u64>,
    turn: Mutex<()>,
    watched: watch::Sender<Vec<Watched>>,
    pub(super) keeper: Keeper,
    in_use: ArcSwap<InUse>,
    last: Blocking<Last>,
    books: Option<Arc<Books>>,
}

/// What a reloader begins with: what the process began with, but for the snapshot itself.
#[derive(Debug)]
pub(crate) struct Beginning {
    config: Config,
    watched: Vec<Watched>,
    in_use: InUse,
    entry: Option<u64>,
}

impl Beginning {
    /// Takes a start apart.
    pub(crate) fn of(begun: Begun) -> (Snapshot, Vec<Problem>, Self) {
        let Begun { assembled, instead_of, entry } = begun;
        let in_use = InUse::new(&assembled, instead_of);
        let Assembled { snapshot, config, warnings, watched, .. } = assembled;
        (snapshot, warnings, Self { config, watched, in_use, entry })
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// What is wrong with the file, where the last good configuration stands in for it.
    pub(crate) fn instead_of(&self) -> Option<&[Problem]> {
        self.in_use.instead_of.as_deref()
    }
}

impl Reloader {
    pub(crate) fn new(
        path: &Path,
        records: Arc<Records>,
        shared: Arc<Shared>,
        apply: Apply,
        (metrics, beginning): (Arc<Metrics>, Beginning),
    ) -> Self {
        let keeper = Keeper::new(Arc::clone(metrics.fleet()));
        let Beginning { config, watched, in_use, entry } = beginning;
        metrics.last_good.set(i64::from(in_use.instead_of.is_some()));
        let (time, cause) = (in_use.since, Cause::Start);
        let problems = in_use.instead_of.clone().unwrap_or_default();
        let last = Last { time, cause, result: Outcome::Applied.word(), problems };
        Self {
            path: path.to_owned(),
            records,
            shared,
            apply,
            metrics,
            started_with: config,
            started: time,
            entry,
            turn: Mutex::default(),
            watched: watch::Sender::new(watched),
            keeper,
            in_use: ArcSwap::from_pointee(in_use),
            last: Blocking::new(last),
            books: None,
        }
    }

    /// The same with the books of use.
    #[must_use]
    pub(crate) fn with_books(self, books: Arc<Books>) -> Self {
        Self { books: Some(books), ..self }
    }

    /// The books of use.
    pub(crate) const fn books(&self) -> Option<&Arc<Books>> {
        self.books.as_ref()
    }

    /// Begins to ask the endpoints how they are, and waits for the first answers.
    pub(crate) async fn keep(&self) {
        let snapshot = self.shared.load_full();
        self.keeper.look(&snapshot).await;
        self.keeper.keep(&snapshot);
    }

    /// The directories to watch, now and after each reload.
    pub(crate) fn watched(&self) -> watch::Receiver<Vec<Watched>> {
        self.watched.subscribe()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The journal, and what outlives the process.
    pub(crate) fn records(&self) -> &Arc<Records> {
        &self.records
    }

    /// Where what outlives the process is kept.
    pub(crate) fn state(&self) -> &State {
        self.records.state()
    }

    /// The config file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration in use.
    pub(crate) fn in_use(&self) -> Arc<InUse> {
        self.in_use.load_full()
    }

    /// When the process began to serve.
    pub(crate) fn started(&self) -> Timestamp {
        self.started
    }

    /// How many threads serve traffic.
    pub(crate) fn workers(&self) -> usize {
        self.started_with.workers.get()
    }

    /// What came of the last call for a change.
    pub(crate) fn last(&self) -> Last {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The right to change what is in use.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Records that the process began, and what with.
    pub(crate) async fn record_start(&self) {
        let (records, in_use) = (Arc::clone(&self.records), self.in_use());
        let (config, entry) = (self.started_with.clone(), self.entry);
        let recorded = tokio::task::spawn_blocking(move || {
            if let Err(why) = records.keep_files(&in_use.manifest, (&in_use.text, &config)) {
                error!(%why, "what the process began with is not kept");
            }
            let before = records.last_good().map(|(_, digest)| digest);
            let actor = Actor::system(Cause::Start);
            let program = concat!("evergate ", env!("CARGO_PKG_VERSION"));
            let note = match entry {
                Some(entry) => {
                    format!(
                        "{program}; the file is refused, and what entry {entry} brought into use serves in its place"
                    )
                }
                None => program.to_owned(),
            };
            let draft = Draft::new(&actor, Outcome::Applied)
                .digests(before.as_deref(), Some(&in_use.digest))
                .problems(in_use.instead_of.as_deref().unwrap_or_default())
                .generation(in_use.generation)
                .note(note);
            records.note_anyhow(&draft)
        });
        // without an entry it serves all the same
        let _ = recorded.await;
    }

    pub(super) fn over(&self, cause: Cause, result: &'static str, problems: &[Problem]) {
        let last = Last { time: Timestamp::now(), cause, result, problems: problems.to_vec() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// Notes that the file is what is in use, which it may not have been before.
    pub(super) fn is_of_file(&self) {
        let in_use = self.in_use.load();
        if in_use.instead_of.is_some() {
            info!(digest = %in_use.digest, "the file is the last good configuration once more");
            self.metrics.last_good.set(0);
            self.in_use.store(Arc::new(in_use.of_file()));
        }
    }

    /// Watches also what a configuration names that was refused, as that is where it may be mended.
    pub(super) fn watch_too(&self, more: Vec<Watched>) {
        self.watched.send_if_modified(|watched| {
            let fresh: Vec<_> = more.into_iter().filter(|one| !watched.contains(one)).collect();
            let changes = !fresh.is_empty();
            watched.extend(fresh);
            changes
        });
    }

    /// The one place where a configuration comes into use.
    pub(super) fn put_to_use(&self, cause: Cause, assembled: Assembled) -> Vec<Problem> {
        let in_use = InUse::new(&assembled, None);
        let Assembled { snapshot, config, warnings, watched, .. } = assembled;
        for problem in &warnings {
            warn!(problem = %problem, "the configuration is odd");
        }
        self.tell_of_restarts(&config);
        (self.apply.0)(&config);
        self.metrics.generation.set(snapshot.generation);
        info!(%cause, generation = snapshot.generation, digest = %snapshot.digest, "a new configuration is in use");
        self.keeper.keep(&snapshot);
        self.shared.store(Arc::new(snapshot));
        // who sees the new one in use finds it counted
        self.metrics.last_good.set(0);
        self.metrics.reloads_ok.inc();
        self.in_use.store(Arc::new(in_use));
        self.watched.send_replace(watched);
        self.over(cause, Outcome::Applied.word(), &[]);
        warnings
    }

    fn tell_of_restarts(&self, config: &Config) {
        let first = &self.started_with;
        let addresses =
            |config: &Config| config.listen.iter().map(|one| one.address).collect::<Vec<_>>();
        let moved = addresses(config) != addresses(first);
        let admin = config.admin.address != first.admin.address
            || config.admin.tls.is_some() != first.admin.tls.is_some();
        if moved || admin {
            warn!("addresses to listen on are read at the start only; restart to use the new ones");
        }
        if config.takeover != first.takeover {
            warn!("`takeover` is read at the start only; restart to use the new one");
        }
        if config.workers != first.workers {
            warn!("`workers` is read at the start only; restart to use the new number");
        }
        if config.state != first.state {
            warn!("`state` is read at the start only; restart to use the new one");
        }
    }

    /// A fault of the program, not of the file; serving goes on all the same.
    pub(super) fn panicked(&self) -> Problem {
        let file = self.path.display().to_string().into();
        Problem {
            place: Place { file, line: 0, column: 0, pointer: Pointer::root() },
            severity: Severity::Error,
            what: "reading the configuration failed inside the program".to_owned(),
            remedy: "report it with the files that cause it".to_owned(),
        }
    }
}
