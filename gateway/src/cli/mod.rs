//! The command line: the only room that prints.

mod args;
mod exit;
mod program;
mod rules;
mod run;

pub use program::main;
