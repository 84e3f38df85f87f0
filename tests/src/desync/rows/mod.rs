//! The rows of the suite, by what they are about.

mod answers;
mod answers_framing;
mod chunks;
mod fields;
mod forwarding;
mod lengths;
mod lines;
mod made;

pub use made::all;
