//! The report in every format that was asked for: to standard output, to files, and to a job's summary.

use std::fs::OpenOptions;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;

use evergate_contracts::report::bridges::BridgesReport;
use evergate_contracts::report::human::Extent;
use evergate_contracts::report::model::CheckReport;
use evergate_contracts::report::{Format, write as write_format, write_bridges as write_matrix};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::args::{Judging, ReportFormat};
use super::exit::Failure;

/// Columns of a report that goes to no terminal.
const WIDTH: usize = 80;
/// Columns of a report at most: longer lines are hard to read.
const WIDTH_BOUND: usize = 160;

/// Today by UTC, so that a waiver ends everywhere at once.
pub(super) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Writes the report to standard output in the chosen format, and to the files that were named.
pub(super) fn write(
    report: &CheckReport,
    judging: &Judging,
    to: &mut dyn Write,
) -> Result<(), Failure> {
    for output in &judging.output {
        let name = output.file.display();
        let Some(format) = format(output.format) else {
            return Err(Failure::said(format!(
                "a schema is no report: write `--format` for {name}"
            )));
        };
        into_file(report, format, judging, &output.file)?;
        if format == Format::Github {
            summary(report, judging)?;
        }
    }
    if let Some(format) = format(judging.format) {
        write_format(to, report, format, extent(judging, true))?;
        if format == Format::Github {
            summary(report, judging)?;
        }
    }
    Ok(())
}

/// The same for the matrix of all pairs of versions.
pub(super) fn write_bridges(
    report: &BridgesReport,
    judging: &Judging,
    to: &mut dyn Write,
) -> Result<(), Failure> {
    let has_place = |chosen: ReportFormat| {
        format(chosen)
            .filter(|one| {
                matches!(one, Format::Human | Format::Json | Format::Markdown | Format::Html)
            })
            .ok_or_else(|| Failure::said("`--bridges` is written as human, json, markdown or html"))
    };
    let shown = has_place(judging.format)?;
    for output in &judging.output {
        let format = has_place(output.format)?;
        let failed =
            |error| Failure::said(format!("{} cannot be written: {error}", output.file.display()));
        let opened = std::fs::File::create(&output.file).map_err(failed)?;
        let mut to = BufWriter::new(anstream::StripStream::new(opened));
        write_matrix(&mut to, report, format, extent(judging, false)).map_err(failed)?;
        to.flush().map_err(failed)?;
    }
    write_matrix(to, report, shown, extent(judging, true))?;
    Ok(())
}

fn into_file(
    report: &CheckReport,
    format: Format,
    judging: &Judging,
    file: &Path,
) -> Result<(), Failure> {
    let failed = |error| Failure::said(format!("{} cannot be written: {error}", file.display()));
    let opened = std::fs::File::create(file).map_err(failed)?;
    let mut to = BufWriter::new(anstream::StripStream::new(opened));
    write_format(&mut to, report, format, extent(judging, false)).map_err(failed)?;
    to.flush().map_err(failed)
}

/// On GitHub Actions the file named by `GITHUB_STEP_SUMMARY` is shown on the job's page; several steps append to it.
fn summary(report: &CheckReport, judging: &Judging) -> Result<(), Failure> {
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else {
        return Ok(());
    };
    let failed = |error| {
        let name = Path::new(&file).display();
        Failure::said(format!("the job's summary {name} cannot be written: {error}"))
    };
    let opened = OpenOptions::new().append(true).create(true).open(&file).map_err(failed)?;
    let mut to = BufWriter::new(opened);
    write_format(&mut to, report, Format::Markdown, extent(judging, false)).map_err(failed)?;
    to.flush().map_err(failed)
}

fn extent(judging: &Judging, terminal: bool) -> Extent {
    let size =
        terminal_size::terminal_size().filter(|_| terminal && std::io::stdout().is_terminal());
    let width = size.map_or(WIDTH, |(columns, _)| usize::from(columns.0).min(WIDTH_BOUND));
    Extent { most: judging.most, verbose: judging.verbose, width, waivable: true }
}

/// The report's format; `None` for what is no report.
const fn format(chosen: ReportFormat) -> Option<Format> {
    Some(match chosen {
        ReportFormat::Human => Format::Human,
        ReportFormat::Json => Format::Json,
        ReportFormat::Sarif => Format::Sarif,
        ReportFormat::Junit => Format::Junit,
        ReportFormat::Github => Format::Github,
        ReportFormat::Gitlab => Format::Gitlab,
        ReportFormat::Markdown => Format::Markdown,
        ReportFormat::Html => Format::Html,
        ReportFormat::JsonSchema | ReportFormat::WaiversSchema => return None,
    })
}
