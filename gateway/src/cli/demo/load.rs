//! Steady load while the configuration changes underneath: nothing may be lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use tokio::task::JoinSet;

use super::client::Client;

const CONNECTIONS: usize = 8;

/// What the load saw.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) failed: u64,
    pub(super) first_failure: Option<String>,
    /// Answers by the version of the backend that gave them.
    pub(super) by_backend: BTreeMap<String, u64>,
}

/// Load that runs until it is told to stop.
#[derive(Debug)]
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Counted>,
}

impl Load {
    /// Starts sending `GET target` over several connections, one request after the other on each.
    pub(super) fn start(client: &Client, target: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..CONNECTIONS {
            tasks.spawn(one_after_the_other(client.clone(), target.to_owned(), Arc::clone(&stop)));
        }
        Self { stop, tasks }
    }

    /// Ends it after the requests under way.
    pub(super) async fn stop(mut self) -> Counted {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Counted::default();
        while let Some(one) = self.tasks.join_next().await {
            let one = one.unwrap_or_else(|error| Counted {
                failed: 1,
                first_failure: Some(error.to_string()),
                ..Counted::default()
            });
            all.failed += one.failed;
            all.first_failure = all.first_failure.or(one.first_failure);
            for (version, count) in one.by_backend {
                *all.by_backend.entry(version).or_default() += count;
            }
        }
        all
    }
}

async fn one_after_the_other(client: Client, target: String, stop: Arc<AtomicBool>) -> Counted {
    let mut counted = Counted::default();
    while !stop.load(Ordering::Relaxed) {
        match client.send(&Method::GET, &target, None).await {
            Ok(seen) if seen.status.is_success() => {
                *counted
                    .by_backend
                    .entry(seen.header("api-backend-version").to_owned())
                    .or_default() += 1;
            }
            Ok(seen) => {
                counted.failed += 1;
                let _ = counted.first_failure.get_or_insert_with(|| seen.status.to_string());
            }
            Err(error) => {
                counted.failed += 1;
                let _ = counted.first_failure.get_or_insert(error);
            }
        }
    }
    counted
}
