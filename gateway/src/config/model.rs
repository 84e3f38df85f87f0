//! A configuration that has been checked: what can be said wrong in one file alone is right here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use evergate_schemas::convert::Unconvertible;
use evergate_schemas::problem::Place;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::access::AccessLog;
use super::admin::AdminConfig;
use super::backend::BackendConfig;
use super::cidr::Cidr;
use super::drift::DriftConfig;
use super::lifecycle::LifecycleConfig;
use super::listen::ListenConfig;
use super::otlp::OtlpConfig;
use super::state::StateConfig;
use super::usage::UsageConfig;

/// The whole file.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where traffic is taken; at least one.
    pub listen: Vec<ListenConfig>,
    /// Where administrators are served, and who they are.
    pub admin: AdminConfig,
    /// Where what outlives the process is kept.
    pub state: StateConfig,
    /// How use is counted.
    pub usage: UsageConfig,
    /// The socket at which a new process takes the listeners over; `None` for nowhere.
    pub takeover: Option<PathBuf>,
    /// Threads that serve traffic. Default: as many as the process may use cores.
    pub workers: NonZeroUsize,
    /// By name.
    pub apis: Vec<ApiConfig>,
    /// Who is asked for the addresses of names; none for the servers of the system.
    pub name_servers: Vec<SocketAddr>,
    /// Bounds.
    pub limits: Limits,
    /// Times.
    pub timeouts: Timeouts,
    /// Whose word on who is behind them counts. Default nobody.
    pub trusted_proxies: Vec<Cidr>,
    /// What is said of each exchange, and where.
    pub access: AccessLog,
    /// Where spans are sent, if anywhere.
    pub otlp: Option<OtlpConfig>,
}

/// One api.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Its name.
    pub name: String,
    /// Where the file has it.
    pub place: Place,
    /// The directory of its versions, resolved against the config file's directory.
    pub description: Option<PathBuf>,
    /// The path it is served under, without a trailing slash; empty for all.
    pub path: String,
    /// Lower case; `*.` in front for any labels; empty for all.
    pub hosts: Vec<String>,
    /// Scheme and authority that clients know it by.
    pub public: Option<(String, String)>,
    /// Where a request may say its version, in order.
    pub selectors: Vec<SelectorConfig>,
    /// The place of each of these.
    pub selector_places: Vec<Place>,
    /// Where the file says which requests are its own; that of the api where it does not.
    pub match_place: Place,
    /// The version of a request that says none.
    pub default: Option<(DefaultVersion, Place)>,
    /// At least one.
    pub backends: Vec<BackendConfig>,
    /// What is done with operations that are not declared.
    pub undeclared: UndeclaredConfig,
    /// What conversions may do and have to be.
    pub conversion: ConversionConfig,
    /// What is done with full writes that would take away what the client's version cannot show.
    pub writes: WritesConfig,
    /// Protocols that clients may switch to on their connections, lower case. Default none.
    pub upgrades: Vec<HeaderValue>,
    /// What `configuration` sources read.
    pub values: BTreeMap<String, Value>,
    /// Consumer to version label, with the place.
    pub consumers: BTreeMap<String, (String, Place)>,
    /// By version label, with the place.
    pub versions: BTreeMap<String, (LifecycleConfig, Place)>,
    /// Which payloads are held against the schemas of their versions.
    pub drift: DriftConfig,
}

/// One place where a request may say its version, the pattern as written and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorConfig {
    /// A path segment with `{version}`, without slashes.
    Path(String),
    /// A header.
    Header(HeaderName),
    /// A media type with `{version}`.
    Accept(String),
    /// A query parameter.
    Query(String),
    /// A header that names the consumer.
    Consumer(HeaderName),
}

/// The version of a request that says none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultVersion {
    /// The first of the api.
    Oldest,
    /// The last of the api.
    Newest,
    /// This one.
    Label(String),
}

/// What is done with operations that the description does not declare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UndeclaredConfig {
    /// Forwarded unconverted, only to the very version asked for.
    #[default]
    Forward,
    /// Refused.
    Refuse,
}

/// What is done with messages that say `no-transform` (RFC 9110 §7.7) and would have to be converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoTransformConfig {
    /// They are refused.
    #[default]
    Honour,
    /// They are converted all the same.
    Override,
}

/// Whether an answer says in its head what the conversions lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LossHeaderConfig {
    /// Where the client prefers `loss-report`.
    #[default]
    Asked,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What is done with messages whose signature a conversion would break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignaturesConfig {
    /// They are refused.
    #[default]
    Refuse,
    /// They are converted, and the signature is forwarded as it came.
    Forward,
}

/// What is done with full writes (PUT) that would take away what the client's version cannot show.
#[derive(Clone, Debug)]
pub struct WritesConfig {
    /// For operations that are not named, with the place where it is said.
    pub default: (WriteMode, Option<Place>),
    /// By method and path as the client's version has them, `PUT /orders/{id}`, with the place of each.
    pub operations: BTreeMap<String, (WriteMode, Place)>,
    /// How often a document is read and merged before a 412 of the backend is passed on. Default 2.
    pub attempts: u32,
    /// Longest time for reading a document. Default 10 s.
    pub read_timeout: Duration,
    /// Write a merged document also where the backend gives it no strong entity tag. Default no.
    pub unguarded: bool,
    /// Members, in the names of the backend's version, that tell the items of a list apart; the first that all items
    /// have counts. Default none.
    pub identity: Vec<String>,
}

impl Default for WritesConfig {
    fn default() -> Self {
        Self {
            default: (WriteMode::default(), None),
            operations: BTreeMap::new(),
            attempts: 2,
            read_timeout: Duration::from_secs(10),
            unguarded: false,
            identity: Vec::new(),
        }
    }
}

