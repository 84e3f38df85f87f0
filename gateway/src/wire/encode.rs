//! Writing heads and chunks. The framing is always the gateway's own: no received length or coding is ever copied.

use std::cell::Cell;
use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HOST, TE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::fields::Fields;
use super::link::Link;

/// How a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// There is none, and nothing is said of it but what the head itself says: the answer to HEAD, a 204, a GET.
    Nothing,
    /// So many octets.
    Length(u64),
    /// In chunks.
    Chunked,
    /// Until the connection closes.
    Close,
}

/// Writes the head of a request; `upgrade` is the protocol that its connection may switch to.
pub fn request_head(
    out: &mut BytesMut,
    (method, target): (&Method, &str),
    headers: &Fields,
    (sending, upgrade): (Sending, Option<&HeaderValue>),
) {
    out.reserve(256 + target.len());
    out.put_slice(method.as_str().as_bytes());
    out.put_slice(b" ");
    out.put_slice(target.as_bytes());
    out.put_slice(b" HTTP/1.1\r\n");
    // RFC 9110 §7.2: a sender should write Host first
    if let Some(host) = headers.get(HOST) {
        field(out, b"host", host.as_bytes());
    }
    fields(out, headers, sending);
    if let Some(protocol) = upgrade {
        field(out, b"connection: upgrade\r\nupgrade", protocol.as_bytes());
    }
    out.put_slice(b"\r\n");
}

/// Writes the head of an answer; `connection` is the value of that field, if it is to be said.
pub fn response_head(
    out: &mut BytesMut,
    status: StatusCode,
    headers: &Fields,
    (sending, connection): (Sending, Option<&'static str>),
) {
    out.reserve(512);
    status_line(out, status);
    fields(out, headers, sending);
    // RFC 9110 §6.6.1: who forwards an answer without a date says when it came
    if !headers.has(&DATE) && !status.is_informational() {
        field(out, b"date", &date());
    }
    if let Some(connection) = connection {
        field(out, b"connection", connection.as_bytes());
    }
    out.put_slice(b"\r\n");
}

/// Writes the head of an interim answer.
pub fn interim(out: &mut BytesMut, status: StatusCode, headers: &Fields) {
    status_line(out, status);
    fields(out, headers, Sending::Close);
    out.put_slice(b"\r\n");
}

fn status_line(out: &mut BytesMut, status: StatusCode) {
    if status == StatusCode::OK {
        out.put_slice(b"HTTP/1.1 200 OK\r\n");
    } else {
        let reason = status.canonical_reason().unwrap_or_default();
        out.put_slice(b"HTTP/1.1 ");
        out.put_slice(status.as_str().as_bytes());
        out.put_slice(b" ");
        out.put_slice(reason.as_bytes());
        out.put_slice(b"\r\n");
    }
}

/// All fields but those of the framing and `Host`, then the framing.
fn fields(out: &mut BytesMut, headers: &Fields, sending: Sending) {
    for (name, value) in headers {
        let kept = match *name {
            HOST | TE | TRANSFER_ENCODING | CONNECTION => false,
            CONTENT_LENGTH => sending == Sending::Nothing,
            _ => true,
        };
        if kept {
            field(out, name.as_str().as_bytes(), value.as_bytes());
        }
    }
    match sending {
        Sending::Length(octets) => {
            let mut digits = itoa::Buffer::new();
            field(out, b"content-length", digits.format(octets).as_bytes());
        }
        Sending::Chunked => out.put_slice(b"transfer-encoding: chunked\r\n"),
        Sending::Nothing | Sending::Close => {}
    }
}

/// Writes one field. What never changes is written in place, as a copy of two octets costs more than they do.
#[inline]
fn field(out: &mut BytesMut, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.put_slice(name);
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

/// Queues one chunk, all of it, so that its reader has it as soon as it is there.
pub fn chunk(link: &mut Link, data: Bytes) {
    // an empty chunk would be the last
    if data.is_empty() {
        return;
    }
    // writing to a buffer that grows does not fail
    let _ = write!(link.scratch().writer(), "{:x}\r\n", data.len());
    link.queue_scratch();
    link.queue(data);
    link.queue(LINE_END);
}

/// Queues the last chunk, with the trailers.
pub fn end_of_chunks(link: &mut Link, trailers: Option<&HeaderMap>) {
    let out = link.scratch();
    out.put_slice(b"0\r\n");
    if let Some(trailers) = trailers {
        fields(out, &trailers.clone().into(), Sending::Close);
    }
    out.put_slice(b"\r\n");
    link.queue_scratch();
}

const LINE_END: Bytes = Bytes::from_static(b"\r\n");

thread_local! {
    /// The second since 1970 and its text.
    static DATED: Cell<(u64, [u8; 29])> = const { Cell::new((0, [b' '; 29])) };
}

/// The time as fields have it (RFC 9110 §5.6.7), made anew each second.
fn date() -> [u8; 29] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (second, text) = DATED.get();
    if second == now {
        return text;
    }
    let written = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(now));
    let text = written.as_bytes().try_into().unwrap_or(text);
    DATED.set((now, text));
    text
}

/// Bytes of a text that never changes.
pub(super) const CONTINUE: Bytes = Bytes::from_static(b"HTTP/1.1 100 Continue\r\n\r\n");

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use bytes::BytesMut;
    use http::{HeaderValue, Method, StatusCode};

    use super::{Sending, request_head, response_head};

    fn map(fields: &[(&'static str, &'static str)]) -> Fields {
        let mut headers = Fields::new();
        for (name, value) in fields {
            headers.append(http::HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_framing_is_our_own() {
        let headers =
            map(&[("a", "1"), ("content-length", "7"), ("host", "h"), ("transfer-encoding", "x")]);
        let mut out = BytesMut::new();
        request_head(&mut out, (&Method::GET, "/x"), &headers, (Sending::Length(3), None));
        assert_eq!(out, "GET /x HTTP/1.1\r\nhost: h\r\na: 1\r\ncontent-length: 3\r\n\r\n");
        let mut out = BytesMut::new();
        let upgrade = HeaderValue::from_static("websocket");
        let sending = (Sending::Nothing, Some(&upgrade));
        request_head(&mut out, (&Method::GET, "/"), &map(&[("connection", "x")]), sending);
        assert_eq!(out, "GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
        let mut out = BytesMut::new();
        let headers = map(&[("date", "d"), ("content-length", "7")]);
        response_head(&mut out, StatusCode::OK, &headers, (Sending::Chunked, Some("close")));
        assert_eq!(
            out,
            "HTTP/1.1 200 OK\r\ndate: d\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        );
        let mut out = BytesMut::new();
        response_head(&mut out, StatusCode::NOT_FOUND, &headers, (Sending::Nothing, None));
        assert_eq!(out, "HTTP/1.1 404 Not Found\r\ndate: d\r\ncontent-length: 7\r\n\r\n");
        let mut out = BytesMut::new();
        response_head(&mut out, StatusCode::OK, &map(&[]), (Sending::Length(0), None));
        assert!(String::from_utf8_lossy(&out).contains(" GMT\r\n"));
    }
}
