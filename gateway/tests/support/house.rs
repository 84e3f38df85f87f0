//! A gateway in this process, a backend that answers as told, and raw sockets between them.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fall")]
#![expect(dead_code, reason = "not every test file uses all of it")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergate_gateway::server::{Gateway, RunOptions, StartFailure};
use evergate_gateway::snapshot::Now;
use evergate_schemas::problem::Severity;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// What every wait in a test is bounded by.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A backend that records what it was sent and answers with fixed bytes.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    /// Answers each request with `answer`, raw; `{n}` in it is the number of the request.
    pub(crate) async fn start(answer: &str) -> Self {
        Self::raw(answer.as_bytes()).await
    }

    /// The same with bytes that are no text.
    pub(crate) async fn raw(answer: &[u8]) -> Self {
        Self::listening(TcpListener::bind("127.0.0.1:0").await.unwrap(), answer)
    }

    fn listening(listener: TcpListener, answer: &[u8]) -> Self {
        let backend = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, answer) = (Arc::clone(&backend.seen), Arc::<[u8]>::from(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&answer)));
            }
        });
        backend
    }

    /// Answers with what is made of its own address.
    pub(crate) async fn start_with(answer: impl FnOnce(SocketAddr) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answer = answer(listener.local_addr().unwrap());
        Self::listening(listener, answer.as_bytes())
    }

    /// Answers 200 with this JSON body.
    pub(crate) async fn json(body: &str) -> Self {
        Self::start(&ok(body)).await
    }

    /// All requests so far, heads and bodies.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>, answer: Arc<[u8]>) {
    let mut buffer = Vec::new();
    loop {
        let Some(length) = request_length(&buffer) else {
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
            continue;
        };
        let request: Vec<u8> = buffer.drain(..length).collect();
        seen.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
        let close = answer.windows(17).any(|part| part == b"connection: close");
        if stream.write_all(&answer).await.is_err() || close {
            return;
        }
    }
}

/// The length of the first whole request in a buffer.
pub(crate) fn request_length(buffer: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(buffer);
    let head = text.find("\r\n\r\n")? + 4;
    let lower = text[..head].to_ascii_lowercase();
    if let Some(at) = lower.find("content-length: ") {
        let digits: String = lower[at + 16..].chars().take_while(char::is_ascii_digit).collect();
        let whole = head + digits.parse::<usize>().unwrap();
        return (buffer.len() >= whole).then_some(whole);
    }
    if lower.contains("transfer-encoding: chunked") {
        let last = head + text[head..].find("0\r\n")?;
        return text[last..].find("\r\n\r\n").map(|at| last + at + 4);
    }
    Some(head)
}

/// A gateway with its files.
pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) directory: TempDir,
}

impl House {
    /// Starts with the text under `apis:`, indented by two.
    pub(crate) async fn start(apis: &str) -> Self {
        Self::with(apis, "").await
    }

    pub(crate) async fn with(apis: &str, more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::in_directory(directory, apis, more).await
    }

    pub(crate) async fn in_directory(directory: TempDir, apis: &str, more: &str) -> Self {
        let config = directory.path().join("gateway.yaml");
        std::fs::write(&config, text(apis, more)).unwrap();
        let options = RunOptions {
            config,
            ready_file: Some(directory.path().join("ready.json")),
            ..RunOptions::default()
        };
        let gateway = match Gateway::start(&options).await {
            Ok(gateway) => gateway,
            Err(failure) => panic!("{failure:#?}"),
        };
        Self { gateway, directory }
    }

    /// With the whole text of the file.
    pub(crate) async fn of_text(directory: TempDir, text: &str) -> Self {
        let config = directory.path().join("gateway.yaml");
        std::fs::write(&config, text).unwrap();
        match Gateway::start(&RunOptions { config, ..RunOptions::default() }).await {
            Ok(gateway) => Self { gateway, directory },
            Err(failure) => panic!("{failure:#?}"),
        }
    }

    /// By a clock that the test moves.
    pub(crate) async fn at(directory: TempDir, apis: &str, now: Now) -> Self {
        let config = directory.path().join("gateway.yaml");
        std::fs::write(&config, text(apis, "")).unwrap();
        match Gateway::start_at(&RunOptions { config, ..RunOptions::default() }, now).await {
            Ok(gateway) => Self { gateway, directory },
            Err(failure) => panic!("{failure:#?}"),
        }
    }

