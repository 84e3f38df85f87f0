//! All plans of an api: each client operation against each backend version, every shared payload judged once.

mod bridges;
mod ledger;
mod media;
mod message;
mod parameter;
#[cfg(test)]
mod tests;

pub use bridges::{Bridges, CompileLimits, Pairs};
