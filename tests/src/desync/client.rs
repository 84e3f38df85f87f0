//! The client of a case: it sends what it is told and keeps all that comes back.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::message::{Kind, Message, Read, read};

/// Longer than any proxy needs for an answer, and shorter than it waits for the rest of a message.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// A connection to a proxy.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Everything that came, in the order it came.
    pub raw: Vec<u8>,
    /// Statuses below 200.
    pub interims: Vec<u16>,
    /// Final answers.
    pub finals: Vec<Message>,
    /// The peer has closed, or broken, the connection.
    pub ended: bool,
    /// The peer said nothing though something was due.
    pub hung: bool,
    /// What came that is no answer.
    pub fault: Option<String>,
    head: bool,
}

impl Client {
    /// Connects; `head` says that the first request will be HEAD.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(address: SocketAddr, head: bool) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            raw: Vec::new(),
            interims: Vec::new(),
            finals: Vec::new(),
            ended: false,
            hung: false,
            fault: None,
            head,
        })
    }

    /// Sends; a peer that has closed already is seen when its answer is read.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Says that nothing more will be sent.
    pub fn half_close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads one answer, interim or final; `false` when there is none.
    pub fn answer(&mut self) -> bool {
        loop {
            let kind = Kind::Answer(self.head && self.finals.is_empty());
            let message = match read(&self.buffer, kind, self.ended) {
                Read::Malformed(why) => {
                    self.fault.get_or_insert(why);
                    return false;
                }
                Read::Whole(message, length) => {
                    self.buffer.drain(..length);
                    message
                }
                Read::Part(message) if self.ended => {
                    self.buffer.clear();
                    // Part of a head is no answer.
                    if message.ending.is_none() {
                        return false;
                    }
                    message
                }
                Read::Part(_) => {
                    if !self.more() {
                        return false;
                    }
                    continue;
                }
            };
            if message.status() < 200 && message.status() != 101 {
                self.interims.push(message.status());
            } else {
                self.finals.push(message);
            }
            return true;
        }
    }

    /// Reads one final answer; `false` when there is none.
    pub fn final_answer(&mut self) -> bool {
        let before = self.finals.len();
        while self.answer() {
            if self.finals.len() > before {
                return true;
            }
        }
        false
    }

    /// Reads everything up to the end of the connection.
    pub fn rest(&mut self) {
        while self.answer() {}
        while !self.ended && !self.hung && self.fault.is_some() && self.more() {}
    }

    /// Reads once; `false` when the peer keeps silent.
    fn more(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
            {
                self.hung = true;
                return false;
            }
            Ok(0) | Err(_) => self.ended = true,
            Ok(read) => {
                let piece = piece.get(..read).unwrap_or_default();
                self.buffer.extend_from_slice(piece);
                self.raw.extend_from_slice(piece);
            }
        }
        true
    }
}
