//! The command line: the only room that prints.

mod args;
mod check;
mod config;
mod contracts;
mod convert;
mod crew;
mod demo;
mod diff;
mod excerpt;
mod exit;
mod human;
mod judged;
mod matrix;
mod program;
mod progress;
mod remedy;
mod report;
mod rows;
mod rules;
mod run;
#[cfg(test)]
mod samples;
mod target;

pub use program::main;
