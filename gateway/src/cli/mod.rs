//! The command line: the only room that prints.

mod admin;
mod against;
mod apart;
mod args;
mod baselines;
mod bridges;
mod changelog;
mod check;
mod config;
mod config_args;
mod contracts;
mod convert;
mod crew;
mod demo;
mod diff;
mod driver;
mod exit;
mod explain;
mod explained;
mod git;
mod live;
mod matrix;
mod outputs;
mod parts;
mod past;
mod program;
mod progress;
mod release;
mod remote;
mod removal;
mod rules;
mod run;
mod suggest;
mod target;
mod waivers;

pub use program::main;
