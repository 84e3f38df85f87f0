//! The command line: the only room that prints.

mod run;

pub use run::main;
