//! Two payloads side by side, with what differs in colour.

use std::collections::HashSet;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

const NARROWEST: usize = 72;
const WIDEST: usize = 132;
const MOST_LINES: usize = 18;

/// One side of a pair.
#[derive(Debug)]
pub(super) struct Pane<'p> {
    pub(super) title: String,
    pub(super) body: &'p [u8],
}

/// How wide the terminal says it is (`COLUMNS`), within what the panes need.
pub(super) fn width() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .unwrap_or(108)
        .clamp(NARROWEST, WIDEST)
}

/// A heading over the whole width.
pub(super) fn heading(out: &mut impl Write, text: &str) -> io::Result<()> {
    let style = Style::new().bold();
    writeln!(
        out,
        "\n{style}── {text} {}{style:#}",
        "─".repeat(width().saturating_sub(text.chars().count() + 4))
    )
}

/// Both payloads, one line each beside the other; a line that the other side lacks is coloured.
pub(super) fn pair(out: &mut impl Write, left: &Pane<'_>, right: &Pane<'_>) -> io::Result<()> {
    let column = (width() - 3) / 2;
    let title = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
    let (one, other) = (clip(&left.title, column), clip(&right.title, column));
    writeln!(out, "{title}{one:<column$}{title:#} │ {title}{other}{title:#}")?;
    let (left, right) = (lines(left.body), lines(right.body));
    let (in_left, in_right) = (significant(&left), significant(&right));
    let (gone, new) = (colour(AnsiColor::Red), colour(AnsiColor::Green));
    for row in 0..left.len().max(right.len()) {
        let (one, other) = (left.get(row), right.get(row));
        cell(out, one, column, &in_right, gone)?;
        write!(out, " │ ")?;
        cell(out, other, 0, &in_left, new)?;
        writeln!(out)?;
    }
    Ok(())
}

fn cell(
    out: &mut impl Write,
    line: Option<&String>,
    padded: usize,
    elsewhere: &HashSet<String>,
    marked: Style,
) -> io::Result<()> {
    let text = line.map_or("", String::as_str);
    let text = clip(text, (width() - 3) / 2);
    let style =
        if elsewhere.contains(&bare(&text)) || text == "…" { Style::new() } else { marked };
    write!(out, "{style}{text}{style:#}{}", " ".repeat(padded.saturating_sub(text.chars().count())))
}

fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into()))
}

fn bare(line: &str) -> String {
    line.trim().trim_end_matches(',').to_owned()
}

fn significant(lines: &[String]) -> HashSet<String> {
    let column = (width() - 3) / 2;
    lines.iter().map(|line| bare(&clip(line, column))).collect()
}

/// The body as indented JSON in its own order, or as it is; shortened to a screenful.
fn lines(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let text = if text.is_empty() { "(no body)".to_owned() } else { indented(&text) };
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push("…".to_owned());
    }
    lines
}

/// JSON text with one member or item a line; only the space between tokens is changed, never their order or spelling.
pub(super) fn indented(text: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0_usize, false, false);
    let mut letters = text.chars().filter(|letter| !letter.is_control()).peekable();
    while let Some(letter) = letters.next() {
        if quoted {
            out.push(letter);
            quoted = escaped || letter != '"';
            escaped = letter == '\\' && !escaped;
            continue;
        }
        match letter {
            ' ' => {}
            '"' => {
                quoted = true;
                out.push(letter);
            }
            '{' | '[' => {
                while letters.next_if_eq(&' ').is_some() {}
                out.push(letter);
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

fn clip(text: &str, column: usize) -> String {
    if text.chars().count() <= column {
        return text.to_owned();
    }
    text.chars().take(column.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{Pane, indented, pair};

    #[test]
    fn what_one_side_lacks_is_coloured() {
        let mut out = Vec::new();
        let left = Pane { title: "sent".to_owned(), body: br#"{"a":1,"b":2}"# };
        let right = Pane { title: "got".to_owned(), body: br#"{"a":1,"c":2}"# };
        pair(&mut out, &left, &right).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.contains("\u{1b}[31m  \"b\": 2\u{1b}[0m"), "{shown}");
        assert!(shown.contains("\u{1b}[32m  \"c\": 2\u{1b}[0m"), "{shown}");
        assert!(!shown.contains("\u{1b}[31m  \"a\""), "{shown}");
    }

    #[test]
    fn indenting_changes_only_the_space_between_tokens() {
        let text = r#"{"b":[1.0,{"a, \"x\"":[]}],"a":{}}"#;
        let shown = indented(text);
        assert_eq!(
            shown,
            "{\n  \"b\": [\n    1.0,\n    {\n      \"a, \\\"x\\\"\": []\n    }\n  ],\n  \"a\": {}\n}"
        );
        assert_eq!(indented(&shown), shown);
    }
}
