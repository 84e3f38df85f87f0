//! What a configuration was made from, each file named by its content: equal files make one digest, wherever they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::Config;

/// How deep directories of descriptions are looked into.
const DEPTH: usize = 8;

/// The files of a configuration. Certificates and keys are none of them, as they may differ between replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// SHA-256 of the config file.
    pub config: String,
    /// By api, and by name below the directory of its description: SHA-256 of each file.
    pub descriptions: BTreeMap<String, BTreeMap<String, String>>,
}

impl Manifest {
    /// Looks at the files. One that cannot be read counts as empty: the reader of descriptions says what is wrong with it.
    pub(super) fn of(text: &[u8], config: &Config, secrets: &[PathBuf]) -> Self {
        let secrets: BTreeSet<PathBuf> =
            secrets.iter().filter_map(|path| path.canonicalize().ok()).collect();
        let described = config.apis.iter().filter_map(|api| {
            let directory = api.description.as_deref()?;
            let mut files = BTreeMap::new();
            collect((directory, directory), DEPTH, &mut |name, path| {
                if !path.canonicalize().is_ok_and(|path| secrets.contains(&path)) {
                    files.insert(name, sha256(&fs::read(path).unwrap_or_default()));
                }
            });
            Some((api.name.clone(), files))
        });
        Self { config: sha256(text), descriptions: described.collect() }
    }

    /// The digest of all of it, in hex.
    pub fn digest(&self) -> String {
        sha256(&self.bytes())
    }

    /// As it is hashed and kept.
    pub fn bytes(&self) -> Vec<u8> {
        // maps of text fail nowhere
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// SHA-256 in hex.
pub fn sha256(octets: &[u8]) -> String {
    let nibbles = Sha256::digest(octets);
    let nibbles = nibbles.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}

/// Every file below a directory by its name relative to the first; a name with a dot in front is none of a description,
/// and nothing below it.
fn collect((root, directory): (&Path, &Path), depth: usize, found: &mut dyn FnMut(String, &Path)) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            collect((root, &path), depth, found);
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path);
            found(name.to_string_lossy().into_owned(), &path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Manifest;
    use crate::config::parse;

    fn of(folder: &Path) -> Manifest {
        let text = "listen: [{ address: 127.0.0.1:0 }]\napis:\n  a:\n    description: a\n    backends: [{ version: v1, endpoints: [\"http://b:1\"] }]\n";
        let (config, _) = parse("gateway.yaml", text.as_bytes(), folder).unwrap();
        Manifest::of(text.as_bytes(), &config, &[folder.join("a/key.pem")])
    }

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn equal_files_make_one_digest_wherever_they_lie_and_whatever_is_beside_them() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        for folder in &folders {
            write(folder.path(), "a/v1/openapi.yaml", "one");
            write(folder.path(), "a/v2/openapi.yaml", "two");
        }
        let [one, other] = folders.each_ref().map(|folder| of(folder.path()).digest());
        assert_eq!(one, other);
        let folder = folders[1].path();
        write(folder, "a/.evergate/journal.jsonl", "{}");
        write(folder, "a/..2024/v1/openapi.yaml", "older");
        write(folder, "a/key.pem", "a key of this replica");
        assert_eq!(of(folder).digest(), one);
        write(folder, "a/v2/openapi.yaml", "three");
        assert_ne!(of(folder).digest(), one);
        write(folder, "a/v2/openapi.yaml", "two");
        assert_eq!(of(folder).digest(), one);
        std::fs::rename(folder.join("a/v2"), folder.join("a/v3")).unwrap();
        assert_ne!(of(folder).digest(), one);
    }
}
