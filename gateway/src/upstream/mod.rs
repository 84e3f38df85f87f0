//! Endpoints, their pools and their passive health.

mod body;
mod client;
mod pool;

pub use body::{BodyFault, OutboundBody, Pace};
pub use client::{Client, ClientSettings, SendFailure};
pub use pool::{DOWN_FOR, Endpoint, Pool};
