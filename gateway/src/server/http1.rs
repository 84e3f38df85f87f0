//! One client connection over HTTP/1.1: head, walk, answer, and again, all in one task.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HeaderValue, TE};
use http::{Method, StatusCode, Version};
use http_body::{Body as _, Frame};
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use super::connection::Rules;
use super::tunnel::tunnel;
use crate::control::Stops;
use crate::exchange::{Cut, House, Peer, ReplyBody, refuse, serve};
use crate::refusal::Refusal;
use crate::wire::{
    Arrival, HeadFault, Incoming, Link, RequestHead, Response, ResponseHead, Seat, Sending, chunk,
    end_of_chunks, names, of_request, response_head,
};

/// So many octets of an answer are queued before they are written.
const QUEUED: usize = 64 << 10;
/// A piece of this size is written before another is read, so that one buffer serves for all.
const LARGE: usize = 16 << 10;

/// Whom a connection serves, and by what rules.
pub(super) struct Caller<'a> {
    pub(super) house: &'a House,
    pub(super) peer: Peer,
    pub(super) rules: Rules,
    pub(super) stops: &'a Stops,
    /// Counts tunnels that are open.
    pub(super) tunnels: &'a Gauge,
}

/// What the answer has to know of its request.
struct Asked {
    method: Method,
    version: Version,
    keeps: bool,
    trailers: bool,
}

impl Asked {
    fn read(head: &RequestHead) -> Self {
        let keeps = match head.version {
            Version::HTTP_10 => names(&head.headers, &CONNECTION, b"keep-alive"),
            // what follows a CONNECT was meant for a tunnel
            _ => head.method != Method::CONNECT && !names(&head.headers, &CONNECTION, b"close"),
        };
        Self {
            method: head.method.clone(),
            version: head.version,
            keeps,
            trailers: names(&head.headers, &TE, b"trailers"),
        }
    }

    /// What cannot be answered in the manner of a sound request.
    const fn nothing() -> Self {
        let (method, version) = (Method::GET, Version::HTTP_11);
        Self { method, version, keeps: false, trailers: false }
    }
}

/// Serves a connection until it closes, or until it is idle and `close` says so.
pub(super) async fn http1(
    link: Link,
    mut caller: Caller<'_>,
    mut close: Pin<&mut impl Future<Output = ()>>,
) {
    let seat = Seat::new(link, caller.rules.write);
    caller.peer.client = Some(Arc::clone(&seat));
    loop {
        let deadline = Instant::now() + caller.rules.header;
        let arrival = poll_fn(|context| {
            let arrival = seat.poll_head(context, caller.rules.head, deadline);
            if arrival.is_pending() && !seat.has_begun() && close.as_mut().poll(context).is_ready()
            {
                return Poll::Ready(Arrival::Gone);
            }
            arrival
        });
        let limits = caller.rules.head;
        let refusal = match arrival.await {
            Arrival::Head(head) => {
                if caller.exchange(&seat, *head).await {
                    continue;
                }
                return;
            }
            Arrival::Gone | Arrival::Late(false) => return,
            Arrival::Late(true) => Refusal::HeadTooSlow,
            Arrival::TooLarge(true) => Refusal::TargetTooLong(caller.rules.target),
            Arrival::TooLarge(false) => Refusal::HeadTooLarge(limits.octets),
            Arrival::Fault(HeadFault::Fields) => Refusal::FieldsTooMany(limits.fields),
            Arrival::Fault(HeadFault::Version) => Refusal::HttpVersion,
            Arrival::Fault(HeadFault::Malformed(why)) => Refusal::Head(why),
        };
        let response = refuse(caller.house, &refusal);
        if caller.answer(&seat, &Asked::nothing(), response).await.is_ok() {
            linger(&seat, caller.rules).await;
        }
        return;
    }
}

