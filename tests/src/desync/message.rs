//! One HTTP/1.1 message at the start of a buffer, read to the letter of RFC 9112: what is not to the letter is a fault.

use crate::wire::{Ending, Framing};

/// Which side of an exchange a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request.
    Request,
    /// An answer; the flag says that it answers HEAD.
    Answer(bool),
}

/// A message as it came.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// First line and fields, with the empty line.
    pub head: String,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The trailer section, as it came.
    pub trailers: String,
    /// How the body ended; `None` while only part of the head came.
    pub ending: Option<Ending>,
}

/// What a buffer begins with.
#[derive(Debug)]
pub enum Read {
    /// A part of a message.
    Part(Message),
    /// A message and its length in the buffer.
    Whole(Message, usize),
    /// Nothing that the RFC calls a message.
    Malformed(String),
}

impl Message {
    /// All values of a field, joined by `, `; empty without the field.
    pub fn field(&self, name: &str) -> String {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        let values: Vec<&str> = lines
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect();
        values.join(", ")
    }

    /// The second word of the first line.
    pub fn second(&self) -> &str {
        self.head.split([' ', '\r']).nth(1).unwrap_or_default()
    }

    /// The status of an answer; 0 for none.
    pub fn status(&self) -> u16 {
        self.second().parse().unwrap_or(0)
    }

    /// Whether all of it came.
    pub fn is_whole(&self) -> bool {
        self.ending == Some(Ending::Whole)
    }
}

/// Reads the message that a buffer begins with; `ended` says that nothing more will come.
pub fn read(buffer: &[u8], kind: Kind, ended: bool) -> Read {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else {
        let head = String::from_utf8_lossy(buffer).into_owned();
        return match odd(&head) {
            Some(why) => Read::Malformed(why),
            None => Read::Part(Message { head, ..Message::default() }),
        };
    };
    let (head, rest) = buffer.split_at(end);
    let head = String::from_utf8_lossy(head).into_owned();
    if let Some(why) = odd(&head).or_else(|| faulty_fields(&head)) {
        return Read::Malformed(why);
    }
    let mut message = Message { head, ..Message::default() };
    let framing = match framing(&message, kind) {
        Ok(framing) => framing,
        Err(why) => return Read::Malformed(why),
    };
    match fill(&mut message, rest, framing, ended) {
        Ok(Some(length)) => Read::Whole(message, end + length),
        Ok(None) => Read::Part(message),
        Err(why) => Read::Malformed(why),
    }
}

/// Bytes that no head has.
fn odd(head: &str) -> Option<String> {
    let bytes = head.as_bytes();
    let bare = |at: usize, byte: u8| match byte {
        b'\r' => bytes.get(at + 1).is_some_and(|next| *next != b'\n'),
        b'\n' => at == 0 || bytes.get(at - 1) != Some(&b'\r'),
        byte => byte == 0,
    };
    let found = bytes.iter().enumerate().any(|(at, byte)| bare(at, *byte));
    found.then(|| format!("a bare CR or LF or a NUL in {head:?}"))
}

fn faulty_fields(head: &str) -> Option<String> {
    let token = |name: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !name.is_empty() && name.bytes().all(letter)
    };
    let mut lines = head.trim_end_matches("\r\n").split("\r\n").skip(1);
    let bad = lines.find(|line| !line.split_once(':').is_some_and(|(name, _)| token(name)))?;
    Some(format!("no field: {bad:?}"))
}

/// One framing or a fault (RFC 9112 §6.3).
fn framing(message: &Message, kind: Kind) -> Result<Framing, String> {
    let (coding, length) = (message.field("transfer-encoding"), message.field("content-length"));
    let status = message.status();
    if let Kind::Answer(to_head) = kind
        && (to_head || status < 200 || status == 204 || status == 304)
    {
        return Ok(Framing::Empty);
    }
    match (coding.as_str(), length.as_str()) {
        ("", "") if kind == Kind::Request => Ok(Framing::Empty),
        ("", "") => Ok(Framing::Close),
        (coding, "") if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
        ("", length) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            let length = length.parse().map_err(|_| format!("Content-Length: {length}"))?;
            Ok(Framing::Length(length))
        }
        (coding, length) => Err(format!(
            "framing in two meanings: Transfer-Encoding: {coding}, Content-Length: {length}"
        )),
    }
}

