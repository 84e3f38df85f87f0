//! The first configuration: that of the file, or the last good one where the file is wrong.

use std::collections::BTreeMap;
use std::path::Path;

use evergate_schemas::problem::Problem;
use tracing::error;

use super::journal::{Actor, Cause, Draft, Outcome};
use super::records::Records;
use super::unpacked::Unpacked;
use crate::assemble::{Assembled, Source, assemble, assemble_from, watched_for};
use crate::telemetry::Metrics;

/// What a start does with a file that is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtFault {
    /// It goes on with the last configuration that was in use, if one is kept.
    #[default]
    LastGood,
    /// It ends.
    Refuse,
}

/// What a start begins with.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) assembled: Assembled,
    /// What is wrong with the file, where this stands in for it.
    pub(crate) instead_of: Option<Vec<Problem>>,
    /// The entry that brought it into use, then.
    pub(crate) entry: Option<u64>,
}

/// Reads the first configuration. Blocks.
pub(crate) fn begin(
    path: &Path,
    metrics: &Metrics,
    records: &Records,
    at_fault: AtFault,
) -> Result<Begun, Vec<Problem>> {
    let problems = match assemble(path, metrics, None) {
        Ok(assembled) => return Ok(Begun { assembled, instead_of: None, entry: None }),
        Err(problems) => problems,
    };
    if at_fault == AtFault::LastGood
        && let Some((entry, mut assembled)) = last_good(path, metrics, records)
    {
        for problem in &problems {
            error!(problem = %problem, "refused");
        }
        error!(
            entry,
            digest = %assembled.snapshot.digest,
            problems = problems.len(),
            "the configuration cannot be used; the last good one is in use in its place until the files are mended"
        );
        let more = watched_for(path);
        let more =
            more.into_iter().filter(|one| !assembled.watched.contains(one)).collect::<Vec<_>>();
        assembled.watched.extend(more);
        return Ok(Begun { assembled, instead_of: Some(problems), entry: Some(entry) });
    }
    let actor = Actor::system(Cause::Start);
    records.refused(&Draft::new(&actor, Outcome::Refused).problems(&problems));
    Err(problems)
}

/// The last configuration that was in use, made from what is kept of it.
fn last_good(path: &Path, metrics: &Metrics, records: &Records) -> Option<(u64, Assembled)> {
    let (entry, _) = records.last_good()?;
    let failed =
        |why: String| error!(entry, why, "the last good configuration cannot be used either");
    let past = records.past(entry).map_err(|why| failed(why.to_string())).ok()?;
    let unpacked = Unpacked::of(records, &past.manifest, (path, &past.text));
    let unpacked = unpacked.map_err(|why| failed(why.to_string())).ok()?;
    let descriptions: BTreeMap<_, _> = unpacked.directories.iter().cloned().collect();
    let source = Source { descriptions, ..Source::text(path, past.text) };
    let assembled = assemble_from(&source, metrics, None);
    let told = |problems: Vec<Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    Some((entry, assembled.map_err(|problems| failed(told(problems))).ok()?))
}
