//! One address of a backend and what is known of it; it outlives reloads.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use http::uri::Authority;

use super::clock::{self, micros};
use super::dice;
use super::ewma::PeakEwma;
use super::gate::Pass;

/// The least share that an endpoint takes which has just begun.
const LEAST_SHARE: f32 = 0.1;
/// What an endpoint that fails is taken to need at least, in microseconds.
const FAILURE_COST: u64 = 1000;
/// The longest that a failure is taken to need.
const MOST_FAILURE_COST: f32 = 60_000_000.0;

/// How an endpoint is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is used.
    Up,
    /// It does not take connections, or did not a moment ago.
    Down,
    /// It failed too often in a row.
    Ejected,
    /// Its health answers are bad.
    Unhealthy,
    /// It speaks another version than is configured.
    Mismatched,
    /// It gets no new request, as the configuration says.
    Drained,
}

impl State {
    /// The word for people and programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Ejected => "ejected",
            Self::Unhealthy => "unhealthy",
            Self::Mismatched => "mismatched",
            Self::Drained => "drained",
        }
    }
}

/// A time for which an endpoint is passed over, longer each time it happens again.
#[derive(Debug, Default)]
struct Pause {
    /// In the clock's microseconds; 0 for none.
    until: AtomicU64,
    times: AtomicU32,
    /// When the last one was ended.
    ended: AtomicU64,
}

impl Pause {
    fn holds(&self, now: u64) -> bool {
        self.until.load(Ordering::Relaxed) > now
    }

    /// Begins, unless it holds already: many requests that fail at once are one reason, not many.
    fn begin(&self, now: u64, (base, most): (Duration, Duration)) -> bool {
        let before = self.until.load(Ordering::Relaxed);
        if before > now {
            return false;
        }
        let ended = self.ended.load(Ordering::Relaxed);
        let long_ago = ended != 0 && now.saturating_sub(ended) > micros(most);
        let times = if long_ago { 0 } else { self.times.load(Ordering::Relaxed) };
        let times = times.saturating_add(1);
        let pause = micros(base).saturating_mul(u64::from(times)).min(micros(most));
        let until = now.saturating_add(pause);
        let (relaxed, same) = (Ordering::Relaxed, Ordering::Relaxed);
        let first = self.until.compare_exchange(before, until, relaxed, same).is_ok();
        if first {
            self.times.store(times, Ordering::Relaxed);
        }
        first
    }

    /// Whether there was anything to end. How often it happened is not forgotten until it is long ago.
    fn end(&self) -> bool {
        if self.until.load(Ordering::Relaxed) == 0 {
            return false;
        }
        self.until.store(0, Ordering::Relaxed);
        self.ended.store(clock::now(), Ordering::Relaxed);
        true
    }
}

/// What an endpoint's own counts are told under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The api.
    pub api: Arc<str>,
    /// The configured version; empty for none.
    pub version: Arc<str>,
    /// Host and port as configured.
    pub authority: Authority,
    /// One of the addresses of that name; `None` where the name is looked up when a connection is made.
    pub address: Option<SocketAddr>,
}

/// One address that a backend listens on.
#[derive(Debug)]
pub struct Endpoint {
    place: Place,
    /// What a connection is made to.
    dialled: Authority,
    hash: u64,
    in_flight: AtomicUsize,
    latency: PeakEwma,
    failures: AtomicU32,
    down: Pause,
    ejected: Pause,
    /// 0 for not known, 1 for well, 2 for unwell.
    health: AtomicU8,
    /// The hash of the version that its health answers say; 0 for none.
    speaks: AtomicU64,
    /// When it began to be used.
    since: AtomicU64,
}

impl Endpoint {
    /// An endpoint that is taken to be up.
    pub fn new(place: Place) -> Self {
        let dialled = place.address.and_then(|address| address.to_string().parse().ok());
        let dialled: Authority = dialled.unwrap_or_else(|| place.authority.clone());
        Self {
            hash: dice::hash(dialled.as_str().as_bytes()),
            dialled,
            place,
            in_flight: AtomicUsize::new(0),
            latency: PeakEwma::default(),
            failures: AtomicU32::new(0),
            down: Pause::default(),
            ejected: Pause::default(),
            health: AtomicU8::new(0),
            speaks: AtomicU64::new(0),
            since: AtomicU64::new(clock::now()),
        }
    }

    /// A number of the authority, which hardly another endpoint has.
    pub const fn key(&self) -> u64 {
        self.hash
    }

    /// Host and port of what a connection is made to: an address where the name was looked up, else the name.
    pub const fn authority(&self) -> &Authority {
        &self.dialled
    }

