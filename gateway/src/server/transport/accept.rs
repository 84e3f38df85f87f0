//! What happens before HTTP: the PROXY header, the TLS handshake, and whom the client's certificate names.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::crowd::{Crowd, Present};
use super::proxy::{self, Malformed};
use crate::config::ClientFact;
use crate::server::connection::Protocol;
use crate::snapshot::Listener;
use crate::tls::{Person, ServerSide};
use crate::wire::Stream;

/// A connection that HTTP can be read from.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// What it is read from.
    pub(crate) stream: Stream,
    /// The client, also behind a proxy that says so.
    pub(crate) address: SocketAddr,
    /// The protocol that was agreed on; `None` where its first octets tell.
    pub(crate) protocol: Option<Protocol>,
    /// Whether the client spoke TLS, to us or to the proxy.
    pub(crate) secure: bool,
    /// What backends are told of the client's certificate.
    pub(crate) told: Vec<(HeaderName, HeaderValue)>,
    /// The subject of its certificate.
    pub(crate) subject: Option<HeaderValue>,
    /// Counts the connection as one of its address; `None` where that is not counted.
    pub(crate) present: Option<Present>,
}

impl Arrival {
    /// A connection to a listener where nothing comes before HTTP.
    pub(crate) fn plain(
        (stream, address): (TcpStream, SocketAddr),
        gates: &Gates,
        counted: impl Fn(IpAddr) -> Option<usize>,
    ) -> Result<Self, Refused> {
        let present = gates.enter(address.ip(), counted)?;
        Ok(Self::cleartext((stream, address), false, present))
    }

    fn cleartext(
        (stream, address): (TcpStream, SocketAddr),
        secure: bool,
        present: Option<Present>,
    ) -> Self {
        let stream = Stream::Tcp(stream);
        Self { stream, address, protocol: None, secure, told: Vec::new(), subject: None, present }
    }
}

/// What holds back those who come in numbers.
#[derive(Clone, Debug)]
pub(crate) struct Gates {
    /// As many permits as TLS handshakes may be under way.
    pub(crate) handshakes: Arc<Semaphore>,
    /// Who is there.
    pub(crate) crowd: Arc<Crowd>,
}

impl Gates {
    /// Lets one more in from this address, if it is counted.
    fn enter(
        &self,
        address: IpAddr,
        counted: impl Fn(IpAddr) -> Option<usize>,
    ) -> Result<Option<Present>, Refused> {
        let Some(most) = counted(address) else { return Ok(None) };
        self.crowd.enter(address, most).map(Some).ok_or(Refused::Crowded)
    }
}

/// Why a connection ends before HTTP.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// Only proxies may connect here.
    #[error("the source is none of those under `proxy_protocol`")]
    Source,
    /// As many connections are open from there as may.
    #[error("`limits.connections_per_address` connections are open from this address")]
    Crowded,
    /// The proxy does not speak as it should.
    #[error(transparent)]
    Proxy(#[from] Malformed),
    /// There is no TLS with this client.
    #[error("the TLS handshake failed: {0}")]
    Handshake(std::io::Error),
    /// The session was resumed after its time.
    #[error("the client's certificate has expired")]
    Expired,
    /// It took longer than a head may.
    #[error("the connection did not get to HTTP in time")]
    Late,
    /// The gateway goes down.
    #[error("the gateway is stopping")]
    Stopping,
}

impl Refused {
    /// A word for counting.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Crowded => "address",
            Self::Proxy(_) => "proxy-header",
            Self::Handshake(_) => "handshake",
            Self::Expired => "expired",
            Self::Late => "late",
            Self::Stopping => "stopping",
        }
    }
}

/// Brings a connection to where HTTP begins. The whole is the caller's to time out. Of those that are `counted`, by an
/// address that a proxy may have told, no more than so many are let in at once.
pub(crate) async fn accept(
    (mut stream, address): (TcpStream, SocketAddr),
    listener: &Listener,
    gates: &Gates,
    counted: impl Fn(IpAddr) -> Option<usize>,
) -> Result<Arrival, Refused> {
    let mut arrival = (address, false);
    let mut is_client = true;
    if let Some(from) = &listener.proxy_protocol {
        if !from.iter().any(|block| block.covers(address.ip())) {
            return Err(Refused::Source);
        }
        let said = proxy::read(&mut stream).await?;
        arrival = (said.source.unwrap_or(address), said.secure);
        // what a proxy says for itself is about nobody else
        is_client = said.source.is_some();
    }
    let (address, secure) = arrival;
    let present = if is_client { gates.enter(address.ip(), counted)? } else { None };
    let Some(tls) = &listener.tls else {
        return Ok(Arrival::cleartext((stream, address), secure, present));
    };
    // who sends nothing waits for itself alone, and takes no turn from others
    let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await;
    let begun = begun.map_err(Refused::Handshake)?;
    let turn = gates.handshakes.acquire().await.map_err(|_| Refused::Stopping)?;
    let stream = begun.into_stream(tls.config()).await.map_err(Refused::Handshake)?;
    drop(turn);
    // without ALPN there is no HTTP/2 (RFC 9113 §3.2)
    let protocol = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    let (told, subject) = told(&stream, tls)?;
    let stream = Stream::Tls(Box::new(stream.into()));
    let protocol = Some(protocol);
    Ok(Arrival { stream, address, protocol, secure: true, told, subject, present })
}

/// What is said to backends of a client's certificate, and its subject.
type Facts = (Vec<(HeaderName, HeaderValue)>, Option<HeaderValue>);

/// What backends are told of the client.
fn told(stream: &TlsStream<TcpStream>, tls: &ServerSide) -> Result<Facts, Refused> {
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let Some(person) = shown.and_then(Person::read) else {
        return Ok(Facts::default());
    };
    if person.is_expired(SystemTime::now()) {
        return Err(Refused::Expired);
    }
    let value = |fact: ClientFact| match fact {
        ClientFact::Subject => HeaderValue::try_from(&*person.subject),
        ClientFact::Fingerprint => HeaderValue::try_from(&*person.fingerprint),
        // a byte sequence of structured fields (RFC 9440 §2.1, RFC 9651 §3.3.5)
        ClientFact::Certificate => {
            HeaderValue::try_from(format!(":{}:", STANDARD.encode(&person.certificate)))
        }
    };
    let fields = tls.forward().iter();
    let told = fields.filter_map(|(fact, name)| Some((name.clone(), value(*fact).ok()?)));
    Ok((told.collect(), HeaderValue::try_from(&*person.subject).ok()))
}
