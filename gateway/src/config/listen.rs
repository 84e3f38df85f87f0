//! Where traffic is taken: addresses, their certificates, and who may stand in between.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use http::HeaderName;
use serde_json::Value;

use super::cidr::Cidr;
use super::reader::Reader;

/// One address that traffic is taken at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenConfig {
    /// Address and port.
    pub address: SocketAddr,
    /// Its certificates; `None` for cleartext.
    pub tls: Option<ListenTls>,
    /// The sources that connections are taken from, each with a PROXY protocol header; `None` for no such header.
    pub proxy_protocol: Option<Vec<Cidr>>,
}

/// TLS of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenTls {
    /// At least one; the first is shown to clients that name no host, or an unknown one.
    pub certificates: Vec<CertificateConfig>,
    /// What is asked of clients; `None` for no certificate.
    pub client: Option<ClientCertificates>,
    /// The least version. Default 1.2.
    pub least: TlsVersion,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246, with forward secrecy and authenticated encryption only.
    #[default]
    V12,
    /// RFC 8446.
    V13,
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateConfig {
    /// The chain in PEM, the certificate itself first.
    pub certificate: FileConfig,
    /// The private key in PEM.
    pub key: FileConfig,
    /// The names it is shown for, lower case, `*.` in front for any one label; empty for those it has itself.
    pub hosts: Vec<String>,
}

/// A file and where the config names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConfig {
    /// Resolved against the config file's directory.
    pub path: PathBuf,
    /// Where the config names it.
    pub place: Place,
}

/// What is asked of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The authorities in PEM that their certificates have to come from.
    pub ca: FileConfig,
    /// Whether a client without a certificate is refused. Default yes.
    pub require: bool,
    /// What backends are told, and in which field.
    pub forward: Vec<(ClientFact, HeaderName)>,
}

/// What is known of a client by its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientFact {
    /// The subject's name (RFC 4514).
    Subject,
    /// SHA-256 of the certificate, in hex.
    Fingerprint,
    /// The certificate (`Client-Cert`, RFC 9440 §2.1).
    Certificate,
}

const FACTS: [(&str, ClientFact); 3] = [
    ("subject", ClientFact::Subject),
    ("fingerprint", ClientFact::Fingerprint),
    ("certificate", ClientFact::Certificate),
];

/// Fields that a fact about a client would garble.
const TAKEN: [&str; 8] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "te",
    "transfer-encoding",
];

/// Longest path of a socket: the system takes 107 octets, and a socket is first made beside its place, under a name with
/// the number of the process.
pub(super) const LONGEST_SOCKET: usize = 95;

/// The list under `listen`.
pub(super) fn listen<'doc>(
    reader: &mut Reader<'doc>,
    value: Option<&'doc Value>,
    directory: &Path,
) -> Vec<ListenConfig> {
    let at = Pointer::root().join("listen");
    let Some(value) = value else {
        let remedy = "write `listen: [{ address: 0.0.0.0:8080 }]`";
        reader.fault(&Pointer::root(), "`listen` is missing", remedy);
        return Vec::new();
    };
    let mut listen = Vec::new();
    for (index, one) in Reader::list(value).iter().enumerate() {
        listen.extend(listener(reader, one, &at.join(&index.to_string()), directory));
    }
    listen
}

fn listener<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> Option<ListenConfig> {
    let object = reader.object(value, at, &["address", "tls", "proxy_protocol"])?;
    let address = address(reader, object.get("address"), at);
    let tls = object.get("tls").and_then(|value| tls(reader, value, &at.join("tls"), directory));
    let proxy_protocol = object.get("proxy_protocol").and_then(|value| {
        let at = at.join("proxy_protocol");
        let from = reader.object(value, &at, &["from"])?.get("from");
        if from.is_none_or(|list| Reader::list(list).is_empty()) {
            let what = "`proxy_protocol` says of nobody that they may send it";
            reader.fault(&at, what, "write `proxy_protocol: { from: [10.0.0.0/8] }`");
        }
        Some(blocks(reader, from, &at.join("from")))
    });
    Some(ListenConfig { address: address?, tls, proxy_protocol })
}

/// An address with a port.
pub(super) fn address<'doc>(
    reader: &mut Reader<'doc>,
    value: Option<&'doc Value>,
    at: &Pointer,
) -> Option<SocketAddr> {
    let Some(value) = value else {
        reader.fault(at, "`address` is missing", "write `address: 0.0.0.0:8080`");
        return None;
    };
    let at = at.join("address");
    let text = reader.text(value, &at)?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        let what = format!("`{text}` is not an address with a port");
        reader.fault(&at, what, "write `0.0.0.0:8080`, `127.0.0.1:8080` or `[::]:8080`");
    }
    parsed
}

