//! The addresses behind the names of endpoints, looked up again when their records have lived their time.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use http::uri::Authority;
use tracing::{info, warn};

use super::endpoint::Endpoint;
use super::fleet::Fleet;
use super::pool::Pool;

/// Most addresses that are used of one name.
const ADDRESSES: usize = 256;

/// Looks names up.
#[derive(Clone)]
pub struct Names {
    resolver: TokioResolver,
}

impl fmt::Debug for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Names").finish_non_exhaustive()
    }
}

impl Names {
    /// Asks these servers, or those of the system where there are none. The text of an error says why the system's
    /// settings cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, String> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio().map_err(|error| error.to_string())?
        } else {
            let all = servers.iter().map(server).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), all);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        // an address that a host cannot reach would count as an endpoint that is down
        options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
        // what is looked up again is wanted anew
        options.cache_size = 0;
        Ok(Self { resolver: builder.build().map_err(|error| error.to_string())? })
    }

    /// The addresses of a name in their order, and how long they hold.
    async fn look_up(&self, host: &str) -> Result<(Vec<IpAddr>, Duration), String> {
        let found = self.resolver.lookup_ip(host).await.map_err(|error| error.to_string())?;
        let mut addresses: Vec<IpAddr> = found.iter().take(ADDRESSES).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let holds = found.valid_until().saturating_duration_since(Instant::now());
        if addresses.is_empty() {
            Err("it has no address".to_owned())
        } else {
            Ok((addresses, holds))
        }
    }
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}

/// The host that has to be looked up; `None` for an address.
pub fn name(authority: &Authority) -> Option<&str> {
    let host = authority.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_err().then_some(host)
}

/// What was found last of the names of a pool.
type Known = BTreeMap<String, Vec<SocketAddr>>;

/// Looks the names of a pool up once, and says after which time to do so again; `None` where it has none.
pub async fn resolve(pool: &Pool, fleet: &Fleet, names: &Names) -> Option<Duration> {
    let members = pool.members();
    // an endpoint for each authority as it is configured, in that order
    let mut configured: Vec<&Arc<Endpoint>> = Vec::new();
    for one in members.iter() {
        if !configured.iter().any(|other| other.place().authority == one.place().authority) {
            configured.push(one);
        }
    }
    let wanted = configured.iter().map(|one| &one.place().authority);
    let wanted: Vec<_> = wanted.filter_map(|own| Some((own, name(own)?))).collect();
    if wanted.is_empty() {
        return None;
    }
    let answers = join_all(wanted.iter().map(|(_, host)| names.look_up(host))).await;
    let dns = &pool.policy().dns;
    let usual = if pool.dial().tls.is_some() { 443 } else { 80 };
    let (mut known, mut again) = (Known::new(), dns.most);
    for ((authority, host), answer) in wanted.iter().zip(answers) {
        match answer {
            Ok((addresses, holds)) => {
                again = again.min(holds.max(dns.least));
                let port = authority.port_u16().unwrap_or(usual);
                let all: Vec<_> =
                    addresses.into_iter().map(|one| SocketAddr::new(one, port)).collect();
                if fleet.remember(authority, &all) {
                    info!(name = host, addresses = ?all, "the name has these addresses now");
                }
                known.insert(authority.to_string(), all);
            }
            Err(why) => {
                again = again.min(dns.least);
                warn!(name = host, why, "the name cannot be looked up; what was known of it stays");
            }
        }
    }
    let fresh = replaced(&members, &configured, (&known, fleet, pool));
    let same = |(one, other): (&Arc<Endpoint>, &Arc<Endpoint>)| Arc::ptr_eq(one, other);
    if fresh.len() != members.len() || !fresh.iter().zip(members.iter()).all(same) {
        pool.replace(fresh);
    }
    Some(again)
}

/// The endpoints at the addresses that are known now; what could not be looked up stays as it was.
fn replaced(
    members: &[Arc<Endpoint>],
    configured: &[&Arc<Endpoint>],
    (known, fleet, pool): (&Known, &Fleet, &Pool),
) -> Vec<Arc<Endpoint>> {
    let mut fresh = Vec::new();
    for one in configured {
        let authority = &one.place().authority;
        if let Some(addresses) = known.get(authority.as_str()) {
            let at = |address: &SocketAddr| fleet.beside(one, *address, pool.policy());
            fresh.extend(addresses.iter().map(at));
        } else {
            let own = members.iter().filter(|other| other.place().authority == *authority);
            fresh.extend(own.map(Arc::clone));
        }
    }
    fresh
}

/// Looks the names of a pool up for ever, from `first` on.
pub async fn follow(pool: Arc<Pool>, fleet: Arc<Fleet>, names: Names, first: Duration) {
    let mut wait = first;
    loop {
        tokio::time::sleep(wait).await;
        let Some(again) = resolve(&pool, &fleet, &names).await else { return };
        wait = again;
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn an_address_is_not_looked_up() {
        for (authority, wanted) in [
            ("127.0.0.1:80", None),
            ("[::1]:80", None),
            ("orders:80", Some("orders")),
            ("orders.default.svc.cluster.local", Some("orders.default.svc.cluster.local")),
        ] {
            assert_eq!(name(&authority.parse().unwrap()), wanted);
        }
    }
}
