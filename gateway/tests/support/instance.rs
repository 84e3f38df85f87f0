//! An instance of a backend that behaves as told, and can be told otherwise while it runs.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use super::support::{ok, request_length};

/// What an instance does with a request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Answers with these bytes.
    Answer(String),
    /// Answers after a time.
    Late(Duration, String),
    /// Answers once it is told to.
    Held(watch::Receiver<bool>, String),
    /// Closes the connection without an answer.
    Close,
    /// Answers requests for `/health` otherwise than all others.
    Health(String, String),
}

impl Act {
    pub(crate) fn ok(body: &str) -> Self {
        Self::Answer(ok(body))
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"))
    }

    /// With the switch that lets the answers go.
    pub(crate) fn held(answer: String) -> (Self, watch::Sender<bool>) {
        let (sender, receiver) = watch::channel(false);
        (Self::Held(receiver, answer), sender)
    }
}

/// An instance at an address of the system's choice.
pub(crate) struct Instance {
    pub(crate) address: SocketAddr,
    act: Arc<Mutex<Act>>,
    seen: Arc<Mutex<Vec<String>>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Instance {
    pub(crate) async fn start(act: Act) -> Self {
        Self::listening(TcpListener::bind("127.0.0.1:0").await.unwrap(), act)
    }

    /// An address at which nobody listens.
    pub(crate) async fn gone() -> Self {
        let instance = Self::start(Act::Close).await;
        let address = instance.address;
        instance.stop().await;
        Self { address, act: Arc::new(Mutex::new(Act::Close)), seen: Arc::default(), task: None }
    }

    /// Begins to listen at the same address again.
    pub(crate) fn back(&self, act: Act) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        Self::listening(socket.listen(64).unwrap(), act)
    }

    fn listening(listener: TcpListener, act: Act) -> Self {
        let address = listener.local_addr().unwrap();
        let (act, seen) = (Arc::new(Mutex::new(act)), Arc::default());
        let shared = (Arc::clone(&act), Arc::clone(&seen));
        let task = tokio::spawn(async move {
            // with this task go its connections
            let mut all = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                all.spawn(serve(stream, Arc::clone(&shared.0), Arc::clone(&shared.1)));
            }
        });
        Self { address, act, seen, task: Some(task) }
    }

    /// Dies, with all its connections.
    pub(crate) async fn stop(mut self) {
        let Some(task) = self.task.take() else { return };
        task.abort();
        // who asks for its port next finds it free
        let _ = task.await;
    }

    /// Behaves so from now on.
    pub(crate) fn becomes(&self, act: Act) {
        *self.act.lock().unwrap() = act;
    }

    /// All requests so far but those for `/health`.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, act: Arc<Mutex<Act>>, seen: Arc<Mutex<Vec<String>>>) {
    let mut buffer = Vec::new();
    loop {
        let Some(length) = request_length(&buffer) else {
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
            continue;
        };
        let request: Vec<u8> = buffer.drain(..length).collect();
        let is_health = request.starts_with(b"GET /health ");
        if !is_health {
            seen.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
        }
        let act = act.lock().unwrap().clone();
        let answer = match act {
            Act::Late(time, answer) => {
                tokio::time::sleep(time).await;
                answer
            }
            Act::Held(mut told, answer) => {
                let _ = told.wait_for(|told| *told).await;
                answer
            }
            Act::Close => return,
            Act::Health(health, _) if is_health => health,
            Act::Answer(answer) | Act::Health(_, answer) => answer,
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
