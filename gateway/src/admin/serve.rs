//! The administrator's listener: each call is looked up, guarded and answered. GET never changes anything.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::debug;

use super::access::{self, Access, Admitted, Denied, Peer};
use super::credentials::Key;
use super::desk::{Answer, Call, Desk, refusal};
use super::listener::{Accepted, Listener, http1};
use super::page::{self, Feed, Live};
use super::rows::{Missing, Row};
use super::{guard, rows};
use crate::control::{Reloader, Stops};
use crate::tls::ServerSide;

/// Connections that administrators may have open; one more is told to come again.
const CONNECTIONS: usize = 128;
/// Until a TLS handshake is done, and until a whole head is there; a connection without calls is closed after it too.
const HEADER: Duration = Duration::from_secs(10);
/// Until a whole body is there.
const BODY: Duration = Duration::from_secs(30);
/// Most octets of a body.
pub(super) const BODY_OCTETS: usize = 4 << 20;
/// Most octets of a head.
/// Most octets of the form in which somebody who is not known yet gives a token.
const FORM_OCTETS: usize = 8 << 10;
/// Most octets of a head.
const HEAD_OCTETS: usize = 16 << 10;
/// Pause after a failed accept.
const PAUSE: Duration = Duration::from_millis(20);

/// What every answer says: it is nobody's to keep, to guess at, or to show inside another page.
const SEALS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
];

/// TLS as the configuration in use has it. Whether it is spoken at all is settled at the start, with the address: no reload
/// makes an address that others reach one without TLS.
struct Secured {
    last: Option<(ServerSide, Arc<ServerConfig>)>,
}

impl Secured {
    fn new(first: Option<&ServerSide>) -> Self {
        Self { last: first.map(|side| (side.clone(), http1(side))) }
    }

    fn now(&mut self, fresh: Option<&ServerSide>) -> Option<Arc<ServerConfig>> {
        if let (Some((last, _)), Some(fresh)) = (&self.last, fresh)
            && !Arc::ptr_eq(&last.config(), &fresh.config())
        {
            self.last = Some((fresh.clone(), http1(fresh)));
        }
        self.last.as_ref().map(|(_, config)| Arc::clone(config))
    }
}

/// Serves until told to abort: readiness is asked for while the gateway drains. Where another process has the listener, it
/// is that one's readiness which is asked for.
pub(crate) async fn admin(
    listener: Listener,
    reloader: Arc<Reloader>,
    access: Arc<Access>,
    stops: Stops,
) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    let mut secured = Secured::new(reloader.shared().load().admin.as_ref());
    let (stopped, feed) = (stops.clone(), Feed::default());
    let desk = Arc::new(Desk { reloader, stops: stopped, access, feed });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stops.abort.cancelled() => return,
            () = stops.handed.cancelled() => return,
        };
        let Ok(accepted) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let tls = secured.now(desk.reloader.shared().load().admin.as_ref());
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            desk.reloader.metrics().admin_refused("connections");
            // what waits to be told takes no seat, and no longer than a write into an empty buffer
            let _ = timeout(PAUSE, accepted.turn_away(tls.is_some())).await;
            continue;
        };
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            connection(accepted, tls, desk).await;
            drop(seat);
        });
    }
}

async fn connection(accepted: Accepted, tls: Option<Arc<ServerConfig>>, desk: Arc<Desk>) {
    let (stream, peer) = match timeout(HEADER, accepted.open(tls)).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => {
            debug!(%error, "a connection to the admin listener is refused");
            return desk.reloader.metrics().admin_refused("handshake");
        }
        Err(_) => return desk.reloader.metrics().admin_refused("late"),
    };
    let (stops, peer) = (desk.stops.clone(), Arc::new(peer));
    let service = service_fn(move |request| {
        let (desk, peer) = (Arc::clone(&desk), Arc::clone(&peer));
        async move { Ok::<_, Infallible>(streamed(sealed(answer(&desk, &peer, request).await))) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER).max_buf_size(HEAD_OCTETS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stops.abort.cancelled() => {}
        () = stops.handed.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                _ = connection => {}
                () = stops.abort.cancelled() => {}
            }
        }
    }
}

/// With its body as it goes out: whole, or as events.
fn streamed(mut answer: Answer) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    match answer.extensions_mut().remove::<Live>() {
        Some(live) => answer.map(|_| live.body()),
        None => answer.map(BodyExt::boxed_unsync),
    }
}

async fn answer(desk: &Desk, peer: &Peer, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let answer = answered(desk, peer, (&head, body)).await;
    if page::is_own(head.uri.path()) { page::dressed(&head, answer) } else { answer }
}

