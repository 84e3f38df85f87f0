//! Sending a request to an endpoint over pooled HTTP/1.1 connections.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::body::{BodyFault, OutboundBody};

/// What a client is built from; equal settings may share one client and so its idle connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// Longest time for a TCP connection to be made.
    pub connect: Duration,
    /// Longest time until the head of the answer is there, from the moment the request is handed over.
    pub answer: Duration,
    /// Longest time an unused connection is kept.
    pub idle: Duration,
    /// Most unused connections kept to one endpoint.
    pub idle_connections: usize,
    /// Largest head of an answer, in octets.
    pub head: usize,
}

/// Why no answer came.
#[derive(Debug)]
pub enum SendFailure {
    /// No connection; nothing was sent, and the body, if nobody had begun to read it, is here to be sent elsewhere.
    Connect(Option<OutboundBody>),
    /// No answer in time.
    Timeout,
    /// The client's body stopped.
    Body(BodyFault),
    /// The connection failed or the answer was malformed, as the text says, for the log.
    Broken(String),
}

/// A pooled client for all endpoints.
#[derive(Clone)]
pub struct Client {
    inner: Pooled<HttpConnector, OutboundBody>,
    settings: ClientSettings,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Client {
    /// A client without connections.
    pub fn new(settings: ClientSettings) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.connect));
        let inner = Pooled::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle)
            .pool_max_idle_per_host(settings.idle_connections)
            .http1_max_buf_size(settings.head.max(8192))
            .http1_max_headers(200)
            .set_host(false)
            .build(connector);
        Self { inner, settings }
    }

    /// What it was built from.
    pub const fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// Sends, and waits for the head of the answer. Cancel safe: dropping it closes the connection.
    pub async fn send(
        &self,
        request: Request<OutboundBody>,
    ) -> Result<Response<Incoming>, SendFailure> {
        let (head, body) = request.into_parts();
        let (body, reclaim) = body.reclaimable();
        let answer = self.inner.request(Request::from_parts(head, body));
        match tokio::time::timeout(self.settings.answer, answer).await {
            Err(_) => Err(SendFailure::Timeout),
            Ok(Ok(response)) => {
                check_framing(response.headers())
                    .map_err(|why| SendFailure::Broken(why.to_owned()))?;
                Ok(response)
            }
            Ok(Err(error)) if error.is_connect() => Err(SendFailure::Connect(reclaim.take())),
            Ok(Err(error)) => Err(body_fault(&error)
                .map_or_else(|| SendFailure::Broken(chain(&error)), SendFailure::Body)),
        }
    }
}

/// Framing that hyper resolves one way and another reader may resolve otherwise (RFC 9112 §6.1, §6.3).
fn check_framing(headers: &HeaderMap) -> Result<(), &'static str> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let coding = codings.next();
    let length = lengths.next();
    match (coding, length) {
        (Some(_), Some(_)) => Err("both Content-Length and Transfer-Encoding"),
        (Some(coding), None) => {
            let plain =
                coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
            if plain { Ok(()) } else { Err("a transfer coding other than chunked") }
        }
        (None, Some(length)) => {
            let digits = !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit);
            if digits && lengths.next().is_none() {
                Ok(())
            } else {
                Err("an unclear Content-Length")
            }
        }
        (None, None) => Ok(()),
    }
}

fn body_fault(error: &(dyn Error + 'static)) -> Option<BodyFault> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(fault) = error.downcast_ref::<BodyFault>() {
            return Some(*fault);
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

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::check_framing;

    #[track_caller]
    fn check(fields: &[(&'static str, &'static str)], sound: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        assert_eq!(check_framing(&headers).is_ok(), sound, "{fields:?}");
    }

    #[test]
    fn framing_that_can_be_read_two_ways_is_refused() {
        check(&[], true);
        check(&[("content-length", "12")], true);
        check(&[("transfer-encoding", "Chunked")], true);
        check(&[("content-length", "12"), ("content-length", "12")], false);
        check(&[("content-length", "12, 12")], false);
        check(&[("content-length", "+1")], false);
        check(&[("content-length", "1"), ("transfer-encoding", "chunked")], false);
        check(&[("transfer-encoding", "gzip, chunked")], false);
        check(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], false);
    }
}
