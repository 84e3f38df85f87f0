//! A raw HTTP/1.1 client on one connection: it sends any bytes and says how an answer ended.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::wire::{self, Ending, Framing, Head};

/// How long one read or write may take before the test is taken to have failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A request to be written.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    fields: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// A request without body.
    pub fn new(method: &str, target: &str) -> Self {
        let (method, target) = (method.to_owned(), target.to_owned());
        Self { method, target, fields: Vec::new(), body: None }
    }

    /// `GET target`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// `POST target` with a JSON body.
    pub fn post(target: &str, body: &Value) -> Self {
        let request = Self::new("POST", target).field("content-type", "application/json");
        Self { body: Some(body.to_string().into_bytes()), ..request }
    }

    /// One more field.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With these bytes as body.
    #[must_use]
    pub fn body(self, bytes: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(bytes.into()), ..self }
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// As it goes on the wire; `Host` is added where no field says it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str("Host: gate.test\r\n");
        }
        for (name, value) in &self.fields {
            head.extend([name.as_str(), ": ", value, "\r\n"]);
        }
        if let Some(body) = &self.body {
            let length = body.len().to_string();
            head.extend(["Content-Length: ", &length, "\r\n"]);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }
}

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Status line and fields.
    pub head: Head,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// Whether all of it came.
    pub ending: Ending,
}

impl Answer {
    /// The first field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.field(name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let read = serde_json::from_slice(&self.body);
        read.unwrap_or_else(|why| panic!("no JSON ({why}) in {} {}", self.status, self.text()))
    }
}

/// One connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let reader = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, reader })
    }

    /// Sends these bytes.
    ///
    /// # Errors
    /// What the system says.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that no more will be sent.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Reads the final answer to a request of this method; interim ones are passed over.
    ///
    /// # Errors
    /// When the connection ends or breaks before the head is complete.
    pub fn answer(&mut self, method: &str) -> io::Result<Answer> {
        loop {
            let head = wire::read_head(&mut self.reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let status = head.first.split(' ').nth(1).and_then(|code| code.parse().ok());
            let status: u16 = status.ok_or(io::ErrorKind::InvalidData)?;
            if (100..200).contains(&status) && status != 101 {
                continue;
            }
            let empty = method == "HEAD" || matches!(status, 101 | 204 | 304);
            let framing = if empty { Framing::Empty } else { head.framing(Framing::Close) };
            let (body, ending) = wire::read_body(&mut self.reader, framing);
            return Ok(Answer { status, head, body, ending });
        }
    }

    /// Reads raw bytes until these have come in a row; `false` when the connection ends or breaks before that.
    pub fn until(&mut self, wanted: &[u8]) -> bool {
        let mut came = Vec::new();
        let mut byte = [0];
        while !came.ends_with(wanted) {
            match self.reader.read(&mut byte) {
                Ok(1) => came.extend_from_slice(&byte),
                _ => return false,
            }
        }
        true
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// As [`Client::send`] and [`Client::answer`].
    pub fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        self.send(&request.bytes())?;
        self.answer(request.method())
    }
}

/// Sends one request on a connection of its own.
#[track_caller]
pub fn ask(address: SocketAddr, request: &Request) -> Answer {
    let asked = Client::connect(address).and_then(|mut client| client.ask(request));
    asked.unwrap_or_else(|why| panic!("{} {}: {why}", request.method, request.target))
}
