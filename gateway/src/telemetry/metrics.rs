//! The registry and its families, kept over reloads so that counters go on counting.

use std::fmt;
use std::hash::Hash;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::drift::{Bench, Tallies};
use crate::ledger::Spilled;
use crate::otel::Exports;
use crate::snapshot::meter::{
    ConversionLabels, ConversionMeter, ExchangeLabels, ExchangeMeter, LossLabels, MergeLabels,
    UnconvertedLabels, UnconvertedMeter, Way, Why,
};
use crate::upstream::{Fleet, PoolMeter};

use super::admin::{self, Refused};
use super::backends::{Backends, Counts};
use super::latencies::Latencies;
use super::lifecycle::LifeMeters;
use super::process;

/// All metrics of a gateway.
pub struct Metrics {
    /// Versions that come and go.
    pub life: LifeMeters,
    registry: Registry,
    exchanges: Family<ExchangeLabels, Counter>,
    latencies: Latencies,
    seconds: Family<ConversionLabels, Histogram, fn() -> Histogram>,
    bytes: Family<ConversionLabels, Counter>,
    refused: Family<ConversionLabels, Counter>,
    losses: Family<LossLabels, Counter>,
    merged: Family<MergeLabels, Counter>,
    unconverted: Family<UnconvertedLabels, Counter>,
    counts: Counts,
    fleet: Arc<Fleet>,
    /// Reloads that came into use.
    pub reloads_ok: Counter,
    /// Reloads that were refused.
    pub reloads_failed: Counter,
    /// Entries of the journal that could not be written.
    pub journal_failed: Counter,
    /// Whether the last good configuration stands in for a file that is wrong.
    pub last_good: Gauge,
    /// The generation in use.
    pub generation: Gauge<u64, AtomicU64>,
    turned_away: Family<ArrivalLabels, Counter>,
    expiries: Family<CertificateLabels, Gauge>,
    spilled: Spilled,
    drift: Arc<Bench>,
    exports: Exports,
    pub(super) admin_refused: Refused,
    /// Connections that are open.
    pub connections: Gauge,
    /// Of those, the ones that speak another protocol than HTTP.
    pub tunnels: Gauge,
}

/// Why a connection ended before HTTP, or a line came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ArrivalLabels {
    reason: &'static str,
}

/// What became of something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

/// A certificate by its file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateLabels {
    certificate: String,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn histogram() -> Histogram {
    // 10 µs to 10.5 s
    Histogram::new(exponential_buckets(1e-5, 4.0, 11))
}

/// A registered family of counters by name and meaning.
pub(super) fn family<Labels>(registry: &mut Registry, what: (&str, &str)) -> Family<Labels, Counter>
where
    Labels: EncodeLabelSet + Clone + fmt::Debug + Hash + Eq + Send + Sync + 'static,
{
    let family = Family::default();
    registry.register(what.0, what.1, family.clone());
    family
}

/// A registered counter by name and meaning.
fn counter(registry: &mut Registry, what: (&str, &str)) -> Counter {
    let counter = Counter::default();
    registry.register(what.0, what.1, counter.clone());
    counter
}

/// A registered gauge by name and meaning.
fn gauge(registry: &mut Registry, what: (&str, &str)) -> Gauge {
    let gauge = Gauge::default();
    registry.register(what.0, what.1, gauge.clone());
    gauge
}

fn build(registry: &mut Registry) {
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    registry.register("build", "The program that runs", Info::new(version));
}

fn spilled(registry: &mut Registry) -> Spilled {
    let what = "Lines of the access log that were dropped, by reason";
    let dropped = family(registry, ("access_log_dropped", what));
    let reason = |reason| dropped.get_or_create(&ArrivalLabels { reason }).clone();
    Spilled { queue: reason("queue"), write: reason("write") }
}

