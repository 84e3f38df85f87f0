//! `evergate run`: serves until it is told to stop.

use super::args::Run;
use super::exit::{Failure, Outcome};
use crate::server::{Gateway, RunOptions, StartFailure};

/// Starts the gateway and waits for its end.
pub(super) fn run(args: &Run) -> Result<Outcome, Failure> {
    let options = RunOptions { config: args.config.clone(), ready_file: args.ready_file.clone() };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let gateway = Gateway::start(&options).await.map_err(start_failure)?;
        gateway.until_stopped().await;
        Ok(Outcome::Holds)
    })
}

/// Why a gateway did not start, as the command line tells it.
pub(super) fn start_failure(failure: StartFailure) -> Failure {
    match failure {
        StartFailure::Problems(problems) => Failure::Configuration(problems),
        StartFailure::Io { what, source } => Failure::said(format!("{what}: {source}")),
    }
}
