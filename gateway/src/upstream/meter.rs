//! What is counted of backends; every label comes from the configuration or is one of a few words.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;

/// What a backend is counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BackendLabels {
    /// The api's name.
    pub api: String,
    /// The configured version; empty for none.
    pub version: String,
}

/// The same with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabels {
    /// The api's name.
    pub api: String,
    /// The configured version; empty for none.
    pub version: String,
    /// Of a retry `unsent`, `lost` or `status`; of a limit `requests` or `pending`.
    pub why: &'static str,
}

/// Why a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Nothing of it was sent.
    Unsent,
    /// The connection ended without an answer.
    Lost,
    /// The answer was one of those that are tried again.
    Status,
}

impl Again {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unsent, Self::Lost, Self::Status];

    /// The word of the metric.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unsent => "unsent",
            Self::Lost => "lost",
            Self::Status => "status",
        }
    }
}

/// A bound of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Requests in flight.
    Requests,
    /// Requests that wait for a connection.
    Pending,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Requests, Self::Pending];

    /// The word of the metric.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Pending => "pending",
        }
    }
}

/// What a pool counts.
#[derive(Clone, Debug, Default)]
pub struct PoolMeter {
    /// Endpoints that were passed over for what they answered.
    pub ejections: Counter,
    /// In the order of [`Again::ALL`].
    pub retries: [Counter; 3],
    /// Retries that the budget did not allow.
    pub unretried: Counter,
    /// Requests that a bound kept away, in the order of [`Limit::ALL`].
    pub limited: [Counter; 2],
    /// Endpoints that were found to speak another version than is configured.
    pub mismatches: Counter,
}

impl PoolMeter {
    /// Counts a retry.
    pub fn again(&self, why: Again) {
        let counters = Again::ALL.iter().zip(&self.retries);
        counters.filter(|(one, _)| **one == why).for_each(|(_, counter)| {
            counter.inc();
        });
    }

    /// Counts a request that was kept away.
    pub fn limited(&self, limit: Limit) {
        let counters = Limit::ALL.iter().zip(&self.limited);
        counters.filter(|(one, _)| **one == limit).for_each(|(_, counter)| {
            counter.inc();
        });
    }
}
