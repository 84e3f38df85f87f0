//! TLS as the command line speaks it to a gateway's administrators' listener: always verified.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::backend::{ClientSide, SystemRoots};
use super::provider::CertificateRules;
use crate::config::{BackendProtocol, BackendTls, FileConfig};

/// TLS to a gateway.
pub(crate) struct OperatorSide(ClientSide);

impl fmt::Debug for OperatorSide {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("OperatorSide")
    }
}

impl OperatorSide {
    /// Reads the files: authorities, and a certificate with its key.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(crate) fn load(
        ca: Option<&Path>,
        shown: Option<(&Path, &Path)>,
    ) -> Result<Self, Vec<Problem>> {
        let place = |path: &Path| Place {
            file: path.display().to_string().into(),
            line: 0,
            column: 0,
            pointer: Pointer::root(),
        };
        let file = |path: &Path| FileConfig { path: path.to_owned(), place: place(path) };
        let config = BackendTls {
            ca: ca.map(file),
            server_name: None,
            identity: shown.map(|(certificate, key)| (file(certificate), file(key))),
        };
        let rules = CertificateRules { now: SystemTime::now(), fresh: true };
        let whole = (&config, BackendProtocol::Http1);
        let (system, mut warnings) = (SystemRoots::default(), Vec::new());
        let own = place(Path::new("--admin-ca"));
        ClientSide::load(whole, &own, &system, rules, &mut warnings).map(Self)
    }

    /// For a gateway that is called by this name or address.
    pub(crate) fn of(&self, host: &str) -> Option<(Arc<ClientConfig>, ServerName<'static>)> {
        Some((self.0.config(), self.0.name(host)?))
    }
}
