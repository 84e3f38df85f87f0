//! All plans of an api: each client operation against each backend version, every shared payload judged once.

mod answer;
#[cfg(test)]
mod bodily;
mod bridges;
mod composed;
mod flow;
mod forms;
#[cfg(test)]
mod hinted;
mod hints;
mod ledger;
mod media;
mod message;
mod multipart;
mod names;
mod outgoing;
mod parameter;
mod partial;
mod patches;
mod pointing;
mod records;
mod restyle;
#[cfg(test)]
mod routes;
mod status;
#[cfg(test)]
mod tests;
mod value;
#[cfg(test)]
mod whole;
mod wire;

pub use bridges::{Bridges, CompileLimits, Pairs};
pub use hints::{NamesHint, undeclared_names};
