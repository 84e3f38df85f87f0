//! Keeps the books of use: gathers what the workers count, writes it down, and answers from both.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::answer::{Asking, UsageReport, moment};
use super::secret::secret;
use super::store::{Kept, Store, StoreFault};
use crate::config::UsageConfig;
use crate::control::state::State;
use crate::snapshot::life::Stage;
use crate::snapshot::{Now, Shared};
use crate::telemetry::Metrics;
use crate::telemetry::usage::{Ledger, Rows, Used};

/// The files in the state directory.
const STORE: &str = "usage.redb";
const SECRET: &str = "usage.key";
/// How often the workers' tables are gathered.
const GATHER: Duration = Duration::from_secs(1);
const DAY: i64 = 86_400;

/// What is counted, and where it is written down.
#[derive(Debug)]
pub(crate) struct Books {
    ledger: Arc<Ledger>,
    store: Store,
    keeping: ArcSwap<UsageConfig>,
    now: Now,
    metrics: Arc<Metrics>,
    shared: Arc<Shared>,
    /// One reads or writes at a time.
    turn: Mutex<()>,
    /// The day up to which old ones are forgotten.
    cleaned: AtomicI64,
    /// Why nothing is written down.
    trouble: Mutex<Option<String>>,
}

impl Books {
    /// Opens the books in the state directory. What cannot be written there is counted all the same.
    pub(crate) fn open(
        state: &State,
        usage: &UsageConfig,
        (shared, metrics): (Arc<Shared>, Arc<Metrics>),
        now: Now,
    ) -> Arc<Self> {
        let (key, fault) = secret(&state.path(SECRET));
        if let Some(error) = fault {
            error!(%error, "consumers have other hashes after a restart, as their key cannot be kept");
        }
        let ledger = Arc::new(Ledger::new(key));
        let store = Store::new(state.path(STORE));
        let today = now.get().div_euclid(DAY);
        if let Ok(kept) = store.read(today) {
            ledger.know(today, kept.rows.into_keys().map(|(_, key)| key.consumer));
        }
        let books = Self {
            ledger,
            store,
            keeping: ArcSwap::default(),
            now,
            metrics,
            shared,
            turn: Mutex::default(),
            cleaned: AtomicI64::new(i64::MIN),
            trouble: Mutex::default(),
        };
        books.set(usage);
        Arc::new(books)
    }

    /// Keeps them by another configuration from now on.
    pub(crate) fn set(&self, usage: &UsageConfig) {
        self.ledger.bound(usage.consumers);
        self.keeping.store(Arc::new(usage.clone()));
    }

