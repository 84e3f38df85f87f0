//! Where administrators are served, and who they are.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::listen::{self, LONGEST_SOCKET, ListenTls};
use super::reader::Reader;

/// Most tokens, and most certificates: each call is held against all of them.
const MOST: usize = 256;
/// Longest name of an administrator.
const LONGEST_NAME: usize = 64;
/// Calls a second that each credential may make, unless the file says otherwise.
const RATE: NonZeroU32 = NonZeroU32::new(200).unwrap();

/// What an administrator may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look at everything that is no secret.
    Read,
    /// Change what the configuration allows for: reload, weights, drains.
    Operate,
    /// Change the configuration itself.
    Administer,
}

impl Role {
    /// All, with their words.
    pub const WORDS: [(&str, Self); 3] =
        [("read", Self::Read), ("operate", Self::Operate), ("administer", Self::Administer)];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Administer => "administer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.word())
    }
}

/// Where administrators are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAddress {
    /// An address with a port.
    Tcp(SocketAddr),
    /// A socket in the file system, with its mode.
    Unix(PathBuf, u32),
}

impl AdminAddress {
    /// The address with its port, where it is one.
    pub const fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(..) => None,
        }
    }
}

impl fmt::Display for AdminAddress {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(to),
            Self::Unix(path, _) => write!(to, "unix:{}", path.display()),
        }
    }
}

/// What is under `admin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminConfig {
    /// Default `127.0.0.1:9901`.
    pub address: AdminAddress,
    /// TLS; `None` for cleartext.
    pub tls: Option<ListenTls>,
    /// Who is let in by a bearer token.
    pub tokens: Vec<TokenConfig>,
    /// Who is let in by a certificate.
    pub certificates: Vec<CertificateGrant>,
    /// Paths that are read without credentials, with their slash. Default none.
    pub open: Vec<String>,
    /// Names that the listener may be called by, lower case, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Calls a second that each credential may make.
    pub rate: NonZeroU32,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            address: AdminAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 9901))),
            tls: None,
            tokens: Vec::new(),
            certificates: Vec::new(),
            open: Vec::new(),
            hosts: Vec::new(),
            rate: RATE,
        }
    }
}

/// A bearer token, known by its digest alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenConfig {
    /// Whose it is.
    pub name: String,
    /// What its owner may do.
    pub role: Role,
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// Where the file has it.
    pub place: Place,
}

/// A certificate of an administrator, by something that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateGrant {
    /// Whose it is.
    pub name: String,
    /// What its owner may do.
    pub role: Role,
    /// By what it is known.
    pub by: CertificateMark,
}

/// By what a certificate is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateMark {
    /// The subject's name (RFC 4514).
    Subject(String),
    /// An alternative name: a host, a URI or an address of mail.
    Name(String),
    /// SHA-256 of the certificate, in lower-case hex.
    Fingerprint(String),
}

const KEYS: [&str; 9] =
    ["address", "mode", "tls", "plain", "tokens", "certificates", "open", "hosts", "rate"];

/// What may be read without credentials.
const OPEN: [(&str, &str); 3] =
    [("livez", "/livez"), ("readyz", "/readyz"), ("metrics", "/metrics")];

/// The object under `admin`.
pub(super) fn admin<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> Option<AdminConfig> {
    let object = reader.object(value, at, &KEYS)?;
    let mut config = AdminConfig::default();
    if let Some(address) = address(reader, object, at, directory) {
        config.address = address;
    }
    config.tls =
        object.get("tls").and_then(|value| listen::tls(reader, value, &at.join("tls"), directory));
    exposed(reader, object, at, &config);
    config.tokens = tokens(reader, object, &at.join("tokens"));
    config.certificates = certificates(reader, object, &at.join("certificates"));
    names_once(reader, &config, at);
    needs_authorities(reader, &config, at);
    config.open = open(reader, object.get("open"), &at.join("open"));
    config.hosts = listen::hosts(reader, object.get("hosts"), &at.join("hosts"));
    if let Some(value) = object.get("rate") {
        let rate =
            value.as_u64().and_then(|rate| u32::try_from(rate).ok()).and_then(NonZeroU32::new);
        if rate.is_none() {
            let what = "`rate` is not a number of calls a second";
            reader.fault(&at.join("rate"), what, format!("write 1 or more, as `rate: {RATE}`"));
        }
        config.rate = rate.unwrap_or(RATE);
    }
    Some(config)
}

