//! Listening, draining, the admin listener, and reload.

mod admin;
mod blocks;
mod connection;
mod endpoints;
mod frames;
mod gateway;
mod hpack;
mod http1;
mod inherit;
mod io;
mod keeper;
mod listen;
mod losses;
mod notify;
mod reload;
mod sockets;
mod takeover;
mod transport;
mod tunnel;
mod watch;
mod worker;

pub use gateway::{Gateway, RunOptions, StartFailure};
pub use inherit::Inherited;
