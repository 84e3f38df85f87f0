//! Whether live payloads are what their own version declares: some are copied, judged beside the traffic, and what is
//! wrong is noted by its place, never by its value.

mod bench;
mod book;
mod judge;
mod sample;

pub use bench::{Bench, DriftLabels, Tallies};
pub use book::{Finding, Place};
pub use sample::{About, Message, Tap, Unpack, Watched};
