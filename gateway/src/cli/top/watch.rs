//! Looking at a gateway again and again.

use std::io::{BufRead, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use super::frame::{Seen, lines};
use super::sample::Sample;
use crate::cli::exit::{Failure, Outcome};
use crate::cli::remote::{Reach, Remote};

/// Columns and rows of what is no terminal.
const SIZE: (usize, usize) = (160, usize::MAX);

/// `evergate top`
#[derive(Debug, Args)]
pub(in crate::cli) struct Top {
    #[command(flatten)]
    reach: Reach,
    /// Write one picture of all since the start, and end.
    #[arg(long)]
    once: bool,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
}

/// What one look found.
struct Look {
    sample: Sample,
    endpoints: Value,
    status: Value,
    at: Instant,
}

/// Shows a gateway until `q` and Enter, the end of the input or an interrupt.
pub(in crate::cli) fn top(args: &Top, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let remote = Remote::new(&args.reach)?;
    let first = look(&remote)?;
    if args.once {
        let seen = Seen {
            moved: &first.sample,
            seconds: since(&first.status),
            endpoints: &first.endpoints,
            status: &first.status,
        };
        lines(&seen).iter().try_for_each(|line| writeln!(to, "{}", line.trim_end()))?;
        return Ok(Outcome::Holds);
    }
    let (keys, interval) = (keys(), Duration::from_secs(args.interval));
    let mut before = first;
    loop {
        match keys.recv_timeout(interval) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(Outcome::Holds),
        }
        let now = look(&remote)?;
        let moved = now.sample.since(&before.sample);
        let seconds = now.at.duration_since(before.at).as_secs_f64();
        let seen = Seen { moved: &moved, seconds, endpoints: &now.endpoints, status: &now.status };
        draw(&lines(&seen), to)?;
        before = now;
    }
}

fn look(remote: &Remote) -> Result<Look, Failure> {
    let metrics = remote.get("/metrics")?.good()?;
    let sample = Sample::read(&String::from_utf8_lossy(&metrics.body));
    let endpoints = remote.get("/endpoints")?.good()?.json();
    let status = remote.get("/status")?.good()?.json();
    Ok(Look { sample, endpoints, status, at: Instant::now() })
}

/// Seconds since the gateway started.
fn since(status: &Value) -> f64 {
    let started = status.get("started").and_then(Value::as_str);
    let started = started.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    started.map_or(1.0, |started| jiff::Timestamp::now().duration_since(started).as_secs_f64())
}

/// Draws over what was there, as much as there is room for.
fn draw(lines: &[String], to: &mut dyn Write) -> Result<(), Failure> {
    let size = terminal_size::terminal_size();
    let (columns, rows) =
        size.map_or(SIZE, |(columns, rows)| (usize::from(columns.0), usize::from(rows.0)));
    write!(to, "\x1b[H\x1b[2J")?;
    for line in lines.iter().take(rows.saturating_sub(2)) {
        let shown: String = line.chars().take(columns).collect();
        writeln!(to, "{}", shown.trim_end())?;
    }
    write!(to, "q and Enter ends")?;
    to.flush()?;
    Ok(())
}

/// Says when somebody wants to end.
fn keys() -> Receiver<()> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_ok_and(|line| line.trim() == "q") {
                break;
            }
        }
        // nobody waits any more where the program ends for another reason
        let _ = sender.send(());
    });
    receiver
}
