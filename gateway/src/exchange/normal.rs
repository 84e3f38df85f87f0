//! The one form in which a path and a host are routed and forwarded: what is not in it is refused, never repaired,
//! so that no later reader can see another target than the gateway saw.

use http::HeaderValue;
use http::uri::Authority;

/// Checks a path: absolute, no empty or dot segment (encoded ones included), only characters of RFC 3986 §3.3,
/// whole percent-encodings, no encoded NUL. `%2F` and `%5C` are never decoded, yet a segment that would become a
/// dot segment if a backend did decode them is refused.
pub(crate) fn check_path(path: &str) -> Result<(), &'static str> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err("the request target does not start with `/`; send an absolute path");
    };
    if is_plain(rest) {
        return Ok(());
    }
    check_letters(rest)?;
    let last = rest.split('/').count();
    for (index, segment) in rest.split('/').enumerate() {
        if segment.is_empty() && index + 1 != last {
            return Err("the path has an empty segment; write each `/` once");
        }
        if has_dots(segment) {
            return Err("the path has a dot segment; send the path it resolves to");
        }
    }
    Ok(())
}

/// Whether a path has only segments that need no second look: none empty but the last, and no dot and no encoding in any.
fn is_plain(path: &str) -> bool {
    let mut before = b'/';
    path.bytes().all(|byte| {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'~')
            || byte == b'/' && before != b'/';
        before = byte;
        plain
    })
}

/// Checks a query: characters of RFC 3986 §3.4 and those that browsers leave bare.
pub(crate) fn check_query(query: &str) -> Result<(), &'static str> {
    let bad = query
        .bytes()
        .any(|byte| !(0x21..0x7f).contains(&byte) || matches!(byte, b'"' | b'<' | b'>' | b'#'));
    if bad { Err("the query has a character that must be percent-encoded") } else { Ok(()) }
}

/// What may stand bare in a path beside letters and digits (RFC 3986 §3.3), and what browsers leave bare.
const MARKS: &[u8] = b"/-._~!$&'()*+,;=:@{}|^`[]";

fn check_letters(path: &str) -> Result<(), &'static str> {
    let bytes = path.as_bytes();
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let code = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
                let code = code.filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
                match code {
                    None => {
                        return Err("the path has a broken percent-encoding; encode `%` as `%25`");
                    }
                    Some("00") => return Err("the path has an encoded NUL; leave it out"),
                    Some(_) => rest = tail.get(2..).unwrap_or_default(),
                }
            }
            byte if byte.is_ascii_alphanumeric() || MARKS.contains(byte) => {}
            _ => return Err("the path has a character that must be percent-encoded"),
        }
    }
    Ok(())
}

/// Whether any part of a segment, split where a lenient backend may split it, is `.` or `..`.
fn has_dots(segment: &str) -> bool {
    if !segment.contains(['.', '%']) {
        return false;
    }
    let mut plain = segment.to_ascii_lowercase();
    for (code, letter) in [("%2e", "."), ("%2f", "/"), ("%5c", "/")] {
        plain = plain.replace(code, letter);
    }
    // `..;x` is a dot segment to servers that cut path parameters first
    plain
        .split('/')
        .map(|part| part.split(';').next().unwrap_or_default())
        .any(|part| part == "." || part == "..")
}

/// Reads `uri-host [ ":" port ]` (RFC 9110 §7.2): no user information, nothing empty, only host characters.
pub(crate) fn authority(text: &str) -> Result<Authority, &'static str> {
    if is_authority(text) { text.parse().map_err(|_| NO_HOST) } else { Err(NO_HOST) }
}

/// Checks the same of a field.
pub(crate) fn check_authority(field: &HeaderValue) -> Result<&str, &'static str> {
    let text = field.to_str().map_err(|_| "the Host has characters that no host has")?;
    if is_authority(text) { Ok(text) } else { Err(NO_HOST) }
}

/// The host of an authority that was checked.
pub(crate) fn host(authority: &str) -> &str {
    match colon(authority) {
        Some(at) if !authority.ends_with(']') => authority.get(..at).unwrap_or_default(),
        _ => authority,
    }
}

const NO_HOST: &str = "the Host is not a host with an optional port; send the name of the host";

/// The last colon. Such texts are short.
fn colon(text: &str) -> Option<usize> {
    text.bytes().rposition(|byte| byte == b':')
}

fn is_authority(text: &str) -> bool {
    let (host, port) = match colon(text) {
        Some(at) if !text.ends_with(']') => {
            (text.get(..at).unwrap_or_default(), text.get(at + 1..))
        }
        _ => (text, None),
    };
    let sound_port = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && (port.is_empty() || port.parse::<u16>().is_ok())
    });
    let sound_host = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
                })
        }
    };
    sound_host && sound_port
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{authority, check_path, check_query};

    #[track_caller]
    fn check(path: &str, sound: bool) {
        assert_eq!(check_path(path).is_ok(), sound, "{path}");
    }

    #[test]
    fn a_plain_path_is_sound() {
        for path in [
            "/",
            "/a",
            "/a/",
            "/a.b/..c/...",
            "/a%2Fb",
            "/a%20b;v=1",
            "/@me/x:y",
            "/.well-known/x",
            "/a..",
        ] {
            check(path, true);
        }
    }

    #[test]
    fn a_path_that_others_may_read_otherwise_is_not() {
        for path in [
            "",
            "a",
            "*",
            "//",
            "/a//b",
            "/.",
            "/..",
            "/a/../b",
            "/a/./b",
            "/a/..",
            "/%2e%2E/b",
            "/a/.%2e/b",
            "/%2e",
            "/a/..%2fb",
            "/a%2f..%2fb",
            "/a%5c..",
            "/..;x/b",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%00",
            "/a b",
            "/a\\b",
            "/a\u{e9}",
            "/a<b",
            "/a\"b",
            "/a\u{7f}",
        ] {
            check(path, false);
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_an_optional_port() {
        for text in ["a", "a.b:80", "127.0.0.1:8080", "[::1]:80", "[::1]", "a:", "a_b"] {
            assert!(authority(text).is_ok(), "{text}");
        }
        for text in [
            "", ":80", "a:b", "a:99999", "u@a", "a b", "a/b", "a,b", "[::1", "::1", "a\u{e9}",
            "[x]", "a:80:80",
        ] {
            assert!(authority(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_query_has_no_controls() {
        assert!(check_query("a=b&c[]={d}|'e'").is_ok());
        assert!(check_query("a=\u{1}").is_err());
        assert!(check_query("a b").is_err());
    }

    proptest! {
        #[test]
        fn a_sound_path_has_no_dot_segment_however_often_it_is_decoded_once(path in "/([a.%25ef/;]|%2[eEfF]){0,12}") {
            if check_path(&path).is_ok() {
                let decoded = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/");
                let dots = decoded.split('/').any(|part| part == "." || part == "..");
                prop_assert!(!dots, "{path}");
            }
        }

        #[test]
        fn nothing_brings_them_down(text in "\\PC{0,40}") {
            let _ = check_path(&text).is_ok();
            let _ = check_query(&text).is_ok();
            let _ = authority(&text).is_ok();
        }
    }
}
