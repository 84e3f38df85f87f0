//! A backend that speaks one version: it answers with the authors' example payloads and remembers what it got.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use super::assets::Example;
use super::show::indented;

/// What a backend got.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) line: String,
    pub(super) body: Bytes,
}

/// A running backend. It ends with the process.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    pub(super) version: &'static str,
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    version: &'static str,
    examples: Vec<Example>,
    last: Mutex<Option<Answered>>,
}

#[derive(Clone, Debug)]
struct Answered {
    received: Received,
    answer: Bytes,
}

impl Backend {
    /// Starts one on a free loopback port.
    pub(super) async fn start(version: &'static str, examples: &[Example]) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let examples = examples
            .iter()
            .filter(|one| one.version == version && one.dir == "response" && one.valid)
            .cloned()
            .collect();
        let shared = Arc::new(Shared { version, examples, last: Mutex::new(None) });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { version, address, shared })
    }

    /// The last request and the body of its answer, taken out.
    pub(super) fn take_last(&self) -> Option<(Received, Bytes)> {
        let mut last = self.shared.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.take().map(|one| (one.received, one.answer))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
            // A connection that breaks is the client's affair; the tour notices missing answers itself.
            let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    // an api with its version in the path has it in the backend's path too
    let whole = head.uri.path();
    let prefix = format!("/v{}", shared.version);
    let path = whole.strip_prefix(&prefix).unwrap_or(whole);
    let example = shared
        .examples
        .iter()
        .find(|one| one.method == head.method.as_str() && same_path(&one.path, path));
    let status = example
        .and_then(|one| one.status.as_deref()?.parse::<StatusCode>().ok())
        .unwrap_or(StatusCode::NOT_FOUND);
    let answer = example.map_or_else(Bytes::new, |one| Bytes::from(indented(one.body.get())));
    let target = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let received = Received { line: format!("{} {target}", head.method), body };
    *shared.last.lock().unwrap_or_else(PoisonError::into_inner) =
        Some(Answered { received, answer: answer.clone() });
    let mut response = Response::new(Full::new(answer));
    *response.status_mut() = status;
    if status != StatusCode::NOT_FOUND {
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    }
    Ok(response)
}

fn same_path(template: &str, path: &str) -> bool {
    let (mut wanted, mut seen) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), seen.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other || one.starts_with('{') => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::same_path;

    #[test]
    fn templates_match_by_segment() {
        assert!(same_path("/quotes/{id}", "/quotes/7"));
        assert!(!same_path("/quotes/{id}", "/quotes"));
        assert!(!same_path("/quotes", "/quotes/7"));
    }
}
