//! Use by consumer: written down, read back, and judged.

mod answer;
mod books;
mod judge;
mod secret;
mod store;

pub(crate) use answer::{Asking, UsageReport, UsageRow, days, moment};
pub(crate) use books::{Books, offline};
pub(crate) use judge::{Question, Removal, Verdict, judge};
