//! What administrators are served: a table of things to ask for, behind a guard.

mod basic;
mod desk;
mod drift;
mod endpoints;
mod guard;
mod losses;
mod role;
mod rows;
mod serve;

pub(crate) use serve::admin;
