//! HTTP/2 to backends: a few connections to each endpoint, many requests on each.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use h2::Reason;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Uri, Version};
use http_body::Body as _;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{Instant, timeout_at};

use super::body::{BodyFault, OutboundBody};
use super::client::{ClientSettings, SendFailure};
use super::connect::Goal;
use crate::wire::{Incoming, Lease, RequestHead, Response, ResponseHead, Stream, of_response};

/// Most requests at once on one connection, whatever the backend allows.
const STREAMS: usize = 256;
/// Most connections to one endpoint, of one worker; beyond that requests wait for a stream.
const CONNECTIONS: usize = 8;
/// What a backend may send ahead on one stream.
const STREAM_WINDOW: u32 = 64 << 10;
/// What it may send ahead on all streams: so much that a client which reads slowly never holds up another.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 256;
/// A connection with requests on it is asked this often whether it lives.
const PING: Duration = Duration::from_secs(15);
/// Until an answer to that.
const PONG: Duration = Duration::from_secs(10);

/// One connection.
#[derive(Debug)]
struct Trunk {
    sender: SendRequest<OutboundBody>,
    streams: Arc<AtomicUsize>,
    /// Streams that the backend allows.
    allowed: Arc<AtomicUsize>,
    /// It was told to be going away.
    spent: Arc<AtomicBool>,
    /// When a request was last put on it.
    used: Mutex<Instant>,
}

impl Trunk {
    /// Takes a stream, if there is one.
    fn occupy(&self) -> Option<Way> {
        let most = self.allowed.load(Ordering::Relaxed).clamp(1, STREAMS);
        (self.streams.load(Ordering::Relaxed) < most).then(|| self.take())
    }

    fn take(&self) -> Way {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let (sender, spent) = (self.sender.clone(), Arc::clone(&self.spent));
        Way { sender, spent, lease: Lease::new(&self.streams) }
    }

    fn is_open(&self) -> bool {
        !self.sender.is_closed() && !self.spent.load(Ordering::Relaxed)
    }

    fn is_idle(&self, idle: Duration) -> bool {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.streams.load(Ordering::Relaxed) == 0 && used.elapsed() >= idle
    }
}

/// The connections of one worker to one endpoint.
#[derive(Debug, Default)]
pub(super) struct Trunks {
    open: Mutex<Vec<Trunk>>,
    /// Held while a connection is made, so that a burst makes one and not as many as it has requests.
    making: tokio::sync::Mutex<()>,
}

/// A stream on a connection.
#[derive(Debug)]
pub(super) struct Way {
    sender: SendRequest<OutboundBody>,
    spent: Arc<AtomicBool>,
    lease: Lease,
}

impl Trunks {
    /// A stream on a connection that is open.
    pub(super) fn way(&self) -> Option<Way> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(Trunk::is_open);
        let most = open.len() >= CONNECTIONS;
        open.iter().find_map(Trunk::occupy).or_else(|| {
            // it waits there for its turn
            let quietest = open.iter().min_by_key(|trunk| trunk.streams.load(Ordering::Relaxed));
            quietest.filter(|_| most).map(Trunk::take)
        })
    }

    /// Waits for whoever makes a connection just now.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.making.lock().await
    }

    /// Begins HTTP/2 on a stream, and takes the first stream of it.
    pub(super) async fn begin(&self, stream: Stream, settings: &ClientSettings) -> Option<Way> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(u32::try_from(settings.head).unwrap_or(u32::MAX))
            .max_send_buf_size(STREAM_WINDOW as usize)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PONG);
        let (sender, mut connection) = builder.handshake(TokioIo::new(stream)).await.ok()?;
        // it ends when the last sender is dropped and the last stream is over, or with the peer
        let allowed = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
        let told = Arc::clone(&allowed);
        tokio::spawn(poll_fn(move |context| {
            let over = Pin::new(&mut connection).poll(context);
            told.store(connection.current_max_send_streams(), Ordering::Relaxed);
            over.map(drop)
        }));
        let trunk = Trunk {
            sender,
            streams: Arc::default(),
            allowed,
            spent: Arc::default(),
            used: Mutex::new(Instant::now()),
        };
        let way = trunk.take();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(trunk);
        Some(way)
    }

    /// Lets connections end that were not used for this long; says how many there are left.
    pub(super) fn sweep(&self, idle: Duration) -> usize {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|trunk| trunk.is_open() && !trunk.is_idle(idle));
        open.len()
    }
}

