//! What changes on pages, told as it changes (server-sent events): counted once a second for all who look, and for nobody
//! when nobody does.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::unfold;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::super::desk::{Answer, Call, Desk, refusal};
use super::backends;
use super::form::Form;
use super::numbers::{self, Numbers, Tally, shown};
use crate::control::{Reloader, Stops};
use crate::snapshot::Snapshot;

/// How often everything is counted.
const PACE: Duration = Duration::from_secs(1);
/// Pages that are told at once.
const WATCHERS: usize = 32;
/// How long a stream lasts: then the page asks anew, and who may not look any more is told so.
const LASTS: Duration = Duration::from_mins(5);
/// Longest silence, after which a page is told that nothing has changed.
const SILENCE: Duration = Duration::from_secs(15);

/// What was counted at one moment.
#[derive(Debug)]
struct Tick {
    at: Instant,
    snapshot: Arc<Snapshot>,
    draining: bool,
    apis: Vec<Numbers>,
    /// Requests and failures a second by api, since the tick before; absent with the first.
    rates: BTreeMap<Arc<str>, (f64, f64)>,
}

/// Counts as long as somebody looks.
#[derive(Debug)]
pub(in crate::admin) struct Feed {
    ticks: watch::Sender<Option<Arc<Tick>>>,
    runs: Arc<Mutex<bool>>,
    seats: Arc<Semaphore>,
}

impl Default for Feed {
    fn default() -> Self {
        let seats = Arc::new(Semaphore::new(WATCHERS));
        Self { ticks: watch::Sender::new(None), runs: Arc::default(), seats }
    }
}

impl Feed {
    fn follow(
        &self,
        reloader: &Arc<Reloader>,
        stops: &Stops,
    ) -> watch::Receiver<Option<Arc<Tick>>> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let ticks = self.ticks.subscribe();
        if !*runs {
            *runs = true;
            let (reloader, stops) = (Arc::clone(reloader), stops.clone());
            tokio::spawn(count((self.ticks.clone(), Arc::clone(&self.runs)), reloader, stops));
        }
        ticks
    }
}

type Own = (watch::Sender<Option<Arc<Tick>>>, Arc<Mutex<bool>>);

async fn count((ticks, runs): Own, reloader: Arc<Reloader>, stops: Stops) {
    let mut turns = interval(PACE);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        {
            let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
            if ticks.receiver_count() == 0 {
                *runs = false;
                ticks.send_replace(None);
                return;
            }
        }
        let snapshot = reloader.shared().load_full();
        let before = ticks.borrow().clone();
        let draining = stops.drain.is_cancelled();
        let made = tokio::task::spawn_blocking(move || tick(snapshot, draining, before.as_deref()));
        if let Ok(made) = made.await {
            ticks.send_replace(Some(Arc::new(made)));
        }
    }
}

fn tick(snapshot: Arc<Snapshot>, draining: bool, before: Option<&Tick>) -> Tick {
    let (at, apis) = (Instant::now(), numbers::of(&snapshot));
    let mut rates = BTreeMap::new();
    if let Some(before) = before {
        let seconds = at.duration_since(before.at).as_secs_f64().max(0.001);
        let known: BTreeMap<_, _> = before.apis.iter().map(|one| (&one.name, one)).collect();
        for one in &apis {
            let Some(then) = known.get(&one.name) else { continue };
            let rate = |now: u64, then: u64| {
                f64::from(u32::try_from(now.saturating_sub(then)).unwrap_or(u32::MAX)) / seconds
            };
            let (now, then) = (&one.whole, &then.whole);
            let both = (rate(now.all, then.all), rate(now.failed, then.failed));
            rates.insert(Arc::clone(&one.name), both);
        }
    }
    Tick { at, snapshot, draining, apis, rates }
}

/// One page that is told.
#[derive(Clone, Debug)]
pub(in crate::admin) struct Live {
    ticks: watch::Receiver<Option<Arc<Tick>>>,
    /// Only what the page of this api shows; empty for the list of all.
    api: String,
    stops: Stops,
    _seat: Arc<OwnedSemaphorePermit>,
}

