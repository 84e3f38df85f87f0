//! Heads of messages (RFC 9112 §2 to §5): found, parsed by httparse, and taken apart without copying a value.
//!
//! Lines end in CRLF and nothing else. RFC 9112 §2.2 lets a reader take a bare LF for one; two readers of which one does
//! and the other does not see two messages, so that it is refused here.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, Version};
use httparse::{Header, ParserConfig, Status};
use memchr::memchr_iter;

use super::fields::Fields;

/// The head of a request.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// What is to be done.
    pub method: Method,
    /// To what: the target as sent.
    pub uri: Uri,
    /// Of the message.
    pub version: Version,
    /// Its fields.
    pub headers: Fields,
}

impl From<http::request::Parts> for RequestHead {
    fn from(head: http::request::Parts) -> Self {
        let http::request::Parts { method, uri, version, headers, .. } = head;
        Self { method, uri, version, headers: headers.into() }
    }
}

/// The head of an answer.
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// What became of the request.
    pub status: StatusCode,
    /// Of the message.
    pub version: Version,
    /// Its fields.
    pub headers: Fields,
}

impl From<http::response::Parts> for ResponseHead {
    fn from(head: http::response::Parts) -> Self {
        let http::response::Parts { status, version, headers, .. } = head;
        Self { status, version, headers: headers.into() }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Response<B> {
    /// Its head.
    pub head: ResponseHead,
    /// Its body.
    pub body: B,
}

impl<B> Response<B> {
    /// An answer of this status without a field.
    pub fn new(status: StatusCode, body: B) -> Self {
        Self { head: ResponseHead { status, ..ResponseHead::default() }, body }
    }

    /// The same with another body.
    pub fn map<T>(self, make: impl FnOnce(B) -> T) -> Response<T> {
        Response { head: self.head, body: make(self.body) }
    }
}

impl<B> From<Response<B>> for http::Response<B> {
    fn from(response: Response<B>) -> Self {
        let Response { head, body } = response;
        let mut made = Self::new(body);
        *made.status_mut() = head.status;
        *made.headers_mut() = head.headers.into();
        made
    }
}

/// Heads with more fields than this need room on the heap.
const FIELDS: usize = 256;
/// No head has more fields than this, whatever the settings say: HTTP/2 keeps them in a table that holds no more than 24,576.
const MOST_FIELDS: usize = 16 << 10;
/// Fields that the gateway mostly adds to a request.
const ADDED_TO_REQUESTS: usize = 7;
/// Fields that it mostly adds to an answer.
const ADDED_TO_RESPONSES: usize = 4;

/// Where a head ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Behind its empty line, so many octets from its start.
    At(usize),
    /// Further on.
    NotYet,
    /// A line ends in LF without CR.
    BareLf,
}

/// Looks for the end of a head of which `seen` octets were looked at before.
pub fn end(bytes: &[u8], seen: usize) -> End {
    // the three octets before may be the beginning of the end
    let from = seen.saturating_sub(3);
    for at in memchr_iter(b'\n', bytes.get(from..).unwrap_or_default()) {
        let at = from + at;
        match at.checked_sub(1).and_then(|before| bytes.get(before)) {
            Some(b'\r') => {}
            _ => return End::BareLf,
        }
        if at >= 3 && bytes.get(at - 3..at) == Some(b"\r\n\r") {
            return End::At(at + 1);
        }
    }
    End::NotYet
}

/// Why a head is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// It is not of the grammar; what is wrong and what to send.
    Malformed(&'static str),
    /// It has more fields than are taken.
    Fields,
    /// Another version of HTTP than 1.0 and 1.1.
    Version,
}

impl From<httparse::Error> for HeadFault {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => Self::Fields,
            httparse::Error::Version => Self::Version,
            httparse::Error::HeaderName => {
                Self::Malformed("a field name is not a token right before its colon")
            }
            httparse::Error::HeaderValue => {
                Self::Malformed("a field value has a control character or is folded")
            }
            httparse::Error::NewLine => Self::Malformed("a line does not end in CRLF"),
            httparse::Error::Status => Self::Malformed("the status line is malformed"),
            httparse::Error::Token => {
                Self::Malformed("the first line is not a method, a target and a version")
            }
        }
    }
}

