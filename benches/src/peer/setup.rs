//! What a proxy has to do in a scenario, and the start of one that does it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::certificate::Certificate;
use super::kind::Kind;
use crate::fault::{During as _, Fault, Outcome};
use crate::process::Running;

/// How long a proxy may take until it takes connections.
const PATIENCE: Duration = Duration::from_secs(20);
/// Workers or threads of each proxy.
pub(crate) const WORKERS: usize = 2;

/// What clients speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    Clear,
    Http2,
    Tls,
}

/// What a proxy has to do.
pub(crate) struct Setup<'a> {
    /// Where its files go.
    pub(crate) folder: &'a Path,
    pub(crate) port: u16,
    pub(crate) origin: SocketAddr,
    pub(crate) edge: Edge,
    /// Answers are converted.
    pub(crate) converts: bool,
    pub(crate) certificate: &'a Certificate,
}

impl Setup<'_> {
    /// Writes one of its files.
    pub(crate) fn write(&self, name: &str, text: &str) -> Outcome<PathBuf> {
        let path = self.folder.join(name);
        let folder = path.parent().during("a file without a folder")?;
        std::fs::create_dir_all(folder).during("no folder for a configuration")?;
        std::fs::write(&path, text).during("a configuration cannot be written")?;
        Ok(path)
    }
}

/// A proxy that takes connections.
pub(crate) struct Started {
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
}

impl Started {
    /// Starts a proxy and waits until it takes connections.
    pub(crate) fn new(kind: Kind, program: &PathBuf, setup: &Setup<'_>) -> Outcome<Self> {
        let log = setup.folder.join("log");
        std::fs::create_dir_all(setup.folder).during("no folder for a proxy")?;
        let mut running = Running::start(&mut kind.command(program, setup)?, &log)?;
        let address = SocketAddr::from(([127, 0, 0, 1], setup.port));
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if running.has_ended() || begun.elapsed() > PATIENCE {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                let last: Vec<&str> = said.lines().rev().take(5).collect();
                let last = last.into_iter().rev().collect::<Vec<_>>().join(" | ");
                return Err(Fault(format!("{} does not start: {last}", kind.name())));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Ok(Self { running, address })
    }
}

/// A loopback port that nobody uses at the moment.
pub(crate) fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").during("no free port")?;
    Ok(listener.local_addr().during("no free port")?.port())
}
