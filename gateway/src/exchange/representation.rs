//! The fields of an answer that speak of its representation: tags, ranges, codings, who may keep it.

use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderValue, VARY};

use super::etag::{self, Mark};
use crate::wire::Fields;

/// What holds for every answer of an operation whose answers are converted, whatever its status and method: tags
/// are the client's, and parts are not served, as a range of one representation is none of another.
pub(super) fn mark(headers: &mut Fields, mark: Mark<'_>) {
    if headers.has(&ETAG)
        && let Some(tag) = headers.remove(ETAG)
        && let Some(tag) = etag::outward(&tag, mark)
    {
        headers.insert(ETAG, tag);
    }
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
}

/// Says the content coding of a converted body, and that it was chosen.
pub(super) fn coded(headers: &mut Fields, coding: Option<&'static str>, was_coded: bool) {
    if headers.has(&CONTENT_ENCODING) {
        headers.remove(CONTENT_ENCODING);
    }
    if let Some(name) = coding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    if coding.is_some() || was_coded {
        vary(headers, "accept-encoding");
    }
}

/// Adds a name to `Vary` unless it is there.
fn vary(headers: &mut Fields, name: &'static str) {
    let there = |value: &HeaderValue| {
        let mut names = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        names.any(|own| own == b"*" || own.eq_ignore_ascii_case(name.as_bytes()))
    };
    if !headers.get_all(VARY).any(there) {
        headers.append(VARY, HeaderValue::from_static(name));
    }
}

/// Keeps shared caches from an answer whose version is pinned to its consumer: who knows the key only by `Vary`
/// would keep one answer for each credential (RFC 9111 §5.2.2.7).
pub(super) fn private(headers: &mut Fields) {
    let mut kept = Vec::new();
    for value in headers.get_all(CACHE_CONTROL) {
        let text = value.to_str().unwrap_or_default();
        for directive in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            let name = directive.split('=').next().unwrap_or_default().trim();
            let is = |word: &str| name.eq_ignore_ascii_case(word);
            if is("no-store") {
                return;
            }
            // `private="field"` would leave the rest to shared caches
            if !is("public") && !is("private") && !is("s-maxage") {
                kept.push(directive.to_owned());
            }
        }
    }
    kept.insert(0, "private".to_owned());
    if let Ok(value) = HeaderValue::try_from(kept.join(", ")) {
        headers.insert(CACHE_CONTROL, value);
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::header::{CACHE_CONTROL, VARY};

    #[track_caller]
    fn check(before: Option<&str>, after: &str) {
        let mut headers = Fields::new();
        if let Some(before) = before {
            headers.insert(CACHE_CONTROL, before.parse().unwrap());
        }
        super::private(&mut headers);
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), after);
    }

    #[test]
    fn shared_caches_keep_nothing_of_a_pinned_consumer() {
        check(None, "private");
        check(Some("public, max-age=60, s-maxage=9"), "private, max-age=60");
        check(Some("no-store"), "no-store");
        check(Some("private=\"set-cookie\", no-cache"), "private, no-cache");
    }

    #[test]
    fn a_name_is_in_vary_once() {
        let mut headers = Fields::new();
        headers.insert(VARY, "X, Accept-Encoding".parse().unwrap());
        super::coded(&mut headers, Some("gzip"), true);
        assert_eq!(headers.get(VARY).unwrap(), "X, Accept-Encoding");
        headers.insert(VARY, "X".parse().unwrap());
        super::coded(&mut headers, None, true);
        let all: Vec<_> = headers.get_all(VARY).collect();
        assert_eq!(all, ["X", "accept-encoding"]);
        assert!(!headers.has("content-encoding"));
    }
}
