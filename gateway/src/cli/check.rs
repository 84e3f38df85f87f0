//! `evergate check`: one api or many, judged and reported.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use evergate_contracts::check::{Steps, complete, judge};
use evergate_contracts::policy::waivers_schema;
use evergate_contracts::report::model::{ApiReport, CheckReport};
use evergate_contracts::report::rows::fault;
use evergate_contracts::report::waive::Standing;
use evergate_schemas::describe::{Limits, find_apis, load_api};
use evergate_schemas::problem::Problem;

use super::args::{Check, Judging, ReportFormat};
use super::exit::{Failure, Outcome};
use super::{crew, outputs, waivers};

/// How deep below an api directory files are weighed.
const DEPTH_BOUND: u32 = 4;

/// Judges all apis below the directory and writes the report.
pub(super) fn check(args: &Check, to: &mut dyn Write) -> Result<Outcome, Failure> {
    if let Some(outcome) = schemas(args.judging.format, to)? {
        return Ok(outcome);
    }
    let directories = apis_below(&args.directory)?;
    let waivers = waivers::read(&args.directory, &directories, &args.judging.waivers)?;
    let name = |directory: &PathBuf| format!("checking {}", directory.display());
    let answers =
        crew::each(&directories, |one| bytes_below(one), name, |directory| one(directory, args));
    let mut apis = Vec::new();
    let mut unread = Vec::new();
    for (answer, directory) in answers.into_iter().zip(&directories) {
        match answer {
            Some(Ok(api)) => apis.push(api),
            Some(Err(problems)) => unread.push(unreadable(directory, &problems)),
            None => return Err(Failure::said(format!("checking {} fell", directory.display()))),
        }
    }
    if let Some(version) = &args.against
        && unread.is_empty()
        && apis.iter().all(|api| !api.versions.contains(version))
    {
        return Err(Failure::said(format!("no api here has a version `{version}`")));
    }
    apis.extend(unread);
    apis.sort_by(|one, other| one.api.cmp(&other.api));
    finish(apis, &waivers, &args.judging, to)
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

fn one(directory: &Path, args: &Check) -> Result<ApiReport, Vec<Problem>> {
    let begun = Instant::now();
    let api = load_api(directory, &Limits::default())?;
    let steps = match &args.against {
        Some(version) => Steps::Against(version),
        None if args.transitive => Steps::All,
        None => Steps::Adjacent,
    };
    let mut report = judge(&api, steps, args.judging.settings());
    if args.matrix || args.judging.writes(ReportFormat::Html) {
        complete(&api, args.judging.settings(), args.matrix, &mut report);
    }
    report.problems.extend(api.problems.iter().map(fault));
    report.seconds = Some(begun.elapsed().as_secs_f64());
    Ok(report)
}

fn unreadable(directory: &Path, problems: &[Problem]) -> ApiReport {
    let api = directory.file_name().unwrap_or(directory.as_os_str()).to_string_lossy().into_owned();
    ApiReport { api, problems: problems.iter().map(fault).collect(), ..ApiReport::default() }
}

/// Writes what was found, and says how it ended.
pub(super) fn finish(
    mut apis: Vec<ApiReport>,
    waivers: &[Standing],
    judging: &Judging,
    to: &mut dyn Write,
) -> Result<Outcome, Failure> {
    if judging.no_timings {
        for api in &mut apis {
            api.seconds = None;
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
