//! A running gateway: the real program on free ports, stopped by its process id.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::backend::lock;
use crate::binary;
use crate::client::{Answer, Request, ask};
use crate::scratch::Scratch;

/// How long the program may take to start, and to end once told.
const PATIENCE: Duration = Duration::from_mins(1);

/// The config's name in the folder of a gate.
const CONFIG: &str = "gateway.yaml";

/// A program that ended before it was ready.
#[derive(Debug)]
pub struct Refused {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed, both streams.
    pub printed: String,
}

/// A running gateway; killed when dropped.
#[derive(Debug)]
pub struct Gate {
    child: Child,
    /// Behind a lock, so that several threads may ask one gate.
    lines: Mutex<Receiver<()>>,
    log: Arc<Mutex<String>>,
    listen: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
    /// Holds the config and the ready file.
    scratch: Arc<Scratch>,
}

impl Gate {
    /// Starts the gateway on a config whose addresses have port 0, and waits until it is ready.
    #[track_caller]
    pub fn start(config: &str) -> Self {
        Self::started(Self::try_start(config))
    }

    /// The same with warnings only in its log, for tests that send much.
    #[track_caller]
    pub fn quiet(config: &str) -> Self {
        let quietly = |mut command: Command| {
            command.env("RUST_LOG", "warn");
            command
        };
        Self::started(Self::try_start_by(config, quietly))
    }

    #[track_caller]
    fn started(tried: Result<Self, Refused>) -> Self {
        match tried {
            Ok(gate) => gate,
            Err(refused) => panic!("{} at start:\n{}", refused.status, refused.printed),
        }
    }

    /// As [`Gate::start`].
    ///
    /// # Errors
    /// When the program ends before it is ready.
    pub fn try_start(config: &str) -> Result<Self, Refused> {
        Self::try_start_by(config, |command| command)
    }

    /// As [`Gate::try_start`], by the command that `wrap` makes of the one that would start the program.
    ///
    /// # Errors
    /// When the program ends before it is ready.
    pub fn try_start_by(
        config: &str,
        wrap: impl FnOnce(Command) -> Command,
    ) -> Result<Self, Refused> {
        let scratch = Scratch::new();
        scratch.write(CONFIG, config);
        Self::launch(Arc::new(scratch), wrap)
    }

    /// Starts a second program on the config that this one was started with, or that was written since.
    ///
    /// # Errors
    /// When the program ends before it is ready.
    pub fn successor(&self) -> Result<Self, Refused> {
        Self::launch(Arc::clone(&self.scratch), |command| command)
    }

    fn launch(
        scratch: Arc<Scratch>,
        wrap: impl FnOnce(Command) -> Command,
    ) -> Result<Self, Refused> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let config = scratch.path().join(CONFIG);
        let ready = scratch.path().join(format!("ready-{number}/gate.json"));
        std::fs::create_dir(scratch.path().join(format!("ready-{number}")))
            .expect("a folder in the temporary one");
        let mut command = Command::new(binary::path());
        command.arg("run").arg("--config").arg(config).arg("--ready-file").arg(&ready);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = wrap(command).spawn().expect("the program starts");
        let (sender, lines) = channel();
        let log = Arc::new(Mutex::new(String::new()));
        follow(child.stdout.take(), &log, sender.clone());
        follow(child.stderr.take(), &log, sender);
        let (listen, admin) = (Vec::new(), None);
        let mut gate = Self { child, lines: Mutex::new(lines), log, listen, admin, scratch };
        gate.until_ready(&ready)?;
        Ok(gate)
    }

    /// Writes another config in the place of the one it was started with.
    pub fn rewrite(&self, config: &str) {
        self.scratch.write(CONFIG, config);
    }

    /// The folder of its config.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    fn until_ready(&mut self, ready: &Path) -> Result<(), Refused> {
        let began = Instant::now();
        loop {
            let said = std::fs::read(ready).ok();
            if let Some(said) = said.and_then(|text| serde_json::from_slice::<Value>(&text).ok()) {
                let each = said.get("listen").and_then(Value::as_array).into_iter().flatten();
                self.listen = each.filter_map(address).collect();
                self.admin = said.get("admin").and_then(address);
                return Ok(());
            }
            assert!(began.elapsed() < PATIENCE, "not ready in time:\n{}", self.log());
            // A printed line, the end of the program, or a little while: each is a reason to look again.
            if let Err(RecvTimeoutError::Disconnected) =
                lock(&self.lines).recv_timeout(Duration::from_millis(5))
            {
                let status = self.child.wait().expect("the program has ended");
                return Err(Refused { status, printed: self.log() });
            }
        }
    }

    /// The first address for traffic.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        *self.listen.first().expect("the ready file names an address")
    }

    /// All addresses for traffic, in the order of the config.
    pub fn listen(&self) -> &[SocketAddr] {
        &self.listen
    }

    /// The address of the admin listener.
    #[track_caller]
    pub fn admin(&self) -> SocketAddr {
        self.admin.expect("the ready file names the admin address")
    }

    /// One request on a connection of its own.
    #[track_caller]
    pub fn ask(&self, request: &Request) -> Answer {
        ask(self.address(), request)
    }

    /// One request to the admin listener.
    #[track_caller]
    pub fn ask_admin(&self, request: &Request) -> Answer {
        // The listener takes no name as its Host, since a name may be anybody's.
        let mut request = request.clone().field("Host", "localhost");
        if let Some(token) = self.token() {
            request = request.field("Authorization", &format!("Bearer {token}"));
        }
        ask(self.admin(), &request)
    }

    /// The administrators' token that was drawn at the start, where the config names no credentials.
    pub fn token(&self) -> Option<String> {
        let file = self.scratch.path().join(".evergate/admin.token");
        std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the program printed so far, both streams.
    pub fn log(&self) -> String {
        lock(&self.log).clone()
    }

    /// Tells the program to stop as a supervisor would: SIGTERM.
    #[track_caller]
    pub fn terminate(&self) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().expect("`kill` runs");
        assert!(told.success(), "the program is gone already:\n{}", self.log());
    }

    /// SIGHUP: the files are to be read anew.
    #[track_caller]
    pub fn hang_up(&self) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-HUP", &id]).status().expect("`kill` runs");
        assert!(told.success(), "the program is gone already:\n{}", self.log());
    }

    /// SIGKILL. It is gone when this returns.
    pub fn kill(&mut self) {
        // One that has ended already needs no more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until the program has ended by itself.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        // Both streams close when the program ends.
        while let Some(left) = PATIENCE.checked_sub(began.elapsed()) {
            if let Err(RecvTimeoutError::Disconnected) = lock(&self.lines).recv_timeout(left) {
                return self.child.wait().expect("the program has ended");
            }
        }
        panic!("the program did not end in time:\n{}", self.log());
    }
}

#[expect(clippy::print_stderr, reason = "a fallen test shows what the gateway said")]
impl Drop for Gate {
    fn drop(&mut self) {
        // One that has ended already needs no more.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the gateway printed:\n{}", self.log());
        }
    }
}

fn address(value: &Value) -> Option<SocketAddr> {
    value.as_str()?.parse().ok()
}

/// Reads a stream to its end, line by line.
fn follow(stream: Option<impl Read + Send + 'static>, log: &Arc<Mutex<String>>, tell: Sender<()>) {
    let Some(stream) = stream else { return };
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            lock(&log).push_str(&String::from_utf8_lossy(&line));
            line.clear();
            // Nobody may be listening any more; the log is kept all the same.
            let _ = tell.send(());
        }
    });
}
