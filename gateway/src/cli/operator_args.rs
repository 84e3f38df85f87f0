//! What may be written behind `evergate config` and `evergate admin`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::config_args::{History, Put, Rollback, Show, Verify};
use super::remote::Reach;

/// `evergate config`
#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Check a configuration and all it names, and print every problem with its place.
    Check {
        /// The gateway's configuration.
        #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
        config: PathBuf,
    },
    /// List who changed a gateway's configuration, when, why and from where, refused attempts too.
    History(History),
    /// Print a configuration of the past.
    Show(Show),
    /// Prove that the journal of changes is whole: exit code 1 tells the line that was changed, put in or left out.
    Verify(Verify),
    /// Put a config file in the place of the one that a running gateway uses.
    Put(Put),
    /// Bring a configuration of the past back, in a gateway that runs.
    Rollback(Rollback),
    /// Say what a configuration does otherwise than the one in use: settings, backends, verdicts, losses. Ends with 1 where
    /// anything differs, and with 64 where it cannot be used.
    Diff(Box<super::apart::Diff>),
}

/// `evergate admin`
#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Draw a token and print it once, with the line that lets it in.
    Token(NewToken),
    /// Print the `OpenAPI` 3.1 description of what a gateway offers its administrators.
    Openapi,
    /// Ask a gateway that runs who you are to it, and what you may do.
    Whoami(Reach),
}

/// `evergate admin token`
#[derive(Debug, Args)]
pub(super) struct NewToken {
    /// Whose it is: the journal names them by it.
    #[arg(long, value_name = "NAME")]
    pub(super) name: String,
    /// What its owner may do.
    #[arg(long, value_enum)]
    pub(super) role: TokenRole,
    /// The day from which on it is refused, as YEAR-MONTH-DAY (UTC); never if left out.
    #[arg(long, value_name = "DATE")]
    pub(super) expires: Option<Date>,
}

/// What an administrator may do; each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TokenRole {
    /// Look at everything that is no secret.
    Read,
    /// Reload, and change what the configuration allows for.
    Operate,
    /// Change the configuration itself.
    Administer,
}
