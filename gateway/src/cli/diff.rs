//! `evergate diff`: two documents, and nothing around them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use evergate_contracts::check::{Steps, judge};
use evergate_contracts::report::rows::{change_row, fault};
use evergate_schemas::changes::changes;
use evergate_schemas::describe::model::Api;
use evergate_schemas::describe::{Limits, load_document};
use evergate_schemas::problem::Problem;
use evergate_schemas::version::Version;

use super::args::Diff;
use super::check::{finish, schemas};
use super::exit::{Failure, Outcome};
use super::waivers;

/// Judges the newer document against the older, and tells what changed.
pub(super) fn diff(args: &Diff, to: &mut dyn Write) -> Result<Outcome, Failure> {
    if let Some(outcome) = schemas(args.judging.format, to)? {
        return Ok(outcome);
    }
    let waivers = waivers::named(&args.judging.waivers)?;
    let begun = Instant::now();
    let (old, new) = match (load(&args.old), load(&args.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let problems = old.err().into_iter().chain(new.err()).flatten().collect();
            return Err(Failure::Problems(problems));
        }
    };
    let api = joined(old, new, args);
    let mut report = judge(&api, Steps::Adjacent, args.judging.settings());
    report.problems.extend(api.problems.iter().map(fault));
    if let [old, new] = api.versions.as_slice() {
        report.changes = changes(old, new).iter().map(change_row).collect();
    }
    report.seconds = Some(begun.elapsed().as_secs_f64());
    finish(vec![report], &waivers, &args.judging, to)
}

fn load(path: &Path) -> Result<Api, Vec<Problem>> {
    load_document(path, &Limits::default())
}

/// The two as the versions `old` and `new` of one api. A plain document is the same one whatever its file is called.
fn joined(old: Api, new: Api, args: &Diff) -> Api {
    let mut api =
        Api { name: args.new.display().to_string(), versions: Vec::new(), problems: Vec::new() };
    for (part, label) in [(old, "old"), (new, "new")] {
        api.problems.extend(part.problems);
        for version in part.versions {
            let mut version = Arc::unwrap_or_clone(version);
            version.version = Version::new(label);
            if let [name] = version.documents.keys().cloned().collect::<Vec<_>>().as_slice()
                && let Some(content) = version.documents.remove(name)
            {
                version.documents.insert("document".to_owned(), content);
            }
            api.versions.push(Arc::new(version));
        }
    }
    api
}
