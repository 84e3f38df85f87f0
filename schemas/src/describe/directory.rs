//! What the directories of an api mean: which are versions, in which order, and which file is a version's main one.

use std::path::{Path, PathBuf};

use super::files::file_problem;
use super::source::{Disk, Kind, Source};
use crate::problem::{Place, Problem, Severity};
use crate::version::{self, Version};

/// The file that states the order of versions, one label a line; `#` begins a comment.
const ORDER_FILE: &str = "versions.txt";

const ENDINGS: [&str; 3] = ["json", "yaml", "yml"];

/// Bytes of the order file that are read; a million labels are more than any api has.
const ORDER_BYTES: usize = 16 << 20;

/// The files of a version's directory that can be documents, sorted by name.
pub(super) fn document_names(directory: &dyn Source) -> Vec<String> {
    let mut names = named(directory, Kind::File);
    names.retain(|name| {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        ENDINGS.contains(&ending) && stem != "changes" && !stem.is_empty()
    });
    names
}

/// The name of the main OpenAPI document, when a file's name says it is one.
pub(super) fn main_name(names: &[String]) -> Option<&String> {
    let wanted = ["openapi", "swagger"]
        .iter()
        .flat_map(|stem| ENDINGS.map(|ending| format!("{stem}.{ending}")));
    wanted.into_iter().find_map(|wanted| names.iter().find(|name| **name == wanted))
}

/// A directory of an api that holds its contract files and is no version.
const CONTRACTS: &str = "contracts";

/// The directories in a directory that hold documents, by name.
fn version_directories(directory: &dyn Source) -> Vec<String> {
    let mut labels = named(directory, Kind::Directory);
    labels.retain(|name| {
        !name.starts_with('.')
            && name != CONTRACTS
            && !document_names(&*directory.below(name)).is_empty()
    });
    labels
}

// The names of one kind in a directory, sorted.
fn named(directory: &dyn Source, kind: Kind) -> Vec<String> {
    let entries = directory.entries().into_iter();
    let mut names: Vec<String> =
        entries.filter(|entry| entry.kind == kind).map(|entry| entry.name).collect();
    names.sort();
    names
}

/// Whether a directory is an api: its subdirectories are versions, by their list or by their names.
pub(super) fn is_api(directory: &dyn Source) -> bool {
    let labels = version_directories(directory);
    if labels.is_empty() {
        return false;
    }
    match listed(directory) {
        Some(listed) => listed.iter().any(|(_, label)| labels.contains(label)),
        None => version::in_order(labels).is_ok(),
    }
}

/// The directories below, for a search; hidden ones left out.
pub(super) fn below(directory: &Path) -> Vec<PathBuf> {
    let mut names = named(&Disk::new(directory), Kind::Directory);
    names.retain(|name| !name.starts_with('.'));
    names.iter().map(|name| directory.join(name)).collect()
}

/// The versions of an api, oldest first. With problems and no version when they have no order.
pub(super) fn versions(directory: &dyn Source) -> (Vec<Version>, Vec<Problem>) {
    let labels = version_directories(directory);
    let mut problems = Vec::new();
    let Some(listed) = listed(directory) else {
        let name = directory.name("");
        if labels.is_empty() {
            let what = "no subdirectory holds a description".to_owned();
            let remedy = "make a directory for each version, such as `v1/openapi.yaml`";
            return (Vec::new(), vec![file_problem(&name, what, remedy)]);
        }
        return match version::in_order(labels) {
            Ok(versions) => (versions, problems),
            Err(faults) => {
                let remedy = format!(
                    "list the versions, oldest first, one a line, in `{name}/{ORDER_FILE}`"
                );
                let problem = |(label, why)| {
                    file_problem(&name, format!("the version `{label}` {why}"), &remedy)
                };
                (Vec::new(), faults.0.into_iter().map(problem).collect())
            }
        };
    };
    let file = directory.name(ORDER_FILE);
    let mut versions: Vec<Version> = Vec::new();
    let mut note = |line: u32, severity, what: String, remedy: &str| {
        let pointer = crate::pointer::Pointer::root();
        let place =
            Place { file: file.as_str().into(), line, column: u32::from(line > 0), pointer };
        problems.push(Problem { place, severity, what, remedy: remedy.to_owned() });
    };
    for (line, label) in listed {
        if versions.iter().any(|version| version.as_str() == label) {
            note(
                line,
                Severity::Error,
                format!("the version `{label}` is listed twice"),
                "keep one line",
            );
        } else if labels.contains(&label) {
            versions.push(Version::new(label));
        } else {
            let what = format!("the version `{label}` has no directory with a description");
            note(line, Severity::Error, what, "make the directory, or remove the line");
        }
    }
    for label in labels {
        if !versions.iter().any(|version| version.as_str() == label) {
            let what = format!("the directory `{label}` is not listed, so it is no version");
            note(0, Severity::Warning, what, "list it, or move it elsewhere");
        }
    }
    (versions, problems)
}

// The labels of the order file with their lines.
fn listed(directory: &dyn Source) -> Option<Vec<(u32, String)>> {
    let text = String::from_utf8(directory.read(ORDER_FILE, ORDER_BYTES).ok()?).ok()?;
    let lines = text.lines().zip(1_u32..).map(|(line, number)| {
        let label = line.split_once('#').map_or(line, |(label, _)| label).trim();
        (number, label.to_owned())
    });
    Some(lines.filter(|(_, label)| !label.is_empty()).collect())
}
