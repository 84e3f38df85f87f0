//! Request lines and targets.

use super::super::case::Case;
use super::super::case::Check::{Closed, Exactly, Has, Lacks, Nothing, Refused, Requests, Status};
use super::super::case::Level::{Must, Security, Should};
use super::made::{SMUGGLED, denied, passed, refused};

pub(super) fn rows() -> Vec<Case> {
    [lines(), versions(), methods(), forms(), odd_forms(), paths()].concat()
}

fn line(line: &str) -> String {
    format!("{line}\r\nHost: wire.test\r\n\r\n")
}

fn lines() -> Vec<Case> {
    let must = |name, text| refused(Must, name, "9112 §3", line(text));
    let security = |name, text| refused(Security, name, "9112 §3", line(text));
    vec![
        security("line-with-two-blanks", "GET  /case HTTP/1.1"),
        security("line-with-a-tab", "GET\t/case\tHTTP/1.1"),
        security("line-with-a-blank-behind", "GET /case HTTP/1.1 "),
        must("line-with-a-blank-before", " GET /case HTTP/1.1"),
        must("line-with-four-words", "GET /case x HTTP/1.1"),
        must("line-of-one-word", "GET"),
        security("line-with-a-bare-cr", "GET /case\r HTTP/1.1"),
        security("line-with-a-vertical-tab", "GET\u{b}/case HTTP/1.1"),
        security("line-ended-by-bare-lf", "GET /case HTTP/1.1\nX-A: b"),
        security("line-with-nul", "GET /ca\0se HTTP/1.1"),
        refused(
            Security,
            "head-of-bare-lfs",
            "9112 §2.2",
            "GET /case HTTP/1.1\nHost: wire.test\n\n",
        ),
        refused(
            Security,
            "head-ended-by-bare-lf",
            "9112 §2.2",
            "GET /case HTTP/1.1\r\nHost: wire.test\n\r\n",
        ),
        refused(
            Must,
            "binary-instead-of-a-request",
            "9112 §3",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        ),
    ]
}

fn versions() -> Vec<Case> {
    let bad =
        |name, version: &str| {
            Case::new(Must, name, "9112 §2.3")
                .sends(line(&format!("GET /case {version}")))
                .expect([Nothing, Refused(&[400, 505]), Closed])
        };
    vec![
        bad("version-lower-case", "http/1.1"),
        bad("version-two-digits", "HTTP/1.10"),
        bad("version-leading-zero", "HTTP/01.1"),
        bad("version-2.0", "HTTP/2.0"),
        bad("version-3.1", "HTTP/3.1"),
        bad("version-then-letter", "HTTP/1.1x"),
        bad("version-of-another-protocol", "ICY/1.1"),
        bad("version-comma", "HTTP/1,1"),
        bad("version-without-minor", "HTTP/1"),
        refused(Security, "http-0.9", "9112 §2.3", "GET /case\r\n\r\n"),
        passed(Must, "http-1.0-without-host", "9112 §3.2", "GET /case HTTP/1.0\r\n\r\n")
            .expect([Requests(1), Status(&[200]), Closed])
            .expect([Nothing, Refused(&[400]), Closed]),
        passed(
            Must,
            "http-1.0-is-answered",
            "9110 §2.5",
            "GET /case HTTP/1.0\r\nHost: wire.test\r\n\r\n",
        )
        .expect([Requests(1), Has("get /case http/1.1\r\n"), Status(&[200]), Closed])
        // nginx' own default of old
        .expect([Requests(1), Has("get /case http/1.0\r\n"), Status(&[200]), Closed]),
    ]
}

