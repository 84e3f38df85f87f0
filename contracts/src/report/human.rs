//! The report as people read it.

use std::io::{self, Write};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use super::excerpt::{Excerpt, Sources};
use super::finding::{Class, Finding, Labelled, Weight, short};
use super::model::{ApiReport, BumpRow, ChangeRow, CheckReport, Counts, Row, Spot};
use super::verdict_line::verdict_line;
use super::words::{clean, counted, message, pretty};
use crate::policy::WAIVERS_NAME;

/// The narrowest terminal that is written for; narrower ones wrap by themselves.
const WIDTH_FLOOR: usize = 40;

/// What a report leaves out, and how wide it is.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Findings in full, for each api.
    pub most: usize,
    /// Steps of conversions that hold, and how each finding is waived.
    pub verbose: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether findings can be waived, so that it is told how.
    pub waivable: bool,
}

/// Apis whose number moved too little that are named in the last line.
const NAMED: usize = 5;

/// Writes the whole report; colours are in the text and fall away where the stream is no terminal.
pub fn write(to: &mut dyn Write, report: &CheckReport, extent: Extent) -> io::Result<()> {
    let extent = Extent { width: extent.width.max(WIDTH_FLOOR), ..extent };
    for api in &report.apis {
        let findings: Vec<&Finding> = report
            .findings
            .iter()
            .filter(|one| one.api == api.api && one.about != "waiver")
            .collect();
        write_api(to, api, &findings, extent)?;
    }
    write_waivers(to, report)?;
    if report.apis.len() > 1 {
        let mut all = Counts::default();
        report.apis.iter().for_each(|api| all.merge(api.verdicts));
        let messages: usize = report.apis.iter().map(|api| api.messages).sum();
        let bold = Style::new().bold();
        write!(to, "{bold}{} apis{bold:#}: {messages} messages:", report.apis.len())?;
        write_counts(to, all)?;
        writeln!(to)?;
    }
    let style = match report.outcome {
        "holds" => green(),
        _ => red(),
    };
    let (word, rest) = verdict_line(report);
    writeln!(to, "{style}{word}{style:#}{rest}")?;
    write_bumps(to, report)
}

/// The last line: how far the version's number has to move, or of which apis it moved too little.
fn write_bumps(to: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    if let [api] = report.apis.as_slice() {
        return api.bump.as_ref().map_or(Ok(()), |bump| write_bump(to, bump));
    }
    let bumps = || report.apis.iter().filter_map(|api| Some((api, api.bump.as_ref()?)));
    let short: Vec<&str> =
        bumps().filter(|(_, bump)| !bump.sufficient).map(|(api, _)| api.api.as_str()).collect();
    match (bumps().count(), short.len()) {
        (0, _) => Ok(()),
        (all, 0) => writeln!(to, "required bumps: the versions of all {all} apis suffice"),
        (all, few) => {
            let style = red();
            let named = short.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            let more = if few > NAMED { ", …" } else { "" };
            writeln!(
                to,
                "required bumps: {style}not sufficient{style:#} for {few} of {all} apis: {named}{more}"
            )
        }
    }
}

fn write_api(
    to: &mut dyn Write,
    api: &ApiReport,
    findings: &[&Finding],
    extent: Extent,
) -> io::Result<()> {
    let mut sources = Sources::default();
    let (faults, others): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().copied().partition(|one| one.about == "document");
    let (waived, open): (Vec<&Finding>, Vec<&Finding>) =
        others.into_iter().partition(|one| one.waived.is_some());
    write_faults(to, &faults, extent)?;
    if api.tells_changes && !api.changes.is_empty() {
        write_changes(to, &api.changes)?;
    }
    for finding in open.iter().take(extent.most) {
        write_finding(to, finding, extent, &mut sources)?;
    }
    write_rest(to, open.len(), extent.most, "findings")?;
    waived.iter().try_for_each(|one| write_waived(to, one))?;
    write_conversions(to, &api.conversions, extent)?;
    write_summary(to, api)
}

fn write_rest(to: &mut dyn Write, all: usize, shown: usize, what: &str) -> io::Result<()> {
    match all.saturating_sub(shown) {
        0 => Ok(()),
        rest => writeln!(to, "… and {rest} more {what} (--most {all} shows all)\n"),
    }
}

