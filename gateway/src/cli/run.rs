//! `evergate run`: serves until it is told to stop.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::args::{Log, Run};
use super::exit::{Failure, Outcome};
use crate::server::{Gateway, Inherited, RunOptions, StartFailure};

/// Starts the gateway and waits for its end.
pub(super) fn run(args: &Run) -> Result<Outcome, Failure> {
    log(args.log);
    // before there are threads that could read the environment
    let inherited = Inherited::from_environment();
    let options = RunOptions { config: args.config.clone(), ready_file: args.ready_file.clone() };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let gateway = Gateway::start_with(&options, inherited).await.map_err(start_failure)?;
        gateway.until_stopped().await;
        Ok(Outcome::Holds)
    })
}

/// Nothing is logged when a log was begun before, which only a test does.
fn log(kind: Log) {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(wanted).with_writer(std::io::stderr);
    let _ = match kind {
        Log::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        Log::Json => builder.json().try_init(),
    };
}

/// Why a gateway did not start, as the command line tells it.
pub(super) fn start_failure(failure: StartFailure) -> Failure {
    match failure {
        StartFailure::Problems(problems) => Failure::Configuration(problems),
        sockets @ StartFailure::Sockets(_) => Failure::said(sockets.to_string()),
        StartFailure::Io { what, source } => Failure::said(format!("{what}: {source}")),
    }
}
