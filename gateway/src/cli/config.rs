//! `evergate config`: what a gateway would make of a configuration.

use std::io::Write;

use super::args::Config;
use super::exit::{Failure, Outcome};

/// Checks the configuration as `evergate run` would, and starts nothing.
pub(super) fn config(args: &Config, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let Config::Check { config } = args;
    let _ = (config, to);
    Err(Failure::said("…"))
}
