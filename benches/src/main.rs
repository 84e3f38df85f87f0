//! `compare`: the gateway beside nginx, HAProxy, Envoy and Caddy under the same load, as ratios to nginx.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a command that prints figures"
)]
#![expect(clippy::cast_precision_loss, reason = "figures are read to three digits")]

mod args;
mod calm;
mod fault;
mod figures;
mod load;
mod origin;
mod page;
mod peer;
mod plot;
mod process;
mod report;
mod round;
mod scenario;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Parser as _;
use serde_json::{Value, json};

use args::Args;
use fault::{During as _, Fault, Outcome};
use peer::{Certificate, Kind, Sources};
use round::{Field, Rounds};

fn main() -> ExitCode {
    match compare(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("compare: {fault}");
            ExitCode::from(2)
        }
    }
}

fn compare(args: &Args) -> Outcome<()> {
    let scenarios = args.scenarios()?;
    let target = target()?;
    let out = args.out.clone().unwrap_or_else(|| target.join("compare"));
    std::fs::create_dir_all(&out).during("no folder for the figures")?;
    let sources = Sources {
        evergate: args.evergate.clone().unwrap_or_else(|| target.join("release/evergate")),
        folder: target.join("compare/peers"),
        install: !args.no_install,
    };
    let programs = programs(args, &sources);
    if programs.is_empty() {
        return Err(Fault::said("there is nothing to compare"));
    }
    if scenarios.iter().any(|scenario| scenario.converts) {
        let kinds: Vec<Kind> = programs.iter().map(|(kind, _)| *kind).collect();
        if let Err(fault) = sources.prepare_conversion(&kinds) {
            println!("conversion: {fault}");
        }
    }
    let scratch = tempfile::tempdir().during("no folder for configurations")?;
    let certificate = Certificate::new(scratch.path(), "localhost")?;
    let mut field = Field {
        programs: &programs,
        origin: origin::start()?,
        certificate: &certificate,
        folder: scratch.path(),
        effort: args.effort(),
        least_trip: (0..5).filter_map(|_| calm::round_trip()).fold(f64::INFINITY, f64::min),
    };
    let about = about(args, &programs);
    println!("{}", introduction(&about));
    let mut all: Vec<Rounds> = Vec::new();
    for scenario in scenarios {
        let rounds = round::run(scenario, &mut field, &|words| eprintln!("{words}"));
        println!("{}", report::table(&rounds));
        all.push(rounds);
        write(&out, &all, &about)?;
    }
    println!(
        "\n{} and compare.svg beside it hold all of this.",
        out.join("compare.json").display()
    );
    Ok(())
}

/// Writes what is known so far, so that a comparison that is stopped is not lost.
fn write(out: &std::path::Path, all: &[Rounds], about: &Value) -> Outcome<()> {
    let json = serde_json::to_string_pretty(&report::json(all, about)).during("no JSON")?;
    std::fs::write(out.join("compare.json"), json).during("the figures cannot be written")?;
    let subtitle = format!(
        "{}, 64 connections, 2 workers each, medians of interleaved rounds",
        about.get("machine").and_then(Value::as_str).unwrap_or_default()
    );
    if let Some(svg) = plot::svg(all, &subtitle) {
        std::fs::write(out.join("compare.svg"), svg).during("the plot cannot be written")?;
    }
    Ok(())
}

/// The programs of all peers that can be had; those that cannot are left out with a line.
fn programs(args: &Args, sources: &Sources) -> Vec<(Kind, PathBuf)> {
    let mut programs = Vec::new();
    for kind in
        Kind::ALL.into_iter().filter(|kind| args.peers.is_empty() || args.peers.contains(kind))
    {
        match sources.find(kind) {
            Ok(program) => programs.push((kind, program)),
            Err(fault) => println!("{} is left out: {fault}", kind.name()),
        }
    }
    programs
}

/// What a reader has to know about a run.
fn about(args: &Args, programs: &[(Kind, PathBuf)]) -> Value {
    let first_line = |kind: Kind, program: &PathBuf| {
        let output = Command::new(program).arg(kind.version_option()).output().ok()?;
        let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
        let text = String::from_utf8_lossy(&text).into_owned();
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        // where a program is says nothing to readers elsewhere
        Some(line.replace(&program.display().to_string(), "").trim().to_owned())
    };
    let peers = programs.iter().map(
        |(kind, program)| json!({ "peer": kind.name(), "version": first_line(*kind, program) }),
    );
    let effort = args.effort();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    json!({
        "machine": format!("{cores} cores, load {} at the start", load.split(' ').take(3).collect::<Vec<_>>().join(" ")),
        "peers": peers.collect::<Vec<_>>(),
        "rounds": effort.rounds,
        "seconds": effort.slice.as_secs_f64(),
        "seed": effort.seed,
    })
}

fn introduction(about: &Value) -> String {
    let text = |name: &str| about.get(name).map(Value::to_string).unwrap_or_default();
    let mut words = format!(
        "# Comparison\n\n{}; {} rounds of {} s for each peer, order drawn from seed {}. Medians; in parentheses the \
         median of the ratios to nginx in the same round.\n",
        text("machine").trim_matches('"'),
        text("rounds"),
        text("seconds"),
        text("seed")
    );
    for peer in about.get("peers").and_then(Value::as_array).into_iter().flatten() {
        let word = |name: &str| peer.get(name).and_then(Value::as_str).unwrap_or("unknown");
        let _ = write!(words, "\n- {}: {}", word("peer"), word("version"));
    }
    words
}

/// Cargo's target directory: where this program is built.
fn target() -> Outcome<PathBuf> {
    let program = std::env::current_exe().during("this program is nowhere")?;
    let target = program.parent().and_then(std::path::Path::parent);
    Ok(target.during("this program is not in a target directory")?.to_owned())
}
