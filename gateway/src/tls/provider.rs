//! The one provider of cryptography, and what every certificate is held to.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;

/// A certificate that is good for less than this is told as a warning.
pub(super) const SOON: Duration = Duration::from_hours(14 * 24);

/// ring, passed to each configuration: what is installed for a process depends on who came first.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// Octets that nobody can guess.
///
/// # Errors
/// When the system has no randomness.
pub(crate) fn random<const OCTETS: usize>() -> io::Result<[u8; OCTETS]> {
    let mut drawn = [0; OCTETS];
    let filled = provider().secure_random.fill(&mut drawn);
    filled.map_err(|_| io::Error::other("the system has no randomness"))?;
    Ok(drawn)
}

/// What a certificate is judged by when it is loaded.
#[derive(Clone, Copy, Debug)]
pub struct CertificateRules {
    /// The time.
    pub now: SystemTime,
    /// Whether one that has expired is an error, and not a warning.
    pub fresh: bool,
}
