//! `evergate suggest`: a `changes.yaml` to look over.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use evergate_contracts::lens_file::json_schema;
use evergate_contracts::suggest::suggest as propose;
use evergate_schemas::describe::model::Description;
use evergate_schemas::describe::{Limits, load_api};

use super::args::Suggest;
use super::diff::two_documents;
use super::exit::{Failure, Outcome};

/// Writes proposals for what the newer version changed.
pub(super) fn suggest(args: &Suggest, to: &mut dyn Write) -> Result<Outcome, Failure> {
    if args.schema {
        serde_json::to_writer_pretty(&mut *to, &json_schema()).map_err(std::io::Error::from)?;
        writeln!(to)?;
        return Ok(Outcome::Holds);
    }
    let (old, new) = match &args.new {
        Some(new) => two_documents(&args.old, new)?,
        None => in_directory(&args.old, args.version.as_deref())?,
    };
    to.write_all(propose(&old, &new).text.as_bytes())?;
    Ok(Outcome::Holds)
}

/// Two versions, the older first.
type Two = (Arc<Description>, Arc<Description>);

fn in_directory(directory: &Path, version: Option<&str>) -> Result<Two, Failure> {
    let api = load_api(directory, &Limits::default()).map_err(Failure::Problems)?;
    let place = match version {
        None => api.versions.len().checked_sub(1),
        Some(label) => api.versions.iter().position(|one| one.version.as_str() == label),
    };
    let new = place.and_then(|at| api.versions.get(at));
    let old = place.and_then(|at| api.versions.get(at.checked_sub(1)?));
    let shown = directory.display();
    old.cloned().zip(new.cloned()).ok_or_else(|| {
        Failure::said(match version {
            Some(label) => format!("{shown} has no version before `{label}`, or no such version"),
            None => format!("{shown} has fewer than two versions; name two documents instead"),
        })
    })
}
