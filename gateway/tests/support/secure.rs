//! A client that speaks TLS, over real sockets.
#![allow(dead_code, reason = "not every test file uses all of it, and some use all")]

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificates::{Authority, Issued};
use super::support::{PATIENCE, Reply};

/// A client's settings.
#[derive(Clone)]
pub(crate) struct Client {
    config: ClientConfig,
}

impl Client {
    /// One that trusts this authority.
    pub(crate) fn new(authority: &Authority) -> Self {
        Self::with(authority, None, &[&rustls::version::TLS13, &rustls::version::TLS12])
    }

    pub(crate) fn with(
        authority: &Authority,
        identity: Option<&Issued>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            Some(issued) => {
                builder.with_client_auth_cert(vec![issued.der.clone()], issued.key()).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        Self { config }
    }

    /// The same, offering these protocols.
    pub(crate) fn offering(mut self, protocols: &[&str]) -> Self {
        self.config.alpn_protocols = protocols.iter().map(|one| one.as_bytes().to_vec()).collect();
        self
    }

    /// The handshake; the error is what broke it. Settings are shared, so that sessions are resumed.
    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
        name: &str,
    ) -> Result<TlsStream<TcpStream>, String> {
        let stream = TcpStream::connect(address).await.unwrap();
        self.over(stream, name).await
    }

    /// The same over a connection that something was written to before.
    pub(crate) async fn over(
        &self,
        stream: TcpStream,
        name: &str,
    ) -> Result<TlsStream<TcpStream>, String> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connector = TlsConnector::from(Arc::new(self.config.clone()));
        let handshake = timeout(PATIENCE, connector.connect(name, stream)).await;
        handshake.expect("no handshake in time").map_err(|error| error.to_string())
    }

    /// GET on a new connection. In TLS 1.3 a client learns only with the answer that it was refused.
    pub(crate) async fn get(
        &self,
        address: SocketAddr,
        name: &str,
        fields: &str,
    ) -> Result<Reply, String> {
        get(&mut self.connect(address, name).await?, fields).await
    }
}

/// GET on this connection.
pub(crate) async fn get(stream: &mut TlsStream<TcpStream>, fields: &str) -> Result<Reply, String> {
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut seen = Vec::new();
    loop {
        let read = timeout(PATIENCE, stream.read_buf(&mut seen)).await.expect("no answer in time");
        let text = String::from_utf8_lossy(&seen);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.split("content-length: ").nth(1).unwrap_or("0");
            let digits: String = length.chars().take_while(char::is_ascii_digit).collect();
            body.len() >= digits.parse::<usize>().unwrap()
        });
        if whole {
            return Ok(Reply::read(&text));
        }
        if read.map_err(|error| error.to_string())? == 0 {
            return Err("closed".to_owned());
        }
    }
}

/// The certificate that the gateway showed.
pub(crate) fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap().first().unwrap().clone()
}

/// Whether the session was taken up again.
pub(crate) fn is_resumed(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}