/// One way to treat such a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteMode {
    /// It is refused before anything is sent.
    #[default]
    Refuse,
    /// It goes on, and what it takes away is counted as lost.
    Replace,
    /// It is sent as a merge patch (RFC 7396) of what the client's version shows.
    MergePatch,
    /// The document is read, what the client changed is done to it, and it is written if nobody else did.
    ReadMergeWrite,
}

/// The policies under `conversion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversionConfig {
    /// What a conversion has to be to be used.
    pub require: Require,
    /// Payloads that are generated for each body that is tested. Default 200.
    pub payloads: u32,
    /// What becomes of a record of a streamed answer that does not get through.
    pub records: Unconvertible,
    /// What is done with messages that forbid transformation.
    pub no_transform: NoTransformConfig,
    /// Whether clients are told in the head what was lost.
    pub loss_header: LossHeaderConfig,
    /// What is done with messages whose signature a conversion would break.
    pub signatures: SignaturesConfig,
}

impl Default for ConversionConfig {
    fn default() -> Self {
        Self {
            require: Require::default(),
            payloads: 200,
            records: Unconvertible::default(),
            no_transform: NoTransformConfig::default(),
            loss_header: LossHeaderConfig::default(),
            signatures: SignaturesConfig::default(),
        }
    }
}

/// What a conversion has to be to be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Require {
    /// Total, and proved to fit its reader.
    #[default]
    Proved,
    /// Total, and proved, or at least not refuted by [`ConversionConfig::payloads`] payloads where nobody can tell.
    Tested,
    /// Total.
    Any,
}

/// Bounds; sizes in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest head of a request or an answer. Default 64 KiB.
    pub head: usize,
    /// Most fields of a head. Default 100.
    pub fields: usize,
    /// Longest request target. Default 8000.
    pub target: usize,
    /// Largest request body that is converted. Default 10 MiB. Bodies that need no conversion stream through.
    pub body: usize,
    /// Most request bodies held at once, all together. Default 256 MiB.
    pub held_bodies: usize,
    /// Largest that a coded response may be without its content coding, when it is converted. Default 256 MiB. For
    /// requests `body` holds, with and without their coding.
    pub decoded: usize,
    /// Most octets without a content coding for each octet with it, beyond the first MiB. Default 200.
    pub ratio: usize,
    /// Deepest nesting of a converted body. Default 128.
    pub depth: u32,
    /// Most that a conversion holds back. Default 1 MiB.
    pub held: usize,
    /// Most open client connections. Default 10,000.
    pub connections: usize,
    /// Most of them from one address, of IPv6 from one network of 64 bits; 0, the default, for any number.
    pub connections_per_address: usize,
    /// Most requests in flight, all together. Default 20,000.
    pub requests: usize,
    /// Most connections at once of which the TLS handshake is not over. Default 1000.
    pub handshakes: usize,
    /// Most streams at once on one HTTP/2 connection. Default 128.
    pub streams: u32,
    /// Least of a request body in each `timeouts.body`. Default 1000; 0 lifts it.
    pub pace: usize,
    /// Most unused connections kept to one endpoint. Default 128.
    pub idle_connections: usize,
    /// Most octets of a request's body that nobody read that are read and forgotten behind the answer, so that the
    /// connection can carry another request. Default 64 KiB.
    pub unread: usize,
    /// Most octets that are read and forgotten between the last answer and the close. Default 256 KiB.
    pub linger: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 << 10,
            fields: 100,
            target: 8000,
            body: 10 << 20,
            held_bodies: 256 << 20,
            decoded: 256 << 20,
            ratio: 200,
            depth: 128,
            held: 1 << 20,
            connections: 10_000,
            connections_per_address: 0,
            requests: 20_000,
            handshakes: 1000,
            streams: 128,
            pace: 1000,
            idle_connections: 128,
            unread: 64 << 10,
            linger: 256 << 10,
        }
    }
}

/// Times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a client has sent a whole head, from the connection's start or the last answer. Default 10 s.
    pub header: Duration,
    /// The window of `limits.pace`. Default 10 s.
    pub body: Duration,
    /// Longest time that a client takes nothing of what is written to it. Default 30 s.
    pub write: Duration,
    /// Longest time for a client to take the last answer before a close that would destroy it. Default 2 s.
    pub linger: Duration,
    /// Until a backend takes a connection. Default 3 s.
    pub connect: Duration,
    /// Until the head of a backend's answer is there. Default 60 s.
    pub upstream: Duration,
    /// Longest silence inside a backend's answer. Default 300 s.
    pub silence: Duration,
    /// From a request to the head of its answer, all attempts and pauses together. Default 2 min.
    pub request: Duration,
    /// How long nothing moves in a tunnel behind a 101 before it is closed. Default 1 h.
    pub tunnel: Duration,
    /// How long an unused backend connection is kept. Default 60 s.
    pub idle: Duration,
    /// How long exchanges may go on after the gateway was told to stop. Default 30 s.
    pub drain: Duration,
    /// How long a connection without a request may still bring one then; at most `drain`. Default 5 s.
    pub drain_idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            body: Duration::from_secs(10),
            write: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            connect: Duration::from_secs(3),
            upstream: Duration::from_mins(1),
            silence: Duration::from_mins(5),
            request: Duration::from_mins(2),
            tunnel: Duration::from_hours(1),
            idle: Duration::from_mins(1),
            drain: Duration::from_secs(30),
            drain_idle: Duration::from_secs(5),
        }
    }
}
