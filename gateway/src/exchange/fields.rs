//! Fields that end at the gateway, in both directions, and those that it writes itself.

use std::net::{IpAddr, SocketAddr};

use http::Version;
use http::header::{
    EXPECT, FORWARDED, HOST, HeaderName, HeaderValue, MAX_FORWARDS, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, VIA,
};

use super::inbound::Peer;
use crate::snapshot::Trust;
use crate::snapshot::selector::Selector;
use crate::wire::{Fields, names, strip_hop_by_hop};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const COOKIE: HeaderName = http::header::COOKIE;

/// Fields that the gateway, or whoever reads behind it, takes decisions from.
const TRUSTED: [&str; 17] = [
    "accept-encoding",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "forwarded",
    "host",
    "if-match",
    "if-none-match",
    "te",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-real-ip",
    "x-request-id",
];

/// The id of an exchange, taken from the client if it sent a sound one.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Makes a request's fields the gateway's own: hop-by-hop ones go, forwarding ones are written anew, or added to where
/// the peer is a proxy of ours, so that what `Connection` names can never strip what is added here.
pub(crate) fn outward(
    headers: &mut Fields,
    peer: &Peer,
    authority: &HeaderValue,
    selectors: &[Selector],
    trust: &Trust,
) {
    let trailers = takes_trailers(headers);
    strip_hop_by_hop(headers);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    let seen = Seen::of(headers, authority);
    if seen.underscores {
        strip_underscores(headers, selectors, &trust.told);
    }
    for name in &trust.told {
        headers.remove(name);
    }
    if seen.ends_here {
        headers.remove(EXPECT);
        headers.remove(PROXY_AUTHORIZATION);
    }
    if seen.cookies > 1 {
        join_cookies(headers);
    }
    if !seen.host {
        headers.insert(HOST, authority.clone());
    }
    if trust.is_proxy(peer.address.ip()) {
        add_forwarding(headers, peer, authority);
    } else {
        replace_forwarding(headers, peer, (authority, seen.forwarded));
    }
    for (name, value) in &peer.told {
        headers.insert(name.clone(), value.clone());
    }
}

/// The client's address: that of the peer, or the last one before proxies of ours that they tell of. For a head that has
/// been made the gateway's own.
pub(crate) fn client(headers: &Fields, peer: &Peer, trust: &Trust) -> IpAddr {
    let own = peer.address.ip().to_canonical();
    if !trust.is_proxy(peer.address.ip()) {
        return own;
    }
    let told = headers.get(X_FORWARDED_FOR).and_then(|value| value.to_str().ok());
    let mut known = own;
    for node in told.unwrap_or_default().rsplit(',').skip(1) {
        // beyond what is no address anybody may have written anything
        let Some(address) = address(node.trim()) else { break };
        known = address.to_canonical();
        if !trust.is_proxy(known) {
            break;
        }
    }
    known
}

/// A node of `X-Forwarded-For`, with or without a port and brackets.
fn address(node: &str) -> Option<IpAddr> {
    let bare = node.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(ip, _)| ip);
    let own = || node.parse().ok().or_else(|| Some(node.parse::<SocketAddr>().ok()?.ip()));
    bare.map_or_else(own, |bare| bare.parse().ok())
}

/// What is there to be changed, found in one look: most requests have nothing of it.
#[derive(Default)]
struct Seen {
    /// The authority is said, as the only host.
    host: bool,
    /// Fields that are for the gateway alone.
    ends_here: bool,
    cookies: usize,
    underscores: bool,
    /// Fields that only a proxy may write.
    forwarded: bool,
}

impl Seen {
    fn of(headers: &Fields, authority: &HeaderValue) -> Self {
        let mut seen = Self::default();
        let mut hosts = 0;
        for (name, value) in headers {
            match *name {
                HOST => {
                    hosts += 1;
                    seen.host = value == authority && hosts == 1;
                }
                COOKIE => seen.cookies += 1,
                EXPECT | PROXY_AUTHORIZATION => seen.ends_here = true,
                _ => {
                    let text = name.as_str();
                    seen.underscores |= text.bytes().any(|byte| byte == b'_');
                    seen.forwarded |= text.starts_with("x-") && is_proxys(text);
                }
            }
        }
        seen
    }
}

/// Whether a field is believed only of a proxy.
fn is_proxys(name: &str) -> bool {
    name.starts_with("x-forwarded-") || name == "x-real-ip"
}

static VIA_1_0: HeaderValue = HeaderValue::from_static("1.0 evergate");
static VIA_1_1: HeaderValue = HeaderValue::from_static("1.1 evergate");
static VIA_2: HeaderValue = HeaderValue::from_static("2.0 evergate");

/// Says by which version of HTTP a request was received (RFC 9110 §7.6.3).
pub(crate) fn via(headers: &mut Fields, received: Version) {
    let value = match received {
        Version::HTTP_10 => &VIA_1_0,
        Version::HTTP_2 => &VIA_2,
        _ => &VIA_1_1,
    };
    headers.append_beside(VIA, value.clone());
}

