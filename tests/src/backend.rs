//! A scripted backend on a raw socket: it records what it got and answers any bytes, also faulty ones.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use socket2::SockRef;

use crate::client::PATIENCE;
use crate::load;
use crate::wire::{self, Ending, Framing, Head};

/// How many requests a backend remembers; load tests send more and need only the count.
const REMEMBERED: usize = 10_000;
/// The octets of their bodies that it remembers.
const REMEMBERED_OCTETS: usize = 32 << 20;

/// A request as the backend got it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The target as on the request line.
    pub target: String,
    /// Request line and fields.
    pub head: Head,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// Whether all of it came.
    pub ending: Ending,
}

impl Seen {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let read = serde_json::from_slice(&self.body);
        read.unwrap_or_else(|why| panic!("no JSON ({why}) in {}", self.head.first))
    }
}

/// A door that stays shut until a test opens it.
#[derive(Clone, Debug, Default)]
pub struct Latch(Arc<(Mutex<bool>, Condvar)>);

impl Latch {
    /// Lets everyone through, now and later.
    pub fn open(&self) {
        *lock(&self.0.0) = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let shut = lock(&self.0.0);
        let waited = self.0.1.wait_timeout_while(shut, PATIENCE, |open| !*open);
        drop(waited);
    }
}

#[derive(Clone, Debug)]
enum Piece {
    Bytes(Vec<u8>),
    Slowly(Vec<u8>, Duration),
    Wait(Latch),
    Reset,
    Close,
}

/// What is answered: bytes, pauses and an early end.
#[derive(Clone, Debug, Default)]
pub struct Reply(Vec<Piece>);

impl Reply {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A whole answer with this JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::whole(status, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    /// A whole answer with these fields and body, framed by `Content-Length`.
    pub fn whole(status: u16, fields: &[(&str, &str)], body: &[u8]) -> Self {
        let mut head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in fields {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        Self::new().bytes(head).bytes(body)
    }

    /// These bytes next, as they are.
    #[must_use]
    pub fn bytes(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.push(Piece::Bytes(bytes.as_ref().to_vec()));
        self
    }

    /// These bytes next, one after the other with a pause behind each.
    #[must_use]
    pub fn slowly(mut self, bytes: impl AsRef<[u8]>, pause: Duration) -> Self {
        self.0.push(Piece::Slowly(bytes.as_ref().to_vec(), pause));
        self
    }

    /// Then waits until the latch is open.
    #[must_use]
    pub fn wait(mut self, latch: &Latch) -> Self {
        self.0.push(Piece::Wait(latch.clone()));
        self
    }

    /// Then resets the connection.
    #[must_use]
    pub fn reset(mut self) -> Self {
        self.0.push(Piece::Reset);
        self
    }

    /// Then closes the connection.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.0.push(Piece::Close);
        self
    }
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

#[derive(Default)]
struct Ledger {
    seen: Vec<Seen>,
    count: usize,
    octets: usize,
    open: HashMap<usize, TcpStream>,
    connections: usize,
}

struct Shared {
    script: Box<Script>,
    ledger: Mutex<Ledger>,
    arrived: Condvar,
    stopped: AtomicBool,
}

/// A running backend; stopped when dropped.
pub struct Backend {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Backend").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Backend {
    /// Listens on a free port of the loopback interface and answers by the script.
    pub fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), script)
    }

    /// Listens at this very address.
    pub fn at(
        address: SocketAddr,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            script: Box::new(script),
            ledger: Mutex::default(),
            arrived: Condvar::new(),
            stopped: AtomicBool::new(false),
        });
        let listening = Some(std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || listen(&listener, &shared)
        }));
        Self { address, shared, listening }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://address`, as a config names it.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        lock(&self.shared.ledger).count
    }

    /// The requests that came, the first ten thousand of them.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.ledger).seen.clone()
    }

    /// The only request that came.
    #[track_caller]
    pub fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "exactly one request should have come");
        seen.remove(0)
    }

    /// Waits until this many requests came in whole.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        let ledger = lock(&self.shared.ledger);
        let fewer = |ledger: &mut Ledger| ledger.count < count;
        let waited = self.shared.arrived.wait_timeout_while(ledger, PATIENCE, fewer);
        assert!(
            waited.is_ok_and(|(_, late)| !late.timed_out()),
            "fewer than {count} requests came"
        );
    }

    /// Cuts every open connection and listens no more, as a killed process would.
    pub fn kill(&mut self) {
        let Some(listening) = self.listening.take() else { return };
        self.shared.stopped.store(true, Ordering::SeqCst);
        for (_, stream) in lock(&self.shared.ledger).open.drain() {
            // A connection that has ended already is as good as cut.
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the listening thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        let _ = listening.join();
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A lock that a fallen test thread cannot spoil for the others.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let number = enter(shared, &stream);
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // The peer may go at any time; what it got until then is what the test looks at.
            let resets = serve(&stream, &shared).is_ok_and(|end| end == End::Reset);
            let linger = resets.then_some(Duration::ZERO);
            // One that was reset by its peer has no such option any more.
            let _ = SockRef::from(&stream).set_linger(linger);
            if !resets {
                let _ = stream.shutdown(Shutdown::Both);
            }
            // With the last of its handles the connection is gone.
            lock(&shared.ledger).open.remove(&number);
        });
    }
}

