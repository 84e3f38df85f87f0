//! `evergate can-i-remove`: whether anybody still uses a version, an operation or a field, by all gateways that are asked.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use evergate_schemas::describe::{Limits, load_api};
use http::StatusCode;
use jiff::Timestamp;
use schemars::generate::SchemaSettings;

use super::args::{Removal as Args, RemovalFormat};
use super::exit::{Failure, Outcome};
use super::remote::{Reach, Remote};
use crate::config::{self, Config, UsageConfig};
use crate::control::usage::{
    Asking, Question, Removal, UsageReport, Verdict, days, judge, moment, offline,
};

/// Rows of one answer.
const ROWS: usize = 10_000;
/// Most answers of one gateway; it has a million rows then, and somebody uses it.
const PAGES: usize = 100;
/// Rows that are printed for people.
const SHOWN: usize = 50;

/// One place that knows of use: what it is called, and what was found.
type Found = (String, Result<UsageReport, String>);

/// Asks, judges and prints.
pub(super) fn can_i_remove(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    if args.format == RemovalFormat::JsonSchema {
        let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        writeln!(out, "{:#}", generator.into_root_schema_for::<Removal>().to_value())?;
        return Ok(Outcome::Holds);
    }
    let now = Timestamp::now().as_second();
    let Some(seen) = days(&args.seen) else {
        let what = format!("`{}` is no time; write `30d` or `12h`", args.seen);
        return Err(Failure::said(what));
    };
    let question = Question { now, since: now.saturating_sub(seen) };
    let mut found: Vec<Found> = Vec::new();
    let mut known = BTreeSet::new();
    for directory in &args.state {
        let usage = config::load(&args.config).map(|(config, _)| config.usage).unwrap_or_default();
        found.push(from_directory(args, directory, &question, &usage));
    }
    if !args.state.is_empty() {
        known.extend(configured(&args.config, &args.api));
    }
    for address in addresses(args) {
        let (one, versions) = from_gateway(args, address, &question)?;
        found.push(one);
        known.extend(versions);
    }
    let mut removal = judge(&question, found);
    unknown(args, &known, &mut removal);
    match args.format {
        RemovalFormat::Json => writeln!(out, "{}", json(&removal)?)?,
        _ => write!(out, "{}", human(args, &removal))?,
    }
    Ok(match removal.verdict {
        Verdict::Removable => Outcome::Holds,
        Verdict::Used => Outcome::Findings,
        Verdict::Unknown => Outcome::Unjudged,
    })
}

/// A version that nobody knows is one that was misspelled.
fn unknown(args: &Args, known: &BTreeSet<String>, removal: &mut Removal) {
    // where nobody could be asked that is the reason
    let silent = known.is_empty() && !removal.reasons.is_empty();
    if silent || known.contains(&args.version) || removal.verdict == Verdict::Used {
        return;
    }
    let versions = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let beside = if known.is_empty() {
        format!("no api `{}` is known", args.api)
    } else {
        format!("the api `{}` has no version `{}`; it has {versions}", args.api, args.version)
    };
    removal.reasons.push(beside);
    removal.verdict = Verdict::Unknown;
}

/// The gateways to ask: those that are named, or the configuration's where no directory is.
fn addresses(args: &Args) -> Vec<Option<&str>> {
    if args.admin.is_empty() && args.state.is_empty() {
        return vec![None];
    }
    args.admin.iter().map(|address| Some(address.as_str())).collect()
}

fn asking(args: &Args, question: &Question) -> Asking {
    Asking {
        api: Some(args.api.clone()),
        version: Some(args.version.clone()),
        operation: args.operation.clone(),
        field: args.field.clone(),
        consumer: None,
        since: Some(question.since),
    }
}

fn from_directory(
    args: &Args,
    directory: &Path,
    question: &Question,
    usage: &UsageConfig,
) -> Found {
    let report = offline(directory, &asking(args, question), (question.now, usage));
    (directory.display().to_string(), report)
}

/// The versions that an api of the configuration has.
fn configured(path: &Path, api: &str) -> Vec<String> {
    let Ok((config, _)) = config::load(path) else { return Vec::new() };
    let Config { apis, .. } = config;
    let Some(api) = apis.into_iter().find(|one| one.name == api) else { return Vec::new() };
    match api.description.map(|directory| load_api(&directory, &Limits::default())) {
        Some(Ok(described)) => {
            described.versions.iter().map(|one| one.version.as_str().to_owned()).collect()
        }
        _ => api.backends.into_iter().filter_map(|backend| backend.version).collect(),
    }
}

