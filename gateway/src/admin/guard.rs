//! What a page in somebody's browser could send gets nowhere, whoever's browser it is.

use std::net::{IpAddr, SocketAddr};

use http::header::{CONNECTION, CONTENT_TYPE, HOST, ORIGIN, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::access::{Admitted, Peer};
use super::desk::{Answer, refusal};
use super::page;
use super::rows::Row;
use super::sessions::Sessions;

/// What a page of a session says with each change.
pub(super) const CSRF: &str = "x-evergate-csrf";
/// What a script says with a change that has no body.
const DELIBERATE: &str = "x-evergate-reload";
/// What a form in any page can send without being asked first (Fetch §CORS-safelisted request-header).
const SIMPLE: [&str; 3] =
    ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

/// What a request is refused with for where it comes from, before anything is said of credentials.
pub(super) fn foreign(head: &Parts, peer: &Peer, hosts: &[String]) -> Option<Answer> {
    let mut named = head.headers.get_all(HOST).iter();
    let (host, more) = (named.next().and_then(|host| host.to_str().ok()), named.next());
    // a target in absolute form says the host too (RFC 9112 §3.2.2), and both have to be ours
    let target = head.uri.authority().map(http::uri::Authority::as_str);
    let ours = |host: &str| is_direct(host) || is_named(host, hosts);
    let host = host.filter(|host| more.is_none() && ours(host));
    let Some(host) = host.filter(|_| target.is_none_or(ours)) else {
        let why = "the Host is neither an address nor `localhost` nor one of `admin.hosts`; call the admin listener by its \
                   address, or name the host there";
        return Some(refusal(StatusCode::FORBIDDEN, "bad-host", why));
    };
    let mut origins = head.headers.get_all(ORIGIN).iter();
    if origins.any(|origin| !is_own(origin, host, peer)) {
        let why = "the Origin is another site; only the listener's own pages may send one";
        return Some(refusal(StatusCode::FORBIDDEN, "cross-origin", why));
    }
    None
}

/// What a request is refused with whose length is not said. Two that read a body differently could take its end for another
/// request, and no caller needs it.
pub(super) fn unmeasured(headers: &HeaderMap) -> Option<Answer> {
    if !headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    let why = "send a Content-Length, and no Transfer-Encoding";
    let mut answer = refusal(StatusCode::LENGTH_REQUIRED, "length-required", why);
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Some(answer)
}

/// What a change is refused with that a page of somebody else could have sent.
pub(super) fn forged(
    row: &Row,
    headers: &HeaderMap,
    admitted: &Admitted,
    sessions: &Sessions,
) -> Option<Answer> {
    if !row.changes() {
        return None;
    }
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        let why = "a page of another site asks for this";
        return Some(refusal(StatusCode::FORBIDDEN, "cross-origin", why));
    }
    // a form cannot send a field of the head; what it says instead is looked at with its body
    if page::is_own(row.path) {
        return None;
    }
    if let Some(cookie) = &admitted.cookie {
        let said = headers.get(CSRF).map(HeaderValue::as_bytes);
        if said.is_some_and(|said| sessions.is_told(cookie, said)) {
            return None;
        }
        let why = format!("send `{CSRF}` with what `GET /session` says");
        return Some(refusal(StatusCode::FORBIDDEN, "csrf", &why));
    }
    let meant = headers.get(DELIBERATE).is_some_and(|said| said.as_bytes() == b"1");
    if is_unusual(headers) || meant {
        return None;
    }
    let why = format!(
        "send `content-type: application/json`, or `{DELIBERATE}: 1` with a call that has no body"
    );
    Some(refusal(StatusCode::FORBIDDEN, "cross-origin", &why))
}

/// Whether the media type is one that no form sends.
fn is_unusual(headers: &HeaderMap) -> bool {
    let mut all = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (all.next(), all.next()) else { return false };
    let Ok(text) = only.to_str() else { return false };
    let media = text.split(';').next().unwrap_or_default().trim();
    media.contains('/') && !SIMPLE.iter().any(|simple| media.eq_ignore_ascii_case(simple))
}

/// Whether an origin is the listener itself, as the caller calls it.
fn is_own(origin: &HeaderValue, host: &str, peer: &Peer) -> bool {
    let scheme = if peer.secure { "https" } else { "http" };
    let own = format!("{scheme}://{host}");
    origin.as_bytes().eq_ignore_ascii_case(own.as_bytes())
}

/// Whether a Host is an address or `localhost`: another name could be anybody's who points it here (DNS rebinding).
fn is_direct(host: &str) -> bool {
    let bare =
        |text: &str| text.parse::<IpAddr>().is_ok() || text.eq_ignore_ascii_case("localhost");
    host.parse::<SocketAddr>().is_ok()
        || bare(without_port(host))
        || bare(host)
        || (host.starts_with('[') && bare(host.trim_matches(['[', ']'])))
}

fn is_named(host: &str, hosts: &[String]) -> bool {
    let name = without_port(host).to_ascii_lowercase();
    let fits = |pattern: &String| match pattern.strip_prefix("*.") {
        Some(rest) => {
            name.split_once('.').is_some_and(|(label, tail)| !label.is_empty() && tail == rest)
        }
        None => *pattern == name,
    };
    hosts.iter().any(fits)
}

/// A host without the port, if what stands behind the last colon is one.
fn without_port(host: &str) -> &str {
    let split = host.rsplit_once(':');
    split.filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;
    use http::{HeaderMap, HeaderValue};

    use super::{is_direct, is_named, is_own, is_unusual};
    use crate::admin::access::Peer;

    #[test]
    fn only_addresses_and_localhost_reach_the_admin_listener() {
        for (host, direct) in [
            ("127.0.0.1:9901", true),
            ("127.0.0.1", true),
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("[::1]:9901", true),
            ("[::1]", true),
            ("evil.example", false),
            ("evil.example:9901", false),
            ("127.0.0.1.evil.example", false),
            ("localhost:evil.example", false),
            ("localhost:1@evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_direct(host), direct, "{host}");
        }
    }

    #[test]
    fn named_hosts_are_taken_whole() {
        let hosts = ["admin.example.com".to_owned(), "*.ops.example.com".to_owned()];
        for (host, named) in [
            ("Admin.example.com:443", true),
            ("a.ops.example.com", true),
            ("ops.example.com", false),
            ("a.b.ops.example.com", false),
            (".ops.example.com", false),
            ("evil-admin.example.com", false),
        ] {
            assert_eq!(is_named(host, &hosts), named, "{host}");
        }
    }

    #[test]
    fn forms_send_nothing_unusual() {
        for (media, unusual) in [
            ("application/json", true),
            ("application/merge-patch+json; charset=utf-8", true),
            ("text/plain; x=application/json", false),
            ("Multipart/Form-Data; boundary=application/json", false),
            ("json", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
            assert_eq!(is_unusual(&headers), unusual, "{media}");
            headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            assert!(!is_unusual(&headers));
        }
    }

    #[test]
    fn the_own_origin_has_scheme_host_and_port() {
        let mut peer = Peer { from: "".into(), user: None, person: None, secure: false };
        let own = |origin: &'static str, peer: &Peer| {
            is_own(&HeaderValue::from_static(origin), "localhost:9901", peer)
        };
        assert!(own("http://localhost:9901", &peer));
        for other in
            ["https://localhost:9901", "http://localhost", "http://localhost:9902", "null", ""]
        {
            assert!(!own(other, &peer), "{other}");
        }
        peer.secure = true;
        assert!(own("https://localhost:9901", &peer));
    }
}
