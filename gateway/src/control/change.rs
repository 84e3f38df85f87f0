//! Changing the configuration over the admin listener: the file is written, and what it holds comes into use.
//!
//! The order makes that no change that was acknowledged is lost, and that none is made which the journal does not know, at whatever
//! moment the process is killed: what the configuration is made from is kept, the new file lies beside its place, the journal says
//! that it is about to be moved there, it is moved, it comes into use, the journal says so, and only then anybody is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evergate_schemas::problem::Problem;

use super::draft::{self, Beside, Unwritten};
use super::journal::{Actor, Draft, Head, Outcome};
use super::records::{NoPast, Records, Unrecorded};
use super::reload::Reloader;
use super::store::Gone;
use super::unpacked::Unpacked;
use crate::assemble::{Assembled, Manifest, Source, assemble_from, sha256};
use crate::snapshot::Snapshot;
use crate::telemetry::Metrics;

/// What a change was made for: nothing is changed where that is not so any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basis {
    /// The digest of the configuration in use.
    pub(crate) digest: String,
    /// SHA-256 of the config file, where that is not what is in use and is to be written over all the same.
    pub(crate) over: Option<String>,
}

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The config file.
    pub(crate) text: Vec<u8>,
    /// Descriptions that are brought back with it.
    pub(super) restored: Option<Restored>,
}

