//! The new process: it asks for the listeners of the running one, and says when they are in use.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tracing::warn;

use super::parcel::{GREETING, Handed, PROMPT, READY, YOURS, receive};
use super::station::is_ours;

/// The connection to the running gateway, which serves on until it hears that this one does.
#[derive(Debug)]
pub(crate) struct Taken {
    stream: UnixStream,
    path: PathBuf,
}

/// Asks for the listeners; `None` where nobody answers, as no gateway runs.
///
/// # Errors
/// When somebody answers and the listeners cannot be had.
pub(crate) async fn take(path: &Path) -> io::Result<Option<(Taken, Vec<Handed>)>> {
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        // the file of one that fell is left behind
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if !is_ours(&stream)? {
        return Err(io::Error::other("who answers there belongs to another user"));
    }
    let asking = async {
        let greeted = stream.write_all(GREETING).await;
        // one that is busy says so without waiting for a greeting, and closes
        let received = receive(&mut stream).await;
        greeted.or_else(|error| received.is_ok().then_some(()).ok_or(error))?;
        received
    };
    let handed = timeout(PROMPT, asking).await??.map_err(io::Error::other)?;
    Ok(Some((Taken { stream, path: path.to_owned() }, handed)))
}

impl Taken {
    /// Says that connections are accepted, and waits until the other lets go.
    ///
    /// # Errors
    /// When the other goes on: it has given this process up.
    pub(crate) async fn ready(mut self) -> io::Result<()> {
        let telling = async {
            self.stream.write_all(READY).await?;
            let mut answer = [0; YOURS.len()];
            self.stream.read_exact(&mut answer).await?;
            Ok::<_, io::Error>(answer == *YOURS)
        };
        let error = match timeout(PROMPT, telling).await {
            Ok(Ok(true)) => return Ok(()),
            Ok(Ok(false)) => io::Error::other("it said something else than `yours`"),
            Ok(Err(error)) => error,
            Err(late) => late.into(),
        };
        if UnixStream::connect(&self.path).await.is_ok() {
            return Err(error);
        }
        warn!(%error, "the gateway before went away while it was taken over");
        Ok(())
    }
}
