//! What a user may write on the command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use evergate_contracts::policy;

use super::config_args::Status;
use super::explain::Explain;
use super::operator_args::{Admin, Config};
use super::top::Top;

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
    /// Tell client developers what each version changed: what the authors say, and what the documents say.
    Changelog(Changelog),
    /// Propose a `changes.yaml` for what a version changed, to look over; nothing is assumed, nothing is written.
    Suggest(Suggest),
    /// Freeze versions: from then on, `check` finds every edit of their documents.
    Release(Release),
    /// Convert a payload or a stream of records from one version to another, in constant memory.
    Convert(Convert),
    /// Test the conversions: contract files, generated payloads and the authors' examples.
    Contracts(Contracts),
    /// Say whether anybody still uses a version, an operation or a deprecated field.
    #[command(name = "can-i-remove")]
    CanIRemove(Removal),
    /// Tell why a request goes where it goes and what is done to it, each step with the line it comes from; nothing is sent.
    Explain(Explain),
    /// Change how a gateway that runs uses its backends: drain an endpoint, move a share of the traffic.
    #[command(subcommand)]
    Backend(super::parts::Backend),
    /// Show what a running gateway does: traffic by versions, latencies, losses, endpoints.
    Top(Top),
    /// Check, compare, change and bring back a gateway's configuration, and see who changed it.
    #[command(subcommand)]
    Config(Config),
    /// Draw tokens for administrators, and see who you are to a gateway that runs.
    #[command(subcommand)]
    Admin(Admin),
    /// Say how a running gateway is: what is in use, the last change, the journal; exit code 1 where something is wrong.
    Status(Status),
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
    /// Keep what outlives the process here: the journal of changes, past configurations, the administrator's token. By
    /// default what the configuration says, else `$STATE_DIRECTORY`, else `.evergate` beside the configuration.
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
    /// End with 64 when the configuration is wrong. By default the last one that was in use serves in its place, until
    /// the files are mended.
    #[arg(long)]
    pub(super) strict_start: bool,
    /// How the log on standard error is written; `RUST_LOG` says how much of it.
    #[arg(long, value_enum, default_value_t = Log::Text)]
    pub(super) log: Log,
}

/// `evergate can-i-remove`
#[derive(Debug, Args)]
#[command(after_help = REMOVAL)]
pub(super) struct Removal {
    /// The api, as the configuration calls it.
    #[arg(value_name = "API")]
    pub(super) api: String,
    /// The version that is to go.
    #[arg(value_name = "VERSION")]
    pub(super) version: String,
    /// How long nobody may have used it.
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub(super) seen: String,
    /// Only this operation: `GET /orders/{id}`.
    #[arg(long, value_name = "OPERATION")]
    pub(super) operation: Option<String>,
    /// Only this deprecated parameter or member: `query expand`, `request /nick`.
    #[arg(long, value_name = "FIELD")]
    pub(super) field: Option<String>,
    /// The gateway's configuration: which versions there are, and how long use is kept.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    pub(super) config: PathBuf,
    /// Where a gateway serves administrators, as for other commands; repeat it for several gateways. By default what the
    /// configuration says.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) admin: Vec<String>,
    /// The file that has the token, one for all gateways. By default the environment's `EVERGATE_TOKEN`, else `admin.token`
    /// in the configuration's state directory.
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// The authorities in PEM that the gateways' certificates have to come from. By default those of the system.
    #[arg(long, value_name = "FILE")]
    pub(super) admin_ca: Option<PathBuf>,
    /// The certificate in PEM to show the gateways.
    #[arg(long, value_name = "FILE", requires = "admin_key")]
    pub(super) admin_certificate: Option<PathBuf>,
    /// Its private key in PEM.
    #[arg(long, value_name = "FILE", requires = "admin_certificate")]
    pub(super) admin_key: Option<PathBuf>,
    /// Read this state directory instead of asking its gateway; repeat it for several gateways.
    #[arg(long, value_name = "DIR")]
    pub(super) state: Vec<PathBuf>,
    /// How the answer is printed.
    #[arg(long, value_enum, default_value_t = RemovalFormat::Human)]
    pub(super) format: RemovalFormat,
}

const REMOVAL: &str = "Exit codes: 0 nobody used it within that time, and the records reach back that far; \
1 it is still used; 2 it is not known (the records begin later, cannot be read, or know no such version).";

/// How an answer of `can-i-remove` is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RemovalFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// The JSON Schema of what programs get.
    JsonSchema,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Log {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
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

/// How much is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Policy {
    /// Senders may send members they never declared, and a risky change is a finding.
    Strict,
    /// Senders send what they declare; what is broken, undecided or breaking counts, what is risky is told.
    Standard,
    /// As the standard, and risky changes are not even told.
    Lenient,
}

impl From<Policy> for policy::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Strict => Self::Strict,
            Policy::Standard => Self::Standard,
            Policy::Lenient => Self::Lenient,
        }
    }
}

