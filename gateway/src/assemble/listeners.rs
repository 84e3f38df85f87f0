//! Listeners with their certificates, and whose word counts.

use std::path::PathBuf;
use std::time::SystemTime;

use evergate_schemas::problem::Problem;

use super::dials;
use crate::config::Config;
use crate::snapshot::{Listener, Snapshot, Trust};
use crate::tls::{CertificateRules, ServerSide};

/// All listeners of the config, or all problems with their files.
pub(super) fn listeners(
    config: &Config,
    previous: Option<&Snapshot>,
    warnings: &mut Vec<Problem>,
) -> Result<Vec<Listener>, Vec<Problem>> {
    let mut listeners = Vec::new();
    let mut problems = Vec::new();
    for (index, one) in config.listen.iter().enumerate() {
        let before = previous.and_then(|snapshot| snapshot.listener(index, one.address));
        let sessions = before.as_ref().and_then(|listener| listener.tls.as_ref());
        let tls = match &one.tls {
            None => None,
            Some(tls) => match ServerSide::load(tls, rules(previous), sessions, warnings) {
                Ok(made) => Some(made),
                Err(more) => {
                    problems.extend(more);
                    continue;
                }
            },
        };
        let proxy_protocol = one.proxy_protocol.clone();
        listeners.push(Listener { address: one.address, tls, proxy_protocol });
    }
    if problems.is_empty() { Ok(listeners) } else { Err(problems) }
}

/// TLS of the administrators' listener.
pub(super) fn admin(
    config: &Config,
    previous: Option<&Snapshot>,
    warnings: &mut Vec<Problem>,
) -> Result<Option<ServerSide>, Vec<Problem>> {
    let before = previous.and_then(|snapshot| snapshot.admin.as_ref());
    let load = |tls| ServerSide::load(tls, rules(previous), before, warnings);
    config.admin.tls.as_ref().map(load).transpose()
}

/// What certificates are held to. One that has expired does not take the place of another; at the start it is
/// only told, as not to start would take what has sound certificates down with it.
pub(super) fn rules(previous: Option<&Snapshot>) -> CertificateRules {
    CertificateRules { now: SystemTime::now(), fresh: previous.is_some() }
}

/// Whose word counts.
pub(super) fn trust(config: &Config) -> Trust {
    let clients = config.listen.iter().filter_map(|one| one.tls.as_ref()?.client.as_ref());
    let mut told: Vec<_> =
        clients.flat_map(|client| client.forward.iter().map(|(_, name)| name.clone())).collect();
    told.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    told.dedup();
    Trust { proxies: config.trusted_proxies.clone(), told }
}

/// Every file that has certificates, keys or authorities.
pub(super) fn files(config: &Config) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let listeners = config.listen.iter().filter_map(|one| one.tls.as_ref());
    for tls in listeners.chain(&config.admin.tls) {
        for one in &tls.certificates {
            files.push(one.certificate.path.clone());
            files.push(one.key.path.clone());
        }
        files.extend(tls.client.as_ref().map(|client| client.ca.path.clone()));
    }
    files.extend(dials::files(config));
    files.sort();
    files.dedup();
    files
}
