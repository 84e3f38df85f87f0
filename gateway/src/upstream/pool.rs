//! The endpoints of one backend, and which of them takes the next request.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::uri::Authority;
use smallvec::SmallVec;

use super::client::ClientSettings;
use super::clock::{self, micros};
use super::connect::{Beside, Goal};
use super::dial::Dial;
use super::dice::{Dice, hash};
use super::endpoint::{Endpoint, Seat, State, Wanted};
use super::fleet::Ledger;
use super::meter::PoolMeter;
use crate::config::BackendPolicy;
use crate::wire::Fields;

/// Endpoints that a request was sent to already.
pub type Tried = SmallVec<[Arc<Endpoint>; 4]>;

/// What became of a request at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status began.
    Answered(u16),
    /// No connection could be made.
    Refused,
    /// The connection broke, or nothing came in time.
    Failed,
}

/// The endpoints of one backend.
#[derive(Debug)]
pub struct Pool {
    policy: BackendPolicy,
    times: PoolTimes,
    dial: Dial,
    members: ArcSwap<Vec<Arc<Endpoint>>>,
    /// Those of its endpoints, as configured, that get no new request.
    drained: Vec<Authority>,
    ledger: Arc<Ledger>,
    meter: PoolMeter,
    /// Held while it is counted how many are passed over, so that two failures never pass over one too many.
    ejecting: Mutex<()>,
}

/// How far a choice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only endpoints that are well, or all that take connections while too few are well.
    Well,
    /// Any of the right version.
    Any,
}

/// What a choice looks at.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The version, where the backend has one.
    pub wanted: Option<Wanted>,
    /// The head of the request.
    pub headers: &'a Fields,
    /// What is out of the question.
    pub tried: &'a [Arc<Endpoint>],
}

/// A chosen endpoint.
#[derive(Debug)]
pub struct Chosen<'a> {
    /// Its pool.
    pub pool: &'a Pool,
    /// The place there.
    pub seat: Seat,
    /// When it was chosen, where the time it takes is measured.
    pub started: Option<u64>,
}

/// Times of a backend, its own or the gateway's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolTimes {
    /// Until a connection is there.
    pub connect: Duration,
    /// Until the head of an answer is there.
    pub answer: Duration,
    /// Longest silence inside an answer.
    pub silence: Duration,
    /// From a request to the head of its answer, all attempts and pauses together.
    pub request: Duration,
}

impl PoolTimes {
    /// The settings with these times, as far as a request may still last that has lasted so long; `None` where it may
    /// not. What cannot become too long is not measured.
    pub fn within(
        &self,
        settings: &ClientSettings,
        lasted: impl FnOnce() -> Duration,
    ) -> Option<ClientSettings> {
        let mut own = ClientSettings { connect: self.connect, answer: self.answer, ..*settings };
        if self.connect.saturating_add(self.answer) > self.request {
            let left = self.request.checked_sub(lasted()).filter(|left| !left.is_zero())?;
            (own.connect, own.answer) = (own.connect.min(left), own.answer.min(left));
        }
        Some(own)
    }
}

impl Pool {
    /// A pool; an empty one never chooses.
    pub fn new(
        (policy, times): (BackendPolicy, PoolTimes),
        members: Vec<Arc<Endpoint>>,
        (ledger, meter): (Arc<Ledger>, PoolMeter),
    ) -> Self {
        let members = ArcSwap::from_pointee(members);
        let dial = Dial::default();
        let drained = Vec::new();
        Self { policy, times, dial, members, drained, ledger, meter, ejecting: Mutex::default() }
    }

    /// The same, with endpoints that are spoken to otherwise than in cleartext HTTP/1.1.
    #[must_use]
    pub fn spoken(mut self, dial: Dial) -> Self {
        self.dial = dial;
        self
    }

    /// The same, with endpoints that get no new request, whatever becomes of the others.
    #[must_use]
    pub fn drained(mut self, drained: Vec<Authority>) -> Self {
        self.drained = drained;
        self
    }

    /// Whether an endpoint of it gets no new request.
    pub fn drains(&self, endpoint: &Endpoint) -> bool {
        !self.drained.is_empty() && self.drained.contains(&endpoint.place().authority)
    }

    /// Whether an endpoint is of the right version, and takes requests at all.
    fn fits(&self, endpoint: &Endpoint, wanted: Option<Wanted>) -> bool {
        wanted.is_none_or(|wanted| endpoint.fits(wanted)) && !self.drains(endpoint)
    }

