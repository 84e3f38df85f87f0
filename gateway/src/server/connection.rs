//! One client connection, from accept to close, HTTP/1.1 or HTTP/2 by prior knowledge.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::io::{Guarded, Protocol};
use super::transport::{Arrival, Refused, accept};
use crate::config::Config;
use crate::exchange::{House, Peer, serve};
use crate::snapshot::Listener;

/// What holds for a connection from its first octet on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    head: usize,
    fields: usize,
    streams: u32,
    header: Duration,
    write: Duration,
}

impl Rules {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            head: config.limits.head,
            fields: config.limits.fields,
            streams: config.limits.streams,
            header: config.timeouts.header,
            write: config.timeouts.write,
        }
    }
}

/// Told to all connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Stops {
    /// Finish what is in flight and close.
    pub(super) drain: CancellationToken,
    /// Close now.
    pub(super) abort: CancellationToken,
}

/// What is done before HTTP, in the time of a head.
pub(super) async fn arrive(
    (stream, address): (TcpStream, SocketAddr),
    place: &Listener,
    handshakes: &Semaphore,
    rules: Rules,
) -> Result<Arrival, Refused> {
    // a failure only means that the kernel keeps its default
    let _ = stream.set_nodelay(true);
    let arriving = accept(stream, address, place, handshakes);
    timeout(rules.header, arriving).await.unwrap_or(Err(Refused::Late))
}

/// Serves a connection until it closes, or until told to stop.
pub(super) async fn connection(arrival: Arrival, house: Arc<House>, rules: Rules, stops: Stops) {
    let Arrival { stream, address, protocol, secure, told } = arrival;
    let (mut io, protocol) = if let Some(protocol) = protocol {
        (Guarded::known(stream, rules.write), protocol)
    } else {
        let accepted = tokio::select! {
            accepted = timeout(rules.header, Guarded::accept(stream, rules.write)) => accepted,
            () = stops.drain.cancelled() => return,
        };
        let Ok(Ok(accepted)) = accepted else { return };
        accepted
    };
    let peer = Arc::new(Peer::over(address, secure).told(told));
    if protocol == Protocol::Http1 {
        io.scan(peer.ambiguous());
    }
    let service = service_fn(move |request| {
        let (house, peer) = (Arc::clone(&house), Arc::clone(&peer));
        async move { Ok::<_, Infallible>(serve(&house, &peer, request).await) }
    });
    let io = TokioIo::new(io);
    // an error of a connection is the peer's doing; what it cut short is said by the exchange's own record
    match protocol {
        Protocol::Http1 => {
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(rules.header)
                .max_headers(rules.fields)
                .max_buf_size(rules.head.max(8192));
            let mut connection = pin!(builder.serve_connection(io, service));
            tokio::select! {
                _ = connection.as_mut() => return,
                () = stops.drain.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            tokio::select! {
                _ = connection => {}
                () = stops.abort.cancelled() => {}
            }
        }
        Protocol::Http2 => {
            let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .max_header_list_size(u32::try_from(rules.head).unwrap_or(u32::MAX))
                .max_concurrent_streams(rules.streams)
                .max_pending_accept_reset_streams(Some(20))
                .max_local_error_reset_streams(Some(256))
                .max_send_buf_size(64 << 10)
                .keep_alive_interval(Some(rules.write))
                .keep_alive_timeout(rules.header);
            let mut connection = pin!(builder.serve_connection(io, service));
            tokio::select! {
                _ = connection.as_mut() => return,
                () = stops.drain.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            tokio::select! {
                _ = connection => {}
                () = stops.abort.cancelled() => {}
            }
        }
    }
}
