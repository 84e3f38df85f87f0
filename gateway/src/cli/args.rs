//! What a user may write on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use evergate_contracts::policy;

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
    /// Show everything at work: a real payment api, backends and clients of several versions, one reload under load.
    Demo {
        /// End after the tour, with exit code 0 when every expectation held.
        #[arg(long)]
        once: bool,
    },
    /// Run the gateway until it is told to stop.
    Run(Run),
    /// Say whether the versions of an api get along, and prove it.
    Check(Check),
    /// Compare two documents, without any project around them.
    Diff(Diff),
    /// Convert one payload from one version to another, from standard input to standard output.
    Convert(Convert),
    /// Test the conversions: contract files, generated payloads and the authors' examples.
    Contracts(Contracts),
    /// Look at a gateway's configuration.
    #[command(subcommand)]
    Config(Config),
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
    /// How the log on standard error is written; `RUST_LOG` says how much of it.
    #[arg(long, value_enum, default_value_t = Log::Text)]
    pub(super) log: Log,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Log {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// `evergate config`
#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Check a configuration and all it names, and print every problem with its place.
    Check {
        /// The gateway's configuration.
        #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
        config: PathBuf,
    },
}

/// `evergate rules`
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Only this rule.
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,
}

/// Which way versions must get along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Compat {
    /// Old clients work with new backends: old requests against the new version, new responses against the old.
    Backward,
    /// New clients work with old backends.
    Forward,
    /// Both.
    Full,
}

impl From<Compat> for policy::Compat {
    fn from(compat: Compat) -> Self {
        match compat {
            Compat::Backward => Self::Backward,
            Compat::Forward => Self::Forward,
            Compat::Full => Self::Full,
        }
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For programs: one JSON object.
    Json,
    /// The JSON Schema of what `json` writes; nothing is checked.
    JsonSchema,
}

/// What `check` and `diff` have in common.
#[derive(Clone, Debug, Args)]
pub(super) struct Judging {
    /// Which way versions must get along.
    #[arg(long, value_enum, default_value_t = Compat::Backward)]
    pub(super) compat: Compat,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// Assume that senders may send members they never declared, and count what breaks by that as broken.
    #[arg(long)]
    pub(super) strict: bool,
    /// Findings written in full for each api; the others are counted.
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(super) most: usize,
    /// Also tell the steps of conversions that hold.
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Leave the times out of the report, so that two reports can be compared.
    #[arg(long)]
    pub(super) no_timings: bool,
}

impl Judging {
    /// What of it the judging itself must know.
    pub(super) fn settings(&self) -> policy::Settings {
        policy::Settings::new(self.compat.into()).strict(self.strict)
    }
}

/// `evergate check`
#[derive(Debug, Args)]
pub(super) struct Check {
    /// An api directory (one directory for each version), or a directory of several apis.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) directory: PathBuf,
    /// Compare the newest version with this one only.
    #[arg(long, value_name = "VERSION", conflicts_with = "transitive")]
    pub(super) against: Option<String>,
    /// Compare every version with all earlier ones, not only with the one before.
    #[arg(long)]
    pub(super) transitive: bool,
    #[command(flatten)]
    pub(super) judging: Judging,
}

/// `evergate diff`
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The older document: OpenAPI 3, Swagger 2 or JSON Schema, as YAML or JSON.
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,
    /// The newer document.
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,
    #[command(flatten)]
    pub(super) judging: Judging,
}

/// `evergate convert`
#[derive(Debug, Args)]
pub(super) struct Convert {
    /// The api directory.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) dir: PathBuf,
    /// The operation, as `METHOD /path` of either version.
    #[arg(long, value_name = "OPERATION", required_unless_present = "document")]
    pub(super) operation: Option<String>,
    /// The document's name, for an api of plain JSON Schema documents.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["operation", "request", "response"])]
    pub(super) document: Option<String>,
    /// The payload is a request.
    #[arg(long, conflicts_with = "response")]
    pub(super) request: bool,
    /// The payload is a response with this status.
    #[arg(long, value_name = "STATUS", required_unless_present_any = ["request", "document"])]
    pub(super) response: Option<u16>,
    /// The version the payload is written in.
    #[arg(long, value_name = "VERSION")]
    pub(super) from: String,
    /// The version it is to be written in.
    #[arg(long, value_name = "VERSION")]
    pub(super) to: String,
    /// The payload's media type; the first JSON one that the sender declares if left out.
    #[arg(long, value_name = "TYPE")]
    pub(super) media: Option<String>,
    /// A value of the api's configuration that a conversion may need; may be given many times.
    #[arg(long, value_name = "NAME=JSON")]
    pub(super) value: Vec<String>,
}

/// `evergate contracts`
#[derive(Debug, Args)]
pub(super) struct Contracts {
    /// An api directory, or a directory of several apis; contract files are `contracts/*.yaml` in an api directory.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) directory: PathBuf,
    /// Payloads generated for each message and pair of versions.
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    pub(super) payloads: u32,
    /// Where the generated payloads begin; the same seed gives the same payloads.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(super) seed: u64,
    /// A value of the api's configuration that conversions may need; may be given many times.
    #[arg(long, value_name = "NAME=JSON")]
    pub(super) value: Vec<String>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// Failures written in full for each api; the others are counted.
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(super) most: usize,
}
