//! One api, or one description, against what `--against` names, with its releases and its number.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use evergate_contracts::check::{
    Baseline, Moved, Steps, against, bumped, changed, complete, frozen, judge, kept,
};
use evergate_contracts::report::model::{ApiReport, Fault, Spot};
use evergate_contracts::report::rows::fault;
use evergate_schemas::describe::model::{Api, Description};
use evergate_schemas::describe::source::Disk;
use evergate_schemas::describe::{Limits, load_api, load_document};
use evergate_schemas::problem::{Problem, Severity};
use evergate_schemas::release::{LOCK_FILE, Lock};
use evergate_schemas::version::Version;

use super::against::{Against, Commit, Earlier, on_disk};
use super::args::{Bump, Check, Compat, ReportFormat};
use super::exit::Failure;
use super::release::read_lock;

/// Which versions' numbers are compared, and what they are.
struct Numbers {
    from: String,
    to: String,
    moved: Moved,
}

/// Judges the api in a directory, which is `below` the one that the user named.
pub(super) fn api(
    directory: &Path,
    below: &str,
    args: &Check,
    baseline: Option<&Against>,
) -> Result<ApiReport, Failure> {
    let begun = Instant::now();
    let api = load_api(directory, &Limits::default()).map_err(Failure::Problems)?;
    let lock = read_lock(&Disk::new(directory)).map_err(Failure::Problems)?;
    let (mut report, numbers) = match baseline {
        None => {
            let steps = if args.transitive { Steps::All } else { Steps::Adjacent };
            (judge(&api, steps, args.judging.settings()), before_newest(&api))
        }
        Some(Against::Version(version)) => among(&api, std::slice::from_ref(version), args),
        Some(kind @ (Against::Release | Against::Releases)) => {
            released(&api, lock.as_ref(), directory, matches!(kind, Against::Releases), args)
        }
        Some(Against::Path(path)) => {
            let path = if below.is_empty() { path.clone() } else { path.join(below) };
            let earlier = on_disk(&path).map_err(Failure::Problems)?;
            compared(&api, &earlier, &path.display().to_string(), args)
        }
        Some(Against::Commit(commit)) => {
            at_commit(&api, lock.as_ref(), (commit, below), directory, args)?
        }
    };
    if args.matrix || args.judging.writes(ReportFormat::Html) {
        complete(&api, args.judging.settings(), args.matrix, &mut report);
    }
    report.problems.extend(api.problems.iter().map(fault));
    if let Some(lock) = &lock {
        report.releases.extend(frozen(&api, lock));
    }
    number(&mut report, numbers, args);
    report.seconds = Some(begun.elapsed().as_secs_f64());
    Ok(report)
}

// The lock file as it was there holds too: an entry that is edited together with its documents would not be seen.
fn at_commit(
    api: &Api,
    lock: Option<&Lock>,
    (commit, below): (&Commit, &str),
    directory: &Path,
    args: &Check,
) -> Result<(ApiReport, Option<Numbers>), Failure> {
    let Some(earlier) = commit.earlier(below)? else {
        let mut report = judge(api, Steps::Adjacent, args.judging.settings());
        report.problems.push(new_there(directory, &commit.shown));
        return Ok((report, before_newest(api)));
    };
    let (mut report, numbers) = compared(api, &earlier, &commit.shown, args);
    if let Some(text) = &earlier.lock {
        let name = format!("{}:{LOCK_FILE}", commit.shown);
        let then = Lock::parse(&name, text).map_err(Failure::Problems)?;
        let none = Lock::default();
        report.releases.extend(kept(&then, lock.unwrap_or(&none), &commit.shown));
    }
    Ok((report, numbers))
}

/// Judges one document, or the directory of one version.
pub(super) fn description(args: &Check, baseline: &Against) -> Result<ApiReport, Failure> {
    let begun = Instant::now();
    let path = &args.directory;
    let mut api = load_document(path, &Limits::default()).map_err(Failure::Problems)?;
    api.name = path.display().to_string();
    let (earlier, shown) = match baseline {
        Against::Path(other) => {
            (Some(on_disk(other).map_err(Failure::Problems)?), other.display().to_string())
        }
        Against::Commit(commit) => (commit.earlier("")?, commit.shown.clone()),
        Against::Version(_) | Against::Release | Against::Releases => {
            return Err(Failure::said(format!(
                "{} is one description and has no versions beside it; compare it with a file, a directory or `git:REF`",
                path.display()
            )));
        }
    };
    for version in &mut api.versions {
        *version = Arc::new(as_declared(version));
    }
    let (mut report, numbers) = match earlier {
        Some(Earlier { baseline: Baseline::Version(old), lock, problems }) => {
            let old = Arc::new(as_declared(&old));
            let earlier = Earlier { baseline: Baseline::Version(old), lock, problems };
            let (report, numbers) = compared(&api, &earlier, &shown, args);
            let is_declared = |one: &Numbers| {
                one.moved.old.declared.is_some() && one.moved.new.declared.is_some()
            };
            (report, numbers.filter(is_declared))
        }
        Some(earlier) => compared(&api, &earlier, &shown, args),
        None => {
            let mut report = judge(&api, Steps::Adjacent, args.judging.settings());
            report.problems.push(new_there(path, &shown));
            (report, None)
        }
    };
    report.problems.extend(api.problems.iter().map(fault));
    number(&mut report, numbers, args);
    report.seconds = Some(begun.elapsed().as_secs_f64());
    Ok(report)
}

