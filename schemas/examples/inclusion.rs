//! Judges schema pairs from files: `inclusion FILE.jsonl... [--seconds N] [--table]`.
//!
//! Each line is a case `{"id", "dialect", "old", "new"}`: is every value that is valid under `old` valid under `new`?
//! Plain set inclusion, no sender-closing; `format` is an annotation. Each answer is one line of JSON on stdout:
//! `{"id", "verdict", "micros"}` with the `witness` of a `not-included` and the `reason` of an `undecided`. A witness
//! is printed only after `jsonschema` has judged it against both documents as written, under their own drafts.

#[path = "../tests/support/original.rs"]
mod original;

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use evergate_schemas::describe::read_schema;
use evergate_schemas::relate::verdict::Inclusion;
use evergate_schemas::relate::{Budget, Prover};
use original::Original;
use serde_json::{Value, json};

const USAGE: &str = "usage: inclusion FILE.jsonl... [--seconds N] [--table]";
/// The stack of one case: documents nest no deeper than the reader's limits.
const STACK: usize = 64 << 20;

struct Options {
    files: Vec<String>,
    /// After which a case is left undecided.
    patience: Duration,
    table: bool,
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut found = Options { files: Vec::new(), patience: Duration::from_secs(2), table: false };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--table" => found.table = true,
            "--seconds" => {
                let given = arguments.next().unwrap_or_default();
                let seconds = given.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
                let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                found.patience = seconds.ok_or_else(|| {
                    format!("`--seconds` wants a number above 0, not `{given}`; {USAGE}")
                })?;
            }
            flag if flag.starts_with("--") => return Err(format!("no flag `{flag}`; {USAGE}")),
            file => found.files.push(file.to_owned()),
        }
    }
    if found.files.is_empty() {
        return Err(format!("no file is named; {USAGE}"));
    }
    Ok(found)
}

#[derive(Clone)]
struct Case {
    id: String,
    dialect: String,
    old: Value,
    new: Value,
    included: Option<bool>,
}

impl Case {
    fn read(line: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(line).map_err(|error| format!("the line is no JSON: {error}"))?;
        let text = |name: &str| {
            let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| format!("the case has no text `{name}`"))
        };
        let schema = |name: &str| {
            value.get(name).cloned().ok_or_else(|| format!("the case has no schema `{name}`"))
        };
        Ok(Self {
            id: text("id")?,
            dialect: text("dialect")?,
            old: schema("old")?,
            new: schema("new")?,
            included: value.get("included").and_then(Value::as_bool),
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Included,
    NotIncluded(Value),
    Undecided(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Included => "included",
            Self::NotIncluded(_) => "not-included",
            Self::Undecided(_) => "undecided",
        })
    }
}

fn judge(case: &Case, stop: Arc<AtomicBool>) -> (Answer, Duration) {
    let start = Instant::now();
    let read = |document| {
        read_schema(document, Some(&case.dialect)).map_err(|problems| {
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Answer::Undecided(said.join("; "))
        })
    };
    let (old, new, problems) = match (read(&case.old), read(&case.new)) {
        (Ok((old, mut some)), Ok((new, more))) => {
            some.extend(more);
            (old, new, some)
        }
        (Err(why), _) | (_, Err(why)) => return (why, start.elapsed()),
    };
    let mut prover = Prover::new(Budget::default());
    prover.stop_when(stop);
    let answer = prover.includes(&old, &new);
    let took = start.elapsed();
    let answer = match answer {
        Inclusion::Proved => Answer::Included,
        Inclusion::Undecided(why) => Answer::Undecided(match problems.first() {
            Some(problem) => format!("{} ({})", why.reason, problem.what),
            None => why.reason,
        }),
        Inclusion::Refuted(witness) => match confirmed(case, &original::plain(witness.payload)) {
            Ok(payload) => Answer::NotIncluded(payload),
            Err(why) => Answer::Undecided(why),
        },
    };
    (answer, took)
}

/// The payload, if the documents as written agree that it is a witness.
fn confirmed(case: &Case, payload: &Value) -> Result<Value, String> {
    let old = Original::new(&case.old, &case.dialect)
        .map_err(|why| format!("`old` has no validator: {why}"))?;
    let new = Original::new(&case.new, &case.dialect)
        .map_err(|why| format!("`new` has no validator: {why}"))?;
    match (old.is_valid(payload), new.is_valid(payload)) {
        (Some(true), Some(false)) => Ok(payload.clone()),
        _ => Err(format!("the documents as written do not confirm the witness {payload}")),
    }
}

