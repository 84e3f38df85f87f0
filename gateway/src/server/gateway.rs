//! A running gateway: started from a config file, stopped by a signal or by its owner.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use evergate_schemas::problem::Problem;

/// What `evergate run` is told on the command line.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The config file.
    pub config: PathBuf,
    /// Where the bound addresses are written as JSON once the gateway accepts connections:
    /// `{"listen": ["127.0.0.1:8080"], "admin": "127.0.0.1:9901"}`.
    pub ready_file: Option<PathBuf>,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFailure {
    /// The config or something it names cannot be used: all problems.
    #[error("the configuration has {} problems", .0.len())]
    Problems(Vec<Problem>),
    /// An address cannot be bound, or the ready file cannot be written.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A running gateway. Dropping it stops it without draining.
#[derive(Debug)]
pub struct Gateway {
    listen: Vec<SocketAddr>,
    admin: SocketAddr,
}

impl Gateway {
    /// Reads the config, assembles the first snapshot, binds all listeners and starts to serve.
    #[expect(clippy::unused_async, reason = "the signature others build on")]
    pub async fn start(_options: &RunOptions) -> Result<Self, StartFailure> {
        Err(StartFailure::Problems(Vec::new()))
    }

    /// The addresses that are bound for traffic, in the order of the config.
    pub fn listen(&self) -> &[SocketAddr] {
        &self.listen
    }

    /// The address of the admin listener.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Serves until SIGTERM or SIGINT, then drains within the configured time.
    #[expect(clippy::unused_async, reason = "the signature others build on")]
    pub async fn until_stopped(self) {}
}
