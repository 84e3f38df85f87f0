//! Fields of one connection (RFC 9110 §7.6.1), which no message takes further.

use http::HeaderName;
use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};

use super::fields::Fields;

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
pub fn strip_hop_by_hop(headers: &mut Fields) {
    if headers.has(&CONNECTION) {
        strip_named(headers);
    }
    headers.retain(|name| !is_hop_by_hop(name));
}

fn strip_named(headers: &mut Fields) {
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
pub fn names(headers: &Fields, name: &HeaderName, member: &[u8]) -> bool {
    let values = headers.get_all(name);
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|one| one.trim_ascii().eq_ignore_ascii_case(member))
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::header::{CONNECTION, HeaderValue};

    use super::names;

    #[track_caller]
    fn check(values: &[&'static str], member: &str, there: bool) {
        let mut headers = Fields::new();
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
