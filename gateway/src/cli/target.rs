//! The target of contract files: the real gateway on loopback, with one backend that answers as it is told.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use evergate_contracts::{Answer, Exchange, Request, Target};
use evergate_schemas::plan::outside::Values;

use crate::server::{Gateway, RunOptions};

use super::exit::Failure;
use super::run::start_failure;

/// The header by which a contract's client says its version.
const VERSION_HEADER: &str = "evergate-contract-version";
/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gateways in this process, one for each backend version, started when first asked for.
#[derive(Debug)]
pub(super) struct InProcess {
    runtime: Runtime,
    directory: PathBuf,
    api: String,
    values: Arc<Values>,
    running: HashMap<String, Running>,
}

#[derive(Debug)]
struct Running {
    gateway: Gateway,
    script: Arc<Mutex<Script>>,
    /// Holds the configuration, which the gateway may read again.
    _config: TempDir,
}

/// What the backend answers, and what it got.
#[derive(Debug, Default)]
struct Script {
    answer: Answer,
    received: Option<Request>,
}

impl InProcess {
    /// Nothing is started yet.
    pub(super) fn new(directory: &Path, api: &str, values: &Arc<Values>) -> Result<Self, Failure> {
        Ok(Self {
            runtime: Runtime::new()?,
            directory: std::path::absolute(directory)?,
            api: api.to_owned(),
            values: Arc::clone(values),
            running: HashMap::new(),
        })
    }

    async fn start(
        directory: &Path,
        api: &str,
        values: &Values,
        version: &str,
    ) -> Result<Running, Failure> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let backend = listener.local_addr()?;
        let script = Arc::new(Mutex::new(Script::default()));
        tokio::spawn(serve(listener, Arc::clone(&script)));
        let config = TempDir::new()?;
        let path = config.path().join("gateway.json");
        let written = written(directory, api, values, (version, backend));
        tokio::fs::write(&path, written.to_string()).await?;
        let options = RunOptions { config: path, ..RunOptions::default() };
        let gateway = Gateway::start(&options).await.map_err(start_failure)?;
        Ok(Running { gateway, script, _config: config })
    }
}

/// A gateway.yaml with one backend.
fn written(directory: &Path, api: &str, values: &Values, backend: (&str, SocketAddr)) -> Value {
    let (version, address) = backend;
    let values: Map<String, Value> = values
        .configuration
        .iter()
        .filter_map(|(name, json)| Some((name.clone(), serde_json::from_str(json).ok()?)))
        .collect();
    let mut one = json!({
        "description": directory.display().to_string(),
        "match": { "path": "/" },
        "client_version": [{ "header": VERSION_HEADER }],
        "backends": [{ "version": version, "endpoints": [format!("http://{address}")] }],
    });
    if let (false, Some(members)) = (values.is_empty(), one.as_object_mut()) {
        members.insert("values".to_owned(), Value::Object(values));
    }
    json!({
        "listen": [{ "address": "127.0.0.1:0" }],
        "admin": { "address": "127.0.0.1:0" },
        "apis": { api: one },
    })
}

impl Target for InProcess {
    fn exchange(
        &mut self,
        client: &str,
        backend: &str,
        request: &Request,
        answer: &Answer,
    ) -> Result<Exchange, String> {
        if !self.running.contains_key(backend) {
            let starting = Self::start(&self.directory, &self.api, &self.values, backend);
            let started = self.runtime.block_on(starting).map_err(|failure| failure.sentence())?;
            self.running.insert(backend.to_owned(), started);
        }
        let running = self.running.get(backend).ok_or("the gateway is gone")?;
        let address =
            running.gateway.listen().first().copied().ok_or("the gateway listens nowhere")?;
        {
            let mut script = running.script.lock().unwrap_or_else(PoisonError::into_inner);
            *script = Script { answer: answer.clone(), received: None };
        }
        let asking = async { tokio::time::timeout(PATIENCE, ask(address, client, request)).await };
        let seen = match self.runtime.block_on(asking) {
            Ok(seen) => seen?,
            Err(_) => return Err(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        let mut script = running.script.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Exchange { received: script.received.take(), seen })
    }
}

async fn ask(address: SocketAddr, client: &str, request: &Request) -> Result<Answer, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let stream = TcpStream::connect(address).await.map_err(|error| said(&error))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| said(&error))?;
    tokio::spawn(connection);
    let mut asked = http::Request::builder()
        .method(request.method.as_str())
        .uri(request.path.as_str())
        .header(VERSION_HEADER, client);
    if !has(&request.headers, "host") {
        asked = asked.header(http::header::HOST, address.to_string());
    }
    for (name, value) in &request.headers {
        asked = asked.header(name, value);
    }
    let asked =
        asked.body(Full::new(Bytes::from(request.body.clone()))).map_err(|error| said(&error))?;
    let (parts, body) =
        sender.send_request(asked).await.map_err(|error| said(&error))?.into_parts();
    let body = body.collect().await.map_err(|error| said(&error))?.to_bytes().to_vec();
    Ok(Answer { status: parts.status.as_u16(), headers: texts(&parts.headers), body })
}

async fn serve(listener: TcpListener, script: Arc<Mutex<Script>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let script = Arc::clone(&script);
        let service = service_fn(move |request| play(Arc::clone(&script), request));
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

/// Keeps what came and answers what was asked for; an answer that cannot be written is a 500.
async fn play(
    script: Arc<Mutex<Script>>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_or_else(|_| Vec::new(), |body| body.to_bytes().to_vec());
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let received =
        Request { method: parts.method.to_string(), path, headers: texts(&parts.headers), body };
    let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
    script.received = Some(received);
    let mut answer = http::Response::builder().status(script.answer.status);
    for (name, value) in &script.answer.headers {
        answer = answer.header(name, value);
    }
    let answer = answer.body(Full::new(Bytes::from(script.answer.body.clone())));
    Ok(answer.unwrap_or_else(|_| {
        let mut broken = http::Response::new(Full::default());
        *broken.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        broken
    }))
}

fn texts(headers: &http::HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn has(headers: &[(String, String)], wanted: &str) -> bool {
    headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
}
