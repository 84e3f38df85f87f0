//! Calls to a gateway that runs, as its administrator.

use std::fmt::Write;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::exit::Failure;
use crate::config::{self, AdminAddress};
use crate::control::State;
use crate::tls::OperatorSide;

/// Longest time for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest time for an answer: a configuration of many apis takes a while to be checked.
const ANSWER: Duration = Duration::from_mins(2);
/// Most octets of an answer.
const OCTETS: usize = 64 << 20;
/// The name of the file in the state directory that has the token which was drawn at the start.
const TOKEN_FILE: &str = "admin.token";
/// Where a token may stand in the environment.
const TOKEN: &str = "EVERGATE_TOKEN";

/// How the gateway is reached, for every command that talks to one.
#[derive(Clone, Debug, Args)]
pub(super) struct Reach {
    /// The configuration of the gateway: it says where administrators are served and where the state is kept.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    pub(super) config: PathBuf,
    /// Where the gateway serves administrators: `127.0.0.1:9901`, `https://NAME:PORT` or `unix:/PATH`. By default what the
    /// configuration says.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) admin: Option<String>,
    /// The file that has the token. By default the environment's `EVERGATE_TOKEN`, else `admin.token` in the state
    /// directory.
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// The authorities in PEM that the gateway's certificate has to come from. By default those of the system.
    #[arg(long, value_name = "FILE")]
    pub(super) admin_ca: Option<PathBuf>,
    /// The certificate in PEM to show the gateway.
    #[arg(long, value_name = "FILE", requires = "admin_key")]
    pub(super) admin_certificate: Option<PathBuf>,
    /// Its private key in PEM.
    #[arg(long, value_name = "FILE", requires = "admin_certificate")]
    pub(super) admin_key: Option<PathBuf>,
    /// Where the gateway keeps its state, if that was said on its command line.
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
}

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Plain(String),
    Tls(String),
    Unix(PathBuf),
}

/// A gateway that can be called.
pub(super) struct Remote {
    target: Target,
    token: Option<String>,
    tls: Option<OperatorSide>,
    runtime: tokio::runtime::Runtime,
}

/// What it answered.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Told {
    /// The body as JSON; `null` for what is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The answer, if all is well.
    ///
    /// # Errors
    /// What the gateway says is wrong, for people.
    pub(super) fn good(self) -> Result<Self, Failure> {
        if self.status.is_success() { Ok(self) } else { Err(self.failure()) }
    }

    /// Why it is not well.
    pub(super) fn failure(&self) -> Failure {
        let body = self.json();
        let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let detail = member("detail");
        let mut said = match self.status {
            StatusCode::UNAUTHORIZED => {
                "the gateway does not know the caller; name the file of a token with --token-file or put one into \
                 EVERGATE_TOKEN: `evergate admin token --name NAME --role ROLE` draws one, and without `admin.tokens` in the \
                 configuration it is in `admin.token` of the gateway's state directory, which only its user may read"
                    .to_owned()
            }
            status if detail.is_empty() => format!("the gateway answered {status}"),
            status => format!("the gateway answered {}: {detail}", status.as_u16()),
        };
        for problem in body.get("problems").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| match problem.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            let (file, line, column) = (text("file"), text("line"), text("column"));
            let (what, remedy) = (text("what"), text("remedy"));
            let _ = write!(said, "\n{file}:{line}:{column}: {what}; {remedy}");
        }
        Failure::said(said)
    }
}

impl Remote {
    /// Finds out where the gateway is and by which token it is called.
    ///
    /// # Errors
    /// When neither the command line nor the configuration says it, or a file that is named cannot be read.
    pub(super) fn new(reach: &Reach) -> Result<Self, Failure> {
        let target = match &reach.admin {
            Some(address) => target(address)?,
            None => configured(&reach.config)?,
        };
        let tls = match target {
            Target::Tls(_) => {
                let shown = reach.admin_certificate.as_deref().zip(reach.admin_key.as_deref());
                let side = OperatorSide::load(reach.admin_ca.as_deref(), shown);
                Some(side.map_err(Failure::Problems)?)
            }
            _ => None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { target, token: token(reach)?, tls, runtime })
    }

