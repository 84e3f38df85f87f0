//! The matrix as Markdown, for a page of documentation or a comment.

use std::io::{self, Write};

use super::super::markdown::sentence_cell as cell;
use super::human::{ending, pairs, place, placed, summary};
use super::model::{ApiBridges, BridgeRow, BridgesReport};

/// Rows of one list at most; the rest is counted.
const ROWS_BOUND: usize = 200;

/// Writes the page.
pub(in super::super) fn write(to: &mut dyn Write, report: &BridgesReport) -> io::Result<()> {
    writeln!(to, "## Evergate: {}\n", report.outcome)?;
    writeln!(to, "{}.\n", cell(ending(report).trim_start_matches(": ")))?;
    report.apis.iter().try_for_each(|api| write_api(to, api))
}

fn write_api(to: &mut dyn Write, api: &ApiBridges) -> io::Result<()> {
    writeln!(to, "### {}\n", cell(&api.api))?;
    for fault in &api.problems {
        writeln!(to, "- **{}**: {}; {}", fault.severity, cell(&fault.what), cell(&fault.remedy))?;
    }
    let names: Vec<String> = api.versions.iter().map(|one| cell(one)).collect();
    writeln!(to, "| client \\ backend | {} |", names.join(" | "))?;
    writeln!(to, "|---|{}", "---|".repeat(names.len()))?;
    for client in &api.versions {
        let each = api.versions.iter().map(|backend| match api.cell(client, backend) {
            None => "=".to_owned(),
            Some(one) if one.verdict == "native" => summary(one.operations),
            Some(one) => format!("**{}**: {}", one.verdict, summary(one.operations)),
        });
        let cells: Vec<String> = each.collect();
        writeln!(to, "| {} | {} |", cell(client), cells.join(" | "))?;
    }
    writeln!(to)?;
    write_rows(to, "Breaks", &api.breaks)?;
    write_rows(to, "Losses", &api.losses)
}

fn write_rows(to: &mut dyn Write, title: &str, rows: &[BridgeRow]) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        to,
        "#### {title}\n\n| verdict | rule | what | where | between |\n|---|---|---|---|---|"
    )?;
    for row in rows.iter().take(ROWS_BOUND) {
        let what = format!("{}{}", row.said, placed(row));
        let (rule, what) = (cell(&row.rule), cell(&what));
        let (place, pairs) = (cell(&place(row)), cell(&pairs(&row.pairs)));
        writeln!(to, "| {} | {rule} | {what} | {place} | {pairs} |", row.verdict)?;
    }
    match rows.len().saturating_sub(ROWS_BOUND) {
        0 => writeln!(to),
        rest => writeln!(to, "\n… and {rest} more.\n"),
    }
}
