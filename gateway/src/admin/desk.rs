//! What an administrator's call brings, what may be used to answer it, and how an answer is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde_json::json;

use crate::control::{Reloader, Stops};

pub(super) type Answer = Response<Full<Bytes>>;

/// What answers are made from.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) reloader: Arc<Reloader>,
    pub(super) stops: Stops,
}

/// One call, its body whole.
#[derive(Debug)]
pub(super) struct Call {
    /// What stands at `{name}` in the row's path, decoded.
    pub(super) places: BTreeMap<&'static str, String>,
    /// As it stands behind `?`; empty for none.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
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
    json_answer(status, &json!({"code": code, "detail": detail}))
}
