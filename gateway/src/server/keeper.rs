//! What goes on beside the traffic: endpoints are asked how they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::task::JoinSet;

use crate::snapshot::{Api, Snapshot};
use crate::upstream::{Asker, Expected, Pool, Version, first_look, watch};

/// The tasks of the snapshot in use; with a new one they begin anew, and what they found stays with the endpoints.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    tasks: Mutex<JoinSet<()>>,
}

impl Keeper {
    /// Looks once at each endpoint of a snapshot that nobody has looked at yet.
    pub(super) async fn look(&self, snapshot: &Snapshot) {
        let pools = pools(snapshot);
        let asker = Asker::new(snapshot.client);
        let looks = pools.iter().map(|(pool, expected)| first_look(pool, &asker, expected));
        join_all(looks).await;
    }

    /// Keeps the endpoints of this snapshot, and of no other any more.
    pub(super) fn keep(&self, snapshot: &Snapshot) {
        let (mut fresh, asker) = (JoinSet::new(), Arc::new(Asker::new(snapshot.client)));
        for (pool, expected) in pools(snapshot) {
            if pool.policy().health.is_some() {
                fresh.spawn(watch(pool, Arc::clone(&asker), expected));
            }
        }
        // the old tasks end when they are dropped
        *self.tasks.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
    }
}

/// Each pool once, with what its endpoints are held against.
fn pools(snapshot: &Snapshot) -> Vec<(Arc<Pool>, Expected)> {
    let mut all = BTreeMap::new();
    for api in &snapshot.apis {
        for backend in api.groups.iter().flat_map(|group| &group.backends) {
            let version = backend.wanted.and_then(|wanted| wanted.configured());
            let find = Arc::new(finder(api));
            let entry = (Arc::clone(&backend.pool), Expected { version, find });
            all.entry(Arc::as_ptr(&backend.pool).addr()).or_insert(entry);
        }
    }
    all.into_values().collect()
}

fn finder(api: &Arc<Api>) -> impl Fn(&str) -> Option<Version> + Send + Sync + use<> {
    let api = Arc::clone(api);
    move |text| {
        let version = api.versions.find(text)?;
        api.versions.labels().get(version).map(|label| Version::of(label))
    }
}
