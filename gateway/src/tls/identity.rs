//! A certificate's chain with its key: they fit, and the time is right.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use evergate_schemas::problem::{Problem, Severity};
use jiff::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::certificate::Facts;
use super::pem;
use super::provider::{CertificateRules, SOON};
use crate::config::FileConfig;

/// A key and the chain that speaks for it.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) facts: Facts,
}

/// Reads both files. What is only odd is put to the warnings.
pub(super) fn read(
    (certificate, key): (&FileConfig, &FileConfig),
    provider: &CryptoProvider,
    rules: CertificateRules,
    warnings: &mut Vec<Problem>,
) -> Result<Identity, Vec<Problem>> {
    let (chain, private) = match (pem::certificates(certificate), pem::key(key)) {
        (Ok(chain), Ok(private)) => (chain, private),
        (chain, private) => return Err(chain.err().into_iter().chain(private.err()).collect()),
    };
    let path = certificate.path.display();
    let facts = chain.first().and_then(Facts::read).ok_or_else(|| {
        let what = format!("the first certificate of {path} cannot be read");
        vec![pem::fault(
            certificate,
            what,
            "put the certificate itself first, then those that it came from",
        )]
    })?;
    let made = CertifiedKey::from_der(chain, private, provider).map_err(|error| {
        let key = key.path.display();
        let (what, remedy) = match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => (
                format!("the key {key} is not that of the certificate {path}"),
                "name the key that the certificate was made for, and its certificate first in the file",
            ),
            other => (
                format!("the key {key} cannot be used: {other}"),
                "use RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519",
            ),
        };
        vec![pem::fault(certificate, what, remedy)]
    })?;
    match in_time(certificate, &facts, rules) {
        Some(problem) if problem.severity == Severity::Error => return Err(vec![problem]),
        odd => warnings.extend(odd),
    }
    Ok(Identity { key: Arc::new(made), facts })
}

/// What is wrong with the dates.
fn in_time(file: &FileConfig, facts: &Facts, rules: CertificateRules) -> Option<Problem> {
    let path = file.path.display();
    let remedy = "put a renewed certificate into that file; it is taken into use at once";
    let (what, severity) = if rules.now < facts.from {
        (
            format!("the certificate {path} is not valid before {}", day(facts.from)),
            rules.strictly(),
        )
    } else if rules.now > facts.until {
        (format!("the certificate {path} expired on {}", day(facts.until)), rules.strictly())
    } else {
        let left = facts.until.duration_since(rules.now).unwrap_or(Duration::ZERO);
        if left >= SOON {
            return None;
        }
        let days = left.as_secs() / (24 * 3600);
        let what =
            format!("the certificate {path} expires in {days} days, on {}", day(facts.until));
        (what, Severity::Warning)
    };
    Some(Problem { place: file.place.clone(), severity, what, remedy: remedy.to_owned() })
}

impl CertificateRules {
    const fn strictly(self) -> Severity {
        if self.fresh { Severity::Error } else { Severity::Warning }
    }
}

fn day(moment: SystemTime) -> String {
    Timestamp::try_from(moment).map_or_else(
        |_| "a day that no calendar has".to_owned(),
        |moment| moment.strftime("%Y-%m-%d").to_string(),
    )
}
