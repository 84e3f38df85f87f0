//! HTTP/1.1 messages on a byte stream, read by hand (RFC 9112), with how they ended.

use std::io::{self, BufRead, Read};

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 256 * 1024;

/// A first line and the fields below it, as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The request line or status line, without its line end.
    pub first: String,
    /// Names as written, values trimmed, in the order they came.
    pub fields: Vec<(String, String)>,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its framing says that all of it came.
    Whole,
    /// The connection ended or broke before that.
    Cut,
    /// It was framed by the end of the connection alone: nobody can tell.
    Unknown,
}

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    Empty,
    /// By `Content-Length`.
    Length(u64),
    /// By chunks.
    Chunked,
    /// By the end of the connection.
    Close,
}

impl Head {
    /// The first field of this name, in any letter case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut same = self.fields.iter().filter(|(each, _)| each.eq_ignore_ascii_case(name));
        same.next().map(|(_, value)| value.as_str())
    }

    /// All values of this name, in any letter case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = self.fields.iter().filter(|(each, _)| each.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether the sender will close the connection after this message.
    pub fn closes(&self) -> bool {
        self.field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The framing that the fields declare; `otherwise` where they declare none.
    pub fn framing(&self, otherwise: Framing) -> Framing {
        let coding = self.field("transfer-encoding");
        if coding.is_some_and(|coding| coding.to_ascii_lowercase().ends_with("chunked")) {
            return Framing::Chunked;
        }
        match self.field("content-length").and_then(|length| length.parse().ok()) {
            Some(length) => Framing::Length(length),
            None => otherwise,
        }
    }
}

/// Reads a head; `None` when the stream ends before its first byte.
///
/// # Errors
/// When the stream breaks, or ends inside the head.
pub fn read_head(from: &mut impl BufRead) -> io::Result<Option<Head>> {
    let Some(first) = read_line(from)? else { return Ok(None) };
    let mut fields = Vec::new();
    loop {
        let line = read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(Some(Head { first, fields }));
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// Reads a body as it is framed. A stream that breaks gives what came, cut.
pub fn read_body(from: &mut impl BufRead, framing: Framing) -> (Vec<u8>, Ending) {
    let mut body = Vec::new();
    let ending = match framing {
        Framing::Empty => Ending::Whole,
        Framing::Length(length) => match from.take(length).read_to_end(&mut body) {
            Ok(read) if read as u64 == length => Ending::Whole,
            _ => Ending::Cut,
        },
        Framing::Chunked => match read_chunks(from, &mut body) {
            Ok(()) => Ending::Whole,
            Err(_) => Ending::Cut,
        },
        Framing::Close => match from.read_to_end(&mut body) {
            Ok(_) => Ending::Unknown,
            Err(_) => Ending::Cut,
        },
    };
    (body, ending)
}

fn read_chunks(from: &mut impl BufRead, into: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        if size == 0 {
            while !read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?.is_empty() {}
            return Ok(());
        }
        let read = from.by_ref().take(size).read_to_end(into)? as u64;
        let end = read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if read < size || !end.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// A line without its end; `None` at the end of the stream.
fn read_line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: &str, otherwise: Framing, body: &str, ending: Ending) {
        let mut from = stream.as_bytes();
        let head = read_head(&mut from).unwrap().unwrap();
        let (seen, ended) = read_body(&mut from, head.framing(otherwise));
        assert_eq!((String::from_utf8(seen).unwrap().as_str(), ended), (body, ending));
    }

    #[test]
    fn endings_are_told_apart() {
        let length = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
        check(&format!("{length}abc"), Framing::Close, "abc", Ending::Whole);
        check(&format!("{length}ab"), Framing::Close, "ab", Ending::Cut);
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(&format!("{chunked}3\r\nabc\r\n0\r\n\r\n"), Framing::Close, "abc", Ending::Whole);
        check(&format!("{chunked}3\r\nabc\r\n"), Framing::Close, "abc", Ending::Cut);
        check(&format!("{chunked}3\r\nab"), Framing::Close, "ab", Ending::Cut);
        check(&format!("{chunked}3\r\nabc\r\n0\r\n"), Framing::Close, "abc", Ending::Cut);
        check("HTTP/1.1 200 OK\r\n\r\nabc", Framing::Close, "abc", Ending::Unknown);
        check("GET / HTTP/1.1\r\n\r\nabc", Framing::Empty, "", Ending::Whole);
    }
}
