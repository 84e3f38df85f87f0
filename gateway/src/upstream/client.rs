//! Sending a request to an endpoint over HTTP/1.1 connections that one worker keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use http::uri::Authority;
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::body::{BodyFault, OutboundBody};
use super::call::Call;
use crate::wire::{Incoming, Link, Lot, Stream};

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

/// Why no answer came.
#[derive(Debug)]
pub enum SendFailure {
    /// No connection; nothing was sent, and the body is here to be sent elsewhere.
    Connect(OutboundBody),
    /// The connection ended before anything of an answer came. Whether the request was served is unknown.
    Unanswered,
    /// No answer in time.
    Timeout,
    /// The client's body stopped.
    Body(BodyFault),
    /// The connection failed or the answer was malformed, as the text says, for the log.
    Broken(String),
}

/// The connections of one worker to all endpoints.
#[derive(Debug)]
pub struct Client {
    lots: Mutex<HashMap<Authority, Arc<Lot>>>,
    /// The workers that there are, each with a client.
    workers: usize,
}

impl Client {
    /// A client without connections, one of so many.
    pub fn new(workers: usize) -> Self {
        Self { lots: Mutex::default(), workers: workers.max(1) }
    }

    /// Sends, and waits for the head of the answer. Cancel safe: dropping it closes the connection.
    pub async fn send(
        &self,
        authority: &Authority,
        request: Request<OutboundBody>,
        settings: &ClientSettings,
    ) -> Result<Response<Incoming>, SendFailure> {
        let lot = self.lot(authority);
        let (head, mut body) = request.into_parts();
        let home = (Arc::clone(&lot), settings.idle_connections.div_ceil(self.workers));
        if let Some(link) = lot.take() {
            let again = if head.method.is_idempotent() { body.again() } else { None };
            let call = Call::new(link, &head, body, settings);
            match call.run(&head.method, home.clone()).await {
                // a backend may close a connection just when it is used again; that says nothing of its health
                Err(SendFailure::Unanswered) if again.is_some() => {
                    body = again.unwrap_or_else(OutboundBody::empty);
                }
                done => return done,
            }
        }
        let link = match connect(authority, settings).await {
            Ok(stream) => Box::new(Link::new(stream, BytesMut::new())),
            Err(()) => return Err(SendFailure::Connect(body)),
        };
        let call = Call::new(link, &head, body, settings);
        call.run(&head.method, home).await
    }

    fn lot(&self, authority: &Authority) -> Arc<Lot> {
        let mut lots = self.lots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lot) = lots.get(authority) {
            return Arc::clone(lot);
        }
        Arc::clone(lots.entry(authority.clone()).or_default())
    }

    /// Closes connections that were not used for this long, and forgets addresses that have none.
    pub fn sweep(&self, idle: Duration) {
        let mut lots = self.lots.lock().unwrap_or_else(PoisonError::into_inner);
        lots.retain(|_, lot| lot.sweep(idle) > 0 || Arc::strong_count(lot) > 1);
    }
}

async fn connect(authority: &Authority, settings: &ClientSettings) -> Result<Stream, ()> {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let address = (host, authority.port_u16().unwrap_or(80));
    let stream = match timeout(settings.connect, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(_)) | Err(_) => return Err(()),
    };
    // a failure only means that the kernel keeps its default
    let _ = stream.set_nodelay(true);
    Ok(Stream::Tcp(stream))
}
