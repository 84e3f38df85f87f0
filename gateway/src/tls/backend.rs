//! TLS as the gateway speaks it to backends: always verified, against stated authorities.

use std::fmt;
use std::sync::{Arc, OnceLock};

use evergate_schemas::problem::{Place, Problem, Severity};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};

use super::provider::{CertificateRules, provider};
use super::{authorities, identity};
use crate::config::{BackendProtocol, BackendTls};

/// The authorities of the system, read once for all backends of a configuration.
#[derive(Debug, Default)]
pub struct SystemRoots(OnceLock<Arc<RootCertStore>>);

impl SystemRoots {
    /// Authorities that cannot be parsed are passed over: nobody here chose them.
    fn store(&self) -> Arc<RootCertStore> {
        let load = || {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Arc::new(store)
        };
        Arc::clone(self.0.get_or_init(load))
    }
}

/// TLS to one backend.
#[derive(Clone)]
pub struct ClientSide {
    config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
    mark: u64,
}

impl fmt::Debug for ClientSide {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientSide").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ClientSide {
    /// Reads all files; `place` is that of the backend.
    ///
    /// # Errors
    /// All that is wrong with the files, at the places where the config names them.
    pub fn load(
        (config, protocol): (&BackendTls, BackendProtocol),
        place: &Place,
        system: &SystemRoots,
        rules: CertificateRules,
        warnings: &mut Vec<Problem>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let provider = provider();
        let error = |what: String, remedy: &str| Problem {
            place: place.clone(),
            severity: Severity::Error,
            what,
            remedy: remedy.to_owned(),
        };
        let roots = match &config.ca {
            Some(file) => authorities::read(file).map_err(|problem| problems.push(problem)).ok(),
            None => Some(system.store()).filter(|store| !store.is_empty()).or_else(|| {
                let what =
                    "the system has no authorities that a backend's certificate could come from";
                problems.push(error(what.to_owned(), "write `tls: { ca: authorities.pem }`"));
                None
            }),
        };
        let identity = config.identity.as_ref().and_then(|(certificate, key)| {
            identity::read((certificate, key), &provider, rules, warnings)
                .map_err(|more| problems.extend(more))
                .ok()
        });
        let name = config.server_name.clone().and_then(|name| ServerName::try_from(name).ok());
        let (Some(roots), true) = (roots, problems.is_empty()) else { return Err(problems) };
        let mark = mark(config, protocol, &roots, identity.as_ref());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|fault| {
                vec![error(format!("TLS cannot be spoken: {fault}"), "use other certificates")]
            })?
            .with_root_certificates(roots);
        let mut made = match identity {
            Some(identity) => builder.with_client_cert_resolver(Arc::new(
                rustls::sign::SingleCertAndKey::from(Arc::unwrap_or_clone(identity.key)),
            )),
            None => builder.with_no_client_auth(),
        };
        let (one, two) = (b"http/1.1".to_vec(), b"h2".to_vec());
        made.alpn_protocols = match protocol {
            BackendProtocol::Http1 => vec![one],
            BackendProtocol::Http2 => vec![two],
            BackendProtocol::Auto => vec![two, one],
        };
        Ok(Self { config: Arc::new(made), name, mark })
    }

    /// For rustls.
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// The name that the certificate has to have, of an endpoint with this host.
    pub fn name(&self, host: &str) -> Option<ServerName<'static>> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        self.name.clone().or_else(|| ServerName::try_from(bare.to_owned()).ok())
    }

    /// Equal only where everything is that decides who is spoken to and as whom: connections of one are never used for
    /// another.
    pub const fn mark(&self) -> u64 {
        self.mark
    }
}

/// A digest of the settings and of what the files held.
fn mark(
    config: &BackendTls,
    protocol: BackendProtocol,
    roots: &RootCertStore,
    identity: Option<&identity::Identity>,
) -> u64 {
    let mut whole = Sha256::new();
    let mut part = |octets: &[u8]| {
        whole.update((octets.len() as u64).to_be_bytes());
        whole.update(octets);
    };
    part(format!("{protocol:?} {:?}", config.server_name).as_bytes());
    for root in &roots.roots {
        part(&root.subject);
        part(&root.subject_public_key_info);
        part(root.name_constraints.as_deref().unwrap_or_default());
    }
    part(b"identity");
    for certificate in identity.iter().flat_map(|identity| &identity.key.cert) {
        part(certificate);
    }
    let digest: [u8; 32] = whole.finalize().into();
    let mut first = [0; 8];
    first.copy_from_slice(digest.first_chunk::<8>().unwrap_or(&[0; 8]));
    u64::from_be_bytes(first)
}
