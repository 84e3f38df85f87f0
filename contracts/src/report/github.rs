//! The report as workflow commands of GitHub Actions, which show findings beside the lines they are about.

use std::io::{self, Write};

use super::finding::{Finding, Weight};
use super::model::CheckReport;
use super::verdict_line::{bump_lines, verdict_line};
use super::words::{at, clipped, counted, pretty};

/// Annotations of one level that a step shows; GitHub drops further ones in silence.
const ANNOTATIONS_BOUND: usize = 10;
/// Characters of an annotation's text.
const MESSAGE_BOUND: usize = 4_000;
/// Characters of an annotation's title.
const TITLE_BOUND: usize = 200;

/// Writes the commands, the worst findings first, and the outcome as the last line.
pub(super) fn write(to: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    for (level, command) in
        [(Weight::Error, "error"), (Weight::Warning, "warning"), (Weight::Note, "notice")]
    {
        let all: Vec<&Finding> = report.findings.iter().filter(|one| one.level == level).collect();
        // where there are too many, the last one tells of the rest
        let shown = if all.len() > ANNOTATIONS_BOUND { ANNOTATIONS_BOUND - 1 } else { all.len() };
        for finding in all.iter().take(shown) {
            write_one(to, command, finding)?;
        }
        if all.len() > shown {
            let rest = counted(all.len() - shown, "finding");
            let text = format!("{rest} more are in the summary and in the other outputs");
            writeln!(to, "::{command} title=evergate::{}", data(&text))?;
        }
    }
    for line in bump_lines(report) {
        writeln!(to, "evergate {}", data(&line))?;
    }
    let (word, rest) = verdict_line(report);
    writeln!(to, "evergate {}", data(&format!("{word}{rest}")))
}

fn write_one(to: &mut dyn Write, command: &str, finding: &Finding) -> io::Result<()> {
    write!(to, "::{command} ")?;
    if let Some(place) = finding.places.first() {
        let spot = &place.spot;
        write!(to, "file={},", property(spot.file.trim_start_matches("./")))?;
        if spot.line > 0 {
            write!(to, "line={},", spot.line)?;
        }
        if spot.column > 0 {
            write!(to, "col={},", spot.column)?;
        }
    }
    let title = clipped(&format!("{} [{}]", finding.title, finding.rule), TITLE_BOUND);
    let text = clipped(&message(finding), MESSAGE_BOUND);
    writeln!(to, "title={}::{}", property(&title), data(&text))
}

fn message(finding: &Finding) -> String {
    let mut parts = Vec::new();
    if let Some(waived) = &finding.waived {
        parts.push(format!("waived (expires: {}): {}", waived.expires, waived.reason));
    }
    parts.push(format!("{}: {}", finding.api, finding.said));
    if let Some(witness) = &finding.witness {
        let (sender, _) = finding.roles();
        parts.push(format!("valid in {sender}:\n{}", pretty(&witness.payload)));
    }
    for place in finding.places.iter().skip(1) {
        parts.push(format!("{}: {}", place.label, at(&place.spot)));
    }
    if !finding.remedy.is_empty() {
        parts.push(format!("to mend it: {}", finding.remedy));
    }
    parts.push(format!("fingerprint {}", finding.short()));
    parts.join("\n")
}

/// Text behind the second `::`: what would end the command is percent-encoded, as the runner decodes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value, in which `:` and `,` have a meaning too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn nothing_in_a_text_ends_the_command_or_begins_another() {
        assert_eq!(data("a\n::set-output name=x::y\r%0A"), "a%0A::set-output name=x::y%0D%250A");
        assert_eq!(property("a,b:c\n"), "a%2Cb%3Ac%0A");
    }
}
