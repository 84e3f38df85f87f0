//! HTTP/1.1 clients in one thread over one poll.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustls::ClientConfig;

use super::asked::{Asked, Taken, Way};
use super::reply::{Reply, Wanted};
use super::stream::{HOST, Stream};
use crate::fault::{During as _, Fault, Outcome};

/// Connections that are kept busy.
const CONNECTIONS: usize = 64;
/// Octets read at once.
const READ: usize = 64 << 10;
/// How long nothing may happen while answers are owed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections to one peer.
pub(crate) struct Http1 {
    asked: Asked,
    request: Vec<u8>,
    tls: Option<Arc<ClientConfig>>,
    poll: Poll,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    /// Connections that owe an answer or an end.
    busy: usize,
    /// Connections that wait for a request that is due.
    idle: VecDeque<usize>,
    taken: Taken,
    until: Instant,
}

struct Connection {
    stream: Option<Stream>,
    reply: Reply,
    /// Octets of the request that were taken.
    sent: usize,
    /// When the request was or should have been sent.
    since: Instant,
    /// The answer is here, the end of the stream is not.
    ending: bool,
}

/// When requests are due at a fixed rate.
struct Pace {
    begun: Instant,
    rate: u32,
    sent: u32,
    total: u32,
}

impl Pace {
    fn new(rate: u32, during: Duration) -> Self {
        let total = u64::from(rate) * u64::try_from(during.as_millis()).unwrap_or(u64::MAX) / 1000;
        let total = u32::try_from(total).unwrap_or(u32::MAX);
        Self { begun: Instant::now(), rate, sent: 0, total }
    }

    fn next(&self) -> Option<Instant> {
        let seconds = f64::from(self.sent) / f64::from(self.rate);
        (self.sent < self.total).then(|| self.begun + Duration::from_secs_f64(seconds))
    }
}

