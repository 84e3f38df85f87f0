//! Proxies that the suites run against: the real program, and others for comparison.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::gate::Gate;
use crate::scratch::Scratch;

/// How long a peer may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// The proxies there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The real program of this repository.
    Evergate,
    /// `nginx`, as found on the path.
    Nginx,
    /// `haproxy`, as found on the path.
    Haproxy,
}

impl Peer {
    /// The proxy of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Evergate, Self::Nginx, Self::Haproxy].into_iter().find(|peer| peer.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Evergate => "evergate",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
        }
    }
}

/// A running proxy; stopped when dropped.
#[derive(Debug)]
pub struct Target {
    /// Where it takes HTTP/1.1.
    pub http1: SocketAddr,
    /// Where it takes HTTP/2 with prior knowledge.
    pub http2: SocketAddr,
    _running: Running,
    _scratch: Scratch,
}

#[derive(Debug)]
enum Running {
    Gate { _gate: Box<Gate> },
    Child(Child),
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Child(child) = self {
            // One that has ended already needs no more.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Target {
    /// Starts a proxy before this backend.
    ///
    /// # Errors
    /// When the program of a peer is not there or does not start.
    pub fn start(peer: Peer, backend: SocketAddr) -> io::Result<Self> {
        let scratch = Scratch::new();
        match peer {
            Peer::Evergate => Ok(Self::evergate(backend, scratch)),
            Peer::Nginx => {
                let ports = [free()?, free()?];
                let config = nginx(scratch.path(), backend, ports);
                let file = scratch.write("nginx.conf", &config);
                let mut command = Command::new("nginx");
                command.arg("-p").arg(scratch.path()).arg("-c").arg(file);
                Self::child(command, ports, scratch)
            }
            Peer::Haproxy => {
                let port = free()?;
                let file = scratch.write("haproxy.cfg", &haproxy(backend, port));
                let mut command = Command::new("haproxy");
                command.arg("-db").arg("-f").arg(file);
                Self::child(command, [port, port], scratch)
            }
        }
    }

    fn evergate(backend: SocketAddr, scratch: Scratch) -> Self {
        let gate = Gate::start(&format!(
            "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0 }}\n\
             apis:\n  wire:\n    backends: [{{ endpoints: [\"http://{backend}\"] }}]\n"
        ));
        let address = gate.address();
        let running = Running::Gate { _gate: Box::new(gate) };
        Self { http1: address, http2: address, _running: running, _scratch: scratch }
    }

    fn child(mut command: Command, ports: [SocketAddr; 2], scratch: Scratch) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let running = Running::Child(command.spawn()?);
        let began = Instant::now();
        for port in ports {
            while TcpStream::connect(port).is_err() {
                if began.elapsed() > PATIENCE {
                    return Err(io::Error::other(format!("{command:?} does not listen")));
                }
                std::thread::yield_now();
            }
        }
        let [http1, http2] = ports;
        Ok(Self { http1, http2, _running: running, _scratch: scratch })
    }
}

/// An address that nobody listens on now; peers cannot be asked which one they took.
fn free() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// A reverse proxy as nginx' guide has it: HTTP/1.1 to the backend, connections kept.
fn nginx(folder: &Path, backend: SocketAddr, [http1, http2]: [SocketAddr; 2]) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n\
         upstream backend {{ server {backend}; keepalive 16; }}\n\
         server {{ listen {http1}; listen {http2} http2; location / {{ proxy_pass http://backend;\n\
         proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host;\n\
         proxy_set_header X-Forwarded-For $remote_addr; }} }} }}\n"
    )
}

fn haproxy(backend: SocketAddr, port: SocketAddr) -> String {
    format!(
        "defaults\n mode http\n timeout connect 3s\n timeout client 10s\n timeout server 10s\n\
         \x20timeout http-request 10s\n option forwardfor\n http-reuse safe\n\
         frontend front\n bind {port}\n http-request del-header x-forwarded-for\n default_backend back\n\
         backend back\n server one {backend}\n"
    )
}
