//! One backend as the file says it: where its instances are and how they are used.

use std::ops::RangeInclusive;
use std::time::Duration;

use evergate_schemas::problem::Place;
use http::HeaderName;
use http::uri::Authority;

use super::listen::FileConfig;

/// Instances that speak one version.
#[derive(Clone, Debug)]
pub struct BackendConfig {
    /// The version; `None` for plain proxying, and where each instance says its own.
    pub version: Option<String>,
    /// Each instance says in its health answers which version it speaks.
    pub version_from_health: bool,
    /// Host and port of each instance; at least one.
    pub endpoints: Vec<Authority>,
    /// Those of them that get no new request. Default none.
    pub drained: Vec<Authority>,
    /// Which HTTP its instances speak.
    pub protocol: BackendProtocol,
    /// TLS to its instances; `None` for cleartext.
    pub tls: Option<BackendTls>,
    /// Its share among the backends of the same version. Default 1.
    pub weight: u32,
    /// How the instances are used.
    pub policy: BackendPolicy,
    /// Where the file has it.
    pub place: Place,
}

/// Which HTTP the instances of a backend speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BackendProtocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2: over TLS by ALPN, else by prior knowledge (RFC 9113 §3.3).
    Http2,
    /// HTTP/2 where an instance agrees on it by ALPN, else HTTP/1.1.
    Auto,
}

/// TLS to the instances of a backend. Their certificates are always verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendTls {
    /// The authorities in PEM that their certificates have to come from; `None` for those of the system.
    pub ca: Option<FileConfig>,
    /// The name that their certificates have to have; `None` for the host of each endpoint.
    pub server_name: Option<String>,
    /// The certificate and key that the gateway shows them.
    pub identity: Option<(FileConfig, FileConfig)>,
}

/// How the instances of a backend are used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BackendPolicy {
    /// Requests with equal values of this header go to one instance, as long as it is up.
    pub sticky: Option<HeaderName>,
    /// How long an instance that is new or back takes less than its share; zero for never. Default 10 s.
    pub slow_start: Duration,
    /// When instances are passed over for what they answer.
    pub ejection: EjectionConfig,
    /// How instances are asked how they are; `None` for not at all.
    pub health: Option<HealthConfig>,
    /// When and how often a request is sent again.
    pub retries: RetryConfig,
    /// The backend answers a repeated `Idempotency-Key` without doing the work again.
    pub keyed: bool,
    /// What it takes at most.
    pub limits: BackendLimits,
    /// Times that differ from those of the whole gateway.
    pub times: BackendTimes,
    /// How often its names are looked up.
    pub dns: DnsConfig,
}

impl Default for BackendPolicy {
    fn default() -> Self {
        Self {
            sticky: None,
            slow_start: Duration::from_secs(10),
            ejection: EjectionConfig::default(),
            health: None,
            retries: RetryConfig::default(),
            keyed: false,
            limits: BackendLimits::default(),
            times: BackendTimes::default(),
            dns: DnsConfig::default(),
        }
    }
}

/// When instances are passed over for what they answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EjectionConfig {
    /// Failures in a row after which an instance is passed over; 0 for never. Default 5.
    pub failures: u32,
    /// For how long the first time; the second time twice as long, and so on. Default 2 s.
    pub base: Duration,
    /// The longest. Default 30 s.
    pub most: Duration,
    /// At most this share of a backend's instances is passed over at once, in percent. Default 50.
    pub share: u32,
    /// Where fewer than this share are well, in percent, all are used that take connections. Default 30.
    pub panic: u32,
}

impl Default for EjectionConfig {
    fn default() -> Self {
        Self {
            failures: 5,
            base: Duration::from_secs(2),
            most: Duration::from_secs(30),
            share: 50,
            panic: 30,
        }
    }
}

/// How instances are asked how they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HealthConfig {
    /// The target of the GET.
    pub path: String,
    /// The `Host` of the GET; the instance's own where absent.
    pub host: Option<String>,
    /// From one question to the next, give or take a tenth. Default 5 s.
    pub interval: Duration,
    /// Until the answer's head is there. Default 2 s.
    pub timeout: Duration,
    /// Good answers in a row that bring an instance back. Default 2.
    pub healthy: u32,
    /// Bad answers in a row that take it out. Default 3.
    pub unhealthy: u32,
    /// Good statuses. Default 200 to 299.
    pub statuses: Vec<RangeInclusive<u16>>,
    /// The header of the answer that says the version which the instance speaks.
    pub version_header: Option<HeaderName>,
}

/// When and how often a request is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RetryConfig {
    /// How often one request is sent, the first time included. Default 3.
    pub attempts: u32,
    /// Statuses after which a request that may be repeated is sent again. Default 502 and 503.
    pub statuses: Vec<u16>,
    /// Retries for each hundred requests. Default 20.
    pub budget: u32,
    /// Retries a second that are allowed however few requests there are. Default 3.
    pub floor: u32,
    /// The longest first pause; each further one may be twice as long. Default 25 ms.
    pub backoff: Duration,
    /// The longest pause. Default 250 ms.
    pub most_backoff: Duration,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            attempts: 3,
            statuses: vec![502, 503],
            budget: 20,
            floor: 3,
            backoff: Duration::from_millis(25),
            most_backoff: Duration::from_millis(250),
        }
    }
}

/// What a backend takes at most; `None` for no bound but the gateway's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BackendLimits {
    /// Requests in flight.
    pub requests: Option<usize>,
    /// Requests that wait for a connection.
    pub pending: Option<usize>,
    /// Open connections, used or not; of HTTP/1.1 only.
    pub connections: Option<usize>,
}

/// Times of a backend that differ from those of the whole gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BackendTimes {
    /// Until it takes a connection.
    pub connect: Option<Duration>,
    /// Until the head of its answer is there.
    pub upstream: Option<Duration>,
    /// Longest silence inside its answer.
    pub silence: Option<Duration>,
    /// From the request to the head of the last attempt's answer, all attempts and pauses together.
    pub request: Option<Duration>,
}

/// How often names are looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsConfig {
    /// Not more often than this, however short the records live. Default 5 s.
    pub least: Duration,
    /// Not more rarely than this, however long they live. Default 5 min.
    pub most: Duration,
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self { least: Duration::from_secs(5), most: Duration::from_mins(5) }
    }
}
