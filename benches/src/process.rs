//! Processes and what the kernel says of them: time, memory, family.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::fault::{During as _, Outcome};

/// How long a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// A process with all its children; they end with this value.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Starts a program whose words go to a file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Outcome<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let out = std::fs::File::create(log).during("no log")?;
        let too = out.try_clone().during("no log")?;
        let child = command.stdin(Stdio::null()).stdout(out).stderr(too).spawn();
        Ok(Self { child: child.during(&format!("`{name}` does not start"))? })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let family = family(self.id());
        signal("-TERM", &[self.id()]);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && !self.has_ended() {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        if !self.has_ended() {
            signal("-KILL", &family);
            // it may be gone
            let _ = self.child.wait();
        }
    }
}

/// Sends a signal to processes of ours; those that are gone do not hear it.
fn signal(signal: &str, processes: &[u32]) {
    let processes = processes.iter().map(u32::to_string);
    let mut kill = Command::new("kill");
    let _ = kill.arg(signal).args(processes).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// A process and all that descend from it.
pub(crate) fn family(process: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // the name of a program is in parentheses and may hold anything
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        if let Some(parent) = parent.and_then(|parent| parent.parse().ok()) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut family = vec![process];
    let mut at = 0;
    while let Some(one) = family.get(at) {
        family.extend(children.get(one).into_iter().flatten());
        at += 1;
    }
    family
}

/// CPU seconds (user and system) of processes so far: what the scheduler has counted for their threads, to the
/// nanosecond.
pub(crate) fn cpu(processes: &[u32]) -> f64 {
    let threads = |process| std::fs::read_dir(format!("/proc/{process}/task"));
    let threads = processes.iter().filter_map(|process| threads(process).ok()).flatten().flatten();
    let spent = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    spent.sum::<f64>() / 1e9
}

/// Most memory that processes had resident so far, in MiB; what they share counts for each.
pub(crate) fn peak_memory(processes: &[u32]) -> f64 {
    let peak = |process| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    processes.iter().filter_map(peak).sum::<f64>() / 1024.0
}

/// CPU seconds of all cores so far: busy, and taken by other machines. In ticks of 10 ms.
pub(crate) fn machine() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> =
        line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    let tick = |place: usize| ticks.get(place).copied().unwrap_or(0.0) / 100.0;
    // user, nice, system, idle, waiting, interrupts, soft interrupts, steal
    ([0, 1, 2, 5, 6].map(tick).iter().sum(), tick(7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_time_memory_and_children() {
        let me = std::process::id();
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut sleeping = Command::new("sleep");
        let running = Running::start(sleeping.arg("60"), &log).unwrap();
        assert!(family(me).contains(&running.id()));
        assert!(cpu(&[me]) > 0.0 && peak_memory(&[me]) > 0.5);
        let begun = Instant::now();
        drop(running);
        assert!(begun.elapsed() < PATIENCE, "it ended when it was told to");
    }
}
