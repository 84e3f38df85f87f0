//! `evergate check --bridges`: which client versions can be served by which backend versions.

use std::io::Write;
use std::path::{Path, PathBuf};

use evergate_contracts::check::every_pair;
use evergate_contracts::report::bridges::{ApiBridges, BridgesReport, bridges_of};
use evergate_contracts::report::model::ApiReport;
use evergate_contracts::report::rows::fault;
use evergate_schemas::describe::{Limits, load_api};

use super::args::{Check, ReportFormat};
use super::baselines::unreadable;
use super::check::{apis_below, bytes_below};
use super::exit::{Failure, Outcome};
use super::{crew, outputs};

/// Judges every ordered pair of versions of all apis below the directory and writes the matrix.
pub(super) fn bridges(args: &Check, to: &mut dyn Write) -> Result<Outcome, Failure> {
    if args.judging.format == ReportFormat::JsonSchema {
        serde_json::to_writer_pretty(&mut *to, &BridgesReport::json_schema())
            .map_err(std::io::Error::from)?;
        writeln!(to)?;
        return Ok(Outcome::Holds);
    }
    let directories = apis_below(&args.directory)?;
    let name = |directory: &PathBuf| format!("checking {}", directory.display());
    let work = |directory: &PathBuf| one(directory, args);
    let answers = crew::each(&directories, |one| bytes_below(one), name, work);
    let mut apis = Vec::new();
    for (answer, directory) in answers.into_iter().zip(&directories) {
        let fell = || Failure::said(format!("checking {} fell", directory.display()));
        apis.push(answer.ok_or_else(fell)?);
    }
    let report = BridgesReport::new(apis, args.judging.settings());
    outputs::write_bridges(&report, &args.judging, to)?;
    Ok(report.outcome().into())
}

fn one(directory: &Path, args: &Check) -> ApiBridges {
    let settings = args.judging.settings();
    let report: ApiReport = match load_api(directory, &Limits::default()) {
        Ok(api) => {
            let mut report = every_pair(&api, settings);
            report.problems.extend(api.problems.iter().map(fault));
            report
        }
        Err(problems) => unreadable(directory, &problems),
    };
    bridges_of(report, args.judging.compat.into())
}
