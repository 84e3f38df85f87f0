//! References as URIs (RFC 3986 §5.2), with the version's directory as a place of its own.

/// What the files of a version's directory are called among URIs.
pub(super) const DIRECTORY: &str = "dir://";

/// A reference made absolute.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Absolute {
    /// Without a fragment.
    pub(super) uri: String,
    /// After `#`, percent-decoded.
    pub(super) fragment: String,
}

/// Resolves `reference` as it stands in a resource named `base`. Steps above the root stay as `..`.
pub(super) fn join(base: &str, reference: &str) -> Absolute {
    let (path, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let uri = if path.is_empty() {
        base.to_owned()
    } else if has_scheme(path) {
        path.to_owned()
    } else {
        let (prefix, base_path) = split(base);
        let folder = base_path.rfind('/').and_then(|cut| base_path.get(..=cut)).unwrap_or("/");
        let merged =
            if path.starts_with('/') { path.to_owned() } else { format!("{folder}{path}") };
        format!("{prefix}{}", without_dots(&merged))
    };
    Absolute { uri, fragment: percent_decoded(fragment) }
}

/// The path below the version's directory that a URI names, if it names one inside.
pub(super) fn inside(uri: &str) -> Option<String> {
    let path = percent_decoded(uri.strip_prefix(DIRECTORY)?.trim_start_matches('/'));
    let climbs = path.split(['/', '\\']).any(|step| step == ".." || step.contains(['\0', ':']));
    (!climbs && !path.is_empty()).then_some(path)
}

fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.');
    scheme.starts_with(|letter: char| letter.is_ascii_alphabetic()) && scheme.chars().all(allowed)
}

// Scheme and authority, then the path.
fn split(uri: &str) -> (&str, &str) {
    let start = uri.find("://").map_or_else(|| uri.find(':').map_or(0, |at| at + 1), |at| at + 3);
    let rest = uri.get(start..).unwrap_or_default();
    let cut = start + rest.find('/').unwrap_or(rest.len());
    (uri.get(..cut).unwrap_or_default(), uri.get(cut..).unwrap_or_default())
}

fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for step in path.split('/').skip(1) {
        match step {
            "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(value) if *byte == b'%' => {
                decoded.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{inside, join};

    fn check(base: &str, reference: &str, uri: &str, fragment: &str) {
        let found = join(base, reference);
        assert_eq!((found.uri.as_str(), found.fragment.as_str()), (uri, fragment));
    }

    #[test]
    fn references_resolve_as_uris() {
        check("dir:///openapi.yaml", "#/a%20b", "dir:///openapi.yaml", "/a b");
        check("dir:///src/a.yaml", "./b.yaml#/x", "dir:///src/b.yaml", "/x");
        check("dir:///src/a.yaml", "../b.yaml", "dir:///b.yaml", "");
        check("dir:///src/a.yaml", "../../b.yaml", "dir:///../b.yaml", "");
        check("http://h/d/a.json", "b.json#c", "http://h/d/b.json", "c");
        check("http://h/d/a.json", "/b", "http://h/b", "");
        check("dir:///a", "https://x/y#z", "https://x/y", "z");
    }

    #[test]
    fn only_the_directory_is_inside() {
        assert_eq!(inside("dir:///src/a.yaml").as_deref(), Some("src/a.yaml"));
        for uri in
            ["dir:///../a", "dir:///%2e%2e/a", "dir:///a/..%5c..%5cb", "http://x/a", "dir:///c:/a"]
        {
            assert_eq!(inside(uri), None, "{uri}");
        }
    }
}
