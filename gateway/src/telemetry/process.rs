//! What the process itself takes, by the names that all exporters use; nothing where the system does not tell.

use std::fmt::Write as _;
use std::fs::{read_dir, read_to_string};

/// Appends what is known, in the text form of `OpenMetrics` 1.0.
pub(super) fn write(out: &mut String) {
    let mut family = |(name, kind, unit): (&str, &str, &str), what: &str, value: Option<f64>| {
        let Some(value) = value else { return };
        let sample = if kind == "counter" { "_total" } else { "" };
        let _ = writeln!(out, "# HELP {name} {what}.\n# TYPE {name} {kind}");
        if !unit.is_empty() {
            let _ = writeln!(out, "# UNIT {name} {unit}");
        }
        let _ = writeln!(out, "{name}{sample} {value:?}");
    };
    let stat = Stat::read();
    let stat = stat.as_ref();
    let gauge = |name, unit| (name, "gauge", unit);
    let cpu = ("process_cpu_seconds", "counter", "seconds");
    family(cpu, "Time on processors, in the program and in the system", stat.map(|one| one.cpu));
    let name = gauge("process_resident_memory_bytes", "bytes");
    family(name, "Memory that is in use", stat.map(|one| one.resident));
    let name = gauge("process_virtual_memory_bytes", "bytes");
    family(name, "Memory that is addressed", stat.map(|one| one.size));
    let name = gauge("process_start_time_seconds", "seconds");
    family(name, "When the process began, in Unix time", stat.and_then(Stat::began));
    family(gauge("process_open_fds", ""), "File descriptors that are open", open());
    family(gauge("process_max_fds", ""), "File descriptors that may be open", most());
}

/// In how many parts of a second the kernel tells programs of times (`USER_HZ`): it is this on all that Linux runs on today.
const TICKS: f64 = 100.0;

/// Times and sizes, as the system tells them of this process.
struct Stat {
    cpu: f64,
    resident: f64,
    size: f64,
    /// Since the system's own start, in seconds.
    start: f64,
}

impl Stat {
    fn read() -> Option<Self> {
        let text = read_to_string("/proc/self/stat").ok()?;
        // the name of the program may have anything in it, and ends with the last bracket
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // numbered from 3, as in proc_pid_stat(5)
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let status = read_to_string("/proc/self/status").ok()?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes = kilobytes.split_whitespace().next()?.parse::<f64>().ok()?;
        Some(Self {
            cpu: (field(14)? + field(15)?) / TICKS,
            start: field(22)? / TICKS,
            size: field(23)?,
            resident: kilobytes * 1024.0,
        })
    }

    fn began(&self) -> Option<f64> {
        let text = read_to_string("/proc/stat").ok()?;
        let boot = text.lines().find_map(|line| line.strip_prefix("btime "))?;
        Some(boot.trim().parse::<f64>().ok()? + self.start)
    }
}

fn open() -> Option<f64> {
    // one of them is the directory itself
    let count = read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    Some(number(u64::try_from(count).ok()?))
}

fn most() -> Option<f64> {
    let text = read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "no such number is that large")]
const fn number(whole: u64) -> f64 {
    whole as f64
}
