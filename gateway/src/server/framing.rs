//! A second look at the framing of HTTP/1.1 requests, on the bytes as they come.
//!
//! hyper resolves a request that has both Content-Length and Transfer-Encoding, or a Content-Length twice, and drops
//! the evidence. It forwards nothing in two meanings, but a request like that comes from a smuggler or from a broken
//! intermediary, and RFC 9112 §6.3 would have the connection refused. This scanner follows the messages of one
//! connection and finds such heads; when it loses the thread it gives up and leaves all to hyper.

/// How much of a line is kept; no framing field that is sound is longer.
const LINE: usize = 128;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the request line; empty lines are skipped (RFC 9112 §2.2).
    Start,
    /// In the fields.
    Fields,
    /// So many octets of a body are left.
    Body(u64),
    /// In the line with a chunk's size.
    Size,
    /// In the trailer section.
    Trailers,
    /// The thread is lost.
    Off,
}

/// Follows one connection.
#[derive(Debug)]
pub(super) struct Scanner {
    state: State,
    line: Vec<u8>,
    /// The line was longer than what is kept.
    long: bool,
    length: Option<u64>,
    chunked: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            state: State::Start,
            line: Vec::with_capacity(LINE),
            long: false,
            length: None,
            chunked: false,
        }
    }
}

impl Scanner {
    /// Takes the next bytes; `false` when they hold framing that can be read two ways.
    pub(super) fn takes(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() && self.state != State::Off {
            if let State::Body(left) = self.state {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                bytes = bytes.get(here..).unwrap_or_default();
                self.body(left - here as u64);
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                self.keep(bytes);
                return true;
            };
            let (piece, rest) = bytes.split_at(end + 1);
            self.keep(piece);
            bytes = rest;
            let line = std::mem::take(&mut self.line);
            let sound = self.line(line.trim_ascii_end());
            self.line = line;
            self.line.clear();
            self.long = false;
            if !sound {
                return false;
            }
        }
        true
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = LINE.saturating_sub(self.line.len());
        self.long |= piece.len() > room;
        self.line.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
    }

    fn body(&mut self, left: u64) {
        self.state = match (left, self.chunked) {
            (0, true) => State::Size,
            (0, false) => State::Start,
            _ => State::Body(left),
        };
    }

    /// One line without its end.
    fn line(&mut self, line: &[u8]) -> bool {
        match self.state {
            State::Start => {
                if !line.is_empty() {
                    (self.state, self.length, self.chunked) = (State::Fields, None, false);
                }
                true
            }
            State::Fields if line.is_empty() => {
                self.state = match (self.chunked, self.length) {
                    (true, None) => State::Size,
                    (true, Some(_)) => return false,
                    (false, Some(length)) if length > 0 => State::Body(length),
                    (false, _) => State::Start,
                };
                true
            }
            State::Fields => self.field(line),
            State::Size => {
                self.size(line);
                true
            }
            State::Trailers => {
                if line.is_empty() {
                    self.state = State::Start;
                }
                true
            }
            State::Body(_) | State::Off => true,
        }
    }

    fn field(&mut self, line: &[u8]) -> bool {
        // most fields begin with another letter
        if !matches!(line.first(), Some(b'c' | b'C' | b't' | b'T')) {
            return true;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return true };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            let digits =
                !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            let first = self.length.is_none();
            self.length = length;
            return digits && first && length.is_some();
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let first = !self.chunked;
            self.chunked = true;
            return first && value.eq_ignore_ascii_case(b"chunked") && !self.long;
        }
        true
    }

    fn size(&mut self, line: &[u8]) {
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size =
            std::str::from_utf8(digits).ok().and_then(|text| u64::from_str_radix(text, 16).ok());
        self.state = match size {
            Some(0) => State::Trailers,
            // the data and its line end
            Some(size) if size < u64::MAX - 2 => State::Body(size + 2),
            _ => State::Off,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Scanner;

    /// Whole, byte by byte, and in halves: the answer is the same.
    #[track_caller]
    fn check(bytes: &str, sound: bool) {
        let bytes = bytes.as_bytes();
        let (left, right) = bytes.split_at(bytes.len() / 2);
        let pieces: [Vec<&[u8]>; 3] = [vec![bytes], bytes.chunks(1).collect(), vec![left, right]];
        for pieces in pieces {
            let mut scanner = Scanner::default();
            assert_eq!(pieces.iter().all(|piece| scanner.takes(piece)), sound, "{bytes:?}");
        }
    }

    const EVIL: &str = "POST / HTTP/1.1\r\nContent-Length: 1\r\ntransfer-encoding: chunked\r\n\r\n";

    #[test]
    fn sound_messages_pass_one_after_the_other() {
        check("GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n", true);
        check(
            &format!(
                "POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{EVIL}GET / HTTP/1.1\r\n\r\n",
                EVIL.len()
            ),
            true,
        );
        check(
            &format!(
                "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n{:x};a=b\r\n{EVIL}\r\n0\r\nt: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
                EVIL.len()
            ),
            true,
        );
        check(&format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(500)), true);
    }

    #[test]
    fn what_can_be_read_two_ways_is_found_wherever_it_comes() {
        check(EVIL, false);
        check(&format!("GET / HTTP/1.1\r\nhost: x\r\n\r\n{EVIL}"), false);
        check(&format!("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc{EVIL}"), false);
        check(
            &format!(
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\r\n{EVIL}"
            ),
            false,
        );
        check("POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n", false);
        check("POST / HTTP/1.1\r\ntransfer-encoding: chunked, chunked\r\n\r\n", false);
        check("POST / HTTP/1.1\r\ncontent-length: 1,1\r\n\r\n", false);
    }

    proptest! {
        #[test]
        fn chunking_does_not_matter_and_nothing_brings_it_down(
            text in "(GET / HTTP/1.1\r\n|content-length: [0-9]{1,2}\r\n|transfer-encoding: chunked\r\n|\r\n|[0-9a-f]\r\n|[a-z]{0,9}){0,12}",
            size in 1_usize..9,
        ) {
            let whole = Scanner::default().takes(text.as_bytes());
            let mut scanner = Scanner::default();
            prop_assert_eq!(text.as_bytes().chunks(size).all(|piece| scanner.takes(piece)), whole);
        }
    }
}
