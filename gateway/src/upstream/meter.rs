//! What is counted of backends; every label comes from the configuration.

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

/// What a pool counts.
#[derive(Clone, Debug, Default)]
pub struct PoolMeter {
    /// Endpoints that were passed over for what they answered.
    pub ejections: Counter,
}
