//! Who may ask: nothing a page in somebody's browser could send gets through.

use std::net::{IpAddr, SocketAddr};

use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, StatusCode};

use super::desk::{Answer, refusal};
use super::rows::Row;

/// What a request is refused with before anything is done for it.
pub(super) fn refused(row: &Row, headers: &HeaderMap) -> Option<Answer> {
    // a page in an operator's browser can send neither of the two across origins without being asked first
    let json = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if row.changes()
        && (headers.contains_key(ORIGIN) || !(json || headers.contains_key("x-evergate-reload")))
    {
        let why = "send `content-type: application/json` or `x-evergate-reload: 1`, and no Origin";
        return Some(refusal(StatusCode::FORBIDDEN, "cross-origin", why));
    }
    None
}

/// Whether the Host is an address or `localhost`: a name could be anybody's who points it here (DNS rebinding).
pub(super) fn is_direct(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    let bare =
        |text: &str| text.parse::<IpAddr>().is_ok() || text.eq_ignore_ascii_case("localhost");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    host.parse::<SocketAddr>().is_ok()
        || bare(name)
        || bare(host)
        || bare(host.trim_matches(['[', ']']))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::is_direct;

    #[test]
    fn only_addresses_and_localhost_reach_the_admin_listener() {
        for (host, direct) in [
            ("127.0.0.1:9901", true),
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("[::1]:9901", true),
            ("[::1]", true),
            ("evil.example", false),
            ("evil.example:9901", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(http::HeaderName::from_static("host"), host.parse().unwrap());
            assert_eq!(is_direct(&headers), direct, "{host}");
        }
        assert!(!is_direct(&HeaderMap::new()));
    }
}
