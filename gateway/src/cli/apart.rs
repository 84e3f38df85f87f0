//! What a configuration does, and what it does otherwise than another.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use crate::assemble::{Change, Outline, Subject, assemble, difference};
use crate::snapshot::Snapshot;
use crate::telemetry::Metrics;

use super::exit::{Failure, Outcome};
use super::remote::{Reach, Remote};

/// `evergate config diff`
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// What may come into use. By default the file that --config names.
    #[arg(value_name = "CANDIDATE")]
    candidate: Option<PathBuf>,
    /// Compare with this configuration, and ask no gateway.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// How the difference is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    reach: Reach,
}

/// How something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// What would run: for each api how many ways of its operations have which verdict.
pub(super) fn summary(snapshot: &Snapshot, to: &mut dyn Write) -> Result<(), Failure> {
    for api in &snapshot.apis {
        let operations = api.clients.iter().flat_map(|client| &client.operations);
        let mut verdicts = BTreeMap::new();
        for judged in operations.clone().flat_map(|operation| &operation.judged) {
            *verdicts.entry(judged.request.max(judged.response)).or_insert(0_usize) += 1;
        }
        let counts: Vec<_> =
            verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        let ways = if counts.is_empty() { "no conversion".to_owned() } else { counts.join(", ") };
        let (versions, all) = (api.versions.labels().len(), operations.count());
        writeln!(
            to,
            "  {}: {versions} versions, {all} operations; to other versions {ways}",
            api.name
        )?;
    }
    Ok(())
}

/// What a candidate does otherwise than what is in use, or than another file.
pub(super) fn diff(args: &Diff, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let candidate = args.candidate.as_ref().unwrap_or(&args.reach.config);
    let changes = match &args.against {
        Some(against) => offline(against, candidate)?,
        None => asked(&args.reach, candidate)?,
    };
    match args.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(&json!({ "changes": changes }));
            writeln!(to, "{}", text.map_err(Failure::said)?)?;
        }
        Format::Human => tell(&changes, to)?,
    }
    Ok(if changes.is_empty() { Outcome::Holds } else { Outcome::Findings })
}

fn offline(against: &Path, candidate: &Path) -> Result<Vec<Change>, Failure> {
    let metrics = Metrics::default();
    let before = assemble(against, &metrics, None).map_err(Failure::Configuration)?;
    let after =
        assemble(candidate, &metrics, Some(&before.snapshot)).map_err(Failure::Configuration)?;
    let before = Outline::of(&before.snapshot, &before.text);
    Ok(difference(&before, &Outline::of(&after.snapshot, &after.text)).changes)
}

/// The gateway tries it out, with the descriptions that it has.
fn asked(reach: &Reach, candidate: &Path) -> Result<Vec<Change>, Failure> {
    let text = std::fs::read(candidate)
        .map_err(|error| Failure::said(format!("{}: {error}", candidate.display())))?;
    let body = ("application/yaml", Bytes::from(text));
    let told = Remote::new(reach)?.ask(&Method::PUT, "/config?dry_run=true", &[], Some(body))?;
    let bad = told.status == http::StatusCode::UNPROCESSABLE_ENTITY;
    if bad {
        // what is wrong, with places, and the exit code of a configuration that cannot be used
        let Failure::Said(said) = told.failure() else { return Err(told.failure()) };
        return Err(Failure::Unusable(said));
    }
    let changes = told.good()?.json().get("changes").cloned().unwrap_or(Value::Null);
    serde_json::from_value(changes).map_err(|error| {
        Failure::said(format!("the gateway answers otherwise than this program expects: {error}"))
    })
}

/// Short lines, by api.
fn tell(changes: &[Change], to: &mut dyn Write) -> Result<(), Failure> {
    if changes.is_empty() {
        writeln!(to, "nothing differs")?;
    }
    let mut last = None;
    for change in changes {
        if last != Some(&change.api) {
            writeln!(to, "{}", change.api.as_deref().unwrap_or("the gateway"))?;
            last = Some(&change.api);
        }
        let what = match change.subject {
            Subject::Setting => "setting",
            Subject::Api => "api",
            Subject::Version => "version",
            Subject::Backend => "backend",
            Subject::Way => "way",
            Subject::Loss => "loss",
        };
        let restart = if change.restart { " (with the next start)" } else { "" };
        let (sign, says) = match (&change.before, &change.after) {
            (Some(before), Some(after)) => ('~', format!("{before} → {after}")),
            (None, Some(after)) => ('+', after.clone()),
            (Some(before), None) => ('-', before.clone()),
            (None, None) => continue,
        };
        writeln!(to, "  {sign} {what:<8} {}: {says}{restart}", change.name)?;
    }
    Ok(())
}
