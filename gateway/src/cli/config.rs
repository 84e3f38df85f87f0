//! `evergate config`: what a gateway would make of a configuration.

use std::io::Write;
use std::path::Path;

use crate::assemble::assemble;
use crate::telemetry::Metrics;

use super::apart;
use super::exit::{Failure, Outcome};
use super::operator_args::Config;
use super::{live, past};

/// Does what is said.
pub(super) fn config(args: &Config, to: &mut dyn Write) -> Result<Outcome, Failure> {
    match args {
        Config::Check { config } => check(config, to),
        Config::Diff(args) => apart::diff(args, to),
        Config::History(args) => past::history(args, to),
        Config::Show(args) => past::show(args, to),
        Config::Verify(args) => past::verify(args, to),
        Config::Put(args) => live::put(args, to),
        Config::Rollback(args) => live::roll_back(args, to),
    }
}

/// Checks the configuration as `evergate run` would, and starts nothing.
fn check(config: &Path, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let assembled = assemble(config, &Metrics::default(), None).map_err(Failure::Configuration)?;
    for warning in &assembled.warnings {
        writeln!(to, "{warning}")?;
    }
    writeln!(to, "{} can be used: {} apis", config.display(), assembled.config.apis.len())?;
    apart::summary(&assembled.snapshot, to)?;
    Ok(Outcome::Holds)
}
