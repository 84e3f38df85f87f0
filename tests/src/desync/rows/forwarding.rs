//! What a request loses and gains on its way, and what is said to its client meanwhile.

use super::super::case::Check::{
    Answer, Body, Closed, Has, Hides, Interim, Kept, Lacks, NoInterim, Nothing, Refused, Requests,
    Status, Tells,
};
use super::super::case::Level::{Must, Security, Should};
use super::super::case::{Case, Level, Step, When};
use super::made::{get, passed, post};

pub(super) fn rows() -> Vec<Case> {
    [hops(), named(), own(), expectations(), answers_to()].concat()
}

fn loses(
    level: Level,
    name: &'static str,
    section: &'static str,
    fields: &str,
    lacks: &'static str,
) -> Case {
    passed(level, name, section, get(fields)).expect([Requests(1), Lacks(lacks), Status(&[200])])
}

fn hops() -> Vec<Case> {
    let hop = |name, fields: &str, lacks| loses(Must, name, "9110 §7.6.1", fields, lacks);
    vec![
        hop("connection-named-field", "Connection: x-inner\r\nX-Inner: 1\r\n", "x-inner: 1"),
        hop(
            "connection-named-fields-in-lists",
            "Connection: a,  X-Inner ,b\r\nConnection: x-other\r\nX-Inner: 1\r\nX-Other: 1\r\n",
            "x-inner: 1",
        ),
        hop(
            "connection-named-field-on-another-line",
            "X-Other: 1\r\nConnection: a\r\nConnection: x-other\r\n",
            "x-other: 1",
        ),
        hop("keep-alive", "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", "timeout=5"),
        hop("proxy-connection", "Proxy-Connection: keep-alive\r\n", "proxy-connection"),
        hop("te", "Connection: te\r\nTE: gzip\r\n", "te: gzip"),
        hop("keep-alive-unnamed", "Keep-Alive: timeout=5\r\n", "timeout=5"),
        hop("upgrade-unnamed", "Upgrade: websocket\r\n", "upgrade: websocket"),
        loses(
            Security,
            "upgrade-to-h2c",
            "9113 §3.1",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            "h2c",
        ),
        loses(
            Security,
            "upgrade-to-h2c-among-others",
            "9113 §3.1",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: foo/1, h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            "h2c",
        ),
        loses(
            Security,
            "http2-settings-alone",
            "9113 §3.1",
            "HTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            "http2-settings",
        ),
        loses(
            Security,
            "upgrade-to-tls",
            "9110 §7.8",
            "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
            "tls/1.0",
        ),
    ]
}

/// What `Connection` names may not take away what the next reader needs.
fn named() -> Vec<Case> {
    let keeps = |name, option: &str, has| {
        passed(
            Security,
            name,
            "9110 §7.6.1",
            post(&format!("Connection: {option}\r\nContent-Length: 5\r\n"), "hello"),
        )
        .expect([Requests(1), Body("hello"), Has(has)])
        .expect([Nothing, Refused(&[400])])
    };
    vec![
        keeps("connection-names-host", "Host", "host: "),
        keeps("connection-names-content-length", "Content-Length", "post /case"),
        keeps("connection-names-x-forwarded-for", "X-Forwarded-For", "x-forwarded-for: 127.0.0.1"),
        passed(
            Security,
            "connection-names-transfer-encoding",
            "9110 §7.6.1",
            post(
                "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n",
                "5\r\nhello\r\n0\r\n\r\n",
            ),
        )
        .expect([Requests(1), Body("hello")])
        .expect([Nothing, Refused(&[400])]),
    ]
}

fn own() -> Vec<Case> {
    let spoofed = |name, field: &str| {
        loses(Security, name, "7239 §8.1", &format!("{field}: 6.6.6.6\r\n"), "6.6.6.6")
    };
    vec![
        passed(Must, "via-is-added", "9110 §7.6.3", get(""))
            .expect([Requests(1), Has("\r\nvia: ")]),
        passed(Must, "via-is-added-behind-others", "9110 §7.6.3", get("Via: 1.0 first\r\n"))
            .expect([Requests(1), Has("via: 1.0 first\r\nvia: ")])
            .expect([Requests(1), Has("via: 1.0 first, ")]),
        passed(
            Must,
            "version-is-the-proxys-own",
            "9110 §2.5",
            "GET /case HTTP/1.0\r\nHost: wire.test\r\n\r\n",
        )
        .expect([Requests(1), Has("get /case http/1.1\r\n")]),
        spoofed("x-forwarded-for-of-a-stranger", "X-Forwarded-For"),
        loses(
            Security,
            "x-forwarded-for-with-underscores",
            "7239 §8.1",
            "X_Forwarded_For: 6.6.6.6\r\n",
            "6.6.6.6",
        ),
        loses(
            Security,
            "transfer-encoding-with-underscores",
            "9112 §6.1",
            "Transfer_Encoding: chunked\r\n",
            "transfer_encoding",
        ),
        passed(
            Must,
            "max-forwards-ends-options",
            "9110 §7.6.2",
            "OPTIONS /case HTTP/1.1\r\nHost: wire.test\r\nMax-Forwards: 0\r\n\r\n",
        )
        .expect([Nothing, Status(&[200, 204])]),
        passed(
            Must,
            "max-forwards-counts-down",
            "9110 §7.6.2",
            "OPTIONS /case HTTP/1.1\r\nHost: wire.test\r\nMax-Forwards: 3\r\n\r\n",
        )
        .expect([Requests(1), Has("max-forwards: 2\r\n")]),
        passed(Must, "max-forwards-of-other-methods", "9110 §7.6.2", get("Max-Forwards: 0\r\n"))
            .expect([Requests(1), Status(&[200])]),
        passed(Must, "date-is-added", "9110 §6.6.1", get(""))
            .expect([Requests(1), Tells("\r\ndate: ")]),
        passed(Must, "cookies-stay-one-field", "6265 §5.4", get("Cookie: a=1; b=2\r\n"))
            .expect([Requests(1), Has("cookie: a=1; b=2\r\n")]),
    ]
}

