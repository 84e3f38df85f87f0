//! `evergate status`, `config put` and `config rollback`: a gateway that runs, looked at and changed.

use std::fs;
use std::io::Write;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;

use super::args::Format;
use super::config_args::{Change, Put, Rollback, Status};
use super::exit::{Failure, Outcome};
use super::remote::{Remote, Told};

/// The field in which the reason goes.
const WHY: &str = "x-evergate-why";

/// Says how a gateway is.
pub(super) fn status(args: &Status, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let told = Remote::new(&args.reach)?.get("/status")?.good()?.json();
    if args.format != Format::Human {
        writeln!(to, "{told}")?;
        return Ok(Outcome::Holds);
    }
    let text = |path: &str| match told.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "none".to_owned(),
        Some(other) => other.to_string(),
    };
    writeln!(to, "version        {}, since {}", text("/version"), text("/started"))?;
    writeln!(to, "configuration  {}", text("/configuration/file"))?;
    writeln!(to, "digest         {}", text("/configuration/digest"))?;
    writeln!(
        to,
        "generation     {}, since {}",
        text("/configuration/generation"),
        text("/configuration/since")
    )?;
    writeln!(
        to,
        "last call      {} by {} at {}",
        text("/last_call/result"),
        text("/last_call/cause"),
        text("/last_call/time")
    )?;
    writeln!(to, "state          {}", text("/state/directory"))?;
    writeln!(
        to,
        "journal head   {}:{}",
        text("/journal/head/sequence"),
        text("/journal/head/hash")
    )?;
    if text("/draining") == "true" {
        writeln!(to, "it drains: no new connection is taken")?;
    }
    let mut outcome = Outcome::Holds;
    if text("/configuration/last_good") == "true" {
        writeln!(to, "the last good configuration is in use, as the file is wrong:")?;
        outcome = Outcome::Findings;
    }
    if text("/state/writable") == "false" {
        writeln!(to, "changes are not recorded: {}", text("/state/trouble"))?;
        outcome = Outcome::Findings;
    }
    let problems = told.pointer("/configuration/problems").and_then(Value::as_array);
    for problem in problems.into_iter().flatten() {
        let said = |name: &str| match problem.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        writeln!(
            to,
            "{}:{}:{}: {}; {}",
            said("file"),
            said("line"),
            said("column"),
            said("what"),
            said("remedy")
        )?;
    }
    Ok(outcome)
}

/// Puts a config file in the place of the one in use.
pub(super) fn put(args: &Put, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let text = fs::read(&args.file).map_err(|error| {
        Failure::said(format!("{} cannot be read: {error}", args.file.display()))
    })?;
    let remote = Remote::new(&args.change.reach)?;
    let body = || Some(("application/yaml", Bytes::from(text.clone())));
    if args.dry_run {
        let told = remote.ask(&Method::PUT, "/config?dry_run=true", &[], body())?;
        let changed = told.good()?.json().get("changed").and_then(Value::as_bool) == Some(true);
        let what = if changed {
            "it can be used, and differs from what is in use"
        } else {
            "it is what is in use"
        };
        writeln!(to, "{what}")?;
        return Ok(Outcome::Holds);
    }
    change(&args.change, &remote, (&Method::PUT, "/config", String::new()), body, to)
}

/// Brings the configuration of an entry back.
pub(super) fn roll_back(args: &Rollback, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let remote = Remote::new(&args.change.reach)?;
    let query = if args.with_descriptions { "descriptions=true" } else { "" };
    let path = format!("/rollback/{}", args.number);
    change(&args.change, &remote, (&Method::POST, &path, query.to_owned()), || None, to)
}

/// Calls for a change of what is in use now, or of what was named.
fn change<'b>(
    args: &Change,
    remote: &Remote,
    (method, path, query): (&Method, &str, String),
    body: impl Fn() -> Option<(&'b str, Bytes)>,
    to: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let digest = match &args.if_match {
        Some(digest) => digest.trim_matches('"').to_owned(),
        None => in_use(remote)?,
    };
    let tag = format!("\"{digest}\"");
    let mut fields = vec![("if-match", tag.as_str())];
    fields.extend(args.why.as_deref().map(|why| (WHY, why)));
    let target =
        |query: &str| if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut told = remote.ask(method, &target(&query), &fields, body())?;
    if args.replace_file
        && let Some(file) = differing(&told)
    {
        let over = [query.as_str(), &format!("over={file}")].join("&");
        told = remote.ask(method, &target(over.trim_start_matches('&')), &fields, body())?;
    }
    let told = told.good()?.json();
    let member = |path: &str| told.pointer(path).map(ToString::to_string).unwrap_or_default();
    let digest = told.get("digest").and_then(Value::as_str).unwrap_or_default();
    if let Some(Value::Bool(false)) = told.get("changed") {
        writeln!(to, "nothing changed: {digest} is in use")?;
    } else {
        let (generation, entry) = (member("/generation"), member("/entry/sequence"));
        writeln!(
            to,
            "generation {generation} is in use, digest {digest}, entry {entry} of the journal"
        )?;
    }
    for warning in told.get("warnings").and_then(Value::as_array).into_iter().flatten() {
        let said = |name: &str| warning.get(name).and_then(Value::as_str).unwrap_or_default();
        writeln!(to, "{}: {}; {}", said("file"), said("what"), said("remedy"))?;
    }
    Ok(Outcome::Holds)
}

fn in_use(remote: &Remote) -> Result<String, Failure> {
    let told = remote.get("/status")?.good()?;
    let status = told.json();
    let digest = status.pointer("/configuration/digest").and_then(Value::as_str);
    digest.map(str::to_owned).ok_or_else(|| told.failure())
}

/// What the file holds in place of what is in use, where that is why nothing was changed.
fn differing(told: &Told) -> Option<String> {
    let body = told.json();
    let is_that = body.get("code").and_then(Value::as_str) == Some("file-differs");
    let file = body.get("file").and_then(Value::as_str)?;
    (told.status == StatusCode::PRECONDITION_FAILED && is_that).then(|| file.to_owned())
}
