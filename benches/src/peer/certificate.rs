//! A certificate for the loopback address, made anew for each comparison.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;

use crate::fault::{During as _, Outcome};

/// Files of a certificate and its key (P-256), and the authority that made it.
pub(crate) struct Certificate {
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
    /// Chain and key in one file.
    pub(crate) both: PathBuf,
    pub(crate) authority: CertificateDer<'static>,
}

impl Certificate {
    /// Makes a certificate for a name.
    pub(crate) fn new(folder: &Path, name: &str) -> Outcome<Self> {
        let what = "no certificate";
        let mut params = CertificateParams::new(Vec::new()).during(what)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().during(what)?;
        let authority = params.self_signed(&key).during(what)?;
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().during(what)?;
        let leaf = CertificateParams::new(vec![name.to_owned()]).during(what)?;
        let leaf = leaf.signed_by(&leaf_key, &issuer).during(what)?;
        let chain = pem("CERTIFICATE", leaf.der());
        let key = pem("PRIVATE KEY", leaf_key.serialized_der());
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).during(what)?;
            Ok(path)
        };
        Ok(Self {
            chain: write("chain.pem", &chain)?,
            key: write("key.pem", &key)?,
            both: write("both.pem", &format!("{chain}{key}"))?,
            authority: authority.der().clone(),
        })
    }
}

fn pem(label: &str, octets: &[u8]) -> String {
    let text = STANDARD.encode(octets);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}
