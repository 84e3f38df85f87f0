//! PEM files as the config names them: bounded, and every fault with its place and what to do.

use std::fs::File;
use std::io::Read;

use evergate_schemas::problem::{Problem, Severity};
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::FileConfig;

/// Largest file that is read; the roots of a whole system have a quarter of it.
const LARGEST: u64 = 1 << 20;

/// All certificates of a file, at least one.
pub(super) fn certificates(file: &FileConfig) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let text = text(file)?;
    let read: Result<Vec<_>, Error> = CertificateDer::pem_slice_iter(&text).collect();
    let found = read.map_err(|error| no_pem(file, &error))?;
    if found.is_empty() {
        let what = format!("{} has no certificate", file.path.display());
        return Err(fault(
            file,
            what,
            "write the certificates in PEM, `-----BEGIN CERTIFICATE-----`",
        ));
    }
    Ok(found)
}

/// The first private key of a file: PKCS #8, PKCS #1 or SEC 1.
pub(super) fn key(file: &FileConfig) -> Result<PrivateKeyDer<'static>, Problem> {
    let text = text(file)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        Error::NoItemsFound => {
            let what = format!("{} has no private key that can be read", file.path.display());
            fault(
                file,
                what,
                "write the key in PEM without a password, `-----BEGIN PRIVATE KEY-----`",
            )
        }
        other => no_pem(file, &other),
    })
}

fn text(file: &FileConfig) -> Result<Vec<u8>, Problem> {
    let path = file.path.display();
    let unread = |error: std::io::Error| {
        fault(
            file,
            format!("{path} cannot be read: {error}"),
            "name a file that the gateway may read",
        )
    };
    let mut text = Vec::new();
    let opened = File::open(&file.path).map_err(unread)?;
    let read = opened.take(LARGEST + 1).read_to_end(&mut text).map_err(unread)?;
    if read as u64 > LARGEST {
        let what = format!("{path} is larger than {LARGEST} octets");
        return Err(fault(file, what, "name a file with certificates or a key alone"));
    }
    Ok(text)
}

fn no_pem(file: &FileConfig, error: &Error) -> Problem {
    // what is said of a key must not show any of it
    let why = match error {
        Error::MissingSectionEnd { .. } => "a section has no end",
        Error::IllegalSectionStart { .. } => "a section begins wrongly",
        Error::Base64Decode(_) => "a section is not base64",
        _ => "it cannot be decoded",
    };
    let what = format!("{} is not PEM: {why}", file.path.display());
    fault(file, what, "write the file anew, whole, in PEM")
}

/// An error at the place where the config names the file.
pub(super) fn fault(file: &FileConfig, what: String, remedy: impl Into<String>) -> Problem {
    let place = file.place.clone();
    Problem { place, severity: Severity::Error, what, remedy: remedy.into() }
}
