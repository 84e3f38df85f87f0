//! The command line: the only room that prints.

mod args;
mod check;
mod config;
mod contracts;
mod convert;
mod crew;
mod demo;
mod diff;
mod exit;
mod matrix;
mod outputs;
mod program;
mod progress;
mod rules;
mod run;
mod target;
mod waivers;

pub use program::main;
