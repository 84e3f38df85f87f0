//! A URI reference cut into its parts (RFC 3986 §4.1), if it has the form in which a request would be served.

use crate::exchange::normal::{authority, check_path, check_query};

/// The longest link that is looked at, in octets.
const LONGEST: usize = 8 * 1024;

/// A reference with an absolute path, or with none; nothing is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// Scheme and authority.
    pub(super) origin: Option<(&'a str, &'a str)>,
    /// Empty for the page itself.
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    /// With its `#`.
    pub(super) fragment: &'a str,
}

impl<'a> Reference<'a> {
    /// Reads a reference over http; `None` for what is none, has user information, a relative path, dot segments, or a
    /// letter that would have to be encoded.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let plain = |byte: u8| (0x21..0x7f).contains(&byte) && byte != b'\\';
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(plain) {
            return None;
        }
        let (rest, fragment) = text.split_at(text.find('#').unwrap_or(text.len()));
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(a, b)| (a, Some(b)));
        let (origin, path) = match rest.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('/') => {
                if !["http", "https"].iter().any(|one| scheme.eq_ignore_ascii_case(one)) {
                    return None;
                }
                let (host, path) = rest.split_at(rest.find('/')?);
                authority(host).ok()?;
                (Some((scheme, host)), path)
            }
            _ => (None, rest),
        };
        if path.is_empty() {
            query?;
        } else {
            check_path(path).ok()?;
        }
        check_query(query.unwrap_or_default()).ok()?;
        Some(Self { origin, path, query, fragment })
    }
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[track_caller]
    fn check(text: &str, expected: Option<(Option<&str>, &str, Option<&str>, &str)>) {
        let seen = Reference::parse(text);
        let seen =
            seen.map(|one| (one.origin.map(|(_, host)| host), one.path, one.query, one.fragment));
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn plain_references_are_cut() {
        check("/a/b?c=d#e?f", Some((None, "/a/b", Some("c=d"), "#e?f")));
        check("HTTPS://a.b:8/", Some((Some("a.b:8"), "/", None, "")));
        check("?c=d://e", Some((None, "", Some("c=d://e"), "")));
        check("/a?b=c://d", Some((None, "/a", Some("b=c://d"), "")));
    }

    #[test]
    fn what_could_be_read_otherwise_is_no_reference() {
        for text in [
            "",
            "#a",
            "a",
            "a/b",
            "../a",
            "/../a",
            "/a/%2e%2E/b",
            "/a/..%2fb",
            "//a/b",
            "///a",
            "/a//b",
            "javascript:alert(1)",
            "javascript://a/b",
            "mailto:a@b",
            "http://u@a/b",
            "http://u:p@a/b",
            "http:///a",
            "http://a",
            "http:/a",
            "http://a\\b/c",
            "/a\\b",
            "/a b",
            "/\u{e9}",
            "/a%00",
            "/a%zz",
            "/a\nb",
            "data:/a",
            "file:///a",
            "/a?b\"c",
            "http://a:99999/b",
        ] {
            check(text, None);
        }
        check(&format!("/{}", "a".repeat(8 * 1024)), None);
    }
}
