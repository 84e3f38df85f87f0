//! Fields of one connection (RFC 9110 §7.6.1), which no message takes further.

use http::header::CONNECTION;
use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;

/// Trailers are not announced: the gateway frames anew.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "content-length",
];

/// Removes what belongs to one connection, with what `Connection` names.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    strip_named(headers);
    let doomed: SmallVec<[HeaderName; 4]> =
        headers.keys().filter(|name| HOP_BY_HOP.contains(&name.as_str())).cloned().collect();
    for name in &doomed {
        headers.remove(name);
    }
}

fn strip_named(headers: &mut HeaderMap) {
    if !headers.contains_key(CONNECTION) {
        return;
    }
    let mut named: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(CONNECTION) {
        let options = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        named.extend(options.filter_map(|option| HeaderName::from_bytes(option).ok()));
    }
    for name in named {
        headers.remove(name);
    }
}

/// Whether a list field has this member, in any case.
pub fn names(headers: &HeaderMap, name: &HeaderName, member: &[u8]) -> bool {
    let values = headers.get_all(name).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|one| one.trim_ascii().eq_ignore_ascii_case(member))
}

#[cfg(test)]
mod tests {
    use http::header::{CONNECTION, HeaderMap, HeaderValue};

    use super::names;

    #[track_caller]
    fn check(values: &[&'static str], member: &str, there: bool) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONNECTION, HeaderValue::from_static(value));
        }
        assert_eq!(names(&headers, &CONNECTION, member.as_bytes()), there, "{values:?}");
    }

    #[test]
    fn a_member_of_a_list_is_found_whole_and_in_any_case() {
        check(&["keep-alive, Upgrade"], "upgrade", true);
        check(&["close", " UPGRADE\t"], "upgrade", true);
        check(&["upgrade-insecure", "x upgrade", "\"upgrade\""], "upgrade", false);
        check(&[], "upgrade", false);
    }
}