/// The octets of the body in the buffer, when all of it is there.
fn fill(
    message: &mut Message,
    rest: &[u8],
    framing: Framing,
    ended: bool,
) -> Result<Option<usize>, String> {
    let cut = if ended { Ending::Cut } else { Ending::Unknown };
    message.ending = Some(cut);
    let whole = match framing {
        Framing::Empty => Some(0),
        Framing::Length(length) => {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            message.body = rest.get(..length.min(rest.len())).unwrap_or_default().to_vec();
            (rest.len() >= length).then_some(length)
        }
        Framing::Chunked => chunks(message, rest)?,
        Framing::Close => {
            message.body = rest.to_vec();
            message.ending = Some(Ending::Unknown);
            return Ok(ended.then_some(rest.len()));
        }
    };
    if whole.is_some() {
        message.ending = Some(Ending::Whole);
    }
    Ok(whole)
}

/// Takes chunks (RFC 9112 §7.1) and trailers; the length of all of it when all of it is there.
fn chunks(message: &mut Message, rest: &[u8]) -> Result<Option<usize>, String> {
    let mut at = 0;
    loop {
        let Some(line) = line(rest, at) else { return Ok(None) };
        at += line.len() + 2;
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = usize::from_str_radix(digits, 16).ok().filter(|_| plain);
        let size = size.ok_or_else(|| format!("a chunk size of {digits:?}"))?;
        if size == 0 {
            return Ok(trailers(message, rest, at));
        }
        let data = rest.get(at..rest.len().min(at.saturating_add(size))).unwrap_or_default();
        message.body.extend_from_slice(data);
        at += data.len();
        match rest.get(at..at + 2) {
            Some(b"\r\n") => at += 2,
            Some(other) => return Err(format!("{other:?} after the data of a chunk")),
            None => return Ok(None),
        }
    }
}

fn trailers(message: &mut Message, rest: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let line = line(rest, at)?;
        at += line.len() + 2;
        if line.is_empty() {
            return Some(at);
        }
        message.trailers.push_str(&String::from_utf8_lossy(line));
        message.trailers.push_str("\r\n");
    }
}

fn line(rest: &[u8], at: usize) -> Option<&[u8]> {
    let tail = rest.get(at..)?;
    let end = tail.windows(2).position(|two| two == b"\r\n")?;
    tail.get(..end)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Read, read};

    #[track_caller]
    fn check(text: &str, kind: Kind, expected: &str) {
        let told = match read(text.as_bytes(), kind, true) {
            Read::Part(_) => "part".to_owned(),
            Read::Malformed(_) => "malformed".to_owned(),
            Read::Whole(message, length) => {
                format!("{}+{}", String::from_utf8_lossy(&message.body), text.len() - length)
            }
        };
        assert_eq!(told, expected, "{text:?}");
    }

    #[test]
    fn messages_are_read_to_the_letter() {
        let (request, answer) = (Kind::Request, Kind::Answer(false));
        check("GET / HTTP/1.1\r\n\r\nabc", request, "+3");
        check("GET / HTTP/1.1\r\n\r", request, "part");
        check("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nabc", request, "ab+1");
        check("POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nabc", request, "part");
        check("POST / HTTP/1.1\r\ncontent-length: 2, 2\r\n\r\nabc", request, "malformed");
        let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n";
        check(&format!("{chunked}\r\n1;x\r\na\r\n0\r\nx: y\r\n\r\nz"), request, "a+1");
        check(&format!("{chunked}\r\n1\r\nab\r\n0\r\n\r\n"), request, "malformed");
        check(&format!("{chunked}\r\n-1\r\n"), request, "malformed");
        check(&format!("{chunked}content-length: 1\r\n\r\n"), request, "malformed");
        check("HTTP/1.1 200 OK\r\n\r\nabc", answer, "abc+0");
        check("HTTP/1.1 204 No\r\n\r\nabc", answer, "+3");
        check("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", Kind::Answer(true), "+3");
        check("HTTP/1.1 200 OK\r\nbad name: 3\r\n\r\n", answer, "malformed");
        check("HTTP/1.1 200 OK\r\na: b\n\r\n\r\n", answer, "malformed");
    }
}
