//! What is known of each exchange, said in one line when its last byte is gone or its body is cut.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Version};

use super::line::{Facts, Json, Writer, always};
use super::trace::Trace;
use crate::ledger::Sheet;
use crate::otel::{Spans, Value};
use crate::snapshot::loss::Lost;
use crate::upstream::{Endpoint, Pass, Seat};

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
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Abandoned => "abandoned",
            Self::Cut => "cut",
        }
    }
}

/// What only the log has to know of an exchange, kept where it may have a line.
#[derive(Debug)]
pub struct Said {
    sheet: Arc<Sheet>,
    /// The client's address, as far as somebody trusted tells it.
    pub peer: Option<IpAddr>,
    /// What the client speaks.
    pub protocol: &'static str,
    /// `native` or `bridged`; empty where no backend was chosen.
    pub verdict: &'static str,
    /// Until backends sent the heads of their answers.
    pub waited: Duration,
    /// Octets that were read of the request's body; absent where it has none.
    pub octets: Option<Arc<AtomicU64>>,
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

impl Said {
    const fn new(sheet: Arc<Sheet>) -> Self {
        Self {
            sheet,
            peer: None,
            protocol: "",
            verdict: "",
            waited: Duration::ZERO,
            octets: None,
            target: None,
            api: None,
            operation: None,
            client_version: None,
            backend_version: None,
        }
    }

    pub(super) fn read(&self) -> u64 {
        self.octets.as_ref().map_or(0, |octets| octets.load(Ordering::Relaxed))
    }
}

/// A version of HTTP as a log has it.
pub const fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

/// What is known of an exchange; it is said when dropped. Nothing of a body or a credential is in it.
#[derive(Debug)]
pub struct Record {
    /// When the head was there.
    pub started: Instant,
    /// The id, sound by construction.
    pub id: HeaderValue,
    /// The method.
    pub method: Method,
    /// The operation, for a collector; kept where there are spans.
    pub operation: Option<Arc<str>>,
    /// The trace that it belongs to.
    pub trace: Option<Trace>,
    /// What is recorded for a collector; absent for most.
    pub spans: Option<Box<Spans>>,
    /// Absent where no log is kept.
    said: Option<Said>,
    /// Nothing of it is counted: it is of a request that somebody only asks about.
    is_idle: bool,
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
    pub fn new(
        (id, method): (HeaderValue, Method),
        generation: u64,
        sheet: Option<&Arc<Sheet>>,
    ) -> Self {
        Self {
            started: Instant::now(),
            id,
            method,
            trace: None,
            spans: None,
            operation: None,
            said: sheet.map(|sheet| Said::new(Arc::clone(sheet))),
            is_idle: false,
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

    /// The record of a request that is not served: it is neither told nor counted.
    #[must_use]
    pub fn idle(self) -> Self {
        let mut idle = self;
        (idle.said, idle.is_idle) = (None, true);
        idle
    }

    /// Notes something for the log, if somebody reads it: each of these is a count that all workers share.
    pub fn say(&mut self, note: impl FnOnce(&mut Said)) {
        if let Some(said) = &mut self.said {
            note(said);
        }
    }

    /// Whether it may have a line.
    pub const fn is_said(&self) -> bool {
        self.said.is_some()
    }

    /// Notes and counts what a conversion lost.
    pub fn lose(&mut self, lost: &Lost) {
        if !self.is_idle {
            lost.count();
        }
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

impl Record {
    /// What a collector is told (semantic conventions of HTTP, and what is ours under `evergate`).
    fn export(&mut self) {
        let Some(spans) = self.spans.take() else { return };
        let text = |name, text: &str| (name, Value::Text(text.to_owned()));
        let method = self.method.as_str();
        let mut attributes = vec![
            text("http.request.method", method),
            ("http.response.status_code", Value::Number(self.status.into())),
            text("evergate.request_id", self.id.to_str().unwrap_or_default()),
            text("evergate.ended", self.ended.word()),
        ];
        let route = self.operation.as_deref().and_then(|label| label.split_once(' '));
        attributes.extend(route.map(|(_, route)| text("http.route", route)));
        if !self.refusal.is_empty() {
            attributes.push(text("error.type", self.refusal));
        }
        if !self.lost.is_empty() {
            attributes.push(text("evergate.lost", &self.lost.rules()));
        }
        let name =
            route.map_or_else(|| method.to_owned(), |(_, route)| format!("{method} {route}"));
        spans.finish(attributes, (name, self.lost.spent()));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.export();
        let Some(said) = self.said.take() else { return };
        let config = said.sheet.config();
        let share = if always(self) { 1.0 } else { config.sample.of(self.status) };
        if !said.sheet.hits(share) {
            return;
        }
        let took = self.started.elapsed();
        let facts = Facts { record: self, said: &said, took, share, query: config.query };
        let json = if said.sheet.is_json() { Json::Yes } else { Json::No };
        said.sheet.write(|out, mut clock| {
            let mut writer = Writer::begin(out, json);
            for field in &config.fields {
                facts.write(*field, (&mut writer, &mut clock));
            }
            writer.end();
        });
    }
}
