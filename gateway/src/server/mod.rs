//! Listening, serving connections, draining, and handing listeners on.

mod blocks;
mod connection;
mod frames;
mod gateway;
mod hpack;
mod http1;
mod inherit;
mod io;
mod listen;
mod local;
mod notify;
mod sockets;
mod takeover;
mod transport;
mod tunnel;
mod worker;

pub use crate::control::AtFault;
pub use gateway::{Gateway, RunOptions, StartFailure};
pub use inherit::Inherited;