/// Whether a value begins or ends with a blank: HTTP/1.1 takes those off, HTTP/2 has them make a request malformed
/// (RFC 9113 §8.2.1), and written down for a backend they would be another value.
pub(crate) fn has_outer_blanks(headers: &Fields) -> bool {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    headers.values().any(|value| {
        let bytes = value.as_bytes();
        blank(bytes.first()) || blank(bytes.last())
    })
}

/// Whether the client takes trailers: the one thing of `TE` that may be said over HTTP/2 (RFC 9113 §8.2.2), where gRPC asks
/// for it. Whoever speaks HTTP/1.1 to the backend leaves it out.
fn takes_trailers(headers: &Fields) -> bool {
    names(headers, &TE, b"trailers")
}

/// A proxy of ours has said how it was reached; we say how it reached us.
fn add_forwarding(headers: &mut Fields, peer: &Peer, authority: &HeaderValue) {
    append(headers, FORWARDED, &peer.forwarded);
    append(headers, X_FORWARDED_FOR, &peer.forwarded_for);
    headers.insert_new(X_FORWARDED_HOST, || authority.clone());
    headers.insert_new(X_FORWARDED_PROTO, || HeaderValue::from_static(peer.scheme()));
}

/// One line, as some readers see only the first.
fn append(headers: &mut Fields, name: HeaderName, value: &HeaderValue) {
    let mut all: Vec<&[u8]> = headers.get_all(&name).map(HeaderValue::as_bytes).collect();
    all.retain(|line| !line.is_empty());
    all.push(value.as_bytes());
    let joined = HeaderValue::from_bytes(&all.join(&b", "[..]));
    headers.insert(name, joined.unwrap_or_else(|_| value.clone()));
}

/// What anybody may have written goes.
fn replace_forwarding(
    headers: &mut Fields,
    peer: &Peer,
    (authority, spoofed): (&HeaderValue, bool),
) {
    if spoofed {
        let spoofed: Vec<HeaderName> =
            headers.names().filter(|name| is_proxys(name.as_str())).cloned().collect();
        for name in spoofed {
            headers.remove(name);
        }
    }
    headers.insert(FORWARDED, peer.forwarded.clone());
    headers.insert(X_FORWARDED_FOR, peer.forwarded_for.clone());
    headers.insert(X_FORWARDED_HOST, authority.clone());
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(peer.scheme()));
}

/// Makes a response's fields fit for the client.
pub(crate) fn inward(headers: &mut Fields) {
    strip_hop_by_hop(headers);
    if headers.has(&PROXY_AUTHENTICATE) {
        headers.remove(PROXY_AUTHENTICATE);
    }
    headers.append(VIA, VIA_1_1.clone());
}

/// `x_forwarded_for` is `X-Forwarded-For` to every CGI-like backend, so a spelling with an underscore of a field
/// that the gateway reads or writes is dropped.
fn strip_underscores(headers: &mut Fields, selectors: &[Selector], told: &[HeaderName]) {
    let shadows = |name: &&HeaderName| {
        let plain = name.as_str().replace('_', "-");
        plain != name.as_str()
            && (plain.starts_with("x-forwarded-")
                || TRUSTED.contains(&plain.as_str())
                || told.iter().any(|name| name.as_str() == plain)
                || selectors.iter().any(|selector| selector.header() == Some(plain.as_str())))
    };
    let odd: Vec<HeaderName> = headers.names().filter(shadows).cloned().collect();
    for name in odd {
        headers.remove(name);
    }
}

/// HTTP/2 splits cookies into fields that HTTP/1.1 must have in one (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut Fields) {
    let all: Vec<&[u8]> = headers.get_all(COOKIE).map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// What `Max-Forwards` asks of this hop, for OPTIONS (RFC 9110 §7.6.2): `false` when it ends here.
