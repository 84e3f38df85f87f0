//! Host, the syntax of fields, and how many and how long they may be.

use super::super::case::Check::{Closed, Has, Kept, Lacks, Nothing, Refused, Requests, Status};
use super::super::case::Level::{Must, Security, Should};
use super::super::case::{Case, Level};
use super::made::{denied, get, passed, refused};

pub(super) fn rows() -> Vec<Case> {
    [hosts(), syntax(), values(), limits()].concat()
}

fn hosts() -> Vec<Case> {
    let with = |host: &str| format!("GET /case HTTP/1.1\r\n{host}\r\n");
    let bad = |level, name, host: &str| denied(level, name, "9112 §3.2", with(host), &[400]);
    let value = |name, host: &str| bad(Must, name, &format!("Host: {host}\r\n"));
    vec![
        bad(Must, "host-missing", ""),
        bad(Must, "host-twice", "Host: wire.test\r\nHost: other.test\r\n"),
        bad(Must, "host-twice-the-same", "Host: wire.test\r\nHost: wire.test\r\n"),
        bad(
            Must,
            "host-twice-in-other-letters",
            "Host: wire.test\r\nX-A: b\r\nhOST: other.test\r\n",
        ),
        value("host-with-a-blank", "wire test"),
        value("host-with-a-user", "user@wire.test"),
        value("host-with-a-path", "wire.test/case"),
        value("host-with-a-query", "wire.test?a"),
        value("host-with-a-fragment", "wire.test#a"),
        value("host-with-a-backslash", "wire.test\\a"),
        value("host-that-is-a-list", "wire.test, other.test"),
        value("host-with-letters-as-port", "wire.test:http"),
        value("host-with-two-ports", "wire.test:80:81"),
        value("host-with-a-quote", "wire.test\""),
        value("host-with-an-angle", "<wire.test>"),
        value("host-with-an-open-bracket", "[::1"),
        value("host-with-words-in-brackets", "[wire]"),
        value("host-with-a-broken-encoding", "wire%zz.test"),
        bad(Security, "host-with-a-port-too-large", "Host: wire.test:99999\r\n"),
        bad(Security, "host-empty", "Host:\r\n"),
        bad(Security, "host-that-is-a-port", "Host: :80\r\n"),
        bad(Must, "host-with-a-blank-before-the-colon", "Host : wire.test\r\n"),
        bad(Security, "host-folded", "Host:\r\n wire.test\r\n"),
        bad(Must, "host-behind-a-blank", " Host: wire.test\r\n"),
        bad(Security, "host-with-nul", "Host: wire.test\0\r\n"),
        denied(
            Security,
            "host-with-octets-beyond-ascii",
            "9112 §3.2",
            b"GET /case HTTP/1.1\r\nHost: w\xefre.test\r\n\r\n",
            &[400],
        ),
        passed(Must, "host-with-a-port", "9110 §7.2", with("Host: wire.test:8080\r\n"))
            .expect([Requests(1), Status(&[200])]),
        passed(Must, "host-of-ipv6", "9110 §7.2", with("Host: [::1]:8080\r\n"))
            .expect([Requests(1), Status(&[200])]),
        passed(Must, "host-of-ipv4", "9110 §7.2", with("Host: 127.0.0.1\r\n"))
            .expect([Requests(1), Status(&[200])]),
        passed(
            Must,
            "host-last-of-the-fields",
            "9110 §5.3",
            "GET /case HTTP/1.1\r\nX-A: b\r\nHoSt: wire.test\r\n\r\n",
        )
        .expect([Requests(1), Status(&[200])]),
    ]
}

