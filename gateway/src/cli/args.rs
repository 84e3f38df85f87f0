//! What a user may write on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Evergate lets every client keep the API version it was written for, on whatever mix of backend versions is
/// running, and proves beforehand that it can.
///
/// Begin with `evergate check DIR`, where DIR holds one directory for each version of an api
/// (`v1/openapi.yaml`, `v2/openapi.yaml`, …): it says which messages get through unchanged, which are
/// converted, and which break, with a payload that proves it.
#[derive(Debug, Parser)]
#[command(name = "evergate", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(super) struct CommandLine {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

const EXIT_CODES: &str = "Exit codes: 0 it holds, 1 something was found, 2 it could not be judged \
(bad usage, unreadable or invalid input), 64 bad configuration.";

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run the gateway until it is told to stop.
    Run(Run),
    /// Write a script that lets your shell complete commands: `evergate completions bash`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// List the rules by which `diff` and `check` name what changed.
    Rules(Rules),
}

/// `evergate run`
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The gateway's configuration.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    pub(super) config: PathBuf,
    /// Write the addresses that were bound to this file, as JSON, once connections are accepted.
    #[arg(long, value_name = "FILE")]
    pub(super) ready_file: Option<PathBuf>,
}

/// `evergate rules`
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Only this rule.
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,
}
