//! `evergate release`: versions frozen in the lock file, all that are named or none.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evergate_contracts::check::{Steps, bumped, changed, content, frozen, judge};
use evergate_contracts::policy::{Compat, Settings};
use evergate_contracts::report::model::ReleaseRow;
use evergate_schemas::describe::model::Api;
use evergate_schemas::describe::source::{Disk, Source};
use evergate_schemas::describe::{Limits, load_api};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem, Severity};
use evergate_schemas::release::{LOCK_FILE, Lock, Older, Refused};
use evergate_schemas::version::Version;

use super::args::Release;
use super::exit::{Failure, Outcome};

/// Bytes of a lock file at most; a release of a thousand operations has about 100 KB.
const LOCK_BYTES: usize = 64 << 20;
/// What is written before it takes the lock file's place; while it is there, nobody else releases.
const NEW_LOCK: &str = "evergate.lock.new";

/// Freezes the named versions, or all that are not frozen yet.
pub(super) fn release(args: &Release, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let api = load_api(&args.directory, &Limits::default()).map_err(Failure::Problems)?;
    let wanted = wanted(args, &order(&api))?;
    let faults: Vec<Problem> =
        api.problems.iter().filter(|one| one.severity == Severity::Error).cloned().collect();
    if !faults.is_empty() {
        return Err(Failure::Problems(faults));
    }
    let turn = if args.check { None } else { Some(Turn::take(&args.directory)?) };
    let mut lock =
        read_lock(&Disk::new(&args.directory)).map_err(Failure::Problems)?.unwrap_or_default();
    let edited = frozen(&api, &lock);
    if !edited.is_empty() {
        return told(&edited, to);
    }
    let mut added = 0_usize;
    for version in &wanted {
        match step(&api, version, &mut lock, args, to)? {
            Step::Added => added += 1,
            Step::Known => {}
            Step::Refused => return Ok(Outcome::Findings),
        }
    }
    match turn {
        Some(turn) if added > 0 => turn.replace(&lock)?,
        _ => {}
    }
    let outcome = if args.check && added > 0 { Outcome::Findings } else { Outcome::Holds };
    Ok(outcome)
}

/// The text of the lock file of an api, if it has one.
pub(super) fn lock_text(source: &dyn Source) -> Result<Option<Vec<u8>>, Vec<Problem>> {
    match source.read(LOCK_FILE, LOCK_BYTES) {
        Ok(text) => Ok(Some(text)),
        Err(why) if why.missing => Ok(None),
        Err(why) => {
            let file = Arc::from(source.name(LOCK_FILE));
            let place = Place { file, line: 0, column: 0, pointer: Pointer::root() };
            let (what, remedy) = (why.what, why.remedy);
            Err(vec![Problem { place, severity: Severity::Error, what, remedy }])
        }
    }
}

/// The lock file of an api, if it has one.
pub(super) fn read_lock(source: &dyn Source) -> Result<Option<Lock>, Vec<Problem>> {
    let Some(text) = lock_text(source)? else { return Ok(None) };
    Lock::parse(&source.name(LOCK_FILE), &text).map(Some)
}

fn wanted(args: &Release, order: &[Version]) -> Result<Vec<Version>, Failure> {
    let known = || order.iter().map(Version::as_str).collect::<Vec<_>>().join(", ");
    if args.all {
        return Ok(order.to_vec());
    }
    if args.versions.is_empty() {
        return Err(Failure::said(format!(
            "say which version to release, or --all: there are {}",
            known()
        )));
    }
    for version in &args.versions {
        if !order.iter().any(|one| one.as_str() == version) {
            return Err(Failure::said(format!(
                "there is no version `{version}` here; there are {}",
                known()
            )));
        }
    }
    // oldest first, whatever the order of the command line
    let named = |version: &&Version| args.versions.iter().any(|one| one == version.as_str());
    Ok(order.iter().filter(named).cloned().collect())
}

fn order(api: &Api) -> Vec<Version> {
    api.versions.iter().map(|one| one.version.clone()).collect()
}

enum Step {
    Added,
    Known,
    Refused,
}

