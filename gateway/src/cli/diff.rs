//! `evergate diff`: two documents, and nothing around them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use evergate_contracts::check::{Steps, judge};
use evergate_contracts::report::rows::fault;
use evergate_schemas::describe::model::{Api, Description};
use evergate_schemas::version::Version;

use super::args::Diff;
use super::baselines::one_document;
use super::check::{finish, schemas};
use super::driver::{self, Asked};
use super::exit::{Failure, Outcome};
use super::{against, waivers};

/// Judges the newer document against the older, and tells what changed.
pub(super) fn diff(args: &Diff, to: &mut dyn Write) -> Result<Outcome, Failure> {
    if let Some(outcome) = schemas(args.judging.format, to)? {
        return Ok(outcome);
    }
    let ([old, new], outcome) = match driver::asked(&args.git_driver, to)? {
        Asked::Documents(pair) => (pair.map(|one| *one), Some(Outcome::Holds)),
        Asked::Nothing => return Ok(Outcome::Holds),
        Asked::Named => {
            let named = |path: &Option<PathBuf>| {
                against::document(path.as_deref().unwrap_or(Path::new("")))
            };
            ([named(&args.old), named(&args.new)], None)
        }
    };
    let waivers = waivers::named(&args.judging.waivers)?;
    let begun = Instant::now();
    let (old, new) = match (old, new) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => return Err(both(old.err(), new.err())),
    };
    let name = args.new.as_deref().or_else(|| args.git_driver.first().map(Path::new));
    let api = joined(old, new, name.unwrap_or(Path::new("")));
    let mut report = judge(&api, Steps::Adjacent, args.judging.settings());
    report.tells_changes = true;
    report.problems.extend(api.problems.iter().map(fault));
    report.seconds = Some(begun.elapsed().as_secs_f64());
    let found = finish(vec![report], &waivers, &args.judging, to)?;
    // git takes anything but 0 for a driver that fell
    Ok(outcome.unwrap_or(found))
}

/// Two documents by name, as the versions `old` and `new`.
pub(super) fn two_documents(
    old: &Path,
    new: &Path,
) -> Result<(Arc<Description>, Arc<Description>), Failure> {
    let (old, new) = match (against::document(old), against::document(new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => return Err(both(old.err(), new.err())),
    };
    let versions = joined(old, new, Path::new("")).versions;
    let [old, new] = <[_; 2]>::try_from(versions)
        .map_err(|_| Failure::said("each of the two must be one description"))?;
    Ok((old, new))
}

// What is wrong with both, at once.
fn both(old: Option<Failure>, new: Option<Failure>) -> Failure {
    match (old, new) {
        (Some(Failure::Problems(old)), Some(Failure::Problems(new))) => {
            Failure::Problems(old.into_iter().chain(new).collect())
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => Failure::said("nothing is wrong"),
    }
}

/// The two as the versions `old` and `new` of one api.
fn joined(old: Api, new: Api, name: &Path) -> Api {
    let mut api =
        Api { name: name.display().to_string(), versions: Vec::new(), problems: Vec::new() };
    for (part, label) in [(old, "old"), (new, "new")] {
        api.problems.extend(part.problems);
        for version in part.versions {
            let mut version = Arc::unwrap_or_clone(version);
            version.version = Version::new(label);
            if label == "old" {
                // it declares something about what was before, which is not asked
                version.changes = None;
            }
            one_document(&mut version);
            api.versions.push(Arc::new(version));
        }
    }
    api
}
