//! The page around the findings: outcome, filter, and for each api its matrix and a section for each pair of versions.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::super::excerpt::Sources;
use super::super::finding::{Finding, Weight};
use super::super::flatten::of_row;
use super::super::model::{ApiReport, CheckReport, PairReport, Row};
use super::super::verdict_line::{bump_lines, verdict_line};
use super::super::words::counted;
use super::details;
use super::escape::{base64, sentence, text};
use super::matrix::{VERDICTS, anchor, summary, table};

/// Findings that are written with all their evidence; a page with more is slow to open.
const FINDINGS_BOUND: usize = 2_000;
pub(in super::super) const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Writes the page.
pub(in super::super) fn write(to: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    let digest = |code: &str| base64(&Sha256::digest(code.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    let names: Vec<&str> = report.apis.iter().map(|api| api.api.as_str()).collect();
    let (word, rest) = verdict_line(report);
    let title = text(&format!("Evergate: {} {word}", names.join(", ")));
    writeln!(to, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>")?;
    writeln!(to, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>")?;
    writeln!(to, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"/>")?;
    writeln!(to, "<title>{title}</title><style>{STYLE}</style></head><body>")?;
    writeln!(to, "<a class=\"skip\" href=\"#findings\">to the findings</a>")?;
    let outcome = report.outcome;
    writeln!(to, "<header><h1>Evergate <span class=\"outcome {outcome}\">{word}</span></h1>")?;
    writeln!(to, "<p>{}</p>", text(rest.trim_start_matches(": ")))?;
    for line in bump_lines(report) {
        writeln!(to, "<p class=\"bump\">{}</p>", sentence(&line))?;
    }
    writeln!(to, "</header>{}<main id=\"findings\">", filter())?;
    let mut page = Page { sources: Sources::default(), left: FINDINGS_BOUND };
    for (index, api) in report.apis.iter().enumerate() {
        page.write_api(to, report, (index, api))?;
    }
    let known = |one: &Finding| report.apis.iter().any(|api| api.api == one.api);
    let others: Vec<&Finding> = report.findings.iter().filter(|one| !known(one)).collect();
    page.write_group(to, "Beside the apis", &others)?;
    writeln!(to, "</main><script>{SCRIPT}</script></body></html>")
}

/// The search field and a box for each class; without a script they do nothing and are not shown.
fn filter() -> String {
    let words =
        ["broken", "undecided", "breaking", "risky", "lossy", "warning", "unreadable", "waived"];
    let boxes = words.map(|word| {
        format!(
            "<label><input type=\"checkbox\" value=\"{word}\" checked=\"checked\"/> {word}</label> "
        )
    });
    let boxes = boxes.concat();
    let search = "<label class=\"search\">Search <input type=\"search\" id=\"search\" placeholder=\"operation, rule, text\" autocomplete=\"off\"/></label>";
    let legend = VERDICTS.map(|(word, letter)| {
        format!("<span class=\"badge {word}\"><b>{letter}</b> {word}</span> ")
    });
    let legend: String = legend.into_iter().rev().collect();
    format!(
        "<nav aria-label=\"filter\" class=\"filter\"><div class=\"controls\">{search}<span class=\"boxes\">{boxes}</span><span id=\"status\" role=\"status\"></span></div><p class=\"legend\">{legend}</p></nav>"
    )
}

struct Page {
    sources: Sources,
    left: usize,
}

impl Page {
    fn write_api(
        &mut self,
        to: &mut dyn Write,
        report: &CheckReport,
        (index, api): (usize, &ApiReport),
    ) -> io::Result<()> {
        let counts = summary(api.verdicts);
        let messages = counted(api.messages, "message");
        writeln!(to, "<section class=\"api\"><h2>{}</h2>", text(&api.api))?;
        writeln!(to, "<p>{messages}: {counts}</p>{}", table(index, api))?;
        let own: Vec<&Finding> = report.findings.iter().filter(|one| one.api == api.api).collect();
        let others: Vec<&Finding> =
            own.iter().copied().filter(|one| pair_of(api, one).is_none()).collect();
        self.write_group(to, "Beside the messages", &others)?;
        for pair in &api.pairs {
            let found: Vec<&Finding> =
                own.iter().copied().filter(|one| pair_of(api, one) == Some(pair)).collect();
            self.write_pair(to, (&anchor(index, api, pair), api, pair), &found)?;
        }
        writeln!(to, "</section>")
    }

    fn write_pair(
        &mut self,
        to: &mut dyn Write,
        (id, api, pair): (&str, &ApiReport, &PairReport),
        found: &[&Finding],
    ) -> io::Result<()> {
        let of_pair = |row: &&Row| row.client == pair.client && row.backend == pair.backend;
        let beyond: Vec<&Row> = api.beyond.iter().filter(of_pair).collect();
        let (lossy, bad): (Vec<&Row>, Vec<&Row>) =
            beyond.into_iter().partition(|row| row.verdict == "lossy");
        let converting = |row: &&Row| of_pair(row) && row.verdict != "native";
        let mut conversions: Vec<&Row> = api.conversions.iter().filter(converting).collect();
        conversions.extend(lossy);
        let (client, backend) = (text(&pair.client), text(&pair.backend));
        let asked =
            if pair.asked { "" } else { " <span class=\"badge told\">not asked about</span>" };
        let counts = summary(pair.verdicts);
        let class = if pair.asked { "asked" } else { "unasked" };
        writeln!(
            to,
            "<section class=\"pair group {class}\" id=\"{id}\"><h3>client {client} at backend {backend}{asked}</h3><p>{counts}</p>"
        )?;
        for finding in found {
            self.write_finding(to, finding, true)?;
        }
        for row in bad {
            let finding = Finding { level: Weight::Warning, ..of_row(api, row) };
            self.write_finding(to, &finding, false)?;
        }
        writeln!(to, "{}</section>", details::conversions(&conversions))
    }

    fn write_group(
        &mut self,
        to: &mut dyn Write,
        title: &str,
        found: &[&Finding],
    ) -> io::Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        writeln!(to, "<section class=\"group\"><h3>{title}</h3>")?;
        for finding in found {
            self.write_finding(to, finding, true)?;
        }
        writeln!(to, "</section>")
    }

    fn write_finding(
        &mut self,
        to: &mut dyn Write,
        finding: &Finding,
        counts: bool,
    ) -> io::Result<()> {
        match self.left {
            0 => Ok(()),
            1 => {
                self.left = 0;
                writeln!(
                    to,
                    "<p class=\"hint\">More findings do not fit into this page; the other formats have them all.</p>"
                )
            }
            _ => {
                self.left -= 1;
                writeln!(to, "{}", details::finding(finding, counts, &mut self.sources))
            }
        }
    }
}

/// The pair of versions that a finding is about, where it is about a message.
fn pair_of<'a>(api: &'a ApiReport, finding: &Finding) -> Option<&'a PairReport> {
    let (client, backend) = (finding.client.as_deref()?, finding.backend.as_deref()?);
    api.pairs.iter().find(|pair| pair.client == client && pair.backend == backend)
}
