//! Pure functions of one JSON value, each with its abstract twin on schemas: what a plan does where looking up, renaming
//! and supplying members is not enough.

mod cast;
mod decimal;
mod embed;
mod envelope;
mod fit;
mod gather;
mod instant;
mod keyed;
mod link;
mod list;
mod members;
mod model;
mod order;
mod pattern;
mod point;
mod raw;
mod retag;
mod scale;
mod settle;
#[cfg(test)]
mod testing;
mod time;
mod twin;
mod wrap;

pub use cast::{Basic, Cast};
pub use decimal::Rounding;
pub use embed::{Embed, Form};
pub use envelope::Envelope;
pub use fit::{Fit, Otherwise};
pub use gather::Gathered;
pub use keyed::{Duplicate, Keyed, KeyedWay};
pub use link::{Link, Linked};
pub use list::{List, Pick};
pub use members::{Compute, Computed, Merge, OnFail, Split};
pub use model::{Made, Transform, Unfit};
pub use order::{Filter, Group, Select, SortKey};
pub use pattern::{Pattern, Template};
pub use point::{Notation, Point, Syntax, Unsent};
pub use retag::{Retag, TagForm};
pub use scale::{OnPrecision, Scale};
pub use settle::{Settle, Stays};
pub use time::{Moment, Time};
