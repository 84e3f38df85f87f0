//! Links and paging tokens that name a version or belong to one, said in the other side's words.
//!
//! A text that is no plain link of this api stays byte for byte: nothing is repaired, and nothing leads out of the api.

mod cursor;
mod field;
mod reference;
#[cfg(test)]
mod tests;
mod turner;

pub(crate) use cursor::{Token, token};
pub(crate) use field::{carry, has_links, in_fields, tell};
pub(crate) use turner::{Here, Toward, Turner};
