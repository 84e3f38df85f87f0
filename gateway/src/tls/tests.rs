//! What is read from files, and what is said of those that cannot be used.

use std::path::Path;
use std::time::{Duration, SystemTime};

use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem, Severity};

use super::certificate::Facts;
use super::{CertificateRules, Person, ServerSide};
use crate::config::{CertificateConfig, ClientCertificates, FileConfig, ListenTls, TlsVersion};

#[path = "../../tests/support/certificates.rs"]
mod certificates;

use certificates::Authority;

fn file(directory: &Path, name: &str) -> FileConfig {
    let pointer = Pointer::root().join(name);
    let place = Place { file: "gateway.yaml".into(), line: 1, column: 1, pointer };
    FileConfig { path: directory.join(name), place }
}

fn config(directory: &Path) -> ListenTls {
    let one = CertificateConfig {
        certificate: file(directory, "a.pem"),
        key: file(directory, "a.key"),
        hosts: Vec::new(),
    };
    ListenTls { certificates: vec![one], client: None, least: TlsVersion::V12 }
}

const DAY: Duration = Duration::from_hours(24);

fn load(config: &ListenTls, fresh: bool) -> Result<Vec<Problem>, Vec<Problem>> {
    let mut warnings = Vec::new();
    let rules = CertificateRules { now: SystemTime::now(), fresh };
    ServerSide::load(config, rules, None, &mut warnings).map(|_| warnings)
}

/// What is said, with the directory taken out, and where.
fn told(problems: &[Problem], directory: &Path) -> Vec<(String, String)> {
    let prefix = format!("{}/", directory.display());
    problems
        .iter()
        .map(|one| (one.place.pointer.as_str().to_owned(), one.what.replace(&prefix, "")))
        .collect()
}

#[test]
fn broken_files_are_told_with_place_and_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let authority = Authority::new("ca");
    let (one, other) = (authority.issue(&["a.test"]), authority.issue(&["b.test"]));
    let cases: [(String, String, &str, &str); 6] = [
        (String::new(), one.key_pem(), "/a.pem", "a.pem has no certificate"),
        (
            one.certificate_pem(),
            one.certificate_pem(),
            "/a.key",
            "a.key has no private key that can be read",
        ),
        (
            one.certificate_pem(),
            other.key_pem(),
            "/a.pem",
            "the key a.key is not that of the certificate a.pem",
        ),
        (
            one.certificate_pem()[..200].to_owned(),
            one.key_pem(),
            "/a.pem",
            "a.pem is not PEM: a section has no end",
        ),
        (
            certificates::pem("CERTIFICATE", b"none"),
            one.key_pem(),
            "/a.pem",
            "the first certificate of a.pem cannot be read",
        ),
        (" ".repeat(2 << 20), one.key_pem(), "/a.pem", "a.pem is larger than 1048576 octets"),
    ];
    for (certificate, key, place, what) in cases {
        std::fs::write(at.join("a.pem"), certificate).unwrap();
        std::fs::write(at.join("a.key"), key).unwrap();
        let problems = load(&config(at), false).unwrap_err();
        assert_eq!(told(&problems, at), [(place.to_owned(), what.to_owned())]);
        assert!(problems.iter().all(|one| !one.remedy.is_empty()));
    }
    std::fs::remove_file(at.join("a.pem")).unwrap();
    std::fs::remove_file(at.join("a.key")).unwrap();
    let problems = load(&config(at), false).unwrap_err();
    assert_eq!(problems.len(), 2, "both files are told at once");
}

#[test]
fn dates_are_told_and_an_expired_one_takes_no_other_place() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let authority = Authority::new("ca");
    let now = SystemTime::now();
    authority.issue_until(&["a.test"], now + 5 * DAY + DAY / 2).write(at, "a");
    let warnings = load(&config(at), true).unwrap();
    assert!(warnings[0].what.contains("expires in 5 days"), "{warnings:?}");
    authority.issue_until(&["a.test"], now - DAY).write(at, "a");
    let problems = load(&config(at), true).unwrap_err();
    assert!(problems[0].what.contains("expired on"), "{problems:?}");
    let warnings = load(&config(at), false).unwrap();
    assert_eq!(warnings[0].severity, Severity::Warning);
    authority.issue(&["a.test"]).write(at, "a");
    assert!(load(&config(at), true).unwrap().is_empty());
}

#[test]
fn authorities_are_all_usable_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let authority = Authority::new("ca");
    authority.issue(&["a.test"]).write(at, "a");
    let mut config = config(at);
    config.client =
        Some(ClientCertificates { ca: file(at, "ca.pem"), require: true, forward: Vec::new() });
    std::fs::write(at.join("ca.pem"), authority.pem()).unwrap();
    assert!(load(&config, false).unwrap().is_empty());
    let broken = authority.pem() + &certificates::pem("CERTIFICATE", b"none");
    std::fs::write(at.join("ca.pem"), broken).unwrap();
    let problems = load(&config, false).unwrap_err();
    let (place, what) = told(&problems, at).remove(0);
    assert_eq!(place, "/ca.pem");
    assert!(what.starts_with("certificate 2 of ca.pem is no authority"), "{what}");
}

#[test]
fn a_certificate_says_its_names_and_its_subject_in_plain_text() {
    let authority = Authority::new("ca");
    let issued = authority.issue(&["c.test", "A.test", "*.b.test"]);
    assert_eq!(Facts::read(&issued.der).unwrap().names, ["c.test", "a.test", "*.b.test"]);
    let person = Person::read(&issued.der).unwrap();
    assert_eq!(&*person.subject, "CN=c.test");
    assert_eq!(person.fingerprint.len(), 64);
    assert!(!person.is_expired(SystemTime::now()));
    let odd = Person::read(&Authority::new("Ä\r\nx: y").der()).unwrap();
    assert!(odd.subject.bytes().all(|octet| (0x20..0x7f).contains(&octet)), "{}", odd.subject);
    assert!(Person::read(&b"none".to_vec().into()).is_none());
}
