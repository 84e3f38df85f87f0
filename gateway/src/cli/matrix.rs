//! The matrix of client and backend versions, and the failures, as people read them.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use evergate_contracts::report::words::counted;
use evergate_contracts::{CaseFailure, Cell, ContractResult, Matrix, Origin, Tried};
use evergate_schemas::relate::verdict::Verdict;

use super::contracts::ContractsApi;

/// Characters of a payload that are shown.
const PAYLOAD_BOUND: usize = 400;

/// Writes one api: its matrix, what failed, and a line of totals.
pub(super) fn write(to: &mut dyn Write, api: &ContractsApi, most: usize) -> io::Result<()> {
    let bold = Style::new().bold();
    writeln!(to, "{bold}{}{bold:#}: client versions down, backend versions across", api.api)?;
    write_matrix(to, &api.cases.matrix)?;
    for problem in &api.problems {
        let place = &problem.place;
        writeln!(
            to,
            "{}: {}:{}:{}: {}",
            problem.severity, place.file, place.line, place.column, problem.what
        )?;
    }
    for failure in api.cases.failures.iter().take(most) {
        write_failure(to, failure)?;
    }
    let contracts: Vec<&ContractResult> = api.contracts.iter().filter(|one| !one.holds()).collect();
    for result in contracts.iter().take(most) {
        write_contract(to, result)?;
    }
    let failures = api.cases.matrix.total().failures;
    let shown = api.cases.failures.len().min(most) + contracts.len().min(most);
    if failures + contracts.len() > shown {
        let rest = failures + contracts.len() - shown;
        writeln!(to, "… and {rest} more failures (--most shows more)")?;
    }
    write_total(to, api)
}

fn write_matrix(to: &mut dyn Write, matrix: &Matrix) -> io::Result<()> {
    let left = matrix.versions.iter().map(|one| one.chars().count()).max().unwrap_or(0);
    let texts: Vec<Vec<(String, Style)>> =
        matrix.cells.iter().map(|row| row.iter().map(cell_text).collect()).collect();
    let widths: Vec<usize> = matrix
        .versions
        .iter()
        .enumerate()
        .map(|(column, version)| {
            let cells = texts.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|(text, _)| text.chars().count()).max().unwrap_or(0);
            widest.max(version.chars().count())
        })
        .collect();
    write!(to, "  {:left$}", "")?;
    for (version, width) in matrix.versions.iter().zip(&widths) {
        write!(to, "  {version:<width$}")?;
    }
    writeln!(to)?;
    for (version, row) in matrix.versions.iter().zip(&texts) {
        write!(to, "  {version:left$}")?;
        for ((text, style), width) in row.iter().zip(&widths) {
            write!(to, "  {style}{text:<width$}{style:#}")?;
        }
        writeln!(to)?;
    }
    Ok(())
}

/// The worst verdict, how many messages have it, and what failed.
fn cell_text(cell: &Cell) -> (String, Style) {
    let Some(worst) = cell.worst() else { return ("·".to_owned(), Style::new()) };
    let all: usize = cell.verdicts.iter().sum();
    let count = cell.verdicts.iter().rev().find(|count| **count > 0).copied().unwrap_or(0);
    let colour = match worst {
        Verdict::Native | Verdict::Bridged => AnsiColor::Green,
        Verdict::Lossy | Verdict::Undecided => AnsiColor::Yellow,
        Verdict::Broken => AnsiColor::Red,
    };
    if cell.failures > 0 {
        return (format!("{} FAILED", cell.failures), AnsiColor::Red.on_default().bold());
    }
    (format!("{worst} {count}/{all}"), colour.on_default())
}

fn write_failure(to: &mut dyn Write, failure: &CaseFailure) -> io::Result<()> {
    let red = AnsiColor::Red.on_default().bold();
    let CaseFailure { client, backend, operation, message, verdict, reason, .. } = failure;
    let origin = match &failure.origin {
        Origin::Generated => "generated".to_owned(),
        Origin::Example(name) => format!("example `{name}`"),
    };
    writeln!(
        to,
        "{red}failed{red:#}: `{operation}` {message}, client {client}, backend {backend}: said to be {verdict}"
    )?;
    writeln!(to, "  {origin}: {}", clipped(&failure.payload.to_string()))?;
    if let Some(converted) = &failure.converted {
        writeln!(to, "  converted: {}", clipped(converted))?;
    }
    writeln!(to, "  {reason}")
}

fn write_contract(to: &mut dyn Write, result: &ContractResult) -> io::Result<()> {
    let red = AnsiColor::Red.on_default().bold();
    let ContractResult { name, client, backend, place, .. } = result;
    writeln!(to, "{red}failed{red:#}: {name} ({place}), client {client}, backend {backend}")?;
    if let Some(sentence) = &result.unjudged {
        writeln!(to, "  could not be judged: {sentence}")?;
    }
    result.mismatches.iter().try_for_each(|one| writeln!(to, "  {}", clipped(one)))
}

fn write_total(to: &mut dyn Write, api: &ContractsApi) -> io::Result<()> {
    let Tried { needing_values, untried, examples_beyond, .. } = api.cases;
    let total = api.cases.matrix.total();
    let [native, bridged, lossy, undecided, broken] = total.verdicts;
    let holding = api.contracts.iter().filter(|one| one.holds()).count();
    write!(to, "  {holding} of {} held; ", counted(api.contracts.len(), "contract"))?;
    write!(to, "{} payloads and {} examples tried, ", total.payloads, total.examples)?;
    let style = if total.failures == 0 { AnsiColor::Green } else { AnsiColor::Red }.on_default();
    writeln!(to, "{style}{} failures{style:#}", total.failures)?;
    writeln!(
        to,
        "  messages: {native} native, {bridged} bridged, {lossy} lossy, {undecided} undecided, {broken} broken"
    )?;
    for (count, what) in [
        (needing_values, "plans need values from outside (--value NAME=JSON gives them)"),
        (untried, "plans hold but no payload or validator could be made of their schemas"),
        (
            examples_beyond,
            "examples have members that their version does not declare, and were promised nothing",
        ),
    ] {
        if count > 0 {
            writeln!(to, "  {count} {what}")?;
        }
    }
    Ok(())
}

fn clipped(text: &str) -> String {
    if text.chars().count() <= PAYLOAD_BOUND {
        return text.to_owned();
    }
    text.chars().take(PAYLOAD_BOUND).chain("…".chars()).collect()
}
