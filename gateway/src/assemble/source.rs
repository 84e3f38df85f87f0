//! Where a configuration is read from: its file, or what may come into its place.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem, Severity};

use crate::config::{self, Config, Written};

/// Where a configuration is read from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file: what is told names it, and paths are relative to its directory.
    pub path: PathBuf,
    /// The text in place of what the file holds.
    pub text: Option<Vec<u8>>,
    /// By api, the directory in place of the one that the text names for its description.
    pub descriptions: BTreeMap<String, PathBuf>,
}

/// A configuration with the text it was read from.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) written: Written,
    pub(super) text: Vec<u8>,
}

impl Source {
    /// The file as it is.
    pub fn file(path: &Path) -> Self {
        Self { path: path.to_owned(), text: None, descriptions: BTreeMap::new() }
    }

    /// Another text in the place of the file's.
    pub fn text(path: &Path, text: Vec<u8>) -> Self {
        Self { text: Some(text), ..Self::file(path) }
    }

    /// The text, checked; descriptions are where the text says.
    pub(super) fn read(&self) -> Result<Text, Vec<Problem>> {
        let name = self.path.display().to_string();
        let text = match &self.text {
            Some(text) => text.clone(),
            None => fs::read(&self.path).map_err(|error| {
                let place = Place {
                    file: name.as_str().into(),
                    line: 0,
                    column: 0,
                    pointer: Pointer::root(),
                };
                let what = format!("the file cannot be read: {error}");
                let remedy = "name a readable file with --config".to_owned();
                vec![Problem { place, severity: Severity::Error, what, remedy }]
            })?,
        };
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        let written = config::read(&name, &text, directory)?;
        Ok(Text { written, text })
    }

    /// Leads to the descriptions that stand elsewhere.
    pub(super) fn lead(&self, config: &mut Config) {
        for api in &mut config.apis {
            if let Some(directory) = self.descriptions.get(&api.name) {
                api.description = Some(directory.clone());
            }
        }
    }
}