/// What came of a request on a connection.
pub(super) enum Sent {
    /// An answer, or why there is none.
    Over(Result<Response<Incoming>, SendFailure>),
    /// The backend did nothing with it; here it is to be sent on another connection.
    Unserved(OutboundBody),
}

/// Sends, and waits for the head of the answer. Cancel safe: dropping it resets the stream.
pub(super) async fn send(
    way: Way,
    (head, body): (&RequestHead, OutboundBody),
    goal: &Goal<'_>,
    settings: &ClientSettings,
) -> Sent {
    let Way { mut sender, spent, lease } = way;
    let deadline = Instant::now() + settings.answer;
    let scheme = if goal.dial.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
    let again = body.again();
    let mut request = Request::new(body);
    *request.headers_mut() = head.headers.clone().into();
    // the authority stands in the target, where a Host beside it could only differ (RFC 9113 §8.3.1)
    let host = request.headers_mut().remove(HOST);
    let asked = host.as_ref().and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let target = head.uri.path_and_query().cloned();
    let Some(uri) = uri(scheme, asked.unwrap_or_else(|| goal.authority.clone()), target) else {
        return Sent::Over(Err(SendFailure::Broken("the target cannot be written".to_owned())));
    };
    *request.uri_mut() = uri;
    request.method_mut().clone_from(&head.method);
    *request.version_mut() = Version::HTTP_2;
    let Ok(answer) = timeout_at(deadline, sender.try_send_request(request)).await else {
        return Sent::Over(Err(SendFailure::Timeout));
    };
    match answer {
        Ok(answer) => {
            let (own, body) = answer.into_parts();
            let mut own = ResponseHead::from(own);
            if let Err(why) = sound(&head.method, &own) {
                return Sent::Over(Err(SendFailure::Broken(why.to_owned())));
            }
            own.version = Version::HTTP_11;
            let body = if body.is_end_stream() {
                Incoming::Empty
            } else {
                Incoming::Shared(Box::new((body, lease)))
            };
            Sent::Over(Ok(Response { head: own, body }))
        }
        Err(mut failed) => {
            if let Some(unsent) = failed.take_message() {
                spent.store(true, Ordering::Relaxed);
                return Sent::Unserved(unsent.into_body());
            }
            let error = failed.into_error();
            let fault = find::<h2::Error>(&error);
            spent.fetch_or(fault.is_some_and(h2::Error::is_go_away), Ordering::Relaxed);
            match again {
                Some(again) if fault.is_some_and(is_unserved) => Sent::Unserved(again),
                _ => Sent::Over(Err(failure(&error))),
            }
        }
    }
}

/// An answer that could be read otherwise by whoever gets it over HTTP/1.1.
fn sound(method: &Method, head: &ResponseHead) -> Result<(), &'static str> {
    if head.status.is_informational() {
        return Err("an interim answer that nobody asked for");
    }
    of_response(method, head.status, Version::HTTP_10, &head.headers).map(drop)
}

fn uri(scheme: Scheme, authority: Authority, target: Option<PathAndQuery>) -> Option<Uri> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    parts.path_and_query = Some(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    Uri::from_parts(parts).ok()
}

/// Whether the backend says that it did nothing (RFC 9113 §8.7): it refused the stream, or went away before it.
fn is_unserved(fault: &h2::Error) -> bool {
    fault.is_remote()
        && (fault.reason() == Some(Reason::REFUSED_STREAM)
            || (fault.is_go_away() && fault.reason() == Some(Reason::NO_ERROR)))
}

fn failure(error: &hyper::Error) -> SendFailure {
    if let Some(fault) = find::<BodyFault>(error) {
        return SendFailure::Body(*fault);
    }
    match find::<h2::Error>(error) {
        // what it said is no answer, but it is no silence either
        Some(fault) if fault.is_reset() => SendFailure::Broken(chain(error)),
        _ => SendFailure::Unanswered,
    }
}

fn find<'e, Wanted: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e Wanted> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<Wanted>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
