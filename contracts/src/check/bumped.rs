//! Whether a version's number moved as far as what changed calls for.

use std::sync::Arc;

use evergate_schemas::changes::{About, Direction, Level, Policy, changes};
use evergate_schemas::describe::model::Description;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use evergate_schemas::release::bump::{Bumped, Changed, bump};

use super::frozen::content;
use crate::report::model::{ApiReport, BumpRow, ReleaseRow};
use crate::report::rows::spot;

/// What changed from one version to a newer one, as far as their numbers are concerned. `report` has the findings of
/// that pair, with old clients and new backends.
pub fn changed(old: &Description, new: &Description, report: &ApiReport) -> Changed {
    let pair = (old.version.as_str(), new.version.as_str());
    let broken =
        report.findings.iter().any(|row| (row.client.as_str(), row.backend.as_str()) == pair);
    let rows = changes(old, new);
    // credentials, servers and links are no payloads, but clients break by them as well
    let beside = rows.iter().any(|row| {
        row.rule.about == About::Service
            && row.level(Direction::Backward, Policy::Standard) == Level::Breaking
    });
    Changed {
        broken: broken || beside,
        extended: !rows.is_empty(),
        content: content(old).digest != content(new).digest,
    }
}

/// The bump that `changed` calls for beside the one from `from` to `to`, and a finding when it is too small.
pub fn bumped(
    (from, to): (&str, &str),
    changed: Changed,
    new: &Description,
) -> (BumpRow, Option<ReleaseRow>) {
    let Bumped { required, lowest, sufficient } = bump(from, to, changed);
    let enough = lowest.clone();
    let row = BumpRow {
        required: required.word(),
        from: from.to_owned(),
        lowest,
        declared: to.to_owned(),
        sufficient,
    };
    if sufficient {
        return (row, None);
    }
    let what = match (changed.broken, changed.extended) {
        (true, _) => "some messages do not get through, or are not proved to",
        (false, true) => "the api has changed in what clients see",
        (false, false) if changed.content => "the documents are not the same",
        (false, false) => "the version is older than the one before",
    };
    let finding = ReleaseRow {
        rule: "version-bump-insufficient",
        version: to.to_owned(),
        part: String::new(),
        said: format!(
            "{what}: from {from} that calls for a {} bump, and the version is {to}",
            required.word()
        ),
        remedy: match enough {
            Some(enough) => format!(
                "call the version {enough} or higher, or `--bump tell` where numbers are given later"
            ),
            None => format!("give it a later version than {from}"),
        },
        place: Some(spot(&declared_at(new))),
    };
    (row, Some(finding))
}

// Where `info.version` stands, else the document.
fn declared_at(version: &Description) -> Place {
    let pointer = Pointer::root().join("info").join("version");
    let main = version.files.first().map(|file| &file.document);
    match main {
        Some(document) if version.declared.is_some() => document.label(&pointer),
        _ => {
            Place { file: Arc::clone(&version.file), line: 0, column: 0, pointer: Pointer::root() }
        }
    }
}
