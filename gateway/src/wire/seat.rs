//! The server's side of a connection: one request after the other, its body read while its answer is made.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, Version};
use http_body::Frame;
use tokio::time::Instant;

use super::decode::{BodyError, Decoder, Piece};
use super::encode::{CONTINUE, interim};
use super::fields::Fields;
use super::framing::Framing;
use super::head::{End, HeadFault, RequestHead, end, parse_request};
use super::hop::strip_hop_by_hop;
use super::link::Link;

/// Most empty lines before a request: RFC 9112 §2.2 asks for one.
const EMPTY_LINES: u8 = 4;

/// What a head may be.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// Octets of a head.
    pub octets: usize,
    /// Its fields.
    pub fields: usize,
}

/// What came where a request's head was waited for.
#[derive(Debug)]
pub enum Arrival {
    /// A head.
    Head(Box<RequestHead>),
    /// Something that is none.
    Fault(HeadFault),
    /// More than a head may have; `true` when its first line alone has more.
    TooLarge(bool),
    /// Nothing whole in time; `true` when something had come.
    Late(bool),
    /// The peer is gone, or closed between two requests.
    Gone,
}

/// A connection whose requests are served one after the other. It is shared between the task of the connection and the
/// body that the same task reads, so that its lock is never waited for.
#[derive(Debug)]
pub struct Seat(Mutex<State>);

#[derive(Debug)]
struct State {
    link: Link,
    patience: Duration,
    /// Octets of the head that were looked at.
    seen: usize,
    /// Empty lines before it.
    empty: u8,
    decoder: Decoder,
    /// The client waits for a 100 before it sends the body.
    expects: bool,
    /// The client knows of interim answers.
    hears: bool,
    /// The client gets nothing more once this failed.
    broken: bool,
}

