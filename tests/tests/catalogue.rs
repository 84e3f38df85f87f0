//! The catalogue of rules is whole, and names nothing that is not there.

#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use evergate_tests::corpus::root;

/// Where a name of the page is: below the root, or below the crate most of it is about.
fn found(name: &str) -> Option<PathBuf> {
    let places = ["", "schemas/src", "docs"];
    let path = places.iter().map(|place| root().join(place).join(name));
    path.into_iter().find(|path| path.exists())
}

/// Whether a path has a function of this name.
fn has(path: &Path, test: &str) -> bool {
    let text = std::fs::read_to_string(path).unwrap();
    text.contains(&format!("fn {test}("))
}

#[test]
fn every_row_is_there_and_every_name_leads_somewhere() {
    let page = std::fs::read_to_string(root().join("docs/catalogue.md")).unwrap();
    let rows: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()).collect();
    let wanted = (1..=23).map(|row| format!("A{row}"));
    let wanted = wanted.chain((1..=26).map(|row| format!("L{row}")));
    let wanted = wanted.chain((1..=21).map(|law| law.to_string()));
    let mut faults: Vec<String> = wanted
        .filter(|row| !rows.contains(row.as_str()))
        .map(|row| format!("no row {row}"))
        .collect();
    let mut tests = 0;
    for name in page.split('`').skip(1).step_by(2) {
        if let Some((file, test)) = name.split_once("::") {
            tests += 1;
            if !found(file).is_some_and(|path| has(&path, test)) {
                faults.push(format!("`{name}` is not there"));
            }
        } else if (Path::new(name).extension().is_some_and(|kind| kind == "rs")
            || name.contains("src/"))
            && found(name).is_none()
        {
            faults.push(format!("`{name}` leads nowhere"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(tests > 60, "{tests} tests");
}
