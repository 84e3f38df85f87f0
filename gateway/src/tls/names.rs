//! Which certificate is shown for the name that a client asks for (RFC 6066 §3).

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Certificates by name.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Whole names, and with `*.` in front those of any one label. Several for keys of different kinds.
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// For clients that name no host, or an unknown one: they judge what they get.
    first: Vec<Arc<CertifiedKey>>,
}

impl Names {
    /// Adds a certificate; of two that fit, the earlier one is shown.
    pub(super) fn add(&mut self, names: &[String], key: &Arc<CertifiedKey>) {
        self.first.push(Arc::clone(key));
        for name in names {
            self.by_name.entry(name.clone()).or_default().push(Arc::clone(key));
        }
    }

    /// Those for a name, a whole one before a wildcard.
    fn of(&self, name: Option<&str>) -> &[Arc<CertifiedKey>] {
        let Some(name) = name else { return &self.first };
        // rustls takes names in any spelling; the table has them in lower case
        let name = name.to_ascii_lowercase();
        let wild = || self.by_name.get(&format!("*.{}", name.split_once('.')?.1));
        self.by_name.get(&name).or_else(wild).unwrap_or(&self.first)
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let found = self.of(hello.server_name());
        let signs =
            |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        found.iter().find(signs).or_else(|| found.first()).cloned()
    }
}