fn address<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Map<String, Value>,
    at: &Pointer,
    directory: &Path,
) -> Option<AdminAddress> {
    let path = object.get("address").and_then(Value::as_str);
    let path = path.and_then(|text| text.strip_prefix("unix:"));
    let mode = object.get("mode").map(|value| mode(reader, value, &at.join("mode")));
    let Some(path) = path else {
        if mode.is_some() {
            let remedy = "write `address: unix:/run/evergate/admin.sock`, or leave out `mode`";
            reader.fault(&at.join("mode"), "only a socket in the file system has a mode", remedy);
        }
        let given = object.get("address")?;
        let at = at.join("address");
        let text = reader.text(given, &at)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            let what = format!("`{text}` is not an address with a port");
            reader.fault(
                &at,
                what,
                "write `127.0.0.1:9901`, `[::1]:9901` or `unix:/run/evergate/admin.sock`",
            );
        }
        return parsed.map(AdminAddress::Tcp);
    };
    let whole = directory.join(path);
    let at = at.join("address");
    if path.is_empty() {
        reader.fault(&at, "`unix:` is without a path", "write `unix:/run/evergate/admin.sock`");
        return None;
    }
    if whole.as_os_str().len() > LONGEST_SOCKET {
        let what = format!("the path has more than {LONGEST_SOCKET} octets");
        reader.fault(&at, what, "name a shorter one, as the system bounds the paths of sockets");
        return None;
    }
    Some(AdminAddress::Unix(whole, mode.flatten().unwrap_or(0o600)))
}

fn mode<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Option<u32> {
    let written = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    };
    let mode = u32::from_str_radix(written.trim_start_matches("0o"), 8).ok();
    let mode = mode.filter(|mode| *mode <= 0o777 && mode & 0o600 == 0o600);
    if mode.is_none() {
        let what = "`mode` is not a mode in octal digits with which the owner may read and write";
        reader.fault(at, what, "write \"0600\", or \"0660\" to let the group in");
    }
    mode
}

/// Credentials in cleartext are for whoever listens on the way.
fn exposed(
    reader: &mut Reader<'_>,
    object: &Map<String, Value>,
    at: &Pointer,
    config: &AdminConfig,
) {
    let plain = match object.get("plain") {
        None => false,
        Some(Value::Bool(plain)) => *plain,
        Some(_) => {
            let what = "`plain` is neither `true` nor `false`";
            reader.fault(&at.join("plain"), what, "write `plain: true`, or leave it out");
            true
        }
    };
    let AdminAddress::Tcp(address) = &config.address else {
        if config.tls.is_some() {
            let remedy = "leave out `tls`: who may open the socket is told by `mode`";
            reader.fault(&at.join("tls"), "a socket in the file system is without TLS", remedy);
        }
        return;
    };
    if !address.ip().to_canonical().is_loopback() && config.tls.is_none() && !plain {
        let what = format!(
            "the administrator's address {address} can be reached from other machines, and without TLS whoever listens on \
             the way reads the credentials"
        );
        let remedy = "write `tls: { certificates: [{ certificate: admin.pem, key: admin.key }] }` beside it, or an address \
                      as `127.0.0.1:9901`; `plain: true` takes the risk";
        reader.fault(&at.join("address"), what, remedy);
    }
}

