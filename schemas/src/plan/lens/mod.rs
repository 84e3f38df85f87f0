//! What a version declares about its predecessor in `changes.yaml`: lenses that no schema shows.

mod case;
mod model;
mod nearest;
mod parameter;
mod policy;
mod read;
mod structure;
mod target;
#[cfg(test)]
mod tests;
mod value;
mod verb;
mod whole;

pub use model::{
    CaseRule, Direction, Entry, For, Loses, MapRule, OnExtra, OnMissing, OnNull, OnRange, OnUnfit,
    OnUnknown, ParameterChange, Rules, Scope, Target, TransformRule, ValueSource, VersionChanges,
    Way,
};
pub use read::{declared, read_changes};