fn step(
    api: &Api,
    version: &Version,
    lock: &mut Lock,
    args: &Release,
    to: &mut dyn Write,
) -> Result<Step, Failure> {
    let order = &order(api);
    let Some(place) = order.iter().position(|one| one == version) else { return Ok(Step::Known) };
    let Some(description) = api.versions.get(place) else { return Ok(Step::Known) };
    let content = content(description);
    let (digest, parts) = (content.digest.clone(), content.parts.len());
    let before = lock.last(order.get(..place).unwrap_or_default()).cloned();
    let older = if args.allow_older { Older::Allowed } else { Older::Refused };
    match lock.insert(version, content, order, older) {
        Ok(false) => {
            writeln!(to, "{version} is released already, and is as it was")?;
            return Ok(Step::Known);
        }
        Ok(true) => {}
        Err(refused @ Refused::Older(..)) => {
            writeln!(to, "refused: {refused}; release it all the same with --allow-older")?;
            return Ok(Step::Refused);
        }
        Err(refused) => {
            writeln!(to, "refused: {refused}; restore them, or release a new version")?;
            return Ok(Step::Refused);
        }
    }
    if let Some(before) = before
        && !is_permitted(api, place, &before, args.allow_breaking, to)?
    {
        return Ok(Step::Refused);
    }
    let done = if args.check { "would be released" } else { "released" };
    writeln!(to, "{version} {done}: {digest}, {parts} parts")?;
    Ok(Step::Added)
}

// What breaks old clients needs a version that says so.
fn is_permitted(
    api: &Api,
    place: usize,
    before: &Version,
    breaking: bool,
    to: &mut dyn Write,
) -> Result<bool, Failure> {
    let versions: Vec<_> = api.versions.iter().take(place + 1).cloned().collect();
    let old = versions.iter().find(|one| one.version == *before).cloned();
    let (Some(old), Some(new)) = (old, versions.last().cloned()) else { return Ok(true) };
    let asked = Api { name: api.name.clone(), versions, problems: Vec::new() };
    let report = judge(&asked, Steps::Against(before.as_str()), Settings::new(Compat::Backward));
    let changed = changed(&old, &new, &report);
    let (row, finding) = bumped((before.as_str(), new.version.as_str()), changed, &new);
    let Some(finding) = finding else { return Ok(true) };
    if changed.broken && !breaking {
        let what = match report.findings.len() {
            0 => "a change beside the payloads breaks clients".to_owned(),
            count => format!("{count} parts of messages do not get through"),
        };
        writeln!(
            to,
            "refused: between {before} and {} {what}, and the version does not say so (required bump: {}); see `evergate check --against {before}`, give it another version, or release it all the same with --allow-breaking",
            new.version, row.required
        )?;
        return Ok(false);
    }
    writeln!(to, "note: {}", finding.said)?;
    Ok(true)
}

fn told(rows: &[ReleaseRow], to: &mut dyn Write) -> Result<Outcome, Failure> {
    for row in rows {
        let place = row
            .place
            .as_ref()
            .map_or(String::new(), |spot| format!("{}:{}: ", spot.file, spot.line));
        writeln!(to, "refused: {place}{} [{}]; {}", row.said, row.rule, row.remedy)?;
    }
    Ok(Outcome::Findings)
}

/// The turn of one program to release: the new lock file, which is there from its beginning to its end.
struct Turn {
    file: File,
    new: PathBuf,
    lock: PathBuf,
    done: bool,
}

impl Turn {
    fn take(directory: &Path) -> Result<Self, Failure> {
        let (new, lock) = (directory.join(NEW_LOCK), directory.join(LOCK_FILE));
        let opened = OpenOptions::new().write(true).create_new(true).open(&new);
        let file = opened.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::said(format!(
                "{} is there: another `evergate release` is at work; if none is, remove it",
                new.display()
            )),
            _ => Failure::said(format!("{} cannot be written: {error}", new.display())),
        })?;
        Ok(Self { file, new, lock, done: false })
    }

    // Whole and on disk before it takes the old one's place.
    fn replace(mut self, lock: &Lock) -> Result<(), Failure> {
        let failed = |error: std::io::Error| {
            Failure::said(format!("{LOCK_FILE} cannot be written: {error}"))
        };
        self.file.write_all(lock.text().as_bytes()).map_err(failed)?;
        self.file.sync_all().map_err(failed)?;
        fs::rename(&self.new, &self.lock).map_err(failed)?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_file(&self.new);
        }
    }
}
