//! Counts of what administrators were refused.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::metrics::{Metrics, family};

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RefusedLabels {
    reason: &'static str,
}

/// Refused calls by reason.
pub(super) type Refused = Family<RefusedLabels, Counter>;

pub(super) fn refused(registry: &mut Registry) -> Refused {
    let what =
        "Calls to the admin listener that were refused, and connections without a call, by reason";
    family(registry, ("admin_refused", what))
}

impl Metrics {
    /// One more call to the admin listener was refused, for a reason that is one of a few words.
    pub(crate) fn admin_refused(&self, reason: &'static str) {
        self.admin_refused.get_or_create(&RefusedLabels { reason }).inc();
    }
}
