//! The gateway behind the binary `evergate`, as rooms that tests can enter.
//!
//! Rooms, top floor first: `cli`, `server`, `admin`, `control`, `assemble`, `exchange`, `telemetry`, `snapshot`, `ledger`, `otel`, `upstream`, `drift`, `wire`, `tls`,
//! `config`,
//! `refusal`. No file names a room above its own, and `exchange` never names `config`.

mod admin;
pub mod assemble;
pub mod cli;
pub mod config;
mod control;
pub mod drift;
pub mod exchange;
pub mod ledger;
pub mod otel;
pub mod refusal;
pub mod server;
pub mod snapshot;
pub mod telemetry;
pub mod tls;
pub mod upstream;
pub mod wire;
