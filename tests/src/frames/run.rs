//! Plays rows of the HTTP/2 suite on a connection of their own each, and judges what came back.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::frame::{self, ACK, END_STREAM, Frame, PREFACE, frame, kind, settings};
use crate::desync::case::{Level, Script, When};
use crate::desync::client::PATIENCE;
use crate::desync::recorder::{Recorder, SENTINEL};
use crate::desync::run::{Verdict, elsewhere};

/// What the last PING of a row carries.
const MARK: [u8; 8] = *b"the-last";

/// How long a flood may take to be ended.
const FLOOD: Duration = Duration::from_secs(8);

/// Something that holds of a connection. Texts are compared in lower case.
#[derive(Clone, Copy, Debug)]
pub enum Sign {
    /// No octet reached a backend.
    Nothing,
    /// No whole request did.
    Unfinished,
    /// So many whole requests did.
    Requests(usize),
    /// Not more than so many did.
    AtMost(usize),
    /// What reached the backend has this text.
    Has(&'static str),
    /// It has not.
    Lacks(&'static str),
    /// The body of the first request that reached a backend.
    Body(&'static str),
    /// The stream was answered with one of these.
    Status(u32, &'static [u16]),
    /// The body of the answer on this stream has this text.
    Says(u32, &'static str),
    /// The stream was answered with one of these, reset, or the connection ended.
    Refused(u32, &'static [u16]),
    /// The stream was reset with one of these codes, or the connection ended.
    Reset(u32, &'static [u32]),
    /// Some stream was reset or refused.
    SomeReset,
    /// The connection was ended, with one of these codes if it said one. An empty list is any.
    Gone(&'static [u32]),
    /// The connection goes on.
    Alive,
    /// The client's SETTINGS were acknowledged.
    Acknowledged,
}

/// A row of the suite.
#[derive(Clone, Debug)]
pub struct Row {
    /// Unique.
    pub name: &'static str,
    /// RFC number and section.
    pub section: &'static str,
    /// How firmly it is asked for.
    pub level: Level,
    /// Whether the connection begins as it should.
    pub opens: bool,
    /// What is sent after that.
    pub octets: Vec<u8>,
    /// The streams that have to end before the row is over, if the connection goes on.
    pub streams: Vec<u32>,
    /// What the backend answers; `None` for what was asked for.
    pub answer: Option<&'static str>,
    /// Outcomes of which one has to hold, whole.
    pub outcomes: Vec<Vec<Sign>>,
}

impl Row {
    /// A row that waits for stream 1.
    pub fn new(level: Level, name: &'static str, section: &'static str, octets: Vec<u8>) -> Self {
        let (streams, outcomes) = (vec![1], Vec::new());
        Self { name, section, level, opens: true, octets, streams, answer: None, outcomes }
    }

    /// It waits for these streams.
    #[must_use]
    pub fn streams(mut self, streams: &[u32]) -> Self {
        self.streams = streams.to_vec();
        self
    }

    /// All of this holds, or another outcome does.
    #[must_use]
    pub fn expect(mut self, signs: impl IntoIterator<Item = Sign>) -> Self {
        self.outcomes.push(signs.into_iter().collect());
        self
    }
}

/// What became of one stream.
#[derive(Debug, Default)]
struct Stream {
    status: Option<u16>,
    body: Vec<u8>,
    reset: Option<u32>,
    ended: bool,
}

/// What was seen of one row.
#[derive(Debug, Default)]
struct Seen {
    streams: BTreeMap<u32, Stream>,
    goaway: Option<u32>,
    ended: bool,
    hung: bool,
    alive: bool,
    acknowledged: bool,
    requests: Vec<String>,
    bodies: Vec<Vec<u8>>,
    octets: String,
    faults: Vec<String>,
}

/// Runs one row after the other; `http1` is the same proxy.
pub fn run(http2: SocketAddr, http1: SocketAddr, backend: &Recorder, rows: &[Row]) -> Vec<Verdict> {
    let one = |(number, row): (usize, &Row)| {
        let failed = match watch(http2, backend, row) {
            Ok(mut seen) => {
                seen.faults.extend(elsewhere(http1, &format!("h2-{number}")));
                settle(&mut seen, backend);
                judge(row, &seen).err()
            }
            Err(error) => Some(format!("the proxy takes no connection: {error}")),
        };
        Verdict { name: row.name, section: row.section, level: row.level, failed }
    };
    rows.iter().enumerate().map(one).collect()
}

/// Plays a row up to the end of its streams and the answer to a last PING, or of the connection.
fn watch(http2: SocketAddr, backend: &Recorder, row: &Row) -> std::io::Result<Seen> {
    let answer = row.answer.map(|answer| answer.as_bytes().to_vec());
    let script = Script { answer, when: When::Request, closes: false, late: Vec::new() };
    backend.begin(Some(script));
    let mut octets = Vec::new();
    if row.opens {
        octets.extend_from_slice(PREFACE);
        // Without a dynamic table an answer can be read by itself.
        octets.extend(settings(&[(1, 0)]));
    }
    octets.extend_from_slice(&row.octets);
    octets.extend(frame(kind::PING, 0, 0, &MARK));
    let stream = TcpStream::connect(http2)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(FLOOD))?;
    let mut writer = stream.try_clone()?;
    let mut seen = Seen::default();
    std::thread::scope(|scope| {
        // A peer that ends the connection need not take all of it.
        scope.spawn(move || writer.write_all(&octets));
        listen(&stream, row, &mut seen);
        // Ends a write that nobody takes.
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    Ok(seen)
}

fn listen(mut stream: &TcpStream, row: &Row, seen: &mut Seen) {
    let began = Instant::now();
    let mut buffer = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        while let Some((frame, length)) = frame::read(&buffer) {
            buffer.drain(..length);
            if frame.kind == kind::SETTINGS && frame.flags & ACK == 0 {
                // A peer that has gone needs none.
                let _ = stream.write_all(&frame::frame(kind::SETTINGS, ACK, 0, &[]));
            }
            seen.take(&frame);
        }
        let whole = row.streams.iter().all(|id| seen.streams.get(id).is_some_and(|one| one.ended));
        if (whole && seen.alive) || seen.goaway.is_some_and(|code| code != 0) {
            return;
        }
        match stream.read(&mut piece) {
            Ok(0) => seen.ended = true,
            Ok(read) => buffer.extend_from_slice(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => seen.ended = true,
            Err(_) => seen.hung = true,
        }
        seen.hung |= began.elapsed() > FLOOD;
        if seen.ended || seen.hung {
            return;
        }
    }
}

impl Seen {
    fn take(&mut self, frame: &Frame) {
        let code = |payload: &[u8], at: usize| {
            let four = payload.get(at..at + 4).and_then(|four| four.try_into().ok());
            four.map(u32::from_be_bytes)
        };
        match frame.kind {
            kind::SETTINGS => self.acknowledged |= frame.flags & ACK != 0,
            kind::PING => self.alive |= frame.flags & ACK != 0 && frame.payload == MARK,
            kind::GOAWAY => self.goaway = code(&frame.payload, 4),
            kind::HEADERS => {
                let stream = self.streams.entry(frame.stream).or_default();
                // The last one before the body counts; trailers have no status.
                let status = frame::status(&frame.payload);
                stream.status = status.or(stream.status);
                stream.ended |= frame.flags & END_STREAM != 0;
            }
            kind::DATA => {
                let stream = self.streams.entry(frame.stream).or_default();
                stream.body.extend_from_slice(&frame.payload);
                stream.ended |= frame.flags & END_STREAM != 0;
            }
            kind::RST_STREAM => {
                let stream = self.streams.entry(frame.stream).or_default();
                // An answer that was whole already is not taken back (RFC 9113 §8.1).
                if !stream.ended {
                    stream.reset = code(&frame.payload, 0);
                }
                stream.ended = true;
            }
            _ => {}
        }
    }

    fn gone(&self, codes: &[u32]) -> bool {
        let sound = |code: u32| codes.is_empty() || codes.contains(&code);
        match self.goaway {
            Some(code) if code != 0 => sound(code),
            _ => self.ended,
        }
    }
}

fn settle(seen: &mut Seen, backend: &Recorder) {
    for connection in backend.settle() {
        seen.faults.extend(connection.fault.map(|why| format!("the backend was sent {why}")));
        for (message, octets) in connection.requests {
            if message.second().starts_with(SENTINEL) {
                continue;
            }
            if message.second().contains("/smuggled") {
                seen.faults.push(format!("a smuggled request: {}", message.head));
            }
            seen.octets.push_str(&String::from_utf8_lossy(&octets).to_ascii_lowercase());
            seen.bodies.push(message.body);
            seen.requests.push(message.head);
        }
        seen.octets.push_str(&String::from_utf8_lossy(&connection.rest).to_ascii_lowercase());
    }
}

fn judge(row: &Row, seen: &Seen) -> Result<(), String> {
    let mut failures = seen.faults.clone();
    if failures.is_empty() {
        let misses = |signs: &Vec<Sign>| -> Vec<String> {
            let failing = signs.iter().filter(|sign| !holds(sign, seen));
            failing.map(|sign| format!("{sign:?}")).collect()
        };
        let all: Vec<Vec<String>> = row.outcomes.iter().map(misses).collect();
        if all.iter().any(Vec::is_empty) {
            return Ok(());
        }
        failures.extend(all.into_iter().next().unwrap_or_default());
    }
    let streams: Vec<_> = seen.streams.iter().take(3).collect();
    Err(format!(
        "{} | streams {:?} goaway {:?} ended {} hung {} alive {} | {} requests, backend saw {:?}",
        failures.join("; "),
        streams,
        seen.goaway,
        seen.ended,
        seen.hung,
        seen.alive,
        seen.requests.len(),
        seen.octets.chars().take(300).collect::<String>(),
    ))
}

fn holds(sign: &Sign, seen: &Seen) -> bool {
    let stream = |id: &u32| seen.streams.get(id);
    let reset = |id: &u32, codes: &[u32]| {
        let code = stream(id).and_then(|one| one.reset);
        code.is_some_and(|code| codes.is_empty() || codes.contains(&code)) || seen.gone(&[])
    };
    let answered = |id: &u32, any: &[u16]| {
        stream(id).and_then(|one| one.status).is_some_and(|status| any.contains(&status))
    };
    match sign {
        Sign::Nothing => seen.octets.is_empty(),
        Sign::Unfinished => seen.requests.is_empty(),
        Sign::Requests(count) => seen.requests.len() == *count,
        Sign::AtMost(count) => seen.requests.len() <= *count,
        Sign::Has(part) => seen.octets.contains(part),
        Sign::Lacks(part) => !seen.octets.contains(part),
        Sign::Body(body) => seen.bodies.first().is_some_and(|own| own == body.as_bytes()),
        Sign::Status(id, any) => {
            answered(id, any) && stream(id).is_some_and(|one| one.reset.is_none())
        }
        Sign::Says(id, part) => stream(id).is_some_and(|one| {
            String::from_utf8_lossy(&one.body).to_ascii_lowercase().contains(part)
        }),
        Sign::Refused(id, any) => answered(id, any) || reset(id, &[]),
        Sign::Reset(id, codes) => reset(id, codes),
        Sign::SomeReset => seen.gone(&[]) || seen.streams.values().any(|one| one.reset.is_some()),
        Sign::Gone(codes) => seen.gone(codes),
        Sign::Alive => seen.alive && seen.goaway.unwrap_or(0) == 0,
        Sign::Acknowledged => seen.acknowledged,
    }
}
