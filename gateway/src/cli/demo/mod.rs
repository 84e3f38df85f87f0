//! `evergate demo`: a real payment API in four versions, backends, the gateway and clients in one process.

mod assets;
mod backend;
mod client;
mod judge;
mod load;
mod scene;
mod show;
mod tour;

pub(super) use tour::{DemoOptions, run};
