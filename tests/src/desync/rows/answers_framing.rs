//! Where an answer ends, and answers that nobody asked for.

use super::super::case::Check::{Answer, Answers, Cut, Hides, Kept, Status};
use super::super::case::Level::{Must, Security};
use super::super::case::{Case, Level, Step, When};
use super::made::{answered, get};

pub(super) fn rows() -> Vec<Case> {
    [both(), lengths(), chunks(), ends(), surplus(), bodiless()].concat()
}

/// An answer of which the client gets nothing but an error.
fn broken(level: Level, name: &'static str, section: &'static str, answer: &str) -> Case {
    answered(level, name, section, answer).expect([Status(&[502]), Hides("hello")])
}

fn ok(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}")
}

const CHUNKS: &str = "5\r\nhello\r\n0\r\n\r\n";

fn both() -> Vec<Case> {
    let answer = ok("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", CHUNKS);
    vec![
        broken(Must, "answer-length-and-coding-is-error-or-chunks", "9112 §6.3", &answer)
            .expect([Answer("hello"), Hides("content-length: 3")]),
        broken(Security, "answer-length-and-coding", "9112 §6.3", &answer),
        broken(
            Security,
            "answer-coding-and-length",
            "9112 §6.3",
            &ok("Transfer-Encoding: chunked\r\nContent-Length: 15\r\n", CHUNKS),
        ),
        broken(
            Security,
            "answer-coding-chunked-twice",
            "9112 §6.1",
            &ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
        ),
        broken(
            Security,
            "answer-coding-chunked-twice-in-a-list",
            "9112 §6.1",
            &ok("Transfer-Encoding: chunked, chunked\r\n", CHUNKS),
        ),
        broken(
            Security,
            "answer-coding-gzip-then-chunked",
            "9112 §6.1",
            &ok("Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
        ),
        broken(
            Security,
            "answer-coding-unknown",
            "9112 §6.1",
            &ok("Transfer-Encoding: xchunked\r\n", CHUNKS),
        ),
        broken(
            Security,
            "answer-coding-identity",
            "9112 §6.1",
            &ok("Transfer-Encoding: identity\r\n", CHUNKS),
        ),
        broken(
            Security,
            "answer-coding-chunked-not-last",
            "9112 §6.1",
            &ok("Transfer-Encoding: chunked, gzip\r\n", CHUNKS),
        ),
        broken(
            Security,
            "answer-coding-in-http-1.0",
            "9112 §6.1",
            &ok("Transfer-Encoding: chunked\r\n", CHUNKS).replace("HTTP/1.1", "HTTP/1.0"),
        ),
        broken(
            Security,
            "answer-coding-with-a-blank-before-the-colon",
            "9112 §5.1",
            &ok("Transfer-Encoding : chunked\r\n", CHUNKS),
        ),
        broken(
            Security,
            "answer-coding-vertical-tab",
            "9112 §6.1",
            &ok("Transfer-Encoding: \u{b}chunked\r\n", CHUNKS),
        ),
    ]
}

fn lengths() -> Vec<Case> {
    let bad = |name, fields: &str| broken(Must, name, "9112 §6.3", &ok(fields, "hello"));
    vec![
        bad("answer-length-twice-different", "Content-Length: 5\r\nContent-Length: 3\r\n"),
        bad("answer-length-list-of-two", "Content-Length: 5, 3\r\n"),
        bad("answer-length-letters", "Content-Length: five\r\n"),
        bad("answer-length-negative", "Content-Length: -5\r\n"),
        bad("answer-length-plus", "Content-Length: +5\r\n"),
        bad("answer-length-hex", "Content-Length: 0x5\r\n"),
        bad("answer-length-empty", "Content-Length:\r\n"),
        bad("answer-length-with-a-blank-inside", "Content-Length: 5 5\r\n"),
        bad("answer-length-over-64-bits", "Content-Length: 18446744073709551621\r\n"),
        broken(
            Security,
            "answer-length-twice-same",
            "9112 §6.3",
            &ok("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
        ),
        broken(
            Security,
            "answer-length-list-of-same",
            "9112 §6.3",
            &ok("Content-Length: 5, 5\r\n", "hello"),
        ),
    ]
}

fn chunks() -> Vec<Case> {
    let cut = |level, name, body: &str| {
        answered(level, name, "9112 §7.1", ok("Transfer-Encoding: chunked\r\n", body)).expect([Cut])
    };
    vec![
        cut(Must, "answer-size-not-hex", "5\r\nhello\r\nzz\r\n\r\n"),
        cut(Must, "answer-size-prefix-0x", "0x5\r\nhello\r\n0\r\n\r\n"),
        cut(Must, "answer-size-minus", "5\r\nhello\r\n-1\r\n\r\n"),
        cut(Must, "answer-size-plus", "+5\r\nhello\r\n0\r\n\r\n"),
        cut(Must, "answer-size-empty", "5\r\nhello\r\n\r\n\r\n"),
        cut(Must, "answer-size-over-64-bits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
        cut(Must, "answer-data-longer-than-its-size", "3\r\nhello\r\n0\r\n\r\n"),
        cut(Must, "answer-data-without-end", "5\r\nhello0\r\n\r\n"),
        cut(Security, "answer-data-ended-by-bare-lf", "5\r\nhello\n0\r\n\r\n"),
        cut(Security, "answer-size-line-of-bare-lf", "5\nhello\r\n0\r\n\r\n"),
        cut(Security, "answer-extension-with-bare-lf", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
        cut(
            Security,
            "answer-extension-of-100-kib",
            &format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(100 << 10)),
        ),
        cut(Security, "answer-trailer-without-colon", "5\r\nhello\r\n0\r\nno field\r\n\r\n"),
        cut(Security, "answer-trailer-with-nul", "5\r\nhello\r\n0\r\nX-A: a\0b\r\n\r\n"),
        cut(Security, "answer-trailer-folded", "5\r\nhello\r\n0\r\nX-A: a\r\n b\r\n\r\n"),
        cut(
            Security,
            "answer-trailers-of-200-kib",
            &format!("5\r\nhello\r\n0\r\nX-A: {}\r\n\r\n", "a".repeat(200 << 10)),
        ),
        answered(
            Must,
            "answer-extension",
            "9112 §7.1.1",
            ok("Transfer-Encoding: chunked\r\n", "5;ext=a\r\nhello\r\n0\r\n\r\n"),
        )
        .expect([Answer("hello"), Hides("ext=a"), Kept]),
        answered(
            Must,
            "answer-trailers-never-become-fields",
            "9110 §6.5.1",
            ok(
                "Transfer-Encoding: chunked\r\n",
                "5\r\nhello\r\n0\r\nSet-Cookie: late=1\r\nContent-Length: 3\r\n\r\n",
            ),
        )
        .expect([Answer("hello"), Hides("content-length: 3"), Kept]),
    ]
}

fn ends() -> Vec<Case> {
    let cut = |name, answer: String| {
        answered(Must, name, "9112 §8", "").answered_last(answer).expect([Cut])
    };
    let none = |name, answer: &str| {
        answered(Must, name, "9112 §8", "").answered_last(answer).expect([Status(&[502, 503, 504])])
    };
    vec![
        cut("answer-cut-by-length", ok("Content-Length: 10\r\n", "hello")),
        cut("answer-cut-before-its-first-octet", ok("Content-Length: 10\r\n", "")),
        cut("answer-cut-inside-a-chunk", ok("Transfer-Encoding: chunked\r\n", "5\r\nhel")),
        cut("answer-cut-between-chunks", ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n")),
        cut(
            "answer-cut-after-the-last-chunk",
            ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n"),
        ),
        cut("answer-cut-in-a-chunk-size", ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n1")),
        none("answer-cut-in-the-fields", "HTTP/1.1 200 OK\r\nContent-Le"),
        none("answer-cut-in-the-status-line", "HTTP/1."),
        none("answer-missing", ""),
        none("answer-interim-and-no-more", "HTTP/1.1 103 Hints\r\n\r\n"),
    ]
}

/// What comes beyond an answer, or before a request, answers nobody.
fn surplus() -> Vec<Case> {
    let other = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsmuggled!";
    let more = |name, answer: String| {
        answered(Security, name, "9112 §9.2", format!("{answer}{other}"))
            .expect([Answer("hello"), Answers(1)])
            .expect([Status(&[502]), Answers(1)])
    };
    vec![
        more("surplus-answer-after-a-length", ok("Content-Length: 5\r\n", "hello")),
        more("surplus-answer-after-chunks", ok("Transfer-Encoding: chunked\r\n", CHUNKS)),
        answered(
            Security,
            "surplus-octets",
            "9112 §9.2",
            ok("Content-Length: 5\r\n", "hello and more"),
        )
        .expect([Answer("hello"), Answers(1)])
        .expect([Status(&[502]), Answers(1)]),
        answered(
            Security,
            "surplus-answer-after-204",
            "9112 §6.3",
            format!("HTTP/1.1 204 No\r\n\r\n{other}"),
        )
        .expect([Status(&[204]), Hides("smuggled")])
        .expect([Status(&[502])]),
        answered(
            Security,
            "surplus-answer-after-304",
            "9112 §6.3",
            format!("HTTP/1.1 304 No\r\n\r\n{other}"),
        )
        .expect([Status(&[304]), Hides("smuggled")])
        .expect([Status(&[502])]),
        answered(
            Security,
            "unsolicited-answer-later",
            "9112 §9.2",
            ok("Content-Length: 5\r\n", "hello"),
        )
        .later(other)
        .then(Step::Late)
        .then(Step::Elsewhere)
        .expect([Answer("hello"), Answers(1)]),
        answered(
            Security,
            "unsolicited-octet-later",
            "9112 §9.2",
            ok("Content-Length: 5\r\n", "hello"),
        )
        .later("H")
        .then(Step::Late)
        .then(Step::Elsewhere)
        .expect([Answer("hello"), Answers(1)]),
        answered(
            Security,
            "unsolicited-408-later",
            "9112 §9.2",
            ok("Content-Length: 5\r\n", "hello"),
        )
        .later("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .then(Step::Late)
        .then(Step::Elsewhere)
        .expect([Answer("hello"), Answers(1)]),
    ]
}

/// Answers that have no body whatever they say.
fn bodiless() -> Vec<Case> {
    let head = "HEAD /case HTTP/1.1\r\nHost: wire.test\r\n\r\n";
    let never = |name, section, answer: &str, status: &'static [u16]| {
        answered(Must, name, section, answer)
            .expect([Status(status), Hides("hello")])
            .expect([Status(&[502]), Hides("hello")])
    };
    vec![
        answered(
            Must,
            "204-with-a-body",
            "9110 §8.6",
            "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello",
        )
        .expect([Status(&[204]), Hides("hello"), Hides("content-length")])
        .expect([Status(&[502]), Hides("hello")]),
        never(
            "204-with-chunks",
            "9110 §15.3.5",
            "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            &[204],
        ),
        never(
            "304-with-a-body",
            "9110 §15.4.5",
            "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\nhello",
            &[304],
        ),
        answered(
            Must,
            "304-with-the-length-of-the-representation",
            "9110 §15.4.5",
            "HTTP/1.1 304 No\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n",
        )
        .expect([Status(&[304]), Hides("transfer-encoding"), Kept]),
        Case::new(Must, "head-with-a-body", "9110 §9.3.2")
            .sends(head)
            .answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            .expect([Status(&[200]), Hides("hello")])
            .expect([Status(&[502]), Hides("hello")]),
        Case::new(Must, "head-with-chunks", "9110 §9.3.2")
            .sends(head)
            .answered(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            )
            .expect([Status(&[200]), Hides("hello")])
            .expect([Status(&[502]), Hides("hello")]),
        answered(
            Security,
            "answer-before-its-request",
            "9112 §9.2",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        )
        .when(When::Accept)
        .expect([Answer("hello")])
        .expect([Status(&[502])]),
        answered(
            Must,
            "answer-of-an-empty-body",
            "9112 §6.3",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        )
        .expect([Answer(""), Kept]),
        Case::new(Must, "two-answers-in-turn", "9112 §9.3")
            .sends(get(""))
            .sends(get(""))
            .answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            .expect([Answers(2), Answer("hello"), Kept]),
    ]
}
