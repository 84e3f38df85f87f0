//! What is counted and what is said about each exchange.

mod backends;
mod latencies;
mod line;
mod metrics;
mod process;
mod record;
mod trace;

pub use metrics::Metrics;
pub use record::{Ended, Record, Said, protocol};
pub use trace::Trace;
