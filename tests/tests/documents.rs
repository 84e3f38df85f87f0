//! What the documents tell a reader to run is what the program knows.

use std::path::Path;

use evergate_tests::{binary, corpus, told};

/// Markdown files of the top, of `docs` and of the examples.
fn documents(folder: &Path, depth: u32, into: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() && depth > 0 {
            documents(&path, depth - 1, into);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            into.push(path);
        }
    }
}

#[test]
fn every_command_in_the_documents_exists() {
    let help = binary::command(&["--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let known = told::known(&help);
    assert!(known.contains(&"run"), "the help lists no `run`:\n{help}");
    let mut files = Vec::new();
    documents(&corpus::root(), 0, &mut files);
    documents(&corpus::root().join("docs"), 3, &mut files);
    documents(&corpus::root().join("examples"), 2, &mut files);
    let mut unknown = Vec::new();
    let mut count = 0;
    for file in files {
        for (line, name) in told::subcommands(&std::fs::read_to_string(&file).unwrap()) {
            count += 1;
            if !known.contains(&name.as_str()) {
                unknown.push(format!("{}:{line}: `evergate {name}`", file.display()));
            }
        }
    }
    assert!(count > 0, "the documents tell no command");
    assert!(unknown.is_empty(), "\n{}", unknown.join("\n"));
}
