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
    // a head has room for some ten thousand options
    named.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    named.dedup();
    headers.retain(|own| named.binary_search_by(|one| one.as_str().cmp(own.as_str())).is_err());
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
    use http::HeaderName;
    use http::header::{CONNECTION, HeaderValue};

    use super::{names, strip_hop_by_hop};

    #[track_caller]
    fn check(values: &[&'static str], member: &str, there: bool) {
        let mut headers = Fields::new();
        for value in values {
            headers.append(CONNECTION, HeaderValue::from_static(value));
        }
        assert_eq!(names(&headers, &CONNECTION, member.as_bytes()), there, "{values:?}");
    }

    #[test]
    fn what_connection_names_goes_however_often_it_is_named() {
        let mut headers = Fields::new();
        let name = HeaderName::from_static;
        let many = "y,X-Own, y,,x y,".repeat(4000);
        headers.append(CONNECTION, HeaderValue::try_from(many).unwrap());
        for (own, value) in [("x-own", "1"), ("x-kept", "2"), ("y", "3"), ("x-own", "4")] {
            headers.append(name(own), HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.names().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-kept"]);
    }

    #[test]
    fn a_member_of_a_list_is_found_whole_and_in_any_case() {
        check(&["keep-alive, Upgrade"], "upgrade", true);
        check(&["close", " UPGRADE\t"], "upgrade", true);
        check(&["upgrade-insecure", "x upgrade", "\"upgrade\""], "upgrade", false);
        check(&[], "upgrade", false);
    }
}
