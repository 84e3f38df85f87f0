//! Endpoints, what is known of them, and which of them takes the next request.

mod body;
mod client;
mod clock;
mod dice;
mod endpoint;
mod ewma;
mod fleet;
mod meter;
mod pool;

pub use body::{BodyFault, OutboundBody, Pace};
pub use client::{Client, ClientSettings, SendFailure};
pub use endpoint::{Endpoint, Place, Seat, State, Version, Wanted};
pub use fleet::Fleet;
pub use meter::{BackendLabels, PoolMeter};
pub use pool::{Chosen, Outcome, Pool, Reach, Tried, Wish};
