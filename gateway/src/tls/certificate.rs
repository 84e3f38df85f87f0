//! What a certificate says of itself: names, dates, subject.

use std::fmt::Write;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Facts of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// DNS names (RFC 6125 §6.4: the subject's common name does not count), lower case.
    pub(super) names: Vec<String>,
    /// URIs and addresses of mail.
    others: Vec<String>,
    /// First moment.
    pub(super) from: SystemTime,
    /// Last moment.
    pub(super) until: SystemTime,
    /// The subject (RFC 4514).
    subject: String,
}

impl Facts {
    /// `None` when it is no certificate.
    pub(super) fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let whole = CertificateInner::<Raw>::from_der(certificate).ok()?;
        let body = whole.tbs_certificate();
        let alternative = body.get_extension::<SubjectAltName>().ok()?;
        let (mut names, mut others) = (Vec::new(), Vec::new());
        for name in alternative.into_iter().flat_map(|(_, names)| names.0) {
            match name {
                GeneralName::DnsName(name) => names.push(name.as_str().to_ascii_lowercase()),
                GeneralName::UniformResourceIdentifier(name) | GeneralName::Rfc822Name(name) => {
                    others.push(name.to_string());
                }
                _ => {}
            }
        }
        Some(Self {
            names,
            others,
            from: body.validity().not_before.to_system_time(),
            until: body.validity().not_after.to_system_time(),
            subject: plain(&body.subject().to_string()),
        })
    }
}

/// Whom a client's certificate names, once it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The subject's name (RFC 4514), in printable ASCII; other octets as `\HH`.
    pub subject: Arc<str>,
    /// Its other names: hosts in lower case, URIs, addresses of mail.
    pub names: Vec<String>,
    /// SHA-256 of the certificate, in lower-case hex.
    pub fingerprint: Arc<str>,
    /// The certificate in DER.
    pub certificate: CertificateDer<'static>,
    /// Its last moment.
    until: SystemTime,
}

impl Person {
    /// Reads a certificate; `None` when it is none.
    pub fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let facts = Facts::read(certificate)?;
        let mut fingerprint = String::with_capacity(64);
        for octet in Sha256::digest(certificate) {
            let _ = write!(fingerprint, "{octet:02x}");
        }
        Some(Self {
            subject: facts.subject.into(),
            names: [facts.names, facts.others].concat(),
            fingerprint: fingerprint.into(),
            certificate: certificate.clone().into_owned(),
            until: facts.until,
        })
    }

    /// Whether the certificate's time is over. A resumed session does not ask again, so whoever takes one has to.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        now > self.until
    }
}

/// A text that can stand in a field: a name may have any character, and a line break in it must not end the field.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for octet in text.bytes() {
        if (0x20..0x7f).contains(&octet) {
            plain.push(char::from(octet));
        } else {
            let _ = write!(plain, "\\{octet:02X}");
        }
    }
    plain
}