impl Seat {
    /// A seat on a connection whose peer has so much time to take what it is told before an answer.
    pub fn new(link: Link, patience: Duration) -> Arc<Self> {
        let decoder = Decoder::new(Framing::Length(0));
        Arc::new(Self(Mutex::new(State {
            link,
            patience,
            seen: 0,
            empty: 0,
            decoder,
            expects: false,
            hears: false,
            broken: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something of the next request is there.
    pub fn has_begun(&self) -> bool {
        !self.state().link.input.is_empty()
    }

    /// Waits for a head until the deadline.
    pub fn poll_head(
        &self,
        context: &mut Context<'_>,
        limits: HeadLimits,
        deadline: Instant,
    ) -> Poll<Arrival> {
        let mut state = self.state();
        let State { link, seen, empty, .. } = &mut *state;
        loop {
            // RFC 9112 §2.2: empty lines before a request are skipped
            while *seen == 0 && link.input.starts_with(b"\r\n") {
                if *empty == EMPTY_LINES {
                    let why = "too many empty lines stand before a request; leave them out";
                    return Poll::Ready(Arrival::Fault(HeadFault::Malformed(why)));
                }
                *empty += 1;
                let _ = link.input.split_to(2);
            }
            match end(&link.input, *seen) {
                End::At(at) if at <= limits.octets => {
                    (*seen, *empty) = (0, 0);
                    let bytes = link.input.split_to(at).freeze();
                    return Poll::Ready(match parse_request(&bytes, limits.fields) {
                        Ok(head) => Arrival::Head(Box::new(head)),
                        Err(fault) => Arrival::Fault(fault),
                    });
                }
                End::BareLf => {
                    let why = "a line ends in LF alone; end lines in CRLF";
                    return Poll::Ready(Arrival::Fault(HeadFault::Malformed(why)));
                }
                End::NotYet if link.input.len() <= limits.octets => {}
                End::At(_) | End::NotYet => {
                    let within = link.input.get(..limits.octets).unwrap_or_default();
                    return Poll::Ready(Arrival::TooLarge(!within.contains(&b'\n')));
                }
            }
            // a CR that stands first may be the first half of an empty line
            *seen = if link.input.len() < 2 { 0 } else { link.input.len() };
            match link.poll_fill(context) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(_)) if link.input.is_empty() => return Poll::Ready(Arrival::Gone),
                Poll::Ready(Ok(_)) => {
                    let why = "the connection ended within the head";
                    return Poll::Ready(Arrival::Fault(HeadFault::Malformed(why)));
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Arrival::Gone),
                Poll::Pending => {
                    ready!(link.poll_idle(context, deadline));
                    return Poll::Ready(Arrival::Late(!link.input.is_empty()));
                }
            }
        }
    }

    /// The body behind the head that was just read, which said this version and whether a 100 is waited for.
    pub fn body(
        self: &Arc<Self>,
        framing: Framing,
        (version, expects): (Version, bool),
    ) -> Option<SeatBody> {
        let mut state = self.state();
        state.decoder = Decoder::new(framing);
        let is_empty = state.decoder.is_done();
        state.hears = version == Version::HTTP_11;
        state.expects = expects && state.hears && !is_empty;
        (!is_empty).then(|| SeatBody { seat: Arc::clone(self) })
    }

    /// Whether the body was read to its end.
    pub fn is_body_over(&self) -> bool {
        self.state().decoder.is_done()
    }

    /// Whether what is left of the body is no more than this, and will come without being asked for.
    pub fn is_body_short(&self, octets: usize) -> bool {
        let state = self.state();
        // a body in chunks is tried
        let short = state.decoder.left().is_none_or(|left| left <= octets as u64);
        short && (!state.expects || state.decoder.is_done())
    }

    /// Ready when the peer is gone. Reads ahead of the request that is being served, no more than fits.
    pub fn poll_gone(&self, context: &mut Context<'_>, limits: HeadLimits) -> Poll<()> {
        let mut state = self.state();
        if !state.decoder.is_done() {
            return Poll::Pending;
        }
        let link = &mut state.link;
        while link.input.len() < limits.octets {
            match ready!(link.poll_fill(context)) {
                Ok(1..) => {}
                // a request that came before is still to be served
                Ok(_) if !link.input.is_empty() => return Poll::Pending,
                Ok(_) | Err(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }

    /// Tells the client something before its answer (RFC 9110 §15.2), unless it speaks HTTP/1.0. Fields of one connection
    /// are left out.
    pub fn interim(&self, status: StatusCode, mut headers: Fields) {
        let mut state = self.state();
        if state.hears {
            strip_hop_by_hop(&mut headers);
            interim(state.link.scratch(), status, &headers);
            state.link.queue_scratch();
        }
    }

    /// Writes what was told, as far as the client takes it. Whoever waits for the answer notices that the client is gone,
    /// and what it does not take is written before the answer.
    pub fn poll_told(&self, context: &mut Context<'_>) {
        let mut state = self.state();
        if state.link.queued() > 0 {
            let patience = state.patience;
            let _ = state.link.poll_flush(context, patience);
        }
    }

    /// Works on the link, for whoever writes the answer.
    pub fn with<T>(&self, work: impl FnOnce(&mut Link) -> T) -> T {
        work(&mut self.state().link)
    }

    /// Reads and forgets what is left of the body, at most `most` octets; the answer says whether that was all of it.
    pub fn poll_drain(
        &self,
        context: &mut Context<'_>,
        most: &mut usize,
        deadline: Instant,
    ) -> Poll<bool> {
        let mut state = self.state();
        loop {
            match state.poll_piece(context) {
                Poll::Ready(Ok(Piece::End)) => return Poll::Ready(true),
                Poll::Ready(Ok(Piece::Data(data))) => match most.checked_sub(data.len()) {
                    Some(left) => *most = left,
                    None => return Poll::Ready(false),
                },
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(false),
                Poll::Pending => {
                    ready!(state.link.clock.poll(context, deadline));
                    return Poll::Ready(false);
                }
            }
        }
    }

    /// Closes so that what was written arrives: says that no more comes, then takes and forgets what the peer still
    /// sends, since a close over unread octets is a reset that may overtake the answer (RFC 9112 §9.6).
    pub fn poll_linger(
        &self,
        context: &mut Context<'_>,
        most: &mut usize,
        deadline: Instant,
    ) -> Poll<io::Result<()>> {
        let mut state = self.state();
        ready!(state.link.poll_shutdown(context))?;
        loop {
            state.link.input.clear();
            match state.link.poll_fill(context) {
                Poll::Ready(Ok(1..)) => match most.checked_sub(state.link.input.len()) {
                    Some(left) => *most = left,
                    None => return Poll::Ready(Ok(())),
                },
                Poll::Ready(done) => return Poll::Ready(done.map(|_| ())),
                Poll::Pending => {
                    ready!(state.link.clock.poll(context, deadline));
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl State {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece, BodyError>> {
        loop {
            let ended = self.link.has_ended();
            match self.decoder.next(&mut self.link.input, ended) {
                Ok(Piece::More) => match ready!(self.link.poll_fill(context)) {
                    Ok(_) => {}
                    Err(error) => return Poll::Ready(Err(BodyError::Cut(Some(error)))),
                },
                other => return Poll::Ready(other),
            }
        }
    }
}

/// The body of a request.
#[derive(Debug)]
pub struct SeatBody {
    seat: Arc<Seat>,
}

impl SeatBody {
    pub(super) fn is_over(&self) -> bool {
        self.seat.state().decoder.is_done()
    }

    pub(super) fn left(&self) -> Option<u64> {
        self.seat.state().decoder.left()
    }

    pub(super) fn poll_frame(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut state = self.seat.state();
        if state.broken {
            return Poll::Ready(Some(Err(BodyError::Cut(None))));
        }
        if std::mem::take(&mut state.expects) && state.link.input.is_empty() {
            state.link.queue(CONTINUE);
        }
        // the 100, and interim answers of the backend
        let patience = state.patience;
        if state.link.queued() > 0
            && let Poll::Ready(Err(error)) = state.link.poll_flush(context, patience)
        {
            state.broken = true;
            return Poll::Ready(Some(Err(BodyError::Cut(Some(error)))));
        }
        let piece = ready!(state.poll_piece(context));
        Poll::Ready(match piece {
            Ok(Piece::Data(data)) => Some(Ok(Frame::data(data))),
            Ok(Piece::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Ok(Piece::End | Piece::More) => None,
            Err(error) => {
                state.broken = true;
                Some(Err(error))
            }
        })
    }
}
