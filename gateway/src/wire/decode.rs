//! A body taken out of its framing (RFC 9112 §6, §7.1), piece by piece, without a copy.

use std::fmt;
use std::io;

use bytes::{Bytes, BytesMut};
use http::HeaderName;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, COOKIE, EXPECT, FORWARDED, HOST, IF_MATCH, IF_NONE_MATCH, LOCATION, MAX_FORWARDS,
    PROXY_AUTHORIZATION, RANGE, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use memchr::memchr;

use super::fields::Fields;
use super::framing::Framing;
use super::head::{End, end, parse_fields};

/// Longest line with a chunk's size and its extensions, in octets.
const SIZE_LINE: usize = 256;
/// Most octets of chunk extensions in one body: they have no use, and a body of nothing else has no end.
const EXTENSIONS: usize = 16 << 10;
/// Largest trailer section, in octets.
const TRAILERS: usize = 8 << 10;
/// Most fields in a trailer section.
const TRAILER_FIELDS: usize = 64;

/// What frames, routes, authenticates, controls or describes a message comes with its head or not at all (RFC 9110
/// §6.5.1).
const HEAD_ONLY: [HeaderName; 24] = [
    AUTHORIZATION,
    CACHE_CONTROL,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    COOKIE,
    EXPECT,
    FORWARDED,
    HOST,
    IF_MATCH,
    IF_NONE_MATCH,
    LOCATION,
    MAX_FORWARDS,
    PROXY_AUTHORIZATION,
    RANGE,
    SET_COOKIE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    VIA,
    HeaderName::from_static("x-real-ip"),
];

/// Why a body has no proper end.
#[derive(Debug)]
pub enum BodyError {
    /// The connection failed or ended within it.
    Cut(Option<io::Error>),
    /// Its framing is not that of RFC 9112; the text says what is wrong.
    Malformed(&'static str),
    /// The request's body stopped, so that the answer can not be for all of it.
    Upload,
    /// A stream of HTTP/2 failed.
    Http2(hyper::Error),
}

impl fmt::Display for BodyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut(None) => formatter.write_str("the connection ended within the body"),
            Self::Cut(Some(error)) => write!(formatter, "the connection failed: {error}"),
            Self::Malformed(why) => formatter.write_str(why),
            Self::Upload => formatter.write_str("the body of the request broke off"),
            Self::Http2(error) => write!(formatter, "the stream failed: {error}"),
        }
    }
}

impl std::error::Error for BodyError {}

/// What comes next of a body.
#[derive(Debug)]
pub enum Piece {
    /// Octets.
    Data(Bytes),
    /// The trailer section, without fields that would speak of framing or routing.
    Trailers(http::HeaderMap),
    /// The end.
    End,
    /// More has to be read first.
    More,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length(u64),
    Close,
    Size,
    Chunk(u64),
    ChunkEnd,
    Trailers(usize),
    Done,
}

/// Takes one body out of its framing.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    extensions: usize,
}