    /// The address, where it is known.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.place.address
    }

    /// Whose it is, and its name as configured.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Requests that are with it.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// What it takes to answer, in microseconds; `None` where that was never measured.
    pub fn cost(&self) -> Option<f32> {
        self.latency.cost(clock::now())
    }

    /// How it is for a group of this version; `None` for a backend without one.
    pub fn state(&self, wanted: Option<Wanted>) -> State {
        self.state_at(wanted, clock::now())
    }

    pub(super) fn state_at(&self, wanted: Option<Wanted>, now: u64) -> State {
        if wanted.is_some_and(|wanted| !self.fits(wanted)) {
            State::Mismatched
        } else if self.down.holds(now) {
            State::Down
        } else if self.health.load(Ordering::Relaxed) == 2 {
            State::Unhealthy
        } else if self.ejected.holds(now) {
            State::Ejected
        } else {
            State::Up
        }
    }

    /// Whether nothing speaks against it; the clock is asked only where something once did.
    pub(super) fn is_up(&self) -> bool {
        self.is_untouched() || self.is_up_at(clock::now())
    }

    /// Whether nothing ever spoke against it since it was last well.
    fn is_untouched(&self) -> bool {
        self.down.until.load(Ordering::Relaxed) == 0
            && self.ejected.until.load(Ordering::Relaxed) == 0
            && self.health.load(Ordering::Relaxed) != 2
    }

    pub(super) fn is_up_at(&self, now: u64) -> bool {
        self.is_untouched() || self.state_at(None, now) == State::Up
    }

    pub(super) fn is_down_at(&self, now: u64) -> bool {
        self.down.holds(now)
    }

    pub(super) fn is_ejected_at(&self, now: u64) -> bool {
        self.ejected.holds(now)
    }

    /// Whether it may serve a version.
    pub(super) fn fits(&self, wanted: Wanted) -> bool {
        let speaks = self.speaks.load(Ordering::Relaxed);
        speaks == wanted.version || (speaks == 0 && !wanted.said)
    }

    pub(super) fn enter(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// An answer that is none of a failing server came; `took` where the time was measured.
    pub(super) fn answered(&self, timed: Option<(u64, u64)>) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        if let Some((now, took)) = timed {
            self.latency.sample(now, took);
        }
        if self.down.end() {
            self.down.times.store(0, Ordering::Relaxed);
            self.begin_again();
        }
        // an ejection ends by itself; what comes back well has it forgotten
        if self.ejected.until.load(Ordering::Relaxed) != 0 && !self.ejected.holds(clock::now()) {
            self.ejected.end();
            self.begin_again();
        }
    }

    /// A failure: how many there are in a row now. It counts as an answer that took twice as long as usual, since failing
    /// quickly is not being quick.
    pub(super) fn failed(&self, now: u64) -> u32 {
        let twice = self.latency.cost(now).unwrap_or(0.0) * 2.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
        let twice = twice.min(MOST_FAILURE_COST) as u64;
        self.latency.sample(now, twice.max(FAILURE_COST));
        self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// It takes no connection.
    pub(super) fn refused(&self, now: u64, pause: (Duration, Duration)) {
        self.down.begin(now, pause);
    }

    pub(super) fn eject(&self, now: u64, pause: (Duration, Duration)) -> bool {
        self.failures.store(0, Ordering::Relaxed);
        self.ejected.begin(now, pause)
    }

    /// What its health answers say; `None` before the first.
    pub fn is_healthy(&self) -> Option<bool> {
        match self.health.load(Ordering::Relaxed) {
            0 => None,
            code => Some(code == 1),
        }
    }

    /// Takes what its health answers say, and says whether that is new.
    pub fn set_healthy(&self, healthy: bool) -> bool {
        let code = if healthy { 1 } else { 2 };
        let before = self.health.swap(code, Ordering::Relaxed);
        if healthy {
            self.down.end();
            if before == 2 {
                self.begin_again();
            }
        }
        before != code
    }

    /// Takes the version that its health answers say, and says whether that is new.
    pub fn set_speaks(&self, version: Option<Version>) -> bool {
        let said = version.map_or(0, |version| version.0);
        let new = self.speaks.swap(said, Ordering::Relaxed) != said;
        if new {
            self.begin_again();
        }
        new
    }

    /// It is new to its work, or back: what was measured before says nothing.
    fn begin_again(&self) {
        self.latency.forget();
        self.since.store(clock::now(), Ordering::Relaxed);
    }

    /// What the next request would cost here, beside another endpoint's.
    pub(super) fn load(&self, now: u64, (cost, slow_start): (f32, Duration)) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "a load is no exact number")]
        let waiting = self.in_flight().saturating_add(1) as f32;
        cost * waiting / self.share(now, slow_start)
    }

    pub(super) fn cost_at(&self, now: u64) -> Option<f32> {
        self.latency.cost(now)
    }

    /// From [`LEAST_SHARE`] to 1 over the slow start.
    fn share(&self, now: u64, slow_start: Duration) -> f32 {
        let age = now.saturating_sub(self.since.load(Ordering::Relaxed));
        if age >= micros(slow_start) {
            return 1.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share is no exact number")]
        let share = age as f32 / micros(slow_start) as f32;
        share.max(LEAST_SHARE)
    }

    /// The weight of a key here, for rendezvous hashing.
    pub(super) const fn weight_of(&self, key: u64) -> u64 {
        dice::mix(key ^ self.hash)
    }
}

/// A version, as health answers are compared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(u64);

impl Version {
    /// The version with this label, as the api spells it.
    pub fn of(label: &str) -> Self {
        Self(dice::hash(label.as_bytes()).max(1))
    }
}

/// What a group asks of its endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    version: u64,
    /// Only what said so itself is good enough.
    said: bool,
}

impl Wanted {
    /// The version that is configured; `None` where endpoints say their own.
    pub const fn configured(&self) -> Option<Version> {
        if self.said { None } else { Some(Version(self.version)) }
    }

    /// The version of a group, which an endpoint has to say itself or only must not deny.
    pub const fn new(version: Version, said: bool) -> Self {
        Self { version: version.0, said }
    }
}

/// A request's place at an endpoint, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    endpoint: Arc<Endpoint>,
    /// Among all requests with the backend.
    _pass: Pass,
}

impl Seat {
    pub(super) fn take(endpoint: Arc<Endpoint>, pass: Pass) -> Self {
        endpoint.enter();
        Self { endpoint, _pass: pass }
    }

    /// Where.
    pub const fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.endpoint.leave();
    }
}
