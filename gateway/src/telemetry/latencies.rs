//! The text of latencies, with examples by which a trace is found.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::snapshot::latency::{BOUNDS, Exemplar, Latency, Observed};
use crate::snapshot::meter::ExchangeLabels;

/// The name of the family, and what it is.
const NAME: &str = "evergate_exchange_seconds";
const WHAT: &str = "Time from a request's head to the head of its answer";

/// The labels, escaped and put together.
type Labels = String;

/// All latencies by their labels. Those that no configuration in use has any more are forgotten.
#[derive(Debug, Default)]
pub(super) struct Latencies(Mutex<BTreeMap<Labels, Arc<Latency>>>);

impl Latencies {
    /// What exchanges with these labels are observed by; the status counts for nothing.
    pub(super) fn of(&self, labels: &ExchangeLabels) -> Arc<Latency> {
        let ExchangeLabels { api, operation, client_version, backend_version, .. } = labels;
        let mut text = String::new();
        for (name, value) in [
            ("api", api),
            ("operation", operation),
            ("client_version", client_version),
            ("backend_version", backend_version),
        ] {
            let _ = write!(text, "{name}=\"{}\",", escaped(value));
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(text).or_default())
    }

    /// Appends the family in the text form of `OpenMetrics` 1.0.
    pub(super) fn write(&self, out: &mut String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, latency| Arc::strong_count(latency) > 1);
        let _ =
            writeln!(out, "# HELP {NAME} {WHAT}.\n# TYPE {NAME} histogram\n# UNIT {NAME} seconds");
        for (labels, latency) in all.iter() {
            if let Some(observed) = latency.observed() {
                one(out, labels, &observed);
            }
        }
    }
}

fn one(out: &mut String, labels: &str, observed: &Observed) {
    let mut sum = 0;
    let bounds = BOUNDS.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".to_owned()]);
    for ((bound, count), exemplar) in bounds.zip(observed.buckets).zip(observed.exemplars) {
        sum += count;
        let _ = write!(out, "{NAME}_bucket{{{labels}le=\"{bound}\"}} {sum}");
        if let Some(exemplar) = exemplar {
            example(out, &exemplar);
        }
        out.push('\n');
    }
    let labels = labels.trim_end_matches(',');
    let _ = writeln!(out, "{NAME}_count{{{labels}}} {sum}");
    let _ = writeln!(out, "{NAME}_sum{{{labels}}} {:?}", observed.sum);
}

fn example(out: &mut String, exemplar: &Exemplar) {
    let trace = std::str::from_utf8(&exemplar.trace).unwrap_or_default();
    let at = exemplar.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (at.as_secs(), at.subsec_millis());
    let value = exemplar.seconds;
    let _ = write!(out, " # {{trace_id=\"{trace}\"}} {value:?} {seconds}.{millis:03}");
}

/// A label's value between its quotes.
pub(super) fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
