//! A backend that keeps every octet it was sent, and answers what a case has it answer.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::case::{Script, When};
use super::message::{Kind, Message, Read, read};
use crate::backend::lock;

/// Targets that begin so belong to no case, and are answered with what was asked for.
pub const SENTINEL: &str = "/sentinel-";

/// How long a proxy may take to end a connection that the backend has ended, in the middle of a request.
const PATIENCE: Duration = Duration::from_secs(2);

/// The same for a connection that is unused: some proxies look at those only when they are to be used again.
const UNUSED: Duration = Duration::from_millis(10);

/// One connection, as the backend got it.
#[derive(Debug, Default)]
pub struct Connection {
    id: u64,
    /// Whole requests with their octets.
    pub requests: Vec<(Message, Vec<u8>)>,
    /// What came beyond them.
    pub rest: Vec<u8>,
    /// What was no request to the letter.
    pub fault: Option<String>,
    ended: bool,
    stream: Option<TcpStream>,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<Option<Script>>,
    connections: Mutex<Vec<Connection>>,
    count: AtomicU64,
    changed: Condvar,
    stopped: AtomicBool,
}

/// A running backend; stopped when dropped.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Recorder {
    /// A backend on a free port.
    ///
    /// # Errors
    /// When none can be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            connections: Mutex::default(),
            count: AtomicU64::new(0),
            changed: Condvar::new(),
            stopped: AtomicBool::new(false),
        });
        let own = Arc::clone(&shared);
        std::thread::spawn(move || accept(&listener, &own));
        Ok(Self { address, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins a case; without a script everything is answered with what was asked for.
    pub fn begin(&self, script: Option<Script>) {
        *lock(&self.shared.script) = script;
        lock(&self.shared.connections).clear();
    }

    /// Says on every open connection what the case has for later.
    pub fn say_late(&self) {
        let late = lock(&self.shared.script).as_ref().map(|script| script.late.clone());
        for connection in lock(&self.shared.connections).iter_mut() {
            if let (Some(stream), Some(late)) = (&mut connection.stream, &late) {
                // A proxy that has closed it already is right.
                let _ = stream.write_all(late);
            }
        }
    }

    /// Ends all connections, waits until the proxy has ended them too, and gives what came on them.
    pub fn settle(&self) -> Vec<Connection> {
        let began = Instant::now();
        let mut connections = lock(&self.shared.connections);
        for connection in connections.iter() {
            connection.shut(Shutdown::Write);
        }
        let open = |connections: &[Connection]| {
            let open = connections.iter().filter(|connection| !connection.ended);
            open.map(|one| if one.rest.is_empty() { UNUSED } else { PATIENCE }).max()
        };
        while let Some(most) = open(&connections) {
            let Some(left) = most.checked_sub(began.elapsed()) else { break };
            connections = self.wait(connections, left);
        }
        for connection in connections.iter() {
            connection.shut(Shutdown::Both);
        }
        std::mem::take(&mut *connections)
    }

    fn wait<'a>(
        &self,
        connections: MutexGuard<'a, Vec<Connection>>,
        left: Duration,
    ) -> MutexGuard<'a, Vec<Connection>> {
        let waited = self.shared.changed.wait_timeout(connections, left);
        waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts; there is nothing to do if that fails.
        let _ = TcpStream::connect(self.address);
    }
}

impl Connection {
    fn shut(&self, how: Shutdown) {
        if let Some(stream) = &self.stream {
            // The peer may have closed it.
            let _ = stream.shutdown(how);
        }
    }
}

/// What a request of this first line is answered with where no case says otherwise.
pub fn echo(message: &Message) -> Vec<u8> {
    let mut words = message.head.split(' ');
    let method = words.next().unwrap_or_default();
    let body = format!("echo:{method} {}", words.next().unwrap_or_default());
    let shown = if method == "HEAD" { "" } else { &body };
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{shown}", body.len()).into_bytes()
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        // Only speed is lost without it.
        let _ = stream.set_nodelay(true);
        let Ok(own) = stream.try_clone() else { continue };
        let id = shared.count.fetch_add(1, Ordering::Relaxed);
        let connection = Connection { id, stream: Some(stream), ..Connection::default() };
        lock(&shared.connections).push(connection);
        let own = Own { stream: own, id, shared: Arc::clone(shared) };
        std::thread::spawn(move || own.serve());
    }
}

/// The thread of one connection.
struct Own {
    stream: TcpStream,
    id: u64,
    shared: Arc<Shared>,
}

impl Own {
    fn serve(mut self) {
        let mut buffer = Vec::new();
        let mut answered = false;
        // The first connection of a case is the odd one; sentinels on others are to be answered.
        let first = lock(&self.shared.connections).first().is_some_and(|one| one.id == self.id);
        let mut open = !(first && self.says(When::Accept, None, &mut answered));
        let mut piece = [0; 16 * 1024];
        loop {
            let read = self.stream.read(&mut piece).unwrap_or(0);
            buffer.extend_from_slice(piece.get(..read).unwrap_or_default());
            while open && self.takes(&mut buffer, &mut open, &mut answered) {}
            let rest = buffer.clone();
            let ended = read == 0;
            self.note(|connection| {
                connection.rest = rest;
                connection.ended = ended;
            });
            if ended {
                return;
            }
        }
    }

    /// Takes one request off the buffer and answers it; `false` when there is none.
    fn takes(&mut self, buffer: &mut Vec<u8>, open: &mut bool, answered: &mut bool) -> bool {
        match read(buffer, Kind::Request, false) {
            Read::Part(message) => {
                if message.ending.is_some() && self.says(When::Head, Some(&message), answered) {
                    *open = false;
                }
                false
            }
            Read::Malformed(why) => {
                self.note(|connection| connection.fault = Some(why));
                *open = false;
                let _ = self.stream.shutdown(Shutdown::Write);
                false
            }
            Read::Whole(message, length) => {
                let octets: Vec<u8> = buffer.drain(..length).collect();
                self.note(|connection| connection.requests.push((message.clone(), octets)));
                let early = self.says(When::Head, Some(&message), answered);
                *open = !(early || self.says(When::Request, Some(&message), answered));
                *answered = false;
                true
            }
        }
    }

    /// Says the answer if now is the moment for it; `true` when nothing more is answered here.
    fn says(&mut self, now: When, request: Option<&Message>, answered: &mut bool) -> bool {
        if *answered {
            return false;
        }
        let sentinel = request.is_some_and(|one| one.second().starts_with(SENTINEL));
        let script = lock(&self.shared.script).clone().filter(|_| !sentinel);
        let when = script.as_ref().map_or(When::Request, |script| script.when);
        // A connection that began with an answer goes on as any other.
        let when = if when == When::Accept && now != When::Accept { When::Request } else { when };
        if when != now {
            return false;
        }
        let scripted = script.as_ref().and_then(|script| script.answer.clone());
        let own = || request.map(echo).unwrap_or_default();
        // The peer may have gone.
        let _ = self.stream.write_all(&scripted.unwrap_or_else(own));
        *answered = now != When::Accept;
        let closes = script.is_some_and(|script| script.closes);
        if closes {
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        closes
    }

    fn note(&self, change: impl FnOnce(&mut Connection)) {
        let mut connections = lock(&self.shared.connections);
        // A connection of an earlier case is in the list no more.
        if let Some(own) = connections.iter_mut().find(|own| own.id == self.id) {
            change(own);
        }
        drop(connections);
        self.shared.changed.notify_all();
    }
}
