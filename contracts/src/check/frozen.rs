//! Released versions against what the lock file froze, and the lock file against an earlier one.

use std::sync::Arc;

use evergate_schemas::describe::model::{Api, Description};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use evergate_schemas::release::{Content, Edit, EditKind, Lock, Release};

use crate::report::model::ReleaseRow;
use crate::report::rows::spot;

/// Parts of one release that are told one by one; the others are counted.
const PARTS_TOLD: usize = 20;
/// The file beside a version's documents that declares what no schema shows.
const CHANGES: &str = "changes.yaml";

/// What a version's documents hold, with what it declares about its predecessor.
pub fn content(version: &Description) -> Content {
    let documents = version.files.iter().map(|file| (file.path.as_str(), &*file.document));
    Content::of(documents.chain(version.changes.as_ref().map(|document| (CHANGES, document))))
}

/// Released versions that are not as they were frozen: edited, or gone.
pub fn frozen(api: &Api, lock: &Lock) -> Vec<ReleaseRow> {
    let mut rows = Vec::new();
    for release in lock.releases() {
        match api.versions.iter().find(|one| one.version == release.version) {
            Some(version) => rows.extend(edited(version, release)),
            None => rows.push(gone(release, "its directory is not there")),
        }
    }
    rows
}

/// Entries of an earlier lock file, which messages call `shown`, that are not in this one as they were there.
pub fn kept(earlier: &Lock, now: &Lock, shown: &str) -> Vec<ReleaseRow> {
    let mut rows = Vec::new();
    for release in earlier.releases() {
        match now.release(&release.version) {
            Some(known) if known.content.digest == release.content.digest => {}
            Some(known) => rows.push(ReleaseRow {
                rule: "release-edited",
                version: release.version.to_string(),
                part: "its entry in the lock file".to_owned(),
                said: format!("the lock file had another digest for it at {shown}"),
                remedy: format!("restore the entry from {shown}: entries are added, never changed"),
                place: Some(spot(&known.place)),
            }),
            None => {
                let why = format!("the lock file had it at {shown} and has it no longer");
                rows.push(gone(release, &why));
            }
        }
    }
    rows
}

fn gone(release: &Release, why: &str) -> ReleaseRow {
    ReleaseRow {
        rule: "release-removed",
        version: release.version.to_string(),
        part: String::new(),
        said: format!("the released version {} was removed or renamed: {why}", release.version),
        remedy: "bring it back under its name: clients were written for it".to_owned(),
        place: Some(spot(&release.place)),
    }
}

fn edited(version: &Description, release: &Release) -> Vec<ReleaseRow> {
    let Some(edits) = release.edits(&content(version)) else { return Vec::new() };
    let row = |part: String, said: String, place: Place| ReleaseRow {
        rule: "release-edited",
        version: release.version.to_string(),
        part,
        said,
        remedy: "restore it as it was released, or make a new version".to_owned(),
        place: Some(spot(&place)),
    };
    let label = &release.version;
    if edits.is_empty() {
        let said =
            format!("the documents of the released version {label} are not as they were frozen");
        return vec![row(String::new(), said, release.place.clone())];
    }
    let mut rows: Vec<ReleaseRow> = edits
        .iter()
        .take(PARTS_TOLD)
        .map(|edit| {
            let (part, became) = (edit.part(), edit.kind.word());
            let said = format!("{part} was {became} after version {label} was released");
            row(part, said, place(version, release, edit))
        })
        .collect();
    if let Some(rest) = edits.len().checked_sub(PARTS_TOLD).filter(|rest| *rest > 0) {
        let said = format!("{rest} more parts were edited after version {label} was released");
        rows.push(row("others".to_owned(), said, release.place.clone()));
    }
    rows
}

// A part that is gone has its place in the lock file only.
fn place(version: &Description, release: &Release, edit: &Edit) -> Place {
    if edit.kind == EditKind::Removed {
        return release.place.clone();
    }
    let stem = |path: &str| path.rsplit_once('.').map_or(path, |(stem, _)| stem).to_owned();
    let named = |path: &str| path == edit.document || stem(path) == edit.document;
    let file = version.files.iter().find(|file| named(&file.path)).map(|file| &*file.document);
    let document = file.or_else(|| version.changes.as_ref().filter(|_| named(CHANGES)));
    document.map_or_else(
        || Place { file: Arc::clone(&version.file), line: 0, column: 0, pointer: Pointer::root() },
        |document| document.label(&edit.pointer),
    )
}
