//! Where connections to one address wait for their next request.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::berth::{Berth, Berths, Waits};
use super::link::{Link, REST};

/// Where requests wait here and elsewhere, every so many-th connection that is given back goes elsewhere.
const FAIR: usize = 16;

/// Unused connections, the last used on top. One worker uses one lot, so that its lock is never waited for.
#[derive(Debug, Default)]
pub struct Lot {
    waiting: Mutex<Vec<(Box<Link>, Instant)>>,
    /// Requests that wait for a connection here.
    requests: AtomicUsize,
    /// Rings when a connection of a bounded number is given back.
    given: Notify,
    /// How often one was given back while requests waited here and elsewhere.
    turns: AtomicUsize,
}

/// What a request gets that has waited.
#[derive(Debug)]
pub enum Turn {
    /// A connection that was given back.
    Link(Box<Link>),
    /// The right to make one.
    Berth(Berth),
}

impl Lot {
    /// A connection that can carry a request: nothing came on it, nobody closed it.
    pub fn take(&self) -> Option<Box<Link>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((mut link, _)) = waiting.pop() {
            if link.is_quiet() {
                return Some(link);
            }
        }
        None
    }

    /// Waits for a connection that is given back here, or for the right to make one.
    pub async fn turn(&self, berths: &Arc<Berths>) -> Turn {
        let _waits = Waits::new(&self.requests);
        let mut berth = pin!(berths.take());
        loop {
            if let Some(link) = self.take() {
                return Turn::Link(link);
            }
            tokio::select! {
                berth = berth.as_mut() => return Turn::Berth(berth),
                () = self.given.notified() => {}
            }
        }
    }

    /// Keeps a connection for later, unless `most` are kept, or a request elsewhere wants one of the same backend.
    pub fn keep(&self, link: Box<Link>, most: usize) {
        // what was sent beyond the answer was not asked for, and what comes behind it is nobody's (RFC 9112 §6.3)
        if !link.is_settled() {
            return;
        }
        let requests = self.requests.load(Relaxed);
        let is_counted = link.berth.is_some();
        if is_counted && self.parts_with(&link, requests) {
            return;
        }
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() < most || requests > 0 {
                waiting.push((link, Instant::now()));
            }
        }
        if is_counted {
            self.given.notify_one();
        }
    }

    /// Whether a connection is closed so that somebody elsewhere may make one, where so many requests wait here.
    fn parts_with(&self, link: &Link, requests: usize) -> bool {
        let wanted = link.berth.as_ref().map_or(0, Berth::wanted);
        match requests {
            0 => wanted > 0,
            here => wanted > here && self.turns.fetch_add(1, Relaxed) % FAIR == FAIR - 1,
        }
    }

    /// Closes those that waited for longer than this, and those that a request elsewhere wants. Those that are no longer busy
    /// give their buffers back. Says how many are left.
    pub fn sweep(&self, idle: Duration) -> usize {
        self.sweep_at(Instant::now(), idle)
    }

    pub(super) fn sweep_at(&self, now: Instant, idle: Duration) -> usize {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (here, mut parted) = (self.requests.load(Relaxed), 0);
        waiting.retain_mut(|(link, since)| {
            let wanted = link.berth.as_ref().map_or(0, Berth::wanted);
            if here == 0 && parted < wanted {
                parted += 1;
                return false;
            }
            let waited = now.saturating_duration_since(*since);
            if waited >= REST {
                link.rest();
            }
            waited < idle
        });
        waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::BytesMut;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::super::{Berths, Stream};
    use super::{FAIR, Link, Lot, Turn};

    const PATIENCE: Duration = Duration::from_secs(20);
    const HOUR: Duration = Duration::from_hours(1);

    /// A connection that is counted, with its far end.
    async fn link(berths: &Arc<Berths>) -> (Box<Link>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let link = Link::new(Stream::Tcp(near), BytesMut::new());
        (Box::new(link.within(Some(berths.take().await))), far)
    }

    /// Somebody who waits, and is seen to wait.
    async fn waits(
        lot: &Arc<Lot>,
        berths: &Arc<Berths>,
        all: usize,
    ) -> tokio::task::JoinHandle<Turn> {
        let (own, bound) = (Arc::clone(lot), Arc::clone(berths));
        let task = tokio::spawn(async move { own.turn(&bound).await });
        while berths.waiting() < all {
            tokio::task::yield_now().await;
        }
        task
    }

    async fn end(task: tokio::task::JoinHandle<Turn>) -> Turn {
        timeout(PATIENCE, task).await.expect("it waits on").unwrap()
    }

    #[tokio::test]
    async fn what_is_given_back_goes_to_who_waits_here_and_is_not_made_anew() {
        let (lot, berths) = (Arc::<Lot>::default(), Arc::new(Berths::new(1)));
        let (mut used, _far) = link(&berths).await;
        for _ in 0..3 * FAIR {
            let task = waits(&lot, &berths, 1).await;
            lot.keep(used, 0);
            let Turn::Link(link) = end(task).await else { panic!("a new one may be made") };
            used = link;
        }
        assert_eq!(berths.waiting(), 0);
    }

    #[tokio::test]
    async fn what_is_given_back_or_idle_is_closed_for_who_waits_elsewhere() {
        let [here, elsewhere] = [(); 2].map(|()| Arc::<Lot>::default());
        let berths = Arc::new(Berths::new(2));
        let ((one, _far), (two, _end)) = (link(&berths).await, link(&berths).await);
        here.keep(one, 9);
        let task = waits(&elsewhere, &berths, 1).await;
        assert_eq!(here.sweep(HOUR), 0);
        let Turn::Berth(_berth) = end(task).await else { panic!("there is none to be had there") };
        let task = waits(&elsewhere, &berths, 1).await;
        here.keep(two, 9);
        assert!(matches!(end(task).await, Turn::Berth(_)));
        assert!(here.take().is_none());
    }

    #[tokio::test]
    async fn who_waits_elsewhere_has_its_turn_also_where_others_wait_here() {
        let [here, elsewhere] = [(); 2].map(|()| Arc::<Lot>::default());
        let berths = Arc::new(Berths::new(1));
        let (used, _far) = link(&berths).await;
        let far = waits(&elsewhere, &berths, 1).await;
        // the waiter here is served until the last turn, in which the connection is closed
        let mut kept = Some(used);
        for turn in 1..=FAIR {
            let Some(used) = kept.take() else { panic!("gone too early") };
            let task = waits(&here, &berths, 2).await;
            here.keep(used, 9);
            if turn == FAIR {
                task.abort();
            } else if let Turn::Link(link) = end(task).await {
                kept = Some(link);
            }
        }
        assert!(matches!(end(far).await, Turn::Berth(_)));
    }
}
