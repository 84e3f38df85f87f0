//! Bringing a configuration of the past back: its config file, and on demand the descriptions of then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::change::{Basis, Changed, NotChanged, Restored, Wanted};
use super::journal::Actor;
use super::records::{Past, Records};
use super::reload::Reloader;
use crate::assemble::{Source, manifest_of};
use crate::config::Config;

/// What becomes of descriptions that are not what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Descriptions {
    /// Nothing is brought back.
    HaveToMatch,
    /// They are written as they were; what they are now is kept.
    Restore,
}

impl Reloader {
    /// Writes the config file of an entry of the journal, and takes it into use.
    pub(crate) async fn roll_back(
        self: &Arc<Self>,
        actor: Actor,
        basis: Basis,
        (sequence, descriptions): (u64, Descriptions),
    ) -> Result<Changed, NotChanged> {
        let (records, path) = (Arc::clone(&self.records), self.path().to_owned());
        let found = tokio::task::spawn_blocking(move || {
            let past = records.past(sequence)?;
            wanted(&records, &path, past, descriptions)
        });
        match found.await.unwrap_or(Err(NotChanged::Fell)) {
            Ok(wanted) => self.change(actor, basis, wanted).await,
            Err(failure) => self.not_changed(&actor, failure).await,
        }
    }
}

/// What has to be written. Blocks.
fn wanted(
    records: &Records,
    path: &Path,
    past: Past,
    descriptions: Descriptions,
) -> Result<Wanted, NotChanged> {
    let Past { manifest, text, .. } = past;
    let source = Source::text(path, text.clone());
    let (now, config) = manifest_of(&source).map_err(NotChanged::Refused)?;
    let differ = differing(&now.descriptions, &manifest.descriptions);
    if differ.is_empty() {
        return Ok(Wanted::text(text));
    }
    if descriptions == Descriptions::HaveToMatch {
        let names = differ.into_iter().map(|(api, name)| format!("{api}/{name}")).collect();
        return Err(NotChanged::DescriptionsDiffer(names));
    }
    // what is written over stays to be had
    records.keep_files(&now, (&text, &config))?;
    let mut files = Vec::new();
    for (api, name) in differ {
        let Some(directory) = directory(&config, &api) else { continue };
        let digest = manifest.descriptions.get(&api).and_then(|files| files.get(&name));
        let octets = digest.map(|digest| records.store().object(digest)).transpose()?;
        files.push((directory.join(&name), octets));
    }
    Ok(Wanted { text, restored: Some(Restored { manifest, files }) })
}

fn directory<'c>(config: &'c Config, api: &str) -> Option<&'c Path> {
    config.apis.iter().find(|one| one.name == api)?.description.as_deref()
}

type Described = BTreeMap<String, BTreeMap<String, String>>;

/// The files that are not the same on both sides, by api and name.
fn differing(now: &Described, then: &Described) -> BTreeSet<(String, String)> {
    let all = |side: &Described| -> BTreeSet<(String, String, String)> {
        let files = side.iter().flat_map(|(api, files)| {
            files.iter().map(move |(name, digest)| (api.clone(), name.clone(), digest.clone()))
        });
        files.collect()
    };
    let differ = all(now).symmetric_difference(&all(then)).cloned().collect::<Vec<_>>();
    differ.into_iter().map(|(api, name, _)| (api, name)).collect()
}
