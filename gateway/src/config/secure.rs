//! How a backend is spoken to: by which HTTP, and under TLS or not.

use std::path::Path;

use evergate_schemas::pointer::Pointer;
use http::uri::Authority;
use serde_json::Value;

use super::api::Members;
use super::backend::{BackendProtocol, BackendTls};
use super::listen;
use super::reader::Reader;

/// By which HTTP, with what TLS, and the endpoints without their schemes.
type Spoken = (BackendProtocol, Option<BackendTls>, Vec<Authority>);

/// Reads `protocol` and `tls`, and holds them against the schemes of the endpoints.
pub(super) fn secure<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Members,
    (at, endpoints): (&Pointer, Vec<(bool, Authority)>),
    directory: &Path,
) -> Spoken {
    let words = [
        ("http1", BackendProtocol::Http1),
        ("http2", BackendProtocol::Http2),
        ("auto", BackendProtocol::Auto),
    ];
    let protocol = object
        .get("protocol")
        .and_then(|value| reader.word(value, &at.join("protocol"), &words))
        .unwrap_or_default();
    let secure = endpoints.iter().any(|(secure, _)| *secure);
    if secure && endpoints.iter().any(|(secure, _)| !secure) {
        let what = "some endpoints are `https://` and others `http://`";
        reader.fault(&at.join("endpoints"), what, "write a backend for each of the two");
    }
    if protocol == BackendProtocol::Auto && !secure && !endpoints.is_empty() {
        let remedy = "write `http1` or `http2`, or endpoints with `https://`";
        reader.fault(&at.join("protocol"), "without TLS no protocol is agreed on", remedy);
    }
    let given = object.get("tls");
    if given.is_some() && !secure && !endpoints.is_empty() {
        let remedy = "write `https://HOST:PORT` for them, or leave out `tls`";
        reader.fault(&at.join("tls"), "the endpoints of this backend are without TLS", remedy);
    }
    let tls = given.and_then(|value| tls(reader, value, &at.join("tls"), directory));
    let tls = secure.then(|| tls.unwrap_or_default());
    (protocol, tls, endpoints.into_iter().map(|(_, authority)| authority).collect())
}

fn tls<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> Option<BackendTls> {
    let object = reader.object(value, at, &["ca", "server_name", "certificate", "key"])?;
    let ca =
        object.get("ca").and_then(|value| listen::file(reader, value, &at.join("ca"), directory));
    let server_name = object.get("server_name").and_then(|value| {
        let at = at.join("server_name");
        let name = reader.text(value, &at)?;
        if rustls::pki_types::ServerName::try_from(name).is_err() {
            let what = format!("`{name}` is not a name that a certificate has");
            reader.fault(&at, what, "write a host or an address, without a port");
        }
        Some(name.to_owned())
    });
    let shown = ["certificate", "key"].iter().any(|name| object.contains_key(*name));
    let identity = if shown { listen::pair(reader, object, at, directory) } else { None };
    Some(BackendTls { ca, server_name, identity })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{BackendConfig, BackendProtocol, BackendTls, parse};

    fn read(backend: &str) -> Result<BackendConfig, Vec<String>> {
        let text = format!(
            "listen: [{{ address: \"0.0.0.0:1\" }}]\napis: {{ a: {{ backends: [{backend}] }} }}\n"
        );
        match parse("gateway.yaml", text.as_bytes(), Path::new("/etc/e")) {
            Ok((mut config, _)) => Ok(config.apis.remove(0).backends.remove(0)),
            Err(problems) => Err(problems.into_iter().map(|one| one.what).collect()),
        }
    }

    #[test]
    fn tls_goes_by_the_scheme() {
        let plain = read("{ endpoints: [\"http://b:1\"], protocol: http2 }").unwrap();
        assert!(plain.tls.is_none());
        assert_eq!(plain.protocol, BackendProtocol::Http2);
        let bare = read("{ endpoints: [\"https://b:1\"] }").unwrap();
        assert_eq!(
            (bare.tls, bare.protocol),
            (Some(BackendTls::default()), BackendProtocol::Http1)
        );
        let full = read(
            "{ endpoints: [\"https://b\"], protocol: auto, tls: { ca: c.pem, server_name: x.test, certificate: g.pem, key: g.key } }",
        )
        .unwrap();
        let tls = full.tls.unwrap();
        assert_eq!(tls.ca.unwrap().path, Path::new("/etc/e/c.pem"));
        assert_eq!(tls.identity.unwrap().1.path, Path::new("/etc/e/g.key"));
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let cases = [
            (
                "{ endpoints: [\"https://b:1\", \"http://b:2\"] }",
                "some endpoints are `https://` and others `http://`",
            ),
            (
                "{ endpoints: [\"http://b:2\"], tls: { ca: x } }",
                "the endpoints of this backend are without TLS",
            ),
            (
                "{ endpoints: [\"http://b:2\"], protocol: auto }",
                "without TLS no protocol is agreed on",
            ),
            ("{ endpoints: [\"https://b:2\"], tls: { certificate: x } }", "`key` is missing"),
            (
                "{ endpoints: [\"https://b:2\"], tls: { server_name: \"x:1\" } }",
                "`x:1` is not a name that a certificate has",
            ),
            (
                "{ endpoints: [\"https://b:2\"], tls: { verify: false } }",
                "`verify` is not a key here",
            ),
            ("{ endpoints: [\"ftp://b:2\"] }", "`ftp://b:2` is not an endpoint"),
        ];
        for (backend, what) in cases {
            assert_eq!(read(backend).unwrap_err(), [what], "{backend}");
        }
    }
}
