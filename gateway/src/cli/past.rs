//! `evergate config history`, `show` and `verify`: what was changed, from the state directory or from a gateway that runs.

use std::fmt::Write as _;
use std::io::Write;

use serde_json::{Value, json};

use super::args::Format;
use super::config_args::{History, Show, Verify};
use super::exit::{Failure, Outcome};
use super::remote::{Reach, Remote};
use crate::config::state_of;
use crate::control::{self, Entry, Kept, NoPast, State, Store, Wish, past};

/// Lists who changed what, newest first.
pub(super) fn history(args: &History, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let entries = if args.reach.admin.is_some() {
        let below = args.below.map(|below| format!("&below={below}")).unwrap_or_default();
        let path = format!("/history?limit={}{below}", args.limit);
        let mut told = Remote::new(&args.reach)?.get(&path)?.good()?.json();
        told.get_mut("entries")
            .and_then(Value::as_array_mut)
            .map(std::mem::take)
            .unwrap_or_default()
    } else {
        let state = state(&args.reach);
        let page = control::page(state.directory(), args.below, args.limit);
        let page = page.map_err(|error| unreadable(&state, &error))?;
        page.entries.iter().map(Entry::as_json).collect()
    };
    match args.format {
        Format::Human => entries.iter().try_for_each(|entry| writeln!(to, "{}", line(entry)))?,
        Format::Json | Format::JsonSchema => writeln!(to, "{}", json!({ "entries": entries }))?,
    }
    Ok(Outcome::Holds)
}

/// Prints one entry, and the config file that it brought into use.
pub(super) fn show(args: &Show, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let told = match &args.reach.admin {
        Some(_) => {
            Remote::new(&args.reach)?.get(&format!("/history/{}", args.number))?.good()?.json()
        }
        None => of_state(&state(&args.reach), args)?,
    };
    if args.format == Format::Human {
        let entry = told.get("entry").unwrap_or(&Value::Null);
        for line in line(entry).lines() {
            writeln!(to, "# {line}")?;
        }
        match (text(&told, "config"), text(&told, "missing")) {
            ("", "") => writeln!(to, "# it brought no configuration into use")?,
            ("", missing) => writeln!(to, "# {missing}")?,
            (config, _) => write!(to, "{config}")?,
        }
    } else {
        writeln!(to, "{told}")?;
    }
    Ok(Outcome::Holds)
}

/// What the state directory has of an entry.
fn of_state(state: &State, args: &Show) -> Result<Value, Failure> {
    let bounds = state_of(&args.reach.config);
    let store = Store::new(state.clone(), bounds.objects, bounds.configurations);
    match past(&store, state.directory(), args.number) {
        Ok(past) => Ok(json!({
            "entry": past.entry.as_json(),
            "config": String::from_utf8_lossy(&past.text),
            "descriptions": past.manifest.descriptions,
        })),
        Err(NoPast::NoConfiguration(_, entry)) => Ok(json!({ "entry": entry.as_json() })),
        Err(NoPast::Gone(entry, gone)) => {
            Ok(json!({ "entry": entry.as_json(), "missing": gone.to_string() }))
        }
        Err(error) => Err(Failure::said(error)),
    }
}

/// Proves that the journal is whole, or says where it is not.
pub(super) fn verify(args: &Verify, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let wish = match &args.head {
        Some(head) => Some(Wish::read(head).ok_or_else(|| {
            let why = "`--head` takes the hash of an entry, or `NUMBER:HASH`, as `evergate status` and the log say them";
            Failure::said(why)
        })?),
        None => None,
    };
    let state = State::of_file(&args.config, args.state.as_deref());
    let report = control::verify(state.directory(), wish.as_ref());
    let report = report.map_err(|error| unreadable(&state, &error))?;
    for fault in &report.faults {
        writeln!(to, "{}:{}: {}", fault.file, fault.line, fault.what)?;
    }
    let head = report.head.as_ref();
    let head =
        head.map_or_else(|| "none".to_owned(), |head| format!("{}:{}", head.sequence, head.hash));
    let entries = report.entries;
    if report.torn > 0 {
        writeln!(
            to,
            "{} octets at the end are of a line that was not finished; it was told to nobody",
            report.torn
        )?;
    }
    match report.first {
        Some(first) if first > 1 => {
            writeln!(
                to,
                "the oldest entry that is kept is {first}; nothing is proved of what was before"
            )?;
        }
        _ => {}
    }
    let outcome = match (report.holds(), report.kept) {
        (true, Some(Kept::Unknown)) => {
            writeln!(
                to,
                "the chain holds, and the head that was kept is older than all of it: nothing can be said of it"
            )?;
            Outcome::Unjudged
        }
        (true, _) => {
            writeln!(to, "the chain of {entries} entries holds; its head is {head}")?;
            Outcome::Holds
        }
        (false, Some(Kept::Missing)) => {
            writeln!(
                to,
                "the head that was kept is not in the chain: its end was cut off, or it is another journal"
            )?;
            Outcome::Findings
        }
        (false, _) => {
            writeln!(to, "the chain is broken in {} places", report.broken)?;
            Outcome::Findings
        }
    };
    Ok(outcome)
}

/// Nothing can be said without the journal.
fn unreadable(state: &State, error: &std::io::Error) -> Failure {
    Failure::said(format!(
        "the journal in {} cannot be read: {error}; name the gateway's configuration with --config, or its state with --state",
        state.directory().display()
    ))
}

fn state(reach: &Reach) -> State {
    State::of_file(&reach.config, reach.state.as_deref())
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// An entry for people: one line, and one more for each problem.
fn line(entry: &Value) -> String {
    let number = entry.get("sequence").and_then(Value::as_u64).unwrap_or_default();
    let said = |name| text(entry, name);
    let mut line =
        format!("{number:>6}  {}  {:<10} {:<11}", said("time"), said("result"), said("cause"));
    line.push_str(said("who"));
    if !said("from").is_empty() {
        let _ = write!(line, " from {}", said("from"));
    }
    if let Some(digest) = said("after").get(..12) {
        let _ = write!(line, "  {digest}");
    }
    if !said("why").is_empty() {
        let _ = write!(line, "  “{}”", said("why"));
    }
    if !said("note").is_empty() {
        let _ = write!(line, "  ({})", said("note"));
    }
    for problem in entry.get("problems").and_then(Value::as_array).into_iter().flatten() {
        let place = |name| problem.get(name).and_then(Value::as_u64).unwrap_or_default();
        let (file, what, remedy) =
            (text(problem, "file"), text(problem, "what"), text(problem, "remedy"));
        let _ = write!(
            line,
            "\n        {file}:{}:{}: {what}; {remedy}",
            place("line"),
            place("column")
        );
    }
    line
}
