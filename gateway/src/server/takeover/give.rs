//! The old process: it gives its listeners to whoever asks and may have them, and drains once they are in use there.

use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tracing::{debug, info, warn};

use super::parcel::{GREETING, Handed, PROMPT, READY, YOURS, refuse, send};
use super::station::{Station, is_ours};
use crate::control::Stops;

/// Longest time from the sockets to the word that they are in use; in it the new process looks for its backends once.
const LOADS: Duration = Duration::from_mins(1);
/// Pause after a failed accept.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers at the station until told to drain, or until a process has taken over, which it tells through `stops`. The
/// sockets are closed when it ends.
pub(crate) async fn give(mut station: Station, estate: Vec<Handed>, stops: Stops) {
    loop {
        let stream = tokio::select! {
            stream = station.accept() => stream,
            () = stops.drain.cancelled() => return,
        };
        let Ok(stream) = stream else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let mut session = pin!(session(stream, &estate));
        // what is declared last goes first, however this ends: the other end of a session that breaks off looks whether
        // somebody is still there, and gives up where it finds one
        let open = station;
        let outcome = loop {
            tokio::select! {
                // one at a time, and one that has gone is not in the next one's way
                biased;
                outcome = &mut session => break outcome,
                other = open.accept() => match other {
                    Ok(other) => busy(other).await,
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
                () = stops.drain.cancelled() => return,
            }
        };
        station = open;
        match outcome {
            Ok(()) => {
                info!("another process has taken the listeners over");
                station.leave();
                stops.handed.cancel();
                stops.drain.cancel();
                return;
            }
            Err(error) => warn!(%error, "a take-over was begun and given up; this process goes on"),
        }
    }
}

/// One process that asks. Ends well once the sockets are in use there.
async fn session(mut stream: UnixStream, estate: &[Handed]) -> io::Result<()> {
    let handing = async {
        if !is_ours(&stream)? {
            return Err(io::Error::other("the process that asks belongs to another user"));
        }
        let mut greeting = [0; GREETING.len()];
        stream.read_exact(&mut greeting).await?;
        if greeting != *GREETING {
            let why = "the running gateway speaks another protocol of taking over";
            refuse(&mut stream, why).await?;
            return Err(io::Error::other("the process that asks speaks another protocol"));
        }
        send(&mut stream, estate).await
    };
    timeout(PROMPT, handing).await??;
    debug!(sockets = estate.len(), "a new process has the listeners and gets ready");
    let mut ready = [0; READY.len()];
    timeout(LOADS, stream.read_exact(&mut ready)).await??;
    if ready != *READY {
        return Err(io::Error::other("the new process says something else than `ready`"));
    }
    // one that does not hear it accepts all the same
    let _ = timeout(PROMPT, stream.write_all(YOURS)).await;
    Ok(())
}

/// What a second process hears. It may be too quick for its greeting to be read, and needs it no more.
async fn busy(mut stream: UnixStream) {
    if is_ours(&stream).unwrap_or(false) {
        let why = "another process is just taking over";
        let _ = timeout(PROMPT, refuse(&mut stream, why)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::os::unix::net::UnixStream;
    use std::path::Path;

    use tokio::sync::oneshot::{self, Sender};

    use super::{GREETING, Station, Stops, give};

    /// Asks, says when it is answered, and when the session ends looks at once whether somebody is still there to be asked:
    /// so does a process that takes over, to know whether the old one goes on.
    fn finds_somebody_when_its_session_ends(path: &Path, answered: Sender<()>) -> bool {
        let mut stream = UnixStream::connect(path).unwrap();
        stream.write_all(GREETING).unwrap();
        let mut room = [0; 64];
        stream.read_exact(&mut room[..4]).unwrap();
        stream.set_nonblocking(true).unwrap();
        answered.send(()).unwrap();
        loop {
            match stream.read(&mut room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
                Ok(1..) => {}
                Ok(_) | Err(_) => return UnixStream::connect(path).is_ok(),
            }
        }
    }

    #[tokio::test]
    async fn one_that_stops_in_the_middle_of_a_take_over_is_gone_when_its_session_ends() {
        const ROUNDS: usize = 200;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.sock");
        let mut found = 0;
        for _ in 0..ROUNDS {
            let (station, stops) = (Station::new(&path).unwrap(), Stops::default());
            station.open().unwrap();
            let giving = tokio::spawn(give(station, Vec::new(), stops.clone()));
            let (own, (answered, answer)) = (path.clone(), oneshot::channel());
            let asks = move || finds_somebody_when_its_session_ends(&own, answered);
            let asks = tokio::task::spawn_blocking(asks);
            answer.await.unwrap();
            stops.drain.cancel();
            giving.await.unwrap();
            found += usize::from(asks.await.unwrap());
        }
        assert_eq!(found, 0, "of {ROUNDS}");
    }
}
