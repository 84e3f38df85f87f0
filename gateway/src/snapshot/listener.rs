//! A place where traffic is taken, with what holds there, and whose word on others counts.

use std::net::{IpAddr, SocketAddr};

use http::HeaderName;

use crate::config::Cidr;
use crate::tls::ServerSide;

/// What holds for connections that come in at one address.
#[derive(Debug)]
pub struct Listener {
    /// The address as configured.
    pub address: SocketAddr,
    /// Its TLS; `None` for cleartext.
    pub tls: Option<ServerSide>,
    /// The sources that connections are taken from, each with a PROXY protocol header; `None` for no such header.
    pub proxy_protocol: Option<Vec<Cidr>>,
}

impl Listener {
    /// Whether nothing comes before HTTP.
    pub const fn is_plain(&self) -> bool {
        self.tls.is_none() && self.proxy_protocol.is_none()
    }
}

/// Whose word on a client counts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Proxies in front: their `Forwarded` and `X-Forwarded-*` are added to, those of everybody else replaced.
    pub proxies: Vec<Cidr>,
    /// Fields in which backends are told facts about clients' certificates. Nobody else may write them, at no listener.
    pub told: Vec<HeaderName>,
}

impl Trust {
    /// Trust in these blocks of addresses.
    #[cfg(test)]
    pub(crate) fn of(blocks: &[&str]) -> Self {
        let proxies = blocks.iter().filter_map(|block| Cidr::parse(block)).collect();
        Self { proxies, told: Vec::new() }
    }

    /// Whether this peer is a proxy of ours.
    pub fn is_proxy(&self, peer: IpAddr) -> bool {
        self.proxies.iter().any(|block| block.covers(peer))
    }
}
