//! Who uses what: counted by each worker, gathered each second, and handed to whoever writes it down.

mod ledger;
mod secret;
mod table;

pub use ledger::{Ledger, RowKey, Rows};
pub use secret::Secret;
pub use table::{Consumer, Table, Tally, Use, Used};
