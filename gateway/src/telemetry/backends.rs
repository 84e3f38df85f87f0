//! What is counted of backends, and how their endpoints are when somebody asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::metrics::family;
use crate::upstream::{Again, BackendLabels, Fleet, Limit, PoolMeter, ReasonLabels, State};

/// The families of what is counted of backends.
#[derive(Debug)]
pub(super) struct Counts {
    ejections: Family<BackendLabels, Counter>,
    retries: Family<ReasonLabels, Counter>,
    unretried: Family<BackendLabels, Counter>,
    limited: Family<ReasonLabels, Counter>,
    mismatches: Family<BackendLabels, Counter>,
}

impl Counts {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let what = "Endpoints that were passed over since they failed too often in a row";
        let ejections = family(registry, ("ejections", what));
        let retries = family(registry, ("retries", "Requests that were sent to a backend again"));
        let what = "Requests that were not sent again since the budget of retries was spent";
        let unretried = family(registry, ("retries_refused", what));
        let what = "Requests that a limit of a backend kept away from it";
        let limited = family(registry, ("backend_limited", what));
        let what = "Endpoints that were found to speak another version than is configured";
        let mismatches = family(registry, ("version_mismatches", what));
        Self { ejections, retries, unretried, limited, mismatches }
    }

    /// What is counted of one backend.
    pub(super) fn pool(&self, api: &str, version: &str) -> PoolMeter {
        let labels = BackendLabels { api: api.to_owned(), version: version.to_owned() };
        let by_reason = |family: &Family<ReasonLabels, Counter>, why| {
            let BackendLabels { api, version } = labels.clone();
            family.get_or_create(&ReasonLabels { api, version, why }).clone()
        };
        PoolMeter {
            ejections: self.ejections.get_or_create(&labels).clone(),
            retries: Again::ALL.map(|why| by_reason(&self.retries, why.word())),
            unretried: self.unretried.get_or_create(&labels).clone(),
            limited: Limit::ALL.map(|limit| by_reason(&self.limited, limit.word())),
            mismatches: self.mismatches.get_or_create(&labels).clone(),
        }
    }
}

/// Tells of each endpoint that is in use whether it is used, and how many requests are with it.
#[derive(Debug)]
pub(super) struct Backends {
    fleet: Arc<Fleet>,
}

impl Backends {
    /// The fleet whose endpoints are told of from now on.
    pub(super) fn register(registry: &mut Registry) -> Arc<Fleet> {
        let fleet = Arc::new(Fleet::default());
        registry.register_collector(Box::new(Self { fleet: Arc::clone(&fleet) }));
        fleet
    }
}

/// What one figure of an endpoint is.
type Pick = fn(&(i64, i64)) -> i64;

impl Collector for Backends {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        // two backends of one api may have one address; an endpoint is told once, and up if any of them is
        let mut all: BTreeMap<[String; 3], (i64, i64)> = BTreeMap::new();
        for endpoint in self.fleet.all() {
            let place = endpoint.place();
            let labels = [&*place.api, &*place.version, endpoint.authority().as_str()];
            let told = all.entry(labels.map(str::to_owned)).or_default();
            told.0 = told.0.max(i64::from(endpoint.state(None) == State::Up));
            told.1 += i64::try_from(endpoint.in_flight()).unwrap_or(i64::MAX);
        }
        let families: [(&str, &str, Pick); 2] = [
            (
                "endpoint_up",
                "1 for an endpoint that is used, 0 for one that is passed over",
                |told| told.0,
            ),
            ("endpoint_requests", "Requests that are with an endpoint", |told| told.1),
        ];
        for (name, what, pick) in families {
            let mut family = encoder.encode_descriptor(name, what, None, MetricType::Gauge)?;
            for ([api, version, endpoint], told) in &all {
                let labels = [
                    ("api", api.as_str()),
                    ("version", version.as_str()),
                    ("endpoint", endpoint.as_str()),
                ];
                ConstGauge::new(pick(told)).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
