//! What administrators are served: a table of things to ask for, behind a guard that knows who they are.

mod access;
mod apis;
mod basic;
mod configuration;
mod credentials;
mod desk;
mod drift;
mod endpoints;
mod explain;
mod guard;
mod history;
mod lifecycle;
mod limits;
mod listener;
mod losses;
pub(crate) mod openapi;
mod page;
mod query;
mod rows;
mod serve;
mod session;
mod sessions;
mod shape;
mod status;
pub(crate) mod token;
mod usage;

pub(crate) use access::Access;
pub(crate) use listener::Listener;
pub(crate) use serve::admin;
