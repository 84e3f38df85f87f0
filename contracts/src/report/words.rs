//! The sentences that all outputs share, made from rows, and what texts of strangers become before people see them.

use serde_json::Value;

use super::model::{Cause, Inside, Reach, Row, Spot, Step, from_backend};

/// Lines of a payload that are shown; the rest is counted.
const PAYLOAD_LINES: usize = 16;
/// Characters of a payload's line that are shown.
const PAYLOAD_COLUMNS: usize = 120;
/// Messages of one cause that are named; the rest is counted.
const REACHED: usize = 3;
/// Characters of one sentence that are shown.
const SENTENCE_BOUND: usize = 600;

/// A number and its noun.
pub fn counted(count: usize, noun: &str) -> String {
    let ending = match (count, noun.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {noun}{ending}")
}

/// A text of a stranger without what would act on a terminal: control characters are written as escapes, and so are
/// the marks that turn the direction of text around.
pub(super) fn clean(text: &str) -> String {
    let acts = |one: char| {
        one.is_control() || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(acts) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    for one in text.chars() {
        if acts(one) { clean.extend(one.escape_default()) } else { clean.push(one) }
    }
    clean
}

/// A sentence that may quote a stranger: clean and of bounded length.
pub(super) fn sentence(text: &str) -> String {
    let text = clean(text);
    clipped(&text, SENTENCE_BOUND)
}

/// The first characters of a text, and a mark where something is left out.
pub(super) fn clipped(text: &str, bound: usize) -> String {
    if text.chars().count() <= bound {
        return text.to_owned();
    }
    text.chars().take(bound).chain("…".chars()).collect()
}

/// A payload, indented, cut at the bounds above.
pub(super) fn pretty(payload: &Value) -> String {
    let text = serde_json::to_string_pretty(payload).unwrap_or_default();
    let all = text.lines().count();
    let clip = |line| clipped(&clean(line), PAYLOAD_COLUMNS);
    let mut lines: Vec<String> = text.lines().take(PAYLOAD_LINES).map(clip).collect();
    if all > PAYLOAD_LINES {
        lines.push(format!("… {} more lines", all - PAYLOAD_LINES));
    }
    lines.join("\n")
}

/// A place in one word: `FILE:LINE:COLUMN`, or with the pointer where the line is not known.
pub(super) fn at(spot: &Spot) -> String {
    let Spot { file, line, column, pointer } = spot;
    match (line, pointer.as_str()) {
        (0, "") => clean(file),
        (0, pointer) => clean(&format!("{file} at {pointer}")),
        (line, _) => clean(&format!("{file}:{line}:{column}")),
    }
}

/// The message of a row, as a noun: "`GET /orders` response 200, body application/json, client v1, backend v2".
pub(super) fn message(row: &Row) -> String {
    let status = row.status.as_ref().map_or(String::new(), |status| format!(" {status}"));
    let part = if row.part == "whole" { String::new() } else { format!(", {}", row.part) };
    let Row { client, backend, side, operation, .. } = row;
    if row.side == "document" {
        return format!("`{operation}` written for {client} and read by {backend}");
    }
    clean(&format!("`{operation}` {side}{status}{part}, client {client}, backend {backend}"))
}

/// What is the matter with a row, in one line.
pub(super) fn title(row: &Row) -> String {
    let comma = if row.side == "document" { "" } else { "," };
    format!("{}{comma} is {}", message(row), row.verdict)
}

/// The versions of a row's sender and reader.
pub(super) fn roles(row: &Row) -> (&str, &str) {
    if from_backend(row.side) { (&row.backend, &row.client) } else { (&row.client, &row.backend) }
}

/// Why, in one sentence.
pub(super) fn said(row: &Row) -> String {
    let (_, reader) = roles(row);
    if row.rule.as_deref() == Some("operation-removed") {
        return format!("{reader} has no such operation");
    }
    let text = match (&row.witness, &row.undecided) {
        (Some(witness), _) if row.part == "whole" => witness.message.clone(),
        (Some(witness), _) if !witness.said.is_empty() => witness.said.clone(),
        (Some(witness), _) => {
            let at = if witness.at.is_empty() { "the whole payload" } else { &witness.at };
            let (keyword, message) = (&witness.keyword, &witness.message);
            if is_step(keyword) {
                format!("the conversion to {reader} fails at {at} by rule {keyword}: {message}")
            } else {
                format!("{reader} refuses {at} by `{keyword}`: {message}")
            }
        }
        (None, Some(unknown)) => {
            let at = if unknown.at.is_empty() { "the root" } else { &unknown.at };
            format!("neither proved nor refuted: {} at {at}", unknown.reason)
        }
        (None, None) => losses(&row.losses),
    };
    sentence(&text)
}

fn losses(losses: &[Step]) -> String {
    let texts: Vec<&str> = losses.iter().map(|step| step.text.as_str()).collect();
    texts.join("; ")
}

/// What else is known of a row, paragraph by paragraph.
pub(super) fn notes(row: &Row) -> Vec<String> {
    let mut notes = Vec::new();
    let unions = row.witness.iter().flat_map(|witness| &witness.inside);
    for Inside { keyword, at, branch } in unions {
        let at = if at.is_empty() { "the whole payload" } else { at };
        notes.push(sentence(&format!(
            "inside `{keyword}` at {at}: variant `{branch}` comes closest"
        )));
    }
    if let Some(Cause { rule, message, old, new, .. }) = &row.cause {
        let place = new.as_ref().or(old.as_ref());
        let place = place.map_or_else(String::new, |at| format!(" ({}:{})", at.file, at.line));
        notes.push(sentence(&format!("caused by {rule}: {message}{place}")));
    }
    if !row.reached.is_empty() {
        notes.push(sentence(&reached(&row.reached)));
    }
    if let Some(unknown) = &row.undecided {
        notes.push(format!("{} generated payloads were tried, all got through", unknown.tried));
    }
    if !row.policies.is_empty() {
        notes.push(format!("judged by: {}", row.policies.join(", ")));
    }
    notes
}

/// The other messages of one cause: the first by name, the rest counted.
fn reached(others: &[Reach]) -> String {
    let name = |one: &Reach| {
        let status = one.status.as_ref().map_or_else(String::new, |status| format!(" {status}"));
        format!("`{}` {}{status}", one.operation, one.side)
    };
    let named: Vec<String> = others.iter().take(REACHED).map(name).collect();
    let rest = match others.len().saturating_sub(REACHED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!("also reached: {}{rest}", named.join(", "))
}

/// Whether it is a rule of a conversion (`A3`, `L6`), not a keyword of a schema.
pub(super) fn is_step(keyword: &str) -> bool {
    let mut letters = keyword.chars();
    letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && letters.all(|rest| rest.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{clean, clipped, counted};

    #[test]
    fn what_acts_on_a_terminal_is_written_out() {
        assert_eq!(clean("a\u{1b}[31m\u{202e}b"), "a\\u{1b}[31m\\u{202e}b");
        assert_eq!(clean("größe"), "größe");
    }

    #[test]
    fn numbers_and_cuts() {
        assert_eq!(counted(1, "loss"), "1 loss");
        assert_eq!(counted(2, "loss"), "2 losses");
        assert_eq!(counted(0, "step"), "0 steps");
        assert_eq!(clipped("äöü", 2), "äö…");
    }
}
