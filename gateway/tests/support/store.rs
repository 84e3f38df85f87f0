//! A backend that keeps one document: GET, PUT and PATCH with strong tags, and other writers in between.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::support::request_length;

/// What a backend says of its document's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    Strong,
    Weak,
    None,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) document: Option<String>,
    pub(crate) revision: u64,
    pub(crate) tags: Tags,
    /// What others write after each GET.
    pub(crate) others: VecDeque<Option<String>>,
    /// A raw answer to every GET, in place of the document.
    pub(crate) instead: Option<String>,
    /// All requests, heads and bodies.
    pub(crate) seen: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<Mutex<State>>,
}

impl Store {
    pub(crate) async fn start(document: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State {
            document: Some(document.to_owned()),
            revision: 1,
            tags: Tags::Strong,
            others: VecDeque::new(),
            instead: None,
            seen: Vec::new(),
        };
        let store =
            Self { address: listener.local_addr().unwrap(), state: Arc::new(Mutex::new(state)) };
        let state = Arc::clone(&store.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        store
    }

    /// Changes the state.
    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    pub(crate) fn document(&self) -> String {
        self.state.lock().unwrap().document.clone().unwrap_or_default()
    }

    /// Method and path of all requests, which are forgotten.
    pub(crate) fn lines(&self) -> Vec<String> {
        let seen = self.requests();
        let line = |one: &String| one.split(" HTTP").next().unwrap().to_owned();
        seen.iter().map(line).collect()
    }

    /// All requests, which are forgotten.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().seen)
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut buffer = Vec::new();
    loop {
        let Some(length) = request_length(&buffer) else {
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
            continue;
        };
        let request: Vec<u8> = buffer.drain(..length).collect();
        let request = String::from_utf8_lossy(&request).into_owned();
        let answer = state.lock().unwrap().answer(&request);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl State {
    fn answer(&mut self, request: &str) -> String {
        self.seen.push(request.to_owned());
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let fields: Vec<(String, &str)> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let field =
            |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
        let method = head.split(' ').next().unwrap();
        if method == "GET" {
            let answer = self.instead.clone().unwrap_or_else(|| self.shown());
            if let Some(other) = self.others.pop_front() {
                self.document = other;
                self.revision += 1;
            }
            return answer;
        }
        let own = format!("\"r{}\"", self.revision);
        let stale = field("if-match").is_some_and(|tag| tag != own || self.document.is_none())
            || (field("if-none-match") == Some("*") && self.document.is_some());
        if stale {
            return answered("412 Precondition Failed", "", "{}");
        }
        if method == "PATCH" {
            let Some(document) = &self.document else { return answered("404 Not Found", "", "{}") };
            let whole: Value = serde_json::from_str(document).unwrap();
            let mut patched = whole.clone();
            patch(&mut patched, &serde_json::from_str(body).unwrap());
            // what is equal as a value stays as it is written
            if patched != whole {
                self.document = Some(patched.to_string());
            }
        } else {
            self.document = Some(body.to_owned());
        }
        self.revision += 1;
        self.shown()
    }

    fn shown(&self) -> String {
        let Some(document) = &self.document else { return answered("404 Not Found", "", "{}") };
        let tag = match self.tags {
            Tags::Strong => format!("etag: \"r{}\"\r\n", self.revision),
            Tags::Weak => format!("etag: W/\"r{}\"\r\n", self.revision),
            Tags::None => String::new(),
        };
        answered("200 OK", &tag, document)
    }
}

pub(crate) fn answered(status: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{fields}\r\n{body}"
    )
}

/// RFC 7396 §2.
fn patch(target: &mut Value, edit: &Value) {
    let Value::Object(edits) = edit else {
        *target = edit.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    for (name, value) in edits {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            patch(&mut target[name], value);
        }
    }
}

/// How many documents a law is held against: `EVERGATE_CASES`, 60 if unset.
pub(crate) fn cases() -> usize {
    std::env::var("EVERGATE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}
