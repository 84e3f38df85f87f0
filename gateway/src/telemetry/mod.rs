//! What is counted and what is said about each exchange.

mod backends;
mod metrics;
mod record;

pub use metrics::Metrics;
pub use record::{Ended, Record, Said};
