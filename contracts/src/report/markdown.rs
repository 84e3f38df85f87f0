//! The report as a comment on a pull request, in GitHub's and GitLab's Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::excerpt::Sources;
use super::finding::{Finding, short};
use super::model::{ApiReport, CheckReport, Counts, Judged};
use super::verdict_line::{bump_lines, verdict_line};
use super::words::{at, clean, clipped, counted, pretty};
use crate::policy::WAIVERS_NAME;

/// Characters of a comment that GitHub takes.
const COMMENT_BOUND: usize = 65_536;
/// Characters that are kept free for what comes after the findings.
const RESERVE: usize = 2_048;
/// Rows of the table of operations.
const ROWS_BOUND: usize = 100;
/// What the comment of an earlier run is found by.
const MARKER: &str = "<!-- evergate check -->";

/// A text that stops growing before a comment would be too long.
struct Comment {
    text: String,
    left: usize,
}

impl Comment {
    /// Adds a whole piece, or nothing.
    fn add(&mut self, piece: &str) -> bool {
        let length = piece.chars().count();
        if length > self.left {
            return false;
        }
        self.left -= length;
        self.text.push_str(piece);
        true
    }
}

/// Writes the comment.
pub(super) fn write(to: &mut dyn io::Write, report: &CheckReport) -> io::Result<()> {
    let mut comment = Comment { text: String::new(), left: COMMENT_BOUND - RESERVE };
    let (word, rest) = verdict_line(report);
    comment.add(&format!(
        "{MARKER}\n## Evergate: {word}\n\n{}\n\n",
        inline(rest.trim_start_matches(": "))
    ));
    for line in bump_lines(report) {
        comment.add(&format!("{}\n\n", inline(&line)));
    }
    for api in &report.apis {
        summary(&mut comment, api);
    }
    let waived: Vec<&Finding> = report.findings.iter().filter(|one| one.waived.is_some()).collect();
    let open: Vec<&Finding> = report.findings.iter().filter(|one| one.waived.is_none()).collect();
    let mut sources = Sources::default();
    let shown = open.iter().take_while(|one| comment.add(&details(one, &mut sources))).count();
    comment.left += RESERVE;
    if open.len() > shown {
        let rest = counted(open.len() - shown, "finding");
        comment.add(&format!("\n… and {rest} more, which do not fit into a comment.\n"));
    }
    waivers(&mut comment, &waived);
    to.write_all(comment.text.as_bytes())
}

/// One api: its counts, and a table of the operations that are not all native.
fn summary(comment: &mut Comment, api: &ApiReport) {
    let (first, last) = (api.versions.first(), api.versions.last());
    let range = match (first, last) {
        (Some(first), Some(last)) => format!(" {} to {}", code(first), code(last)),
        _ => String::new(),
    };
    let messages = counted(api.messages, "message");
    comment.add(&format!(
        "### {}{range}\n\n{messages}: {}\n\n",
        code(&api.api),
        counts(api.verdicts)
    ));
    let mut operations: BTreeMap<(&str, &str, &str), Vec<&Judged>> = BTreeMap::new();
    for one in api.judged.iter().filter(|one| one.verdict != "native") {
        let key = (one.operation.as_str(), one.client.as_str(), one.backend.as_str());
        operations.entry(key).or_default().push(one);
    }
    if operations.is_empty() {
        return;
    }
    comment.add("| operation | client | backend | messages |\n|---|---|---|---|\n");
    let all = operations.len();
    let rows = operations.iter().take(ROWS_BOUND).take_while(
        |((operation, client, backend), messages)| {
            let (operation, client, backend) = (cell(operation), cell(client), cell(backend));
            comment
                .add(&format!("| {operation} | {client} | {backend} | {} |\n", verdicts(messages)))
        },
    );
    let shown = rows.count();
    if all > shown {
        comment.add(&format!("\n… and {} more\n", counted(all - shown, "operation")));
    }
    comment.add("\n");
}

