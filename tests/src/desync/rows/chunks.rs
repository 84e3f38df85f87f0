//! Chunk sizes, chunk data, extensions and trailers of requests.

use super::super::case::Case;
use super::super::case::Check::{Body, Closed, Kept, Lacks, Refused, Requests, Status, Unfinished};
use super::super::case::Level::{Must, Security};
use super::made::{SMUGGLED, chunked, passed, post};

pub(super) fn rows() -> Vec<Case> {
    [sizes(), data(), extensions(), trailers()].concat()
}

/// Chunks that end the request, which then was never whole.
fn broken(level: super::super::case::Level, name: &'static str, body: &str) -> Case {
    Case::new(level, name, "9112 §7.1").sends(chunked(body)).expect([
        Unfinished,
        Refused(&[400, 413, 431]),
        Closed,
    ])
}

fn sizes() -> Vec<Case> {
    let size = |name, size: &str| broken(Must, name, &format!("{size}\r\nhello\r\n0\r\n\r\n"));
    let sound = |name, body: &str| {
        passed(Must, name, "9112 §7.1", chunked(body)).expect([Requests(1), Body("hello"), Kept])
    };
    vec![
        size("size-prefix-0x", "0x5"),
        size("size-plus", "+5"),
        size("size-minus", "-5"),
        size("size-not-hex", "g"),
        size("size-empty", ""),
        size("size-underscore", "0_5"),
        size("size-over-64-bits", "10000000000000005"),
        size("size-ffffffffffffffff", "ffffffffffffffff0"),
        size("size-behind-a-blank", " 5"),
        size("size-blank-inside", "0 5"),
        size("size-comma", "5,5"),
        size("size-dot", "5.0"),
        size("size-nul", "5\0"),
        size("size-vertical-tab", "5\u{b}"),
        broken(Security, "size-line-of-bare-lf", "5\nhello\r\n0\r\n\r\n"),
        broken(Security, "size-line-of-bare-cr", "5\rhello\r\n0\r\n\r\n"),
        broken(Security, "last-size-line-of-bare-lf", "5\r\nhello\r\n0\n\r\n"),
        sound("size-leading-zeros", "0000005\r\nhello\r\n000\r\n\r\n"),
        sound("size-hex-in-any-case", "5\r\nhello\r\n0\r\n\r\n"),
        sound("chunks-of-one-octet", "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n"),
    ]
}

fn data() -> Vec<Case> {
    vec![
        broken(Must, "data-longer-than-its-size", "3\r\nhello\r\n0\r\n\r\n"),
        broken(Must, "data-shorter-than-its-size", "6\r\nhello\r\n0\r\n\r\n"),
        broken(Must, "data-without-end", "5\r\nhello0\r\n\r\n"),
        broken(Security, "data-ended-by-bare-lf", "5\r\nhello\n0\r\n\r\n"),
        broken(Security, "data-ended-by-bare-cr", "5\r\nhello\r0\r\n\r\n"),
        broken(Security, "data-ended-by-two-other-octets", "5\r\nhelloXX0\r\n\r\n"),
    ]
}

fn extensions() -> Vec<Case> {
    let with = |name, extension: &str| {
        passed(Must, name, "9112 §7.1.1", chunked(&format!("5{extension}\r\nhello\r\n0\r\n\r\n")))
            .expect([Requests(1), Body("hello"), Lacks("ext"), Kept])
            .expect([Unfinished, Refused(&[400]), Closed])
    };
    let many =
        "1;ext=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nh\r\n".repeat(4_000);
    vec![
        with("extension", ";ext"),
        with("extension-with-value", ";ext=value"),
        with("extension-with-quoted-value", ";ext=\"a;b\""),
        broken(Security, "extension-with-bare-lf", "5;ext=a\nb\r\nhello\r\n0\r\n\r\n"),
        broken(Security, "extension-with-bare-cr", "5;ext=a\rb\r\nhello\r\n0\r\n\r\n"),
        broken(Security, "extension-with-nul", "5;ext=\0\r\nhello\r\n0\r\n\r\n"),
        broken(
            Security,
            "extension-that-hides-a-request",
            &format!("5;\n{SMUGGLED}\r\nhello\r\n0\r\n\r\n"),
        ),
        broken(
            Security,
            "extension-of-100-kib",
            &format!("5;ext={}\r\nhello\r\n0\r\n\r\n", "a".repeat(100 << 10)),
        ),
        broken(Security, "extensions-of-200-kib-in-all", &format!("{many}0\r\n\r\n")),
    ]
}

fn trailers() -> Vec<Case> {
    let with = |trailers: &str| {
        post(
            "Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n",
            &format!("5\r\nhello\r\n0\r\n{trailers}\r\n"),
        )
    };
    let never = |name, field: &str, lacks| {
        passed(Must, name, "9110 §6.5.1", with(field))
            .expect([Requests(1), Body("hello"), Lacks(lacks)])
            .expect([Unfinished, Refused(&[400]), Closed])
    };
    let bad = |level, name, trailers: &str| {
        Case::new(level, name, "9112 §7.1.2").sends(with(trailers)).expect([
            Unfinished,
            Refused(&[400, 413, 431]),
            Closed,
        ])
    };
    vec![
        passed(Must, "trailers-are-read", "9112 §7.1.2", with("X-Late: 1\r\n")).expect([
            Requests(1),
            Body("hello"),
            Status(&[200]),
            Kept,
        ]),
        never("trailer-that-frames", "Content-Length: 9\r\n", "content-length: 9"),
        never("trailer-that-frames-anew", "Transfer-Encoding: gzip\r\n", "gzip"),
        never("trailer-that-routes", "Host: other.test\r\n", "other.test"),
        never("trailer-of-the-gateway", "X-Forwarded-For: 6.6.6.6\r\n", "6.6.6.6"),
        never("trailer-that-authorises", "Authorization: Basic c3BvbmdlOmJvYg==\r\n", "basic c3"),
        bad(Security, "trailer-without-colon", "no field\r\n"),
        bad(Must, "trailer-with-blank-before-the-colon", "X-Late : 1\r\n"),
        bad(Security, "trailer-with-nul", "X-Late: a\0b\r\n"),
        bad(Security, "trailer-with-bare-cr", "X-Late: a\rb\r\n"),
        bad(Security, "trailer-line-of-bare-lf", "X-Late: a\n"),
        bad(Security, "trailer-folded", "X-Late: a\r\n b\r\n"),
        bad(Security, "trailers-of-100-kib", &format!("X-Late: {}\r\n", "a".repeat(100 << 10))),
        bad(Security, "trailers-of-5000-fields", &"X-Late: a\r\n".repeat(5_000)),
    ]
}
