//! How backends are spoken to, with the files that this takes.

use std::path::PathBuf;

use evergate_schemas::problem::Problem;

use super::tracking::Sources;
use crate::config::{ApiConfig, Config};
use crate::tls::{CertificateRules, ClientSide, SystemRoots};
use crate::upstream::Dial;

/// What all backends of a configuration are loaded by.
#[derive(Debug)]
pub(super) struct Grounds {
    pub(super) rules: CertificateRules,
    pub(super) system: SystemRoots,
    /// Where all requests say whose they are.
    pub(super) sources: Sources,
}

/// One for each backend of an api, and what is odd about them.
pub(super) fn dials(
    config: &ApiConfig,
    grounds: &Grounds,
) -> Result<(Vec<Dial>, Vec<Problem>), Vec<Problem>> {
    let (mut dials, mut warnings, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for backend in &config.backends {
        let protocol = backend.protocol;
        let Some(tls) = &backend.tls else {
            dials.push(Dial { protocol, tls: None });
            continue;
        };
        let made = ClientSide::load(
            (tls, protocol),
            &backend.place,
            &grounds.system,
            grounds.rules,
            &mut warnings,
        );
        match made {
            Ok(made) => dials.push(Dial { protocol, tls: Some(made) }),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok((dials, warnings)) } else { Err(problems) }
}

/// Every file that has certificates, keys or authorities.
pub(super) fn files(config: &Config) -> impl Iterator<Item = PathBuf> {
    let backends = config.apis.iter().flat_map(|api| &api.backends);
    backends.filter_map(|backend| backend.tls.as_ref()).flat_map(|tls| {
        let shown = tls.identity.iter().flat_map(|(certificate, key)| [certificate, key]);
        tls.ca.iter().chain(shown).map(|file| file.path.clone())
    })
}
