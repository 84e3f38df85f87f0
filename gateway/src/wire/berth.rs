//! A bound on connections that are open together, whether they are used or wait for their next request.

use std::collections::VecDeque;
use std::future::{Future as _, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::lot::Lot;

/// So many connections may be open; workers share it.
#[derive(Debug)]
pub struct Berths {
    free: Arc<Semaphore>,
    /// Those that wait for one, at all workers.
    waiting: AtomicUsize,
    /// Where connections are kept while they are unused: one lot of each worker for each endpoint.
    lots: Mutex<VecDeque<Weak<Lot>>>,
}

/// The right to have one connection open, until all copies are dropped: one goes with the connection, and one may be with a
/// request that would make another in its place.
#[derive(Clone, Debug)]
pub struct Berth(Arc<Right>);

#[derive(Debug)]
struct Right {
    berths: Arc<Berths>,
    _permit: OwnedSemaphorePermit,
}

/// Counts somebody as waiting, for as long as it is not dropped.
#[derive(Debug)]
struct Waits<'a>(&'a AtomicUsize);

impl Berths {
    /// For at most so many.
    pub fn new(most: usize) -> Self {
        let free = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self { free, waiting: AtomicUsize::default(), lots: Mutex::default() }
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Unused connections of this lot may be closed for others.
    pub(super) fn serve(&self, lot: &Arc<Lot>) {
        let mut lots = self.lots.lock().unwrap_or_else(PoisonError::into_inner);
        lots.retain(|known| known.strong_count() > 0);
        lots.push_back(Arc::downgrade(lot));
    }

    /// Waits for one, in turn with all others. Where there is none, an unused connection is closed, wherever it is.
    pub(super) async fn take(self: &Arc<Self>) -> Berth {
        let _waits = Waits::new(&self.waiting);
        let mut turn = pin!(Arc::clone(&self.free).acquire_owned());
        // it stands in the queue before a place becomes free, so that nobody who comes later takes that
        let taken = match poll_fn(|context| Poll::Ready(turn.as_mut().poll(context))).await {
            Poll::Ready(taken) => taken,
            Poll::Pending => {
                self.part();
                turn.await
            }
        };
        match taken {
            Ok(permit) => self.berth(permit),
            // it is never closed
            Err(_) => pending().await,
        }
    }

    fn berth(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Berth {
        Berth(Arc::new(Right { berths: Arc::clone(self), _permit: permit }))
    }

    /// Closes one connection that is unused. The lots take turns.
    fn part(&self) {
        let mut lots = self.lots.lock().unwrap_or_else(PoisonError::into_inner);
        let found = lots.iter().position(|lot| lot.upgrade().is_some_and(|lot| lot.part()));
        if let Some(last) = found {
            lots.rotate_left(last + 1);
        }
    }
}

impl Berth {
    /// How many wait for one such.
    pub(super) fn wanted(&self) -> usize {
        self.0.berths.waiting.load(Relaxed)
    }
}

impl<'a> Waits<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
