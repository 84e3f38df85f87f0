//! The proxies that are compared: where they come from, how each is configured, how they are started.

mod caddy;
mod certificate;
mod envoy;
mod evergate;
mod haproxy;
mod install;
mod kind;
mod nginx;
mod setup;

pub(crate) use certificate::Certificate;
pub(crate) use install::Sources;
pub(crate) use kind::Kind;
pub(crate) use setup::{Edge, Setup, Started, free_port};
