//! The matrix as people read it in a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::super::human::Extent;
use super::super::model::Counts;
use super::super::words::{clean, counted};
use super::model::{ApiBridges, BridgeCell, BridgeRow, BridgesReport, Ends};

/// What a cell of one version twice says.
const SAME: &str = "=";
/// Pairs of versions that a row names; the rest is counted.
const PAIRS: usize = 4;

/// Writes the whole report; colours are in the text and fall away where the stream is no terminal. Of each list
/// `most` rows are written, all if verbose.
pub(in super::super) fn write(
    to: &mut dyn Write,
    report: &BridgesReport,
    extent: Extent,
) -> io::Result<()> {
    for api in &report.apis {
        write_api(to, api, extent)?;
    }
    let style = if report.outcome == "holds" { style("native") } else { style("broken") };
    writeln!(to, "{style}{}{style:#}{}", report.outcome, ending(report))
}

/// What the outcome's word is followed by.
pub(super) fn ending(report: &BridgesReport) -> String {
    let asked = || report.apis.iter().flat_map(|api| &api.cells).filter(|cell| cell.asked);
    let bad = asked().filter(|cell| matches!(cell.verdict, "broken" | "undecided")).count();
    let lossy = asked().filter(|cell| cell.verdict == "lossy").count();
    format!(
        ": of {} of versions that are asked about ({}), {bad} do not get along and {lossy} only at a loss",
        counted(asked().count(), "pair"),
        report.compat
    )
}

fn write_api(to: &mut dyn Write, api: &ApiBridges, extent: Extent) -> io::Result<()> {
    let bold = Style::new().bold();
    let name = clean(&api.api);
    let head = "client versions down, backend versions across, operations by their worst message";
    writeln!(to, "{bold}{name}{bold:#}: {head}")?;
    for fault in &api.problems {
        let style = style(if fault.severity == "error" { "broken" } else { "lossy" });
        let (file, line) = (clean(&fault.place.file), fault.place.line);
        let what = clean(&fault.what);
        writeln!(
            to,
            "{style}{}{style:#}: {file}:{line}: {what}; {}",
            fault.severity, fault.remedy
        )?;
    }
    write_matrix(to, api, extent.width)?;
    let most = if extent.verbose { usize::MAX } else { extent.most };
    write_rows(to, "breaks", &api.breaks, most)?;
    write_rows(to, "losses", &api.losses, most)?;
    writeln!(to)
}

/// A piece of a cell and its colour.
type Piece = (String, Style);

/// How a cell says its counts: in words where the terminal is wide enough, else in letters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Words,
    Letters,
}

fn write_matrix(to: &mut dyn Write, api: &ApiBridges, width: usize) -> io::Result<()> {
    let grid = Grid::new(api, Spelling::Words);
    if grid.width() <= width {
        return grid.write(to, api);
    }
    writeln!(to, "  X broken, U undecided, L lossy, B bridged, N native, · not asked about")?;
    Grid::new(api, Spelling::Letters).write(to, api)
}

/// The cells of a matrix with the widths of its columns, in characters.
struct Grid {
    rows: Vec<Vec<Piece>>,
    left: usize,
    widths: Vec<usize>,
}

impl Grid {
    fn new(api: &ApiBridges, spelling: Spelling) -> Self {
        let row = |client: &String| {
            let cell = |backend: &String| piece(api.cell(client, backend), spelling);
            api.versions.iter().map(cell).collect::<Vec<Piece>>()
        };
        let rows: Vec<Vec<Piece>> = api.versions.iter().map(row).collect();
        let wide = |text: &str| text.chars().count();
        let column = |(at, name): (usize, &String)| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            cells.map(|(text, _)| wide(text)).max().unwrap_or(0).max(wide(name))
        };
        let widths = api.versions.iter().enumerate().map(column).collect();
        let left = api.versions.iter().map(|one| wide(one)).max().unwrap_or(0);
        Self { rows, left, widths }
    }

    fn width(&self) -> usize {
        2 + self.left + self.widths.iter().map(|width| width + 2).sum::<usize>()
    }

    fn write(&self, to: &mut dyn Write, api: &ApiBridges) -> io::Result<()> {
        let left = self.left;
        let names = api.versions.iter().zip(&self.widths);
        let last = api.versions.len().saturating_sub(1);
        write!(to, "  {:left$}", "")?;
        for (at, (name, width)) in names.enumerate() {
            let width = if at == last { 0 } else { *width };
            write!(to, "  {name:<width$}")?;
        }
        writeln!(to)?;
        for (name, row) in api.versions.iter().zip(&self.rows) {
            write!(to, "  {name:>left$}")?;
            let last = row.len().saturating_sub(1);
            for (at, ((text, style), width)) in row.iter().zip(&self.widths).enumerate() {
                let width = if at == last { 0 } else { *width };
                write!(to, "  {style}{text:<width$}{style:#}")?;
            }
            writeln!(to)?;
        }
        Ok(())
    }
}

