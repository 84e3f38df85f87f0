//! Rules on the shape of one file: its opening, its length, doors without logic, purity and printing.

/// How long a file may be.
const LONGEST: usize = 600;

/// The first line is an inner doc comment that says something.
pub(crate) fn opening(_path: &str, text: &str) -> Vec<String> {
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("//! ") {
        Some(sentence) if sentence.trim().len() > 1 => Vec::new(),
        _ => vec!["does not open with a `//!` sentence".to_owned()],
    }
}

/// At most 600 lines.
pub(crate) fn length(_path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines > LONGEST {
        return vec![format!("{lines} lines; a room this long wants a wall")];
    }
    Vec::new()
}

/// A `mod.rs` is a door: docs, `mod`, `use`.
pub(crate) fn door(_path: &str, text: &str) -> Vec<String> {
    let logic = ["fn", "impl", "macro_rules!"];
    let mut faults = Vec::new();
    for (number, line) in code_lines(text) {
        if let Some(word) = line.split_whitespace().find(|word| logic.contains(word)) {
            faults.push(format!("line {number}: `{word}` in a door"));
        }
    }
    faults
}

/// The manifest names nothing that opens a socket or watches files.
pub(crate) fn pure_manifest(_path: &str, text: &str) -> Vec<String> {
    let banned = ["tokio", "hyper", "http", "notify"];
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let name: String = line
            .trim_start_matches('"')
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
            .collect();
        let family = name.split(['-', '_']).next().unwrap_or_default();
        if banned.contains(&family) {
            faults.push(format!("line {}: names `{name}`", number + 1));
        }
    }
    faults
}

/// Only the command line, the demo, tests and benches print.
pub(crate) fn printing(path: &str, text: &str) -> Vec<String> {
    let printers = ["gateway/src/cli", "gateway/src/demo", "tests/", "benches/"];
    let prints = printers.iter().any(|room| path.starts_with(room));
    let tests = ["/tests/", "/tests.rs", "/benches/"];
    if prints || tests.iter().any(|part| path.contains(part)) {
        return Vec::new();
    }
    let macros = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    let body = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut faults = Vec::new();
    for (number, line) in code_lines(body) {
        let word = |name: &&&str| {
            line.match_indices(**name).any(|(at, _)| {
                !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
            })
        };
        if let Some(name) = macros.iter().find(word) {
            faults.push(format!("line {number}: `{name}` outside the command line"));
        }
    }
    faults
}

/// Lines that are not comments, trimmed, with their numbers.
pub(crate) fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_start()));
    numbered.filter(|(_, line)| !line.starts_with("//"))
}

#[track_caller]
fn fires(rule: fn(&str, &str) -> Vec<String>, path: &str, planted: &str, clean: &str) {
    assert!(!rule(path, planted).is_empty(), "does not see the planted fault");
    assert_eq!(rule(path, clean), Vec::<String>::new());
}

#[test]
fn opening_fires() {
    fires(opening, "schemas/src/x.rs", "use std::fmt;\n", "//! What x is.\nuse std::fmt;\n");
    fires(opening, "schemas/src/x.rs", "//!\nuse std::fmt;\n", "//! What x is.\n");
}

#[test]
fn length_fires() {
    fires(length, "schemas/src/x.rs", &"x\n".repeat(601), &"x\n".repeat(600));
}

#[test]
fn door_fires() {
    let clean = "//! A door: fn is a word here.\npub mod a;\npub use a::A;\n";
    fires(door, "schemas/src/x/mod.rs", "pub mod a;\npub(crate) fn logic() {}\n", clean);
}

#[test]
fn pure_manifest_fires() {
    let clean = "[dependencies]\nserde.workspace = true\n# no tokio here\n";
    fires(pure_manifest, "schemas/Cargo.toml", "[dependencies]\nhyper-util = \"1\"\n", clean);
    fires(pure_manifest, "schemas/Cargo.toml", "[dependencies]\ntokio.workspace = true\n", clean);
}

#[test]
fn printing_fires() {
    let clean = "//! ```\n//! println!();\n//! ```\nlet x = reprint!(1);\n#[cfg(test)]\nmod tests { println!() }\n";
    fires(printing, "gateway/src/server/a.rs", "  println!(\"x\");\n", clean);
    assert!(printing("gateway/src/cli/check.rs", "println!();").is_empty());
}
