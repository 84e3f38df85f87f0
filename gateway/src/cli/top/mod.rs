//! `evergate top`: what a running gateway is doing, in a terminal.

mod frame;
mod sample;
mod watch;

pub(super) use watch::{Top, top};
