//! Making a connection to an endpoint: TCP, TLS where it is spoken, and the HTTP that was agreed on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::uri::Authority;
use rustls::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsConnector, TlsStream};

use super::dial::Dial;
use super::gate::{Full, Gate};
use crate::config::BackendProtocol;
use crate::tls::ClientSide;
use crate::wire::{Berths, Seat, Stream};

/// Who is spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Goal<'a> {
    /// The endpoint's key, by which its connections are found.
    pub key: u64,
    /// What a connection is made to: an address where the name was looked up, else the name.
    pub authority: &'a Authority,
    /// Host and port as configured; its certificate has to have that host.
    pub named: &'a Authority,
    /// How it is spoken to.
    pub dial: &'a Dial,
    /// Those that wait for a connection to the backend.
    pub pending: &'a Arc<Gate>,
    /// How many connections of HTTP/1.1 may be open to the backend; `None` for any number.
    pub berths: Option<&'a Arc<Berths>>,
    /// What the request wants beside an answer; only HTTP/1.1 can give it.
    pub beside: Beside<'a>,
}

/// What a request may get beside its answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The protocol that the connection may switch to. Without it no 101 is taken.
    pub upgrade: Option<&'a HeaderValue>,
    /// The client that hears of interim answers.
    pub client: Option<&'a Seat>,
}

/// A connection on which nothing was sent yet.
#[derive(Debug)]
pub(super) enum Connected {
    /// For HTTP/1.1.
    Http1(Stream),
    /// For HTTP/2.
    Http2(Stream),
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectFailure {
    /// It does not answer.
    Unreachable,
    /// It did not answer in time.
    TooSlow,
    /// As many wait for a connection as may.
    Full,
    /// It shows no certificate that can be trusted, as the text says, for the log.
    Untrusted(String),
}

/// Connects, all steps within a time.
pub(super) async fn connect(
    goal: &Goal<'_>,
    within: Duration,
) -> Result<Connected, ConnectFailure> {
    let _waits = goal.pending.enter().map_err(|Full| ConnectFailure::Full)?;
    timeout(within, connected(goal)).await.unwrap_or(Err(ConnectFailure::TooSlow))
}

async fn connected(goal: &Goal<'_>) -> Result<Connected, ConnectFailure> {
    let Dial { protocol, tls } = goal.dial;
    let host = goal.authority.host().trim_start_matches('[').trim_end_matches(']');
    let port = goal.authority.port_u16().unwrap_or_else(|| goal.dial.usual_port());
    let address = (host, port);
    let stream = TcpStream::connect(address).await.map_err(|_| ConnectFailure::Unreachable)?;
    // a failure only means that the kernel keeps its default
    let _ = stream.set_nodelay(true);
    match tls {
        Some(tls) => secured(goal, tls, stream).await,
        None if *protocol == BackendProtocol::Http2 => Ok(Connected::Http2(Stream::Tcp(stream))),
        None => Ok(Connected::Http1(Stream::Tcp(stream))),
    }
}

async fn secured(
    goal: &Goal<'_>,
    tls: &ClientSide,
    stream: TcpStream,
) -> Result<Connected, ConnectFailure> {
    let Some(name) = tls.name(goal.named.host()) else {
        let why = format!("`{}` is not a name that a certificate has", goal.named.host());
        return Err(ConnectFailure::Untrusted(why));
    };
    let stream = TlsConnector::from(tls.config())
        .connect(name, stream)
        .await
        .map_err(|error| failure(&error))?;
    let speaks_two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let stream = Stream::Tls(Box::new(TlsStream::Client(stream)));
    match goal.dial.protocol {
        // without ALPN there is no HTTP/2 over TLS (RFC 9113 §3.2)
        BackendProtocol::Http2 if !speaks_two => {
            Err(ConnectFailure::Untrusted("the backend does not agree on HTTP/2".to_owned()))
        }
        BackendProtocol::Http2 | BackendProtocol::Auto if speaks_two => {
            Ok(Connected::Http2(stream))
        }
        _ => Ok(Connected::Http1(stream)),
    }
}

/// A certificate that is not trusted is another matter than a peer that went away.
fn failure(error: &io::Error) -> ConnectFailure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(fault) => ConnectFailure::Untrusted(fault.to_string()),
        None => ConnectFailure::Unreachable,
    }
}