    /// Whether it fits and was not tried.
    fn is_open(&self, endpoint: &Arc<Endpoint>, wish: &Wish<'_>) -> bool {
        self.fits(endpoint, wish.wanted) && !wish.tried.iter().any(|one| Arc::ptr_eq(one, endpoint))
    }

    /// How its endpoints are spoken to.
    pub const fn dial(&self) -> &Dial {
        &self.dial
    }

    /// Its times.
    pub const fn times(&self) -> &PoolTimes {
        &self.times
    }

    /// What it counts.
    pub const fn meter(&self) -> &PoolMeter {
        &self.meter
    }

    /// Whether it takes no request more.
    pub fn is_full(&self) -> bool {
        self.ledger.requests.is_full()
    }

    /// Who is spoken to at an endpoint.
    pub fn goal<'a>(&'a self, endpoint: &'a Endpoint) -> Goal<'a> {
        Goal {
            key: endpoint.key(),
            authority: endpoint.authority(),
            named: &endpoint.place().authority,
            dial: self.dial(),
            pending: &self.ledger.pending,
            berths: self.ledger.berths.as_ref(),
            beside: Beside::default(),
        }
    }

    /// A request is sent for the first time.
    pub fn earn(&self) {
        self.ledger.budget.earn();
    }

    /// Whether a request may be sent once more.
    pub fn spend(&self) -> bool {
        let may = self.ledger.budget.spend(clock::now());
        if !may {
            self.meter.unretried.inc();
        }
        may
    }

