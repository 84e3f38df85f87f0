//! The way in and out: the form that takes a token, the session that is begun with it, and refusals as pages.

use std::time::Instant;

use askama::Template;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderValue, LOCATION};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

use super::super::access::{Denied, Peer};
use super::super::credentials::Key;
use super::super::desk::{Answer, Call, Desk, refusal};
use super::super::session;
use super::form::{Form, encoded};
use super::frame::{Frame, html};

/// Where a token is given.
pub(in crate::admin) const LOGIN: &str = "/ui/login";
/// Where the pages begin.
const HOME: &str = "/ui";
const EVENTS: &str = "/ui/events";

/// Whether a path is that of a page or of a part of one.
pub(in crate::admin) fn is_own(path: &str) -> bool {
    path == "/" || path == HOME || path.starts_with("/ui/")
}

/// Whether it says nothing of this gateway, so that anybody may have it: the form for a token and what it looks like.
pub(in crate::admin) fn is_open(method: &Method, path: &str) -> bool {
    let reads = *method == Method::GET || *method == Method::HEAD;
    match path {
        "/" => reads,
        LOGIN => reads || *method == Method::POST,
        _ => reads && path.starts_with("/ui/assets/"),
    }
}

#[derive(Template)]
#[template(path = "page/login.html")]
struct Login {
    frame: Frame,
    next: String,
    /// Why the last attempt came to nothing; empty for none.
    why: &'static str,
}

#[derive(Template)]
#[template(path = "page/fault.html")]
struct Fault {
    frame: Frame,
    status: u16,
    detail: String,
}

pub(super) fn home() -> Answer {
    see(HOME)
}

pub(super) fn login_form(call: &Call) -> Answer {
    let form = Form::asked(call);
    let (frame, next) = (Frame::bare("Sign in"), next(&form));
    html(StatusCode::OK, &Login { frame, next, why: "" })
}

/// Begins a session with the token of a form, or with the certificate or user of the connection where it is empty.
pub(in crate::admin) fn log_in(
    desk: &Desk,
    peer: &Peer,
    (headers, body): (&HeaderMap, &Bytes),
) -> Answer {
    let form = Form::read(&String::from_utf8_lossy(body));
    let mut headers = headers.clone();
    headers.remove(AUTHORIZATION);
    headers.remove(COOKIE);
    let token = form.text("token").trim();
    if !token.is_empty() {
        // what no header can hold is nobody's token
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        headers.insert(AUTHORIZATION, value.unwrap_or(HeaderValue::from_static("Bearer ?")));
    }
    let again = |status, why| {
        let frame = Frame::bare("Sign in");
        html(status, &Login { frame, next: next(&form), why })
    };
    let admitted = match desk.access.admit(peer, &headers, (&Method::POST, "/session")) {
        Ok(admitted) if admitted.key != Key::Nobody => admitted,
        Ok(_) | Err(Denied::Missing) => {
            return again(StatusCode::UNAUTHORIZED, "Give a token.");
        }
        Err(denied) => {
            desk.reloader.metrics().admin_refused(denied.word());
            return match denied {
                Denied::Missing | Denied::Unknown => {
                    again(StatusCode::UNAUTHORIZED, "This token is nobody's, or is so no more.")
                }
                Denied::Waits(_) => again(
                    StatusCode::TOO_MANY_REQUESTS,
                    "Too many tokens from your address were nobody's. Wait a minute.",
                ),
                Denied::Hurries => {
                    again(StatusCode::TOO_MANY_REQUESTS, "Too many calls at once. Try again.")
                }
            };
        }
    };
    let Ok(begun) = desk.access.sessions.begin(admitted.key, Instant::now()) else {
        let why = "the system has no randomness to draw a session from";
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "no-randomness", why);
    };
    session::opened(see(&next(&form)), &begun, peer.secure)
}

pub(super) fn log_out(desk: &Desk, call: &Call) -> Answer {
    if let Err(answer) = Form::sent(desk, call) {
        return *answer;
    }
    if let Some(cookie) = &call.cookie {
        desk.access.sessions.end(cookie);
    }
    session::closed(see(LOGIN), call.secure)
}

/// Where to go on: a page of ours, whatever the address says.
fn next(form: &Form) -> String {
    let next = form.text("next");
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte);
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let ours = is_own(path) && path != "/" && path != LOGIN && !path.contains("//");
    if ours && next.bytes().all(plain) { next.to_owned() } else { HOME.to_owned() }
}

/// Leads a browser elsewhere; it asks with GET there.
pub(super) fn see(place: &str) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let place = HeaderValue::try_from(place).unwrap_or(HeaderValue::from_static(HOME));
    answer.headers_mut().insert(LOCATION, place);
    answer
}

/// A refusal of one of the pages as a page; who is not known is led to the form for a token.
pub(in crate::admin) fn dressed(head: &Parts, answer: Answer) -> Answer {
    let media = answer.headers().get(CONTENT_TYPE);
    if media.is_none_or(|media| media != "application/problem+json") {
        return answer;
    }
    let html_wanted = head
        .headers
        .get_all(ACCEPT)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains("text/html")));
    let path = head.uri.path();
    if !html_wanted || path == EVENTS {
        return answer;
    }
    let status = answer.status();
    if status == StatusCode::UNAUTHORIZED && head.method == Method::GET {
        let whole = head.uri.path_and_query().map_or(path, |whole| whole.as_str());
        return see(&format!("{LOGIN}?next={}", encoded(whole)));
    }
    let (mut parts, body) = answer.into_parts();
    let body = body.collect().now_or_never().and_then(Result::ok);
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let detail = serde_json::from_slice::<Value>(&body).ok();
    let detail = detail.and_then(|body| body.get("detail")?.as_str().map(str::to_owned));
    let title = status.canonical_reason().unwrap_or("Refused");
    let (frame, detail) = (Frame::bare(title), detail.unwrap_or_default());
    let page = html(status, &Fault { frame, status: status.as_u16(), detail });
    let (new, body) = page.into_parts();
    parts.headers.extend(new.headers);
    Response::from_parts(parts, body)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::super::form::Form;
    use super::{is_open, is_own, next};

    #[test]
    fn only_what_says_nothing_is_open() {
        for (method, path, open) in [
            (Method::GET, "/ui/login", true),
            (Method::POST, "/ui/login", true),
            (Method::GET, "/ui/assets/page.css", true),
            (Method::POST, "/ui/assets/page.css", false),
            (Method::GET, "/ui", false),
            (Method::GET, "/ui/login/x", false),
            (Method::GET, "/ui/apis/orders", false),
            (Method::POST, "/ui/reload", false),
            (Method::GET, "/status", false),
        ] {
            assert_eq!(is_open(&method, path), open, "{method} {path}");
        }
        assert!(is_own("/ui/x") && !is_own("/uix") && !is_own("/session"));
    }

    #[test]
    fn after_the_token_a_browser_stays_here() {
        let led = |text: &str| next(&Form::read(&format!("next={text}")));
        assert_eq!(led("/ui/apis/a%2520b?x=1"), "/ui/apis/a%20b?x=1");
        for other in [
            "",
            "https://evil.example/ui",
            "//evil.example/ui",
            "/ui/../x//y",
            "/ui/%0d%0aset-cookie:x",
            "/ui\\evil",
            "/ui/login",
            "/session",
        ] {
            assert_eq!(led(other), "/ui", "{other}");
        }
    }
}
