//! The endpoints of one backend: round robin over those that are not known to be down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::uri::Authority;

/// How long an endpoint that could not be connected to is passed over.
pub const DOWN_FOR: Duration = Duration::from_secs(2);

/// One address that a backend listens on.
#[derive(Debug)]
pub struct Endpoint {
    authority: Authority,
    born: Instant,
    /// Milliseconds after `born` until which it is passed over; 0 for up.
    down_until_ms: AtomicU64,
}

impl Endpoint {
    /// An endpoint that is taken to be up.
    pub fn new(authority: Authority) -> Self {
        Self { authority, born: Instant::now(), down_until_ms: AtomicU64::new(0) }
    }

    /// Host and port.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether it is not known to be down.
    pub fn is_up(&self) -> bool {
        let until = self.down_until_ms.load(Ordering::Relaxed);
        until == 0 || self.now_ms() >= until
    }

    /// Passes it over for [`DOWN_FOR`].
    pub fn mark_down(&self) {
        let pause = u64::try_from(DOWN_FOR.as_millis()).unwrap_or(u64::MAX);
        self.down_until_ms.store(self.now_ms().saturating_add(pause), Ordering::Relaxed);
    }

    /// It answered.
    pub fn mark_up(&self) {
        if self.down_until_ms.load(Ordering::Relaxed) != 0 {
            self.down_until_ms.store(0, Ordering::Relaxed);
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The endpoints of one backend.
#[derive(Debug)]
pub struct Pool {
    endpoints: Vec<Arc<Endpoint>>,
    next: AtomicUsize,
}

impl Pool {
    /// A pool; an empty one never chooses.
    pub fn new(endpoints: Vec<Arc<Endpoint>>) -> Self {
        Self { endpoints, next: AtomicUsize::new(0) }
    }

    /// The next endpoint that is up and was not tried; when none is up, the next one not tried.
    pub fn choose(&self, tried: &[Arc<Endpoint>]) -> Option<&Arc<Endpoint>> {
        let count = self.endpoints.len();
        let start = if count > 1 { self.next.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let fresh = |endpoint: &&Arc<Endpoint>| !tried.iter().any(|one| Arc::ptr_eq(one, endpoint));
        let around = || {
            let begin = start.checked_rem(count).unwrap_or(0);
            self.endpoints.iter().cycle().skip(begin).take(count).filter(fresh)
        };
        around().find(|endpoint| endpoint.is_up()).or_else(|| around().next())
    }

    /// Whether any endpoint is not known to be down.
    pub fn is_up(&self) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.is_up())
    }

    /// How many endpoints there are.
    pub fn len(&self) -> usize {
        self.endpoints.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.endpoints.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Endpoint, Pool};

    fn pool(names: &[&'static str]) -> Pool {
        let endpoints = names.iter().map(|name| Arc::new(Endpoint::new(name.parse().unwrap())));
        Pool::new(endpoints.collect())
    }

    #[test]
    fn goes_round_and_passes_over_what_is_down() {
        let pool = pool(&["a:1", "b:1", "c:1"]);
        let names: Vec<_> =
            (0..4).map(|_| pool.choose(&[]).unwrap().authority().to_string()).collect();
        assert_eq!(names, ["a:1", "b:1", "c:1", "a:1"]);
        let down = Arc::clone(pool.choose(&[]).unwrap());
        assert_eq!(down.authority(), "b:1");
        down.mark_down();
        let names: Vec<_> =
            (0..3).map(|_| pool.choose(&[]).unwrap().authority().to_string()).collect();
        assert!(!names.contains(&"b:1".to_owned()), "{names:?}");
        down.mark_up();
        assert!(down.is_up());
    }

    #[test]
    fn each_endpoint_is_tried_once_even_when_all_are_down() {
        let pool = pool(&["a:1", "b:1"]);
        let mut tried = Vec::new();
        while let Some(endpoint) = pool.choose(&tried) {
            endpoint.mark_down();
            tried.push(Arc::clone(endpoint));
        }
        assert_eq!(tried.len(), 2);
        assert!(!pool.is_up());
        assert!(Pool::new(Vec::new()).choose(&[]).is_none());
    }
}
