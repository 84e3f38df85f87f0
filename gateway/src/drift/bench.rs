//! The bench: one thread of low priority that judges copied bodies, and what waits for it.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use evergate_schemas::describe::model::Api;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use rustix::process::{Pid, setpriority_process};
use tracing::warn;

use super::book::{Book, Finding, Place};
use super::judge::{Found, Judge};
use super::sample::{Copied, Watched};
use crate::config::DriftConfig;

/// Most bodies that wait.
const WAITING: usize = 64;
/// How nice the thread is to all others.
const NICE: i32 = 19;
/// Schemas nest, and so does what walks them.
const STACK: usize = 16 << 20;

/// What findings are counted under; all of it comes from the configuration and the descriptions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DriftLabels {
    /// The api.
    pub api: String,
    /// The version whose payload differs.
    pub version: String,
    /// Method and template.
    pub operation: String,
    /// `request` or `response`.
    pub message: &'static str,
}

/// What is counted.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    /// Payloads that differ from what their version declares.
    pub found: Family<DriftLabels, Counter>,
    /// Payloads that were judged.
    pub judged: Counter,
    /// Payloads of which nobody can tell: no JSON, or a part of the schema that cannot be read.
    pub unjudged: Counter,
    /// Bodies that were larger than is judged.
    pub large: Counter,
    /// Bodies for which there was no room.
    pub queue: Counter,
}

/// Takes copied bodies and keeps what was found.
#[derive(Default)]
pub struct Bench {
    queue: OnceLock<Option<SyncSender<Box<Copied>>>>,
    book: Arc<Mutex<Book>>,
    tallies: Tallies,
}

impl fmt::Debug for Bench {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Bench").finish_non_exhaustive()
    }
}

impl Bench {
    /// A bench that counts here. Its thread begins with the first api.
    pub fn new(tallies: Tallies) -> Self {
        Self { tallies, ..Self::default() }
    }

    /// Begins to judge payloads of an api.
    pub fn watch(self: &Arc<Self>, api: &Api, name: &str, config: DriftConfig) -> Arc<Watched> {
        self.queue.get_or_init(|| self.begin());
        let mut described = api.clone();
        described.problems.clear();
        Arc::new(Watched::new(described, (name.into(), config), Arc::clone(self)))
    }

    /// What was found, most often first, and how many findings had no room.
    pub fn read(&self) -> (Vec<(Place, Finding)>, u64) {
        self.book().read()
    }

    /// What was counted.
    pub const fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// Puts a body on the bench, or drops it where too many wait: no request waits for this.
    pub(super) fn take(&self, copied: Box<Copied>) {
        let Some(queue) = self.queue.get().and_then(Option::as_ref) else { return };
        if let Err(TrySendError::Full(_)) = queue.try_send(copied) {
            self.tallies.queue.inc();
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> Option<SyncSender<Box<Copied>>> {
        let (sender, bodies) = sync_channel(WAITING);
        let (book, tallies) = (Arc::clone(&self.book), self.tallies.clone());
        let thread = std::thread::Builder::new().name("drift".to_owned()).stack_size(STACK);
        match thread.spawn(move || work(&bodies, &book, &tallies)) {
            Ok(_) => Some(sender),
            Err(error) => {
                warn!(%error, "no payload will be judged, as no thread can be had for it");
                None
            }
        }
    }
}

/// The id of this thread.
fn own() -> Option<Pid> {
    let own = std::fs::read_link("/proc/thread-self").ok()?;
    Pid::from_raw(own.file_name()?.to_str()?.parse().ok()?)
}

/// Judges until nobody is left who could send.
fn work(bodies: &Receiver<Box<Copied>>, book: &Mutex<Book>, tallies: &Tallies) {
    // a thread has a priority of its own on Linux; where it has not, it only works a little too eagerly
    if let Some(thread) = own() {
        let _ = setpriority_process(Some(thread), NICE);
    }
    let mut judge = Judge::default();
    while let Ok(copied) = bodies.recv() {
        match judge.judge(&copied) {
            None => drop(tallies.unjudged.inc()),
            Some(found) => {
                tallies.judged.inc();
                let Found::Drift(place) = found else { continue };
                let labels = DriftLabels {
                    api: place.api.as_ref().to_owned(),
                    version: place.version.clone(),
                    operation: place.operation.as_ref().to_owned(),
                    message: place.message.word(),
                };
                tallies.found.get_or_create(&labels).inc();
                let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
                book.note(place, || judge.others(&copied));
            }
        }
    }
}