/// Where a new process asks for the listeners.
pub(super) fn takeover<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> Option<PathBuf> {
    let object = reader.object(value, at, &["socket"])?;
    let Some(value) = object.get("socket") else {
        let remedy = "write `takeover: { socket: /run/evergate/takeover.sock }`";
        reader.fault(at, "`socket` is missing", remedy);
        return None;
    };
    let at = at.join("socket");
    let path = directory.join(reader.text(value, &at)?);
    if path.as_os_str().len() > LONGEST_SOCKET {
        let what = format!("the path has more than {LONGEST_SOCKET} octets");
        reader.fault(&at, what, "name a shorter one, as the system bounds the paths of sockets");
        return None;
    }
    Some(path)
}

/// A list of blocks of addresses.
pub(super) fn blocks<'doc>(
    reader: &mut Reader<'doc>,
    value: Option<&'doc Value>,
    at: &Pointer,
) -> Vec<Cidr> {
    let mut blocks = Vec::new();
    for (index, value) in value.map(Reader::list).into_iter().flatten().enumerate() {
        let at = at.join(&index.to_string());
        let Some(text) = reader.text(value, &at) else { continue };
        let block = Cidr::parse(text);
        if block.is_none() {
            let what = format!("`{text}` is not a block of addresses");
            reader.fault(
                &at,
                what,
                "write `10.0.0.0/8`, `192.0.2.7` or `fd00::/8`, no bits set behind the prefix",
            );
        }
        blocks.extend(block);
    }
    blocks
}

/// TLS of a listener.
pub(super) fn tls<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> Option<ListenTls> {
    let object = reader.object(value, at, &["certificates", "client", "min_version"])?;
    let mut certificates = Vec::new();
    let listed = object.get("certificates").map(Reader::list).into_iter().flatten();
    for (index, value) in listed.enumerate() {
        let at = at.join("certificates").join(&index.to_string());
        let Some(object) = reader.object(value, &at, &["certificate", "key", "hosts"]) else {
            continue;
        };
        let hosts = hosts(reader, object.get("hosts"), &at.join("hosts"));
        if let Some((certificate, key)) = pair(reader, object, &at, directory) {
            certificates.push(CertificateConfig { certificate, key, hosts });
        }
    }
    if object.get("certificates").is_none_or(|list| Reader::list(list).is_empty()) {
        let remedy = "write `certificates: [{ certificate: server.pem, key: server.key }]`";
        reader.fault(at, "`tls` has no certificate", remedy);
    }
    let versions = [("1.2", TlsVersion::V12), ("1.3", TlsVersion::V13)];
    let least = object
        .get("min_version")
        .and_then(|value| reader.word(value, &at.join("min_version"), &versions));
    let client =
        object.get("client").and_then(|value| client(reader, value, &at.join("client"), directory));
    Some(ListenTls { certificates, client, least: least.unwrap_or_default() })
}

/// `certificate` and `key`, which only come together.
pub(super) fn pair<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc serde_json::Map<String, Value>,
    at: &Pointer,
    directory: &Path,
) -> Option<(FileConfig, FileConfig)> {
    let mut one = |name: &str, remedy: &str| {
        let value = object.get(name);
        if value.is_none() {
            reader.fault(at, format!("`{name}` is missing"), remedy);
        }
        file(reader, value?, &at.join(name), directory)
    };
    let certificate = one("certificate", "name the file with the certificate's chain in PEM");
    let key = one("key", "name the file with the certificate's private key in PEM");
    Some((certificate?, key?))
}

/// A file's name. Whether it can be read, and what is in it, is for whoever takes it into use.
pub(super) fn file<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> Option<FileConfig> {
    let path = directory.join(reader.text(value, at)?);
    Some(FileConfig { path, place: reader.place(at) })
}

/// Names of hosts, lower case.
pub(super) fn hosts<'doc>(
    reader: &mut Reader<'doc>,
    value: Option<&'doc Value>,
    at: &Pointer,
) -> Vec<String> {
    let mut hosts = Vec::new();
    for (index, value) in value.map(Reader::list).into_iter().flatten().enumerate() {
        let at = at.join(&index.to_string());
        let Some(host) = reader.text(value, &at) else { continue };
        let plain = host.strip_prefix("*.").unwrap_or(host);
        if plain.is_empty() || plain.contains(['*', ':', '/']) {
            let what = format!("`{host}` is not a host");
            reader.fault(&at, what, "write `api.example.com` or `*.example.com`, without a port");
        }
        hosts.push(host.to_ascii_lowercase());
    }
    hosts
}

