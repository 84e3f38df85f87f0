//! Reloading when files change, or on SIGHUP.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::event::EventKind;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher, recommended_watcher};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::journal::{Actor, Cause};
use super::reload::Reloader;
use super::state::State;
use crate::assemble::Watched;

/// How long files have to be quiet before they are read.
const QUIET: Duration = Duration::from_millis(150);
/// How often quiet is waited for before they are read all the same.
const ROUNDS: usize = 20;

/// Watches until told to stop.
pub(crate) async fn watch(reloader: Arc<Reloader>, stop: CancellationToken) {
    // one waiting event says it all, so the channel holds one and the rest are dropped
    let (sender, mut events) = mpsc::channel::<()>(1);
    let mut directories = reloader.watched();
    let mut hangup = signal(SignalKind::hangup()).ok();
    let mut watcher = begin(&sender, (&directories.borrow_and_update(), reloader.state()));
    // what changed after the first reading and before the watch began was not heard
    let _ = reloader.reload(Actor::system(Cause::FileChange)).await;
    loop {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        let cause = tokio::select! {
            () = stop.cancelled() => return,
            _ = hung_up => {
                // whoever moves logs away says so by this signal
                if let Some(access) = &reloader.shared().load().access {
                    access.pen().reopen();
                }
                Cause::Signal
            }
            _ = events.recv() => Cause::FileChange,
        };
        for _ in 0..ROUNDS {
            if cause == Cause::Signal || timeout(QUIET, events.recv()).await.is_err() {
                break;
            }
        }
        // what is wrong has been said by the reloader
        let _ = reloader.reload(Actor::system(cause)).await;
        if directories.has_changed().unwrap_or(false) {
            drop(watcher.take());
            watcher = begin(&sender, (&directories.borrow_and_update(), reloader.state()));
            let _ = reloader.reload(Actor::system(Cause::FileChange)).await;
        }
    }
}

/// Watches directories rather than files: editors and config maps replace files, and a watch on a file goes with it.
fn begin(
    sender: &mpsc::Sender<()>,
    (directories, state): (&[Watched], &State),
) -> Option<RecommendedWatcher> {
    let sender = sender.clone();
    // what is written there is written by changes, and calls for none
    let own = state.directory().canonicalize().ok();
    let ours = move |event: &Event| {
        let below = |path: &PathBuf| own.as_ref().is_some_and(|own| path.starts_with(own));
        !event.paths.is_empty() && event.paths.iter().all(below)
    };
    let heard = move |event: notify::Result<Event>| {
        let calls = |event: Event| !matches!(event.kind, EventKind::Access(_)) && !ours(&event);
        if event.is_ok_and(calls) {
            // full means that a reload is due already
            let _ = sender.try_send(());
        }
    };
    let mut watcher = match recommended_watcher(heard) {
        Ok(watcher) => watcher,
        Err(error) => {
            warn!(%error, "files cannot be watched; reload by SIGHUP or POST /reload");
            return None;
        }
    };
    for Watched { directory, below } in directories {
        let mode = if *below { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        if let Err(error) = watcher.watch(directory, mode) {
            warn!(%error, directory = %directory.display(), "the directory cannot be watched");
        }
    }
    Some(watcher)
}
