//! Sockets that whoever started the program passed on, as systemd does (`sd_listen_fds(3)`).

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;

/// Most sockets that are looked at.
const MOST: usize = 1024;

/// Listening sockets that were opened by whoever started the program.
#[derive(Debug, Default)]
pub struct Inherited {
    /// Each with its name, which is empty where it has none.
    pub(super) sockets: Vec<(TcpListener, String)>,
    /// The same of those in the file system.
    pub(super) local: Vec<(UnixListener, String)>,
    /// What cannot be used, and what to do about it.
    pub(super) faults: Vec<String>,
}

impl Inherited {
    /// Takes what `LISTEN_FDS` counts, where `LISTEN_PID` names this process, with the names of `LISTEN_FDNAMES`; a
    /// second call finds nothing. The variables are taken out of the environment, so it is to be called while no other
    /// thread reads that.
    pub fn from_environment() -> Self {
        let said = |name: &str| std::env::var(name).unwrap_or_default();
        // what was meant for another process has numbers that mean something else here
        if said("LISTEN_PID").parse() != Ok(std::process::id()) {
            return Self::default();
        }
        let names = said("LISTEN_FDNAMES");
        let mut names = names.split(':');
        let mut inherited = Self::default();
        if said("LISTEN_FDS").parse::<usize>().is_ok_and(|count| count > MOST) {
            inherited.faults.push(format!("more than {MOST} sockets are passed; pass fewer"));
            return inherited;
        }
        let mut passed = ListenFd::from_env();
        for index in 0..passed.len() {
            let name = names.next().unwrap_or_default().to_owned();
            match passed.take_tcp_listener(index) {
                Ok(Some(socket)) if socket_acceptconn(&socket).unwrap_or(false) => {
                    inherited.sockets.push((socket, name));
                    continue;
                }
                Ok(None) => continue,
                Ok(Some(_)) | Err(_) => {}
            }
            match passed.take_unix_listener(index) {
                Ok(Some(socket)) if socket_acceptconn(&socket).unwrap_or(false) => {
                    inherited.local.push((socket, name));
                }
                _ => inherited.faults.push(format!(
                    "what is passed as number {index} ({name}) is no socket that listens; in the socket unit write only \
                     `ListenStream=` with addresses and ports, or the path of `admin.address`, and `Accept=no`"
                )),
            }
        }
        inherited
    }
}
