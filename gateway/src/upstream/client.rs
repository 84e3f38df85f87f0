//! Sending a request to an endpoint over connections that one worker keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use foldhash::fast::FixedState;
use http::uri::Authority;
use tokio::time::{Instant, timeout, timeout_at};

use super::body::{BodyFault, OutboundBody};
use super::call::Call;
use super::connect::{ConnectFailure, Connected, Goal, connect};
use super::gate::Full;
use super::http2::{self, Sent, Trunks, Way};
use super::remembered::Memory;
use super::repeat::may_repeat;
use crate::config::BackendProtocol;
use crate::wire::{Berth, Incoming, Link, Look, Lot, RequestHead, Response, Stream, Turn};

/// How often one request is put on a connection of HTTP/2 that turns out to be going away.
const ROUNDS: usize = 3;

/// How backends are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// Longest time for a TCP connection to be made.
    pub connect: Duration,
    /// Longest time until the head of the answer is there, from the moment the request is handed over.
    pub answer: Duration,
    /// Longest time that a backend takes nothing of what is written to it.
    pub write: Duration,
    /// Longest time an unused connection is kept.
    pub idle: Duration,
    /// Most unused connections kept to one endpoint, by all workers.
    pub idle_connections: usize,
    /// Largest head of an answer, in octets.
    pub head: usize,
    /// Most fields of an answer's head.
    pub fields: usize,
}

impl ClientSettings {
    /// The same, for a request that has no more than this time for a connection and for its answer.
    fn within(&self, left: Duration) -> Self {
        Self { connect: self.connect.min(left), answer: self.answer.min(left), ..*self }
    }
}

/// Why no answer came.
#[derive(Debug)]
pub enum SendFailure {
    /// No connection; nothing was sent, and the body is here to be sent elsewhere.
    Connect(OutboundBody),
    /// No connection in time; the same holds.
    ConnectTimeout(OutboundBody),
    /// As many requests wait for a connection as may, or none was free in time; the same holds.
    Full(OutboundBody),
    /// The endpoint shows no certificate that holds, as the text says, for the log; nothing was sent, and the body is here.
    Untrusted(OutboundBody, String),
    /// The connection ended before anything of an answer came. Whether the request was served is unknown.
    Unanswered,
    /// No answer in time.
    Timeout,
    /// The client's body stopped.
    Body(BodyFault),
    /// The connection failed or the answer was malformed, as the text says, for the log.
    Broken(String),
}

/// The connections of one worker to one endpoint, spoken to in one way.
#[derive(Debug)]
struct Lane {
    /// For HTTP/1.1, one request at a time on each.
    lot: Arc<Lot>,
    /// For HTTP/2.
    trunks: Trunks,
}

/// Lanes to endpoints of one key, by what is connected to and the mark of how it is spoken to.
type Lanes = Vec<(Authority, u64, Arc<Lane>)>;

/// The connections of one worker to all endpoints.
#[derive(Debug)]
pub struct Client {
    /// By the endpoint's key.
    lanes: Mutex<HashMap<u64, Lanes, FixedState>>,
    /// The workers that there are, each with a client.
    workers: usize,
    /// What is remembered of bodies that may have to be sent again.
    memory: Arc<Memory>,
}

impl Client {
    /// A client without connections, one of so many.
    pub fn new(workers: usize) -> Self {
        Self { lanes: Mutex::default(), workers: workers.max(1), memory: Arc::default() }
    }

    /// The body of a request that may be done twice: it can be had again as long as it turns out to be small.
    pub fn remembered(&self, body: OutboundBody) -> OutboundBody {
        body.remembered(&self.memory)
    }

