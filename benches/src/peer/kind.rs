//! Which proxies there are, and what each of them can do here.

use std::path::PathBuf;
use std::process::Command;

use super::setup::Setup;
use super::{caddy, envoy, evergate, haproxy, nginx};
use crate::fault::Outcome;

/// A proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Kind {
    Evergate,
    Nginx,
    Haproxy,
    Envoy,
    Caddy,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Evergate, Self::Nginx, Self::Haproxy, Self::Envoy, Self::Caddy];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Evergate => "evergate",
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy",
            Self::Envoy => "Envoy",
            Self::Caddy => "Caddy",
        }
    }

    /// Why a proxy has no part in a scenario, if so.
    pub(crate) fn cannot(self, converts: bool) -> Option<&'static str> {
        match self {
            Self::Haproxy | Self::Caddy if converts => Some("has nothing that edits JSON"),
            _ => None,
        }
    }

    /// The option that prints its version.
    pub(crate) fn version_option(self) -> &'static str {
        match self {
            Self::Evergate | Self::Envoy => "--version",
            Self::Nginx | Self::Haproxy => "-v",
            Self::Caddy => "version",
        }
    }

    /// Writes its configuration and says how it is started.
    pub(crate) fn command(self, program: &PathBuf, setup: &Setup<'_>) -> Outcome<Command> {
        let mut command = Command::new(program);
        match self {
            Self::Evergate => evergate::configure(&mut command, setup)?,
            Self::Nginx => nginx::configure(&mut command, program, setup)?,
            Self::Haproxy => haproxy::configure(&mut command, setup)?,
            Self::Envoy => envoy::configure(&mut command, setup)?,
            Self::Caddy => caddy::configure(&mut command, setup)?,
        }
        Ok(command)
    }
}