/// What one gateway knows, and which versions it has of the api.
fn from_gateway(
    args: &Args,
    address: Option<&str>,
    question: &Question,
) -> Result<(Found, Vec<String>), Failure> {
    let reach = Reach {
        config: args.config.clone(),
        admin: address.map(str::to_owned),
        token_file: args.token_file.clone(),
        admin_ca: args.admin_ca.clone(),
        admin_certificate: args.admin_certificate.clone(),
        admin_key: args.admin_key.clone(),
        state: None,
    };
    let place = address.map_or_else(|| args.config.display().to_string(), str::to_owned);
    let remote = Remote::new(&reach)?;
    let asked = read(&remote, args, question);
    Ok(match asked {
        Ok((report, versions)) => ((place, Ok(report)), versions),
        Err(failure) => ((place, Err(failure.sentence())), Vec::new()),
    })
}

fn read(
    remote: &Remote,
    args: &Args,
    question: &Question,
) -> Result<(UsageReport, Vec<String>), Failure> {
    let board = remote.get("/lifecycle")?.good()?.json();
    let list = |value: &serde_json::Value, name: &str| {
        value.get(name).and_then(serde_json::Value::as_array).cloned().unwrap_or_default()
    };
    let is = |value: &serde_json::Value, name: &str, text: &str| {
        value.get(name).and_then(serde_json::Value::as_str) == Some(text)
    };
    let api = list(&board, "apis").into_iter().find(|one| is(one, "api", &args.api));
    let versions = api.iter().flat_map(|api| list(api, "versions")).filter_map(|one| {
        one.get("version").and_then(serde_json::Value::as_str).map(str::to_owned)
    });
    let versions = versions.collect();
    let mut path = format!("/usage?limit={ROWS}&since={}", escaped(&moment(question.since)));
    let named = [("api", Some(&args.api)), ("version", Some(&args.version))];
    let narrower = [("operation", args.operation.as_ref()), ("field", args.field.as_ref())];
    for (name, value) in named.into_iter().chain(narrower) {
        if let Some(value) = value {
            let _ = write!(path, "&{name}={}", escaped(value));
        }
    }
    let mut whole: Option<UsageReport> = None;
    let mut after = String::new();
    for _ in 0..PAGES {
        let told = remote.get(&format!("{path}{after}"))?;
        if told.status == StatusCode::NOT_FOUND {
            return Err(Failure::said("the gateway there does not count use"));
        }
        let page: UsageReport = serde_json::from_slice(&told.good()?.body)
            .map_err(|error| Failure::said(format!("its answer cannot be read: {error}")))?;
        after = page.next.as_ref().map(|next| format!("&after={next}")).unwrap_or_default();
        match &mut whole {
            None => whole = Some(page),
            Some(whole) => whole.rows.extend(page.rows),
        }
        if after.is_empty() {
            break;
        }
    }
    Ok((whole.unwrap_or_default(), versions))
}

/// A text as the value of a query.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b':' | b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn json(removal: &Removal) -> Result<String, Failure> {
    serde_json::to_string_pretty(removal).map_err(Failure::said)
}

/// What a person reads.
fn human(args: &Args, removal: &Removal) -> String {
    let mut what = format!("{} {}", args.api, args.version);
    for part in [&args.operation, &args.field].into_iter().flatten() {
        let _ = write!(what, ", {part}");
    }
    let since = &removal.since;
    let mut text = match removal.verdict {
        Verdict::Removable => {
            let begun = removal.begun.as_deref().unwrap_or_default();
            format!("{what} can be removed: nobody used it since {since} (records since {begun})\n")
        }
        Verdict::Used => {
            let consumers: BTreeSet<_> = removal.rows.iter().map(|row| &row.consumer).collect();
            let one = if consumers.len() == 1 { "consumer" } else { "consumers" };
            format!("{what} is still used, by {} {one} since {since}\n", consumers.len())
        }
        Verdict::Unknown => format!("it is not known whether anybody uses {what} since {since}\n"),
    };
    for reason in &removal.reasons {
        let _ = writeln!(text, "  {reason}");
    }
    if !removal.rows.is_empty() {
        text.push('\n');
        table(removal, &mut text);
    }
    text
}

/// Who, what, how often, and when last; the latest first.
fn table(removal: &Removal, text: &mut String) {
    let mut rows: Vec<_> = removal.rows.iter().collect();
    rows.sort_by(|one, other| other.last.cmp(&one.last));
    let mut cells = vec![["consumer", "operation", "requests", "last use"].map(str::to_owned)];
    for row in rows.iter().take(SHOWN) {
        let operation = match &row.field {
            Some(field) => format!("{}, {field}", row.operation),
            None => row.operation.clone(),
        };
        cells.push([row.consumer.clone(), operation, row.count.to_string(), row.last.clone()]);
    }
    let widest = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..4).map(|column| widest(column).unwrap_or(0)).collect();
    for row in &cells {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = padded.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if let Some(more) = rows.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "and {more} more; `--format json` has all");
    }
}
