//! Backends that are processes of their own and die of SIGKILL, with a ledger of what they did that outlives them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::client::{Request, ask};

/// The field that names a request.
pub const ID: &str = "x-id";
/// The field that says for how many milliseconds a request is worked on.
pub const WORK: &str = "x-work";

/// An address of the loopback net that no other test process takes: connections of the system's choice come from
/// 127.0.0.1, so that the port of an instance that is dead stays free for it.
pub fn own_address(number: u8) -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, high.max(1), low, number.max(1))
}

/// The answer to a request: its name, how much came, and a digest of that, in a kilobyte.
pub fn answer(id: &str, body: &[u8]) -> Vec<u8> {
    let text = format!("{:<1024}", said(id, body));
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

/// The text of [`answer`], without what fills it up.
pub fn said(id: &str, body: &[u8]) -> String {
    // FNV-1a: a byte that is lost, added or changed changes it.
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{id} {} {:x}", body.len(), body.iter().fold(0xcbf2_9ce4_8422_2325, mix))
}

/// An instance that may be running; killed when dropped.
#[derive(Debug)]
pub struct Process {
    program: PathBuf,
    address: SocketAddr,
    ledger: PathBuf,
    child: Option<Child>,
}

impl Process {
    /// Starts the program `instance` on a free port of this address.
    #[track_caller]
    pub fn start(program: &Path, address: Ipv4Addr, ledger: &Path) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let (program, ledger) = (program.to_owned(), ledger.to_owned());
        let mut own = Self { program, address, ledger, child: None };
        own.spawn(listener);
        own
    }

    /// Where it listens while it is alive.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it was started and not killed since.
    pub fn is_alive(&self) -> bool {
        self.child.is_some()
    }

    /// SIGKILL. Its sockets are closed when this returns.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended already needs no more.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again where it listened before.
    #[track_caller]
    pub fn revive(&mut self) {
        let listener = TcpListener::bind(self.address).expect("its own port");
        self.spawn(listener);
    }

    /// The listener becomes its standard input, so that no connection is refused while it starts. It serves when this
    /// returns.
    #[track_caller]
    fn spawn(&mut self, listener: TcpListener) {
        let mut command = Command::new(&self.program);
        command.arg(&self.ledger).stdin(Stdio::from(OwnedFd::from(listener)));
        self.child = Some(command.stdout(Stdio::null()).spawn().expect("the instance starts"));
        assert_eq!(ask(self.address, &Request::get("/").field(ID, "ready")).status, 200);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
