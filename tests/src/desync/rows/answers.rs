//! Status lines, fields and interim answers of backends.

use super::super::case::Check::{Answer, Hides, Kept, Status, Tells};
use super::super::case::Level::{Must, Security, Should};
use super::super::case::{Case, Level};
use super::made::answered;

pub(super) fn rows() -> Vec<Case> {
    [lines(), fields(), interim(), hops()].concat()
}

fn broken(
    level: Level,
    name: &'static str,
    section: &'static str,
    answer: impl AsRef<[u8]>,
) -> Case {
    answered(level, name, section, answer).expect([Status(&[502]), Hides("hello")])
}

fn lines() -> Vec<Case> {
    let line = |line: &str| format!("{line}\r\nContent-Length: 5\r\n\r\nhello");
    let must = |name, text| broken(Must, name, "9112 §4", line(text));
    let security = |name, text| broken(Security, name, "9112 §4", line(text));
    let sound = |name, text| answered(Must, name, "9112 §4", line(text)).expect([Answer("hello")]);
    vec![
        must("status-of-four-digits", "HTTP/1.1 2000 OK"),
        must("status-of-two-digits", "HTTP/1.1 20 OK"),
        must("status-of-letters", "HTTP/1.1 abc OK"),
        must("status-missing", "HTTP/1.1"),
        must("status-negative", "HTTP/1.1 -200 OK"),
        must("status-with-another-protocol", "ICY/1.1 200 OK"),
        must("status-without-version", "200 OK"),
        must("no-status-line", "hello there"),
        security("status-099", "HTTP/1.1 099 OK"),
        security("status-behind-two-blanks", "HTTP/1.1  200 OK"),
        security("status-behind-a-tab", "HTTP/1.1\t200 OK"),
        security("status-with-http-9.9", "HTTP/9.9 200 OK"),
        security("status-with-http-2.0", "HTTP/2.0 200 OK"),
        security("status-with-http-1.10", "HTTP/1.10 200 OK"),
        security("reason-with-nul", "HTTP/1.1 200 O\0K"),
        security("reason-with-bare-cr", "HTTP/1.1 200 O\rK"),
        security("status-line-behind-a-blank", " HTTP/1.1 200 OK"),
        sound("reason-empty", "HTTP/1.1 200 "),
        sound("reason-of-words", "HTTP/1.1 200 All is well (really)"),
        answered(Must, "status-unknown-of-its-class", "9110 §15", line("HTTP/1.1 299 Odd"))
            .expect([Status(&[299]), Answer("hello")]),
        broken(
            Security,
            "answer-of-bare-lfs",
            "9112 §2.2",
            "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        ),
        broken(Security, "answer-of-http-0.9", "9112 §2.3", "<html>hello</html>\r\n\r\n"),
    ]
}

fn fields() -> Vec<Case> {
    let with =
        |field: &str| format!("HTTP/1.1 200 OK\r\n{field}\r\nContent-Length: 5\r\n\r\nhello");
    let bad = |level, name, section, field: &str| broken(level, name, section, with(field));
    vec![
        bad(Must, "answer-name-with-a-blank-before-the-colon", "9112 §5.1", "X-A : b")
            .expect([Answer("hello"), Hides("x-a :")]),
        bad(Security, "answer-name-with-a-blank", "9110 §5.1", "X A: b"),
        bad(Security, "answer-name-empty", "9110 §5.1", ": b"),
        bad(Security, "answer-name-with-brackets", "9110 §5.1", "X(A): b"),
        bad(Security, "answer-name-with-nul", "9110 §5.1", "X\0A: b"),
        bad(Security, "answer-without-colon", "9112 §5", "X-A"),
        bad(Must, "answer-folded", "9112 §5.2", "X-A: b\r\n c")
            .expect([Answer("hello"), Hides("\n c")]),
        bad(Security, "answer-fold-that-hides-a-field", "9112 §5.2", "X-A: b\r\n Set-Cookie: c=d"),
        bad(Must, "answer-nul-in-a-value", "9110 §5.5", "X-A: b\0c")
            .expect([Answer("hello"), Hides("\0")]),
        bad(Security, "answer-nul-refused", "9110 §5.5", "X-A: b\0c"),
        bad(Must, "answer-bare-cr-in-a-value", "9112 §2.2", "X-A: b\rc")
            .expect([Answer("hello"), Hides("b\rc")]),
        bad(Security, "answer-bare-cr-refused", "9112 §2.2", "X-A: b\rSet-Cookie: c=d"),
        bad(Security, "answer-bare-lf-between-fields", "9112 §2.2", "X-A: b\nSet-Cookie: c=d"),
        bad(Security, "answer-first-field-behind-a-blank", "9112 §2.2", " X-A: b"),
        bad(Security, "answer-control-octet-in-a-value", "9110 §5.5", "X-A: b\u{1}c"),
        bad(
            Security,
            "answer-head-over-the-limit",
            "9110 §5.4",
            &format!("X-A: {}", "a".repeat(300 << 10)),
        ),
        bad(Security, "answer-of-10000-fields", "9110 §5.4", "a: b\r\n".repeat(10_000).trim_end()),
        answered(
            Must,
            "answer-fields-keep-their-order",
            "9110 §5.3",
            with("Set-Cookie: a=1\r\nX-B: 2\r\nSet-Cookie: c=3"),
        )
        .expect([
            Answer("hello"),
            Tells("set-cookie: a=1"),
            Tells("set-cookie: c=3"),
            Hides("set-cookie: a=1, "),
            Kept,
        ]),
        answered(
            Should,
            "answer-value-beyond-ascii",
            "9110 §5.5",
            b"HTTP/1.1 200 OK\r\nX-A: \xe4\r\nContent-Length: 5\r\n\r\nhello",
        )
        .expect([Answer("hello")]),
    ]
}

fn interim() -> Vec<Case> {
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let after =
        |name, level, before: &str| answered(level, name, "9110 §15.2", format!("{before}{last}"));
    vec![
        after("interim-100-unasked", Must, "HTTP/1.1 100 Continue\r\n\r\n").expect([Answer("hello"), Kept]),
        after("interim-103", Must, "HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n").expect([Answer("hello"), Kept]),
        after("interim-of-three-kinds", Must, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n").expect([Answer("hello"), Kept]),
        after("interim-unknown", Must, "HTTP/1.1 199 Odd\r\n\r\n").expect([Answer("hello"), Kept]),
        after("interim-with-a-length", Security, "HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\n")
            .expect([Answer("hello"), Kept])
            .expect([Status(&[502])]),
        after("interim-with-a-coding", Security, "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n")
            .expect([Answer("hello"), Kept])
            .expect([Status(&[502])]),
        after("interim-without-end", Security, &"HTTP/1.1 100 Continue\r\n\r\n".repeat(20_000)).expect([Status(&[502])]),
        broken(Security, "switching-unasked", "9110 §15.2.2", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello"),
        broken(Security, "switching-without-upgrade", "9110 §15.2.2", "HTTP/1.1 101 Switching Protocols\r\n\r\nhello"),
    ]
}

fn hops() -> Vec<Case> {
    let loses = |name, fields: &str, hides| {
        answered(
            Must,
            name,
            "9110 §7.6.1",
            format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 5\r\n\r\nhello"),
        )
        .expect([Answer("hello"), Hides(hides), Kept])
    };
    vec![
        loses("answer-connection-named-field", "Connection: x-inner\r\nX-Inner: 1\r\n", "x-inner: 1"),
        loses("answer-connection-named-in-a-list", "X-Inner: 1\r\nConnection: a , X-INNER\r\n", "x-inner: 1"),
        loses("answer-keep-alive", "Connection: keep-alive\r\nKeep-Alive: timeout=77\r\n", "timeout=77"),
        loses("answer-proxy-connection", "Proxy-Connection: keep-alive\r\n", "proxy-connection"),
        loses("answer-upgrade-unnamed", "Upgrade: h2c\r\n", "h2c"),
        answered(Security, "answer-connection-names-content-length", "9110 §7.6.1", "HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\nhello")
            .expect([Answer("hello"), Kept])
            .expect([Status(&[502])]),
        answered(Should, "answer-date-is-kept", "9110 §6.6.1", "HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: 5\r\n\r\nhello")
            .expect([Answer("hello"), Tells("date: tue, 15 nov 1994 08:12:31 gmt")]),
        answered(Must, "answer-unknown-field-is-kept", "9110 §5.1", "HTTP/1.1 200 OK\r\nX-Kept: yes\r\nContent-Length: 5\r\n\r\nhello")
            .expect([Answer("hello"), Tells("x-kept: yes")]),
    ]
}