    /// A pause before the attempt after so many: any up to a bound that doubles (full jitter; Brooker: Exponential
    /// backoff and jitter, 2015).
    pub fn backoff(&self, attempts: u32) -> Duration {
        let retries = &self.policy.retries;
        let doubled = retries.backoff.saturating_mul(1 << attempts.saturating_sub(1).min(16));
        let most = micros(doubled.min(retries.most_backoff));
        let bound = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1);
        Duration::from_micros(Dice::with(|dice| dice.below(bound)) as u64)
    }

    /// How its endpoints are used.
    pub const fn policy(&self) -> &BackendPolicy {
        &self.policy
    }

    /// All endpoints there are now.
    pub fn members(&self) -> Arc<Vec<Arc<Endpoint>>> {
        self.members.load_full()
    }

    /// Uses these endpoints from now on.
    pub fn replace(&self, members: Vec<Arc<Endpoint>>) {
        self.members.store(Arc::new(members));
    }

    /// Whether any endpoint of the right version is well.
    pub fn is_up(&self, wanted: Option<Wanted>) -> bool {
        let members = self.members.load();
        members.iter().any(|one| self.fits(one, wanted) && one.is_up())
    }

    /// How many endpoints there are.
    pub fn len(&self) -> usize {
        self.members.load().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The hash of the header that keeps requests at one endpoint, where the request has it.
    pub fn key(&self, headers: &Fields) -> Option<u64> {
        let name = self.policy.sticky.as_ref()?;
        headers.get(name).map(|value| hash(value.as_bytes()))
    }

    /// An endpoint that was not tried.
    pub fn choose(&self, wish: &Wish<'_>, reach: Reach) -> Option<Chosen<'_>> {
        let members = self.members.load();
        if let [only] = members.as_slice() {
            let takes = (reach == Reach::Any || only.is_up()) && self.is_open(only, wish);
            return takes.then(|| self.seat(only, None)).flatten();
        }
        let now = clock::now();
        let chosen = match self.key(wish.headers) {
            Some(key) => self.by_key(&members, wish, (reach, now, key)),
            None => Dice::with(|dice| self.by_load(&members, wish, (reach, now), dice)),
        };
        chosen.and_then(|endpoint| self.seat(endpoint, Some(now)))
    }

    pub(super) fn seat(
        &self,
        endpoint: &Arc<Endpoint>,
        started: Option<u64>,
    ) -> Option<Chosen<'_>> {
        let pass = self.ledger.requests.enter().ok()?;
        Some(Chosen { pool: self, seat: Seat::take(Arc::clone(endpoint), pass), started })
    }

    /// The better of two that are drawn: Mitzenmacher, The power of two choices in randomized load balancing, 2001.
    pub(super) fn by_load<'m>(
        &self,
        members: &'m [Arc<Endpoint>],
        wish: &Wish<'_>,
        (reach, now): (Reach, u64),
        dice: &mut Dice,
    ) -> Option<&'m Arc<Endpoint>> {
        if members.len() > 1 {
            let (one, other) = dice.pair(members.len());
            if let (Some(one), Some(other)) = (members.get(one), members.get(other))
                && [one, other].iter().all(|one| self.is_open(one, wish) && one.is_up_at(now))
            {
                return Some(self.better(one, other, now));
            }
        }
        let open = self.open(members, wish, (reach, now));
        match open.as_slice() {
            [] => None,
            [only] => Some(only),
            many => {
                let (one, other) = dice.pair(many.len());
                Some(self.better(many.get(one)?, many.get(other)?, now))
            }
        }
    }

    fn better<'m>(
        &self,
        one: &'m Arc<Endpoint>,
        other: &'m Arc<Endpoint>,
        now: u64,
    ) -> &'m Arc<Endpoint> {
        // where one was never measured, nothing is known that would tell them apart but what waits
        let costs = one.cost_at(now).zip(other.cost_at(now)).unwrap_or((1.0, 1.0));
        let slow = self.policy.slow_start;
        if other.load(now, (costs.1, slow)) < one.load(now, (costs.0, slow)) { other } else { one }
    }

    /// The endpoint where the key weighs most: when one goes, only its own keys move (Thaler, Ravishankar: Using
    /// name-based mappings to increase hit rates, 1998).
    fn by_key<'m>(
        &self,
        members: &'m [Arc<Endpoint>],
        wish: &Wish<'_>,
        (reach, now, key): (Reach, u64, u64),
    ) -> Option<&'m Arc<Endpoint>> {
        let open = self.open(members, wish, (reach, now));
        open.into_iter().max_by_key(|one| one.weight_of(key))
    }

    /// All that may be chosen.
    fn open<'m>(
        &self,
        members: &'m [Arc<Endpoint>],
        wish: &Wish<'_>,
        (reach, now): (Reach, u64),
    ) -> SmallVec<[&'m Arc<Endpoint>; 16]> {
        let fitting = || members.iter().filter(|one| self.fits(one, wish.wanted));
        let well = fitting().filter(|one| one.is_up_at(now)).count();
        let all = fitting().count();
        let panics =
            well > 0 && well * 100 < all.saturating_mul(self.policy.ejection.panic as usize);
        let fresh = || fitting().filter(|one| self.is_open(one, wish));
        let of = |takes: &dyn Fn(&Endpoint) -> bool| fresh().filter(|one| takes(one)).collect();
        let mut open: SmallVec<_> =
            if panics { of(&|one| !one.is_down_at(now)) } else { of(&|one| one.is_up_at(now)) };
        if open.is_empty() && reach == Reach::Any {
            open = of(&|one| !one.is_down_at(now));
            if open.is_empty() {
                open = fresh().collect();
            }
        }
        open
    }

    /// Notes what became of a request that was chosen an endpoint for at `started`.
    pub fn note(&self, endpoint: &Arc<Endpoint>, outcome: Outcome, started: Option<u64>) {
        let policy = &self.policy.ejection;
        match outcome {
            // 501 says that the server is well and knows no such method
            Outcome::Answered(status) if status < 500 || status == 501 => {
                let timed = started.map(|started| {
                    let now = clock::now();
                    (now, now.saturating_sub(started))
                });
                endpoint.answered(timed);
            }
            Outcome::Refused => endpoint.refused(clock::now(), (policy.base, policy.most)),
            Outcome::Answered(_) | Outcome::Failed => {
                let now = clock::now();
                let failures = endpoint.failed(now);
                if policy.failures != 0 && failures >= policy.failures {
                    self.eject(endpoint, now);
                }
            }
        }
    }

    /// Passes an endpoint over, if that does not leave too few.
    fn eject(&self, endpoint: &Arc<Endpoint>, now: u64) {
        let policy = &self.policy.ejection;
        let members = self.members.load();
        let _one_at_a_time = self.ejecting.lock().unwrap_or_else(PoisonError::into_inner);
        let ejected = members.iter().filter(|one| one.is_ejected_at(now)).count();
        let share = members.len().saturating_mul(policy.share as usize);
        if (ejected + 1) * 100 <= share && endpoint.eject(now, (policy.base, policy.most)) {
            self.meter.ejections.inc();
            tracing::warn!(endpoint = %endpoint.authority(), "passed over: it fails too often");
        }
    }

    /// How each endpoint is now.
    pub fn states(&self, wanted: Option<Wanted>) -> Vec<(Arc<Endpoint>, State)> {
        let members = self.members.load();
        let state =
            |one: &Endpoint| if self.drains(one) { State::Drained } else { one.state(wanted) };
        members.iter().map(|one| (Arc::clone(one), state(one))).collect()
    }
}
