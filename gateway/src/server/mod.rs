//! Listening, draining, the admin listener, and reload.

mod gateway;

pub use gateway::{Gateway, RunOptions, StartFailure};
