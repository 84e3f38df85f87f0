//! The administrator's listener: each call is looked up, guarded and answered. GET never changes anything.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::desk::{Answer, Call, Desk, refusal};
use super::{guard, rows};
use crate::control::{Reloader, Stops};

/// Connections that the administrator may have open.
const CONNECTIONS: usize = 64;
/// Until a whole head is there.
const HEADER: Duration = Duration::from_secs(10);
/// Until a whole body is there.
const BODY: Duration = Duration::from_secs(30);
/// Most octets of a body.
const BODY_OCTETS: usize = 4 << 20;

/// Serves until told to abort: readiness is asked for while the gateway drains. Where another process has the listener, it
/// is that one's readiness which is asked for.
pub(crate) async fn admin(listener: TcpListener, reloader: Arc<Reloader>, stops: Stops) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    let desk = Arc::new(Desk { reloader, stops: stops.clone() });
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
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            connection(stream, desk).await;
            drop(seat);
        });
    }
}

async fn connection(stream: TcpStream, desk: Arc<Desk>) {
    let stops = desk.stops.clone();
    let service = service_fn(move |request| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(answer(&desk, request).await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER).max_buf_size(16 << 10);
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

async fn answer(desk: &Desk, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    if !guard::is_direct(&head.headers) {
        let why = "the Host is neither `localhost` nor an address; call the admin listener by its address";
        return refusal(StatusCode::FORBIDDEN, "bad-host", why);
    }
    let (row, places) = match rows::row(&head.method, head.uri.path()) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    if let Some(answer) = guard::refused(row, &head.headers) {
        return answer;
    }
    let Ok(body) = timeout(BODY, Limited::new(body, BODY_OCTETS).collect()).await else {
        let why = "the body did not come in time; send it at once";
        return refusal(StatusCode::REQUEST_TIMEOUT, "body-too-slow", why);
    };
    let Ok(body) = body else {
        let why = format!("the body is cut off, or has more than {BODY_OCTETS} octets");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", &why);
    };
    let query = head.uri.query().unwrap_or_default().to_owned();
    (row.act)(desk, Call { places, query, headers: head.headers, body: body.to_bytes() }).await
}
