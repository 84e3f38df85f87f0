//! One client connection, from accept to close, HTTP/1.1 or HTTP/2 by prior knowledge.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::http1::{Caller, http1};
use super::io::Guarded;
use super::transport::{Arrival, Gates, Refused, accept};
use super::tunnel::Waits;
use crate::config::Config;
use crate::control::Stops;
use crate::exchange::{House, Peer, serve};
use crate::snapshot::Listener;
use crate::wire::{HeadLimits, Incoming, Link, Stream};

/// What every HTTP/2 connection begins with (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What holds for a connection from its first octet on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) head: HeadLimits,
    /// Octets of a request target.
    pub(super) target: usize,
    /// Connections from one address; `None` for any number.
    pub(super) per_address: Option<usize>,
    streams: u32,
    pub(super) header: Duration,
    pub(super) write: Duration,
    /// Most octets of an unread request body that are read and forgotten to keep a connection.
    pub(super) unread: usize,
    /// Most octets, and the longest time, for a peer to take the last answer before a close that would destroy it.
    pub(super) linger: (usize, Duration),
    pub(super) tunnel: Waits,
}

impl Rules {
    pub(super) const fn new(config: &Config) -> Self {
        Self {
            head: HeadLimits { octets: config.limits.head, fields: config.limits.fields },
            target: config.limits.target,
            per_address: match config.limits.connections_per_address {
                0 => None,
                most => Some(most),
            },
            streams: config.limits.streams,
            header: config.timeouts.header,
            write: config.timeouts.write,
            unread: config.limits.unread,
            linger: (config.limits.linger, config.timeouts.linger),
            tunnel: Waits { write: config.timeouts.write, idle: config.timeouts.tunnel },
        }
    }
}

/// Which protocol a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// What is done before HTTP, in the time of a head.
pub(super) async fn arrive(
    (stream, address): (TcpStream, SocketAddr),
    place: &Listener,
    (gates, counted): (&Gates, impl Fn(IpAddr) -> Option<usize>),
    rules: Rules,
) -> Result<Arrival, Refused> {
    let arriving = accept((stream, address), place, gates, counted);
    timeout(rules.header, arriving).await.unwrap_or(Err(Refused::Late))
}

/// Serves a connection until it closes, or until told to drain.
pub(super) async fn connection(
    arrival: Arrival,
    house: &Arc<House>,
    rules: Rules,
    stops: &Stops,
    tunnels: &Gauge,
) {
    // what counts the connection goes with it
    let Arrival { stream, address, protocol, secure, told, subject, present: _present } = arrival;
    let mut link = Link::new(stream, BytesMut::new());
    // one look-out and one clock serve for the protocol and for all heads
    let mut close = pin!(stops.idle.cancelled());
    let protocol = match protocol {
        Some(protocol) => protocol,
        None => match begin(&mut link, rules.header, close.as_mut()).await {
            Some(protocol) => protocol,
            None => return,
        },
    };
    let peer = Peer::over(address, secure).told(told).known_as(subject);
    match protocol {
        Protocol::Http1 => {
            let caller = Caller { house, peer, rules, stops, tunnels };
            // a task is moved several times before it runs and once when it is over, and a walk is some kilobytes
            Box::pin(http1(link, caller, close)).await;
        }
        Protocol::Http2 => {
            let (stream, ahead) = link.into_parts();
            let io = Guarded::new(stream, ahead.freeze(), rules.write);
            let rest = (rules, stops.drain.clone());
            Box::pin(http2(io, Arc::clone(house), peer, rest)).await;
        }
    }
}

/// Reads until the protocol is known; `None` where the peer goes before, says too little within the time, or `close` says
/// that nobody is waited for any more.
async fn begin(
    link: &mut Link,
    within: Duration,
    mut close: Pin<&mut impl Future<Output = ()>>,
) -> Option<Protocol> {
    let deadline = Instant::now() + within;
    poll_fn(|context| {
        loop {
            let seen = &link.input;
            let common = seen.iter().zip(PREFACE).take_while(|(seen, wanted)| seen == wanted);
            let common = common.count();
            if common == PREFACE.len() {
                return Poll::Ready(Some(Protocol::Http2));
            }
            if common < seen.len() {
                return Poll::Ready(Some(Protocol::Http1));
            }
            match link.poll_fill(context) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => return Poll::Ready(None),
                Poll::Pending => {
                    let over = close.as_mut().poll(context).is_ready()
                        || link.clock.poll(context, deadline).is_ready();
                    return if over { Poll::Ready(None) } else { Poll::Pending };
                }
            }
        }
    })
    .await
}

async fn http2(
    io: Guarded<Stream>,
    house: Arc<House>,
    peer: Peer,
    (rules, drain): (Rules, CancellationToken),
) {
    let peer = Arc::new(peer);
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let (house, peer) = (Arc::clone(&house), Arc::clone(&peer));
        let (head, body) = request.into_parts();
        let request = (head.into(), Incoming::Http2(body));
        // the library moves what it is given several times, and a walk is some kilobytes
        async move { Ok::<_, Infallible>(Box::pin(serve(&house, &peer, request)).await.into()) }
    });
    let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(rules.head.octets).unwrap_or(u32::MAX))
        .max_concurrent_streams(rules.streams)
        .max_pending_accept_reset_streams(Some(20))
        .max_local_error_reset_streams(Some(256))
        .max_send_buf_size(64 << 10)
        .keep_alive_interval(Some(rules.write))
        .keep_alive_timeout(rules.header);
    // an error of a connection is the peer's doing; what it cut short is said by the exchange's own record
    let speaks = |io| async move {
        let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = drain.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    };
    let _ = Guarded::driven(speaks, io).await;
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::pin;
    use std::time::Duration;

    use bytes::BytesMut;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::{PREFACE, Protocol, begin};
    use crate::wire::{Link, Stream};

    const HOUR: Duration = Duration::from_hours(1);

    async fn link() -> (Link, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        (Link::new(Stream::Tcp(far), BytesMut::new()), near)
    }

    #[tokio::test]
    async fn the_protocol_is_known_by_its_first_octets_and_nothing_is_lost() {
        let cases = [
            (PREFACE.to_vec(), Protocol::Http2),
            (b"PRIX".to_vec(), Protocol::Http1),
            (b"GET / HTTP/1.1".to_vec(), Protocol::Http1),
        ];
        for (sent, expected) in cases {
            let (mut link, mut near) = link().await;
            near.write_all(&sent).await.unwrap();
            let protocol = begin(&mut link, HOUR, pin!(pending())).await;
            assert_eq!(protocol, Some(expected));
            assert!(sent.starts_with(&link.input));
        }
    }

    #[tokio::test]
    async fn who_says_too_little_or_goes_or_is_not_waited_for_has_no_protocol() {
        let (mut slow, mut near) = link().await;
        near.write_all(b"PRI * HTTP/2.0").await.unwrap();
        assert_eq!(begin(&mut slow, Duration::from_millis(20), pin!(pending())).await, None);
        assert_eq!(begin(&mut slow, HOUR, pin!(ready(()))).await, None);
        drop(near);
        assert_eq!(begin(&mut slow, HOUR, pin!(pending())).await, None);
    }
}
