//! A connection of a client, in the clear or by TLS.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::fault::{During as _, Outcome};

/// The name in the certificate.
pub(crate) const HOST: &str = "localhost";

/// TLS that trusts one authority and speaks one cipher suite, so that all peers encrypt alike.
pub(crate) fn client_config(authority: CertificateDer<'static>) -> Outcome<Arc<ClientConfig>> {
    let mut provider = rustls::crypto::ring::default_provider();
    let suite = rustls::CipherSuite::TLS13_AES_128_GCM_SHA256;
    provider.cipher_suites.retain(|one| one.suite() == suite);
    let mut roots = RootCertStore::empty();
    roots.add(authority).during("the authority is not trusted")?;
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .during("TLS 1.3 cannot be spoken")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Octets to a peer and from it.
pub(crate) struct Stream {
    pub(crate) socket: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

impl Stream {
    pub(crate) fn new(socket: TcpStream, tls: Option<&Arc<ClientConfig>>) -> Outcome<Self> {
        let name = ServerName::try_from(HOST).during("no name for TLS")?;
        let tls = tls.map(|config| ClientConnection::new(Arc::clone(config), name));
        let tls = tls.transpose().during("no TLS")?.map(Box::new);
        Ok(Self { socket, tls })
    }

    /// Whether a short read means that the socket is empty.
    pub(crate) fn is_plain(&self) -> bool {
        self.tls.is_none()
    }

    /// Takes octets to send; what cannot be sent yet of a TLS stream goes with [`Self::flush`].
    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.write(octets) };
        let count = tls.writer().write(octets)?;
        self.flush()?;
        Ok(count)
    }

    /// Sends what waits to be sent, as far as it goes.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.wants_write() {
            match tls.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.read(buffer) };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            if tls.read_tls(&mut self.socket)? == 0 {
                return Ok(0);
            }
            tls.process_new_packets().map_err(io::Error::other)?;
            while tls.wants_write() {
                tls.write_tls(&mut self.socket)?;
            }
        }
    }
}
