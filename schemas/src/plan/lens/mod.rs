//! What a version declares about its predecessor in `changes.yaml`: lenses that no schema shows.

mod model;

pub use model::{
    Direction, Entry, MapRule, OnNull, OnUnknown, ParameterChange, Rules, Scope, Target,
    ValueSource, VersionChanges,
};
