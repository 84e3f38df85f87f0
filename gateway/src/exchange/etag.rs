//! Entity tags of converted responses: the backend's `"e"` is `"e~VERSION"` to the client, and comes back as `"e"`.
//!
//! Two versions of one state are two representations (RFC 9110 §8.8.3), so they must not share a tag; the mapping
//! needs no store, and keeps `If-Match` working for clients of another version.

use http::header::HeaderValue;

/// The client's tag for a backend's; `None` when it is not an entity tag, and is better left out.
pub(crate) fn outward(tag: &HeaderValue, version: &str) -> Option<HeaderValue> {
    let text = tag.to_str().ok()?;
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('"') {
        return None;
    }
    HeaderValue::try_from(format!("{}~{version}\"", text.strip_suffix('"')?)).ok()
}

/// A client's `If-Match` or `If-None-Match` with its own tags turned back into the backend's.
pub(crate) fn inward(tags: &HeaderValue, version: &str) -> Option<HeaderValue> {
    let text = tags.to_str().ok()?;
    HeaderValue::try_from(text.replace(&format!("~{version}\""), "\"")).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{inward, outward};

    #[test]
    fn a_tag_goes_out_and_comes_back() {
        for tag in ["\"abc\"", "W/\"abc\"", "\"\""] {
            let tag = HeaderValue::from_static(tag);
            let seen = outward(&tag, "1.0").unwrap();
            assert_ne!(seen, tag);
            assert_eq!(inward(&seen, "1.0").unwrap(), tag);
        }
        let both = HeaderValue::from_static("\"a~1\", W/\"b~1\", \"c~2\"");
        assert_eq!(inward(&both, "1").unwrap(), "\"a\", W/\"b\", \"c~2\"");
        assert_eq!(inward(&HeaderValue::from_static("*"), "1").unwrap(), "*");
    }

    #[test]
    fn what_is_no_tag_is_left_out() {
        for tag in ["abc", "\"", "\"a\"b\"", "w/\"a\""] {
            assert!(outward(&HeaderValue::from_static(tag), "1").is_none(), "{tag}");
        }
    }
}