fn write_faults(to: &mut dyn Write, faults: &[&Finding], extent: Extent) -> io::Result<()> {
    for fault in faults.iter().take(if extent.verbose { usize::MAX } else { extent.most }) {
        let (style, word) = match (fault.class, &fault.waived) {
            (_, Some(_)) => (Style::new(), "waived"),
            (Class::Unreadable, None) => (red(), "error"),
            (_, None) => (yellow(), "warning"),
        };
        write!(to, "{style}{word}{style:#}: ")?;
        if let Some(place) = fault.places.first() {
            write!(to, "{}", placed(place))?;
        }
        let colon = if fault.remedy.is_empty() { "" } else { "; " };
        writeln!(to, ": {}{colon}{}", fault.title, fault.remedy)?;
    }
    if !extent.verbose {
        write_rest(to, faults.len(), extent.most, "faults of documents")?;
    }
    Ok(())
}

fn placed(place: &Labelled) -> String {
    let Spot { file, line, column, pointer } = &place.spot;
    let at = if pointer.is_empty() { String::new() } else { format!(" at {}", clean(pointer)) };
    format!("{}:{line}:{column}{at}", clean(file))
}

fn write_waived(to: &mut dyn Write, finding: &Finding) -> io::Result<()> {
    let Some(waived) = &finding.waived else { return Ok(()) };
    let dim = Style::new().dimmed();
    write!(to, "{dim}waived{dim:#}: {} [{}] {}", finding.title, finding.rule, finding.short())?;
    let until = if waived.expires == "never" {
        "for ever".to_owned()
    } else {
        format!("until {}", waived.expires)
    };
    writeln!(to, ", {until}: {} ({}:{})", waived.reason, waived.place.file, waived.place.line)
}

/// Waivers that are expired or unused, and those that cover more than one finding.
fn write_waivers(to: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    for finding in report.findings.iter().filter(|one| one.about == "waiver") {
        let style = if finding.fails() { red() } else { yellow() };
        write!(to, "{style}{}[{}]{style:#}: ", finding.level.word(), finding.rule)?;
        if let Some(place) = finding.places.first() {
            write!(to, "{}:{}: ", clean(&place.spot.file), place.spot.line)?;
        }
        writeln!(to, "{}; {}; {}", finding.title, finding.said, finding.remedy)?;
    }
    for waiver in
        report.waivers.iter().filter(|one| one.state == "used" && one.fingerprints.len() > 1)
    {
        let all: Vec<&str> = waiver.fingerprints.iter().map(|one| short(one)).collect();
        let place = &waiver.place;
        let count = counted(all.len(), "finding");
        writeln!(
            to,
            "the waiver at {}:{} covers {count}: {}",
            place.file,
            place.line,
            all.join(", ")
        )?;
    }
    Ok(())
}

fn write_changes(to: &mut dyn Write, changes: &[ChangeRow]) -> io::Result<()> {
    let mut subject = "";
    for change in changes {
        if subject != change.subject {
            subject = &change.subject;
            let bold = Style::new().bold();
            writeln!(to, "{bold}{subject}{bold:#}")?;
        }
        let style = match change.level {
            "breaking" => red(),
            "risky" => yellow(),
            _ => Style::new(),
        };
        let at =
            if change.pointer.is_empty() { String::new() } else { format!("{}: ", change.pointer) };
        let place = change.new.as_ref().or(change.old.as_ref());
        let place = place.map_or(String::new(), |at| format!("  ({}:{})", at.file, at.line));
        write!(to, "  {style}{:<9}{style:#}{:<28} ", change.level, change.rule)?;
        writeln!(to, "{at}{}{place}", clean(&change.message))?;
    }
    let count = |level| changes.iter().filter(|one| one.level == level).count();
    let (breaking, risky, safe) = (count("breaking"), count("risky"), count("safe"));
    writeln!(to, "changes: {breaking} breaking, {risky} risky, {safe} safe\n")
}

