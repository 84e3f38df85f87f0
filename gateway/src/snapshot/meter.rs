//! Counters that are looked up when a snapshot is made, so that a request only adds to them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::latency::Latency;

/// What an exchange is counted under. Every value comes from the configuration and the descriptions, or is a
/// status, so the number of series is bounded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ExchangeLabels {
    /// The api's name; empty when no api matched.
    pub api: String,
    /// Method and template; `undeclared` for what no description has; empty when refused before that was known.
    pub operation: String,
    /// The client's version; empty when unknown.
    pub client_version: String,
    /// The backend's version; empty when none was chosen.
    pub backend_version: String,
    /// The status sent to the client.
    pub status: u16,
}

/// The two directions a body is converted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Way {
    /// Client to backend.
    #[expect(non_camel_case_types, reason = "the word in the metric")]
    request,
    /// Backend to client.
    #[expect(non_camel_case_types, reason = "the word in the metric")]
    response,
}

/// What conversions are counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ConversionLabels {
    /// The api's name.
    pub api: String,
    /// Which way.
    pub way: Way,
}

/// What losses are counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct LossLabels {
    /// The api's name.
    pub api: String,
    /// Method and template.
    pub operation: String,
    /// The client's version.
    pub client_version: String,
    /// The backend's version.
    pub backend_version: String,
    /// Which way.
    pub way: Way,
    /// The row of the rules, `A8`.
    pub rule: String,
}

/// What merged writes are counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct MergeLabels {
    /// The api's name.
    pub api: String,
    /// Method and template.
    pub operation: String,
    /// The client's version.
    pub client_version: String,
    /// The backend's version.
    pub backend_version: String,
    /// `merge_patch` or `read_merge_write`.
    pub how: String,
}

/// The counter of exchanges with all labels known but the status.
#[derive(Debug)]
pub struct ExchangeMeter {
    family: Family<ExchangeLabels, Counter>,
    labels: ExchangeLabels,
    latency: Arc<Latency>,
}

impl ExchangeMeter {
    /// A meter; the status in `labels` counts for nothing.
    pub fn new(
        family: Family<ExchangeLabels, Counter>,
        labels: ExchangeLabels,
        latency: Arc<Latency>,
    ) -> Self {
        Self { family, labels, latency }
    }

    /// Counts one exchange and how long it took, an example where it belongs to a trace.
    pub fn observe(&self, status: u16, took: Duration, trace: Option<&[u8; 32]>) {
        self.count(status);
        self.latency.observe(took, trace);
    }

    /// Counts one exchange that nobody timed.
    pub fn count(&self, status: u16) {
        for slot in &self.latency.statuses {
            let (own, counter) = slot.get_or_init(|| (status, self.counter(status)));
            if *own == status {
                counter.inc();
                return;
            }
        }
        if let Some(others) = self.latency.others.get(usize::from(status / 100)) {
            others.fetch_add(1, Ordering::Relaxed);
        }
        self.counter(status).inc();
    }

    /// What it counted since the start, by status; statuses that came late are told together as the first of their class.
    pub fn statuses(&self) -> impl Iterator<Item = (u16, u64)> {
        let known = self.latency.statuses.iter().filter_map(OnceLock::get);
        let known = known.map(|(status, counter)| (*status, counter.get()));
        let others = (0_u16..).zip(&self.latency.others);
        known.chain(others.map(|(class, count)| (class * 100, count.load(Ordering::Relaxed))))
    }

    /// How long its exchanges took.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// What it counts under.
    pub const fn labels(&self) -> &ExchangeLabels {
        &self.labels
    }

    fn counter(&self, status: u16) -> Counter {
        let labels = ExchangeLabels { status, ..self.labels.clone() };
        self.family.get_or_create(&labels).clone()
    }
}

/// What one way of converting is measured by.
#[derive(Clone, Debug)]
pub struct ConversionMeter {
    /// Time spent inside the converter, of one body, in seconds.
    pub seconds: Histogram,
    /// Octets read.
    pub bytes: Counter,
    /// Bodies refused.
    pub refused: Counter,
}

/// Why a body passed unconverted between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Why {
    /// Its media type is not declared.
    #[expect(non_camel_case_types, reason = "the word in the metric")]
    media_type,
    /// The status is not declared.
    #[expect(non_camel_case_types, reason = "the word in the metric")]
    status,
}

/// What bodies that passed unconverted are counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct UnconvertedLabels {
    /// The api's name.
    pub api: String,
    /// Which way.
    pub way: Way,
    /// Why.
    pub why: Why,
}

/// Counts bodies that passed unconverted on the way to or from another version.
#[derive(Clone, Debug)]
pub struct UnconvertedMeter {
    /// Requests of an undeclared media type.
    pub request_media: Counter,
    /// Responses of an undeclared media type.
    pub response_media: Counter,
    /// Responses of an undeclared status.
    pub response_status: Counter,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use prometheus_client::metrics::family::Family;

    use super::{ExchangeLabels, ExchangeMeter};

    #[test]
    fn more_statuses_than_slots_are_all_counted() {
        let family = Family::default();
        let labels = ExchangeLabels {
            api: "a".into(),
            operation: "GET /".into(),
            client_version: "1".into(),
            backend_version: "2".into(),
            status: 0,
        };
        let meter = ExchangeMeter::new(family.clone(), labels.clone(), Arc::default());
        for round in 0..2 {
            for status in 200..220 {
                meter.count(status);
                let seen = family.get_or_create(&ExchangeLabels { status, ..labels.clone() }).get();
                assert_eq!(seen, round + 1);
            }
            let told: u64 = meter.statuses().map(|(_, count)| count).sum();
            assert_eq!(told, 20 * (round + 1));
            assert!(meter.statuses().all(|(status, count)| count == 0 || status / 100 == 2));
        }
    }
}
