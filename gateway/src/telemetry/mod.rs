//! What is counted and what is said about each exchange.

mod admin;
mod backends;
mod latencies;
mod lifecycle;
mod line;
mod metrics;
mod process;
mod record;
mod trace;
pub mod usage;

pub use lifecycle::LifeMeters;
pub use metrics::Metrics;
pub use record::{Ended, Record, Said, protocol};
pub use trace::Trace;
