//! A request in normal form: one host, one path, one framing, or a refusal.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{EXPECT, HOST, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery};
use http::{Method, Uri, Version};

use super::fields::has_outer_blanks;
use super::normal::{authority, check_authority, check_path, check_query, host};
use crate::refusal::Refusal;
use crate::snapshot::Bounds;
use crate::wire::{RequestHead, Seat, of_request};

/// Room for a node of `Forwarded` with the longest address and scheme.
const LONGEST_NODE: usize = 64;

/// Who is at the other end of a connection, with the fields that say so ready to be written.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Address and port.
    pub address: SocketAddr,
    pub(crate) forwarded_for: HeaderValue,
    pub(crate) forwarded: HeaderValue,
    /// What backends are told of its certificate.
    pub(crate) told: Vec<(HeaderName, HeaderValue)>,
    /// The subject of its certificate.
    pub(crate) subject: Option<HeaderValue>,
    /// Its connection, where it hears of interim answers.
    pub(crate) client: Option<Arc<Seat>>,
    secure: bool,
}

impl Peer {
    /// The peer of an accepted connection in cleartext.
    pub fn new(address: SocketAddr) -> Self {
        Self::over(address, false)
    }

    /// The peer of an accepted connection, and whether it is under TLS.
    pub fn over(address: SocketAddr, secure: bool) -> Self {
        let mut text = BytesMut::with_capacity(LONGEST_NODE);
        let (from, to) = match address.ip().to_canonical() {
            IpAddr::V4(ip) => {
                text.extend_from_slice(b"for=");
                dotted(&mut text, ip);
                (4, text.len())
            }
            IpAddr::V6(ip) => {
                // there is room for all that it writes
                let _ = write!(text, "for=\"[{ip}]\"");
                (6, text.len() - 2)
            }
        };
        text.extend_from_slice(b";proto=");
        text.extend_from_slice(if secure { b"https" } else { b"http" });
        let text = text.freeze();
        let value = |text: Bytes| {
            HeaderValue::from_maybe_shared(text).unwrap_or(HeaderValue::from_static("unknown"))
        };
        Self {
            address,
            forwarded_for: value(text.slice(from..to)),
            forwarded: value(text),
            told: Vec::new(),
            subject: None,
            client: None,
            secure,
        }
    }

    /// The same, with fields that tell backends about its certificate.
    #[must_use]
    pub fn told(mut self, fields: Vec<(HeaderName, HeaderValue)>) -> Self {
        self.told = fields;
        self
    }

    /// The same, known by its certificate.
    #[must_use]
    pub fn known_as(mut self, subject: Option<HeaderValue>) -> Self {
        self.subject = subject;
        self
    }

    /// The scheme by which it reached the gateway.
    pub(crate) const fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// Writes an address as its display does, without the machinery that knows of widths.
fn dotted(text: &mut BytesMut, ip: Ipv4Addr) {
    for (index, octet) in ip.octets().into_iter().enumerate() {
        if index > 0 {
            text.put_u8(b'.');
        }
        for (least, power) in [(100, 100), (10, 10), (0, 1)] {
            if octet >= least {
                text.put_u8(b'0' + octet / power % 10);
            }
        }
    }
}

/// What is known of a request before any version is.
#[derive(Debug)]
pub(crate) struct Inbound {
    /// The host and port asked for, as sent.
    pub(crate) authority: HeaderValue,
    /// The host alone, where it came in capitals.
    lower: Option<Box<str>>,
    /// Path and query, checked.
    pub(crate) target: PathAndQuery,
}

impl Inbound {
    /// Brings a request's head into normal form.
    pub(crate) fn read(head: &RequestHead, bounds: &Bounds, peer: &Peer) -> Result<Self, Refusal> {
        // the one who reads the body asked the same, and reads none of a message that this refuses
        of_request(head.version.min(Version::HTTP_11), &head.headers).map_err(Refusal::Framing)?;
        if head.version == Version::HTTP_2 && has_outer_blanks(&head.headers) {
            let why = "a field value begins or ends with a blank; leave it out";
            return Err(Refusal::Head(why));
        }
        let authority = one_authority(head, peer)?;
        if head.method == Method::CONNECT || head.method == Method::TRACE {
            return Err(Refusal::Method(head.method.to_string()));
        }
        let target = target(&head.uri, bounds)?;
        if let Some(expect) = head.headers.get(EXPECT)
            && !expect.as_bytes().eq_ignore_ascii_case(b"100-continue")
        {
            return Err(Refusal::Expectation);
        }
        let own = host(authority.to_str().unwrap_or_default());
        let capitals = own.bytes().any(|byte| byte.is_ascii_uppercase());
        let lower = capitals.then(|| own.to_ascii_lowercase().into());
        Ok(Self { authority, lower, target })
    }