fn expectations() -> Vec<Case> {
    let head = post("Content-Length: 5\r\nExpect: 100-continue\r\n", "");
    let asked = |name, version: &str| {
        let head = head.replace("HTTP/1.1", version);
        Case::new(Must, name, "9110 §10.1.1")
            .then(Step::Send(head.into_bytes()))
            .then(Step::Interim)
    };
    vec![
        asked("continue-is-said", "HTTP/1.1")
            .then(Step::Send(b"hello".to_vec()))
            .then(Step::Answer)
            .expect([Interim(100), Requests(1), Body("hello"), Status(&[200]), Kept]),
        Case::new(Must, "continue-is-not-said-to-http-1.0", "9110 §10.1.1")
            .sends(head.replace("HTTP/1.1", "HTTP/1.0") + "hello")
            .expect([NoInterim, Requests(1), Body("hello"), Status(&[200])])
            .expect([NoInterim, Nothing, Refused(&[400, 417])]),
        passed(Must, "continue-with-the-body-at-once", "9110 §10.1.1", format!("{head}hello"))
            .expect([Requests(1), Body("hello"), Status(&[200]), Kept]),
        asked("a-final-answer-instead-of-continue", "HTTP/1.1")
            .then(Step::Send(b"hello".to_vec()))
            .then(Step::Answer)
            .answered_last("HTTP/1.1 401 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
            .when(When::Head)
            .expect([Status(&[401]), Answer("no")])
            .expect([Status(&[502])]),
        passed(Should, "unknown-expectation", "9110 §10.1.1", get("Expect: magic\r\n"))
            .expect([Nothing, Refused(&[417])])
            .expect([Requests(1), Status(&[200])]),
        passed(
            Must,
            "an-early-answer-reaches-the-client",
            "9112 §9.3",
            post("Content-Length: 200000\r\n", &"x".repeat(1000)),
        )
        .answered_last("HTTP/1.1 413 Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        .when(When::Head)
        .expect([Status(&[413]), Closed])
        .expect([Status(&[502]), Closed]),
    ]
}

/// What clients of other kinds are answered.
fn answers_to() -> Vec<Case> {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let old = "GET /case HTTP/1.0\r\nHost: wire.test\r\n\r\n";
    vec![
        passed(Must, "http-1.0-gets-no-chunks", "9112 §6.1", old).answered(chunked)
            .expect([Answer("hello"), Hides("transfer-encoding"), Closed]),
        passed(Must, "http-1.0-gets-no-interim", "9110 §15.2", old)
            .answered("HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            .expect([NoInterim, Answer("hello")]),
        passed(Should, "http-1.0-keep-alive", "9112 §9.3", "GET /case HTTP/1.0\r\nHost: wire.test\r\nConnection: keep-alive\r\n\r\n")
            .expect([Status(&[200]), Tells("connection: keep-alive"), Kept])
            .expect([Status(&[200]), Closed]),
        passed(Must, "http-1.0-answers-have-the-proxys-version", "9110 §2.5", get(""))
            .answered_last("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            .expect([Tells("http/1.1 200"), Answer("hello")]),
        passed(Must, "head-has-no-body", "9110 §9.3.2", "HEAD /case HTTP/1.1\r\nHost: wire.test\r\n\r\n")
            .expect([Requests(1), Status(&[200]), Hides("echo:"), Kept]),
        passed(Must, "head-keeps-the-length", "9110 §9.3.2", "HEAD /case HTTP/1.1\r\nHost: wire.test\r\n\r\n")
            .answered("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")
            .expect([Requests(1), Status(&[200]), Tells("content-length: 12345"), Kept]),
        passed(Must, "head-of-chunks", "9110 §9.3.2", "HEAD /case HTTP/1.1\r\nHost: wire.test\r\n\r\n")
            .answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            .expect([Requests(1), Status(&[200]), Kept]),
        passed(Must, "chunks-are-read-and-written", "9112 §7.1", get("")).answered(chunked)
            .expect([Answer("hello"), Kept]),
        passed(Must, "an-answer-without-framing-ends-with-its-connection", "9112 §6.3", get(""))
            .answered_last("HTTP/1.1 200 OK\r\n\r\nhello")
            .expect([Answer("hello")]),
        passed(Must, "connection-close-of-a-backend-is-its-own", "9110 §7.6.1", get(""))
            .answered_last("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")
            .expect([Answer("hello"), Kept]),
    ]
}
