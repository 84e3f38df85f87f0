//! Which client versions can be served by which backend versions, and at what loss.

mod gather;
mod html;
mod human;
mod markdown;
mod model;
#[cfg(test)]
mod tests;

pub use gather::bridges_of;
pub use model::{ApiBridges, BridgeCell, BridgeRow, BridgesReport, Ends, FORMAT};

pub(super) use html::write as html;
pub(super) use human::write as human;
pub(super) use markdown::write as markdown;