    /// GET.
    ///
    /// # Errors
    /// As [`Remote::ask`].
    pub(super) fn get(&self, path: &str) -> Result<Told, Failure> {
        self.ask(&Method::GET, path, &[], None)
    }

    /// One call; `fields` besides the credential, and a body with its media type. A call that changes something says so in
    /// the way that the gateway asks for.
    ///
    /// # Errors
    /// When there is no answer. One that says no is an answer.
    pub(super) fn ask(
        &self,
        method: &Method,
        path: &str,
        fields: &[(&str, &str)],
        body: Option<(&str, Bytes)>,
    ) -> Result<Told, Failure> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.host());
        if let Some(token) = &self.token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Failure::said("the token has characters that no token has"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if *method != Method::GET {
            request = request.header("x-evergate-reload", "1");
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (media, octets) = body.unzip();
        if let Some(media) = media {
            request = request.header(CONTENT_TYPE, media);
        }
        let request = request.body(Full::new(octets.unwrap_or_default()));
        let request = request.map_err(|error| Failure::said(format!("{path}: {error}")))?;
        self.runtime.block_on(self.exchange(request))
    }

    /// What stands in Host: a name where the certificate has one, and else what any gateway takes.
    fn host(&self) -> &str {
        match &self.target {
            Target::Plain(authority) | Target::Tls(authority) => authority,
            Target::Unix(_) => "localhost",
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Told, Failure> {
        match &self.target {
            Target::Unix(path) => {
                let stream = within(CONNECT, UnixStream::connect(path)).await;
                self.over(stream.map_err(|error| self.unreached(&error))?, request).await
            }
            Target::Plain(authority) => {
                let stream = within(CONNECT, TcpStream::connect(authority)).await;
                self.over(stream.map_err(|error| self.unreached(&error))?, request).await
            }
            Target::Tls(authority) => {
                let stream = within(CONNECT, TcpStream::connect(authority)).await;
                let stream = stream.map_err(|error| self.unreached(&error))?;
                let host = authority.rsplit_once(':').map_or(&**authority, |(host, _)| host);
                let Some((config, name)) = self.tls.as_ref().and_then(|side| side.of(host)) else {
                    return Err(Failure::said(format!(
                        "`{host}` is not a name that a certificate has"
                    )));
                };
                let handshake = TlsConnector::from(Arc::clone(&config)).connect(name, stream);
                let stream = within(CONNECT, handshake).await.map_err(|error| {
                    Failure::said(format!(
                        "the gateway at {authority} is not spoken to under TLS: {error}; name the authorities of its \
                         certificate with --admin-ca, and call it by a name that the certificate has"
                    ))
                })?;
                self.over(stream, request).await
            }
        }
    }

    async fn over<Line>(&self, stream: Line, request: Request<Full<Bytes>>) -> Result<Told, Failure>
    where
        Line: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let lost = |error: &dyn std::fmt::Display| {
            Failure::said(format!("the gateway at {} gave no answer: {error}", self.place()))
        };
        let asking = async {
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            let driven = tokio::spawn(connection);
            let answer = sender.send_request(request).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, OCTETS).collect().await;
            driven.abort();
            Ok::<_, hyper::Error>((head, body))
        };
        let answered = timeout(ANSWER, asking).await.map_err(|late| lost(&late))?;
        let (head, body) = answered.map_err(|error| lost(&error))?;
        let body = body.map_err(|error| lost(&error))?.to_bytes();
        Ok(Told { status: head.status, headers: head.headers, body })
    }

    /// Where the gateway is, for people.
    fn place(&self) -> String {
        match &self.target {
            Target::Plain(authority) => authority.clone(),
            Target::Tls(authority) => format!("https://{authority}"),
            Target::Unix(path) => format!("unix:{}", path.display()),
        }
    }

    fn unreached(&self, error: &std::io::Error) -> Failure {
        let place = self.place();
        Failure::said(match error.kind() {
            std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::NotFound => {
                format!(
                    "nobody listens at {place}: is the gateway running, and is this its `admin.address`?"
                )
            }
            std::io::ErrorKind::PermissionDenied => {
                format!(
                    "{place} may not be opened: {error}; call as the gateway's user, or set `admin.mode`"
                )
            }
            _ => format!("the gateway at {place} cannot be reached: {error}"),
        })
    }
}

