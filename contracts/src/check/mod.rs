//! Judging the versions of an api against each other: which messages get through, with proof or payload.

mod judge;

pub use judge::{Compiled, MATRIX_BOUND, Steps, compile, complete, judge};
