//! One event for each exchange, said when its last byte is gone or its body is cut.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::snapshot::loss::Lost;
use crate::upstream::{Endpoint, Pass, Seat};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method};
use tracing::{Level, enabled, event};

/// How an exchange ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// The client was given all of it.
    Whole,
    /// The client went away, or was too slow.
    #[default]
    Abandoned,
    /// The body was cut: the backend broke off, or the conversion failed after the head was gone.
    Cut,
}

impl Ended {
    const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Abandoned => "abandoned",
            Self::Cut => "cut",
        }
    }
}

/// What only the log has to know of an exchange, kept where somebody reads the log.
#[derive(Debug, Default)]
pub struct Said {
    /// The target in normal form; none when there was none.
    pub target: Option<PathAndQuery>,
    /// The api's name; none when unknown.
    pub api: Option<Arc<str>>,
    /// The operation; none when unknown.
    pub operation: Option<Arc<str>>,
    /// The client's version.
    pub client_version: Option<Arc<str>>,
    /// The backend's version.
    pub backend_version: Option<Arc<str>>,
}

/// What is known of an exchange; it is said when dropped. Nothing of a body, a query or a credential is in it.
#[derive(Debug)]
pub struct Record {
    /// When the head was there.
    pub started: Instant,
    /// The id, sound by construction.
    pub id: HeaderValue,
    /// The method.
    pub method: Method,
    /// Absent where nobody reads the log.
    said: Option<Said>,
    /// The place at the endpoint that was sent to last; it is given back when the record is said.
    pub seat: Option<Seat>,
    /// Longest silence inside the answer, where a backend is asked.
    pub silence: Option<Duration>,
    /// How many of the worker's requests this is one of; given back with the record.
    pub pass: Option<Pass>,
    /// How often a request was sent to a backend for it.
    pub sent: u32,
    /// The snapshot that served it.
    pub generation: u64,
    /// The status sent.
    pub status: u16,
    /// The refusal's code; empty for none.
    pub refusal: &'static str,
    /// What is said to the log alone.
    pub cause: String,
    /// Octets of body sent to the client, or through a tunnel to it.
    pub bytes_out: u64,
    /// Octets that the client sent through a tunnel.
    pub tunnel_in: u64,
    /// What the conversions lost.
    lost: Lost,
    /// How a full write was merged with what its version cannot show; empty when it was not.
    pub merged: &'static str,
    /// How often a document was read for that.
    pub reads: u32,
    /// How it ended.
    pub ended: Ended,
}

impl Record {
    /// A record of what is known at the start.
    pub fn new(id: HeaderValue, method: Method, generation: u64) -> Self {
        let told = enabled!(target: "evergate::exchange", Level::INFO);
        Self {
            started: Instant::now(),
            id,
            method,
            said: told.then(Said::default),
            seat: None,
            silence: None,
            pass: None,
            sent: 0,
            generation,
            status: 0,
            refusal: "",
            cause: String::new(),
            bytes_out: 0,
            tunnel_in: 0,
            lost: Lost::default(),
            merged: "",
            reads: 0,
            ended: Ended::default(),
        }
    }

    /// Notes something for the log, if somebody reads it: each of these is a count that all workers share.
    pub fn say(&mut self, note: impl FnOnce(&mut Said)) {
        if let Some(said) = &mut self.said {
            note(said);
        }
    }

    /// Notes and counts what a conversion lost.
    pub fn lose(&mut self, lost: &Lost) {
        lost.count();
        self.lost.merge(lost);
    }

    /// The endpoint that was sent to last.
    pub fn endpoint(&self) -> Option<&Arc<Endpoint>> {
        self.seat.as_ref().map(Seat::endpoint)
    }

    /// What was lost so far.
    pub const fn lost(&self) -> &Lost {
        &self.lost
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Some(said) = self.said.take() else { return };
        let path = said.target.as_ref().map_or("", PathAndQuery::path);
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let endpoint = self.endpoint().map_or("", |one| one.authority().as_str());
        event!(
            target: "evergate::exchange",
            Level::INFO,
            id = self.id.to_str().unwrap_or_default(),
            method = self.method.as_str(),
            path = path.escape_default().to_string(),
            api = said.api.as_deref().unwrap_or_default(),
            operation = said.operation.as_deref().unwrap_or_default(),
            client_version = said.client_version.as_deref().unwrap_or_default(),
            backend_version = said.backend_version.as_deref().unwrap_or_default(),
            endpoint,
            sent = self.sent,
            generation = self.generation,
            status = self.status,
            refusal = self.refusal,
            cause = self.cause.escape_default().to_string(),
            bytes_out = self.bytes_out,
            tunnel_in = self.tunnel_in,
            losses = self.lost.total(),
            lost = self.lost.rules(),
            merged = self.merged,
            reads = self.reads,
            micros,
            ended = self.ended.word(),
            "exchange"
        );
    }
}
