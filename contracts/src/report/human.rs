//! The report as people read it.

use std::io::{self, Write};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use super::excerpt::{Excerpt, Sources};
use super::model::{
    ApiReport, ChangeRow, CheckReport, Counts, Fault, Proof, Row, Spot, from_backend,
};
use super::remedy::remedy;

/// Lines of a payload that are shown; the rest is counted.
const PAYLOAD_LINES: usize = 16;
/// Characters of a payload's line that are shown.
const PAYLOAD_COLUMNS: usize = 120;

/// What a report leaves out.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Findings in full, for each api.
    pub most: usize,
    /// Steps of conversions that hold.
    pub verbose: bool,
}

/// Writes the whole report; colours are in the text and fall away where the stream is no terminal.
pub fn write(to: &mut dyn Write, report: &CheckReport, extent: Extent) -> io::Result<()> {
    for api in &report.apis {
        write_api(to, api, extent)?;
    }
    if report.apis.len() > 1 {
        let mut all = Counts::default();
        report.apis.iter().for_each(|api| all.merge(api.verdicts));
        let messages: usize = report.apis.iter().map(|api| api.messages).sum();
        let bold = Style::new().bold();
        write!(to, "{bold}{} apis{bold:#}: {messages} messages:", report.apis.len())?;
        write_counts(to, all)?;
        writeln!(to)?;
    }
    Ok(())
}

fn write_api(to: &mut dyn Write, api: &ApiReport, extent: Extent) -> io::Result<()> {
    let mut sources = Sources::default();
    write_faults(to, &api.problems, extent)?;
    if !api.changes.is_empty() {
        write_changes(to, &api.changes)?;
    }
    for row in api.findings.iter().take(extent.most) {
        write_finding(to, &api.api, row, &mut sources)?;
    }
    write_rest(to, api.findings.len(), extent.most, "findings")?;
    write_conversions(to, &api.conversions, extent)?;
    write_summary(to, api)
}

fn write_rest(to: &mut dyn Write, all: usize, shown: usize, what: &str) -> io::Result<()> {
    match all.saturating_sub(shown) {
        0 => Ok(()),
        rest => writeln!(to, "… and {rest} more {what} (--most {all} shows all)\n"),
    }
}

fn write_faults(to: &mut dyn Write, faults: &[Fault], extent: Extent) -> io::Result<()> {
    for fault in faults.iter().take(if extent.verbose { usize::MAX } else { extent.most }) {
        let style = if fault.severity == "error" { red() } else { yellow() };
        let Spot { file, line, column, pointer } = &fault.place;
        let colon = if fault.remedy.is_empty() { "" } else { "; " };
        write!(to, "{style}{}{style:#}: {file}:{line}:{column}", fault.severity)?;
        let at = if pointer.is_empty() { String::new() } else { format!(" at {pointer}") };
        writeln!(to, "{at}: {}{colon}{}", fault.what, fault.remedy)?;
    }
    if !extent.verbose {
        write_rest(to, faults.len(), extent.most, "faults of documents")?;
    }
    Ok(())
}

fn write_changes(to: &mut dyn Write, changes: &[ChangeRow]) -> io::Result<()> {
    let mut subject = "";
    for change in changes {
        if subject != change.subject {
            subject = &change.subject;
            let bold = Style::new().bold();
            let place = change.new.as_ref().or(change.old.as_ref());
            let place = place.map_or(String::new(), |at| format!("  ({}:{})", at.file, at.line));
            writeln!(to, "{bold}{subject}{bold:#}{place}")?;
        }
        let at =
            if change.pointer.is_empty() { String::new() } else { format!("{}: ", change.pointer) };
        writeln!(to, "  {:<26} {at}{}", change.rule, change.message)?;
    }
    writeln!(to)
}

