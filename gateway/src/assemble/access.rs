//! What says of exchanges what they were: the access log with its place opened, and who sends spans.

use std::sync::Arc;

use evergate_schemas::problem::{Problem, Severity};
use tracing::{Level, enabled, warn};

use super::lifecycle::problem;
use crate::config::{AccessConfig, AccessLog, AccessPlace, Config};
use crate::ledger::{Access, usual};
use crate::otel::Exporter;
use crate::snapshot::Snapshot;
use crate::telemetry::Metrics;

/// Where exchanges are told of, if anywhere.
///
/// # Errors
/// When the place cannot be opened.
pub(super) fn access(
    config: &Config,
    previous: Option<&Snapshot>,
    metrics: &Metrics,
) -> Result<Option<Arc<Access>>, Problem> {
    let (log, place) = match &config.access {
        AccessLog::Off => return Ok(None),
        AccessLog::Usual if !enabled!(target: "evergate::exchange", Level::INFO) => {
            return Ok(None);
        }
        AccessLog::Usual => (AccessConfig::default(), None),
        AccessLog::On(log, place) => ((**log).clone(), Some(place)),
    };
    let what = match &log.to {
        AccessPlace::File(path) => path.display().to_string(),
        AccessPlace::Stdout | AccessPlace::Stderr => "the stream".to_owned(),
    };
    let previous = previous.and_then(|snapshot| snapshot.access.as_deref());
    match (Access::open(log, usual(), previous, metrics.spilled()), place) {
        (Ok(access), _) => Ok(Some(Arc::new(access))),
        // no file is named, so that only a thread can be wanting
        (Err(_), None) => Ok(None),
        (Err(error), Some(place)) => {
            let what = format!("the access log cannot be opened at {what}: {error}");
            let remedy = "let the gateway write there, or name another place under `to`";
            Err(problem(place, Severity::Error, what, remedy))
        }
    }
}

/// Who brings spans to a collector, if somebody does.
pub(super) fn exporter(
    config: &Config,
    previous: Option<&Snapshot>,
    metrics: &Metrics,
) -> Option<Arc<Exporter>> {
    let previous = previous.and_then(|snapshot| snapshot.exporter.as_ref());
    let opened = Exporter::open(config.otlp.as_ref()?, previous, metrics.exports());
    opened.inspect_err(|error| warn!(%error, "no spans will be sent")).ok()
}
