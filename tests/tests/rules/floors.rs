//! Which room may name which: no file names a room above its own.

use super::shape::code_lines;

/// Rooms by the folder of their crate, top floor first.
pub(crate) const FLOORS: [(&str, &[&str]); 3] = [
    (
        "schemas/src",
        &[
            "convert", "plan", "relate", "sample", "language", "changes", "describe", "release",
            "document", "schema", "version", "problem", "pointer",
        ],
    ),
    (
        "contracts/src",
        &[
            "run",
            "matching",
            "file",
            "tester",
            "cases",
            "machine",
            "caches",
            "examples",
            "matrix",
            "exchange",
            "changelog",
            "suggest",
            "lens_file",
            "check",
            "released",
            "report",
            "evidence",
            "policy",
            "member",
        ],
    ),
    (
        "gateway/src",
        &[
            "cli",
            "demo",
            "server",
            "admin",
            "control",
            "assemble",
            "exchange",
            "telemetry",
            "snapshot",
            "ledger",
            "otel",
            "upstream",
            "drift",
            "wire",
            "tls",
            "config",
            "refusal",
        ],
    ),
];

/// The room of a file; `None` for a crate's own door and for files outside the folder.
pub(crate) fn room<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    let inside = path.strip_prefix(folder)?.strip_prefix('/')?;
    let first = inside.split('/').next()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(room, "lib" | "main")).then_some(room)
}

/// Rooms above that the file names, as `crate::room`, in a `use crate::{…}` or by `super::super::room`.
pub(crate) fn upward(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (folder, floors) in FLOORS {
        let Some(own) = room(folder, path) else { continue };
        let Some(level) = floors.iter().position(|floor| *floor == own) else { continue };
        for (line, name) in named(text) {
            if floors.iter().take(level).any(|above| *above == name) {
                faults.push(format!("line {line}: `{own}` names `{name}` above it"));
            }
        }
    }
    faults
}

/// `exchange` reads the snapshot, never the configuration as written.
pub(crate) fn exchange_without_config(path: &str, text: &str) -> Vec<String> {
    if room("gateway/src", path) != Some("exchange") {
        return Vec::new();
    }
    let configs = named(text).into_iter().filter(|(_, name)| name == "config");
    configs.map(|(line, _)| format!("line {line}: `exchange` names `config`")).collect()
}

/// Every first path segment named after `crate::` or `super::super::`, groups opened, with its line.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let mut group: Option<usize> = None;
    for (number, line) in code_lines(text) {
        let mut rest = line;
        while !rest.is_empty() {
            if let Some(depth) = group {
                let (found, left, after) = grouped(rest, depth);
                names.extend(found.into_iter().map(|name| (number, name)));
                (group, rest) = (left, after);
                continue;
            }
            let Some((at, mark)) = first_mark(rest) else { break };
            rest = rest.get(at + mark..).unwrap_or_default();
            if let Some(inside) = rest.strip_prefix('{') {
                (group, rest) = (Some(1), inside);
            } else {
                names.push((number, word(rest)));
            }
        }
    }
    names
}

/// Where the next path into the crate starts, and how long its first step is.
fn first_mark(text: &str) -> Option<(usize, usize)> {
    let marks = ["crate::", "super::super::"];
    marks.iter().filter_map(|mark| Some((text.find(mark)?, mark.len()))).min()
}

/// The names at depth one of a group that may go on in the next line: names, depth left, what follows.
fn grouped(text: &str, mut depth: usize) -> (Vec<String>, Option<usize>, &str) {
    let mut names = Vec::new();
    let mut fresh = true;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 1 => return (names, None, text.get(at + 1..).unwrap_or_default()),
            '}' => depth -= 1,
            ',' => fresh = true,
            _ if letter.is_whitespace() => {}
            _ => {
                if depth == 1 && fresh {
                    names.push(word(text.get(at..).unwrap_or_default()));
                }
                fresh = false;
            }
        }
    }
    (names, Some(depth), "")
}

/// The identifier at the start.
fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[track_caller]
fn check(path: &str, text: &str, expected: usize) {
    assert_eq!(upward(path, text).len(), expected, "{path}: {text}");
}

#[test]
fn a_name_above_is_seen() {
    check("gateway/src/refusal.rs", "use crate::exchange::Walk;", 1);
    check("gateway/src/exchange/walk.rs", "use crate::refusal::Refusal;", 0);
    check("schemas/src/pointer.rs", "fn x() { crate::schema::Schema::new() }", 1);
    check("schemas/src/relate/close.rs", "use crate::{schema::Schema, plan::{Plan, relate}};", 1);
    check(
        "schemas/src/relate/close.rs",
        "use crate::{\n  schema::{Schema, plan},\n  sample,\n};",
        0,
    );
    check("schemas/src/relate/close.rs", "use crate::{\n  schema::{\n plan},\n  convert,\n};", 1);
    check("schemas/src/relate/close.rs", "use super::super::plan::Plan;", 1);
    check("schemas/src/relate/close.rs", "// crate::plan is told in a comment", 0);
    check("schemas/src/lib.rs", "use crate::convert;", 0);
}

#[test]
fn a_config_in_exchange_is_seen() {
    let planted = "use crate::config::Listen;";
    assert_eq!(exchange_without_config("gateway/src/exchange/walk.rs", planted).len(), 1);
    assert_eq!(exchange_without_config("gateway/src/exchange.rs", planted).len(), 1);
    assert_eq!(exchange_without_config("gateway/src/assemble.rs", planted).len(), 0);
}
