//! Where a request ends: Content-Length, Transfer-Encoding, both, neither, and requests that never end.

use super::super::case::Check::{
    Answers, Body, Closed, Has, Kept, Lacks, Nothing, Refused, Requests, Status, Unfinished,
};
use super::super::case::Level::{Must, Security, Should};
use super::super::case::{Case, Step};
use super::made::{SMUGGLED, chunked, get, passed, post, refused};

pub(super) fn rows() -> Vec<Case> {
    [both(), lengths(), codings(), sound_codings(), spelled(), ends(), sequences()].concat()
}

fn both() -> Vec<Case> {
    let tail = format!("0\r\n\r\n{SMUGGLED}");
    let length = format!("Content-Length: {}\r\n", tail.len());
    let one = post(&format!("{length}Transfer-Encoding: chunked\r\n"), &tail);
    let other = post(&format!("Transfer-Encoding: chunked\r\n{length}"), &tail);
    let short =
        post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "5c\r\nGPOST\r\n0\r\n\r\n");
    // By the letter it may be served by its coding, if the connection is closed then.
    let either = |name, bytes: &str| {
        refused(Must, name, "9112 §6.1", bytes).expect([
            Requests(1),
            Lacks("content-length"),
            Closed,
        ])
    };
    vec![
        either("length-and-coding-ends-the-connection", &one),
        either("coding-and-length-ends-the-connection", &other),
        refused(Security, "length-and-coding", "9112 §6.1", &one),
        refused(Security, "coding-and-length", "9112 §6.1", &other),
        refused(Security, "length-shorter-than-chunks", "9112 §6.1", short),
        refused(
            Security,
            "length-and-coding-in-http-1.0",
            "9112 §6.1",
            one.replace("HTTP/1.1\r\nHost", "HTTP/1.0\r\nHost").replacen(SMUGGLED, "", 1),
        ),
    ]
}

fn lengths() -> Vec<Case> {
    let with = |value: &str| post(&format!("Content-Length: {value}\r\n"), "hello");
    let must = |name, value| refused(Must, name, "9112 §6.3", with(value));
    let twice = |first, second| {
        post(&format!("Content-Length: {first}\r\nContent-Length: {second}\r\n"), "hello")
    };
    let same = |name, level, request: String| refused(level, name, "9112 §6.3", request);
    vec![
        must("length-negative", "-5"),
        must("length-plus", "+5"),
        must("length-hex", "0x5"),
        must("length-letters", "five"),
        must("length-then-letter", "5a"),
        must("length-fraction", "5.0"),
        must("length-exponent", "5e0"),
        must("length-with-a-space-inside", "5 5"),
        must("length-quoted", "\"5\""),
        must("length-empty", ""),
        must("length-list-of-two", "5, 6"),
        must("length-list-with-nothing", "5,"),
        must("length-over-64-bits", "18446744073709551621"),
        must("length-over-63-bits", "9223372036854775813"),
        must("length-of-zeros-and-a-letter", "000000000000000000000000000005x"),
        refused(Must, "length-vertical-tab", "9112 §6.3", with("\u{b}5")),
        refused(Must, "length-twice-different", "9112 §6.3", twice("5", "6")),
        refused(Must, "length-twice-different-zero", "9112 §6.3", twice("0", "5")),
        same("length-twice-same-is-one-or-none", Must, twice("5", "5")).expect([
            Requests(1),
            Body("hello"),
            Kept,
        ]),
        same("length-twice-same", Security, twice("5", "5")),
        same("length-list-of-same", Security, with("5, 5")),
        passed(Must, "length-leading-zeros", "9112 §6.2", with("005"))
            .expect([Requests(1), Body("hello"), Status(&[200])])
            .expect([Nothing, Refused(&[400]), Closed]),
        passed(Must, "length-in-blanks", "9110 §5.5", with(" \t5 \t")).expect([
            Requests(1),
            Body("hello"),
            Kept,
        ]),
        passed(Must, "length-zero", "9112 §6.2", post("Content-Length: 0\r\n", "")).expect([
            Requests(1),
            Body(""),
            Kept,
        ]),
    ]
}

