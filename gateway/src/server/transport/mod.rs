//! From an accepted socket to a stream of HTTP: who is at the other end, and by which protocol.

mod accept;
mod proxy;

pub(super) use accept::{Arrival, Refused, accept};