    /// Sends, and waits for the head of the answer. Cancel safe: dropping it closes the connection, or resets the stream.
    pub async fn send(
        &self,
        goal: &Goal<'_>,
        (head, mut body): (&RequestHead, OutboundBody),
        settings: &ClientSettings,
    ) -> Result<Response<Incoming>, SendFailure> {
        let lane = self.lane(goal);
        let home = (Arc::clone(&lane.lot), settings.idle_connections.div_ceil(self.workers));
        let again = if may_repeat(head, false) { body.again() } else { None };
        let look = if again.is_some() && body.is_here() { Look::Quick } else { Look::Sure };
        let link = match lane.lot.take(look) {
            Some(link) => link,
            None => match Box::pin(turn(&lane, goal, settings)).await {
                Ok(Waited::Link(link)) => link,
                Ok(Waited::Place(berth, left)) => {
                    let settings = &ClientSettings { connect: left, ..*settings };
                    let afresh = afresh((&lane, home), goal, (head, body), (settings, None), berth);
                    return Box::pin(afresh).await;
                }
                Err(failure) => return Err(failed(failure, body)),
            },
        };
        // one that is sent again has the place of the connection that died
        let berth = again.as_ref().and_then(|_| link.berth().cloned());
        let due = Instant::now() + settings.answer;
        let call = Call::new(link, (head, body), goal.beside, settings);
        match call.run(&head.method, home.clone(), due).await {
            // a backend may close a connection just when it is used again; that says nothing of its health
            Err(SendFailure::Unanswered) if again.as_ref().is_some_and(OutboundBody::is_whole) => {
                body = again.unwrap_or_else(OutboundBody::empty);
            }
            done => return done,
        }
        // what is left of the time that the answer had
        let left = settings.within(due.saturating_duration_since(Instant::now()));
        let afresh = afresh((&lane, home), goal, (head, body), (&left, Some(due)), berth);
        match Box::pin(afresh).await {
            Err(SendFailure::ConnectTimeout(_)) if Instant::now() >= due => {
                Err(SendFailure::Timeout)
            }
            end => end,
        }
    }

    fn lane(&self, goal: &Goal<'_>) -> Arc<Lane> {
        // where connections are counted they are of one backend alone, which this address tells from any other
        let own = goal.berths.map_or(0, |berths| Arc::as_ptr(berths).addr() as u64);
        let mark = goal.dial.mark().wrapping_add(own);
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let own = lanes.entry(goal.key).or_default();
        let same = |(authority, known, _): &&(Authority, u64, Arc<Lane>)| {
            *known == mark && authority == goal.authority
        };
        if let Some((_, _, lane)) = own.iter().find(same) {
            return Arc::clone(lane);
        }
        let lot = goal.berths.map_or_else(Arc::default, Lot::within);
        let lane = Arc::new(Lane { lot, trunks: Trunks::default() });
        own.push((goal.authority.clone(), mark, Arc::clone(&lane)));
        lane
    }

    /// This worker's part of what all may have.
    pub const fn share(&self, most: usize) -> usize {
        most.div_ceil(self.workers)
    }

    /// Closes connections that were not used for this long, and forgets addresses that have none.
    pub fn sweep(&self, idle: Duration) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.retain(|_, own| {
            own.retain(|(_, _, lane)| {
                let left = lane.lot.sweep(idle) + lane.trunks.sweep(idle);
                left > 0 || Arc::strong_count(lane) > 1 || Arc::strong_count(&lane.lot) > 1
            });
            !own.is_empty()
        });
    }
}

/// What a request has that found no unused connection.
enum Waited {
    /// One that was given back.
    Link(Box<Link>),
    /// The right to make one, where the number is bounded, and what is left of the time for it.
    Place(Option<Berth>, Duration),
}

/// Where no more connections of HTTP/1.1 may be open, waits for one that is given back, or until another may be made.
async fn turn(
    lane: &Lane,
    goal: &Goal<'_>,
    settings: &ClientSettings,
) -> Result<Waited, ConnectFailure> {
    let Some(berths) = goal.berths else { return Ok(Waited::Place(None, settings.connect)) };
    let due = Instant::now() + settings.connect;
    let _waits = goal.pending.enter().map_err(|Full| ConnectFailure::Full)?;
    let turn = timeout_at(due, lane.lot.turn(berths)).await;
    Ok(match turn.map_err(|_| ConnectFailure::Full)? {
        Turn::Link(link) => Waited::Link(link),
        Turn::Berth(berth) => {
            Waited::Place(Some(berth), due.saturating_duration_since(Instant::now()))
        }
    })
}

