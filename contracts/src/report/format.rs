//! The formats a report can be written in.

use std::io::{self, Write};

use super::bridges::{self, BridgesReport};
use super::human::Extent;
use super::model::CheckReport;
use super::{github, gitlab, html, human, junit, markdown, sarif};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people, in a terminal.
    Human,
    /// For programs: one JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test reports.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// A comment for a pull request.
    Markdown,
    /// One page to look at.
    Html,
}

/// Writes the report in one format. What is left out, and how wide lines are, concerns only the format for people.
pub fn write(
    to: &mut dyn Write,
    report: &CheckReport,
    format: Format,
    extent: Extent,
) -> io::Result<()> {
    match format {
        Format::Human => human::write(to, report, extent),
        Format::Json => json(to, report),
        Format::Sarif => json(to, &sarif::log(report)),
        Format::Github => github::write(to, report),
        Format::Gitlab => json(to, &gitlab::issues(report)),
        Format::Junit => junit::write(to, report),
        Format::Markdown => markdown::write(to, report),
        Format::Html => html::write(to, report),
    }
}

/// Writes the matrix of all pairs of versions; `false`, and nothing written, in a format that has no place for one.
pub fn write_bridges(
    to: &mut dyn Write,
    report: &BridgesReport,
    format: Format,
    extent: Extent,
) -> io::Result<bool> {
    match format {
        Format::Human => bridges::human(to, report, extent),
        Format::Json => json(to, report),
        Format::Markdown => bridges::markdown(to, report),
        Format::Html => bridges::html(to, report),
        Format::Sarif | Format::Junit | Format::Github | Format::Gitlab => return Ok(false),
    }?;
    Ok(true)
}

fn json(to: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, value)?;
    writeln!(to)
}