/// Name and role, which all credentials have.
fn owner<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Map<String, Value>,
    at: &Pointer,
) -> Option<(String, Role)> {
    let mut needed = |key: &str, remedy: &str| {
        let value = object.get(key);
        if value.is_none() {
            reader.fault(at, format!("`{key}` is missing"), remedy);
        }
        value
    };
    let name = needed("name", "write whose it is, as `name: alice`");
    let role = needed("role", "write `role: read`, `role: operate` or `role: administer`");
    let name = name.and_then(|value| reader.text(value, &at.join("name")));
    if let Some(name) = name
        && (name.len() > LONGEST_NAME || name.chars().any(char::is_control))
    {
        let what =
            format!("the name has more than {LONGEST_NAME} octets, or characters that control");
        reader.fault(&at.join("name"), what, "write a short name, as `alice` or `deploy-bot`");
    }
    let role = role.and_then(|value| reader.word(value, &at.join("role"), &Role::WORDS));
    Some((name?.to_owned(), role?))
}

fn bounded<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Map<String, Value>,
    at: &Pointer,
    key: &str,
) -> &'doc [Value] {
    let all = object.get(key).map(Reader::list).unwrap_or_default();
    if all.len() > MOST {
        let what = format!("there are {} entries, and {MOST} at most", all.len());
        reader.fault(at, what, "keep those that are in use");
    }
    all
}

fn tokens<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Map<String, Value>,
    at: &Pointer,
) -> Vec<TokenConfig> {
    let mut tokens: Vec<TokenConfig> = Vec::new();
    for (index, value) in bounded(reader, object, at, "tokens").iter().enumerate() {
        let at = at.join(&index.to_string());
        let known = ["name", "role", "sha256", "expires"];
        let Some(object) = reader.object(value, &at, &known) else { continue };
        let owner = owner(reader, object, &at);
        let sha256 = digest(reader, object, &at);
        let expires =
            object.get("expires").and_then(|value| expires(reader, value, &at.join("expires")));
        let (Some((name, role)), Some(sha256)) = (owner, sha256) else { continue };
        if tokens.iter().any(|other| other.sha256 == sha256) {
            let remedy = "draw one for each with `evergate admin token --name NAME --role ROLE`";
            reader.fault(&at.join("sha256"), "two entries have the same token", remedy);
        }
        let place = reader.place(&at);
        tokens.push(TokenConfig { name, role, sha256, expires, place });
    }
    tokens
}

fn digest<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Map<String, Value>,
    at: &Pointer,
) -> Option<[u8; 32]> {
    let remedy =
        "draw a token with `evergate admin token --name NAME --role ROLE`, which prints this line";
    let Some(value) = object.get("sha256") else {
        reader.fault(at, "`sha256` is missing", remedy);
        return None;
    };
    let at = at.join("sha256");
    let text = reader.text(value, &at)?;
    // what stands there by mistake may be the token, so it is not told
    if text.starts_with("evg_") {
        let what =
            "this is a token itself, and not its digest: whoever may read the file knows it now";
        reader.fault(&at, what, remedy);
        return None;
    }
    let parsed = hex(text);
    if parsed.is_none() {
        reader.fault(&at, "`sha256` is not 64 hex digits", remedy);
    }
    parsed
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let mut octets = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digit = |index: usize| char::from(*pair.get(index)?).to_digit(16);
        *octet = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(octets)
}

fn expires<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Option<Timestamp> {
    let text = reader.text(value, at)?;
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    let moment = text.parse().ok().or_else(day);
    if moment.is_none() {
        let what = "`expires` is neither a day nor a moment";
        reader.fault(at, what, "write `2027-01-31` or `2027-01-31T12:00:00Z`");
    }
    moment
}

