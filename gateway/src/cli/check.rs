//! `evergate check`: one api or many, judged and reported.

use std::io::Write;
use std::path::{Path, PathBuf};

use evergate_contracts::policy::waivers_schema;
use evergate_contracts::report::model::{ApiReport, CheckReport};
use evergate_contracts::report::waive::Standing;
use evergate_schemas::changes::Level;
use evergate_schemas::describe::source::Disk;
use evergate_schemas::describe::{find_apis, is_description};

use super::against::Against;
use super::args::{Check, Judging, ReportFormat};
use super::baselines::unreadable;
use super::exit::{Failure, Outcome};
use super::{baselines, bridges, crew, outputs, waivers};

/// How deep below an api directory files are weighed.
const DEPTH_BOUND: u32 = 4;

/// Judges all apis below the directory and writes the report.
pub(super) fn check(args: &Check, to: &mut dyn Write) -> Result<Outcome, Failure> {
    if args.bridges {
        return bridges::bridges(args, to);
    }
    if let Some(outcome) = schemas(args.judging.format, to)? {
        return Ok(outcome);
    }
    let directories = targets(&args.directory)?;
    let named = args.against.as_deref();
    let parse = |text: &str| Against::parse(text, &args.directory, &directories);
    let baseline = named.map(parse).transpose()?;
    if directories.is_empty() {
        return one_description(args, baseline.as_ref(), to);
    }
    let waivers = waivers::read(&args.directory, &directories, &args.judging.waivers)?;
    let name = |directory: &PathBuf| format!("checking {}", directory.display());
    let work = |directory: &PathBuf| {
        let below = below(&args.directory, directory);
        baselines::api(directory, &below, args, baseline.as_ref())
    };
    let answers = crew::each(&directories, |one| bytes_below(one), name, work);
    let mut apis = Vec::new();
    let mut unread = Vec::new();
    for (answer, directory) in answers.into_iter().zip(&directories) {
        match answer {
            Some(Ok(api)) => apis.push(api),
            Some(Err(Failure::Problems(problems))) => unread.push(unreadable(directory, &problems)),
            Some(Err(failure)) => return Err(failure),
            None => return Err(Failure::said(format!("checking {} fell", directory.display()))),
        }
    }
    if let Some(Against::Version(version)) = &baseline
        && unread.is_empty()
        && apis.iter().all(|api| !api.versions.contains(version))
    {
        return Err(Failure::said(format!("no api here has a version `{version}`")));
    }
    apis.extend(unread);
    apis.sort_by(|one, other| one.api.cmp(&other.api));
    finish(apis, &waivers, &args.judging, to)
}

fn one_description(
    args: &Check,
    baseline: Option<&Against>,
    to: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let shown = args.directory.display();
    let Some(baseline) = baseline else {
        return Err(Failure::said(format!(
            "{shown} is one description: say what to compare it with, as in `evergate check {shown} --against git:main`"
        )));
    };
    let around = if args.directory.is_dir() {
        Some(args.directory.as_path())
    } else {
        args.directory.parent()
    };
    let waivers = waivers::read(around.unwrap_or(Path::new("")), &[], &args.judging.waivers)?;
    let report = match baselines::description(args, baseline) {
        Err(Failure::Problems(problems)) => unreadable(&args.directory, &problems),
        other => other?,
    };
    finish(vec![report], &waivers, &args.judging, to)
}

// The api directories; none when it is one description.
fn targets(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    // what lies below a description are parts of it
    if path.is_file() || is_description(&Disk::new(path)) {
        return Ok(Vec::new());
    }
    apis_below(path)
}

// The steps from the directory that the user named to an api in it, with `/` between them.
fn below(target: &Path, directory: &Path) -> String {
    let steps = directory.strip_prefix(target).unwrap_or(Path::new("")).components();
    let steps: Vec<String> =
        steps.map(|step| step.as_os_str().to_string_lossy().into_owned()).collect();
    steps.join("/")
}

/// The api directories at or below one.
pub(super) fn apis_below(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !directory.is_dir() {
        return Err(Failure::said(format!("{} is not a directory", directory.display())));
    }
    let found = find_apis(directory);
    if found.is_empty() {
        let shown = directory.display();
        return Err(Failure::said(format!(
            "no api found in {shown}; write one directory for each version, as in v1/openapi.yaml"
        )));
    }
    Ok(found)
}

/// How much there is to read: what takes longest is begun first. Unreadable places weigh nothing.
pub(super) fn bytes_below(directory: &Path) -> u64 {
    let mut waiting = vec![(directory.to_owned(), 0)];
    let mut bytes = 0;
    while let Some((place, depth)) = waiting.pop() {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(data) if data.is_dir() && depth < DEPTH_BOUND => {
                    waiting.push((entry.path(), depth + 1));
                }
                Ok(data) if data.is_file() => bytes += data.len(),
                _ => {}
            }
        }
    }
    bytes
}

/// Writes what was found, and says how it ended.
pub(super) fn finish(
    mut apis: Vec<ApiReport>,
    waivers: &[Standing],
    judging: &Judging,
    to: &mut dyn Write,
) -> Result<Outcome, Failure> {
    for api in &mut apis {
        if judging.no_timings {
            api.seconds = None;
        }
        if !api.tells_changes {
            api.changes.retain(|change| change.level != Level::Safe.word());
        }
    }
    let mut report = CheckReport::new(apis, judging.settings());
    report.waive(waivers, judging.today.unwrap_or_else(outputs::today));
    outputs::write(&report, judging, to)?;
    Ok(report.outcome().into())
}

/// Writes a schema where one is asked for instead of a report.
pub(super) fn schemas(
    format: ReportFormat,
    to: &mut dyn Write,
) -> Result<Option<Outcome>, Failure> {
    let schema = match format {
        ReportFormat::JsonSchema => CheckReport::json_schema(),
        ReportFormat::WaiversSchema => waivers_schema(),
        _ => return Ok(None),
    };
    serde_json::to_writer_pretty(&mut *to, &schema).map_err(std::io::Error::from)?;
    writeln!(to)?;
    Ok(Some(Outcome::Holds))
}
