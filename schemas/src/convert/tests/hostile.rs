//! Payloads made to hurt.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{agreed, values};
use crate::convert::{Converter, Limits};

#[track_caller]
fn check(input: &[u8], expected: &str) {
    let outcome = agreed(&[], Limits::default(), input);
    let seen = outcome.as_ref().map_or_else(|refused| refused.cause.code(), |_| "");
    assert_eq!(seen, expected, "{outcome:?}");
}

#[test]
fn text_that_ends_too_early() {
    for input in [
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "{\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "\"",
        "\"\\",
        "tru",
        "-",
        "1.",
        "1e",
        "1e+",
    ] {
        check(input.as_bytes(), "json-truncated");
    }
}

#[test]
fn text_that_is_not_json() {
    for input in [
        "[1,]",
        "{\"a\":1,}",
        "{,}",
        "[,1]",
        "{1:1}",
        "{\"a\" 1}",
        "[1 2]",
        "]",
        "}",
        "[}",
        "{]",
        "nul0",
        "tRue",
        "'a'",
        "NaN",
        "Infinity",
        "+1",
        ".5",
        "\u{b}1",
        "\0",
        "{\"a\":1]",
        "//x\n1",
        "\u{a0}1",
    ] {
        check(input.as_bytes(), "json-unexpected-byte");
    }
    for input in ["-a", "1.a", "1e ", "1.e1", "-"] {
        let expected = if input == "-" { "json-truncated" } else { "json-number" };
        check(input.as_bytes(), expected);
    }
    check(b"[01]", "json-unexpected-byte");
    check(b"1 2", "json-trailing-bytes");
    check(b"{}{}", "json-trailing-bytes");
    check(b"1\0", "json-trailing-bytes");
    check(b"\xef\xbb\xbf{}", "json-byte-order-mark");
    check(b"\"a\0\"", "json-control-character");
    check(b"\"a\n\"", "json-control-character");
    check(br#""\x""#, "json-escape");
    check(br#""\u12g4""#, "json-escape");
}

#[test]
fn surrogates_come_in_pairs() {
    check(br#""\ud83d\ude00""#, "");
    check(br#"{"\uD83D\uDE00":"\ud83d\ude00\ud83d\ude00"}"#, "");
    for input in [
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83dx""#,
        r#""\ud83d\n""#,
        r#""\ud83d\ud83d""#,
        r#"{"\ud83d":1}"#,
    ] {
        check(input.as_bytes(), "json-lone-surrogate");
    }
}

#[test]
fn bytes_that_are_not_utf8() {
    for input in [
        &b"\"\xff\""[..],
        b"\"\xc3\"",
        b"\"\xc0\x80\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf4\x90\x80\x80\"",
        b"\"\xe2\x82",
        b"\xc3",
        b"1\xff",
    ] {
        check(input, "json-not-utf8");
    }
    check("{\"é€😀\":\"é€😀\"}".as_bytes(), "");
}

#[test]
fn names_occur_once_however_they_are_spelled() {
    check(br#"{"a":1,"b":2,"a":3}"#, "json-duplicate-name");
    check(br#"{"a":1,"\u0061":3}"#, "json-duplicate-name");
    check(br#"[{"x":{"\ud83d\ude00":1,"\uD83D\uDE00":3}}]"#, "json-duplicate-name");
    check("{\"é\":1,\"\\u00e9\":3}".as_bytes(), "json-duplicate-name");
    check(br#"{"a":{"a":{"a":1}},"b":{"a":1},"":0}"#, "");
    check(br#"{"":0,"":1}"#, "json-duplicate-name");
    let many: Vec<String> = (0..50_u32).map(|number| format!("\"n{number}\":0")).collect();
    check(format!("{{{}}}", many.join(",")).as_bytes(), "");
    check(format!("{{{},\"n3\":1}}", many.join(",")).as_bytes(), "json-duplicate-name");
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
    check(nested(128).as_bytes(), "");
    check(nested(129).as_bytes(), "limit-depth");
    check("[".repeat(10_000).as_bytes(), "limit-depth");
    check("{\"a\":".repeat(10_000).as_bytes(), "limit-depth");
}

#[test]
fn numbers_and_names_are_bounded() {
    check("9".repeat(4096).as_bytes(), "");
    check("9".repeat(4097).as_bytes(), "limit-number-length");
    check(format!("{{\"{}\":1}}", "n".repeat(1 << 16)).as_bytes(), "");
    check(format!("{{\"{}\":1}}", "n".repeat((1 << 16) + 1)).as_bytes(), "limit-name-length");
}

#[test]
fn members_are_bounded_and_many_are_quick() {
    let mut text = "{".to_owned();
    for number in 0..1_000_000_u32 {
        write!(text, "\"{number}\":0,").unwrap();
    }
    let mut converter = Converter::new(&[], Limits::default(), values());
    let mut out = Vec::new();
    let refused = converter.push(text.as_bytes(), &mut out).unwrap_err();
    assert_eq!((refused.cause.code(), refused.pointer.as_str()), ("limit-members", "/65536"));
    let limits = Limits { members: u32::MAX, ..Limits::default() };
    let mut converter = Converter::new(&[], limits, values());
    text.push_str("\"last\":0}");
    converter.push(text.as_bytes(), &mut out).unwrap();
    converter.finish(&mut out).unwrap();
}

#[test]
fn a_long_string_streams_through() {
    let mut converter =
        Converter::new(&[Arc::clone(&super::everything()[1])], Limits::default(), values());
    let mut out = Vec::new();
    converter.push(b"[{\"metadata\":\"", &mut out).unwrap();
    let chunk = vec![b'x'; 64 << 10];
    for _ in 0..1600 {
        out.clear();
        converter.push(&chunk, &mut out).unwrap();
        assert!(converter.held_back() == 0 && out.len() >= chunk.len());
    }
    converter.push(b"\"}]", &mut out).unwrap();
    assert_eq!(converter.finish(&mut out).unwrap().bytes_in, 14 + 3 + 1600 * (64 << 10));
}

#[test]
fn what_is_held_is_bounded() {
    let stages = [Arc::clone(&super::everything()[1])];
    let limits = Limits { held: 40, ..Limits::default() };
    let long = format!("{{\"description\":\"{}\"}}", "x".repeat(50));
    let refused = agreed(&stages, limits, long.as_bytes()).unwrap_err();
    assert_eq!((refused.cause.code(), refused.offset), ("limit-held", 40));
}

#[test]
fn after_the_end_nothing_more_is_taken() {
    let mut converter = Converter::new(&[], Limits::default(), values());
    let mut out = Vec::new();
    assert!(converter.push(b"x", &mut out).is_err());
    assert_eq!(converter.push(b"1", &mut out).unwrap_err().cause.code(), "conversion-over");
    assert_eq!(converter.finish(&mut out).unwrap_err().cause.code(), "conversion-over");
}
