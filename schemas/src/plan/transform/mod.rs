//! Pure functions of one JSON value, each with its abstract twin on schemas: what a plan does where looking up, renaming
//! and supplying members is not enough.

mod model;
mod wrap;

pub use model::{Made, Transform, Unfit};
