//! The server behind all peers: one thread, connections kept alive, answers made beforehand.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::fault::{During as _, Outcome};
use crate::page;

const LISTENER: Token = Token(usize::MAX);
/// Octets read at once.
const READ: usize = 16 << 10;
const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";

/// Starts the origin on a free loopback port; it runs as long as the program.
pub(crate) fn start() -> Outcome<SocketAddr> {
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .during("no port for the origin")?;
    let address = listener.local_addr().during("the origin has no address")?;
    let poll = Poll::new().during("no poll for the origin")?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)
        .during("the origin cannot listen")?;
    let origin =
        Origin { poll, listener, connections: HashMap::new(), next: 0, answers: Answers::new() };
    let thread = std::thread::Builder::new().name("origin".to_owned());
    thread.spawn(move || origin.run()).during("no thread for the origin")?;
    Ok(address)
}

/// Answers by the last part of a path.
struct Answers {
    pages: Vec<(&'static str, Arc<[u8]>)>,
    taken: Arc<[u8]>,
}

impl Answers {
    fn new() -> Self {
        let pages = page::SIZES.map(|(name, octets)| (name, answer("200 OK", &page::page(octets))));
        Self { pages: pages.into(), taken: answer("201 Created", page::TAKEN) }
    }

    fn find(&self, method: &str, path: &str) -> Arc<[u8]> {
        if method == "POST" {
            return Arc::clone(&self.taken);
        }
        let last = path.rsplit('/').next().unwrap_or_default();
        let page = self.pages.iter().find(|(name, _)| *name == last);
        page.map_or_else(|| NOT_FOUND.into(), |(_, answer)| Arc::clone(answer))
    }
}

fn answer(status: &str, body: &str) -> Arc<[u8]> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat().into()
}

struct Origin {
    poll: Poll,
    listener: TcpListener,
    connections: HashMap<usize, Connection>,
    next: usize,
    answers: Answers,
}

impl Origin {
    fn run(mut self) {
        let mut events = Events::with_capacity(256);
        let mut buffer = vec![0; READ];
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return,
                _ => {}
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept();
                    continue;
                }
                let Token(number) = event.token();
                let Some(connection) = self.connections.get_mut(&number) else { continue };
                if !connection.go_on(&mut buffer, &self.answers) || event.is_read_closed() {
                    self.connections.remove(&number);
                }
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((mut stream, _)) = self.listener.accept() {
            // a delayed answer would only show in the figures
            let _ = stream.set_nodelay(true);
            let number = self.next;
            self.next += 1;
            let interest = Interest::READABLE | Interest::WRITABLE;
            if self.poll.registry().register(&mut stream, Token(number), interest).is_ok() {
                self.connections.insert(number, Connection::new(stream));
            }
        }
    }
}

/// What is left to read of a request.
enum Stage {
    Head,
    /// So many octets of a body, then the answer.
    Length(usize),
    /// A chunked body, then the answer.
    Chunked,
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    stage: Stage,
    answer: Arc<[u8]>,
    /// Octets of the answer that are not written yet.
    unwritten: usize,
    /// The connection ends with this answer.
    last: bool,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        let (read, answer) = (Vec::with_capacity(READ), NOT_FOUND.into());
        Self { stream, read, stage: Stage::Head, answer, unwritten: 0, last: false }
    }

    /// Reads and writes as far as it goes; `false` when the connection is done with.
    fn go_on(&mut self, buffer: &mut [u8], answers: &Answers) -> bool {
        if !self.write() {
            return false;
        }
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    self.read.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    if !self.take(answers) {
                        return false;
                    }
                    // an end of the stream is told by the event
                    if count < buffer.len() {
                        return true;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    /// Answers what has been read whole.
    fn take(&mut self, answers: &Answers) -> bool {
        loop {
            let in_head = matches!(self.stage, Stage::Head);
            let taken = match self.stage {
                Stage::Head => match self.head(answers) {
                    Ok(taken) => taken,
                    Err(()) => return false,
                },
                Stage::Length(length) => (self.read.len() >= length).then_some(length),
                Stage::Chunked => ending(&self.read),
            };
            let Some(taken) = taken else { return true };
            self.read.drain(..taken);
            if in_head {
                continue;
            }
            self.stage = Stage::Head;
            self.unwritten = self.answer.len();
            if !self.write() {
                return false;
            }
            if self.read.is_empty() {
                return true;
            }
        }
    }

    /// Octets of the head, if it is here; the stage is then that of its body.
    fn head(&mut self, answers: &Answers) -> Result<Option<usize>, ()> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut fields);
        let Ok(status) = request.parse(&self.read) else { return Err(()) };
        let httparse::Status::Complete(length) = status else { return Ok(None) };
        let mut stage = Stage::Length(0);
        for field in request.headers.iter() {
            if field.name.eq_ignore_ascii_case("content-length") {
                let digits = std::str::from_utf8(field.value).map_err(drop)?;
                stage = Stage::Length(digits.parse().map_err(drop)?);
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                stage = Stage::Chunked;
            } else if field.name.eq_ignore_ascii_case("connection") {
                self.last = field.value.eq_ignore_ascii_case(b"close");
            }
        }
        let path = request.path.unwrap_or_default();
        self.answer = answers.find(request.method.unwrap_or_default(), path);
        self.stage = stage;
        Ok(Some(length))
    }

    fn write(&mut self) -> bool {
        while self.unwritten > 0 {
            let rest = self.answer.len().saturating_sub(self.unwritten);
            match self.stream.write(self.answer.get(rest..).unwrap_or_default()) {
                Ok(count) => self.unwritten = self.unwritten.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        !(self.last && matches!(self.stage, Stage::Head))
    }
}

/// Octets up to the end of a chunked body without trailers; the bodies that travel here never hold what ends one.
fn ending(read: &[u8]) -> Option<usize> {
    const END: &[u8] = b"0\r\n\r\n";
    if read.starts_with(END) {
        return Some(END.len());
    }
    memchr::memmem::find(read, b"\r\n0\r\n\r\n").map(|at| at + 2 + END.len())
}
