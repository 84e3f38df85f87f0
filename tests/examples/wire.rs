//! Runs the wire suites against Evergate or a peer: `wire [--http2] [--peer NAME]... [--only PART] [--table]`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::process::ExitCode;

use evergate_tests::desync::recorder::Recorder;
use evergate_tests::desync::run::{Verdict, run};
use evergate_tests::desync::table::{failures, summary, table};
use evergate_tests::desync::target::{Peer, Target};
use evergate_tests::{desync, frames};

/// What is asked for.
#[derive(Debug, Default)]
struct Asked {
    peers: Vec<Peer>,
    only: String,
    table: bool,
    http2: bool,
}

fn asked() -> Result<Asked, String> {
    let mut asked = Asked::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--peer" => {
                let name = words.next().unwrap_or_default();
                let peer = Peer::named(&name).ok_or(format!("`{name}` is no peer"))?;
                asked.peers.push(peer);
            }
            "--only" => asked.only = words.next().unwrap_or_default(),
            "--http2" => asked.http2 = true,
            "--table" => asked.table = true,
            other => return Err(format!("`{other}` is not understood")),
        }
    }
    if asked.peers.is_empty() {
        asked.peers.push(Peer::Evergate);
    }
    Ok(asked)
}

fn all(asked: &Asked) -> Result<Vec<(&'static str, Vec<Verdict>)>, String> {
    let mut columns = Vec::new();
    for peer in &asked.peers {
        let backend = Recorder::start().map_err(|error| error.to_string())?;
        let target = Target::start(*peer, backend.address());
        let target = target.map_err(|error| format!("{}: {error}", peer.name()))?;
        let verdicts = if asked.http2 {
            let mut rows = frames::all();
            rows.retain(|row| row.name.contains(&asked.only));
            frames::run::run(target.http2, target.http1, &backend, &rows)
        } else {
            let mut cases = desync::all();
            cases.retain(|case| case.name.contains(&asked.only));
            run(target.http1, &backend, &cases)
        };
        columns.push((peer.name(), verdicts));
    }
    Ok(columns)
}

fn main() -> ExitCode {
    let told = asked().and_then(|asked| Ok((all(&asked)?, asked)));
    match told {
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
        Ok((columns, asked)) => {
            if asked.table {
                print!("{}", table(&columns));
            } else {
                for (name, verdicts) in &columns {
                    print!("## {name}\n\n{}\n", failures(verdicts));
                }
            }
            println!("\n{}", summary(&columns));
            ExitCode::SUCCESS
        }
    }
}
