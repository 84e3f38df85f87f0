//! The Open Payments documents and the authors' example payloads, carried inside the binary.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

/// The versions, oldest first.
pub(super) const VERSIONS: [&str; 4] = ["1.0", "1.2", "1.3", "1.4"];

macro_rules! carried {
    ($($path:literal),+ $(,)?) => {
        [$(($path, include_str!(concat!("../../../../examples/open-payments/", $path)))),+]
    };
}

const FILES: [(&str, &str); 13] = carried![
    "LICENSE",
    "versions.txt",
    "1.0/openapi.yaml",
    "1.0/schemas.yaml",
    "1.2/openapi.yaml",
    "1.2/schemas.yaml",
    "1.2/changes.yaml",
    "1.3/openapi.yaml",
    "1.3/schemas.yaml",
    "1.3/changes.yaml",
    "1.4/openapi.yaml",
    "1.4/schemas.yaml",
    "1.4/changes.yaml",
];

const EXAMPLES: &str = include_str!("../../../../examples/open-payments/examples.jsonl");

/// One of the authors' example payloads.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Example {
    pub(super) version: String,
    pub(super) dir: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: Option<String>,
    pub(super) name: String,
    pub(super) valid: bool,
    /// As the authors wrote it: order and numbers are part of what must not change.
    pub(super) body: Box<RawValue>,
}

/// All example payloads.
pub(super) fn examples() -> Result<Vec<Example>, serde_json::Error> {
    EXAMPLES.lines().filter(|line| !line.is_empty()).map(serde_json::from_str).collect()
}

/// A folder of this process, removed when dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Unpacks the documents into a new folder below the system's place for temporary files.
    pub(super) fn unpack() -> io::Result<Self> {
        let folder =
            Self(std::env::temp_dir().join(format!("evergate-demo-{}", std::process::id())));
        for (path, text) in FILES {
            let target = folder.0.join("open-payments").join(path);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(target, text)?;
        }
        Ok(folder)
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed is left to the system's own cleaning.
        let _ = fs::remove_dir_all(&self.0);
    }
}