fn drift(registry: &mut Registry) -> Arc<Bench> {
    let what =
        "Payloads that differ from what their own version declares, of those that were judged";
    let found = family(registry, ("drift", what));
    let judged =
        counter(registry, ("drift_judged", "Payloads that were held against their schema"));
    let what = "Payloads that nobody could judge: no JSON, or a schema that cannot be read";
    let unjudged = counter(registry, ("drift_unjudged", what));
    let what = "Copied payloads that were dropped before they were judged, by reason";
    let dropped = family(registry, ("drift_dropped", what));
    let reason = |reason| dropped.get_or_create(&ArrivalLabels { reason }).clone();
    let (large, queue) = (reason("large"), reason("queue"));
    Arc::new(Bench::new(Tallies { found, judged, unjudged, large, queue }))
}

fn exports(registry: &mut Registry) -> Exports {
    let what = "Exchanges whose spans were sent to a collector, or dropped, by what became of them";
    let all = family(registry, ("spans", what));
    let result = |result| all.get_or_create(&ResultLabels { result }).clone();
    Exports { sent: result("sent"), queue: result("queue"), failed: result("failed") }
}

fn seconds(registry: &mut Registry) -> Family<ConversionLabels, Histogram, fn() -> Histogram> {
    let seconds: Family<_, _, fn() -> Histogram> = Family::new_with_constructor(histogram);
    let what = "Time inside the converter, by body";
    registry.register_with_unit("conversion", what, Unit::Seconds, seconds.clone());
    seconds
}
const UNCONVERTED: &str = "Bodies of undeclared media types or statuses that passed as they were to or from another version";

fn octets(registry: &mut Registry) -> Family<ConversionLabels, Counter> {
    let bytes = Family::default();
    let what = "Octets read by the converter";
    registry.register_with_unit("converted", what, Unit::Bytes, bytes.clone());
    bytes
}

fn expiries(registry: &mut Registry) -> Family<CertificateLabels, Gauge> {
    let expiries = Family::default();
    let what = "The last moment of each certificate that clients are shown, in Unix time";
    let name = "certificate_expires_timestamp";
    registry.register_with_unit(name, what, Unit::Seconds, expiries.clone());
    expiries
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("evergate");
        build(&mut registry);
        let exchanges = family(
            &mut registry,
            ("exchanges", "Exchanges by api, operation, versions and status"),
        );
        let seconds = seconds(&mut registry);
        let bytes = octets(&mut registry);
        let refused =
            family(&mut registry, ("conversions_refused", "Bodies that could not be converted"));
        let losses = Family::default();
        registry.register(
            "losses",
            "Conversion steps that dropped or replaced information",
            losses.clone(),
        );
        let what = "Full writes of older versions that were merged with what those cannot show";
        let merged = family(&mut registry, ("merged_writes", what));
        let unconverted = family(&mut registry, ("unconverted", UNCONVERTED));
        let counts = Counts::new(&mut registry);
        let fleet = Backends::register(&mut registry);
        let what = "Configurations that came into use after the first";
        let reloads_ok = counter(&mut registry, ("reloads_ok", what));
        let what = "Configurations that were refused";
        let reloads_failed = counter(&mut registry, ("reloads_failed", what));
        let what = "Entries of the journal that could not be written";
        let journal_failed = counter(&mut registry, ("journal_failed", what));
        let what = "1 where the last good configuration stands in for files that are wrong";
        let last_good = gauge(&mut registry, ("config_last_good", what));
        let generation = Gauge::default();
        registry.register(
            "generation",
            "The configuration in use, counted from 1",
            generation.clone(),
        );
        let connections = gauge(&mut registry, ("connections", "Open client connections"));
        let what = "Connections that ended before HTTP, by reason";
        let turned_away = family(&mut registry, ("connections_refused", what));
        let spilled = spilled(&mut registry);
        let drift = drift(&mut registry);
        let exports = exports(&mut registry);
        let expiries = expiries(&mut registry);
        Self {
            life: LifeMeters::register(&mut registry),
            admin_refused: admin::refused(&mut registry),
            tunnels: gauge(&mut registry, ("tunnels", "Open client connections after a 101")),
            registry,
            exchanges,
            latencies: Latencies::default(),
            seconds,
            bytes,
            refused,
            losses,
            merged,
            unconverted,
            counts,
            fleet,
            reloads_ok,
            reloads_failed,
            journal_failed,
            last_good,
            generation,
            turned_away,
            expiries,
            spilled,
            drift,
            exports,
            connections,
        }
    }
}

