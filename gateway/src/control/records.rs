//! What is recorded of changes: the journal and the kept configurations of a state directory, and what keeps them from it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{error, info, warn};

use super::journal::{self, Cause, Draft, Entry, Head, Journal, NotWritten, Outcome, Wanted};
use super::state::State;
use super::store::{Gone, Kept, Store};
use crate::assemble::{Assembled, Manifest};
use crate::config::{Config, StateConfig};
use crate::telemetry::Metrics;

/// Journal and kept configurations.
#[derive(Debug)]
pub(crate) struct Records {
    state: State,
    journal: Journal,
    store: Store,
    metrics: Arc<Metrics>,
    /// Why something could not be written the last time.
    trouble: Mutex<Option<String>>,
}

/// A change that cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unrecorded {
    /// Its entry.
    #[error(transparent)]
    Journal(#[from] NotWritten),
    /// Its files.
    #[error(
        "the files of the configuration cannot be kept in {place}: {source}; make room there, or let the gateway's user write it"
    )]
    Store { place: String, source: std::io::Error },
}

impl Records {
    /// Makes the state directory and looks at what is there. What cannot be written is told, and nothing else hangs on it.
    pub(crate) fn open(state: State, config: &StateConfig, metrics: Arc<Metrics>) -> Self {
        let journal = Journal::new(state.clone(), config.journal);
        let store = Store::new(state.clone(), config.objects, config.configurations);
        let own = Self { state, journal, store, metrics, trouble: Mutex::default() };
        let directory = own.state.directory();
        let opened = own.state.prepare().map_err(|error| error.to_string());
        let opened = opened.and_then(|()| own.journal.open().map_err(|error| error.to_string()));
        match opened {
            Ok(head) => {
                let (number, hash) =
                    head.map_or((0, String::new()), |head| (head.sequence, head.hash));
                info!(directory = %directory.display(), entries = number, head = hash, "the state is kept");
            }
            Err(why) => {
                error!(why, "changes are not recorded, and nothing outlives this process");
                own.troubled(Some(why));
            }
        }
        own
    }

    /// Where all this is.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// The newest entry that is known.
    pub(crate) fn head(&self) -> Option<Head> {
        self.journal.head()
    }

    /// Entries that could not be written since the last that was.
    pub(crate) fn missed(&self) -> usize {
        self.journal.missed()
    }

    /// Why the state cannot be written, if it cannot: as it is now.
    pub(crate) fn trouble(&self) -> Option<String> {
        if let Err(error) = self.state.prepare() {
            return Some(error.to_string());
        }
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A directory that somebody took away is made again.
    fn made(&self) {
        if !self.state.directory().is_dir() {
            // what is wrong with it is said by whoever writes there
            let _ = self.state.prepare();
        }
    }

    fn troubled(&self, why: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Puts an entry into the journal.
    pub(crate) fn note(&self, draft: &Draft<'_>) -> Result<Head, Unrecorded> {
        self.made();
        let written = self.journal.append(draft);
        match &written {
            Ok(head) => {
                self.troubled(None);
                let (cause, result) = (draft.actor.cause.word(), draft.outcome.word());
                info!(entry = head.sequence, head = %head.hash, cause, result, who = %draft.actor.who, "recorded");
            }
            Err(error) => {
                self.metrics.journal_failed.inc();
                self.troubled(Some(error.to_string()));
            }
        }
        Ok(written?)
    }

    /// As [`Records::note`], where the matter is decided whatever becomes of the entry.
    pub(crate) fn note_anyhow(&self, draft: &Draft<'_>) -> Option<Head> {
        self.note(draft)
            .inspect_err(|why| error!(%why, cause = %draft.actor.cause, result = draft.outcome.word(), "an entry is missing in the journal"))
            .ok()
    }

    /// Records what was refused, but for what stands there already: a file that is read again and again is refused each time.
    pub(crate) fn refused(&self, draft: &Draft<'_>) {
        let by_itself =
            matches!(draft.actor.cause, Cause::Start | Cause::FileChange | Cause::Signal);
        if by_itself && self.newest().is_some_and(|newest| newest.tells(draft.problems)) {
            return;
        }
        self.note_anyhow(draft);
    }

    fn newest(&self) -> Option<Entry> {
        journal::page(self.state.directory(), None, 1).ok()?.entries.pop()
    }

    /// Keeps the files of a configuration that comes into use.
    pub(crate) fn keep(&self, assembled: &Assembled) -> Result<(), Unrecorded> {
        self.keep_files(&assembled.manifest, (&assembled.text, &assembled.config))
    }

    pub(crate) fn keep_files(
        &self,
        manifest: &Manifest,
        text: (&[u8], &Config),
    ) -> Result<(), Unrecorded> {
        self.made();
        match self.store.keep(manifest, text) {
            Ok(Kept::Whole) => Ok(()),
            Ok(Kept::ConfigOnly) => {
                warn!(
                    "descriptions of the configuration are not kept, as they have more octets than half of `state.objects`, or \
                     hold a private key"
                );
                Ok(())
            }
            Err(source) => {
                let place = self.state.directory().display().to_string();
                let error = Unrecorded::Store { place, source };
                self.troubled(Some(error.to_string()));
                Err(error)
            }
        }
    }

    /// The last configuration that came into use: the number of its entry, and its digest.
    pub(crate) fn last_good(&self) -> Option<(u64, String)> {
        let mut found = None;
        let _ = journal::read(self.state.directory(), |entry| {
            let Some(digest) = entry.after.filter(|_| entry.result == Outcome::Applied.word())
            else {
                return Wanted::More;
            };
            found = Some((entry.sequence, digest));
            Wanted::NoMore
        });
        found
    }

    /// An entry with the files of the configuration that it is about.
    pub(crate) fn past(&self, sequence: u64) -> Result<Past, NoPast> {
        past(&self.store, self.state.directory(), sequence)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }
}

/// A configuration of the past.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) entry: Entry,
    pub(crate) manifest: Manifest,
    /// The config file.
    pub(crate) text: Vec<u8>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPast {
    /// There is no such entry.
    #[error("the journal has no entry {0}; `evergate config history` lists what it has")]
    NoEntry(u64),
    /// The entry is about no configuration that was kept.
    #[error("entry {0} brought no configuration into use")]
    NoConfiguration(u64, Box<Entry>),
    /// Its files are gone.
    #[error("{1}")]
    Gone(Box<Entry>, Gone),
    /// The journal cannot be read.
    #[error("the journal cannot be read: {0}")]
    Unread(std::io::Error),
}

/// The same without a running gateway.
pub(crate) fn past(store: &Store, directory: &Path, sequence: u64) -> Result<Past, NoPast> {
    let entry = journal::entry(directory, sequence).map_err(NoPast::Unread)?;
    let entry = entry.ok_or(NoPast::NoEntry(sequence))?;
    let applied = [Outcome::Applied.word(), Outcome::Begun.word()].contains(&entry.result.as_str());
    let Some(digest) = entry.after.as_deref().filter(|_| applied) else {
        return Err(NoPast::NoConfiguration(sequence, Box::new(entry)));
    };
    let found =
        store.manifest(digest).and_then(|manifest| Ok((store.object(&manifest.config)?, manifest)));
    match found {
        Ok((text, manifest)) => Ok(Past { entry, manifest, text }),
        Err(gone) => Err(NoPast::Gone(Box::new(entry), gone)),
    }
}
