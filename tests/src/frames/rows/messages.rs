//! Bodies, Content-Length, trailers, CONNECT, and answers.

use super::super::frame::{BOTH, END_HEADERS, END_STREAM, block, frame, kind};
use super::super::run::{Row, Sign};
use super::made::{PROTOCOL, data, get, malformed, passed, post, request};
use crate::desync::case::Level::{Must, Security};

pub(super) fn rows() -> Vec<Row> {
    [lengths(), bodies(), trailers(), connect(), answers()].concat()
}

/// A request whose body is not what it says: never whole at a backend.
fn unequal(name: &'static str, octets: Vec<u8>) -> Row {
    Row::new(Must, name, "9113 §8.1.1", octets).expect([Sign::Unfinished, Sign::Refused(1, &[400])])
}

fn lengths() -> Vec<Row> {
    let length = |value| [("content-length", value)];
    let bad = |name, level, value| {
        malformed(level, name, "9113 §8.1.1", [post(&length(value)), data(b"hello", true)].concat())
    };
    let smuggled = b"GET /smuggled HTTP/1.1\r\nHost: wire.test\r\n\r\n";
    vec![
        unequal("length-more-than-came", [post(&length("10")), data(b"hello", true)].concat()),
        unequal("length-less-than-came", [post(&length("3")), data(b"hello", true)].concat()),
        unequal("length-without-data", get(&length("5"))),
        unequal(
            "length-0-with-a-request-behind",
            [post(&length("0")), data(smuggled, true)].concat(),
        ),
        unequal(
            "length-more-than-came-with-trailers",
            [
                post(&length("10")),
                data(b"hello", false),
                frame(kind::HEADERS, BOTH, 1, &block(&[("x-a", "b")])),
            ]
            .concat(),
        ),
        bad("length-letters", Must, "five"),
        bad("length-plus", Must, "+5"),
        bad("length-list", Must, "5, 6"),
        bad("length-list-of-same", Security, "5, 5"),
        malformed(
            Must,
            "length-twice-different",
            "9113 §8.1.1",
            [post(&[("content-length", "5"), ("content-length", "6")]), data(b"hello", true)]
                .concat(),
        ),
        malformed(
            Security,
            "length-and-coding",
            "9113 §8.2.2",
            [
                post(&[("content-length", "5"), ("transfer-encoding", "chunked")]),
                data(b"hello", true),
            ]
            .concat(),
        ),
        malformed(
            Security,
            "coding-with-a-request-behind",
            "9113 §8.2.2",
            [
                post(&[("transfer-encoding", "chunked")]),
                data(&[b"0\r\n\r\n", &smuggled[..]].concat(), true),
            ]
            .concat(),
        ),
        passed(
            Must,
            "length-that-is-right",
            "9113 §8.1.1",
            [post(&length("5")), data(b"hel", false), data(b"lo", true)].concat(),
        )
        .expect([Sign::Body("hello")]),
    ]
}

fn bodies() -> Vec<Row> {
    let smuggled = b"GET /smuggled HTTP/1.1\r\nHost: wire.test\r\n\r\n";
    vec![
        Row::new(
            Must,
            "body-without-length",
            "9113 §8.1",
            [post(&[]), data(b"hel", false), data(b"lo", true)].concat(),
        )
        .expect([Sign::Requests(1), Sign::Body("hello"), Sign::Status(1, &[200])]),
        Row::new(
            Security,
            "body-that-looks-like-chunks",
            "9113 §8.1",
            [post(&[]), data(b"0\r\n\r\n", false), data(smuggled, true)].concat(),
        )
        .expect([Sign::Requests(1), Sign::Has("smuggled"), Sign::Status(1, &[200])]),
        Row::new(
            Must,
            "body-of-empty-frames",
            "9113 §6.1",
            [post(&[]), data(b"", false), data(b"hello", false), data(b"", true)].concat(),
        )
        .expect([Sign::Requests(1), Sign::Body("hello"), Sign::Status(1, &[200])]),
    ]
}