fn syntax() -> Vec<Case> {
    let with = |level, name, section, field: &str| {
        refused(level, name, section, get(&format!("{field}\r\n")))
    };
    let names = |name, field: &str| with(Must, name, "9110 §5.1", field);
    let fold = |name, field: &str| {
        with(Must, name, "9112 §5.2", field).expect([
            Requests(1),
            Lacks("\r\n c"),
            Has("b "),
            Lacks("\nc"),
        ])
    };
    vec![
        names("name-with-a-blank-before-the-colon", "X-A : b"),
        names("name-with-a-tab-before-the-colon", "X-A\t: b"),
        names("name-with-a-blank", "X A: b"),
        names("name-empty", ": b"),
        names("name-with-brackets", "X(A): b"),
        names("name-with-a-slash", "X/A: b"),
        names("name-with-a-quote", "X\"A: b"),
        names("name-with-at", "X@A: b"),
        names("name-beyond-ascii", "Xé: b"),
        names("name-with-nul", "X\0A: b"),
        names("name-with-delete", "X\u{7f}A: b"),
        names("no-colon", "X-A"),
        refused(
            Must,
            "first-field-behind-a-blank",
            "9112 §2.2",
            "GET /case HTTP/1.1\r\n X-A: b\r\nHost: wire.test\r\n\r\n",
        ),
        fold("fold", "X-A: b\r\n c"),
        fold("fold-with-a-tab", "X-A: b\r\n\tc"),
        with(Security, "fold-refused", "9112 §5.2", "X-A: b\r\n c"),
        with(Security, "fold-that-hides-a-field", "9112 §5.2", "X-A: b\r\n Content-Length: 5"),
        with(Security, "bare-lf-between-fields", "9112 §2.2", "X-A: b\nX-C: d"),
        with(Must, "bare-cr-in-a-value", "9112 §2.2", "X-A: b\rc")
            .expect([Requests(1), Lacks("b\rc")]),
        with(Must, "bare-cr-between-fields", "9112 §2.2", "X-A: b\rX-C: d")
            .expect([Requests(1), Lacks("\rx-c")]),
        with(Must, "bare-cr-before-a-line-end", "9112 §2.2", "X-A: b\r")
            .expect([Requests(1), Lacks("b\r\r")]),
        with(Must, "nul-in-a-value", "9110 §5.5", "X-A: b\0c").expect([Requests(1), Lacks("\0")]),
        with(Must, "nul-at-the-end-of-a-value", "9110 §5.5", "X-A: b\0")
            .expect([Requests(1), Lacks("\0")]),
        with(Security, "bare-cr-refused", "9112 §2.2", "X-A: b\rc"),
        with(Security, "nul-refused", "9110 §5.5", "X-A: b\0c"),
        with(Security, "control-octet-in-a-value", "9110 §5.5", "X-A: b\u{1}c"),
        with(Security, "delete-in-a-value", "9110 §5.5", "X-A: b\u{7f}c"),
        with(Security, "escape-in-a-value", "9110 §5.5", "X-A: \u{1b}[31mb"),
    ]
}

fn values() -> Vec<Case> {
    let kept = |level, name, section, field: &str, has| {
        passed(level, name, section, get(&format!("{field}\r\n"))).expect([
            Requests(1),
            Has(has),
            Status(&[200]),
            Kept,
        ])
    };
    vec![
        kept(Must, "value-is-trimmed", "9112 §5.1", "X-A: \t b \t", "x-a: b\r\n"),
        kept(Must, "value-without-blank", "9112 §5.1", "X-A:b", "x-a: b\r\n")
            .expect([Requests(1), Has("x-a:b\r\n")]),
        kept(Must, "value-empty", "9110 §5.5", "X-A:", "x-a:"),
        kept(
            Must,
            "value-with-colons-and-quotes",
            "9110 §5.5",
            "X-A: a:b, \"c:d\";e=f",
            "x-a: a:b, \"c:d\";e=f\r\n",
        ),
        kept(Must, "values-keep-their-order", "9110 §5.3", "X-A: 1\r\nX-B: 3\r\nX-A: 2", "x-a: 1")
            .also(Has("x-a: 2"))
            .also(Lacks("x-a: 2\r\nx-a: 1")),
        kept(
            Should,
            "unknown-fields-are-forwarded",
            "9110 §5.1",
            "X-Unknown-Field: v",
            "x-unknown-field: v\r\n",
        ),
        kept(
            Must,
            "names-of-every-token-letter",
            "9110 §5.1",
            "X!#$%&'*+-.^`|~: b",
            "x!#$%&'*+-.^`|~: b\r\n",
        ),
        passed(
            Should,
            "value-beyond-ascii",
            "9110 §5.5",
            [get("X-A: ").trim_end().as_bytes(), b" \xe4\xf6\r\n\r\n"].concat(),
        )
        .expect([Requests(1), Status(&[200])]),
    ]
}

fn limits() -> Vec<Case> {
    let over = |level: Level, name, fields: &str| {
        Case::new(level, name, "9110 §5.4").sends(get(fields)).expect([
            Nothing,
            Refused(&[400, 413, 414, 431]),
            Closed,
        ])
    };
    let long = |size: usize| "a".repeat(size);
    vec![
        over(Must, "field-of-200-kib", &format!("X-A: {}\r\n", long(200 << 10))),
        over(Security, "name-of-200-kib", &format!("X-{}: b\r\n", long(200 << 10))),
        over(Security, "fields-of-200-kib-in-all", &format!("X-A: {}\r\n", long(1000)).repeat(200)),
        over(Security, "fields-5000", &"a:b\r\n".repeat(5000)),
        over(Security, "head-without-end", &long(300 << 10)),
        passed(Should, "fields-50", "9110 §5.4", get(&"X-A: b\r\n".repeat(50)))
            .expect([Requests(1), Status(&[200])]),
        passed(Should, "field-of-6-kib", "9110 §5.4", get(&format!("X-A: {}\r\n", long(6 << 10))))
            .expect([Requests(1), Status(&[200])]),
        refused(Security, "empty-lines-without-end", "9112 §2.2", "\r\n".repeat(100_000))
            .expect([Nothing, Refused(&[400, 413, 414, 431])]),
    ]
}