/// The mildest finding that makes the run fail; all worse ones do too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Nothing: findings are told, and the exit code is 0 unless something could not be read.
    Never,
    /// Broken or undecided messages.
    #[value(alias = "undecided")]
    Broken,
    /// Also changes beside the payloads that break clients.
    Breaking,
    /// Also risky changes.
    Risky,
    /// Also conversions that lose information.
    Lossy,
    /// Also warnings about documents and waivers.
    Warning,
}

impl From<FailOn> for policy::FailOn {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Never => Self::Never,
            FailOn::Broken => Self::Broken,
            FailOn::Breaking => Self::Breaking,
            FailOn::Risky => Self::Risky,
            FailOn::Lossy => Self::Lossy,
            FailOn::Warning => Self::Warning,
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

/// How the report of `check` and `diff` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people, in a terminal.
    Human,
    /// For programs: one JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// `JUnit` XML, for test reports.
    Junit,
    /// Annotations of GitHub Actions; the job's summary is written too where `GITHUB_STEP_SUMMARY` names its file.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// A comment for a pull request.
    Markdown,
    /// One page to look at, with the matrix of all versions.
    Html,
    /// The JSON Schema of what `json` writes; nothing is checked.
    JsonSchema,
    /// The JSON Schema of the waiver file; nothing is checked.
    WaiversSchema,
}

/// A format and the file it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: ReportFormat,
    pub(super) file: PathBuf,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = || format!("`{text}` is not FORMAT=FILE, as in `sarif=evergate.sarif`");
        let (format, file) = text.split_once('=').ok_or_else(wanted)?;
        if file.is_empty() {
            return Err(wanted());
        }
        let format = <ReportFormat as ValueEnum>::from_str(format, false)
            .map_err(|_| format!("`{format}` is no format; `--help` lists them"))?;
        Ok(Self { format, file: PathBuf::from(file) })
    }
}

/// What `check` and `diff` have in common.
#[derive(Clone, Debug, Args)]
pub(super) struct Judging {
    /// Which way versions must get along.
    #[arg(long, value_enum, default_value_t = Compat::Backward)]
    pub(super) compat: Compat,
    /// How the report is written to standard output.
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    pub(super) format: ReportFormat,
    /// Also write the report to a file, as in `--output sarif=evergate.sarif`; may be given many times.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(super) output: Vec<Output>,
    /// How much is asked for.
    #[arg(long, value_enum, default_value_t = Policy::Standard)]
    pub(super) policy: Policy,
    /// The same as `--policy strict`: senders may send members they never declared.
    #[arg(long, conflicts_with = "policy")]
    pub(super) strict: bool,
    /// The mildest finding that makes the run fail; `breaking` (with `strict`: `risky`) if left out.
    #[arg(long, value_enum, value_name = "CLASS")]
    pub(super) fail_on: Option<FailOn>,
    /// A file of waivers, besides `evergate-waivers.yaml` in the directory and beside each api; may be given many times.
    #[arg(long, value_name = "FILE")]
    pub(super) waivers: Vec<PathBuf>,
    /// The day on which waivers are looked at, as YEAR-MONTH-DAY; today (UTC) if left out.
    #[arg(long, value_name = "DATE")]
    pub(super) today: Option<Date>,
    /// Findings written in full for each api; the others are counted.
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(super) most: usize,
    /// Also tell the steps of conversions that hold, and how each finding is waived.
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Leave the times out of the report, so that two reports can be compared.
    #[arg(long)]
    pub(super) no_timings: bool,
}

impl Judging {
    /// Whether the report is written in this format anywhere.
    pub(super) fn writes(&self, format: ReportFormat) -> bool {
        self.format == format || self.output.iter().any(|output| output.format == format)
    }

    /// What of it the judging itself must know.
    pub(super) fn settings(&self) -> policy::Settings {
        let chosen = if self.strict { Policy::Strict } else { self.policy };
        let settings = policy::Settings::new(self.compat.into()).policy(chosen.into());
        self.fail_on.map_or(settings, |fail_on| settings.fail_on(fail_on.into()))
    }
}

/// `evergate check`
#[derive(Debug, Args)]
pub(super) struct Check {
    /// An api directory (one directory for each version), a directory of several apis, or one description.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) directory: PathBuf,
    /// Compare the newest version with this: a version, `release` (the last one in the lock file), `releases` (all of
    /// them), a directory or a file, `git:REF` (the same place at a commit) or `git:REF:PATH`. `git:main...` is the
    /// commit where this branch left main.
    #[arg(long, value_name = "WHAT", conflicts_with = "transitive")]
    pub(super) against: Option<String>,
    /// What becomes of a version number that moved less than the changes call for.
    #[arg(long, value_enum, default_value_t = Bump::Moved)]
    pub(super) bump: Bump,
    /// Compare every version with all earlier ones, not only with the one before.
    #[arg(long)]
    pub(super) transitive: bool,
    /// Also judge all other pairs of versions for the page's matrix, however many there are; they make no run fail.
    #[arg(long)]
    pub(super) matrix: bool,
    /// Only say which client versions can be served by which backend versions, all ordered pairs, and at what loss.
    /// Written as human, json, markdown or html; pairs against the asked direction make no run fail.
    #[arg(long, conflicts_with_all = ["against", "transitive", "matrix", "waivers", "bump"])]
    pub(super) bridges: bool,
    #[command(flatten)]
    pub(super) judging: Judging,
}

