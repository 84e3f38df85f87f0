//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::fault::{Fault, Outcome};
use crate::peer::Kind;
use crate::round::Effort;
use crate::scenario::{self, Scenario};

/// Compares the gateway with other proxies under the same load.
#[derive(Debug, clap::Parser)]
#[command(name = "compare", max_term_width = 100)]
pub(crate) struct Args {
    /// Proxies, with commas between; all by default.
    #[arg(long, value_delimiter = ',', value_enum)]
    pub(crate) peers: Vec<Kind>,
    /// Scenarios by name, with commas between; all by default: 1k, 16k, 256k, post, fresh, http2, tls, rate,
    /// convert-2k, convert-16k, convert-256k.
    #[arg(long, value_delimiter = ',')]
    scenarios: Vec<String>,
    /// Rounds that are to count; up to twice as many are run where some are disturbed.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: Option<u16>,
    /// Milliseconds of load for each peer in each round, after a fifth of that to warm up.
    #[arg(long, value_parser = clap::value_parser!(u64).range(50..=60_000))]
    slice: Option<u64>,
    /// Three rounds of 300 ms: shows that everything runs, not what it costs.
    #[arg(long)]
    quick: bool,
    /// Decides the order of peers in each round.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Uses only what is installed.
    #[arg(long)]
    pub(crate) no_install: bool,
    /// The gateway to measure; by default `release/evergate` in the target directory.
    #[arg(long)]
    pub(crate) evergate: Option<PathBuf>,
    /// Where compare.json and compare.svg go; by default `compare` in the target directory.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

impl Args {
    pub(crate) fn effort(&self) -> Effort {
        let (rounds, slice) = if self.quick { (3, 300) } else { (9, 1000) };
        Effort {
            rounds: usize::from(self.rounds.unwrap_or(rounds)),
            slice: Duration::from_millis(self.slice.unwrap_or(slice)),
            seed: self.seed,
        }
    }

    /// The scenarios that are asked for, in their own order.
    pub(crate) fn scenarios(&self) -> Outcome<Vec<Scenario>> {
        let known = |name: &String| scenario::ALL.iter().any(|scenario| scenario.name == name);
        if let Some(unknown) = self.scenarios.iter().find(|name| !known(name)) {
            let names = scenario::ALL.map(|scenario| scenario.name).join(", ");
            return Err(Fault(format!("no scenario is called `{unknown}`; there are {names}")));
        }
        let wanted = |scenario: &Scenario| {
            self.scenarios.is_empty() || self.scenarios.iter().any(|name| name == scenario.name)
        };
        Ok(scenario::ALL.into_iter().filter(wanted).collect())
    }
}
