//! TLS as a listener speaks it, made of its config and files.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use evergate_schemas::problem::{Place, Problem, Severity};
use http::HeaderName;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::Ticketer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{
    ProducesTickets, ServerSessionMemoryCache, StoresServerSessions, WebPkiClientVerifier,
};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

use super::names::Names;
use super::provider::{CertificateRules, provider};
use super::{authorities, identity};
use crate::config::{ClientCertificates, ClientFact, ListenTls, TlsVersion};

/// Sessions of TLS 1.2 clients without tickets that are remembered.
const SESSIONS: usize = 4096;

/// What a listener asks of clients: sessions that were begun under one answer are never resumed under another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Demand {
    least: TlsVersion,
    require: bool,
    /// The authorities, in the order of the file.
    authorities: Vec<Vec<u8>>,
}

/// Where sessions are kept for resumption.
#[derive(Clone)]
struct Sessions {
    demand: Demand,
    tickets: Arc<dyn ProducesTickets>,
    store: Arc<dyn StoresServerSessions>,
}

/// TLS of one listener.
#[derive(Clone)]
pub struct ServerSide {
    config: Arc<ServerConfig>,
    sessions: Sessions,
    forward: Vec<(ClientFact, HeaderName)>,
    expiries: Vec<(PathBuf, SystemTime)>,
}

impl fmt::Debug for ServerSide {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServerSide").field("forward", &self.forward).finish_non_exhaustive()
    }
}

impl ServerSide {
    /// Reads all files. Sessions of `previous` can be resumed as long as the same is asked of clients.
    ///
    /// # Errors
    /// All that is wrong with the files, at the places where the config names them.
    pub fn load(
        config: &ListenTls,
        rules: CertificateRules,
        previous: Option<&Self>,
        warnings: &mut Vec<Problem>,
    ) -> Result<Self, Vec<Problem>> {
        let provider = provider();
        let mut problems = Vec::new();
        let mut names = Names::default();
        let mut expiries = Vec::new();
        for one in &config.certificates {
            let files = (&one.certificate, &one.key);
            match identity::read(files, &provider, rules, warnings) {
                Ok(found) => {
                    let own = if one.hosts.is_empty() { &found.facts.names } else { &one.hosts };
                    if own.is_empty() && config.certificates.len() > 1 {
                        warnings.push(nameless(&one.certificate.place));
                    }
                    names.add(own, &found.key);
                    expiries.push((one.certificate.path.clone(), found.facts.until));
                }
                Err(more) => problems.extend(more),
            }
        }
        let client = match &config.client {
            Some(client) => match verifier(client, &provider) {
                Ok(made) => Some(made),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            },
            None => None,
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let (verifier, authorities) = client.unzip();
        let demand = Demand {
            least: config.least,
            require: config.client.as_ref().is_some_and(|client| client.require),
            authorities: authorities.unwrap_or_default(),
        };
        let failed = |error: rustls::Error| {
            let place = config.certificates.first().map(|one| one.certificate.place.clone());
            place.map(|place| unusable(place, &error)).into_iter().collect::<Vec<_>>()
        };
        let sessions = match previous.map(|previous| &previous.sessions) {
            Some(sessions) if sessions.demand == demand => sessions.clone(),
            _ => Sessions {
                demand,
                tickets: Ticketer::new().map_err(failed)?,
                store: ServerSessionMemoryCache::new(SESSIONS),
            },
        };
        let versions: &[&SupportedProtocolVersion] = match config.least {
            TlsVersion::V12 => &[&TLS13, &TLS12],
            TlsVersion::V13 => &[&TLS13],
        };
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(failed)?;
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut made = builder.with_cert_resolver(Arc::new(names));
        // early data could be replayed by anybody who saw it (RFC 8446 §8), and a gateway cannot tell what is safe
        made.max_early_data_size = 0;
        made.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        made.ticketer = Arc::clone(&sessions.tickets);
        made.session_storage = Arc::clone(&sessions.store);
        let forward = config.client.as_ref().map(|client| client.forward.clone());
        let forward = forward.unwrap_or_default();
        Ok(Self { config: Arc::new(made), sessions, forward, expiries })
    }

    /// For rustls.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// The last moment of each certificate, by its file.
    pub fn expiries(&self) -> &[(PathBuf, SystemTime)] {
        &self.expiries
    }

    /// What backends are told of a client's certificate, and in which field.
    pub fn forward(&self) -> &[(ClientFact, HeaderName)] {
        &self.forward
    }
}

type Verifier = (Arc<dyn ClientCertVerifier>, Vec<Vec<u8>>);

fn verifier(
    client: &ClientCertificates,
    provider: &Arc<CryptoProvider>,
) -> Result<Verifier, Problem> {
    let roots = authorities::read(&client.ca)?;
    let known = roots
        .roots
        .iter()
        .map(|root| [&root.subject[..], &root.subject_public_key_info[..]].concat());
    let known = known.collect();
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    let builder = if client.require { builder } else { builder.allow_unauthenticated() };
    let verifier = builder.build().map_err(|error| {
        let what = format!("{} cannot be used: {error}", client.ca.path.display());
        super::pem::fault(&client.ca, what, "name a file with authorities in PEM")
    })?;
    Ok((verifier, known))
}

fn nameless(place: &Place) -> Problem {
    Problem {
        place: place.clone(),
        severity: Severity::Warning,
        what: "the certificate has no DNS name, so it is never shown for one".to_owned(),
        remedy: "write `hosts: [...]` beside it".to_owned(),
    }
}

fn unusable(place: Place, error: &rustls::Error) -> Problem {
    let what = format!("TLS cannot be served: {error}");
    Problem { place, severity: Severity::Error, what, remedy: "use other certificates".to_owned() }
}
