//! Telling the service manager how far the program is (`sd_notify(3)`).

use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tracing::debug;

/// Connections are accepted.
pub(super) const READY: &str = "READY=1";
/// The program drains.
pub(super) const STOPPING: &str = "STOPPING=1";

/// Sends a word to the address in `NOTIFY_SOCKET`, where there is one. Nobody waits for it, so a failure is only logged.
pub(super) fn notify(word: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let told = address(path.as_encoded_bytes()).and_then(|address| {
        UnixDatagram::unbound()?.send_to_addr(word.as_bytes(), &address).map(drop)
    });
    if let Err(error) = told {
        debug!(%error, word, "the service manager could not be told");
    }
}

fn address(path: &[u8]) -> io::Result<SocketAddr> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    #[cfg(target_os = "linux")]
    if let Some(name) = path.strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt as _;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(OsStr::from_bytes(path))
}
