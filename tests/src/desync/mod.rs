//! The HTTP/1.1 conformance and desync suite: rows of raw bytes, judged by what reached the backend and what the
//! client saw (RFC 9110, RFC 9112). It knows nothing of the proxy in between but its address.

pub mod case;
pub mod client;
pub mod message;
pub mod recorder;
mod rows;
pub mod run;
pub mod table;
pub mod target;

pub use rows::all;