fn trailers() -> Vec<Row> {
    let with = |flags, fields: &[(&str, &str)]| {
        [post(&[]), data(b"hello", false), frame(kind::HEADERS, flags, 1, &block(fields))].concat()
    };
    let bad = |name, octets| {
        unequal(name, octets).expect([Sign::Unfinished, Sign::Reset(1, &[PROTOCOL])])
    };
    vec![
        Row::new(Must, "trailers", "9113 §8.1", with(BOTH, &[("x-late", "1")])).expect([
            Sign::Requests(1),
            Sign::Body("hello"),
            Sign::Status(1, &[200]),
        ]),
        bad("trailers-with-a-pseudo-field", with(BOTH, &[(":path", "/smuggled")])),
        bad("trailers-that-do-not-end", with(END_HEADERS, &[("x-late", "1")])),
        bad("trailers-in-capitals", with(BOTH, &[("X-Late", "1")])),
        bad("trailers-with-cr-and-lf", with(BOTH, &[("x-late", "1\r\nx-b: c")])),
        bad("trailers-with-a-connection-field", with(BOTH, &[("transfer-encoding", "chunked")])),
        Row::new(
            Must,
            "trailers-never-become-fields",
            "9110 §6.5.1",
            with(BOTH, &[("x-forwarded-for", "6.6.6.6"), ("host", "other.test")]),
        )
        .expect([Sign::Requests(1), Sign::Lacks("6.6.6.6"), Sign::Lacks("other.test")])
        .expect([Sign::Unfinished, Sign::Refused(1, &[400])]),
    ]
}

fn connect() -> Vec<Row> {
    let denied = |level, name, fields: &[(&str, &str)]| {
        let octets = frame(kind::HEADERS, END_HEADERS, 1, &block(fields));
        Row::new(level, name, "9113 §8.5", octets)
            .expect([Sign::Nothing, Sign::Refused(1, &[400, 403, 405, 501])])
    };
    let (method, authority) = ((":method", "CONNECT"), (":authority", "127.0.0.1:1"));
    vec![
        denied(Security, "connect", &[method, authority]),
        denied(
            Must,
            "connect-with-a-path",
            &[method, authority, (":scheme", "http"), (":path", "/")],
        ),
        denied(Must, "connect-without-authority", &[method]),
        denied(
            Security,
            "connect-extended-unasked",
            &[
                method,
                (":protocol", "websocket"),
                (":scheme", "http"),
                (":path", "/case"),
                (":authority", "wire.test"),
            ],
        ),
    ]
}

fn answers() -> Vec<Row> {
    let answered = |level, name, section, answer| {
        let mut row = Row::new(level, name, section, get(&[]));
        row.answer = Some(answer);
        row
    };
    let broken = |level, name, section, answer| {
        answered(level, name, section, answer).expect([Sign::Status(1, &[502])])
    };
    let mut head = Row::new(
        Must,
        "head-has-no-data",
        "9113 §8.1",
        request(
            1,
            &[
                (":method", "HEAD"),
                (":scheme", "http"),
                (":authority", "wire.test"),
                (":path", "/case"),
            ],
        ),
    )
    .expect([Sign::Requests(1), Sign::Status(1, &[200]), Sign::Alive]);
    head.streams = vec![1];
    vec![
        head,
        answered(Must, "answer-with-connection-fields", "9113 §8.2.2", "HTTP/1.1 200 OK\r\nConnection: keep-alive, x-a\r\nKeep-Alive: timeout=5\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello")
            .expect([Sign::Status(1, &[200]), Sign::Says(1, "hello"), Sign::Alive]),
        answered(Must, "answer-in-chunks", "9113 §8.2.2", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Late: 1\r\n\r\n")
            .expect([Sign::Status(1, &[200]), Sign::Says(1, "hello"), Sign::Alive]),
        answered(Must, "answer-cut-in-a-chunk-is-reset", "9113 §8.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
            .expect([Sign::Reset(1, &[])])
            .expect([Sign::Status(1, &[502])]),
        broken(Security, "answer-with-length-and-coding", "9112 §6.3", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        broken(Security, "answer-with-nul-in-a-value", "9113 §8.2.1", "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 5\r\n\r\nhello"),
        broken(Must, "answer-with-no-status", "9113 §8.3.2", "HTTP/1.1 abc OK\r\nContent-Length: 5\r\n\r\nhello"),
        broken(Security, "answer-switching-protocols", "9113 §8.6", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
        answered(Must, "answer-interim-then-final", "9113 §8.1", "HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            .expect([Sign::Status(1, &[200]), Sign::Says(1, "hello"), Sign::Alive]),
        Row::new(Must, "end-stream-with-the-last-data", "9113 §5.1", [post(&[]), frame(kind::DATA, END_STREAM, 1, b"hello")].concat())
            .expect([Sign::Requests(1), Sign::Status(1, &[200]), Sign::Alive]),
    ]
}
