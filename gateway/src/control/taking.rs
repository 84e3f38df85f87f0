//! Reading everything anew: what comes into use, and what is refused.

use std::sync::Arc;

use evergate_schemas::problem::Problem;
use tracing::{error, info};

use super::journal::{Actor, Draft, Head, Outcome};
use super::reload::Reloader;
use crate::assemble::{Assembled, assemble, fingerprint, watched_for};

/// What came of a reload.
#[derive(Clone, Debug)]
pub(crate) enum Reloaded {
    /// The files are those of the snapshot in use.
    Unchanged,
    /// In use now.
    Changed {
        /// What is odd about it.
        warnings: Vec<Problem>,
        /// Its entry in the journal; `None` where that cannot be written.
        entry: Option<Head>,
    },
}

impl Reloader {
    /// Reads everything anew. On an error the snapshot in use stays, untouched. What was begun is finished, whether or not
    /// somebody waits for it.
    pub(crate) async fn reload(self: &Arc<Self>, actor: Actor) -> Result<Reloaded, Vec<Problem>> {
        let own = Arc::clone(self);
        let task = tokio::spawn(async move { own.reload_now(&actor).await });
        task.await.unwrap_or_else(|_| Err(vec![self.panicked()]))
    }

    async fn reload_now(&self, actor: &Actor) -> Result<Reloaded, Vec<Problem>> {
        let _turn = self.turn().await;
        let cause = actor.cause;
        let (path, metrics, current) =
            (self.path.clone(), Arc::clone(&self.metrics), self.shared().load_full());
        let made = tokio::task::spawn_blocking(move || {
            if fingerprint(&path).is_some_and(|found| found.is_of(&current)) {
                return Ok(None);
            }
            assemble(&path, &metrics, Some(&current)).map(Some)
        });
        match made.await.unwrap_or_else(|_| Err(vec![self.panicked()])) {
            Ok(None) => {
                info!(%cause, "the configuration is unchanged");
                self.is_of_file();
                self.over(cause, "unchanged", &[]);
                Ok(Reloaded::Unchanged)
            }
            Ok(Some(assembled)) => {
                self.keeper.look(&assembled.snapshot).await;
                let (assembled, entry) = self.record(actor, assembled).await;
                let Some(assembled) = assembled else { return Err(vec![self.panicked()]) };
                Ok(Reloaded::Changed { warnings: self.put_to_use(cause, assembled), entry })
            }
            Err(problems) => {
                self.refuse(actor, &problems).await;
                let path = self.path.clone();
                let more = tokio::task::spawn_blocking(move || watched_for(&path)).await;
                self.watch_too(more.unwrap_or_default());
                Err(problems)
            }
        }
    }

    /// Records a configuration that the file holds already: it comes into use whatever becomes of the entry.
    async fn record(
        &self,
        actor: &Actor,
        assembled: Assembled,
    ) -> (Option<Assembled>, Option<Head>) {
        let (records, in_use, actor) = (Arc::clone(&self.records), self.in_use(), actor.clone());
        let recorded = tokio::task::spawn_blocking(move || {
            if let Err(why) = records.keep(&assembled) {
                error!(%why, "the configuration comes into use, and its files are not kept");
            }
            let after = &assembled.snapshot.digest;
            let mut draft = Draft::new(&actor, Outcome::Applied)
                .digests(Some(&in_use.digest), Some(after))
                .generation(assembled.snapshot.generation);
            if in_use.digest == *after {
                draft = draft.note("certificates or keys changed");
            }
            let entry = records.note_anyhow(&draft);
            drop(draft);
            (Some(assembled), entry)
        });
        recorded.await.unwrap_or_default()
    }

    /// Tells and records that a configuration is refused.
    pub(super) async fn refuse(&self, actor: &Actor, problems: &[Problem]) {
        let cause = actor.cause;
        self.metrics.reloads_failed.inc();
        let count = problems.len();
        error!(%cause, count, "the new configuration is refused, the old one serves on");
        for problem in problems {
            error!(problem = %problem, "refused");
        }
        self.over(cause, Outcome::Refused.word(), problems);
        let (records, in_use) = (Arc::clone(&self.records), self.in_use());
        let (actor, problems) = (actor.clone(), problems.to_vec());
        let recorded = tokio::task::spawn_blocking(move || {
            let draft = Draft::new(&actor, Outcome::Refused).digests(Some(&in_use.digest), None);
            records.refused(&draft.problems(&problems));
        });
        // it stays refused without an entry
        let _ = recorded.await;
    }
}