pub(crate) fn goes_on(headers: &mut Fields) -> bool {
    let Some(left) =
        headers.get(MAX_FORWARDS).and_then(|value| value.to_str().ok()?.parse::<u32>().ok())
    else {
        return true;
    };
    match left.checked_sub(1) {
        Some(less) => {
            headers.insert(MAX_FORWARDS, HeaderValue::from(less));
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::{HeaderName, HeaderValue};

    use super::{goes_on, inward, outward};
    use crate::exchange::inbound::Peer;
    use crate::snapshot::Trust;

    fn map(fields: &[(&'static str, &'static str)]) -> Fields {
        let pairs = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = Fields::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn spoofed_and_connection_named_fields_do_not_get_through() {
        let mut headers = map(&[
            ("connection", "x-a, Host, x-forwarded-for"),
            ("connection", "upgrade, http2-settings"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
            ("te", "trailers"),
            ("x-a", "1"),
            ("x-b", "2"),
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-user", "root"),
            ("x_real_ip", "6.6.6.6"),
            ("api_key", "k"),
            ("x-real-ip", "6.6.6.6"),
            ("forwarded", "for=6.6.6.6"),
            ("content-length", "7"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
        ]);
        outward(
            &mut headers,
            &Peer::new("[::ffff:1.2.3.4]:5".parse().unwrap()),
            &HeaderValue::from_static("h"),
            &[],
            &Trust::default(),
        );
        let mut seen: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        seen.sort();
        assert_eq!(
            seen,
            [
                "api_key: k",
                "cookie: a=1; b=2",
                "forwarded: for=1.2.3.4;proto=http",
                "host: h",
                "te: trailers",
                "x-b: 2",
                "x-forwarded-for: 1.2.3.4",
                "x-forwarded-host: h",
                "x-forwarded-proto: http",
            ]
        );
    }

    #[test]
    fn a_proxy_of_ours_is_added_to_and_tells_no_facts_of_its_own() {
        let trust = Trust {
            told: vec![HeaderName::from_static("x-client-subject")],
            ..Trust::of(&["10.0.0.0/8"])
        };
        let sent = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "7.7.7.7"),
            ("forwarded", "for=6.6.6.6"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "outer"),
            ("x-real-ip", "6.6.6.6"),
            ("x-client-subject", "CN=root"),
            ("x_client_subject", "CN=root"),
        ];
        let told = (HeaderName::from_static("x-client-subject"), HeaderValue::from_static("CN=a"));
        for (address, ours) in [("10.1.2.3:4", true), ("11.1.2.3:4", false)] {
            let mut headers = map(&sent);
            let peer = Peer::over(address.parse().unwrap(), true).told(vec![told.clone()]);
            outward(&mut headers, &peer, &HeaderValue::from_static("h"), &[], &trust);
            let expected = if ours {
                [
                    ("forwarded", "for=6.6.6.6, for=10.1.2.3;proto=https"),
                    ("x-forwarded-for", "6.6.6.6, 7.7.7.7, 10.1.2.3"),
                    ("x-forwarded-host", "outer"),
                    ("x-real-ip", "6.6.6.6"),
                ]
            } else {
                [
                    ("forwarded", "for=11.1.2.3;proto=https"),
                    ("x-forwarded-for", "11.1.2.3"),
                    ("x-forwarded-host", "h"),
                    ("x-real-ip", ""),
                ]
            };
            for (name, value) in expected {
                let seen = headers.get(name).map_or("", |value| value.to_str().unwrap());
                assert_eq!(seen, value, "{address} {name}");
            }
            assert_eq!(headers.get("x-forwarded-proto").unwrap(), "https");
            assert_eq!(headers.get_all("x-client-subject").collect::<Vec<_>>(), ["CN=a"]);
            assert!(!headers.has("x_client_subject"));
        }
    }

    #[test]
    fn the_client_is_who_our_proxies_say_and_nobody_else() {
        let trust = Trust::of(&["10.0.0.0/8"]);
        for (peer, told, expected) in [
            ("10.0.0.1:1", "6.6.6.6, 7.7.7.7, 10.0.0.9, 10.0.0.1", "7.7.7.7"),
            ("10.0.0.1:1", "[2001:db8::1]:443, 10.0.0.1", "2001:db8::1"),
            ("10.0.0.1:1", "7.7.7.7:80, 10.0.0.1", "7.7.7.7"),
            ("10.0.0.1:1", "7.7.7.7, unknown, 10.0.0.9, 10.0.0.1", "10.0.0.9"),
            ("10.0.0.1:1", "10.0.0.1", "10.0.0.1"),
            ("9.9.9.9:1", "7.7.7.7, 9.9.9.9", "9.9.9.9"),
            ("[::ffff:9.9.9.9]:1", "9.9.9.9", "9.9.9.9"),
        ] {
            let headers = map(&[("x-forwarded-for", told)]);
            let seen = super::client(&headers, &Peer::new(peer.parse().unwrap()), &trust);
            assert_eq!(seen.to_string(), expected, "{peer} {told}");
        }
    }

    #[test]
    fn a_response_loses_what_its_connection_names() {
        let mut headers = map(&[
            ("connection", "x-secret"),
            ("x-secret", "1"),
            ("keep-alive", "t"),
            ("via", "1.0 b"),
        ]);
        inward(&mut headers);
        let vias: Vec<_> = headers.get_all("via").collect();
        assert_eq!(vias, ["1.0 b", "1.1 evergate"]);
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn max_forwards_counts_down() {
        let mut headers = map(&[("max-forwards", "1")]);
        assert!(goes_on(&mut headers));
        assert_eq!(headers.get("max-forwards").unwrap(), "0");
        assert!(!goes_on(&mut headers));
    }
}