fn certificates<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Map<String, Value>,
    at: &Pointer,
) -> Vec<CertificateGrant> {
    let mut grants = Vec::new();
    for (index, value) in bounded(reader, object, at, "certificates").iter().enumerate() {
        let at = at.join(&index.to_string());
        let known = ["name", "role", "subject", "san", "fingerprint"];
        let Some(object) = reader.object(value, &at, &known) else { continue };
        let owner = owner(reader, object, &at);
        let marks = ["subject", "san", "fingerprint"];
        let mut given = marks.into_iter().filter_map(|key| Some((key, object.get(key)?)));
        let (Some((key, value)), None) = (given.next(), given.next()) else {
            let what = "a certificate is known by one of `subject`, `san` and `fingerprint`";
            reader.fault(&at, what, "write `subject: CN=alice` or `san: alice.example.com`");
            continue;
        };
        let text = reader.text(value, &at.join(key)).map(str::to_owned);
        let (Some((name, role)), Some(text)) = (owner, text) else { continue };
        let by = match key {
            "subject" => CertificateMark::Subject(text),
            "san" => CertificateMark::Name(text),
            _ if hex(&text).is_some() => CertificateMark::Fingerprint(text.to_ascii_lowercase()),
            _ => {
                let remedy =
                    "write what `openssl x509 -noout -fingerprint -sha256` prints, without colons";
                reader.fault(&at.join(key), "`fingerprint` is not 64 hex digits", remedy);
                continue;
            }
        };
        grants.push(CertificateGrant { name, role, by });
    }
    grants
}

/// A name stands in the journal, where it has to mean one administrator. Somebody may have several credentials of one role.
fn names_once(reader: &mut Reader<'_>, config: &AdminConfig, at: &Pointer) {
    let mut roles = BTreeSet::new();
    let tokens = config.tokens.iter().map(|one| (&one.name, one.role));
    for (name, role) in tokens.chain(config.certificates.iter().map(|one| (&one.name, one.role))) {
        roles.insert((name.clone(), role));
    }
    let mut before: Option<&String> = None;
    for (name, _) in &roles {
        if before == Some(name) {
            let what = format!("`{name}` has credentials of several roles");
            let remedy = "give each role a name of its own, as `alice` and `alice-read`";
            reader.fault(at, what, remedy);
        }
        before = Some(name);
    }
}

fn needs_authorities(reader: &mut Reader<'_>, config: &AdminConfig, at: &Pointer) {
    let asks = config.tls.as_ref().is_some_and(|tls| tls.client.is_some());
    if !config.certificates.is_empty() && !asks {
        let what = "no client is asked for a certificate";
        let remedy =
            "write `tls: { client: { ca: administrators.pem, require: false }, … }` beside it";
        reader.fault(&at.join("certificates"), what, remedy);
    }
}

