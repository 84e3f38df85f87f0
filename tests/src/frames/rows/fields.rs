//! Header blocks: HPACK, names and values, pseudo-header fields, fields of one connection.

use super::super::frame::{BOTH, block, frame, indexed_literal, kind, literal};
use super::super::run::{Row, Sign};
use super::made::{COMPRESSION, GET, get, gone, malformed, passed, request};
use crate::desync::case::Level::{Must, Security, Should};

pub(super) fn rows() -> Vec<Row> {
    [packed(), names(), values(), hops(), pseudo(), targets(), hosts()].concat()
}

fn packed() -> Vec<Row> {
    let with = |octets: &[u8]| frame(kind::HEADERS, BOTH, 1, &[&block(&GET), octets].concat());
    let bad =
        |name, section, octets: &[u8]| gone(Must, name, section, with(octets), &[COMPRESSION]);
    vec![
        bad("hpack-index-0", "7541 §6.1", &[0x80]),
        bad("hpack-index-beyond-the-tables", "7541 §2.3.3", &[0xff, 0x80, 0x01]),
        bad("hpack-table-too-large", "7541 §6.3", &[0x3f, 0xff, 0xff, 0x7f]),
        bad(
            "hpack-number-without-end",
            "7541 §5.1",
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        bad("hpack-literal-cut", "7541 §5.2", &[0x00, 0x05, b'x']),
        bad("hpack-huffman-with-bad-padding", "7541 §5.2", &[0x00, 0x01, b'x', 0x81, 0x00]),
        bad(
            "hpack-huffman-with-end-of-string",
            "7541 §5.2",
            &[0x00, 0x01, b'x', 0x84, 0xff, 0xff, 0xff, 0xff],
        ),
        bad("hpack-table-size-at-the-end", "7541 §4.2", &[0x20]),
        passed(
            Must,
            "hpack-dynamic-table",
            "7541 §6.2.1",
            [
                with(&indexed_literal(b"x-a", b"b")),
                frame(kind::HEADERS, BOTH, 3, &[&block(&GET)[..], &[0xbe]].concat()),
            ]
            .concat(),
        )
        .streams(&[1, 3])
        .expect([Sign::Requests(2), Sign::Has("x-a: b"), Sign::Status(3, &[200])]),
    ]
}

fn raw(name: &[u8], value: &[u8]) -> Vec<u8> {
    frame(kind::HEADERS, BOTH, 1, &[block(&GET), literal(name, value)].concat())
}

fn names() -> Vec<Row> {
    let bad = |name, field: &[u8]| malformed(Must, name, "9113 §8.2.1", raw(field, b"b"));
    vec![
        bad("name-upper-case", b"X-A"),
        bad("name-with-a-blank", b"x a"),
        bad("name-with-a-colon", b"x:a"),
        bad("name-with-cr-and-lf", b"x-a\r\nx-b"),
        bad("name-with-nul", b"x\0a"),
        bad("name-with-delete", b"x\x7fa"),
        bad("name-beyond-ascii", b"x\xe4a"),
        bad("name-empty", b""),
        malformed(Security, "name-with-brackets", "9110 §5.1", raw(b"x(a)", b"b")),
        malformed(
            Security,
            "name-that-is-a-request-line",
            "9113 §10.3",
            raw(b"get /smuggled http/1.1\r\nhost", b"b"),
        ),
    ]
}

fn values() -> Vec<Row> {
    let bad = |name, value: &[u8]| malformed(Must, name, "9113 §8.2.1", raw(b"x-a", value));
    vec![
        bad("value-with-cr-and-lf", b"b\r\nx-b: c"),
        bad("value-with-lf", b"b\nx-b: c"),
        bad("value-with-cr", b"b\rc"),
        bad("value-with-nul", b"b\0c"),
        bad("value-begins-with-a-blank", b" b"),
        bad("value-ends-with-a-blank", b"b "),
        bad("value-begins-with-a-tab", b"\tb"),
        bad(
            "value-that-is-a-request",
            b"b\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: wire.test\r\n\r\n",
        ),
        passed(Must, "value-empty", "9110 §5.5", raw(b"x-a", b"")),
        passed(Should, "value-beyond-ascii", "9110 §5.5", raw(b"x-a", b"\xe4")),
    ]
}

/// Fields of one connection make a request malformed (RFC 9113 §8.2.2).
fn hops() -> Vec<Row> {
    let bad = |name, field, value| malformed(Must, name, "9113 §8.2.2", get(&[(field, value)]));
    vec![
        bad("field-connection", "connection", "close"),
        bad("field-connection-that-names", "connection", "x-a"),
        bad("field-keep-alive", "keep-alive", "timeout=5"),
        bad("field-proxy-connection", "proxy-connection", "close"),
        bad("field-transfer-encoding", "transfer-encoding", "chunked"),
        bad("field-transfer-encoding-identity", "transfer-encoding", "identity"),
        bad("field-upgrade", "upgrade", "websocket"),
        bad("field-te-gzip", "te", "gzip"),
        bad("field-te-trailers-and-more", "te", "trailers, gzip"),
        passed(Must, "field-te-trailers", "9113 §8.2.2", get(&[("te", "trailers")])),
        passed(
            Must,
            "cookies-are-joined",
            "9113 §8.2.3",
            get(&[("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")]),
        )
        .expect([Sign::Has("cookie: a=1; b=2; c=3\r\n"), Sign::Status(1, &[200])])
        .only_last(),
        passed(Must, "via-is-added", "9110 §7.6.3", get(&[]))
            .expect([Sign::Has("via: 2.0 "), Sign::Status(1, &[200])])
            .expect([Sign::Has("via: 2 "), Sign::Status(1, &[200])])
            .without_first(),
    ]
}

fn pseudo() -> Vec<Row> {
    let without = |name: &str| -> Vec<u8> {
        let left: Vec<(&str, &str)> = GET.into_iter().filter(|(own, _)| *own != name).collect();
        request(1, &left)
    };
    let bad = |name, octets| malformed(Must, name, "9113 §8.3", octets);
    let [method, scheme, authority, path] = GET;
    vec![
        bad("method-missing", without(":method")),
        bad("scheme-missing", without(":scheme")),
        bad("path-missing", without(":path")),
        bad("method-twice", get(&[(":method", "GET")])),
        bad("path-twice", get(&[(":path", "/case")])),
        bad("scheme-twice", get(&[(":scheme", "http")])),
        bad("authority-twice", get(&[(":authority", "wire.test")])),
        bad("pseudo-field-unknown", get(&[(":wire", "b")])),
        bad("pseudo-field-of-answers", get(&[(":status", "200")])),
        bad("pseudo-field-late", request(1, &[method, scheme, authority, ("x-a", "b"), path])),
        bad("pseudo-field-empty", get(&[(":", "b")])),
        bad("pseudo-field-in-capitals", request(1, &[(":METHOD", "GET"), scheme, authority, path])),
        bad("path-empty", request(1, &[method, scheme, authority, (":path", "")])),
        bad("header-block-empty", request(1, &[])),
    ]
}

fn with(name: &str, value: &str) -> Vec<u8> {
    let replaced: Vec<(&str, &str)> =
        GET.into_iter().map(|(own, old)| (own, if own == name { value } else { old })).collect();
    request(1, &replaced)
}

fn targets() -> Vec<Row> {
    let bad = |level, name, field, value| malformed(level, name, "9113 §8.3.1", with(field, value));
    vec![
        bad(Must, "path-without-slash", ":path", "case"),
        bad(Must, "path-asterisk-with-get", ":path", "*"),
        bad(Must, "path-with-a-blank", ":path", "/ca se"),
        bad(
            Must,
            "path-with-cr-and-lf",
            ":path",
            "/case HTTP/1.1\r\nHost: wire.test\r\n\r\nGET /smuggled",
        ),
        bad(Security, "path-with-a-request-behind", ":path", "/smuggled HTTP/1.1"),
        bad(Security, "path-absolute", ":path", "http://other.test/case"),
        bad(Security, "path-with-dot-segments", ":path", "/public/../case").also_not_found(),
        bad(Security, "path-with-encoded-dots", ":path", "/public/%2e%2e/case").also_not_found(),
        bad(Security, "path-with-a-fragment", ":path", "/case#a")
            .expect([Sign::Requests(1), Sign::Lacks("#")]),
        bad(Security, "path-with-nul", ":path", "/ca\0se"),
        bad(Security, "path-beyond-ascii", ":path", "/cäse"),
        bad(Must, "method-with-a-blank", ":method", "GET /smuggled"),
        bad(
            Must,
            "method-with-cr-and-lf",
            ":method",
            "GET /smuggled HTTP/1.1\r\nHost: wire.test\r\n\r\nGET",
        ),
        bad(Must, "method-empty", ":method", ""),
        bad(Must, "scheme-with-a-blank", ":scheme", "ht tp"),
        bad(Security, "scheme-with-a-target", ":scheme", "http://other.test/smuggled?")
            .expect([Sign::Lacks("other.test"), Sign::Status(1, &[200])]),
        bad(Security, "scheme-unknown", ":scheme", "ftp"),
        malformed(
            Security,
            "path-over-the-limit",
            "9110 §4.1",
            with(":path", &format!("/{}", "a".repeat(15_000))),
        )
        .expect([Sign::Nothing, Sign::Refused(1, &[400, 414, 431])]),
        malformed(Security, "method-trace", "9110 §9.3.8", with(":method", "TRACE"))
            .expect([Sign::Nothing, Sign::Refused(1, &[400, 403, 405, 501])]),
    ]
}

fn hosts() -> Vec<Row> {
    let [method, scheme, _, path] = GET;
    let only = |host: &[(&str, &str)]| request(1, &[&[method, scheme, path], host].concat());
    let bad = |level, name, octets| malformed(level, name, "9113 §8.3.1", octets);
    vec![
        bad(Must, "authority-with-a-user", with(":authority", "user@wire.test")),
        bad(Must, "authority-with-cr-and-lf", with(":authority", "wire.test\r\nx-a: b")),
        bad(Must, "authority-with-a-path", with(":authority", "wire.test/smuggled")),
        bad(Must, "authority-with-a-blank", with(":authority", "wire test")),
        bad(Security, "authority-empty", with(":authority", "")),
        bad(Security, "authority-and-host-missing", only(&[])),
        bad(Should, "host-differs", get(&[("host", "other.test")])),
        bad(Security, "host-differs-never-wins", get(&[("host", "other.test")]))
            .expect([Sign::Requests(1), Sign::Lacks("other.test")]),
        bad(Security, "host-twice", get(&[("host", "wire.test"), ("host", "other.test")]))
            .expect([Sign::Requests(1), Sign::Lacks("other.test")]),
        bad(Security, "host-with-a-path", only(&[("host", "wire.test/a")])),
        passed(Must, "host-instead-of-authority", "9113 §8.3.1", only(&[("host", "wire.test")])),
        passed(Must, "host-that-is-the-same", "9113 §8.3.1", get(&[("host", "wire.test")])),
        passed(Must, "authority-becomes-host", "9113 §8.3.1", get(&[]))
            .expect([Sign::Has("host: wire.test\r\n"), Sign::Status(1, &[200])])
            .without_first(),
    ]
}

trait Outcomes {
    /// Only the last outcome counts.
    fn only_last(self) -> Self;
    /// The first outcome does not count.
    fn without_first(self) -> Self;
    /// A path that is not served may be told so.
    fn also_not_found(self) -> Self;
}

impl Outcomes for Row {
    fn only_last(mut self) -> Self {
        self.outcomes = self.outcomes.pop().into_iter().collect();
        self
    }

    fn without_first(mut self) -> Self {
        self.outcomes.remove(0);
        self
    }

    fn also_not_found(self) -> Self {
        self.expect([Sign::Nothing, Sign::Refused(1, &[403, 404])]).expect([
            Sign::Requests(1),
            Sign::Lacks(".."),
            Sign::Lacks("%2e"),
        ])
    }
}
