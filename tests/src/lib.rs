//! What the end-to-end tests stand on: the real binary, a raw-socket client and backend, and a small load.
//!
//! Everything here speaks HTTP/1.1 by hand, so that a test can send and see what no client library would allow.

#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "this crate serves tests only, and a test may fall"
)]

pub mod backend;
pub mod binary;
pub mod browser;
pub mod client;
pub mod corpus;
pub mod desync;
pub mod frames;
pub mod gate;
pub mod load;
pub mod name_server;
pub mod numbers;
pub mod openmetrics;
pub mod orders;
pub mod process;
pub mod scratch;
pub mod steward;
pub mod told;
pub mod wire;
