//! `evergate config`: what a gateway would make of a configuration.

use std::io::Write;

use crate::assemble::assemble;
use crate::telemetry::Metrics;

use super::args::Config;
use super::exit::{Failure, Outcome};

/// Checks the configuration as `evergate run` would, and starts nothing.
pub(super) fn config(args: &Config, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let Config::Check { config } = args;
    let assembled = assemble(config, &Metrics::default(), None).map_err(Failure::Configuration)?;
    for warning in &assembled.warnings {
        writeln!(to, "{warning}")?;
    }
    writeln!(to, "{} can be used: {} apis", config.display(), assembled.config.apis.len())?;
    Ok(Outcome::Holds)
}