fn client<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> Option<ClientCertificates> {
    let object = reader.object(value, at, &["ca", "require", "forward"])?;
    let require = match object.get("require") {
        None => true,
        Some(Value::Bool(require)) => *require,
        Some(_) => {
            let what = "`require` is neither `true` nor `false`";
            reader.fault(&at.join("require"), what, "write `require: true` or `require: false`");
            true
        }
    };
    let mut forward = Vec::new();
    let within = at.join("forward");
    let names: Vec<&str> = FACTS.iter().map(|(name, _)| *name).collect();
    let found = object.get("forward").and_then(|value| reader.object(value, &within, &names));
    for (name, value) in found.into_iter().flatten() {
        let at = within.join(name);
        let Some(text) = reader.text(value, &at) else { continue };
        let sound = |name: &HeaderName| {
            !TAKEN.contains(&name.as_str()) && !name.as_str().starts_with("x-forwarded-")
        };
        let field = HeaderName::try_from(text).ok().filter(sound);
        if field.is_none() {
            let what = format!("`{text}` cannot carry a fact about clients");
            reader.fault(&at, what, "write the name of a header of its own, as `x-client-subject`");
        }
        let fact = FACTS.iter().find(|(own, _)| own == name);
        forward.extend(fact.map(|(_, fact)| *fact).zip(field));
    }
    let Some(ca) = object.get("ca") else {
        let remedy = "name the file with the authorities that clients' certificates come from";
        reader.fault(at, "`ca` is missing", remedy);
        return None;
    };
    Some(ClientCertificates { ca: file(reader, ca, &at.join("ca"), directory)?, require, forward })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parse;
    use super::{ClientFact, ListenConfig, TlsVersion};

    fn read(listen: &str) -> Result<Vec<ListenConfig>, Vec<String>> {
        let text = format!(
            "listen: [{listen}]\napis: {{ a: {{ backends: {{ endpoints: [\"http://b:1\"] }} }} }}\n"
        );
        match parse("gateway.yaml", text.as_bytes(), Path::new("/etc/e")) {
            Ok((config, _)) => Ok(config.listen),
            Err(problems) => Err(problems.into_iter().map(|one| one.what).collect()),
        }
    }

    #[test]
    fn a_listener_is_read_with_all_it_may_have() {
        let read = read(
            r#"{ address: "[::]:8443", proxy_protocol: { from: [10.0.0.0/8, "fd00::/8"] }, tls: { certificates: [{ certificate: a.pem,
               key: /k/a.key, hosts: ["*.Example.com"] }], client: { ca: c.pem, require: false, forward: { subject: X-Who } },
               min_version: "1.3" } }"#,
        );
        let [one] = &read.unwrap()[..] else { panic!() };
        let tls = one.tls.as_ref().unwrap();
        let [certificate] = &tls.certificates[..] else { panic!() };
        assert_eq!(certificate.certificate.path, Path::new("/etc/e/a.pem"));
        assert_eq!(certificate.key.path, Path::new("/k/a.key"));
        assert_eq!(certificate.hosts, ["*.example.com"]);
        assert_eq!(tls.least, TlsVersion::V13);
        let client = tls.client.as_ref().unwrap();
        assert!(!client.require);
        assert_eq!(client.forward, [(ClientFact::Subject, "x-who".parse().unwrap())]);
        assert_eq!(one.proxy_protocol.as_ref().unwrap().len(), 2);
    }

    #[test]
    fn the_socket_for_a_takeover_is_beside_the_config_and_has_a_bound() {
        let read = |takeover: &str| {
            let rest = "listen: [{ address: \"1.2.3.4:1\" }]\napis: { a: { backends: { endpoints: [\"http://b:1\"] } } }";
            let text = format!("takeover: {takeover}\n{rest}\n");
            parse("gateway.yaml", text.as_bytes(), Path::new("/etc/e"))
        };
        let good = read("{ socket: t.sock }").unwrap().0.takeover.unwrap();
        assert_eq!(good, Path::new("/etc/e/t.sock"));
        let long = format!("{{ socket: {} }}", "x".repeat(95));
        for (bad, what) in [
            ("{}", "`socket` is missing"),
            ("{ socket: t, mode: 1 }", "`mode` is not a key here"),
            (long.as_str(), "the path has more than 95 octets"),
        ] {
            assert_eq!(read(bad).unwrap_err()[0].what, what);
        }
    }

    #[test]
    fn all_slips_are_told_at_once() {
        let slips = read(
            r#"{ address: "1.2.3.4:1", proxy_protocol: { from: [10.0.0.1/8] }, tls: { certificates: [{ certificate: a.pem,
               hosts: ["a:1"] }], client: { require: maybe, forward: { subject: host } }, min_version: "1.1" } }"#,
        );
        assert_eq!(
            slips.unwrap_err(),
            [
                "`10.0.0.1/8` is not a block of addresses",
                "`key` is missing",
                "`a:1` is not a host",
                "`ca` is missing",
                "`require` is neither `true` nor `false`",
                "`host` cannot carry a fact about clients",
                "`1.1` is not known here",
            ]
        );
        assert_eq!(
            read("{ address: \"1.2.3.4:1\", tls: {} }").unwrap_err(),
            ["`tls` has no certificate"]
        );
        assert_eq!(
            read("{ address: \"1.2.3.4:1\", proxy_protocol: {} }").unwrap_err(),
            ["`proxy_protocol` says of nobody that they may send it"]
        );
    }
}
