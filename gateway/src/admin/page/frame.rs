//! What all pages have around them, and how a page becomes an answer.

use askama::Template;
use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY};
use http::{Response, StatusCode};
use http_body_util::Full;

use super::super::desk::{Answer, Call, Desk, refusal};
use super::assets::EDITION;
use super::problems;
use crate::config::Role;

/// Nothing but what the program itself brings, and nothing inline.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What stands around a page.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) title: String,
    /// Which entry of the navigation is this page.
    pub(super) here: &'static str,
    /// Names the style sheet and the script.
    pub(super) edition: &'static str,
    /// Who is looking; empty where nobody is known.
    pub(super) who: String,
    pub(super) role: String,
    /// What forms of this session say; empty where there is no session, and so no form that changes anything.
    pub(super) csrf: String,
    /// Whether the caller may do what needs the role `operate`.
    pub(super) operates: bool,
    pub(super) generation: u64,
    pub(super) digest: String,
    pub(super) draining: bool,
    /// How many things are wrong now.
    pub(super) problems: usize,
    /// Where the events come from; empty for none.
    pub(super) feed: String,
}

impl Frame {
    pub(super) fn new(desk: &Desk, call: &Call, title: &str, here: &'static str) -> Self {
        let snapshot = desk.reloader.shared().load();
        let csrf = call.cookie.as_ref().and_then(|cookie| desk.access.sessions.csrf(cookie));
        let csrf = csrf.unwrap_or_default();
        Self {
            title: title.to_owned(),
            here,
            edition: EDITION.as_str(),
            who: call.who.name.to_string(),
            role: call.who.role.to_string(),
            operates: call.who.role >= Role::Operate && !csrf.is_empty(),
            csrf,
            generation: snapshot.generation,
            digest: snapshot.digest.chars().take(12).collect(),
            draining: desk.stops.drain.is_cancelled(),
            problems: problems::all(desk, &snapshot).len(),
            feed: String::new(),
        }
    }

    /// With events from here.
    pub(super) fn fed(mut self, feed: String) -> Self {
        self.feed = feed;
        self
    }

    /// For somebody who is not known.
    pub(super) fn bare(title: &str) -> Self {
        Self { title: title.to_owned(), edition: EDITION.as_str(), ..Self::default() }
    }
}

/// A page as an answer.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Answer {
    let Ok(text) = page.render() else {
        let why = "the page could not be written";
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, "fault", why);
    };
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    let fields = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        // without a word of where it comes from a form's Origin would be `null`, which is nobody's
        (REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fields {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}
