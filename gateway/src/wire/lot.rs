//! Where connections to one address wait for their next request, and requests for a connection.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::berth::{Berth, Berths};
use super::link::{Link, REST};
use super::stream::Look;

/// A connection that is unused for longer may have been told that it is closed for that (some say 408 on it), which is no
/// answer to the next request: the system is asked.
const RECENT: Duration = Duration::from_millis(50);
/// Where requests wait here and elsewhere, every so many-th connection that is given back goes elsewhere.
const FAIR: usize = 16;

/// The connections of one worker to one address that are unused, and who waits for one. Its lock is waited for only where
/// another worker closes an unused one, to have one of its own.
#[derive(Debug, Default)]
pub struct Lot {
    state: Mutex<State>,
    /// What bounds the number of its connections, with those of other lots. Held so that it is the same one as long as
    /// the lot is there.
    _berths: Option<Arc<Berths>>,
}

#[derive(Debug, Default)]
struct State {
    /// Unused connections, the last used on top.
    unused: Vec<(Box<Link>, Instant)>,
    /// Requests that wait for a connection here, by number, the first one first. There are none while one is unused.
    requests: VecDeque<(u64, oneshot::Sender<Box<Link>>)>,
    /// How many ever waited.
    came: u64,
    /// How often one was given back while requests waited here and elsewhere.
    turns: usize,
}

/// What a request gets that has waited.
#[derive(Debug)]
pub enum Turn {
    /// A connection that was given back.
    Link(Box<Link>),
    /// The right to make one.
    Berth(Berth),
}

/// A request's place in the queue; it leaves when dropped.
struct Place<'a> {
    lot: &'a Lot,
    number: u64,
    given: oneshot::Receiver<Box<Link>>,
}

impl Lot {
    /// A lot of connections of which so many may be open together with those of other lots. Without a bound:
    /// [`Lot::default`].
    pub fn within(berths: &Arc<Berths>) -> Arc<Self> {
        let lot = Arc::new(Self { _berths: Some(Arc::clone(berths)), ..Self::default() });
        berths.serve(&lot);
        lot
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that can carry a request: nothing came on it, nobody closed it.
    pub fn take(&self, look: Look) -> Option<Box<Link>> {
        self.state().take(look)
    }

    /// Waits for a connection that is given back here, or for the right to make one. Who came first is served first.
    pub async fn turn(&self, berths: &Arc<Berths>) -> Turn {
        let mut place = match self.queue() {
            Ok(link) => return Turn::Link(link),
            Err(place) => place,
        };
        let mut berth = pin!(berths.take());
        let mut link = tokio::select! {
            biased;
            Ok(link) = &mut place.given => link,
            berth = berth.as_mut() => return Turn::Berth(berth),
        };
        if link.is_quiet(Look::Sure) {
            return Turn::Link(link);
        }
        // the place of one that is of no use is as good
        match link.berth.take() {
            Some(berth) => Turn::Berth(berth),
            None => Turn::Berth(berth.await),
        }
    }

    /// An unused connection, or a place behind those who wait for one.
    fn queue(&self) -> Result<Box<Link>, Place<'_>> {
        let mut state = self.state();
        if let Some(link) = state.take(Look::Sure) {
            return Ok(link);
        }
        let (give, given) = oneshot::channel();
        state.came += 1;
        let number = state.came;
        state.requests.push_back((number, give));
        Err(Place { lot: self, number, given })
    }

    /// Gives a connection to who waits for it, or keeps it for later, unless `most` are kept or a request elsewhere wants
    /// one of the same backend.
    pub fn keep(&self, mut link: Box<Link>, most: usize) {
        // what was sent beyond the answer was not asked for, and what comes behind it is nobody's (RFC 9112 §6.3)
        if !link.is_settled() {
            return;
        }
        let mut state = self.state();
        // whoever waits elsewhere was counted before it looked here, so that one of the two sees the other
        let wanted = link.berth.as_ref().map_or(0, Berth::wanted);
        if state.is_elsewheres(wanted) {
            return;
        }
        while let Some((_, request)) = state.requests.pop_front() {
            match request.send(link) {
                Ok(()) => return,
                Err(unwanted) => link = unwanted,
            }
        }
        if wanted == 0 && state.unused.len() < most {
            state.unused.push((link, Instant::now()));
        }
    }

    /// Closes the connection that is unused for longest, for somebody elsewhere; says whether there was one.
    pub(super) fn part(&self) -> bool {
        let mut state = self.state();
        let oldest = (!state.unused.is_empty()).then(|| state.unused.remove(0));
        drop(state);
        oldest.is_some()
    }