/// The answer, or that it did not come in time: the thread of a case that takes too long is told to stop, and not
/// waited for.
fn judge_in_time(case: &Case, patience: Duration) -> (Answer, Duration) {
    let (tell, hear) = channel();
    let own = case.clone();
    let start = Instant::now();
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let judging = move || drop(tell.send(judge(&own, flag)));
    let spawned = std::thread::Builder::new().stack_size(STACK).spawn(judging);
    if let Err(error) = spawned {
        return (Answer::Undecided(format!("no thread for the case: {error}")), start.elapsed());
    }
    hear.recv_timeout(patience).unwrap_or_else(|error| {
        stop.store(true, Ordering::Relaxed);
        let why = match error {
            RecvTimeoutError::Timeout => "the time ran out",
            RecvTimeoutError::Disconnected => "the judgement broke off",
        };
        (Answer::Undecided(why.to_owned()), start.elapsed())
    })
}

/// The counts of one file.
#[derive(Default)]
struct Row {
    right: usize,
    wrong: Vec<String>,
    undecided: usize,
    unlabelled: usize,
    took: Vec<Duration>,
}

impl Row {
    fn count(&mut self, case: &Case, answer: &Answer, took: Duration) {
        self.took.push(took);
        match (answer, case.included) {
            (Answer::Undecided(_), _) => self.undecided += 1,
            (_, None) => self.unlabelled += 1,
            (Answer::Included, Some(true)) | (Answer::NotIncluded(_), Some(false)) => {
                self.right += 1;
            }
            _ => self.wrong.push(case.id.clone()),
        }
    }

    fn line(&mut self, name: &str) -> String {
        self.took.sort();
        let cases = self.took.len();
        let at = |share: usize| {
            let index = (cases * share / 100).min(cases.saturating_sub(1));
            self.took.get(index).map_or(0, Duration::as_micros)
        };
        let tenths = ((cases - self.undecided) * 1000).checked_div(cases).unwrap_or(0);
        let share = format!("{}.{}", tenths / 10, tenths % 10);
        let counts = [cases, self.right, self.unlabelled, self.wrong.len(), self.undecided];
        let counts = counts.map(|count| count.to_string()).join(" | ");
        format!("| {name} | {counts} | {share} % | {} | {} |", at(50), at(99))
    }
}

const HEAD: &str = "\
| file | cases | right | decided, no label | wrong | undecided | decided | median µs | p99 µs |
|---|---|---|---|---|---|---|---|---|";

fn run(options: &Options, out: &mut impl Write, errors: &mut impl Write) -> std::io::Result<bool> {
    let mut sound = true;
    if options.table {
        writeln!(out, "{HEAD}")?;
    }
    for file in &options.files {
        let opened = match std::fs::File::open(file) {
            Ok(opened) => opened,
            Err(error) => {
                writeln!(errors, "{file}: the file cannot be read: {error}")?;
                sound = false;
                continue;
            }
        };
        let mut row = Row::default();
        for (number, line) in (1..).zip(BufReader::new(opened).split(b'\n')) {
            let line = String::from_utf8_lossy(&line?).into_owned();
            if line.trim().is_empty() {
                continue;
            }
            let case = match Case::read(&line) {
                Ok(case) => case,
                Err(why) => {
                    writeln!(errors, "{file}:{number}: {why}")?;
                    sound = false;
                    continue;
                }
            };
            let (answer, took) = judge_in_time(&case, options.patience);
            row.count(&case, &answer, took);
            if !options.table {
                writeln!(out, "{}", told(&case, &answer, took))?;
                out.flush()?;
            }
        }
        if options.table {
            let name = std::path::Path::new(file).file_stem().unwrap_or_default();
            writeln!(out, "{}", row.line(&name.to_string_lossy()))?;
            out.flush()?;
        }
        for id in &row.wrong {
            writeln!(errors, "{file}: the answer to `{id}` is not its label")?;
        }
    }
    Ok(sound)
}

fn told(case: &Case, answer: &Answer, took: Duration) -> Value {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let mut line = json!({ "id": case.id, "verdict": answer.to_string(), "micros": micros });
    if let Some(members) = line.as_object_mut() {
        match answer {
            Answer::Included => {}
            Answer::NotIncluded(payload) => {
                members.insert("witness".to_owned(), payload.clone());
            }
            Answer::Undecided(why) => {
                members.insert("reason".to_owned(), json!(why));
            }
        }
    }
    line
}

fn main() -> ExitCode {
    let mut errors = std::io::stderr();
    let told = options(std::env::args().skip(1)).and_then(|options| {
        run(&options, &mut std::io::stdout(), &mut errors).map_err(|error| error.to_string())
    });
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(why) => {
            drop(writeln!(errors, "{why}"));
            ExitCode::from(2)
        }
    }
}
