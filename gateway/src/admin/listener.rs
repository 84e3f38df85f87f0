//! Where administrators connect: an address with or without TLS, or a socket in the file system.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use super::access::Peer;
use crate::tls::{Person, ServerSide};

/// What listens.
#[derive(Debug)]
pub(crate) enum Listener {
    /// At an address.
    Tcp(TcpListener),
    /// In the file system.
    Unix(UnixListener),
}

/// A connection that nothing was read from.
#[derive(Debug)]
pub(super) enum Accepted {
    Tcp(TcpStream, Arc<str>),
    Unix(UnixStream),
}

/// What HTTP is spoken over.
pub(super) trait Line: AsyncRead + AsyncWrite + Unpin + Send {}

impl<Any: AsyncRead + AsyncWrite + Unpin + Send> Line for Any {}

impl Listener {
    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok(Accepted::Tcp(stream, address.to_string().into()))
            }
            Self::Unix(listener) => {
                listener.accept().await.map(|(stream, _)| Accepted::Unix(stream))
            }
        }
    }
}

impl Accepted {
    /// Brings it to where HTTP begins, and says who is at the other end.
    pub(super) async fn open(
        self,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<(Box<dyn Line>, Peer)> {
        match (self, tls) {
            (Self::Unix(stream), _) => {
                let user = stream.peer_cred()?.uid();
                let from = format!("unix user {user}").into();
                let peer = Peer { from, user: Some(user), person: None, secure: false };
                Ok((Box::new(stream), peer))
            }
            (Self::Tcp(stream, from), None) => {
                let peer = Peer { from, user: None, person: None, secure: false };
                Ok((Box::new(stream), peer))
            }
            (Self::Tcp(stream, from), Some(tls)) => {
                let stream = TlsAcceptor::from(tls).accept(stream).await?;
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let person = shown.and_then(Person::read);
                let peer = Peer { from, user: None, person, secure: true };
                Ok((Box::new(stream), peer))
            }
        }
    }

    /// Says that there is no room, where that can be said without a handshake.
    pub(super) async fn turn_away(self, speaks_tls: bool) {
        const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        match self {
            Self::Tcp(mut stream, _) if !speaks_tls => drop(stream.write_all(FULL).await),
            Self::Tcp(..) => {}
            Self::Unix(mut stream) => drop(stream.write_all(FULL).await),
        }
    }
}

/// TLS as administrators are spoken to: HTTP/1.1 alone, which is all that is spoken behind it.
pub(super) fn http1(side: &ServerSide) -> Arc<ServerConfig> {
    let mut config = (*side.config()).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}
