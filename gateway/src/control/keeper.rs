//! What goes on beside the traffic: names are looked up, and endpoints are asked how they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use http::uri::Authority;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::warn;

use crate::snapshot::{Api, Snapshot};
use crate::upstream::{
    Asker, Expected, Fleet, Names, Pool, Version, first_look, follow, name, resolve, watch,
};

/// Longest time that traffic waits for the first addresses of names.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// The tasks of the snapshot in use; with a new one they begin anew, and what they found stays with the endpoints.
#[derive(Debug)]
pub(crate) struct Keeper {
    fleet: Arc<Fleet>,
    tasks: Mutex<JoinSet<()>>,
}

impl Keeper {
    pub(crate) fn new(fleet: Arc<Fleet>) -> Self {
        Self { fleet, tasks: Mutex::default() }
    }

    /// Looks once at what a snapshot names and nobody has looked at yet.
    pub(crate) async fn look(&self, snapshot: &Snapshot) {
        let pools = pools(snapshot);
        if let Some(names) = names(snapshot, &pools) {
            let looks = pools.iter().map(|(pool, _)| resolve(pool, &self.fleet, &names));
            // what does not come in time comes later
            let _ = timeout(FIRST_LOOK, join_all(looks)).await;
        }
        let asker = Asker::new(snapshot.client);
        let looks = pools.iter().map(|(pool, expected)| first_look(pool, &asker, expected));
        join_all(looks).await;
    }

    /// Keeps the endpoints of this snapshot, and of no other any more.
    pub(crate) fn keep(&self, snapshot: &Snapshot) {
        let (mut fresh, asker) = (JoinSet::new(), Arc::new(Asker::new(snapshot.client)));
        let pools = pools(snapshot);
        let names = names(snapshot, &pools);
        let uses = |pool: &Pool, authority: &Authority| {
            pool.members().iter().any(|one| one.place().authority == *authority)
        };
        self.fleet.forget_names(|own| pools.iter().any(|(pool, _)| uses(pool, own)));
        for (pool, expected) in pools {
            if let Some(names) = names.clone().filter(|_| has_names(&pool)) {
                let (fleet, first) = (Arc::clone(&self.fleet), pool.policy().dns.least);
                fresh.spawn(follow(Arc::clone(&pool), fleet, names, first));
            }
            if pool.policy().health.is_some() {
                fresh.spawn(watch(pool, Arc::clone(&asker), expected));
            }
        }
        // the old tasks end when they are dropped
        *self.tasks.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
    }
}

fn has_names(pool: &Pool) -> bool {
    pool.members().iter().any(|one| name(&one.place().authority).is_some())
}

/// Who is asked for names, if there are any.
fn names(snapshot: &Snapshot, pools: &[(Arc<Pool>, Expected)]) -> Option<Names> {
    if !pools.iter().any(|(pool, _)| has_names(pool)) {
        return None;
    }
    let names = Names::new(&snapshot.name_servers);
    if let Err(why) = &names {
        warn!(why, "names are looked up by the system, each time a connection is made");
    }
    names.ok()
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