impl Caller<'_> {
    /// One request and its answer. Whether the connection can carry another.
    async fn exchange(&self, seat: &Arc<Seat>, head: RequestHead) -> bool {
        let mut asked = Asked::read(&head);
        let body = if let Ok(framing) = of_request(head.version, &head.headers) {
            let expects = names(&head.headers, &EXPECT, b"100-continue");
            seat.body(framing, (head.version, expects))
        } else {
            // refused by the walk, which asks the same
            asked.keeps = false;
            None
        };
        let sound = asked.keeps || body.is_some() || seat.is_body_over();
        let body = body.map_or(Incoming::Empty, Incoming::Client);
        let response = {
            let mut answer = pin!(serve(self.house, &self.peer, (head, body)));
            let served = poll_fn(|context| match answer.as_mut().poll(context) {
                Poll::Ready(response) => Poll::Ready(Some(response)),
                Poll::Pending => seat.poll_gone(context, self.rules.head).map(|()| None),
            });
            served.await
        };
        let Some(mut response) = response else { return false };
        if let Some(opened) = response.body.opened() {
            let switched = (Sending::Nothing, Some("upgrade"));
            seat.with(|link| {
                response_head(
                    link.scratch(),
                    response.head.status,
                    &response.head.headers,
                    switched,
                );
                link.queue_scratch();
            });
            tunnel(seat, opened, self.rules.tunnel, self.tunnels).await;
            return false;
        }
        match self.answer(seat, &asked, response).await {
            Err(_) => return false,
            Ok(true) if sound && seat.is_body_over() => return true,
            Ok(true) if sound => {
                let (mut most, deadline) = (self.rules.unread, Instant::now() + self.rules.header);
                if poll_fn(|context| seat.poll_drain(context, &mut most, deadline)).await {
                    return true;
                }
            }
            Ok(_) => {}
        }
        if !seat.is_body_over() || seat.has_begun() || !sound {
            linger(seat, self.rules).await;
        }
        false
    }

    /// Writes an answer. Whether the connection stays open, as the head said; an error when the answer was cut.
    async fn answer(
        &self,
        seat: &Seat,
        asked: &Asked,
        response: Response<ReplyBody>,
    ) -> io::Result<bool> {
        let Response { mut head, body } = response;
        let mut keeps = asked.keeps
            && !names(&head.headers, &CONNECTION, b"close")
            && !self.stops.drain.is_cancelled()
            && seat.is_body_short(self.rules.unread);
        let sending = sending(asked, &mut head, &body);
        keeps &= sending != Sending::Close;
        let connection = match (keeps, asked.version) {
            (false, _) => Some("close"),
            (true, Version::HTTP_10) => Some("keep-alive"),
            (true, _) => None,
        };
        seat.with(|link| {
            let told = (sending, connection);
            response_head(link.scratch(), head.status, &head.headers, told);
            link.queue_scratch();
        });
        let is_over = sending == Sending::Nothing;
        let trailers = asked.trailers;
        let mut writer = Writer { seat, body, sending, is_over, trailers, cut: false };
        poll_fn(|context| writer.poll(context, self.rules)).await?;
        Ok(keeps)
    }
}

/// How the body is sent, and what the head says of one that is not.
fn sending(asked: &Asked, head: &mut ResponseHead, body: &ReplyBody) -> Sending {
    let length = body.size_hint().exact();
    if head.status == StatusCode::NO_CONTENT || head.status.is_informational() {
        head.headers.remove(CONTENT_LENGTH);
        return Sending::Nothing;
    }
    if asked.method == Method::HEAD || head.status == StatusCode::NOT_MODIFIED {
        if let Some(length) = length.filter(|length| *length > 0)
            && !head.headers.has(CONTENT_LENGTH)
        {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        return Sending::Nothing;
    }
    match (length, asked.version) {
        (Some(length), _) => Sending::Length(length),
        (None, Version::HTTP_10) => Sending::Close,
        (None, _) => Sending::Chunked,
    }
}

/// An answer's body on its way out.
struct Writer<'a> {
    seat: &'a Seat,
    body: ReplyBody,
    sending: Sending,
    is_over: bool,
    /// The client takes trailers.
    trailers: bool,
    /// The body failed: what came before it is written, and no end.
    cut: bool,
}

impl Writer<'_> {
    fn poll(&mut self, context: &mut Context<'_>, rules: Rules) -> Poll<io::Result<()>> {
        loop {
            let mut waits = false;
            while !self.is_over && self.seat.with(|link| link.queued()) < QUEUED {
                let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
                    waits = true;
                    break;
                };
                if self.take(frame) >= LARGE {
                    break;
                }
            }
            ready!(self.seat.with(|link| link.poll_flush(context, rules.write)))?;
            if self.cut {
                if self.sending == Sending::Close {
                    self.seat.with(|link| link.reset_on_close());
                }
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            if self.is_over {
                return Poll::Ready(Ok(()));
            }
            if waits {
                ready!(self.seat.poll_gone(context, rules.head));
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
        }
    }

    /// Queues one frame; says how many octets of data it had.
    fn take(&mut self, frame: Option<Result<Frame<Bytes>, Cut>>) -> usize {
        let chunked = self.sending == Sending::Chunked;
        let trailers = match frame {
            Some(Err(_)) => {
                (self.is_over, self.cut) = (true, true);
                return 0;
            }
            None => None,
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let octets = data.len();
                    self.seat.with(
                        |link| {
                            if chunked { chunk(link, data) } else { link.queue(data) }
                        },
                    );
                    // a body of known length is over without being asked again
                    self.is_over = !chunked && self.body.is_end_stream();
                    return octets;
                }
                Err(other) => other.into_trailers().ok(),
            },
        };
        self.is_over = true;
        if chunked {
            let trailers = trailers.filter(|_| self.trailers);
            self.seat.with(|link| end_of_chunks(link, trailers.as_ref()));
        }
        0
    }
}

/// Lets the peer take the last answer. What fails here has no one left to be told.
async fn linger(seat: &Seat, rules: Rules) {
    let (mut most, patience) = rules.linger;
    let deadline = Instant::now() + patience;
    let _ = poll_fn(|context| seat.poll_linger(context, &mut most, deadline)).await;
}