pub(super) fn answer(desk: &Desk, call: &Call) -> Answer {
    if desk.stops.drain.is_cancelled() {
        // the one status after which a browser does not ask again
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        return answer;
    }
    let Ok(seat) = Arc::clone(&desk.feed.seats).try_acquire_owned() else {
        let why = format!("{WATCHERS} pages are told already; this one goes on without");
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "too-many-watchers", &why);
    };
    let mut answer = Response::new(Full::default());
    let media = HeaderValue::from_static("text/event-stream");
    answer.headers_mut().insert(CONTENT_TYPE, media);
    answer.extensions_mut().insert(Live {
        ticks: desk.feed.follow(&desk.reloader, &desk.stops),
        api: Form::asked(call).text("api").to_owned(),
        stops: desk.stops.clone(),
        _seat: Arc::new(seat),
    });
    answer
}

/// Where a stream stands.
struct Told {
    live: Live,
    last: BTreeMap<String, String>,
    ends: Instant,
    begun: bool,
}

impl Live {
    /// The events.
    pub(in crate::admin) fn body(self) -> UnsyncBoxBody<Bytes, Infallible> {
        let ends = Instant::now() + LASTS;
        let told = Told { live: self, last: BTreeMap::new(), ends, begun: false };
        let events = unfold(told, |mut told| async move {
            let text = told.next().await?;
            Some((Ok(Frame::data(Bytes::from(text))), told))
        });
        StreamBody::new(events).boxed_unsync()
    }
}

impl Told {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        if !self.begun {
            self.begun = true;
            // said at once, so that the page knows that it is heard
            return Some("retry: 3000\n\n".to_owned());
        }
        loop {
            if Instant::now() >= self.ends {
                return None;
            }
            let changed = tokio::select! {
                changed = timeout(SILENCE, self.live.ticks.changed()) => changed,
                () = self.live.stops.drain.cancelled() => return None,
            };
            let Ok(changed) = changed else { return Some(": nothing new\n\n".to_owned()) };
            changed.ok()?;
            let Some(tick) = self.live.ticks.borrow_and_update().clone() else { continue };
            let now = values(&tick, &self.live.api);
            let fresh: BTreeMap<_, _> =
                now.iter().filter(|(name, text)| self.last.get(*name) != Some(*text)).collect();
            if fresh.is_empty() {
                continue;
            }
            let text = format!("data: {}\n\n", json!(fresh));
            self.last = now;
            return Some(text);
        }
    }
}

/// What a page shows, by the names that its parts have.
fn values(tick: &Tick, api: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    all.insert("generation".to_owned(), tick.snapshot.generation.to_string());
    all.insert("draining".to_owned(), if tick.draining { "draining" } else { "" }.to_owned());
    if api.is_empty() {
        let mut whole = Tally::default();
        let mut rates = (0.0, 0.0);
        for one in &tick.apis {
            whole.merge(&one.whole);
            let rate = tick.rates.get(&one.name).copied();
            if let Some((requests, failed)) = rate {
                rates = (rates.0 + requests, rates.1 + failed);
            }
            of_whole(&mut all, &format!("a:{}", one.name), (&one.whole, rate));
            all.insert(format!("a:{}:u", one.name), format!("{} / {}", one.well.0, one.well.1));
        }
        let rates = (!tick.rates.is_empty()).then_some(rates);
        of_whole(&mut all, "g", (&whole, rates));
    } else if let Some(one) = tick.apis.iter().find(|one| &*one.name == api) {
        of_whole(&mut all, "g", (&one.whole, tick.rates.get(&one.name).copied()));
        all.insert("g:u".to_owned(), shown(one.unrouted.all));
        for cell in &one.cells {
            let name = format!("c:{}:{}", cell.client, cell.group);
            of_whole(&mut all, &name, (&cell.tally, None));
        }
        let found = tick.snapshot.apis.iter().find(|own| own.name == one.name);
        for endpoint in found.iter().flat_map(|api| backends::of(api)) {
            let state = format!("{} {}", endpoint.sign(), endpoint.state);
            all.insert(format!("{}:s", endpoint.key), state);
            all.insert(format!("{}:f", endpoint.key), endpoint.in_flight.to_string());
            all.insert(format!("{}:m", endpoint.key), endpoint.milliseconds);
        }
    }
    all
}

fn of_whole(
    all: &mut BTreeMap<String, String>,
    name: &str,
    (tally, rate): (&Tally, Option<(f64, f64)>),
) {
    let mut put = |part: &str, text: String| all.insert(format!("{name}:{part}"), text);
    put("n", shown(tally.all));
    put("x", shown(tally.refused));
    put("e", shown(tally.failed));
    put("p50", tally.percentile(50));
    put("p99", tally.percentile(99));
    if let Some((requests, _)) = rate {
        put(
            "r",
            if requests >= 10.0 { format!("{requests:.0}") } else { format!("{requests:.1}") },
        );
    }
}
