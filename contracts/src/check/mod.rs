//! Judging the versions of an api against each other: which messages get through, with proof or payload.

mod baseline;
mod bumped;
mod changed;
#[cfg(test)]
mod evidence;
mod frozen;
mod judge;

pub use baseline::{Baseline, Moved, against};
pub use bumped::{bumped, changed};
pub use frozen::{content, frozen, kept};
pub use judge::{Compiled, MATRIX_BOUND, Steps, compile, complete, every_pair, judge};
