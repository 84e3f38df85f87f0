//! The whole snapshot: all apis, found by host and path, with the bounds that hold for every request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;

use super::api::{Api, ConversionLimits};
use super::lines::Lines;
use super::listener::{Listener, Trust};
use super::meter::ExchangeMeter;
use crate::ledger::Access;
use crate::otel::Exporter;
use crate::tls::ServerSide;
use crate::upstream::{ClientSettings, Pace};

/// Bounds of every exchange.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Longest request target, in octets.
    pub target: usize,
    /// Most requests in flight.
    pub requests: usize,
    /// Largest request body that is held to be converted, in octets.
    pub body: usize,
    /// Most octets of request bodies held at once, over all exchanges.
    pub held_bodies: usize,
    /// Slowest that a request body may come in.
    pub pace: Pace,
    /// Longest silence of a backend in the middle of a response body.
    pub silence: Duration,
    /// Most octets of a coded response without its content coding.
    pub decoded: usize,
    /// Most octets without content coding for each octet with it.
    pub ratio: usize,
    /// What the byte machine may use.
    pub conversion: ConversionLimits,
}

/// Everything a request may read.
#[derive(Debug)]
pub struct Snapshot {
    /// Counts up from 1 with each snapshot that came into use.
    pub generation: u64,
    /// When it was made: no representation by its rules is older.
    pub loaded: SystemTime,
    /// The digest of all files it was made from, in hex: equal on every replica with equal files.
    pub digest: String,
    /// The same of certificates and keys, which may differ between replicas.
    pub certificates: String,
    /// Where traffic is taken, in the order of the config.
    pub listeners: Vec<Arc<Listener>>,
    /// TLS of the administrators' listener; `None` for cleartext.
    pub admin: Option<ServerSide>,
    /// Whose word on clients counts.
    pub trust: Trust,
    /// All apis.
    pub apis: Vec<Arc<Api>>,
    /// Where the config has each of them, in the same order.
    pub lines: Vec<Lines>,
    /// Bounds.
    pub bounds: Bounds,
    /// Who is asked for the addresses of names; none for the servers of the system.
    pub name_servers: Vec<SocketAddr>,
    /// How backends are reached.
    pub client: ClientSettings,
    /// Where exchanges are told of, if anywhere.
    pub access: Option<Arc<Access>>,
    /// Who brings spans to a collector, if somebody does.
    pub exporter: Option<Arc<Exporter>>,
    /// Counts what matched no api.
    pub homeless: ExchangeMeter,
}

/// The one place where the snapshot in use is kept.
pub type Shared = ArcSwap<Snapshot>;

impl Snapshot {
    /// What holds at the address that was bound as number `index`: the listener of that number, or another one of
    /// that address if the list was changed.
    pub fn listener(&self, index: usize, address: SocketAddr) -> Option<&Arc<Listener>> {
        let same = |listener: &&Arc<Listener>| listener.address == address;
        self.listeners.get(index).filter(same).or_else(|| self.listeners.iter().find(same))
    }

    /// The api for a lower-case host without port and a path in normal form: an api that names the host before
    /// one that does not, a longer path before a shorter one.
    pub fn api(&self, host: &str, path: &str) -> Option<&Arc<Api>> {
        self.matching(host, path)
            .max_by_key(|(rank, api)| (*rank, api.prefix.len()))
            .map(|(_, api)| api)
    }

    /// All apis that host and path fit, each with how closely the host fits: 2 by name, 1 by a wildcard, 0 as any.
    pub fn matching<'a, 'text>(
        &'a self,
        host: &'text str,
        path: &'text str,
    ) -> impl Iterator<Item = (u8, &'a Arc<Api>)> + use<'a, 'text> {
        self.apis
            .iter()
            .filter_map(move |api| Some((host_rank(&api.hosts, host)?, api)))
            .filter(move |(_, api)| is_under(path, &api.prefix))
    }
}

/// Whether a path is the prefix itself or below it, by whole segments.
fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// 2 for a host by name, 1 for a wildcard, 0 for an api of all hosts, `None` for another host.
fn host_rank(hosts: &[String], host: &str) -> Option<u8> {
    if hosts.is_empty() {
        return Some(0);
    }
    let rank = |pattern: &String| match pattern.strip_prefix('*') {
        Some(suffix) => (host.len() > suffix.len() && host.ends_with(suffix)).then_some(1),
        None => (pattern == host).then_some(2),
    };
    hosts.iter().filter_map(rank).max()
}

#[cfg(test)]
mod tests {
    use super::{host_rank, is_under};

    #[test]
    fn a_prefix_ends_at_a_segment() {
        assert!(is_under("/orders", "/orders"));
        assert!(is_under("/orders/1", "/orders"));
        assert!(!is_under("/orders2", "/orders"));
        assert!(is_under("/x", ""));
    }

    #[test]
    fn a_named_host_ranks_above_a_wildcard() {
        let hosts = ["*.example.com".to_owned(), "api.example.com".to_owned()];
        assert_eq!(host_rank(&hosts, "api.example.com"), Some(2));
        assert_eq!(host_rank(&hosts, "x.example.com"), Some(1));
        assert_eq!(host_rank(&hosts, "example.com"), None);
        assert_eq!(host_rank(&[], "any"), Some(0));
    }
}