    /// Where workers count.
    pub(crate) const fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The time of day by which it is counted, in seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.now.get()
    }

    /// Gathers each second and writes each `usage.flush`, until told to stop.
    pub(crate) async fn keep(self: Arc<Self>, stop: CancellationToken) {
        let mut tick = interval(GATHER);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // the first writing says when counting began
        let mut waited = Duration::MAX;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            self.gather();
            waited = waited.saturating_add(GATHER);
            if waited > self.keeping.load().flush {
                waited = GATHER;
                self.flush().await;
            }
        }
    }

    /// Writes everything down that is counted.
    pub(crate) async fn flush(self: &Arc<Self>) {
        let books = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || books.write()).await;
        let trouble = match written {
            Ok(Ok(())) => None,
            Ok(Err(fault)) => Some(fault.to_string()),
            Err(gone) => Some(format!("the usage store fell over: {gone}")),
        };
        self.tell(trouble);
    }

    /// Says once that something is wrong, and once that it is no more.
    fn tell(&self, trouble: Option<String>) {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        self.metrics.life.store_trouble(trouble.is_some());
        if *known == trouble {
            return;
        }
        if let Some(why) = &trouble {
            error!(why, "use is counted in memory alone");
        } else {
            info!(path = %self.store.path().display(), "use is written down again");
        }
        *known = trouble;
    }

    fn write(&self) -> Result<(), StoreFault> {
        self.gather();
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now.get();
        let (today, oldest) = (now.div_euclid(DAY), self.oldest(now).div_euclid(DAY));
        let rows = self.ledger.take();
        if rows.is_empty() && self.cleaned.load(Ordering::Relaxed) == today {
            return Ok(());
        }
        if let Err(fault) = self.store.add(&rows, (now, oldest)) {
            self.ledger.give_back(rows);
            return Err(fault);
        }
        self.cleaned.store(today, Ordering::Relaxed);
        Ok(())
    }

    /// The moment before which nothing is kept.
    fn oldest(&self, now: i64) -> i64 {
        oldest(&self.keeping.load(), now)
    }

    /// Takes what the workers counted, and counts it by version and stage.
    fn gather(&self) {
        let snapshot = self.shared.load_full();
        let now = self.now.get();
        let stage = |used: &Used| {
            let api = snapshot.apis.iter().find(|api| api.name == used.tracked.api)?;
            let client = api.clients.iter().find(|one| one.label == used.tracked.version)?;
            Some(client.life.as_ref().map_or(Stage::Current, |life| life.stage(now)))
        };
        self.ledger.gather(|used| {
            let stage = stage(used).unwrap_or(Stage::Current);
            let version = (&*used.tracked.api, &*used.tracked.version);
            self.metrics.life.requests(version, stage.word(), used.tally.count);
        });
        let versions = snapshot.apis.iter().flat_map(|api| {
            api.clients.iter().filter_map(|client| {
                Some(((&*api.name, &*client.label), client.life.as_ref()?.sunset?))
            })
        });
        self.metrics.life.sunsets(versions);
    }

    /// The rows that are meant, with what is not written down yet.
    pub(crate) async fn report(self: &Arc<Self>, asking: Asking) -> UsageReport {
        let books = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || books.answer(&asking)).await;
        made.unwrap_or_else(|gone| UsageReport {
            problem: Some(format!("the usage store fell over: {gone}")),
            ..UsageReport::default()
        })
    }

    fn answer(&self, asking: &Asking) -> UsageReport {
        self.gather();
        let now = self.now.get();
        let (kept, pending) = {
            let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            let oldest = self.oldest(now).max(asking.since.unwrap_or(i64::MIN));
            (self.store.read(oldest.div_euclid(DAY)), self.ledger.pending())
        };
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut report = reported(asking, kept, (now, self.oldest(now)), pending);
        report.problem = report.problem.or(trouble);
        report.crowded = self.ledger.crowded();
        report
    }
}

fn oldest(keeping: &UsageConfig, now: i64) -> i64 {
    now.saturating_sub(i64::try_from(keeping.keep.as_secs()).unwrap_or(i64::MAX))
}

fn reported(
    asking: &Asking,
    kept: Result<Kept, StoreFault>,
    (now, oldest): (i64, i64),
    pending: Rows,
) -> UsageReport {
    let (mut kept, problem) = match kept {
        Ok(kept) => (kept, None),
        Err(fault) => (Kept::default(), Some(fault.to_string())),
    };
    let from = asking.since.map_or(i64::MIN, |since| since.div_euclid(DAY));
    for (place, tally) in pending.into_iter().filter(|((day, _), _)| *day >= from) {
        kept.rows.entry(place).or_default().add(&tally);
    }
    UsageReport {
        now: moment(now),
        begun: kept.begun.map(|begun| moment(begun.max(oldest))),
        problem,
        rows: asking.of(&kept.rows),
        ..UsageReport::default()
    }
}

/// What the state directory tells of a gateway that need not run.
pub(crate) fn offline(
    directory: &Path,
    asking: &Asking,
    (now, usage): (i64, &UsageConfig),
) -> Result<UsageReport, String> {
    let store = Store::new(directory.join(STORE));
    let oldest = oldest(usage, now);
    let from = oldest.max(asking.since.unwrap_or(i64::MIN)).div_euclid(DAY);
    match store.read(from) {
        Ok(kept) => Ok(reported(asking, Ok(kept), (now, oldest), Rows::new())),
        Err(fault) => Err(fault.to_string()),
    }
}