impl Metrics {
    /// A meter for exchanges with these labels.
    pub fn exchange(&self, labels: ExchangeLabels) -> ExchangeMeter {
        let latency = self.latencies.of(&labels);
        ExchangeMeter::new(self.exchanges.clone(), labels, latency)
    }

    /// The meter of one way of converting.
    pub fn conversion(&self, api: &str, way: Way) -> Arc<ConversionMeter> {
        let labels = ConversionLabels { api: api.to_owned(), way };
        Arc::new(ConversionMeter {
            seconds: self.seconds.get_or_create(&labels).clone(),
            bytes: self.bytes.get_or_create(&labels).clone(),
            refused: self.refused.get_or_create(&labels).clone(),
        })
    }

    /// The meter of bodies that pass unconverted.
    pub fn unconverted(&self, api: &str) -> UnconvertedMeter {
        let counter = |way, why| {
            let labels = UnconvertedLabels { api: api.to_owned(), way, why };
            self.unconverted.get_or_create(&labels).clone()
        };
        UnconvertedMeter {
            request_media: counter(Way::request, Why::media_type),
            response_media: counter(Way::response, Why::media_type),
            response_status: counter(Way::response, Why::status),
        }
    }

    /// The counter of one kind of loss.
    pub fn loss(&self, labels: &LossLabels) -> Counter {
        self.losses.get_or_create(labels).clone()
    }

    /// The counter of one way of merging writes.
    pub fn merged(&self, labels: &MergeLabels) -> Counter {
        self.merged.get_or_create(labels).clone()
    }

    /// What is counted of one backend.
    pub fn pool(&self, api: &str, version: &str) -> PoolMeter {
        self.counts.pool(api, version)
    }

    /// The endpoints that are measured.
    pub const fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    /// The certificates that are in use, by file, with the last moment of each.
    pub fn certificates<'a>(&self, all: impl IntoIterator<Item = &'a (PathBuf, SystemTime)>) {
        self.expiries.clear();
        for (path, until) in all {
            let labels = CertificateLabels { certificate: path.display().to_string() };
            let seconds =
                until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            self.expiries.get_or_create(&labels).set(i64::try_from(seconds).unwrap_or(i64::MAX));
        }
    }

    /// What counts exchanges that are told to a collector.
    pub const fn exports(&self) -> &Exports {
        &self.exports
    }

    /// Where live payloads are held against their schemas.
    pub const fn drift(&self) -> &Arc<Bench> {
        &self.drift
    }

    /// What counts lines of the access log that come to nothing.
    pub const fn spilled(&self) -> &Spilled {
        &self.spilled
    }

    /// Counts a connection that ended before HTTP, by a word of a fixed set.
    pub fn turn_away(&self, reason: &'static str) {
        self.turned_away.get_or_create(&ArrivalLabels { reason }).inc();
    }

    /// The text that Prometheus reads (`OpenMetrics` 1.0).
    pub fn text(&self) -> String {
        let mut text = String::new();
        // writing to a string does not fail
        let _ = encode_registry(&mut text, &self.registry);
        self.latencies.write(&mut text);
        process::write(&mut text);
        let _ = encode_eof(&mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;
    use crate::snapshot::meter::{ExchangeLabels, Way};

    #[test]
    fn the_text_has_what_was_counted() {
        let metrics = Metrics::default();
        let labels = ExchangeLabels {
            api: "orders".into(),
            operation: "GET /x".into(),
            client_version: "1".into(),
            backend_version: "2".into(),
            status: 0,
        };
        metrics.exchange(labels).count(200);
        metrics.conversion("orders", Way::response).seconds.observe(0.001);
        let text = metrics.text();
        let line = "evergate_exchanges_total{api=\"orders\",operation=\"GET /x\",client_version=\"1\",\
                    backend_version=\"2\",status=\"200\"} 1";
        assert!(text.contains(line), "{text}");
        assert!(
            text.contains("evergate_conversion_seconds_count{api=\"orders\",way=\"response\"} 1"),
            "{text}"
        );
        assert!(text.ends_with("# EOF\n"));
    }
}
