//! The administrators' page: rendered here, whole without scripts, and made live by events.

mod apis;
mod assets;
mod backends;
mod entry;
mod form;
mod frame;
mod history;
mod life;
mod live;
mod numbers;
mod overview;
mod pages;
mod plan;
mod problems;
mod reload;
mod trial;
mod ways;

pub(super) use entry::{LOGIN, dressed, is_open, is_own, log_in};
pub(super) use live::{Feed, Live};
pub(super) use pages::PAGES;
