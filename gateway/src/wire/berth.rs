//! A bound on connections that are open together, whether they are used or wait for their next request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many connections may be open; workers share it.
#[derive(Debug)]
pub struct Berths {
    free: Arc<Semaphore>,
    most: usize,
    /// Those that wait for one, at all workers.
    waiting: AtomicUsize,
}

/// The right to have one connection open, for as long as it is not dropped.
#[derive(Debug)]
pub struct Berth {
    berths: Arc<Berths>,
    _permit: OwnedSemaphorePermit,
}

/// Counts somebody as waiting, for as long as it is not dropped.
#[derive(Debug)]
pub(super) struct Waits<'a>(&'a AtomicUsize);

impl Berths {
    /// For at most so many.
    pub fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(most)), most, waiting: AtomicUsize::new(0) }
    }

    /// How many connections may be open.
    pub const fn most(&self) -> usize {
        self.most
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Waits for one, in turn with all others.
    pub(super) async fn take(self: &Arc<Self>) -> Berth {
        let _waits = Waits::new(&self.waiting);
        loop {
            // it is never closed
            if let Ok(permit) = Arc::clone(&self.free).acquire_owned().await {
                return Berth { berths: Arc::clone(self), _permit: permit };
            }
        }
    }
}

impl Berth {
    /// How many wait for one such.
    pub(super) fn wanted(&self) -> usize {
        self.berths.waiting.load(Relaxed)
    }
}

impl<'a> Waits<'a> {
    pub(super) fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