fn write_finding(
    to: &mut dyn Write,
    api: &str,
    row: &Row,
    sources: &mut Sources,
) -> io::Result<()> {
    let level = if row.verdict == "broken" { Level::ERROR } else { Level::WARNING };
    let title = format!("{api}: {} is {}", message_name(row), row.verdict);
    let excerpts = [
        (row.sender_place.as_ref(), "the sender declares it here"),
        (row.reader_place.as_ref(), "the reader declares it here"),
    ];
    let excerpts: Vec<(&Spot, Option<Excerpt>, &str)> = excerpts
        .into_iter()
        .filter_map(|(spot, label)| spot.map(|spot| (spot, sources.excerpt(spot), label)))
        .collect();
    let mut title = level.primary_title(title);
    if let Some(rule) = &row.rule {
        title = title.id(rule.as_str());
    }
    let mut group = Group::with_title(title);
    for (spot, excerpt, label) in &excerpts {
        group = match excerpt {
            Some(one) => group.element(
                Snippet::source(one.text.as_str())
                    .path(one.file.as_str())
                    .line_start(one.line)
                    .annotation(AnnotationKind::Primary.span(one.mark.clone()).label(*label)),
            ),
            None => group.element(Origin::path(format!("{} {}", spot.file, spot.pointer))),
        };
    }
    for note in notes(row) {
        group = group.element(Level::NOTE.no_name().message(note));
    }
    group = group.element(Level::HELP.message(remedy(row)));
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii).term_width(160);
    writeln!(to, "{}\n", renderer.render(&[group]))
}

fn message_name(row: &Row) -> String {
    let status = row.status.as_ref().map_or(String::new(), |status| format!(" {status}"));
    let part = if row.part == "whole" { String::new() } else { format!(", {}", row.part) };
    if row.side == "document" {
        return format!(
            "`{}` written for {} and read by {}",
            row.operation, row.client, row.backend
        );
    }
    let (side, client, backend) = (row.side, &row.client, &row.backend);
    let message = format!("`{}` {side}{status}{part}", row.operation);
    format!("{message}, client {client}, backend {backend},")
}

fn notes(row: &Row) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(witness), "whole") = (&row.witness, row.part.as_str()) {
        notes.push(witness.message.clone());
    } else if let Some(witness) = &row.witness {
        let (sender, reader) = if from_backend(row.side) {
            (&row.backend, &row.client)
        } else {
            (&row.client, &row.backend)
        };
        notes.extend(witness_notes(witness, sender, reader));
    }
    if let Some(unknown) = &row.undecided {
        let at = if unknown.at.is_empty() { "the root" } else { &unknown.at };
        notes.push(format!("neither proved nor refuted: {} at {at}", unknown.reason));
        notes.push(format!("{} generated payloads were tried, all got through", unknown.tried));
    }
    if !row.policies.is_empty() {
        notes.push(format!("judged by: {}", row.policies.join(", ")));
    }
    notes
}

fn witness_notes(witness: &Proof, sender: &str, reader: &str) -> Vec<String> {
    let mut notes = vec![format!("valid in {sender}:\n{}", pretty(&witness.payload))];
    if let Some(received) = &witness.received {
        notes.push(format!("converted to {reader}:\n{}", pretty(received)));
    }
    let at = if witness.at.is_empty() { "the whole payload" } else { &witness.at };
    let said = clipped(&witness.message);
    notes.push(if is_step(&witness.keyword) {
        format!("the conversion to {reader} fails at {at} by rule {}: {said}", witness.keyword)
    } else {
        format!("{reader} refuses {at} by `{}`: {said}", witness.keyword)
    });
    notes
}

/// Whether it is a rule of a conversion (`A3`, `L6`), not a keyword of a schema.
fn is_step(keyword: &str) -> bool {
    let mut letters = keyword.chars();
    letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && letters.all(|rest| rest.is_ascii_digit())
}

