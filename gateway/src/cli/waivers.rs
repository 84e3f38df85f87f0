//! Where waivers are found: the directory that is checked, each api's own, and the files that are named.

use std::path::{Path, PathBuf};

use evergate_contracts::policy::{WAIVERS_NAME, read_waivers};
use evergate_contracts::report::waive::Standing;
use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::problem::Problem;

use super::exit::Failure;

/// Bytes of a waiver file at most.
const FILE_BOUND: usize = 4 << 20;

/// The waivers beside the apis, in the directory above them, and in the named files. All mistakes of all files are
/// told at once.
pub(super) fn read(
    directory: &Path,
    apis: &[PathBuf],
    named: &[PathBuf],
) -> Result<Vec<Standing>, Failure> {
    let mut files: Vec<(PathBuf, Option<String>)> = Vec::new();
    if !apis.iter().any(|one| one == directory) {
        files.push((directory.join(WAIVERS_NAME), None));
    }
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    for api in apis {
        let own = api.canonicalize().unwrap_or_else(|_| api.clone());
        files.push((api.join(WAIVERS_NAME), name(&own)));
    }
    files.retain(|(file, _)| file.exists());
    files.extend(named.iter().map(|file| (file.clone(), None)));
    gather(&files)
}

/// The waivers in the named files only.
pub(super) fn named(files: &[PathBuf]) -> Result<Vec<Standing>, Failure> {
    let files: Vec<_> = files.iter().map(|file| (file.clone(), None)).collect();
    gather(&files)
}

fn gather(files: &[(PathBuf, Option<String>)]) -> Result<Vec<Standing>, Failure> {
    let mut standing = Vec::new();
    let mut problems = Vec::new();
    for (file, api) in files {
        match one(file)? {
            Ok(waivers) => {
                let of_api =
                    waivers.into_iter().map(|waiver| Standing { waiver, api: api.clone() });
                standing.extend(of_api);
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(standing) } else { Err(Failure::Problems(problems)) }
}

type Waivers = Vec<evergate_contracts::policy::Waiver>;

fn one(file: &Path) -> Result<Result<Waivers, Vec<Problem>>, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read(file)
        .map_err(|error| Failure::said(format!("{name} cannot be read: {error}")))?;
    let limits = DocumentLimits { bytes: FILE_BOUND, ..DocumentLimits::strict() };
    let document = match Document::parse(&name, &text, &limits) {
        Ok(document) => document,
        Err(problems) => return Ok(Err(problems)),
    };
    let (found, problems) = read_waivers(&document);
    Ok(if problems.is_empty() { Ok(found.waivers) } else { Err(problems) })
}
