//! What a version declares about its predecessor in `changes.yaml`: lenses that no schema shows.

mod answer;
mod bodily;
mod border;
mod case;
mod error;
mod link;
mod model;
mod names;
#[cfg(test)]
mod names_tests;
mod nearest;
mod parameter;
mod policy;
mod read;
mod route;
mod structure;
mod target;
#[cfg(test)]
mod tests;
mod value;
mod verb;
mod whole;

pub use link::{Cursor, cursor};
pub(crate) use model::covers;
pub use model::{
    AnswerChange, BodyMove, CaseRule, CursorChange, Direction, Entry, For, Loses, MapRule,
    NamesRule, OnConflict, OnExtra, OnMissing, OnNull, OnRange, OnUnfit, OnUnknown,
    ParameterChange, ParameterMove, RouteChange, Rules, Scope, Target, TransformRule, Unsealed,
    ValueSource, VersionChanges, Way,
};
pub use read::{declared, entry_words, read_changes};
pub(crate) use route::{PathNames, path_names};
