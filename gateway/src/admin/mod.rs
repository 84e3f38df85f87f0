//! What administrators are served: a table of things to ask for, behind a guard.

mod basic;
mod configuration;
mod desk;
mod drift;
mod endpoints;
mod guard;
mod history;
mod lifecycle;
mod losses;
mod query;
mod role;
mod rows;
mod serve;
mod status;
mod usage;

pub(crate) use serve::admin;