fn open<'doc>(reader: &mut Reader<'doc>, value: Option<&'doc Value>, at: &Pointer) -> Vec<String> {
    let mut open = Vec::new();
    for (index, value) in value.map(Reader::list).into_iter().flatten().enumerate() {
        let path = reader.word(value, &at.join(&index.to_string()), &OPEN);
        open.extend(path.map(str::to_owned));
    }
    open
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parse;
    use super::{AdminAddress, AdminConfig, CertificateMark, Role};

    fn read(admin: &str) -> Result<AdminConfig, Vec<String>> {
        let text = format!(
            "listen: [{{ address: \"1.2.3.4:1\" }}]\nadmin: {admin}\napis: {{ a: {{ backends: {{ endpoints: [\"http://b:1\"] }} }} }}\n"
        );
        match parse("gateway.yaml", text.as_bytes(), Path::new("/etc/e")) {
            Ok((config, _)) => Ok(config.admin),
            Err(problems) => Err(problems.into_iter().map(|one| one.what).collect()),
        }
    }

    #[test]
    fn all_keys_are_read() {
        let digest = "ab".repeat(32);
        let read = read(&format!(
            "{{ address: \"0.0.0.0:9901\", tls: {{ certificates: [{{ certificate: a.pem, key: a.key }}], client: {{ ca: c.pem, require: false }} }}, \
             tokens: [{{ name: alice, role: operate, sha256: {digest}, expires: 2027-01-31 }}], \
             certificates: [{{ name: bob, role: read, san: \"spiffe://x/bob\" }}], open: livez, hosts: [Admin.example.com], rate: 5 }}"
        ))
        .unwrap();
        assert_eq!(read.address.to_string(), "0.0.0.0:9901");
        let [token] = &read.tokens[..] else { panic!() };
        assert_eq!(
            (token.name.as_str(), token.role, token.sha256),
            ("alice", Role::Operate, [0xab; 32])
        );
        assert_eq!(token.expires.unwrap().to_string(), "2027-01-31T00:00:00Z");
        assert_eq!(read.certificates[0].by, CertificateMark::Name("spiffe://x/bob".into()));
        assert_eq!((read.open, read.rate.get()), (vec!["/livez".to_owned()], 5));
        assert_eq!(read.hosts, ["admin.example.com"]);
    }

    #[test]
    fn a_socket_is_beside_the_config_and_is_its_owners() {
        let address = |admin: &str| read(admin).unwrap().address;
        let expected = |mode| AdminAddress::Unix("/etc/e/a.sock".into(), mode);
        assert_eq!(address("{ address: unix:a.sock }"), expected(0o600));
        assert_eq!(address("{ address: unix:a.sock, mode: '0660' }"), expected(0o660));
        assert_eq!(address("{}"), AdminConfig::default().address);
        assert_eq!(expected(0o600).to_string(), "unix:/etc/e/a.sock");
    }

    #[test]
    fn other_machines_reach_it_under_tls_or_at_a_known_risk() {
        let told = read("{ address: \"0.0.0.0:1\" }").unwrap_err();
        assert!(told[0].contains("can be reached from other machines"), "{told:?}");
        for good in [
            "{ address: \"0.0.0.0:1\", plain: true }",
            "{ address: \"[::1]:1\" }",
            "{ address: 127.9.9.9:1 }",
        ] {
            read(good).unwrap();
        }
    }

    #[test]
    fn slips_are_told_and_no_secret_with_them() {
        let digest = "ab".repeat(32);
        for (bad, what) in [
            (
                "{ address: \"unix:a\", mode: 7 }",
                "`mode` is not a mode in octal digits with which the owner may read and write",
            ),
            ("{ mode: '0600' }", "only a socket in the file system has a mode"),
            ("{ address: here }", "`here` is not an address with a port"),
            (
                "{ tokens: [{ name: a, role: read, sha256: evg_SECRET }] }",
                "this is a token itself, and not its digest: whoever may read the file knows it now",
            ),
            (
                "{ tokens: [{ name: a, role: read, sha256: SECRET }] }",
                "`sha256` is not 64 hex digits",
            ),
            ("{ tokens: [{ name: a, role: root, sha256: DIGEST }] }", "`root` is not known here"),
            (
                "{ tokens: [{ name: a, role: read, sha256: DIGEST, expires: soon }] }",
                "`expires` is neither a day nor a moment",
            ),
            (
                "{ tokens: [{ name: a, role: read, sha256: DIGEST }, { name: b, role: read, sha256: DIGEST }] }",
                "two entries have the same token",
            ),
            (
                "{ certificates: [{ name: a, role: read, subject: CN=a }] }",
                "no client is asked for a certificate",
            ),
            (
                "{ certificates: [{ name: a, role: read }] }",
                "a certificate is known by one of `subject`, `san` and `fingerprint`",
            ),
            ("{ open: [reload] }", "`reload` is not known here"),
            ("{ rate: 0 }", "`rate` is not a number of calls a second"),
            (
                "{ address: unix:a, tls: { certificates: [{ certificate: a, key: b }] } }",
                "a socket in the file system is without TLS",
            ),
        ] {
            let told = read(&bad.replace("DIGEST", &digest)).unwrap_err();
            assert_eq!(told[0], what, "{bad}");
            assert!(!told.join(" ").contains("SECRET"), "{told:?}");
        }
    }
}