/// Sends over a new connection, or over one that is shared. The answer is due then, or in its usual time.
async fn afresh(
    (lane, home): (&Lane, (Arc<Lot>, usize)),
    goal: &Goal<'_>,
    (head, mut body): (&RequestHead, OutboundBody),
    (settings, due): (&ClientSettings, Option<Instant>),
    berth: Option<Berth>,
) -> Result<Response<Incoming>, SendFailure> {
    let stream = if goal.dial.protocol == BackendProtocol::Http1 {
        match connect(goal, settings.connect).await {
            Ok(Connected::Http1(stream) | Connected::Http2(stream)) => stream,
            Err(failure) => return Err(failed(failure, body)),
        }
    } else {
        match shared(lane, goal, (head, body), settings).await {
            Shared::Over(end) => return end,
            Shared::Alone(stream, unsent) => {
                body = unsent;
                stream
            }
        }
    };
    let link = Box::new(Link::new(stream, BytesMut::new()).within(berth));
    let call = Call::new(link, (head, body), goal.beside, settings);
    let due = due.unwrap_or_else(|| Instant::now() + settings.answer);
    call.run(&head.method, home, due).await
}

/// What came of a request to an endpoint that may speak HTTP/2.
enum Shared {
    /// An answer, or why there is none.
    Over(Result<Response<Incoming>, SendFailure>),
    /// The endpoint speaks HTTP/1.1; nothing was sent yet.
    Alone(Stream, OutboundBody),
}

/// Puts a request on a connection of HTTP/2, one that is open or a new one.
async fn shared(
    lane: &Lane,
    goal: &Goal<'_>,
    (head, mut body): (&RequestHead, OutboundBody),
    settings: &ClientSettings,
) -> Shared {
    for _ in 0..ROUNDS {
        let way = match way(lane, goal, settings).await {
            Ok(Found::Way(way)) => way,
            Ok(Found::Alone(stream)) => return Shared::Alone(stream, body),
            Err(failure) => return Shared::Over(Err(failed(failure, body))),
        };
        match http2::send(way, (head, body), goal, settings).await {
            Sent::Over(end) => return Shared::Over(end),
            Sent::Unserved(unsent) => body = unsent,
        }
    }
    Shared::Over(Err(SendFailure::Connect(body)))
}

/// Where a request to an endpoint that may speak HTTP/2 can go.
enum Found {
    /// A stream of HTTP/2.
    Way(Way),
    /// A new connection, on which the endpoint speaks HTTP/1.1.
    Alone(Stream),
}

/// A stream on an open connection or on a new one; a burst makes one connection, and not as many as it has requests.
async fn way(
    lane: &Lane,
    goal: &Goal<'_>,
    settings: &ClientSettings,
) -> Result<Found, ConnectFailure> {
    if let Some(way) = lane.trunks.way() {
        return Ok(Found::Way(way));
    }
    let turn = timeout(settings.connect, lane.trunks.turn()).await;
    let _turn = turn.map_err(|_| ConnectFailure::TooSlow)?;
    if let Some(way) = lane.trunks.way() {
        return Ok(Found::Way(way));
    }
    match connect(goal, settings.connect).await? {
        Connected::Http1(stream) => Ok(Found::Alone(stream)),
        Connected::Http2(stream) => {
            let begun = lane.trunks.begin(stream, settings).await;
            begun.map(Found::Way).ok_or(ConnectFailure::Unreachable)
        }
    }
}

fn failed(failure: ConnectFailure, body: OutboundBody) -> SendFailure {
    match failure {
        ConnectFailure::Unreachable => SendFailure::Connect(body),
        ConnectFailure::TooSlow => SendFailure::ConnectTimeout(body),
        ConnectFailure::Full => SendFailure::Full(body),
        ConnectFailure::Untrusted(why) => SendFailure::Untrusted(body, why),
    }
}