// A description by itself is called as it says; a plain document is the same one whatever its file is called.
fn as_declared(version: &Description) -> Description {
    let mut version = version.clone();
    if let Some(declared) = &version.declared {
        version.version = Version::new(declared.as_str());
    }
    one_document(&mut version);
    version
}

/// A version that is one plain document calls it so, whatever its file is called.
pub(super) fn one_document(version: &mut Description) {
    if version.documents.len() == 1
        && let Some((_, content)) = version.documents.pop_first()
    {
        version.documents.insert("document".to_owned(), content);
    }
}

fn compared(
    api: &Api,
    earlier: &Earlier,
    shown: &str,
    args: &Check,
) -> (ApiReport, Option<Numbers>) {
    let (mut report, moved) = against(api, &earlier.baseline, shown, args.judging.settings());
    // nobody can mend the past: only what kept it from being read whole is told
    let errors = earlier.problems.iter().filter(|one| one.severity == Severity::Error);
    report.problems.extend(errors.map(fault));
    let ending = format!(" ({shown})");
    let numbers = moved.map(|moved| {
        let label = moved.old.version.as_str();
        let from = label.strip_suffix(&ending).unwrap_or(label).to_owned();
        Numbers { from, to: moved.new.version.to_string(), moved }
    });
    (report, numbers)
}

fn before_newest(api: &Api) -> Option<Numbers> {
    let [.., old, new] = api.versions.as_slice() else { return None };
    Some(numbers(old, new))
}

fn numbers(old: &Arc<Description>, new: &Arc<Description>) -> Numbers {
    let (from, to) = (old.version.to_string(), new.version.to_string());
    Numbers { from, to, moved: Moved { old: Arc::clone(old), new: Arc::clone(new) } }
}

// The newest version with some of the earlier ones, the last of which its number has to move from.
fn among(api: &Api, earlier: &[String], args: &Check) -> (ApiReport, Option<Numbers>) {
    let report = judge(api, Steps::Earlier(earlier), args.judging.settings());
    let last = earlier.last();
    let old = api.versions.iter().find(|one| last.is_some_and(|last| one.version.as_str() == last));
    let new = api.versions.last();
    let pair = old.zip(new).filter(|(old, new)| old.version != new.version);
    (report, pair.map(|(old, new)| numbers(old, new)))
}

fn released(
    api: &Api,
    lock: Option<&Lock>,
    directory: &Path,
    all: bool,
    args: &Check,
) -> (ApiReport, Option<Numbers>) {
    let before = api.versions.len().saturating_sub(1);
    let is_released = |version: &&Arc<Description>| {
        lock.is_some_and(|lock| lock.release(&version.version).is_some())
    };
    let known = api.versions.iter().take(before).filter(is_released);
    let mut known: Vec<String> = known.map(|one| one.version.to_string()).collect();
    if !all {
        known = known.pop().into_iter().collect();
    }
    let (mut report, numbers) = among(api, &known, args);
    if known.is_empty() {
        report.problems.push(Fault {
            severity: "error",
            what:
                "no version before the newest one is released, so there is nothing to compare with"
                    .to_owned(),
            remedy: "freeze the versions that clients use: `evergate release DIR VERSION`"
                .to_owned(),
            place: nowhere(&directory.join(LOCK_FILE)),
        });
    }
    (report, numbers)
}

fn new_there(path: &Path, shown: &str) -> Fault {
    Fault {
        severity: "warning",
        what: format!("it is new: {shown} does not have it, so there is nothing to compare with"),
        remedy: format!("if it was moved, write where it was: `{shown}:PATH`"),
        place: nowhere(path),
    }
}

fn nowhere(path: &Path) -> Spot {
    Spot { file: path.display().to_string(), line: 0, column: 0, pointer: String::new() }
}

// Whether old clients break is only known when that was asked.
fn number(report: &mut ApiReport, numbers: Option<Numbers>, args: &Check) {
    if args.bump == Bump::Off || args.judging.compat == Compat::Forward {
        return;
    }
    let Some(Numbers { from, to, moved }) = numbers else { return };
    let changed = changed(&moved.old, &moved.new, report);
    let (row, finding) = bumped((&from, &to), changed, &moved.new);
    report.bump = Some(row);
    if args.bump == Bump::Require || (args.bump == Bump::Moved && from != to) {
        report.releases.extend(finding);
    }
}

/// An api that could not be read.
pub(super) fn unreadable(directory: &Path, problems: &[Problem]) -> ApiReport {
    let api = directory.file_name().unwrap_or(directory.as_os_str()).to_string_lossy().into_owned();
    ApiReport { api, problems: problems.iter().map(fault).collect(), ..ApiReport::default() }
}