    /// The same with another query.
    ///
    /// # Errors
    /// When that is no query of a request.
    pub(crate) fn with_query(&self, query: &str) -> Result<Self, Refusal> {
        check_query(query).map_err(Refusal::Target)?;
        let target = super::outbound::target(self.path(), query)?;
        Ok(Self { authority: self.authority.clone(), lower: self.lower.clone(), target })
    }

    /// The host alone, lower case.
    pub(crate) fn host(&self) -> &str {
        let own = || host(self.authority.to_str().unwrap_or_default());
        self.lower.as_deref().unwrap_or_else(own)
    }

    pub(crate) fn path(&self) -> &str {
        self.target.path()
    }

    pub(crate) fn query(&self) -> Option<&str> {
        self.target.query()
    }
}

fn one_authority(head: &RequestHead, peer: &Peer) -> Result<HeaderValue, Refusal> {
    let mut hosts = head.headers.get_all(HOST);
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Refusal::Host("the request has more than one Host; send one"));
    }
    let text = host.map(check_authority).transpose().map_err(Refusal::Host)?;
    let target = head
        .uri
        .authority()
        .map(|target| authority(target.as_str()))
        .transpose()
        .map_err(Refusal::Host)?;
    match (host, target) {
        (_, Some(target)) if text.is_some_and(|text| !same(text, &target, peer)) => {
            let why =
                "the Host differs from the authority of the request target; send the same in both";
            Err(Refusal::Host(why))
        }
        (_, Some(target)) if head.version >= Version::HTTP_2 => {
            HeaderValue::try_from(target.as_str())
                .map_err(|_| Refusal::Host("the authority is not a field value"))
        }
        (Some(host), _) => Ok(host.clone()),
        // RFC 9112 §3.2: an absolute-form request must have a Host too
        (None, _) => Err(Refusal::Host("the request has no Host; send one")),
    }
}

/// Equal but for case and the port that the scheme implies.
fn same(text: &str, target: &Authority, peer: &Peer) -> bool {
    let usual = if peer.secure { 443 } else { 80 };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(usual);
    authority(text).is_ok_and(|own| {
        own.host().eq_ignore_ascii_case(target.host()) && port(&own) == port(target)
    })
}

fn target(uri: &Uri, bounds: &Bounds) -> Result<PathAndQuery, Refusal> {
    if uri.scheme_str().is_some_and(|scheme| scheme != "http" && scheme != "https") {
        return Err(Refusal::Target(
            "the request target has another scheme than http; send an absolute path",
        ));
    }
    let Some(target) = uri.path_and_query() else {
        return Err(Refusal::Target("the request target has no path; send an absolute path"));
    };
    if target.as_str().len() > bounds.target {
        return Err(Refusal::TargetTooLong(bounds.target));
    }
    check_path(target.path()).map_err(Refusal::Target)?;
    check_query(target.query().unwrap_or_default()).map_err(Refusal::Target)?;
    Ok(target.clone())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::{LONGEST_NODE, Peer};

    #[track_caller]
    fn check(ip: IpAddr, secure: bool) {
        let peer = Peer::over((ip, 9).into(), secure);
        let (shown, proto) = (ip.to_canonical(), if secure { "https" } else { "http" });
        let node = if shown.is_ipv6() { format!("\"[{shown}]\"") } else { shown.to_string() };
        assert_eq!(peer.forwarded, format!("for={node};proto={proto}"));
        assert_eq!(peer.forwarded_for, shown.to_string());
        assert!(peer.forwarded.len() <= LONGEST_NODE);
    }

    #[test]
    fn edges_of_addresses_are_told_as_they_are_shown() {
        for ip in ["0.0.0.0", "9.10.99.100", "255.255.255.255", "::1", "::ffff:1.2.3.4"] {
            check(ip.parse().unwrap(), false);
        }
        check(IpAddr::from([0xff; 16]), true);
    }

    proptest! {
        #[test]
        fn any_address_is_told_as_it_is_shown(four: [u8; 4], six: [u8; 16], secure: bool) {
            check(four.into(), secure);
            check(six.into(), secure);
        }
    }
}
