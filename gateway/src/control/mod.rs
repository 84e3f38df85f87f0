//! What changes a running gateway: reloads, the files that call for them, changes by administrators, what is recorded of all
//! this, what goes on beside the traffic, and its end.

mod change;
mod draft;
mod identity;
mod in_use;
mod journal;
mod keeper;
mod records;
mod reload;
mod rollback;
mod start;
mod state;
mod stops;
mod store;
#[cfg(test)]
mod store_tests;
mod taking;
mod unpacked;
pub(crate) mod usage;
mod watch;

pub(crate) use change::{Basis, Changed, NotChanged, Wanted, try_out};
pub(crate) use draft::Unwritten;
pub(crate) use identity::{By, Identity};
pub(crate) use in_use::{InUse, Last};
pub(crate) use journal::{Actor, Cause, Entry, Head, Kept, Page, Wish, page, verify};
pub(crate) use records::{NoPast, Past, Records, Unrecorded, past};
pub(crate) use reload::{Apply, Beginning, Reloader};
pub(crate) use rollback::Descriptions;
pub use start::AtFault;
pub(crate) use start::{Begun, begin};
pub(crate) use state::State;
pub(crate) use stops::Stops;
pub(crate) use store::Store;
pub(crate) use taking::Reloaded;
pub(crate) use watch::watch;