fn codings() -> Vec<Case> {
    let body = "5\r\nhello\r\n0\r\n\r\n";
    let with = |value: &str| post(&format!("Transfer-Encoding: {value}\r\n"), body);
    let not = |level, name, value| {
        Case::new(level, name, "9112 §6.1").sends(with(value)).expect([
            Nothing,
            Refused(&[400, 501]),
            Closed,
        ])
    };
    vec![
        not(Must, "coding-chunked-not-last", "chunked, gzip"),
        not(Must, "coding-unknown", "xchunked"),
        not(Must, "coding-identity", "identity"),
        not(Must, "coding-gzip-alone", "gzip"),
        not(Must, "coding-chunked-twice-in-a-list", "chunked, chunked"),
        not(Security, "coding-gzip-then-chunked", "gzip, chunked"),
        not(Security, "coding-list-begins-with-nothing", ", chunked"),
        not(Security, "coding-list-ends-with-nothing", "chunked,"),
        not(Security, "coding-with-parameter", "chunked;q=1"),
        not(Security, "coding-quoted", "\"chunked\""),
        not(Security, "coding-two-words", "chunked chunked"),
        not(Security, "coding-vertical-tab", "\u{b}chunked"),
        not(Security, "coding-form-feed", "chunked\u{c}"),
        not(Security, "coding-nul", "chunked\0"),
        not(Security, "coding-empty", ""),
        not(Security, "coding-no-break-space", "\u{a0}chunked"),
        Case::new(Must, "coding-chunked-on-two-lines", "9112 §6.1")
            .sends(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", body))
            .expect([Nothing, Refused(&[400, 501]), Closed]),
        Case::new(Security, "coding-identity-and-chunked-lines", "9112 §6.1")
            .sends(post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", body))
            .expect([Nothing, Refused(&[400, 501]), Closed]),
    ]
}

fn sound_codings() -> Vec<Case> {
    let body = "5\r\nhello\r\n0\r\n\r\n";
    let with = |value: &str| post(&format!("Transfer-Encoding: {value}\r\n"), body);
    vec![
        passed(Must, "coding-in-any-case", "9112 §7", with("ChUnKeD"))
            .expect([Requests(1), Body("hello"), Kept]),
        passed(Must, "coding-after-tab", "9110 §5.5", with("\tchunked"))
            .expect([Requests(1), Body("hello"), Kept]),
        passed(
            Must,
            "coding-in-http-1.0",
            "9112 §6.1",
            "POST /case HTTP/1.0\r\nHost: wire.test\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n",
        )
        .expect([Nothing, Refused(&[400]), Closed])
        .expect([Status(&[200]), Closed]),
    ]
}

/// Spellings that one reader takes for the framing field and another does not.
fn spelled() -> Vec<Case> {
    let tail = format!("0\r\n\r\n{SMUGGLED}");
    let with =
        |fields: &str| post(&format!("Content-Length: {}\r\n{fields}\r\n", tail.len()), &tail);
    let bad = |name, section, field| refused(Security, name, section, with(field));
    let blank = |name, field| refused(Must, name, "9112 §5.1", with(field));
    // What is no framing field is left out or passed on; the body is what the length says.
    let other = |name, field| {
        let whole = [Requests(1), Has("smuggled"), Lacks("transfer-encoding")];
        bad(name, "9112 §6.3", field).expect(whole)
    };
    vec![
        blank("blank-before-the-colon-of-a-coding", "Transfer-Encoding : chunked"),
        blank("tab-before-the-colon-of-a-coding", "Transfer-Encoding\t: chunked"),
        blank("blank-before-the-colon-of-a-length", "Content-Length : 5"),
        bad("coding-folded", "9112 §5.2", "Transfer-Encoding:\r\n chunked"),
        bad("coding-behind-a-fold", "9112 §5.2", "X-A: b\r\n Transfer-Encoding: chunked"),
        bad("coding-behind-a-bare-lf", "9112 §2.2", "X-A: b\nTransfer-Encoding: chunked"),
        bad("coding-behind-a-bare-cr", "9112 §2.2", "X-A: b\rTransfer-Encoding: chunked"),
        bad("coding-behind-a-nul", "9110 §5.5", "X-A: b\0\r\nTransfer-Encoding: chunked"),
        bad("coding-name-with-nul", "9110 §5.1", "Transfer-Encoding\0: chunked"),
        bad("coding-name-with-cr", "9110 §5.1", "\rTransfer-Encoding: chunked"),
        bad("coding-with-a-letter-beyond-ascii", "9110 §5.1", "Transfer-Encodıng: chunked"),
        other("coding-with-underscore", "Transfer_Encoding: chunked"),
        other("coding-with-a-prefix", "X-Transfer-Encodin: chunked"),
        passed(Security, "length-with-underscore", "9112 §6.3", post("Content_Length: 5\r\n", ""))
            .expect([Requests(1), Lacks("content_length")])
            .expect([Nothing, Refused(&[400])]),
    ]
}

/// Requests that do not come whole never become whole ones.
fn ends() -> Vec<Case> {
    let cut = |name, bytes: String| {
        Case::new(Must, name, "9112 §8")
            .sends_only(bytes)
            .expect([Unfinished, Refused(&[400, 408, 502])])
    };
    vec![
        cut("body-cut-by-length", post("Content-Length: 10\r\n", "hello")),
        cut("body-cut-before-its-first-octet", post("Content-Length: 10\r\n", "")),
        cut("body-cut-inside-a-chunk", chunked("5\r\nhel")),
        cut("body-cut-between-chunks", chunked("5\r\nhello\r\n")),
        cut("body-cut-after-the-last-chunk", chunked("5\r\nhello\r\n0\r\n")),
        cut("body-cut-in-a-chunk-size", chunked("5\r\nhello\r\n1")),
        cut("body-cut-in-the-trailers", chunked("5\r\nhello\r\n0\r\nX-A: b\r\n")),
        cut("head-cut-in-the-request-line", "GET /case HT".to_owned()),
        cut("head-cut-in-the-fields", "GET /case HTTP/1.1\r\nHost: wire.test\r\n".to_owned()),
    ]
}

fn sequences() -> Vec<Case> {
    let second = "GET /second HTTP/1.1\r\nHost: wire.test\r\n\r\n";
    let two = |name, first: String| {
        Case::new(Must, name, "9112 §9.3.2")
            .sends(format!("{first}{second}"))
            .then(Step::Answer)
            .expect([Requests(2), Answers(2), Kept])
    };
    let unread = format!("Content-Length: {}\r\nHost: other.test\r\n", SMUGGLED.len());
    vec![
        two("pipelined-without-bodies", get("")),
        two("pipelined-after-a-length", post("Content-Length: 5\r\n", "hello")),
        two("pipelined-after-chunks", chunked("5\r\nhello\r\n0\r\n\r\n")),
        two("pipelined-after-no-body", post("", "")),
        two("pipelined-after-trailers", chunked("0\r\nX-A: b\r\n\r\n")),
        passed(Must, "get-with-a-body", "9110 §9.3.1", get("Content-Length: 5\r\n") + "hello")
            .expect([Requests(1), Body("hello"), Kept])
            .expect([Nothing, Refused(&[400, 413]), Closed]),
        passed(
            Security,
            "body-of-a-refused-request-is-no-request",
            "9112 §9.3",
            post(&unread, SMUGGLED),
        )
        .expect([Nothing, Refused(&[400])]),
        passed(Must, "octets-without-framing-are-no-body", "9112 §6.3", get("") + "hello\r\n\r\n")
            .then(Step::Answer)
            .expect([Requests(1), Body(""), Closed]),
        passed(Should, "one-empty-line-before-a-request", "9112 §2.2", format!("\r\n{}", get("")))
            .expect([Requests(1), Status(&[200]), Kept]),
        passed(Must, "connection-close-is-obeyed", "9112 §9.6", get("Connection: close\r\n"))
            .expect([Requests(1), Status(&[200]), Closed]),
        passed(
            Must,
            "connection-close-among-others",
            "9112 §9.6",
            get("Connection: x-a , CLOSE\r\n"),
        )
        .expect([Requests(1), Status(&[200]), Closed]),
        passed(
            Must,
            "a-request-after-connection-close",
            "9112 §9.6",
            get("Connection: close\r\n") + SMUGGLED,
        )
        .expect([Requests(1), Answers(1), Closed]),
        passed(Should, "connections-are-kept", "9112 §9.3", get("")).expect([
            Requests(1),
            Status(&[200]),
            Kept,
        ]),
    ]
}
