//! What is counted of versions that come and go.

use std::sync::Mutex;
use std::sync::PoisonError;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::metrics::family;

/// Requests by version and where it stands, and when each goes.
#[derive(Debug)]
pub struct LifeMeters {
    requests: Family<StageLabels, Counter>,
    sunsets: Family<SunsetLabels, Gauge>,
    /// What `sunsets` shows.
    known: Mutex<Vec<(SunsetLabels, i64)>>,
    trouble: Gauge,
}

/// A version and where it stands. All are words of the configuration and of a fixed set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    api: String,
    version: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SunsetLabels {
    api: String,
    version: String,
}

impl LifeMeters {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let what = "Requests by client version and where it stands: current, deprecated, brown-out, sunset or gone";
        let requests = family(registry, ("version_requests", what));
        let sunsets = Family::default();
        let what = "When each version goes, in Unix time";
        registry.register_with_unit("sunset_timestamp", what, Unit::Seconds, sunsets.clone());
        let trouble = Gauge::default();
        let what = "Whether use is counted in memory alone, as the store cannot be written";
        registry.register("usage_unwritten", what, trouble.clone());
        Self { requests, sunsets, known: Mutex::default(), trouble }
    }

    /// Counts requests of an api's version in this state.
    pub fn requests(&self, (api, version): (&str, &str), state: &'static str, count: u64) {
        let labels = StageLabels { api: api.to_owned(), version: version.to_owned(), state };
        self.requests.get_or_create(&labels).inc_by(count);
    }

    /// The sunsets of all versions that have one.
    pub fn sunsets<'a>(&self, all: impl Iterator<Item = ((&'a str, &'a str), i64)>) {
        let one = |((api, version), end): ((&str, &str), i64)| {
            (SunsetLabels { api: api.to_owned(), version: version.to_owned() }, end)
        };
        let all: Vec<_> = all.map(one).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == all {
            return;
        }
        self.sunsets.clear();
        for (labels, end) in &all {
            self.sunsets.get_or_create(labels).set(*end);
        }
        *known = all;
    }

    /// Whether the store cannot be written.
    pub fn store_trouble(&self, trouble: bool) {
        self.trouble.set(i64::from(trouble));
    }
}
