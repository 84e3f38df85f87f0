//! Listening, draining, the admin listener, and reload.

mod admin;
mod connection;
mod endpoints;
mod framing;
mod gateway;
mod io;
mod keeper;
mod listen;
mod losses;
mod reload;
mod transport;
mod watch;

pub use gateway::{Gateway, RunOptions, StartFailure};
