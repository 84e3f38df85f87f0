//! What a version declares about its predecessor in `changes.yaml`: lenses that no schema shows.

mod model;
mod nearest;
mod parameter;
mod read;
mod target;
#[cfg(test)]
mod tests;
mod verb;

pub use model::{
    Direction, Entry, Loses, MapRule, OnNull, OnUnfit, OnUnknown, ParameterChange, Rules, Scope,
    Target, TransformRule, ValueSource, VersionChanges, Way,
};
pub use read::{declared, read_changes};
