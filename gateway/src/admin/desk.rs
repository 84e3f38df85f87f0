//! What an administrator's call brings, what may be used to answer it, and how an answer is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use schemars::JsonSchema;
use serde::Serialize;

use super::access::Access;
use super::credentials::Key;
use super::page::Feed;
use crate::control::{Identity, Reloader, Stops};

pub(super) type Answer = Response<Full<Bytes>>;

/// What answers are made from.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) reloader: Arc<Reloader>,
    pub(super) stops: Stops,
    pub(super) access: Arc<Access>,
    /// Tells pages what changes.
    pub(super) feed: Feed,
}

/// One call, its body whole.
#[derive(Debug)]
pub(super) struct Call {
    /// Who calls; they may ask for what the row is.
    pub(super) who: Identity,
    /// By which credential.
    pub(super) key: Key,
    /// The cookie of the session that the caller is known by.
    pub(super) cookie: Option<String>,
    /// Whether the call came under TLS.
    pub(super) secure: bool,
    /// What stands at `{name}` in the row's path, decoded.
    pub(super) places: BTreeMap<&'static str, String>,
    /// As it stands behind `?`; empty for none.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why nothing was done (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Fault {
    /// The status in words.
    pub(super) title: &'static str,
    /// The status.
    pub(super) status: u16,
    /// A stable word for programs.
    pub(super) code: String,
    /// What is wrong, and what to do.
    pub(super) detail: String,
}

impl Fault {
    pub(super) fn new(status: StatusCode, code: &str, detail: &str) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        let (code, detail) = (code.to_owned(), detail.to_owned());
        Self { title, status: status.as_u16(), code, detail }
    }
}

pub(super) fn json_answer(status: StatusCode, body: &impl Serialize) -> Answer {
    // what is serialised here has text for keys and fails nowhere
    let text = serde_json::to_vec(body).unwrap_or_default();
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// An answer that says why nothing was done, and what to do.
pub(super) fn refusal(status: StatusCode, code: &str, detail: &str) -> Answer {
    problem(status, &Fault::new(status, code, detail))
}

/// The same with more to say.
pub(super) fn problem(status: StatusCode, body: &impl Serialize) -> Answer {
    let mut answer = json_answer(status, body);
    let media = HeaderValue::from_static("application/problem+json");
    answer.headers_mut().insert(CONTENT_TYPE, media);
    answer
}
