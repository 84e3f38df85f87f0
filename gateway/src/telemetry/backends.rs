//! How the endpoints are, as they are when somebody asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::upstream::{Fleet, State};

/// Tells of each endpoint that is in use whether it is used, and how many requests are with it.
#[derive(Debug)]
pub(super) struct Backends {
    fleet: Arc<Fleet>,
}

impl Backends {
    pub(super) const fn new(fleet: Arc<Fleet>) -> Self {
        Self { fleet }
    }
}

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
        type Pick = fn(&(i64, i64)) -> i64;
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
