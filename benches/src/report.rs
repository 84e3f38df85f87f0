//! The figures as people and as programs read them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::figures::{COLUMNS, rows, straight};
use crate::round::Rounds;

/// A table of one scenario, with what a reader has to know about it.
pub(crate) fn table(rounds: &Rounds) -> String {
    let mut text = format!("\n## {} (`{}`)\n\n", rounds.scenario.title, rounds.scenario.name);
    let all = rounds.every.len();
    let rows = rows(rounds);
    if !rows.is_empty() {
        let names = COLUMNS.map(|(name, _)| name).join(" | ");
        let _ = writeln!(text, "| | {names} |\n|---|{}", "---|".repeat(COLUMNS.len()));
    }
    for row in &rows {
        let _ = write!(text, "| {} |", row.peer);
        for (place, figure) in row.figures.iter().enumerate() {
            let ratio = row.ratios.and_then(|ratios| ratios.get(place).copied());
            let ratio = ratio.map(|ratio| format!(" ({ratio:.2})")).unwrap_or_default();
            let _ = write!(text, " {}{ratio} |", number(*figure));
        }
        text.push('\n');
    }
    if let Some(straight) = straight(rounds) {
        let [p50, p99, p999] = straight.map(number);
        let _ = writeln!(
            text,
            "\nStraight to the origin: p50 {p50}, p99 {p99}, p99.9 {p999} µs; what is more than that a peer adds."
        );
    }
    for (kind, why) in &rounds.absent {
        let _ = writeln!(text, "\n{} has no part: {why}.", kind.name());
    }
    if all > 0 {
        let _ = writeln!(text, "\n{}", counted_rounds(rounds));
    }
    text
}

/// How many rounds the figures rest on, and what disturbed the others.
fn counted_rounds(rounds: &Rounds) -> String {
    let (all, counted) = (rounds.every.len(), rounds.counted().count());
    let disturbed = rounds.every.iter().filter_map(|round| round.disturbance.as_deref());
    let disturbed: Vec<&str> = disturbed.collect();
    let (many, Some(last)) = (disturbed.len(), disturbed.last()) else {
        return format!("All {all} rounds count.");
    };
    if rounds.all_count {
        return format!(
            "READ WITH CARE: {many} of {all} rounds were disturbed (the last: {last}); all count, as too few were not."
        );
    }
    format!("{counted} of {all} rounds count; {many} were disturbed (the last: {last}).")
}

/// Three digits that say something.
fn number(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        size if size >= 1.0 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

/// Everything, for programs.
pub(crate) fn json(all: &[Rounds], about: &Value) -> Value {
    let scenarios = all.iter().map(|rounds| {
        json!({
            "scenario": rounds.scenario.name,
            "title": rounds.scenario.title,
            "columns": COLUMNS.map(|(name, _)| name),
            "rows": rows(rounds),
            "straight_us": straight(rounds),
            "absent": rounds.absent.iter().map(|(kind, why)| json!({ "peer": kind.name(), "why": why })).collect::<Vec<_>>(),
            "peers": rounds.peers.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
            "rounds": rounds.every,
            "disturbed_rounds_count": rounds.all_count,
        })
    });
    json!({ "about": about, "scenarios": scenarios.collect::<Vec<_>>() })
}
