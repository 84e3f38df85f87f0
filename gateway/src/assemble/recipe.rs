//! What each api is made from, as one digest: an api whose digest is that of the one in use is taken over from it.

use std::path::Path;

use evergate_schemas::document::Document;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::contents::{Contents, part};
use crate::snapshot::Recipe;
use crate::upstream::Dial;

/// The keys of the file that say nothing about any single api. A key that is not here counts for all apis, so that a new
/// one may cost time and never keeps an api that should be another.
const ALOOF: [&str; 9] =
    ["admin", "apis", "dns", "limits", "listen", "state", "takeover", "trusted_proxies", "workers"];

/// What all apis of a configuration have in common.
#[derive(Debug)]
pub(super) struct Ground {
    digest: [u8; 32],
}

impl Ground {
    /// From the file, and the directory that paths in it are relative to.
    pub(super) fn of(document: &Document, directory: &Path) -> Self {
        let mut whole = Sha256::new();
        part(&mut whole, directory.as_os_str().as_encoded_bytes());
        for (key, value) in document.value.as_object().into_iter().flatten() {
            if !ALOOF.contains(&key.as_str()) {
                part(&mut whole, key.as_bytes());
                part(&mut whole, value.to_string().as_bytes());
            }
        }
        Self { digest: whole.finalize().into() }
    }

    /// The recipe of one api; `None` where it is not known what its description is.
    pub(super) fn recipe(
        &self,
        (name, value): (&str, &Value),
        described: Option<(&Path, &Contents)>,
        dials: &[Dial],
    ) -> Option<Recipe> {
        let mut whole = Sha256::new();
        whole.update(self.digest);
        part(&mut whole, name.as_bytes());
        // members stand in the order of their names, and each number has one spelling
        part(&mut whole, value.to_string().as_bytes());
        if let Some((path, contents)) = described {
            part(&mut whole, path.as_os_str().as_encoded_bytes());
            part(&mut whole, &contents.all?);
        }
        // who is spoken to and as whom, from what the files of certificates held
        for dial in dials {
            whole.update(dial.mark().to_be_bytes());
        }
        Some(Recipe(whole.finalize().into()))
    }
}