async fn answered(desk: &Desk, peer: &Peer, (head, body): (&Parts, Incoming)) -> Answer {
    let (row, places, admitted) = match admitted(desk, peer, head) {
        Ok(found) => found,
        Err((why, answer)) => {
            desk.reloader.metrics().admin_refused(why);
            return *answer;
        }
    };
    let most = if admitted.key == Key::Nobody { FORM_OCTETS } else { BODY_OCTETS };
    if body.size_hint().lower() > most as u64 {
        return too_large();
    }
    let Ok(body) = timeout(BODY, Limited::new(body, most).collect()).await else {
        let why = "the body did not come in time; send it at once";
        return refusal(StatusCode::REQUEST_TIMEOUT, "body-too-slow", why);
    };
    let Ok(body) = body else { return too_large() };
    let query = head.uri.query().unwrap_or_default().to_owned();
    let Admitted { who, key, cookie } = admitted;
    let (headers, body, secure) = (head.headers.clone(), body.to_bytes(), peer.secure);
    if row.changes() && row.path == page::LOGIN {
        return page::log_in(desk, peer, (&headers, &body));
    }
    (row.act)(desk, Call { who, key, cookie, secure, places, query, headers, body }).await
}

type Found = (&'static Row, rows::Places, Admitted);

/// What is asked for, by whom; or a word for counting and the answer. What there is is told to nobody who is not known.
fn admitted(desk: &Desk, peer: &Peer, head: &Parts) -> Result<Found, (&'static str, Box<Answer>)> {
    let refused = |why: &'static str| move |answer: Answer| (why, Box::new(answer));
    let access = &desk.access;
    if let Some(answer) = guard::foreign(head, peer, &access.hosts()) {
        return Err(refused("origin")(answer));
    }
    if let Some(answer) = guard::unmeasured(&head.headers) {
        return Err(refused("length")(answer));
    }
    let path = head.uri.path();
    let admitted = if page::is_open(&head.method, path) {
        access::anybody(peer)
    } else {
        access
            .admit(peer, &head.headers, (&head.method, path))
            .map_err(|denied| refused(denied.word())(unknown(denied)))?
    };
    let (row, places) = rows::row(&head.method, path)
        .map_err(|missing| refused("not-there")(nothing_there(missing)))?;
    if admitted.who.role < row.role {
        let who = &admitted.who;
        let why = format!(
            "this needs the role `{}`, and `{}` has `{}`; call with the credential of somebody who has it, or give the role \
             under `admin` in the configuration",
            row.role, who.name, who.role
        );
        return Err(refused("role")(refusal(StatusCode::FORBIDDEN, "role", &why)));
    }
    if let Some(answer) = guard::forged(row, &head.headers, &admitted, &access.sessions) {
        return Err(refused("origin")(answer));
    }
    Ok((row, places, admitted))
}

fn unknown(denied: Denied) -> Answer {
    const HOW: &str = "draw a token with `evergate admin token --name NAME --role ROLE`, put the line that it prints under \
                       `admin.tokens`, and send `authorization: Bearer TOKEN`; where none is configured the token is in the \
                       file `admin.token` of the state directory";
    let (challenge, wait) = match denied {
        Denied::Missing => ("Bearer realm=\"evergate\"", None),
        Denied::Unknown => ("Bearer realm=\"evergate\", error=\"invalid_token\"", None),
        Denied::Waits(seconds) => ("", Some(seconds)),
        Denied::Hurries => ("", Some(1)),
    };
    let mut answer = match denied {
        Denied::Missing => {
            let why = format!("every call needs a credential: {HOW}");
            refusal(StatusCode::UNAUTHORIZED, "no-credentials", &why)
        }
        Denied::Unknown => {
            let why = format!("the credential is nobody's, or is so no more: {HOW}");
            refusal(StatusCode::UNAUTHORIZED, "unknown-credentials", &why)
        }
        Denied::Waits(seconds) => {
            let why = format!(
                "too many calls from your address had credentials that are nobody's; come again in {seconds} seconds, \
                 or with one that counts"
            );
            refusal(StatusCode::TOO_MANY_REQUESTS, "too-many-failures", &why)
        }
        Denied::Hurries => {
            let why = "more calls a second than `admin.rate` allows; wait a second, or raise it";
            refusal(StatusCode::TOO_MANY_REQUESTS, "too-many-calls", why)
        }
    };
    if let Some(seconds) = wait {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    } else {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    answer
}

fn nothing_there(missing: Missing) -> Answer {
    match missing {
        Missing::Path => {
            let why = "there is nothing at this path; `GET /openapi.json` says what there is";
            refusal(StatusCode::NOT_FOUND, "not-found", why)
        }
        Missing::Method(methods) => {
            let why = format!("this path takes {methods}");
            let mut answer = refusal(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", &why);
            if let Ok(value) = HeaderValue::try_from(methods) {
                answer.headers_mut().insert(ALLOW, value);
            }
            answer
        }
    }
}

fn too_large() -> Answer {
    let why = format!("the body is cut off, or has more than {BODY_OCTETS} octets");
    refusal(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", &why)
}

/// With what every answer says; a row that says otherwise has its way.
fn sealed(mut answer: Answer) -> Answer {
    for (name, value) in SEALS {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}
