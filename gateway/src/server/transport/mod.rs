//! From an accepted socket to a stream of HTTP: who is at the other end, and by which protocol.

mod accept;
mod crowd;
mod proxy;

pub(super) use accept::{Arrival, Gates, Refused, accept};
