//! How the endpoints of a backend are spoken to.

use crate::config::BackendProtocol;
use crate::tls::ClientSide;

/// By which HTTP, and under what TLS.
#[derive(Clone, Debug, Default)]
pub struct Dial {
    /// By which HTTP.
    pub protocol: BackendProtocol,
    /// Under what TLS; `None` for cleartext.
    pub tls: Option<ClientSide>,
}

impl Dial {
    /// The port of an endpoint that says none.
    pub const fn usual_port(&self) -> u16 {
        if self.tls.is_some() { 443 } else { 80 }
    }

    /// Equal where connections of one can be used for the other: the same HTTP, authorities and identity.
    pub const fn mark(&self) -> u64 {
        match (&self.tls, self.protocol) {
            (Some(tls), _) => tls.mark(),
            (None, BackendProtocol::Http2) => 1,
            (None, BackendProtocol::Http1 | BackendProtocol::Auto) => 0,
        }
    }
}
