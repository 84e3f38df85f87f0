//! What a user may write behind `evergate config` about changes of the past and new ones.

use std::path::PathBuf;

use clap::Args;

use super::args::Format;
use super::remote::Reach;

/// `evergate config history`
#[derive(Debug, Args)]
pub(super) struct History {
    #[command(flatten)]
    pub(super) reach: Reach,
    /// Entries that are listed, newest first.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub(super) limit: usize,
    /// Only entries before this one.
    #[arg(long, value_name = "NUMBER")]
    pub(super) below: Option<u64>,
    /// How they are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

/// `evergate config show`
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The number of the entry, as `history` says it.
    #[arg(value_name = "NUMBER")]
    pub(super) number: u64,
    #[command(flatten)]
    pub(super) reach: Reach,
    /// How it is written: for people the config file, with the entry in comments above it.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

/// `evergate config verify`
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The gateway's configuration, which says where its state is.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    pub(super) config: PathBuf,
    /// The state directory, if it was said on the gateway's command line. It can be read without a running gateway.
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
    /// An entry that has to be there: its hash, or NUMBER:HASH. Who keeps the head elsewhere can tell a journal that lost its
    /// end.
    #[arg(long, value_name = "HASH")]
    pub(super) head: Option<String>,
}

/// `evergate status`
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    pub(super) reach: Reach,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

/// What all calls for a change have in common.
#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    pub(super) reach: Reach,
    /// What the change is good for; the journal keeps it.
    #[arg(long, value_name = "TEXT")]
    pub(super) why: Option<String>,
    /// The digest of the configuration that the change was made for. Where another one is in use by now nothing is changed. By
    /// default what is in use when the command begins.
    #[arg(long, value_name = "DIGEST")]
    pub(super) if_match: Option<String>,
    /// Replace a config file that holds what is not in use, as somebody wrote it or it was refused.
    #[arg(long)]
    pub(super) replace_file: bool,
}

/// `evergate config put`
#[derive(Debug, Args)]
pub(super) struct Put {
    /// The config file to be used.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) change: Change,
    /// Only say whether it could be used.
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// `evergate config rollback`
#[derive(Debug, Args)]
pub(super) struct Rollback {
    /// The number of the entry, as `history` says it.
    #[arg(value_name = "NUMBER")]
    pub(super) number: u64,
    #[command(flatten)]
    pub(super) change: Change,
    /// Write the descriptions of then back too.
    #[arg(long)]
    pub(super) with_descriptions: bool,
}