impl HeadFault {
    /// A first line of three words of which the last names no version at all is malformed.
    fn of_line(self, bytes: &[u8]) -> Self {
        let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let mut words = line.split(|byte| *byte == b' ').skip(2);
        let version = words.next().and_then(|word| word.strip_prefix(b"HTTP/"));
        let sound =
            matches!(version, Some([b'0'..=b'9', b'.', b'0'..=b'9'])) && words.next().is_none();
        if self == Self::Version && !sound { Self::from(httparse::Error::Token) } else { self }
    }
}

type Room = [MaybeUninit<Header<'static>>; FIELDS];

const fn room() -> Room {
    [const { MaybeUninit::uninit() }; FIELDS]
}

/// Parses a whole head of a request, from its first line to its empty one, with at most `fields` fields.
pub fn parse_request(bytes: &Bytes, fields: usize) -> Result<RequestHead, HeadFault> {
    let mut small = room();
    let mut large = Vec::new();
    let slots = slots(&mut small, &mut large, fields.min(MOST_FIELDS));
    let mut parsed = httparse::Request::new(&mut []);
    let status = ParserConfig::default()
        .parse_request_with_uninit_headers(&mut parsed, bytes, slots)
        .map_err(|error| HeadFault::from(error).of_line(bytes))?;
    let (Status::Complete(_), Some(method), Some(path), Some(version)) =
        (status, parsed.method, parsed.path, parsed.version)
    else {
        return Err(HeadFault::Malformed("the head is not whole"));
    };
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| HeadFault::Malformed("the method is not a token"))?;
    let uri = Uri::from_maybe_shared(bytes.slice_ref(path.as_bytes()))
        .map_err(|_| HeadFault::Malformed("the request target is malformed"))?;
    let headers = map(bytes, parsed.headers, ADDED_TO_REQUESTS)?;
    let version = if version == 0 { Version::HTTP_10 } else { Version::HTTP_11 };
    Ok(RequestHead { method, uri, version, headers })
}

/// Parses a whole head of an answer, with at most `fields` fields.
pub fn parse_response(bytes: &Bytes, fields: usize) -> Result<ResponseHead, HeadFault> {
    let mut small = room();
    let mut large = Vec::new();
    let slots = slots(&mut small, &mut large, fields.min(MOST_FIELDS));
    let mut parsed = httparse::Response::new(&mut []);
    let status =
        ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, bytes, slots)?;
    let (Status::Complete(_), Some(code), Some(version)) = (status, parsed.code, parsed.version)
    else {
        return Err(HeadFault::Malformed("the head is not whole"));
    };
    let status = StatusCode::from_u16(code)
        .ok()
        .filter(|status| status.as_u16() < 600)
        .ok_or(HeadFault::Malformed("the status code is out of range"))?;
    let headers = map(bytes, parsed.headers, ADDED_TO_RESPONSES)?;
    let version = if version == 0 { Version::HTTP_10 } else { Version::HTTP_11 };
    Ok(ResponseHead { status, version, headers })
}

/// Parses a section of fields with its empty line.
pub(super) fn parse_fields(bytes: &Bytes, fields: usize) -> Result<Fields, HeadFault> {
    let mut room = vec![httparse::EMPTY_HEADER; fields];
    match httparse::parse_headers(bytes, &mut room)? {
        Status::Complete((_, parsed)) => map(bytes, parsed, 0),
        Status::Partial => Err(HeadFault::Malformed("the section is not whole")),
    }
}

/// As many slots as fields are taken.
fn slots<'a, 'b>(
    small: &'a mut [MaybeUninit<Header<'b>>],
    large: &'a mut Vec<MaybeUninit<Header<'b>>>,
    fields: usize,
) -> &'a mut [MaybeUninit<Header<'b>>] {
    if fields > small.len() {
        large.resize_with(fields, MaybeUninit::uninit);
        return large;
    }
    small.get_mut(..fields).unwrap_or_default()
}