impl Decoder {
    /// A decoder at the start of a body.
    pub const fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(octets) => State::Length(octets),
            Framing::Chunked => State::Size,
            Framing::Close => State::Close,
        };
        Self { state, extensions: 0 }
    }

    /// Whether all of it was taken.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many octets are left, where that is known.
    pub const fn left(&self) -> Option<u64> {
        match self.state {
            State::Length(left) => Some(left),
            State::Done => Some(0),
            _ => None,
        }
    }

    /// Takes the next piece out of what was read; `ended` says that no more will be.
    pub fn next(&mut self, input: &mut BytesMut, ended: bool) -> Result<Piece, BodyError> {
        loop {
            match self.state {
                State::Done => return Ok(Piece::End),
                State::Close if input.is_empty() && ended => self.state = State::Done,
                _ if input.is_empty() => return more(ended),
                State::Close => return Ok(Piece::Data(input.split().freeze())),
                State::Length(left) => {
                    let (data, left) = take(input, left);
                    self.state = if left == 0 { State::Done } else { State::Length(left) };
                    return Ok(Piece::Data(data));
                }
                State::Chunk(left) => {
                    let (data, left) = take(input, left);
                    self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                    return Ok(Piece::Data(data));
                }
                State::ChunkEnd => match (input.first(), input.get(1)) {
                    (Some(b'\r'), Some(b'\n')) => {
                        let _ = input.split_to(2);
                        self.state = State::Size;
                    }
                    (Some(b'\r'), None) => return more(ended),
                    _ => return malformed("a chunk is longer than its size"),
                },
                State::Size => match self.size(input)? {
                    None => return more(ended),
                    Some(0) => self.state = State::Trailers(0),
                    Some(size) => self.state = State::Chunk(size),
                },
                State::Trailers(seen) => match self.trailers(input, seen)? {
                    Piece::More => return more(ended),
                    piece => return Ok(piece),
                },
            }
        }
    }

    /// The size of the next chunk, if its line is whole.
    fn size(&mut self, input: &mut BytesMut) -> Result<Option<u64>, BodyError> {
        let line = input.get(..input.len().min(SIZE_LINE)).unwrap_or_default();
        let Some(end) = memchr(b'\n', line) else {
            if line.len() >= SIZE_LINE {
                return malformed("the line of a chunk's size is too long");
            }
            return Ok(None);
        };
        let line = line.get(..end).and_then(|line| line.strip_suffix(b"\r"));
        let Some(line) = line else {
            return malformed("the line of a chunk's size ends in a bare LF");
        };
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (digits, extension) = line.split_at(digits);
        if digits.is_empty() || digits.len() > 15 {
            return malformed("a chunk's size is not a number");
        }
        let begins = extension.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        let sound = extension.is_empty()
            || (begins == Some(&b';')
                && extension.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..)));
        self.extensions += extension.len();
        if !sound || self.extensions > EXTENSIONS {
            return malformed("a chunk's extension is malformed or too long");
        }
        let size = digits.iter().fold(0_u64, |sum, digit| sum * 16 + u64::from(hex(*digit)));
        let _ = input.split_to(end + 1);
        Ok(Some(size))
    }

    fn trailers(&mut self, input: &mut BytesMut, seen: usize) -> Result<Piece, BodyError> {
        match (input.first(), input.get(1)) {
            (Some(b'\r'), None) => return Ok(Piece::More),
            (Some(b'\r'), Some(b'\n')) => {
                let _ = input.split_to(2);
                self.state = State::Done;
                return Ok(Piece::End);
            }
            _ => {}
        }
        let at = match end(input, seen) {
            End::At(at) => at,
            End::NotYet if input.len() > TRAILERS => {
                return malformed("the trailer section is too large");
            }
            End::NotYet => {
                self.state = State::Trailers(input.len());
                return Ok(Piece::More);
            }
            End::BareLf => return malformed("a line of the trailer section ends in a bare LF"),
        };
        if at > TRAILERS {
            return malformed("the trailer section is too large");
        }
        let section = input.split_to(at).freeze();
        let Ok(mut fields) = parse_fields(&section, TRAILER_FIELDS) else {
            return malformed("the trailer section is malformed");
        };
        strip_trailers(&mut fields);
        self.state = State::Done;
        Ok(if fields.is_empty() { Piece::End } else { Piece::Trailers(fields.into()) })
    }
}

/// Takes out of a trailer section what may stand only in a head.
pub(super) fn strip_trailers(fields: &mut Fields) {
    fields.retain(|name| !HEAD_ONLY.contains(name) && !name.as_str().starts_with("x-forwarded-"));
}

fn more(ended: bool) -> Result<Piece, BodyError> {
    if ended { Err(BodyError::Cut(None)) } else { Ok(Piece::More) }
}

fn malformed<T>(why: &'static str) -> Result<T, BodyError> {
    Err(BodyError::Malformed(why))
}

