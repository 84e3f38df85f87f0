//! Spans of exchanges, and who brings them to a collector (OTLP over HTTP, JSON).

mod exporter;
mod json;
mod spans;

pub use exporter::{Exporter, Exports};
pub use spans::{Attempt, Finished, Spans, Value};