fn map(bytes: &Bytes, parsed: &[Header<'_>], added: usize) -> Result<Fields, HeadFault> {
    let mut headers = Fields::with_capacity(parsed.len() + added);
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes())
            .map_err(|_| HeadFault::Malformed("a field name is not a token"))?;
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value))
            .map_err(|_| HeadFault::Malformed("a field value has a control character"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{End, HeadFault, end, parse_request, parse_response};

    fn request(text: &str) -> Result<super::RequestHead, HeadFault> {
        parse_request(&Bytes::copy_from_slice(text.as_bytes()), 100)
    }

    #[test]
    fn the_end_is_found_in_any_cutting() {
        let head = b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET";
        for cut in 0..head.len() {
            let first = end(&head[..cut], 0);
            let expected = if cut >= 27 { End::At(27) } else { End::NotYet };
            assert_eq!(first, expected, "{cut}");
            assert_eq!(end(head, cut.min(27)), End::At(27), "{cut}");
        }
        assert_eq!(end(b"GET / HTTP/1.1\nhost: x\r\n\r\n", 0), End::BareLf);
        assert_eq!(end(b"GET / HTTP/1.1\r\nhost: x\r\n\n", 0), End::BareLf);
        assert_eq!(end(b"\n", 0), End::BareLf);
    }

    #[test]
    fn a_head_is_taken_apart() {
        let head =
            request("GET /a?b=c HTTP/1.1\r\nHost: x\r\nA:  1 \r\na: 2\r\nX-\u{e9}: 1\r\n\r\n");
        assert!(head.is_err(), "a name is a token");
        let head = request("GET /a?b=c HTTP/1.1\r\nHost: x\r\nA:  1 \r\na: 2\r\n\r\n").unwrap();
        assert_eq!((head.method.as_str(), head.uri.to_string()), ("GET", "/a?b=c".to_owned()));
        let values: Vec<_> = head.headers.get_all("a").collect();
        assert_eq!(values, ["1", "2"]);
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for text in [
            "GET / HTTP/1.1\r\nhost : x\r\n\r\n",
            "GET / HTTP/1.1\r\n host: x\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: x\r\n y\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: x\0\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: x\ry\r\n\r\n",
            "GET / HTTP/1.1\r\n: x\r\n\r\n",
            "GET  / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1 \r\n\r\n",
            "GET /\r\n\r\n",
            "GET /a b HTTP/1.1\r\n\r\n",
            "G T / HTTP/1.1\r\n\r\n",
        ] {
            assert!(matches!(request(text), Err(HeadFault::Malformed(_))), "{text:?}");
        }
        assert_eq!(request("GET / HTTP/2.0\r\n\r\n").unwrap_err(), HeadFault::Version);
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101));
        assert_eq!(request(&many).unwrap_err(), HeadFault::Fields);
        // HTTP/2 could not hold them, whatever the settings say
        let most = "a: b\r\n".repeat(17_000);
        let most = Bytes::from(format!("HTTP/1.1 200 OK\r\n{most}\r\n"));
        assert_eq!(parse_response(&most, usize::MAX).unwrap_err(), HeadFault::Fields);
        for text in [
            "HTTP/1.1 99 x\r\n\r\n",
            "HTTP/1.1 600 x\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
            "ICY 200 OK\r\n\r\n",
        ] {
            assert!(
                parse_response(&Bytes::copy_from_slice(text.as_bytes()), 100).is_err(),
                "{text:?}"
            );
        }
        assert!(parse_response(&Bytes::from_static(b"HTTP/1.1 200\r\n\r\n"), 100).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let bytes = Bytes::from(bytes);
            let _ = (end(&bytes, 0), parse_request(&bytes, 200), parse_response(&bytes, 2));
        }
    }
}