impl Http1 {
    pub(crate) fn open(asked: &Asked) -> Outcome<Self> {
        let poll = Poll::new().during("no poll for the clients")?;
        let now = Instant::now();
        let close = if matches!(asked.way, Way::Fresh) { "connection: close\r\n" } else { "" };
        let (path, posted) = (&asked.path, asked.posted.as_deref());
        let request = match posted {
            None => format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\naccept: */*\r\n{close}\r\n"),
            Some(body) => format!(
                "POST {path} HTTP/1.1\r\nhost: {HOST}\r\naccept: */*\r\ncontent-type: \
                 application/json\r\ncontent-length: {}\r\n{close}\r\n{body}",
                body.len()
            ),
        };
        let connection =
            || Connection { stream: None, reply: Reply::new(), sent: 0, since: now, ending: false };
        let tls = if let Way::Tls(config) = &asked.way { Some(Arc::clone(config)) } else { None };
        Ok(Self {
            request: request.into_bytes(),
            tls,
            poll,
            connections: (0..CONNECTIONS).map(|_| connection()).collect(),
            buffer: vec![0; READ],
            busy: 0,
            idle: VecDeque::new(),
            taken: Taken::new(),
            until: now,
            asked: asked.clone(),
        })
    }

    /// Asks for so long and waits for the last answers.
    pub(crate) fn ask(&mut self, during: Duration) -> Outcome<Taken> {
        let begun = Instant::now();
        self.until = begun + during;
        let pace = if let Way::Rate(rate) = self.asked.way {
            self.idle = (0..CONNECTIONS).collect();
            Some(Pace::new(rate, during))
        } else {
            for number in 0..CONNECTIONS {
                self.send(number, begun)?;
            }
            None
        };
        self.turn(pace)?;
        let mut taken = std::mem::replace(&mut self.taken, Taken::new());
        taken.elapsed = begun.elapsed();
        Ok(taken)
    }

    /// Status and body of one answer.
    pub(crate) fn once(mut self) -> Outcome<(u16, Vec<u8>)> {
        let now = Instant::now();
        self.until = now;
        if let Some(connection) = self.connections.first_mut() {
            connection.reply.kept = Some(Vec::new());
        }
        self.send(0, now)?;
        self.turn(None)?;
        let reply = self.connections.into_iter().next().during("no answer")?.reply;
        Ok((reply.status(), reply.kept.unwrap_or_default()))
    }

    /// Goes on until nothing is owed and nothing is due any more.
    fn turn(&mut self, mut pace: Option<Pace>) -> Outcome<()> {
        let mut events = Events::with_capacity(2 * CONNECTIONS);
        let mut moved = Instant::now();
        let wait = if pace.is_some() { Duration::ZERO } else { Duration::from_secs(1) };
        while self.busy > 0 || pace.as_ref().is_some_and(|pace| pace.next().is_some()) {
            if let Some(pace) = &mut pace {
                self.send_due(pace)?;
            }
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    return Err(error).during("the clients cannot wait");
                }
                _ => {}
            }
            if events.is_empty() {
                if self.busy > 0 && moved.elapsed() > PATIENCE {
                    let busy = self.busy;
                    return Err(Fault(format!("{busy} requests were not answered in time")));
                }
                // a clock that is precise to microseconds has to be watched, but not in the way of others
                std::thread::yield_now();
                continue;
            }
            moved = Instant::now();
            for event in &events {
                self.go_on(event.token().0)?;
            }
        }
        Ok(())
    }

    /// Sends what is due, as far as there are connections; what is late counts as late.
    fn send_due(&mut self, pace: &mut Pace) -> Outcome<()> {
        let now = Instant::now();
        while let Some(due) = pace.next().filter(|due| *due <= now) {
            let Some(number) = self.idle.pop_front() else { return Ok(()) };
            pace.sent += 1;
            self.send(number, due)?;
        }
        Ok(())
    }

    /// Begins a request, on a new connection where there is none.
    fn send(&mut self, number: usize, since: Instant) -> Outcome<()> {
        let Some(connection) = self.connections.get_mut(number) else { return Ok(()) };
        connection.sent = 0;
        connection.since = since;
        connection.ending = false;
        self.busy += 1;
        if connection.stream.is_none() {
            let mut socket =
                TcpStream::connect(self.asked.address).during("no connection to a peer")?;
            let _ = socket.set_nodelay(true);
            let interest = Interest::READABLE | Interest::WRITABLE;
            let registry = self.poll.registry();
            registry.register(&mut socket, Token(number), interest).during("no events")?;
            connection.stream = Some(Stream::new(socket, self.tls.as_ref())?);
            // the first event says that the connection stands
            return Ok(());
        }
        connection.write(&self.request)
    }

    /// Writes and reads as far as it goes.
    fn go_on(&mut self, number: usize) -> Outcome<()> {
        let wanted = Wanted {
            status: self.asked.status,
            body: &self.asked.body,
            ordered: self.asked.ordered,
        };
        let fresh = matches!(self.asked.way, Way::Fresh);
        let Some(connection) = self.connections.get_mut(number) else { return Ok(()) };
        connection.write(&self.request)?;
        loop {
            let Some(stream) = &mut connection.stream else { return Ok(()) };
            let count = match stream.read(&mut self.buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(()),
                Err(error) => return Err(error).during("a connection broke"),
            };
            if count == 0 && !connection.ending {
                return Err(Fault::said("a peer closed a connection before its answer"));
            }
            let now = Instant::now();
            if count == 0 {
                connection.stream = None;
                return self.end(number, now);
            }
            let drained = stream.is_plain() && count < self.buffer.len() && !fresh;
            let octets = self.buffer.get(..count).unwrap_or_default();
            if connection.reply.feed(octets, wanted)? {
                let took = now.duration_since(connection.since).as_nanos();
                self.taken.times.add(u64::try_from(took).unwrap_or(u64::MAX));
                self.taken.answers += 1;
                if fresh {
                    connection.ending = true;
                    continue;
                }
                return self.end(number, now);
            }
            if drained {
                return Ok(());
            }
        }
    }

    /// A connection is free for its next request.
    fn end(&mut self, number: usize, now: Instant) -> Outcome<()> {
        self.busy -= 1;
        if matches!(self.asked.way, Way::Rate(_)) {
            self.idle.push_back(number);
        } else if now < self.until {
            return self.send(number, now);
        }
        Ok(())
    }
}

impl Connection {
    fn write(&mut self, request: &[u8]) -> Outcome<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        while self.sent < request.len() {
            match stream.write(request.get(self.sent..).unwrap_or_default()) {
                Ok(count) => self.sent += count,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) =>
                {
                    break;
                }
                Err(error) => return Err(error).during("a request could not be sent"),
            }
        }
        match stream.flush() {
            Err(error)
                if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) =>
            {
                Err(error).during("a request could not be sent")
            }
            _ => Ok(()),
        }
    }
}
