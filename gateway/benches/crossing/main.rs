//! CPU time of the gateway for a response that is passed through and for one that is converted: the real binary,
//! with load and backend in processes of their own.
#![expect(clippy::print_stdout, clippy::indexing_slicing, reason = "a bench prints, and may fall")]

mod peers;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Slices into which the requests of a round are cut for each of the two answers: so short that what else the machine
/// does falls on both alike.
const SLICES: u32 = 8;
/// How long the gateway may take to be ready.
const PATIENCE: Duration = Duration::from_secs(20);

const DESCRIPTION: &str = r##"
openapi: 3.1.0
info: { title: payments, version: "1" }
paths:
  /payments:
    get:
      responses:
        "200": { description: all, content: { application/json: { schema: { $ref: "#/components/schemas/Page" } } } }
components:
  schemas:
    Page:
      type: object
      properties:
        pagination: { type: object, properties: { startCursor: { type: string }, hasNextPage: { type: boolean } } }
        result: { type: array, items: { $ref: "#/components/schemas/Payment" } }
    Payment:
      type: object
      required: [id, OWNER]
      additionalProperties: false
      properties:
        id: { type: string }
        OWNER: { type: string }
        receivedAmount: { type: object, properties: { value: { type: string }, assetCode: { type: string }, assetScale: { type: integer } } }
        completed: { type: boolean }
        EXTRA: { type: string }
        metadata: { type: object, additionalProperties: true }
        score: { type: number }
        retries: { type: [integer, "null"] }
        createdAt: { type: string }
        updatedAt: { type: string }
"##;

/// Version 1 has `paymentPointer` and a required `method`, version 2 `walletAddress` and `legacyState`.
const CHANGES: &str = "
changes:
  - say: A payment pointer is called a wallet address.
    at: Payment
    rename: { paymentPointer: walletAddress }
  - say: There is one method only.
    at: Payment
    remove: { method: { constant: ilp } }
";

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a directory");
    std::fs::write(path, text).expect("a file");
}

fn describe(directory: &Path) {
    let v1 = DESCRIPTION.replace("OWNER", "paymentPointer").replace("EXTRA", "method");
    let v1 = v1.replace("[id, paymentPointer]", "[id, paymentPointer, method]");
    let v2 = DESCRIPTION.replace("OWNER", "walletAddress").replace("EXTRA", "legacyState");
    write(directory, "payments/v1/openapi.yaml", &v1);
    write(directory, "payments/v2/openapi.yaml", &v2.replace("version: \"1\"", "version: \"2\""));
    write(directory, "payments/v2/changes.yaml", CHANGES);
}

/// A process that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // it may be gone
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn gateway(directory: &Path, backend: &str) -> (Running, String) {
    let config = format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0 }}\napis:\n  payments:\n    \
         description: ./payments\n    client_version: [{{ path: \"/v{{version}}\" }}]\n    backends: [{{ version: \
         v2, endpoints: [\"http://{backend}\"] }}]\n"
    );
    write(directory, "gateway.yaml", &config);
    let ready = directory.join("ready.json");
    let _ = std::fs::remove_file(&ready);
    let binary = std::env::var_os("EVERGATE_BINARY")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_evergate")), PathBuf::from);
    let child = Command::new(binary)
        .args(["run", "--config"])
        .arg(directory.join("gateway.yaml"))
        .arg("--ready-file")
        .arg(&ready)
        .env("RUST_LOG", "warn")
        .stdout(Stdio::null())
        .spawn()
        .expect("the gateway starts");
    let running = Running(child);
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(&ready).unwrap_or_default();
        if let Some(address) = address(&text) {
            return (running, address);
        }
        assert!(begun.elapsed() < PATIENCE, "the gateway is not ready");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// The first listening address in a ready file.
fn address(text: &str) -> Option<String> {
    let ready: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(ready.get("listen")?.get(0)?.as_str()?.to_owned())
}

/// User and system time of a process so far, in seconds: what the scheduler has counted for its threads, to the
/// nanosecond.
fn cpu(process: u32) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("a process");
    let spent = threads.flatten().filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    let spent = spent.sum::<f64>() / 1e9;
    assert!(spent > 0.0, "the kernel does not say the time of threads");
    spent
}

/// CPU seconds of the gateway for ten thousand requests.
fn slice(gateway: u32, load: &mut peers::Load, target: &str, requests: u32) -> f64 {
    let before = cpu(gateway);
    load.ask(target, requests);
    (cpu(gateway) - before) * 1e4 / f64::from(requests)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A number that the environment says.
fn number<Number: std::str::FromStr>(name: &str) -> Option<Number> {
    std::env::var(name).ok()?.parse().ok()
}

/// One row: passed and converted by turns, and the one that comes first by turns too.
fn row(kilobytes: u32, framing: &str, (rounds, requests): (u32, u32)) {
    let directory = tempfile::tempdir().expect("a directory");
    describe(directory.path());
    let (_backend, backend) = peers::backend(kilobytes * 1024, framing);
    let (running, address) = gateway(directory.path(), &backend);
    let process = running.0.id();
    let mut load = peers::Load::new(&address);
    let requests = (requests * 16 / (kilobytes.max(8) + 8) / SLICES).max(1);
    let mut ask = |target| slice(process, &mut load, target, requests);
    let (mut passed, mut converted, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let (mut ones, mut others) = (Vec::new(), Vec::new());
        for number in 0..SLICES {
            if number % 2 == 0 {
                ones.push(ask("/v2/payments"));
            }
            others.push(ask("/v1/payments"));
            if number % 2 == 1 {
                ones.push(ask("/v2/payments"));
            }
        }
        // the first round warms up
        if round > 0 {
            ratios.push(others.iter().sum::<f64>() / ones.iter().sum::<f64>());
            passed.append(&mut ones);
            converted.append(&mut others);
        }
    }
    let (passed, converted) = (median(&mut passed), median(&mut converted));
    ratios.sort_by(f64::total_cmp);
    let [low, high] =
        [ratios.first(), ratios.last()].map(|ratio| ratio.copied().unwrap_or_default());
    println!(
        "| {kilobytes} KB, {framing} | {passed:.3} | {converted:.3} | {:.2} | {low:.2} to {high:.2} |",
        converted / passed
    );
}

fn main() {
    if peers::is_one() {
        return;
    }
    let effort = (number("ROUNDS").unwrap_or(7), number("REQUESTS").unwrap_or(20_000));
    println!("CPU seconds (user and system) of the gateway for 10,000 requests: medians\n");
    println!("| body | passed | converted | converted ÷ passed | of each round |");
    println!("|---|---|---|---|---|");
    for (kilobytes, framing) in
        [(1, "length"), (2, "length"), (16, "length"), (16, "chunked"), (256, "length")]
    {
        row(kilobytes, framing, effort);
    }
}