/// Notes an open connection under a number of its own.
fn enter(shared: &Shared, stream: &TcpStream) -> usize {
    let mut ledger = lock(&shared.ledger);
    ledger.connections += 1;
    let number = ledger.connections;
    if let Ok(copy) = stream.try_clone() {
        ledger.open.insert(number, copy);
    }
    number
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<End> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(head) = wire::read_head(&mut reader)? {
        let (body, ending) = wire::read_body(&mut reader, head.framing(Framing::Empty));
        let mut words = head.first.split(' ').map(str::to_owned);
        let method = words.next().unwrap_or_default();
        let target = words.next().unwrap_or_default();
        let closes = head.closes();
        let seen = Seen { method, target, head, body, ending };
        let reply = (shared.script)(&seen);
        remember(shared, seen);
        if let Some(end) = answer(stream, reply)? {
            return Ok(end);
        }
        if closes {
            return Ok(End::Closed);
        }
    }
    Ok(End::Closed)
}

/// Writes what is answered; says how the connection ends, if it does.
fn answer(mut stream: &TcpStream, reply: Reply) -> io::Result<Option<End>> {
    for piece in reply.0 {
        match piece {
            Piece::Bytes(bytes) => stream.write_all(&bytes)?,
            Piece::Slowly(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte])?;
                    load::pause(pause);
                }
            }
            Piece::Wait(latch) => latch.wait(),
            Piece::Reset => return Ok(Some(End::Reset)),
            Piece::Close => return Ok(Some(End::Closed)),
        }
    }
    Ok(None)
}

fn remember(shared: &Shared, seen: Seen) {
    let mut ledger = lock(&shared.ledger);
    ledger.count += 1;
    if ledger.seen.len() < REMEMBERED && ledger.octets < REMEMBERED_OCTETS {
        ledger.octets += seen.body.len();
        ledger.seen.push(seen);
    }
    shared.arrived.notify_all();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Client, Request, ask};
    use serde_json::json;

    #[test]
    fn records_and_answers_on_one_connection() {
        let backend = Backend::start(|seen| Reply::json(200, &json!({ "target": seen.target })));
        let mut client = Client::connect(backend.address()).unwrap();
        let first = client.ask(&Request::post("/a", &json!({ "n": 1 }))).unwrap();
        let second = client.ask(&Request::get("/b")).unwrap();
        assert_eq!(
            (first.json(), second.json()),
            (json!({"target": "/a"}), json!({"target": "/b"}))
        );
        assert_eq!(backend.count(), 2);
        assert_eq!(backend.seen()[0].json(), json!({ "n": 1 }));
    }

    #[test]
    fn an_early_end_is_seen_as_cut() {
        let reply = Reply::new().bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").close();
        let backend = Backend::start(move |_| reply.clone());
        let answer = ask(backend.address(), &Request::get("/"));
        assert_eq!((answer.text().as_str(), answer.ending), ("abc", Ending::Cut));
    }

    #[test]
    fn a_killed_backend_cuts_what_it_was_saying() {
        let latch = Latch::default();
        let reply =
            Reply::new().bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").wait(&latch);
        let mut backend = Backend::start(move |_| reply.clone());
        let mut client = Client::connect(backend.address()).unwrap();
        client.send(&Request::get("/").bytes()).unwrap();
        backend.wait_for(1);
        backend.kill();
        let answer = client.answer("GET");
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.ending == Ending::Cut));
        assert!(Client::connect(backend.address()).is_err());
        latch.open();
    }
}