    /// Closes those that waited for longer than this. Those that are no longer busy give their buffers back. Says how many
    /// are left.
    pub fn sweep(&self, idle: Duration) -> usize {
        self.sweep_at(Instant::now(), idle)
    }

    pub(super) fn sweep_at(&self, now: Instant, idle: Duration) -> usize {
        let mut state = self.state();
        state.unused.retain_mut(|(link, since)| {
            let waited = now.saturating_duration_since(*since);
            if waited >= REST {
                link.rest();
            }
            waited < idle
        });
        state.unused.len()
    }
}

impl State {
    fn take(&mut self, look: Look) -> Option<Box<Link>> {
        while let Some((mut link, since)) = self.unused.pop() {
            let look = if since.elapsed() < RECENT { look } else { Look::Sure };
            if link.is_quiet(look) {
                return Some(link);
            }
        }
        None
    }

    /// Whether a connection is closed so that somebody elsewhere may make one, where so many want one in all.
    fn is_elsewheres(&mut self, wanted: usize) -> bool {
        let here = self.requests.len();
        if here == 0 || wanted <= here {
            return here == 0 && wanted > 0;
        }
        self.turns = (self.turns + 1) % FAIR;
        self.turns == 0
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.lot.state();
        if let Ok(index) = state.requests.binary_search_by_key(&self.number, |(number, _)| *number)
        {
            state.requests.remove(index);
        }
        drop(state);
        // one that was given to who has gone just then is the next one's
        if let Ok(link) = self.given.try_recv() {
            self.lot.keep(link, 0);
        }
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
    use super::{FAIR, Link, Look, Lot, Turn};

    const PATIENCE: Duration = Duration::from_secs(20);

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
        let berths = Arc::new(Berths::new(1));
        let lot = Lot::within(&berths);
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
    async fn what_is_given_back_or_unused_is_closed_for_who_waits_elsewhere() {
        let berths = Arc::new(Berths::new(3));
        let [here, beside, elsewhere] = [(); 3].map(|()| Lot::within(&berths));
        let mut ends = Vec::new();
        for lot in [&here, &beside, &beside] {
            let (link, far) = link(&berths).await;
            lot.keep(link, 9);
            ends.push(far);
        }
        let mut taken = Vec::new();
        for left in [2, 1, 0] {
            let Turn::Berth(berth) = timeout(PATIENCE, elsewhere.turn(&berths)).await.unwrap()
            else {
                panic!("there is none to be had there")
            };
            taken.push(berth);
            let kept = [&here, &beside].map(|lot| lot.state().unused.len());
            assert_eq!(kept.iter().sum::<usize>(), left, "no more are closed than are wanted");
        }
        drop((taken, here));
        let (used, _far) = link(&berths).await;
        let all = [link(&berths).await, link(&berths).await];
        let task = waits(&elsewhere, &berths, 1).await;
        beside.keep(used, 9);
        assert!(matches!(end(task).await, Turn::Berth(_)));
        assert!(beside.take(Look::Sure).is_none());
        drop(all);
    }

    #[tokio::test]
    async fn who_came_first_is_served_first_and_who_has_gone_is_passed_over() {
        let berths = Arc::new(Berths::new(1));
        let lot = Lot::within(&berths);
        let (used, _far) = link(&berths).await;
        let mut tasks = Vec::new();
        for all in 1..=4 {
            tasks.push(waits(&lot, &berths, all).await);
        }
        // the second goes while it waits, and the third when it was given one and has not looked yet
        tasks.remove(1).abort();
        while berths.waiting() > 3 {
            tokio::task::yield_now().await;
        }
        lot.keep(used, 0);
        assert!(lot.take(Look::Sure).is_none(), "it is somebody's already");
        let Turn::Link(used) = end(tasks.remove(0)).await else { panic!("a new one") };
        lot.keep(used, 0);
        tasks.remove(0).abort();
        assert!(matches!(end(tasks.remove(0)).await, Turn::Link(_)));
        assert_eq!((berths.waiting(), lot.state().requests.len()), (0, 0));
    }

    #[tokio::test]
    async fn who_was_given_what_the_backend_has_closed_may_make_one_in_its_place() {
        let berths = Arc::new(Berths::new(1));
        let lot = Lot::within(&berths);
        let (used, far) = link(&berths).await;
        let task = waits(&lot, &berths, 1).await;
        drop(far);
        lot.keep(used, 0);
        assert!(matches!(end(task).await, Turn::Berth(_)));
    }

    #[tokio::test]
    async fn who_waits_elsewhere_has_its_turn_also_where_others_wait_here() {
        let berths = Arc::new(Berths::new(1));
        let [here, elsewhere] = [(); 2].map(|()| Lot::within(&berths));
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
