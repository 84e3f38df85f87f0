//! The descriptions of a kept configuration as files, for as long as it takes to read them.

use std::fs;
use std::path::{Path, PathBuf};

use super::records::Records;
use super::store::Gone;
use crate::assemble::Manifest;
use crate::config::parse;

/// Descriptions on the disk; removed when dropped.
#[derive(Debug)]
pub(super) struct Unpacked {
    folder: PathBuf,
    /// By api, where its description is.
    pub(super) directories: Vec<(String, PathBuf)>,
}

impl Unpacked {
    /// Writes the descriptions of a manifest; the config file with its text says what their directories are called.
    pub(super) fn of(
        records: &Records,
        manifest: &Manifest,
        (path, text): (&Path, &[u8]),
    ) -> Result<Self, Gone> {
        let folder = records.state().path(&format!("unpacked-{}", std::process::id()));
        // of a process of that number before
        let _ = fs::remove_dir_all(&folder);
        let mut own = Self { folder, directories: Vec::new() };
        let directory = path.parent().unwrap_or_else(|| Path::new("."));
        let apis = parse("gateway.yaml", text, directory)
            .map(|(config, _)| config.apis)
            .unwrap_or_default();
        let label = |name: &str| {
            let api = apis.iter().find(|api| api.name == name)?;
            api.description.as_deref()?.file_name().map(PathBuf::from)
        };
        own.directories = records.store().unpack(manifest, &label, &own.folder)?;
        Ok(own)
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // what is left is removed by the next
        let _ = fs::remove_dir_all(&self.folder);
    }
}
