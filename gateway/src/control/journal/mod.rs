//! The journal: who changed what, when, why, from where, and what came of it, each line chained to the one before.

mod bounded;
mod chain;
mod entry;
mod file;
mod read;
mod tail;
#[cfg(test)]
mod tests;
mod verify;

pub(crate) use chain::Head;
pub(crate) use entry::{Actor, Cause, Draft, Entry, Outcome};
pub(crate) use file::{Journal, NotWritten};
pub(crate) use read::{Page, Wanted, entry, page, read};
pub(crate) use verify::{Kept, Wish, verify};
