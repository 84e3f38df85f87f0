//! Who is calling, and the sessions by which a page goes on calling.

use std::time::Instant;

use http::StatusCode;
use http::header::{HeaderValue, SET_COOKIE};
use schemars::JsonSchema;
use serde::Serialize;

use super::credentials::Key;
use super::desk::{Answer, Call, Desk, json_answer, refusal};
use super::sessions::{Begun, COOKIE, IDLE, WHOLE};
use crate::control::Identity;

/// Who is calling.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Caller {
    /// As the journal names them.
    #[serde(flatten)]
    who: Identity,
    /// What a page of this session sends as `x-evergate-csrf` with each change; absent where there is no session.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf: Option<String>,
}

/// What a session that was begun is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Opened {
    /// What a page of this session sends as `x-evergate-csrf` with each change.
    csrf: String,
    /// Seconds that the session may be unused.
    idle_seconds: u64,
    /// Seconds that it lasts.
    seconds: u64,
}

/// What became of a session.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Closed {
    /// Whether there was one.
    ended: bool,
}

pub(super) fn who(desk: &Desk, call: &Call) -> Answer {
    let csrf = call.cookie.as_ref().and_then(|cookie| desk.access.sessions.csrf(cookie));
    json_answer(StatusCode::OK, &Caller { who: call.who.clone(), csrf })
}

pub(super) fn begin(desk: &Desk, call: &Call) -> Answer {
    if call.key == Key::Nobody || call.cookie.is_some() {
        let why = "a session is begun with a token, a certificate or a Unix socket, not with another session";
        return refusal(StatusCode::FORBIDDEN, "no-credentials", why);
    }
    let Ok(begun) = desk.access.sessions.begin(call.key.clone(), Instant::now()) else {
        let why = "the system has no randomness to draw a session from";
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "no-randomness", why);
    };
    let (idle, whole) = (IDLE.as_secs(), WHOLE.as_secs());
    let opened = Opened { csrf: begun.csrf, idle_seconds: idle, seconds: whole };
    with_cookie(json_answer(StatusCode::OK, &opened), (&begun.cookie, whole), call.secure)
}

pub(super) fn end(desk: &Desk, call: &Call) -> Answer {
    if let Some(cookie) = &call.cookie {
        desk.access.sessions.end(cookie);
    }
    let closed = Closed { ended: call.cookie.is_some() };
    with_cookie(json_answer(StatusCode::OK, &closed), ("", 0), call.secure)
}

/// An answer with the cookie of a session that was begun.
pub(super) fn opened(answer: Answer, begun: &Begun, secure: bool) -> Answer {
    with_cookie(answer, (&begun.cookie, WHOLE.as_secs()), secure)
}

/// An answer that takes the cookie away.
pub(super) fn closed(answer: Answer, secure: bool) -> Answer {
    with_cookie(answer, ("", 0), secure)
}

/// No script reads the cookie, and no request from another site brings it.
fn with_cookie(mut answer: Answer, (cookie, age): (&str, u64), secure: bool) -> Answer {
    let secure = if secure { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={cookie}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(value) = HeaderValue::try_from(text) {
        answer.headers_mut().insert(SET_COOKIE, value);
    }
    answer
}
