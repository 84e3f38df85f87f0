//! Fields of one connection (RFC 9110 §7.6.1), which no message takes further.

use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;

/// Fields of a connection that are not among the registered ones.
const ODD: [&str; 3] = ["keep-alive", "proxy-connection", "http2-settings"];

/// Whether a field belongs to one connection. Trailers are not announced: the gateway frames anew.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    match *name {
        CONNECTION | CONTENT_LENGTH | TE | TRAILER | TRANSFER_ENCODING | UPGRADE => true,
        _ => ODD.contains(&name.as_str()),
    }
}

/// Removes what belongs to one connection, with what `Connection` names.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if has(headers, &CONNECTION) {
        strip_named(headers);
    }
    let doomed: SmallVec<[HeaderName; 2]> =
        headers.keys().filter(|name| is_hop_by_hop(name)).cloned().collect();
    for name in &doomed {
        headers.remove(name);
    }
}

/// Whether a field is there. A head has few fields, and a look at each costs less than a look-up.
pub fn has(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.keys().any(|own| own == name)
}

fn strip_named(headers: &mut HeaderMap) {
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
    if !has(headers, name) {
        return false;
    }
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