    /// What is wrong with a configuration, by line.
    pub(crate) async fn refused(directory: TempDir, apis: &str) -> Vec<(u32, String)> {
        let config = directory.path().join("gateway.yaml");
        std::fs::write(&config, text(apis, "")).unwrap();
        match Gateway::start(&RunOptions { config, ..RunOptions::default() }).await {
            Err(StartFailure::Problems(problems)) => {
                let faults = problems.iter().filter(|one| one.severity == Severity::Error);
                faults.map(|one| (one.place.line, one.what.clone())).collect()
            }
            other => panic!("{other:#?}"),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.listen()[0]
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("gateway.yaml")
    }

    /// Sends these bytes on a new connection and reads until the gateway closes or an answer is whole.
    pub(crate) async fn raw(&self, request: &str) -> String {
        exchange(self.address(), request.as_bytes()).await
    }

    /// GET with fields such as `api-version: 1\r\n`.
    pub(crate) async fn get(&self, target: &str, fields: &str) -> Reply {
        Reply::read(&self.raw(&format!("GET {target} HTTP/1.1\r\nhost: x\r\n{fields}\r\n")).await)
    }

    pub(crate) async fn post(&self, target: &str, fields: &str, body: &str) -> Reply {
        let length = body.len();
        let request = format!(
            "POST {target} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{fields}\r\n{body}"
        );
        Reply::read(&self.raw(&request).await)
    }

    /// A request to the admin listener as it is, with no credential but what stands in it.
    pub(crate) async fn stranger(&self, request: &str) -> Reply {
        Reply::read(&exchange(self.admin_address(), request.as_bytes()).await)
    }

    /// A request to the admin listener, with the token that was drawn at the start, else `evg_administer`, where it has no credential.
    pub(crate) async fn admin(&self, request: &str) -> Reply {
        let bears = request.to_ascii_lowercase().contains("\r\nauthorization: ");
        // what tests configure where none can be drawn
        let token = self.token().unwrap_or_else(|| "evg_administer".to_owned());
        let token = (!bears).then_some(token);
        let field = token.map(|token| format!("\r\nauthorization: Bearer {token}\r\n"));
        match field {
            Some(field) => self.stranger(&request.replacen("\r\n", &field, 1)).await,
            None => self.stranger(request).await,
        }
    }

    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.gateway.admin().tcp().unwrap()
    }

    /// The administrators' token that was drawn at the start, where one was.
    pub(crate) fn token(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.gateway.token_file()).ok()?;
        Some(text.trim().to_owned())
    }

    pub(crate) async fn reload(&self) -> Reply {
        self.admin("POST /reload HTTP/1.1\r\nhost: localhost\r\nx-evergate-reload: 1\r\ncontent-length: 0\r\n\r\n").await
    }

    pub(crate) async fn metrics(&self) -> String {
        self.admin("GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await.body
    }
}

pub(crate) fn text(apis: &str, more: &str) -> String {
    format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\n{more}\napis:\n{apis}\n"
    )
}

pub(crate) fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: dechunked(head, body) }
    }

    /// All values of a field, joined.
    pub(crate) fn field(&self, name: &str) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let values: Vec<_> = lines
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect();
        values.join(" | ")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn dechunked(head: &str, body: &str) -> String {
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let mut whole = String::new();
    let mut rest = body;
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 || tail.len() < size + 2 {
            break;
        }
        whole.push_str(&tail[..size]);
        rest = &tail[size + 2..];
    }
    whole
}

/// Writes, then reads until the peer closes or one answer is whole.
pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // the peer may have closed after the head
    let _ = stream.write_all(request).await;
    read_reply(&mut stream, request.starts_with(b"HEAD")).await
}

pub(crate) async fn read_reply(stream: &mut TcpStream, bodiless: bool) -> String {
    let mut buffer = Vec::new();
    while !is_whole(&buffer, bodiless) {
        let read =
            timeout(PATIENCE, stream.read_buf(&mut buffer)).await.expect("no answer in time");
        if read.unwrap_or(0) == 0 {
            break;
        }
    }
    String::from_utf8_lossy(&buffer).into_owned()
}

fn is_whole(buffer: &[u8], bodiless: bool) -> bool {
    let text = String::from_utf8_lossy(buffer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_ascii_lowercase();
    if head.starts_with("http/1.1 100") {
        return is_whole(body.as_bytes(), bodiless);
    }
    if bodiless || head.contains(" 204 ") || head.contains(" 304 ") {
        return true;
    }
    match head.split_once("content-length: ") {
        Some((_, rest)) => {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            body.len() >= digits.parse::<usize>().unwrap()
        }
        None => head.contains("transfer-encoding: chunked") && body.ends_with("0\r\n\r\n"),
    }
}