fn take(input: &mut BytesMut, left: u64) -> (Bytes, u64) {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
    (input.split_to(here).freeze(), left - here as u64)
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::{Decoder, Piece};
    use crate::wire::framing::Framing;

    /// What comes out of a body that is read in pieces of `size`, its trailers, and what is left behind it.
    fn run(framing: Framing, bytes: &[u8], size: usize) -> Result<(Vec<u8>, usize, usize), String> {
        let mut decoder = Decoder::new(framing);
        let (mut input, mut out, mut trailers) = (BytesMut::new(), Vec::new(), 0);
        let mut rest = bytes.chunks(size);
        let mut ended = false;
        loop {
            match decoder.next(&mut input, ended).map_err(|error| error.to_string())? {
                Piece::Data(data) => out.extend_from_slice(&data),
                Piece::Trailers(fields) => trailers += fields.len(),
                Piece::End => {
                    return Ok((out, trailers, input.len() + rest.map(<[u8]>::len).sum::<usize>()));
                }
                Piece::More => match rest.next() {
                    Some(piece) => input.extend_from_slice(piece),
                    None => ended = true,
                },
            }
        }
    }

    #[track_caller]
    fn check(framing: Framing, bytes: &str, expected: Option<(&str, usize, usize)>) {
        for size in [1, 2, 3, 7, 1000] {
            let seen = run(framing, bytes.as_bytes(), size).ok();
            let expected =
                expected.map(|(text, trailers, left)| (text.as_bytes().to_vec(), trailers, left));
            assert_eq!(seen, expected, "{bytes:?} in pieces of {size}");
        }
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        check(Framing::Length(3), "abcGET", Some(("abc", 0, 3)));
        check(Framing::Length(4), "abc", None);
        check(Framing::Close, "abc", Some(("abc", 0, 0)));
        check(
            Framing::Chunked,
            "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\n\r\nGET",
            Some(("abc0123456789", 0, 3)),
        );
        check(
            Framing::Chunked,
            "1 ;a\r\nx\r\n0\r\nEtag: 1\r\nContent-Length: 9\r\n\r\nG",
            Some(("x", 1, 1)),
        );
    }

    #[test]
    fn chunks_that_could_be_read_otherwise_are_refused() {
        for bytes in [
            "3\nabc\r\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "3\r\nab\r\n0\r\n\r\n",
            "0x3\r\nabc\r\n0\r\n\r\n",
            "+3\r\nabc\r\n0\r\n\r\n",
            " 3\r\nabc\r\n0\r\n\r\n",
            "3 \r\nabc\r\n0\r\n\r\n",
            "3;a\rb\r\nabc\r\n0\r\n\r\n",
            "3;a\nb\r\nabc\r\n0\r\n\r\n",
            "\r\nabc",
            "10000000000000000\r\n",
            "3\r\nabc\n0\r\n\r\n",
            "3\r\nabc\r\n0\r\n",
            "0\r\nx y: 1\r\n\r\n",
            "0\r\n : 1\r\n\r\n",
            "0\r\na: 1\n\r\n",
            "3\rXabc\r\n0\r\n\r\n",
            "ffffffffffffffff\r\n",
        ] {
            check(Framing::Chunked, bytes, None);
        }
        let long = format!("3;{}\r\nabc\r\n0\r\n\r\n", "e".repeat(300));
        check(Framing::Chunked, &long, None);
        let many = format!("{}0\r\n\r\n", format!("1;{}\r\nx\r\n", "e".repeat(200)).repeat(100));
        check(Framing::Chunked, &many, None);
        let trailers = format!("0\r\n{}\r\n", format!("a: {}\r\n", "e".repeat(200)).repeat(60));
        check(Framing::Chunked, &trailers, None);
    }

    proptest! {
        #[test]
        fn chunking_does_not_matter(text in "([0-9a-f]{1,2}(;a)?\r\n|[a-z]{0,9}|\r\n|0\r\n(a: b\r\n)?\r\n|\n){0,9}", size in 1_usize..9) {
            let whole = run(Framing::Chunked, text.as_bytes(), 1000).ok();
            prop_assert_eq!(run(Framing::Chunked, text.as_bytes(), size).ok(), whole);
        }
    }
}