fn piece(cell: Option<&BridgeCell>, spelling: Spelling) -> Piece {
    let Some(cell) = cell else { return (SAME.to_owned(), Style::new().dimmed()) };
    let told = match spelling {
        Spelling::Words => summary(cell.operations),
        Spelling::Letters => {
            let each = counts(cell.operations).into_iter().filter(|(count, ..)| *count > 0);
            let texts: Vec<String> =
                each.map(|(count, _, letter)| format!("{count}{letter}")).collect();
            if texts.is_empty() { "-".to_owned() } else { texts.join(" ") }
        }
    };
    let mark = if cell.asked { "" } else { " ·" };
    (format!("{told}{mark}"), style(cell.verdict))
}

/// Each verdict's number, word and letter, the worst first.
const fn counts(of: Counts) -> [(usize, &'static str, char); 5] {
    let Counts { native, bridged, lossy, undecided, broken } = of;
    [
        (broken, "broken", 'X'),
        (undecided, "undecided", 'U'),
        (lossy, "lossy", 'L'),
        (bridged, "bridged", 'B'),
        (native, "native", 'N'),
    ]
}

/// The verdicts that occur with their numbers, the worst first: `2 broken, 1 lossy, 7 native`.
pub(super) fn summary(of: Counts) -> String {
    let texts: Vec<String> = counts(of)
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, word, _)| format!("{count} {word}"))
        .collect();
    if texts.is_empty() { "nothing in common".to_owned() } else { texts.join(", ") }
}

fn style(verdict: &str) -> Style {
    match verdict {
        "native" | "bridged" => AnsiColor::Green.on_default(),
        "lossy" | "undecided" => AnsiColor::Yellow.on_default(),
        _ => AnsiColor::Red.on_default(),
    }
}

fn write_rows(to: &mut dyn Write, what: &str, rows: &[BridgeRow], most: usize) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let bold = Style::new().bold();
    writeln!(to, "  {bold}{what}{bold:#}")?;
    for row in rows.iter().take(most) {
        let style = style(row.verdict);
        let (rule, at) = (clean(&row.rule), placed(row));
        writeln!(to, "    {style}{}{style:#} {rule}: {}{at}", row.verdict, clean(&row.said))?;
        writeln!(to, "        {}; {}", place(row), pairs(&row.pairs))?;
    }
    match rows.len().saturating_sub(most) {
        0 => Ok(()),
        rest => writeln!(to, "    … and {rest} more (--most {} shows all)", rows.len()),
    }
}

/// Where in the payload, if it is not said already.
pub(super) fn placed(row: &BridgeRow) -> String {
    if row.at.is_empty() || row.said.contains(&row.at) {
        String::new()
    } else {
        format!(" at {}", clean(&row.at))
    }
}

/// The message of a row, and how many others are reached.
pub(super) fn place(row: &BridgeRow) -> String {
    let status = row.status.as_ref().map_or(String::new(), |status| format!(" {status}"));
    let part = if row.part == "whole" { String::new() } else { format!(", {}", row.part) };
    let more = match row.reached {
        0 => String::new(),
        more => format!(" and {}", counted(more, "more message")),
    };
    clean(&format!("`{}` {}{status}{part}{more}", row.operation, row.side))
}

/// The pairs of a row: `client v1 at v2, v1 at v3`.
pub(super) fn pairs(pairs: &[Ends]) -> String {
    let name = |one: &Ends| format!("{} at {}", one.client, one.backend);
    let named: Vec<String> = pairs.iter().take(PAIRS).map(name).collect();
    let rest = match pairs.len().saturating_sub(PAIRS) {
        0 => String::new(),
        rest => format!(" and {}", counted(rest, "more pair")),
    };
    clean(&format!("client {}{rest}", named.join(", ")))
}