/// Descriptions of the past.
#[derive(Clone, Debug)]
pub(super) struct Restored {
    /// All of them.
    pub(super) manifest: Manifest,
    /// The files that are written, each with its octets, and those that go, without.
    pub(super) files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Wanted {
    /// Another config file.
    pub(crate) fn text(text: impl Into<Vec<u8>>) -> Self {
        Self { text: text.into(), restored: None }
    }
}

/// What came of a change.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    /// Whether anything else is in use than before.
    pub(crate) is_new: bool,
    pub(crate) generation: u64,
    pub(crate) digest: String,
    pub(crate) warnings: Vec<Problem>,
    /// The entry that says so.
    pub(crate) entry: Option<Head>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotChanged {
    /// It was made for another configuration than the one in use.
    #[error(
        "the configuration in use is {in_use}, and not the one that the change was made for; look at what changed, and make it anew"
    )]
    Stale { in_use: String },
    /// The file is not what is in use.
    #[error(
        "the config file holds what is not in use ({what}); mend it or take it back, or replace it by `?over={file}`",
        what = if *.refused { "it was refused" } else { "it was just written" }
    )]
    FileDiffers { file: String, refused: bool },
    /// Descriptions are not what they were then.
    #[error(
        "{} files of descriptions are not what they were then: {}; put them back first, or with the configuration by `?descriptions=true`",
        .0.len(), few(.0)
    )]
    DescriptionsDiffer(Vec<String>),
    /// Files of it are not kept.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// There is no such configuration.
    #[error(transparent)]
    NoPast(#[from] NoPast),
    /// It is wrong.
    #[error("the configuration has {} problems", .0.len())]
    Refused(Vec<Problem>),
    /// It could not be recorded.
    #[error(transparent)]
    Unrecorded(#[from] Unrecorded),
    /// A file cannot be written.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
    /// A fault of the program.
    #[error("the change failed inside the program; report it with the files that cause it")]
    Fell,
}

/// The first of a list.
fn few(all: &[String]) -> String {
    const FEW: usize = 10;
    let first = all.iter().take(FEW).map(String::as_str).collect::<Vec<_>>().join(", ");
    if all.len() > FEW { format!("{first}, …") } else { first }
}

/// What has been made ready: only moves are left.
struct Ready {
    assembled: Assembled,
    drafts: Vec<Beside>,
    gone: Vec<PathBuf>,
    begun: Head,
    before: String,
}

/// What a change is made with, on a thread of its own.
#[derive(Debug)]
struct Workshop {
    path: PathBuf,
    records: Arc<Records>,
    metrics: Arc<Metrics>,
    current: Arc<Snapshot>,
    actor: Actor,
}

impl Reloader {
    /// Writes another config file and takes it into use, or does neither. What was begun is finished, whether or not
    /// somebody waits for it.
    pub(crate) async fn change(
        self: &Arc<Self>,
        actor: Actor,
        basis: Basis,
        wanted: Wanted,
    ) -> Result<Changed, NotChanged> {
        let own = Arc::clone(self);
        let task = tokio::spawn(async move { own.change_now(actor, basis, wanted).await });
        task.await.unwrap_or(Err(NotChanged::Fell))
    }

    async fn change_now(
        &self,
        actor: Actor,
        basis: Basis,
        wanted: Wanted,
    ) -> Result<Changed, NotChanged> {
        let _turn = self.turn().await;
        let in_use = self.in_use();
        let shop = Workshop {
            path: self.path.clone(),
            records: Arc::clone(&self.records),
            metrics: Arc::clone(&self.metrics),
            current: self.shared().load_full(),
            actor: actor.clone(),
        };
        if basis.digest != in_use.digest {
            let failure = NotChanged::Stale { in_use: in_use.digest.clone() };
            return self.not_changed(&actor, failure).await;
        }
        let (file, text) = (in_use.manifest.config.clone(), wanted.text.clone());
        let refused = in_use.instead_of.is_some() || self.last().result == Outcome::Refused.word();
        let is_text = in_use.is_text(&text);
        let prepared = tokio::task::spawn_blocking(move || {
            let held = shop.held((&file, refused), &basis)?;
            // the file is what is wanted, and that is in use
            if is_text && held == file && wanted.restored.is_none() {
                return Ok(None);
            }
            shop.prepare(&wanted).map(|ready| Some((shop, held, ready)))
        });
        let (shop, held, ready) = match prepared.await.unwrap_or(Err(NotChanged::Fell)) {
            Ok(Some(prepared)) => prepared,
            Ok(None) => {
                self.over(actor.cause, "unchanged", &[]);
                let (generation, digest) = (in_use.generation, in_use.digest.clone());
                let (is_new, warnings, entry) = (false, Vec::new(), None);
                return Ok(Changed { is_new, generation, digest, warnings, entry });
            }
            Err(failure) => return self.not_changed(&actor, failure).await,
        };
        self.keeper.look(&ready.assembled.snapshot).await;
        let moved = tokio::task::spawn_blocking(move || shop.put(ready, &held));
        let (shop, assembled, begun, before) = match moved.await.unwrap_or(Err(NotChanged::Fell)) {
            Ok(moved) => moved,
            Err(failure) => {
                self.over(actor.cause, Outcome::Failed.word(), &[]);
                return Err(failure);
            }
        };
        let (generation, digest) =
            (assembled.snapshot.generation, assembled.snapshot.digest.clone());
        let warnings = self.put_to_use(actor.cause, assembled);
        let after = digest.clone();
        let noted = tokio::task::spawn_blocking(move || {
            let draft = Draft::new(&shop.actor, Outcome::Applied)
                .digests(Some(&before), Some(&after))
                .generation(generation)
                .of(begun.sequence);
            // that it was begun is on the disk, and all of it
            shop.records.note_anyhow(&draft).unwrap_or(begun)
        });
        Ok(Changed { is_new: true, generation, digest, warnings, entry: noted.await.ok() })
    }

    /// Records that a change was not made, where it was not for a fault that the journal shares.
    pub(super) async fn not_changed(
        &self,
        actor: &Actor,
        failure: NotChanged,
    ) -> Result<Changed, NotChanged> {
        let outcome = match &failure {
            NotChanged::Refused(problems) => {
                self.refuse(actor, problems).await;
                return Err(failure);
            }
            NotChanged::Stale { .. } | NotChanged::FileDiffers { .. } => Outcome::Stale,
            _ => Outcome::Failed,
        };
        self.over(actor.cause, outcome.word(), &[]);
        let (records, in_use, actor) = (Arc::clone(&self.records), self.in_use(), actor.clone());
        let why = failure.to_string();
        let noted = tokio::task::spawn_blocking(move || {
            let draft = Draft::new(&actor, outcome).digests(Some(&in_use.digest), None);
            records.note_anyhow(&draft.note(why))
        });
        // it stays as it is without an entry
        let _ = noted.await;
        Err(failure)
    }
}

impl Workshop {
    /// SHA-256 of the config file, which has to be what is in use or what is to be written over.
    fn held(&self, (in_use, refused): (&str, bool), basis: &Basis) -> Result<String, NotChanged> {
        let text = draft::read(&self.path).map_err(|error| draft::unwritten(&self.path, error))?;
        let file = sha256(&text.unwrap_or_default());
        if file == *in_use || basis.over.as_deref() == Some(&file) {
            return Ok(file);
        }
        Err(NotChanged::FileDiffers { file, refused })
    }

    /// Makes everything that can be wrong, and says in the journal what is about to be done.
    fn prepare(&self, wanted: &Wanted) -> Result<Ready, NotChanged> {
        let assembled = self.assemble(wanted)?;
        self.records.keep(&assembled)?;
        let mut drafts = Vec::new();
        let mut gone = Vec::new();
        for (path, octets) in wanted.restored.iter().flat_map(|restored| &restored.files) {
            match octets {
                Some(octets) => drafts.push(Beside::write(path, octets)?),
                None => gone.push(path.clone()),
            }
        }
        // the config file last: it leads to the others
        drafts.push(Beside::write(&self.path, &wanted.text)?);
        let before = self.current.digest.clone();
        let draft = Draft::new(&self.actor, Outcome::Begun)
            .digests(Some(&before), Some(&assembled.snapshot.digest))
            .generation(assembled.snapshot.generation);
        let begun = self.records.note(&draft)?;
        drop(draft);
        Ok(Ready { assembled, drafts, gone, begun, before })
    }

    fn assemble(&self, wanted: &Wanted) -> Result<Assembled, NotChanged> {
        let mut source = Source::text(&self.path, wanted.text.clone());
        let unpacked = wanted.restored.as_ref().map(|restored| {
            Unpacked::of(&self.records, &restored.manifest, (&self.path, &wanted.text))
        });
        let unpacked = unpacked.transpose().map_err(NotChanged::Gone)?;
        source.descriptions.extend(unpacked.iter().flat_map(|one| one.directories.iter().cloned()));
        assemble_from(&source, &self.metrics, Some(&self.current)).map_err(NotChanged::Refused)
    }

    /// Moves the files to their places, if nobody wrote the config file meanwhile.
    fn put(self, ready: Ready, held: &str) -> Result<(Self, Assembled, Head, String), NotChanged> {
        let Ready { assembled, drafts, gone, begun, before } = ready;
        let moved = self.still(held).and_then(|()| {
            for draft in drafts {
                draft.put()?;
            }
            for path in gone {
                draft::remove(&path)?;
            }
            Ok(())
        });
        match moved {
            Ok(()) => Ok((self, assembled, begun, before)),
            Err(failure) => {
                let outcome = match failure {
                    NotChanged::FileDiffers { .. } => Outcome::Stale,
                    _ => Outcome::Failed,
                };
                let draft = Draft::new(&self.actor, outcome)
                    .digests(Some(&before), None)
                    .of(begun.sequence)
                    .note(failure.to_string());
                self.records.note_anyhow(&draft);
                Err(failure)
            }
        }
    }

    fn still(&self, held: &str) -> Result<(), NotChanged> {
        let text = draft::read(&self.path).map_err(|error| draft::unwritten(&self.path, error))?;
        let file = sha256(&text.unwrap_or_default());
        if file == held { Ok(()) } else { Err(NotChanged::FileDiffers { file, refused: false }) }
    }
}

/// What would come of a configuration, which nothing is changed by. Blocks.
pub(crate) fn try_out(
    path: &Path,
    text: Vec<u8>,
    current: &Snapshot,
) -> Result<Assembled, Vec<Problem>> {
    let source = Source { text: Some(text), path: path.to_owned(), descriptions: BTreeMap::new() };
    // with counters of its own, as none of it is in use
    assemble_from(&source, &Metrics::default(), Some(current))
}
