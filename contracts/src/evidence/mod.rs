//! What a person needs to understand a finding: the lines of both documents, the reader's words, and the change to blame.

mod blame;
mod ends;
mod found;
mod lens;
mod missing;
mod said;
mod way;

pub(crate) use blame::{Blame, blamed};
pub(crate) use ends::{End, Ends};
pub(crate) use found::Evidence;
