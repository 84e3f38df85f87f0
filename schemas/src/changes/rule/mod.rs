//! The rules: each a row with a stable id, a sentence, its levels, an explanation and a case.

mod case;
mod members;
mod messages;
mod page;
mod row;
mod service;
mod table;
mod values;

pub use case::Case;
pub use row::Rule;
pub use table::{rule, rules};
