//! Bodies that are sequences of values: NDJSON, JSON text sequences and server-sent events, one conversion a record.
//!
//! Bytes that no conversion touches come out as they came in, line ends included, and each record comes out as soon as
//! its last byte is there. No more than one record is held. Pointers of refusals begin with the number of the record,
//! counted from 0, as if the stream were an array.

mod events;
mod lines;
mod sequence;
mod stream;
#[cfg(test)]
mod tests;
mod turn;

pub(super) use stream::prepared_events;
pub use stream::{Records, Unconvertible};
