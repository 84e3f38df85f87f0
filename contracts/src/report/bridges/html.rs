//! The matrix as one page that needs nothing else.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::super::html::{STYLE, base64, letter, sentence, text};
use super::human::{ending, pairs, place, placed, summary};
use super::model::{ApiBridges, BridgeRow, BridgesReport};

/// Rows of one list at most; a page with more is slow to open.
const ROWS_BOUND: usize = 2_000;

/// Writes the page.
pub(in super::super) fn write(to: &mut dyn Write, report: &BridgesReport) -> io::Result<()> {
    let digest = base64(&Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    );
    let outcome = report.outcome;
    writeln!(to, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>")?;
    writeln!(to, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>")?;
    writeln!(to, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"/>")?;
    writeln!(to, "<title>Evergate: bridges</title><style>{STYLE}</style></head><body>")?;
    writeln!(to, "<header><h1>Evergate <span class=\"outcome {outcome}\">{outcome}</span></h1>")?;
    writeln!(to, "<p>{}</p></header><main>", text(ending(report).trim_start_matches(": ")))?;
    for api in &report.apis {
        write_api(to, api)?;
    }
    writeln!(to, "</main></body></html>")
}

fn write_api(to: &mut dyn Write, api: &ApiBridges) -> io::Result<()> {
    writeln!(to, "<section class=\"api\"><h2>{}</h2>", text(&api.api))?;
    for fault in &api.problems {
        let said = format!("{}: {}; {}", fault.severity, fault.what, fault.remedy);
        writeln!(to, "<p class=\"hint\">{}</p>", sentence(&said))?;
    }
    write_matrix(to, api)?;
    write_rows(to, "Breaks", &api.breaks)?;
    write_rows(to, "Losses", &api.losses)?;
    writeln!(to, "</section>")
}

fn write_matrix(to: &mut dyn Write, api: &ApiBridges) -> io::Result<()> {
    let heads = api.versions.iter().map(|one| format!("<th scope=\"col\">{}</th>", text(one)));
    writeln!(
        to,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"matrix\"><table class=\"matrix\">\
         <caption>client versions down, backend versions across; operations by their worst message</caption>"
    )?;
    let corner = "<td class=\"corner\"><span>client</span> <span>backend</span></td>";
    writeln!(to, "<tr>{corner}{}</tr>", heads.collect::<String>())?;
    for client in &api.versions {
        let cells: String = api.versions.iter().map(|backend| cell(api, client, backend)).collect();
        writeln!(to, "<tr><th scope=\"row\">{}</th>{cells}</tr>", text(client))?;
    }
    writeln!(to, "</table></div>")
}

fn cell(api: &ApiBridges, client: &str, backend: &str) -> String {
    let Some(cell) = api.cell(client, backend) else {
        return "<td class=\"same\"><span aria-label=\"the same version\">=</span></td>".to_owned();
    };
    let (word, letter) = (cell.verdict, letter(cell.verdict));
    let asked = if cell.asked { "asked" } else { "unasked" };
    format!(
        "<td class=\"v {word} {asked}\"><b>{letter}</b> <span class=\"word\">{word}</span><br/><span class=\"count\">{}</span></td>",
        text(&summary(cell.operations))
    )
}

fn write_rows(to: &mut dyn Write, title: &str, rows: &[BridgeRow]) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(to, "<section class=\"group\"><h3>{title}</h3><ul>")?;
    for row in rows.iter().take(ROWS_BOUND) {
        let word = row.verdict;
        let what = sentence(&format!("{}: {}{}", row.rule, row.said, placed(row)));
        let (place, pairs) = (sentence(&place(row)), text(&pairs(&row.pairs)));
        writeln!(
            to,
            "<li><span class=\"badge {word}\">{word}</span> {what}<br/><span class=\"hint\">{place}; {pairs}</span></li>"
        )?;
    }
    let rest = rows.len().saturating_sub(ROWS_BOUND);
    let more =
        if rest > 0 { format!("<p class=\"hint\">… and {rest} more</p>") } else { String::new() };
    writeln!(to, "</ul>{more}</section>")
}
