//! From two schemas and declared lenses to a conversion, its image and its verdict.

pub mod apply;
mod backward;
pub mod bridge;
mod compile;
mod derive;
pub(crate) mod edits;
mod fuse;
pub(crate) mod image;
mod judge;
pub mod lens;
pub mod names;
mod nodes;
pub mod outside;
pub mod pointers;
pub mod program;
#[cfg(test)]
pub(crate) mod random;
mod relink;
mod shape;
pub mod style;
pub mod transform;
pub mod wire;

pub use apply::{Rejected, apply};
pub use compile::{Bridges, CompileLimits, NamesHint, Pairs, undeclared_names};
pub use derive::{Site, derive};
pub use fuse::{fuse, fuse_all};
pub use image::{Image, ImageLimits, Known, image, image_of};
pub use judge::{JudgeLimits, Question, Senders, judge};
pub use lens::{
    Cursor, Direction, OnConflict, Unsealed, VersionChanges, cursor, declared, read_changes,
};