/// A number and its noun.
pub fn counted(count: usize, noun: &str) -> String {
    let ending = match (count, noun.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {noun}{ending}")
}

/// A payload, indented, cut at the bounds above.
fn pretty(payload: &serde_json::Value) -> String {
    let text = serde_json::to_string_pretty(payload).unwrap_or_default();
    let all = text.lines().count();
    let mut lines: Vec<String> = text.lines().take(PAYLOAD_LINES).map(clipped).collect();
    if all > PAYLOAD_LINES {
        lines.push(format!("… {} more lines", all - PAYLOAD_LINES));
    }
    lines.join("\n")
}

fn clipped(line: &str) -> String {
    if line.chars().count() <= PAYLOAD_COLUMNS {
        return line.to_owned();
    }
    line.chars().take(PAYLOAD_COLUMNS).chain("…".chars()).collect()
}

fn write_conversions(to: &mut dyn Write, rows: &[Row], extent: Extent) -> io::Result<()> {
    for verdict in ["lossy", "bridged"] {
        let of_kind: Vec<&Row> = rows.iter().filter(|row| row.verdict == verdict).collect();
        let shown = if extent.verbose { of_kind.len() } else { extent.most };
        for row in of_kind.iter().take(shown) {
            write_conversion(to, row, extent)?;
        }
        if of_kind.len() > shown {
            writeln!(
                to,
                "… and {} more {verdict} (-v shows all, with their steps)",
                of_kind.len() - shown
            )?;
        }
    }
    let trusting = rows.iter().filter(|row| row.strict_witness.is_some()).count();
    if trusting > 0 {
        let text = "by trust that senders send only what they declare (--strict shows what breaks otherwise)";
        writeln!(to, "holding {text}: {}", counted(trusting, "part"))?;
    }
    Ok(())
}

fn write_conversion(to: &mut dyn Write, row: &Row, extent: Extent) -> io::Result<()> {
    let style = if row.verdict == "lossy" { yellow() } else { green() };
    let (steps, losses) = (row.steps.len(), row.losses.len());
    let name = message_name(row);
    let name = name.trim_end_matches(',');
    write!(to, "{style}{}{style:#}: {name}: {}", row.verdict, counted(steps, "step"))?;
    if losses > 0 {
        write!(to, ", {}", counted(losses, "loss"))?;
    }
    writeln!(to)?;
    if extent.verbose {
        for (kind, step) in row
            .steps
            .iter()
            .map(|one| ("step", one))
            .chain(row.losses.iter().map(|one| ("loss", one)))
        {
            let at = if step.at.is_empty() { "" } else { " at " };
            writeln!(to, "    {kind} {}: {}{at}{}", step.rule, step.text, step.at)?;
        }
        if !row.policies.is_empty() {
            writeln!(to, "    by {}", row.policies.join(", "))?;
        }
    }
    Ok(())
}

fn write_summary(to: &mut dyn Write, api: &ApiReport) -> io::Result<()> {
    let bold = Style::new().bold();
    let (first, last) = (api.versions.first(), api.versions.last());
    let range = match (first, last) {
        (Some(first), Some(last)) if first != last => format!(" ({first} to {last})"),
        (Some(only), _) => format!(" ({only})"),
        _ => String::new(),
    };
    let versions = counted(api.versions.len(), "version");
    write!(to, "{bold}{}{bold:#}: {versions}{range}, ", api.api)?;
    let (operations, messages) =
        (counted(api.operations, "operation"), counted(api.messages, "message"));
    write!(to, "{operations}, {messages}:")?;
    write_counts(to, api.verdicts)?;
    match api.seconds {
        Some(seconds) => writeln!(to, " in {seconds:.2} s"),
        None => writeln!(to),
    }
}

fn write_counts(to: &mut dyn Write, counts: Counts) -> io::Result<()> {
    let plain = Style::new();
    let each = [
        ("native", counts.native, plain),
        ("bridged", counts.bridged, green()),
        ("lossy", counts.lossy, yellow()),
        ("undecided", counts.undecided, yellow()),
        ("broken", counts.broken, red()),
    ];
    for (index, (word, count, style)) in each.into_iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let style = if count == 0 { plain } else { style };
        write!(to, "{comma} {style}{count} {word}{style:#}")?;
    }
    Ok(())
}

const fn red() -> Style {
    AnsiColor::Red.on_default().bold()
}

const fn yellow() -> Style {
    AnsiColor::Yellow.on_default().bold()
}

const fn green() -> Style {
    AnsiColor::Green.on_default()
}

#[cfg(test)]
mod tests {
    use anstream::StripStream;

    use super::{Extent, write};
    use crate::report::samples;

    fn plain(strict: bool, extent: Extent) -> String {
        let mut stream = StripStream::new(Vec::new());
        write(&mut stream, &samples::report(strict), extent).unwrap();
        String::from_utf8(stream.into_inner()).unwrap()
    }

    #[test]
    fn one_message_of_each_verdict() {
        insta::assert_snapshot!(plain(false, Extent { most: 5, verbose: true }));
    }

    #[test]
    fn strict_reading_shows_what_a_policy_hid() {
        insta::assert_snapshot!(plain(true, Extent { most: 5, verbose: false }));
    }

    #[test]
    fn a_short_report_counts_the_rest() {
        insta::assert_snapshot!(plain(false, Extent { most: 1, verbose: false }));
    }

    #[test]
    fn the_json_is_stable() {
        insta::assert_json_snapshot!(samples::report(false));
    }
}