/// What becomes of a version number that moved too little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Bump {
    /// It is a finding where the number moved, but too little; a number that did not move is told.
    Moved,
    /// It is a finding.
    Require,
    /// It is told.
    Tell,
    /// Nothing is said of numbers.
    Off,
}

/// `evergate release`
#[derive(Debug, Args)]
pub(super) struct Release {
    /// The api directory.
    #[arg(value_name = "DIR")]
    pub(super) directory: PathBuf,
    /// The versions to freeze.
    #[arg(value_name = "VERSION")]
    pub(super) versions: Vec<String>,
    /// Freeze every version that is not frozen yet.
    #[arg(long, conflicts_with = "versions")]
    pub(super) all: bool,
    /// Write nothing, and end with 1 when there is something to write.
    #[arg(long)]
    pub(super) check: bool,
    /// Freeze a version that breaks clients of the last release although its number does not say so.
    #[arg(long)]
    pub(super) allow_breaking: bool,
    /// Freeze a version although a newer one is frozen already.
    #[arg(long)]
    pub(super) allow_older: bool,
}

/// `evergate diff`
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The older document: OpenAPI 3, Swagger 2 or JSON Schema, as YAML or JSON; also `git:REF:PATH`.
    #[arg(value_name = "OLD", required_unless_present = "git_driver")]
    pub(super) old: Option<PathBuf>,
    /// The newer document.
    #[arg(value_name = "NEW", required_unless_present = "git_driver")]
    pub(super) new: Option<PathBuf>,
    /// Compare as git's diff driver: `git config diff.evergate.command "evergate diff --git-driver"`.
    #[arg(long, num_args = 7..=9, value_name = "ARGUMENT", allow_hyphen_values = true)]
    #[arg(conflicts_with_all = ["old", "new"])]
    pub(super) git_driver: Vec<String>,
    #[command(flatten)]
    pub(super) judging: Judging,
}

/// `evergate convert`
#[derive(Debug, Args)]
pub(super) struct Convert {
    /// The file to read; standard input if left out. What it becomes goes to standard output.
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
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
    /// The payload's media type; the first JSON one that the sender declares if left out. NDJSON, JSON text sequences
    /// and server-sent events are converted record after record.
    #[arg(long, alias = "media", value_name = "TYPE")]
    pub(super) media_type: Option<String>,
    /// What becomes of a record that cannot be converted.
    #[arg(long, value_enum, default_value_t = BadRecords::Close)]
    pub(super) records: BadRecords,
    /// A value of the api's configuration that a conversion may need; may be given many times.
    #[arg(long, value_name = "NAME=JSON")]
    pub(super) value: Vec<String>,
}

/// What becomes of a record that cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BadRecords {
    /// The output ends before it, with exit code 1.
    Close,
    /// It is left out; the exit code is 1 in the end.
    Skip,
    /// A record that says why stands in its place; the exit code is 1 in the end.
    Error,
}

/// `evergate changelog`
#[derive(Debug, Args)]
pub(super) struct Changelog {
    /// The api directory.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) directory: PathBuf,
    /// Only what this version changed.
    #[arg(long, value_name = "VERSION")]
    pub(super) version: Option<String>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    pub(super) format: LogFormat,
}

/// How a changelog is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people, in a terminal.
    Human,
    /// For a page.
    Markdown,
    /// For programs: one JSON object.
    Json,
    /// The JSON Schema of what `json` writes; nothing is read.
    JsonSchema,
}

/// `evergate suggest`
#[derive(Debug, Args)]
pub(super) struct Suggest {
    /// An api directory, whose newest version is compared with the one before; or, with NEW, the older document.
    #[arg(value_name = "DIR|OLD", default_value = ".")]
    pub(super) old: PathBuf,
    /// The newer document.
    #[arg(value_name = "NEW")]
    pub(super) new: Option<PathBuf>,
    /// Of a directory, the version to propose for, if not the newest.
    #[arg(long, value_name = "VERSION", conflicts_with = "new")]
    pub(super) version: Option<String>,
    /// Write the JSON Schema of `changes.yaml` instead, for editors.
    #[arg(long, conflicts_with_all = ["new", "version"])]
    pub(super) schema: bool,
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