async fn within<Done>(
    time: Duration,
    doing: impl Future<Output = std::io::Result<Done>>,
) -> std::io::Result<Done> {
    timeout(time, doing).await.unwrap_or_else(|late| Err(late.into()))
}

fn target(text: &str) -> Result<Target, Failure> {
    let sound = |authority: &str| {
        let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        port.filter(|port| *port != 0).map(|_| authority.to_owned())
    };
    let plain = text.trim_end_matches('/');
    let found = if let Some(path) = plain.strip_prefix("unix:") {
        (!path.is_empty()).then(|| Target::Unix(path.into()))
    } else if let Some(authority) = plain.strip_prefix("https://") {
        sound(authority).map(Target::Tls)
    } else {
        sound(plain.strip_prefix("http://").unwrap_or(plain)).map(Target::Plain)
    };
    found.ok_or_else(|| {
        Failure::said(format!(
            "`{text}` is no address of a gateway; write `127.0.0.1:9901`, `https://NAME:PORT` or `unix:/PATH`"
        ))
    })
}

/// What a configuration says of where its gateway is.
fn configured(path: &Path) -> Result<Target, Failure> {
    let (config, _) = config::load(path).map_err(Failure::Configuration)?;
    let mut address = match &config.admin.address {
        AdminAddress::Unix(path, _) => return Ok(Target::Unix(path.clone())),
        AdminAddress::Tcp(address) => *address,
    };
    if address.port() == 0 {
        return Err(Failure::said(format!(
            "{} leaves the administrator's port to the system; name the address with --admin, as the gateway's ready file \
             has it",
            path.display()
        )));
    }
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    let text = address.to_string();
    Ok(if config.admin.tls.is_some() { Target::Tls(text) } else { Target::Plain(text) })
}

/// The token; none where there is none to be found, as a Unix socket or a certificate may do without.
fn token(reach: &Reach) -> Result<Option<String>, Failure> {
    let read = |path: &Path| fs::read_to_string(path).map(|text| text.trim().to_owned());
    if let Some(path) = &reach.token_file {
        let token = read(path).map_err(|error| {
            Failure::said(format!("the token file {} cannot be read: {error}", path.display()))
        });
        return token.map(Some);
    }
    if let Ok(token) = std::env::var(TOKEN)
        && !token.trim().is_empty()
    {
        return Ok(Some(token.trim().to_owned()));
    }
    let state = State::of_file(&reach.config, reach.state.as_deref());
    Ok(read(&state.path(TOKEN_FILE)).ok())
}

#[cfg(test)]
mod tests {
    use super::{Target, target};

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let plain = |text: &str| Target::Plain(text.to_owned());
        for (text, expected) in [
            ("127.0.0.1:9901", plain("127.0.0.1:9901")),
            ("http://localhost:1/", plain("localhost:1")),
            ("[::1]:9901", plain("[::1]:9901")),
            ("https://gate.example.com:9901", Target::Tls("gate.example.com:9901".into())),
            ("unix:/run/a.sock", Target::Unix("/run/a.sock".into())),
        ] {
            assert_eq!(target(text).unwrap(), expected, "{text}");
        }
        for bad in ["", "unix:", "127.0.0.1", "127.0.0.1:0", "ftp://x", "x:99999"] {
            target(bad).unwrap_err();
        }
    }
}
