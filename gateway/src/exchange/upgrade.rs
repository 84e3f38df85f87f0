//! Which requests may ask for another protocol on their connection (RFC 9110 §7.8).

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use http::{Method, Version};

use crate::wire::{Incoming, RequestHead, names};

/// The first protocol that a request asks for and its api allows, as the configuration spells it. What asks otherwise
/// goes on as an ordinary request: HTTP/1.0 and HTTP/2 know no upgrades, and octets of a body could be taken for those of
/// the protocol.
pub(super) fn asked(
    head: &RequestHead,
    body: &Incoming,
    allowed: &[HeaderValue],
) -> Option<HeaderValue> {
    if allowed.is_empty() || !head.headers.has(UPGRADE) {
        return None;
    }
    let plain = head.version == Version::HTTP_11
        && head.method == Method::GET
        && matches!(body, Incoming::Empty)
        && !head.headers.has(CONTENT_LENGTH)
        && !head.headers.has(TRANSFER_ENCODING);
    if !plain || !names(&head.headers, &CONNECTION, b"upgrade") {
        return None;
    }
    let lines = head.headers.get_all(UPGRADE);
    let mut protocols = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    protocols.find_map(|protocol| {
        let protocol = protocol.trim_ascii();
        allowed.iter().find(|own| own.as_bytes().eq_ignore_ascii_case(protocol)).cloned()
    })
}

#[cfg(test)]
mod tests {
    use crate::wire::RequestHead;
    use http::{HeaderValue, Request};

    use super::asked;
    use crate::wire::Incoming;

    #[track_caller]
    fn check(method: &str, fields: &[(&str, &str)], expected: Option<&str>) {
        let mut request = Request::builder().method(method);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let head = RequestHead::from(request.body(()).unwrap().into_parts().0);
        let allowed = [HeaderValue::from_static("websocket"), HeaderValue::from_static("x/2")];
        let found = asked(&head, &Incoming::Empty, &allowed);
        assert_eq!(found.as_ref().map(|own| own.to_str().unwrap()), expected, "{fields:?}");
        assert_eq!(asked(&head, &Incoming::Empty, &[]), None);
    }

    #[test]
    fn only_a_plain_get_switches_and_only_to_what_is_allowed() {
        let upgrade = ("connection", "keep-alive, Upgrade");
        check("GET", &[upgrade, ("upgrade", "WebSocket")], Some("websocket"));
        check("GET", &[upgrade, ("upgrade", "h2c, X/2"), ("upgrade", "websocket")], Some("x/2"));
        check("GET", &[upgrade, ("upgrade", "h2c")], None);
        check("GET", &[upgrade, ("upgrade", "x")], None);
        check("GET", &[upgrade, ("upgrade", "websocket/13")], None);
        check("GET", &[upgrade], None);
        check("GET", &[("upgrade", "websocket")], None);
        check("GET", &[("connection", "close"), ("upgrade", "websocket")], None);
        check("POST", &[upgrade, ("upgrade", "websocket")], None);
        check("HEAD", &[upgrade, ("upgrade", "websocket")], None);
        for framing in [("content-length", "0"), ("transfer-encoding", "chunked")] {
            check("GET", &[upgrade, ("upgrade", "websocket"), framing], None);
        }
    }

    #[test]
    fn other_versions_of_http_know_no_upgrades() {
        for version in [http::Version::HTTP_10, http::Version::HTTP_2] {
            let request = Request::builder()
                .version(version)
                .header("connection", "upgrade")
                .header("upgrade", "websocket");
            let head = RequestHead::from(request.body(()).unwrap().into_parts().0);
            let allowed = [HeaderValue::from_static("websocket")];
            assert_eq!(asked(&head, &Incoming::Empty, &allowed), None);
        }
    }
}