fn methods() -> Vec<Case> {
    vec![
        refused(Must, "method-no-token", "9110 §9.1", line("GE(T /case HTTP/1.1")),
        refused(Must, "method-beyond-ascii", "9110 §9.1", line("GÉT /case HTTP/1.1")),
        passed(Must, "methods-have-a-case", "9110 §9.1", line("get /case HTTP/1.1"))
            .expect([Requests(1), Exactly("get /case "), Status(&[200])])
            .expect([Nothing, Refused(&[400, 405, 501])]),
        passed(Must, "unknown-methods", "9110 §9.1", line("BREW /case HTTP/1.1"))
            .expect([Requests(1), Has("brew /case "), Status(&[200])])
            .expect([Nothing, Refused(&[405, 501])]),
        denied(
            Security,
            "method-trace",
            "9110 §9.3.8",
            line("TRACE /case HTTP/1.1"),
            &[400, 403, 405, 501],
        ),
        denied(
            Security,
            "method-connect",
            "9110 §9.3.6",
            line("CONNECT wire.test:80 HTTP/1.1"),
            &[400, 403, 405, 501],
        ),
        passed(
            Security,
            "method-connect-opens-no-tunnel",
            "9110 §9.3.6",
            format!("CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n{SMUGGLED}"),
        )
        .expect([Nothing, Refused(&[400, 403, 405, 501])]),
        denied(
            Security,
            "method-connect-with-a-path",
            "9112 §3.2.3",
            line("CONNECT /case HTTP/1.1"),
            &[400, 403, 405, 501],
        ),
        refused(
            Security,
            "method-of-the-http2-preface",
            "9113 §3.4",
            "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        )
        .expect([Nothing, Refused(&[505])]),
    ]
}

fn forms() -> Vec<Case> {
    let bad = |level, name, target: &str| {
        denied(level, name, "9112 §3.2", line(&format!("GET {target} HTTP/1.1")), &[400, 404, 421])
    };
    vec![
        passed(Must, "target-absolute", "9112 §3.2.2", line("GET http://wire.test/case HTTP/1.1"))
            .expect([Requests(1), Has("get /case "), Status(&[200])])
            .expect([
                Requests(1),
                Has("get http://wire.test/case "),
                Has("host: wire.test"),
                Status(&[200]),
            ]),
        passed(
            Must,
            "target-absolute-in-any-case",
            "9110 §4.2.3",
            line("GET HTTP://WIRE.test/case HTTP/1.1"),
        )
        .expect([Requests(1), Status(&[200])]),
        passed(
            Must,
            "target-absolute-without-path",
            "9112 §3.2.2",
            line("GET http://wire.test HTTP/1.1"),
        )
        .expect([Requests(1), Has("get / "), Status(&[200])])
        .expect([Requests(1), Has("get http://wire.test/ "), Status(&[200])]),
        passed(
            Must,
            "target-absolute-of-another-host",
            "9112 §3.2.2",
            line("GET http://other.test/case HTTP/1.1"),
        )
        .expect([Requests(1), Lacks("wire.test"), Has("host: other.test")])
        .expect([Nothing, Refused(&[400, 404, 421])]),
        denied(
            Must,
            "target-absolute-without-host-field",
            "9112 §3.2",
            "GET http://wire.test/case HTTP/1.1\r\n\r\n",
            &[400],
        ),
        bad(Security, "target-absolute-with-a-user", "http://user@wire.test/case"),
        bad(Must, "target-absolute-without-a-host", "http:///case"),
        bad(Security, "target-of-another-scheme", "ftp://wire.test/case"),
        bad(Security, "target-of-a-file", "file:///case"),
        bad(Must, "target-asterisk-with-get", "*"),
        bad(Must, "target-authority-with-get", "wire.test:80"),
        bad(Must, "target-without-slash", "case"),
        bad(Security, "target-with-two-slashes-and-a-host", "//other.test/case"),
        bad(Security, "target-that-names-a-backend", "@127.0.0.1:1/case"),
        bad(Security, "target-that-ends-the-backends-address", ":1/case"),
        bad(Security, "target-query-alone", "?a=b"),
    ]
}

fn odd_forms() -> Vec<Case> {
    vec![
        passed(Must, "target-asterisk-with-options", "9112 §3.2.4", line("OPTIONS * HTTP/1.1"))
            .expect([Requests(1), Has("options * ")])
            .expect([Nothing, Refused(&[200, 204, 400, 404, 501])]),
        passed(Security, "target-with-a-fragment", "9112 §3.2", line("GET /case#part HTTP/1.1"))
            .expect([Nothing, Refused(&[400])])
            .expect([Requests(1), Lacks("#")]),
        refused(
            Security,
            "target-with-octets-beyond-ascii",
            "9112 §3.2",
            b"GET /c\xe4se HTTP/1.1\r\nHost: wire.test\r\n\r\n",
        ),
        passed(
            Should,
            "target-of-8000-octets",
            "9112 §3",
            line(&format!("GET /{} HTTP/1.1", "a".repeat(7_980))),
        )
        .expect([Requests(1), Status(&[200])]),
        denied(
            Must,
            "target-over-the-limit",
            "9112 §3",
            line(&format!("GET /{} HTTP/1.1", "a".repeat(70_000))),
            &[400, 414],
        ),
    ]
}

/// The bytes that choose the route are the bytes forwarded: both readings of a path have to agree.
fn paths() -> Vec<Case> {
    let bad = |name, path: &str, raw| {
        passed(Security, name, "3986 §6.2.2", line(&format!("GET {path} HTTP/1.1")))
            .expect([Nothing, Refused(&[400, 403, 404])])
            .expect([Requests(1), Lacks(raw), Lacks("../")])
    };
    vec![
        bad("path-with-dot-segments", "/public/../case", ".."),
        bad("path-above-the-root", "/../case", ".."),
        bad("path-with-encoded-dots", "/public/%2e%2E/case", "%2e"),
        bad("path-with-half-encoded-dots", "/public/.%2e/case", "%2e"),
        bad("path-with-dots-behind-an-encoded-slash", "/public%2f..%2fcase", "..%2f"),
        bad("path-with-dots-behind-an-encoded-backslash", "/public%5c..%5ccase", "..%5c"),
        bad("path-with-dots-and-parameters", "/public/..;a=b/case", "..;"),
        bad("path-that-ends-in-dots", "/public/..", ".."),
        bad("path-with-a-single-dot", "/./case", "/./"),
        bad("path-with-a-backslash", "/public\\..\\case", "\\"),
        bad("path-with-an-encoded-nul", "/case%00.txt", "%00"),
        bad("path-with-a-broken-encoding", "/case%zz", "%zz"),
        bad("path-with-an-encoding-cut-short", "/case%2", "%2 "),
        bad("path-with-empty-segments", "/public//case", "//"),
        passed(Must, "path-keeps-an-encoded-slash", "3986 §2.2", line("GET /a%2Fb/case HTTP/1.1"))
            .expect([Requests(1), Has("get /a%2fb/case "), Status(&[200])])
            .expect([Nothing, Refused(&[400])]),
        passed(Must, "query-is-kept", "9112 §3.2.1", line("GET /case?a=%20b&&c=/../d?e HTTP/1.1"))
            .expect([Requests(1), Has("?a=%20b&&c=/../d?e "), Status(&[200])]),
    ]
}