fn write_finding(
    to: &mut dyn Write,
    finding: &Finding,
    extent: Extent,
    sources: &mut Sources,
) -> io::Result<()> {
    let level = match finding.level {
        Weight::Error => Level::ERROR,
        Weight::Warning => Level::WARNING,
        Weight::Note => Level::NOTE,
    };
    let excerpts: Vec<(&Labelled, Option<Excerpt>)> =
        finding.places.iter().map(|place| (place, sources.excerpt(&place.spot))).collect();
    let title = level.primary_title(format!("{}: {}", finding.api, finding.title));
    let mut group = Group::with_title(title.id(finding.rule.as_str()));
    for (place, excerpt) in &excerpts {
        let Labelled { label, spot } = place;
        group = match excerpt {
            Some(one) => group.element(
                Snippet::source(one.text.as_str())
                    .path(one.file.as_str())
                    .line_start(one.line)
                    .annotation(
                        AnnotationKind::Primary.span(one.mark.clone()).label(label.as_str()),
                    ),
            ),
            None => group.element(Origin::path(format!("{} {}", spot.file, spot.pointer))),
        };
    }
    for note in notes(finding) {
        group = group.element(Level::NOTE.no_name().message(wrapped(&note, extent.width)));
    }
    if !finding.remedy.is_empty() {
        let help = wrapped(&finding.remedy, extent.width.saturating_sub("help: ".len()));
        group = group.element(Level::HELP.message(help));
    }
    if let Some(snippet) = &finding.snippet {
        let text =
            format!("a lens for changes.yaml, with values to look over:\n{}", pasted(snippet));
        group = group.element(Level::NOTE.no_name().message(text));
    }
    if extent.waivable {
        let waiver = if extent.verbose {
            format!("waive it in {WAIVERS_NAME}, below `waivers:`, with\n{}", finding.waiver())
        } else {
            format!("fingerprint {} (-v shows how to waive it)", finding.short())
        };
        group = group.element(Level::NOTE.no_name().message(waiver));
    }
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii).term_width(extent.width);
    writeln!(to, "{}\n", renderer.render(&[group]))
}

/// A snippet without what would act on a terminal, line by line.
fn pasted(snippet: &str) -> String {
    snippet.lines().map(clean).collect::<Vec<_>>().join("\n")
}

fn notes(finding: &Finding) -> Vec<String> {
    let mut notes = Vec::new();
    let (sender, reader) = finding.roles();
    if let Some(witness) = &finding.witness {
        notes.push(format!("valid in {sender}:\n{}", pretty(&witness.payload)));
        if let Some(received) = &witness.received {
            notes.push(format!("converted to {reader}:\n{}", pretty(received)));
        }
    }
    if !finding.said.is_empty() && !finding.title.ends_with(&finding.said) {
        notes.push(finding.said.clone());
    }
    notes.extend(finding.notes.iter().cloned());
    notes
}

/// Columns that stand before a note's text.
const INDENT: usize = 5;

/// A note whose first line is broken at spaces where it is wider than the terminal; payloads below it stay as they are.
fn wrapped(note: &str, width: usize) -> String {
    let room = width.saturating_sub(INDENT).max(WIDTH_FLOOR - INDENT);
    let (first, rest) =
        note.split_once('\n').map_or((note, None), |(first, rest)| (first, Some(rest)));
    let mut lines = vec![String::new()];
    for word in first.split(' ') {
        let length = lines.last().map_or(0, |line| line.chars().count());
        match lines.last_mut() {
            Some(line) if length == 0 || length + 1 + word.chars().count() <= room => {
                if length > 0 {
                    line.push(' ');
                }
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.extend(rest.map(str::to_owned));
    lines.join("\n")
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
    let name = message(row);
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

fn write_bump(to: &mut dyn Write, bump: &BumpRow) -> io::Result<()> {
    let BumpRow { required, from, lowest, declared, sufficient } = bump;
    write!(to, "required bump: {required}")?;
    match lowest {
        Some(lowest) if lowest != from => write!(to, " ({from} -> {lowest})")?,
        Some(same) => write!(to, " ({same} may stay)")?,
        None => write!(to, " (later than {from})")?,
    }
    let (style, word) =
        if *sufficient { (green(), "sufficient") } else { (red(), "not sufficient") };
    writeln!(to, "; declared {declared}: {style}{word}{style:#}")
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
        insta::assert_snapshot!(plain(
            false,
            Extent { most: 5, verbose: true, width: 80, waivable: true }
        ));
    }

    #[test]
    fn strict_reading_shows_what_a_policy_hid() {
        insta::assert_snapshot!(plain(
            true,
            Extent { most: 5, verbose: false, width: 80, waivable: true }
        ));
    }

    #[test]
    fn a_short_report_counts_the_rest() {
        insta::assert_snapshot!(plain(
            false,
            Extent { most: 1, verbose: false, width: 80, waivable: true }
        ));
    }

    #[test]
    fn the_json_is_stable() {
        insta::assert_json_snapshot!(samples::report(false));
    }
}
