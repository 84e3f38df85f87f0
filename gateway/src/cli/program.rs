//! From the command line to an exit code.

use std::io::{BufWriter, Write};
use std::process::ExitCode;
use std::thread::Builder;

use clap::{CommandFactory, Parser};

use super::args::{CommandLine, Verb};
use super::crew::STACK_BYTES;
use super::exit::{Failure, Outcome};
use super::{
    admin, changelog, check, config, contracts, convert, demo, diff, explain, live, parts, release,
    removal, rules, run, suggest, top,
};

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // help and version come this way too, and are no fault
            let _ = error.print();
            let outcome = if error.use_stderr() { Outcome::Unjudged } else { Outcome::Holds };
            return outcome.into();
        }
    };
    // documents nest deeper than a main thread's stack is sure to hold
    let thread = Builder::new().stack_size(STACK_BYTES).spawn(move || act(&line));
    let ended = thread.map_err(Failure::from).and_then(|thread| {
        thread.join().unwrap_or_else(|_| Err(Failure::said("evergate fell over; this is a bug")))
    });
    match ended {
        Ok(outcome) => outcome.into(),
        Err(failure) => failure.tell(&mut anstream::stderr().lock()).into(),
    }
}

fn act(line: &CommandLine) -> Result<Outcome, Failure> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    let outcome = match &line.verb {
        Verb::Top(args) => top::top(args, &mut out),
        Verb::Explain(args) => explain::explain(args, &mut out),
        Verb::Run(args) => run::run(args),
        Verb::Check(args) => check::check(args, &mut out),
        Verb::Diff(args) => diff::diff(args, &mut out),
        Verb::Changelog(args) => changelog::changelog(args, &mut out),
        Verb::Suggest(args) => suggest::suggest(args, &mut out),
        Verb::Release(args) => release::release(args, &mut out),
        Verb::Convert(args) => convert::convert(args, BufWriter::new(std::io::stdout().lock())),
        Verb::Demo { once } => demo::run(demo::DemoOptions { once: *once }),
        Verb::CanIRemove(args) => removal::can_i_remove(args, &mut out),
        Verb::Config(args) => config::config(args, &mut out),
        Verb::Status(args) => live::status(args, &mut out),
        Verb::Contracts(args) => contracts::contracts(args, &mut out),
        Verb::Completions { shell } => {
            let mut command = CommandLine::command();
            clap_complete::generate(*shell, &mut command, "evergate", &mut out);
            Ok(Outcome::Holds)
        }
        Verb::Backend(args) => parts::backend(args, &mut out),
        Verb::Admin(args) => admin::admin(args, &mut out),
        Verb::Rules(args) => rules::rules(args, &mut out),
    }?;
    out.flush()?;
    Ok(outcome)
}
