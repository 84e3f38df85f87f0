//! The administrator's listener: liveness, readiness, metrics, losses, endpoints, reload. GET never changes anything.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::connection::Stops;
use super::endpoints::endpoints;
use super::losses::losses;
use super::reload::{Reloaded, Reloader, as_json};

/// Connections that the administrator may have open.
const CONNECTIONS: usize = 64;
/// Until a whole head is there.
const HEADER: Duration = Duration::from_secs(10);

type Answer = Response<Full<Bytes>>;

/// Serves until told to abort: readiness is asked for while the gateway drains. Where another process has the listener, it
/// is that one's readiness which is asked for.
pub(super) async fn admin(listener: TcpListener, reloader: Arc<Reloader>, stops: Stops) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stops.abort.cancelled() => return,
            () = stops.handed.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (reloader, stops) = (Arc::clone(&reloader), stops.clone());
        tokio::spawn(async move {
            let (abort, handed) = (stops.abort.clone(), stops.handed.clone());
            let service = service_fn(move |request| {
                let (reloader, stops) = (Arc::clone(&reloader), stops.clone());
                async move { Ok::<_, Infallible>(answer(&reloader, &stops, &request).await) }
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEADER).max_buf_size(16 << 10);
            let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                _ = connection.as_mut() => {}
                () = abort.cancelled() => {}
                () = handed.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        _ = connection => {}
                        () = abort.cancelled() => {}
                    }
                }
            }
            drop(seat);
        });
    }
}

async fn answer(reloader: &Reloader, stops: &Stops, request: &Request<Incoming>) -> Answer {
    if !is_direct(request.headers()) {
        let why = "the Host is neither `localhost` nor an address; call the admin listener by its address";
        return json_answer(StatusCode::FORBIDDEN, &json!({"code": "bad-host", "detail": why}));
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/livez") => {
            json_answer(StatusCode::OK, &json!({"live": true}))
        }
        (&Method::GET | &Method::HEAD, "/readyz") => ready(reloader, stops),
        (&Method::GET | &Method::HEAD, "/metrics") => {
            let mut answer = Response::new(Full::new(Bytes::from(reloader.metrics().text())));
            let value = HeaderValue::from_static(
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            );
            answer.headers_mut().insert(CONTENT_TYPE, value);
            answer
        }
        (&Method::GET | &Method::HEAD, "/losses") => {
            json_answer(StatusCode::OK, &losses(&reloader.shared().load()))
        }
        (&Method::GET | &Method::HEAD, "/endpoints") => {
            json_answer(StatusCode::OK, &endpoints(&reloader.shared().load()))
        }
        (&Method::POST, "/reload") => reload(reloader, request.headers()).await,
        (_, "/livez" | "/readyz" | "/metrics" | "/losses" | "/endpoints" | "/reload") => {
            let why = "GET reads `/livez`, `/readyz`, `/metrics`, `/losses` and `/endpoints`; POST reloads by `/reload`";
            json_answer(
                StatusCode::METHOD_NOT_ALLOWED,
                &json!({"code": "method-not-allowed", "detail": why}),
            )
        }
        _ => {
            let why =
                "there are `/livez`, `/readyz`, `/metrics`, `/losses`, `/endpoints` and `/reload`";
            json_answer(StatusCode::NOT_FOUND, &json!({"code": "not-found", "detail": why}))
        }
    }
}

fn ready(reloader: &Reloader, stops: &Stops) -> Answer {
    let snapshot = reloader.shared().load();
    let draining = stops.drain.is_cancelled();
    let body =
        json!({"ready": !draining, "generation": snapshot.generation, "digest": snapshot.digest});
    json_answer(if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, &body)
}

async fn reload(reloader: &Reloader, headers: &HeaderMap) -> Answer {
    // a page in an operator's browser can send neither of the two across origins without being asked first
    let json = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if headers.contains_key(ORIGIN) || !(json || headers.contains_key("x-evergate-reload")) {
        let why = "send `content-type: application/json` or `x-evergate-reload: 1`, and no Origin";
        return json_answer(StatusCode::FORBIDDEN, &json!({"code": "cross-origin", "detail": why}));
    }
    match reloader.reload("admin").await {
        Ok(outcome) => {
            let (changed, warnings) = match outcome {
                Reloaded::Unchanged => (false, Vec::new()),
                Reloaded::Changed(warnings) => (true, warnings),
            };
            let snapshot = reloader.shared().load();
            let body = json!({
                "changed": changed,
                "generation": snapshot.generation,
                "digest": snapshot.digest,
                "warnings": as_json(&warnings),
            });
            json_answer(StatusCode::OK, &body)
        }
        Err(problems) => {
            let body = json!({"code": "configuration-refused", "problems": as_json(&problems)});
            json_answer(StatusCode::UNPROCESSABLE_ENTITY, &body)
        }
    }
}

/// Whether the Host is an address or `localhost`: a name could be anybody's who points it here (DNS rebinding).
fn is_direct(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    let bare =
        |text: &str| text.parse::<IpAddr>().is_ok() || text.eq_ignore_ascii_case("localhost");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    host.parse::<SocketAddr>().is_ok()
        || bare(name)
        || bare(host)
        || bare(host.trim_matches(['[', ']']))
}

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::is_direct;

    #[test]
    fn only_addresses_and_localhost_reach_the_admin_listener() {
        for (host, direct) in [
            ("127.0.0.1:9901", true),
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("[::1]:9901", true),
            ("[::1]", true),
            ("evil.example", false),
            ("evil.example:9901", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(http::HeaderName::from_static("host"), host.parse().unwrap());
            assert_eq!(is_direct(&headers), direct, "{host}");
        }
        assert!(!is_direct(&HeaderMap::new()));
    }
}
