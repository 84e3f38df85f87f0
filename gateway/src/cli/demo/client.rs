//! A client of one version.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// What a client saw.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Seen {
    /// A header as text, empty when absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// An HTTP client that talks to the gateway and to nobody else.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    gateway: SocketAddr,
    token: Option<String>,
}

impl Client {
    /// A client of the gateway at `gateway`.
    pub(super) fn new(gateway: SocketAddr) -> Self {
        Self { pool: Pool::builder(TokioExecutor::new()).build_http(), gateway, token: None }
    }

    /// The same with a bearer token in each request.
    pub(super) fn with_token(self, token: String) -> Self {
        Self { token: Some(token), ..self }
    }

    /// One exchange.
    pub(super) async fn send(
        &self,
        method: &Method,
        target: &str,
        body: Option<Bytes>,
    ) -> Result<Seen, String> {
        let uri = format!("http://{}{target}", self.gateway);
        let mut request = Request::builder().method(method).uri(uri);
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = &self.token {
            request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request =
            request.body(Full::new(body.unwrap_or_default())).map_err(|error| error.to_string())?;
        let answer = self.pool.request(request).await.map_err(|error| error.to_string())?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Seen { status: head.status, headers: head.headers, body })
    }
}