fn verdicts(messages: &[&Judged]) -> String {
    let text = |one: &&Judged| {
        let status = one.status.as_ref().map_or(String::new(), |status| format!(" {status}"));
        let word = match one.verdict {
            bad @ ("broken" | "undecided") => format!("**{bad}**"),
            other => other.to_owned(),
        };
        format!("{}{} {word}", one.side, inline(&status))
    };
    messages.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn counts(counts: Counts) -> String {
    let Counts { native, bridged, lossy, undecided, broken } = counts;
    format!(
        "{native} native, {bridged} bridged, {lossy} lossy, {undecided} undecided, {broken} broken"
    )
}

/// A finding that opens on a click.
fn details(finding: &Finding, sources: &mut Sources) -> String {
    let Finding { class, rule, api, title, .. } = finding;
    let title = clipped(title, 300);
    let summary = format!("<b>{}</b> {}: {}", class.word(), html(api), html(&title));
    let mut text =
        format!("<details><summary>{summary} [<code>{}</code>]</summary>\n\n", html(rule));
    if !finding.said.is_empty() && !finding.title.ends_with(&finding.said) {
        paragraph(&mut text, &inline(&finding.said));
    }
    let (sender, reader) = finding.roles();
    if let Some(witness) = &finding.witness {
        paragraph(&mut text, &format!("Valid in {}:", code(sender)));
        paragraph(&mut text, &fenced("json", &pretty(&witness.payload)));
        if let Some(received) = &witness.received {
            paragraph(&mut text, &format!("Converted to {}:", code(reader)));
            paragraph(&mut text, &fenced("json", &pretty(received)));
        }
    }
    for note in &finding.notes {
        paragraph(&mut text, &inline(note));
    }
    for place in &finding.places {
        paragraph(&mut text, &format!("{}: {}", inline(&place.label), code(&at(&place.spot))));
        if let Some(excerpt) = sources.excerpt(&place.spot) {
            paragraph(&mut text, &fenced("", &clean(&excerpt.text)));
        }
    }
    if !finding.remedy.is_empty() {
        paragraph(&mut text, &format!("**To mend it:** {}", inline(&finding.remedy)));
    }
    if let Some(snippet) = &finding.snippet {
        paragraph(&mut text, "A lens for `changes.yaml`, with values to look over:");
        let snippet: Vec<String> = snippet.lines().map(clean).collect();
        paragraph(&mut text, &fenced("yaml", &snippet.join("\n")));
    }
    if finding.about != "waiver" {
        paragraph(&mut text, &format!("To waive it, write into `{WAIVERS_NAME}`:"));
        paragraph(&mut text, &fenced("yaml", &finding.waiver()));
    }
    paragraph(&mut text, "</details>");
    text
}

fn paragraph(text: &mut String, piece: &str) {
    text.push_str(piece);
    text.push_str("\n\n");
}

fn waivers(comment: &mut Comment, waived: &[&Finding]) {
    if waived.is_empty() {
        return;
    }
    let count = counted(waived.len(), "finding");
    comment.add(&format!("\n<details><summary>{count} waived</summary>\n\n"));
    let shown = waived.iter().take_while(|one| {
        let Some(by) = &one.waived else { return true };
        let (title, reason) = (inline(&clipped(&one.title, 200)), inline(&by.reason));
        let mark = short(&one.fingerprint);
        comment.left > RESERVE / 2
            && comment
                .add(&format!("- {title} [`{mark}`], until {}: {reason}\n", inline(&by.expires)))
    });
    let shown = shown.count();
    if waived.len() > shown {
        comment.add(&format!("- … and {} more\n", waived.len() - shown));
    }
    comment.add("\n</details>\n");
}

/// A sentence: what stands between backticks is code, and of the rest all punctuation that could mean something is
/// escaped, so that nothing becomes a link, a tag or a table; a name behind `@` is told apart from it, so that nobody
/// is called.
fn inline(text: &str) -> String {
    spans(text, prose, code)
}

/// A sentence in a table's cell, where what stands between backticks is code.
pub(crate) fn sentence_cell(text: &str) -> String {
    spans(text, prose, cell)
}

fn prose(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in clean(text).chars() {
        match one {
            '\\' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '&'
            | '$' => {
                safe.push('\\');
                safe.push(one);
            }
            '@' => safe.push_str("@\u{200b}"),
            one => safe.push(one),
        }
    }
    safe
}

/// The text between pairs of backticks as code, the rest as prose. A backtick without a partner is left out: it
/// would open what is never closed.
fn spans(text: &str, prose: fn(&str) -> String, code: fn(&str) -> String) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    let last = pieces.len().saturating_sub(1);
    let each = pieces.iter().enumerate().map(|(index, piece)| match index % 2 {
        1 if index < last && !piece.is_empty() => code(piece),
        _ => prose(piece),
    });
    each.collect()
}

/// Text of a stranger as code, in more backticks than it has itself (`CommonMark`, section 6.1).
fn code(text: &str) -> String {
    let text = clean(text);
    let marks = "`".repeat(longest_run(&text, '`') + 1);
    let padding =
        if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{marks}{padding}{text}{padding}{marks}")
}

/// Code in a table's cell: a bar would end the cell even there.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A block of code, in more backticks than it has itself.
fn fenced(language: &str, text: &str) -> String {
    let marks = "`".repeat(longest_run(text, '`').max(2) + 1);
    format!("{marks}{language}\n{text}\n{marks}")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for one in text.chars() {
        run = if one == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// A sentence inside a tag that we wrote.
fn html(text: &str) -> String {
    spans(text, tagged, |code| format!("<code>{}</code>", tagged(code)))
}

/// Text of a stranger inside a tag: neither HTML nor Markdown may be read in it.
fn tagged(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in clean(text).chars() {
        match one {
            '@' => safe.push_str("@\u{200b}"),
            one if one.is_ascii_punctuation() && !"-/.,:;() ".contains(one) => {
                // writing into a text does not fail
                let _ = write!(safe, "&#{};", u32::from(one));
            }
            one => safe.push(one),
        }
    }
    safe
}
