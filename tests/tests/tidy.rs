//! The house rules, each a pure function over a file's path and text, run over every file of the repository.

#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::path::Path;
use std::process::Command;

use evergate_tests::corpus::root;

mod rules {
    //! One door to the rules.
    pub(crate) mod floors;
    pub(crate) mod prose;
    pub(crate) mod shape;
}

use rules::{floors, prose, shape};

/// Every file below `folder` but build products and git's own, relative to the root, with `/`.
fn files(folder: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "target" || name == ".git" || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            // A cargo target directory under another name marks itself.
            if !path.join("CACHEDIR.TAG").exists() {
                files(&path, into);
            }
        } else {
            let relative = path.strip_prefix(root()).unwrap();
            into.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
}

/// Text files for which `wanted` holds, with their text.
fn texts(wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut all = Vec::new();
    files(&root(), &mut all);
    all.sort();
    let read = |path: String| {
        let text = String::from_utf8(std::fs::read(root().join(&path)).unwrap()).ok()?;
        Some((path, text))
    };
    all.into_iter().filter(|path| wanted(path)).filter_map(read).collect()
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "rs")
}

/// Data of others, kept as published.
fn is_foreign(path: &str) -> bool {
    path.starts_with("tests/data/apis/") || path == "Cargo.lock" || path == "LICENSE"
}

/// Runs one rule over all wanted files; every fault is shown at once.
#[track_caller]
fn check(wanted: impl Fn(&str) -> bool, rule: impl Fn(&str, &str) -> Vec<String>) {
    let texts = texts(wanted);
    assert!(!texts.is_empty(), "the rule looked at no file");
    let faults: Vec<String> = texts
        .iter()
        .flat_map(|(path, text)| {
            rule(path, text).into_iter().map(move |fault| format!("{path}: {fault}"))
        })
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_file_opens_with_one_sentence() {
    check(is_rust, shape::opening);
}

#[test]
fn no_file_is_longer_than_600_lines() {
    check(is_rust, shape::length);
}

#[test]
fn doors_hold_no_logic() {
    // What a folder of tests shares is no room.
    check(|path| path.ends_with("/mod.rs") && !path.contains("/tests/"), shape::door);
}

#[test]
fn pure_crates_name_no_sockets() {
    let pure = ["schemas/Cargo.toml", "contracts/Cargo.toml"];
    check(|path| pure.contains(&path), shape::pure_manifest);
}

#[test]
fn no_file_names_a_room_above_its_own() {
    check(is_rust, floors::upward);
}

#[test]
fn exchange_never_names_config() {
    check(|path| path.starts_with("gateway/src/exchange"), floors::exchange_without_config);
}

#[test]
fn every_room_has_a_floor() {
    for (folder, floors) in floors::FLOORS {
        let mut seen = Vec::new();
        files(&root().join(folder), &mut seen);
        for path in seen {
            let Some(room) = floors::room(folder, &path) else { continue };
            assert!(floors.contains(&room), "{path}: `{room}` has no floor in FLOORS");
        }
    }
}

#[test]
fn only_the_command_line_prints() {
    check(is_rust, shape::printing);
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    check(|path| !is_foreign(path), prose::places);
}

#[test]
fn every_relative_link_leads_somewhere() {
    let wanted = |path: &str| {
        Path::new(path).extension().is_some_and(|ending| ending == "md") && !is_foreign(path)
    };
    check(wanted, |path, text| {
        let folder = root().join(path).parent().unwrap().to_owned();
        prose::dead_links(text, |target| folder.join(target).exists())
    });
}

/// The README's first command names no program, and several packages have one.
#[test]
fn cargo_runs_the_gateway_where_no_program_is_named() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let asked = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let told = Command::new(cargo).args(asked).current_dir(root()).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap();
    let runs: Vec<&str> =
        packages.iter().filter_map(|package| package["default_run"].as_str()).collect();
    assert_eq!(runs, ["evergate"]);
}
