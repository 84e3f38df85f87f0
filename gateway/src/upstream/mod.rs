//! Endpoints, what is known of them, and which of them takes the next request.

mod body;
mod budget;
mod call;
mod client;
#[cfg(test)]
mod client_tests;
mod clock;
mod connect;
mod dial;
mod dice;
mod endpoint;
mod ewma;
mod fleet;
mod gate;
mod health;
mod http2;
mod meter;
mod names;
mod pool;
#[cfg(test)]
mod pool_tests;
mod remembered;
mod repeat;
mod websocket;

pub use body::{BodyFault, OutboundBody, Pace};
pub use client::{Client, ClientSettings, SendFailure};
pub use connect::{Beside, Goal};
pub use dial::Dial;
pub(crate) use dice::Dice;
pub use endpoint::{Endpoint, Place, Seat, State, Version, Wanted};
pub use fleet::{Fleet, Ledger};
pub use gate::{Full, Gate, Pass};
pub use health::{Asker, Expected, Find, first_look, watch};
pub use meter::{Again, BackendLabels, Limit, PoolMeter, ReasonLabels};
pub use names::{Names, follow, name, resolve};
pub use pool::{Chosen, Outcome, Pool, PoolTimes, Reach, Tried, Wish};
pub use repeat::may_repeat;
