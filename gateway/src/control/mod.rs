//! What changes a running gateway: reloads, the files that call for them, what goes on beside the traffic, and its end.

mod keeper;
mod reload;
mod state;
mod stops;
pub(crate) mod usage;
mod watch;

pub(crate) use reload::{Apply, Reloaded, Reloader, as_json};
pub(crate) use state::State;
pub(crate) use stops::Stops;
pub(crate) use watch::watch;
