//! Taking a new configuration into use: whole or not at all.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem, Severity};
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};
use tracing::{error, info, warn};

use super::keeper::Keeper;
use super::state::State;
use super::usage::Books;
use crate::assemble::{Assembled, Watched, assemble, fingerprint};
use crate::config::Config;
use crate::snapshot::Shared;
use crate::telemetry::Metrics;

/// What came of a reload.
#[derive(Clone, Debug)]
pub(crate) enum Reloaded {
    /// The files are those of the snapshot in use.
    Unchanged,
    /// In use now, with warnings.
    Changed(Vec<Problem>),
}

/// What else takes a new configuration into use, besides the snapshot.
pub(crate) struct Apply(pub(crate) Box<dyn Fn(&Config) + Send + Sync>);

impl fmt::Debug for Apply {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Apply")
    }
}

/// Reloads, one at a time.
#[derive(Debug)]
pub(crate) struct Reloader {
    path: PathBuf,
    state: State,
    shared: Arc<Shared>,
    apply: Apply,
    metrics: Arc<Metrics>,
    started_with: Config,
    turn: Mutex<()>,
    watched: watch::Sender<Vec<Watched>>,
    keeper: Keeper,
    books: Option<Arc<Books>>,
}

impl Reloader {
    pub(crate) fn new(
        (path, state): (PathBuf, State),
        shared: Arc<Shared>,
        apply: Apply,
        metrics: Arc<Metrics>,
        first: (Config, Vec<Watched>),
    ) -> Self {
        let (started_with, watched) = first;
        let keeper = Keeper::new(Arc::clone(metrics.fleet()));
        Self {
            path,
            state,
            shared,
            apply,
            metrics,
            started_with,
            turn: Mutex::default(),
            watched: watch::Sender::new(watched),
            keeper,
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

    /// Where what outlives the process is kept.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Reads everything anew. On an error the snapshot in use stays, untouched.
    pub(crate) async fn reload(&self, cause: &'static str) -> Result<Reloaded, Vec<Problem>> {
        let _turn = self.turn.lock().await;
        let (path, metrics, current) =
            (self.path.clone(), Arc::clone(&self.metrics), self.shared.load_full());
        let made = tokio::task::spawn_blocking(move || {
            if fingerprint(&path).is_some_and(|found| found.is_of(&current)) {
                return Ok(None);
            }
            assemble(&path, &metrics, Some(&current)).map(Some)
        });
        let made = made.await.unwrap_or_else(|_| Err(vec![self.panicked()]));
        match made {
            Ok(None) => {
                info!(cause, "the configuration is unchanged");
                Ok(Reloaded::Unchanged)
            }
            Ok(Some(assembled)) => {
                self.keeper.look(&assembled.snapshot).await;
                Ok(Reloaded::Changed(self.put_to_use(cause, assembled)))
            }
            Err(problems) => {
                self.metrics.reloads_failed.inc();
                error!(
                    cause,
                    count = problems.len(),
                    "the new configuration is refused, the old one serves on"
                );
                for problem in &problems {
                    error!(problem = %problem, "refused");
                }
                Err(problems)
            }
        }
    }

    fn put_to_use(&self, cause: &'static str, assembled: Assembled) -> Vec<Problem> {
        let Assembled { snapshot, config, warnings, watched } = assembled;
        for problem in &warnings {
            warn!(problem = %problem, "the configuration is odd");
        }
        let first = &self.started_with;
        let addresses =
            |config: &Config| config.listen.iter().map(|one| one.address).collect::<Vec<_>>();
        let moved = addresses(&config) != addresses(first);
        if moved || config.admin != first.admin {
            warn!("addresses to listen on are read at the start only; restart to use the new ones");
        }
        if config.takeover != first.takeover {
            warn!("`takeover` is read at the start only; restart to use the new one");
        }
        if config.workers != first.workers {
            warn!("`workers` is read at the start only; restart to use the new number");
        }
        (self.apply.0)(&config);
        self.metrics.generation.set(snapshot.generation);
        info!(cause, generation = snapshot.generation, digest = %snapshot.digest, "a new configuration is in use");
        self.keeper.keep(&snapshot);
        self.shared.store(Arc::new(snapshot));
        self.metrics.reloads_ok.inc();
        self.watched.send_replace(watched);
        warnings
    }

    /// A fault of the program, not of the file; serving goes on all the same.
    fn panicked(&self) -> Problem {
        let file = self.path.display().to_string().into();
        Problem {
            place: Place { file, line: 0, column: 0, pointer: Pointer::root() },
            severity: Severity::Error,
            what: "reading the configuration failed inside the program".to_owned(),
            remedy: "report it with the files that cause it".to_owned(),
        }
    }
}

/// Problems for programs.
pub(crate) fn as_json(problems: &[Problem]) -> Value {
    let one = |problem: &Problem| {
        json!({
            "file": &*problem.place.file,
            "line": problem.place.line,
            "column": problem.place.column,
            "pointer": problem.place.pointer.as_str(),
            "severity": match problem.severity { Severity::Error => "error", Severity::Warning => "warning" },
            "what": problem.what,
            "remedy": problem.remedy,
        })
    };
    problems.iter().map(one).collect()
}
