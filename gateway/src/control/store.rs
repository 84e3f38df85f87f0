//! The files of past configurations, by content: what `show` prints and a rollback brings back.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use super::state::{State, private, settle};
use crate::assemble::{Manifest, sha256};
use crate::config::Config;

/// The directory of files, each named by its SHA-256.
const OBJECTS: &str = "objects";
/// The directory of manifests, each named by its own.
const CONFIGURATIONS: &str = "configurations";
/// What every private key in PEM says of itself.
const KEY: &[u8] = b"PRIVATE KEY-----";

/// Kept configurations.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    state: State,
    /// Most octets of files.
    most: u64,
    /// Most configurations.
    configurations: usize,
}

/// How much of a configuration is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// All of it.
    Whole,
    /// The config file alone: the descriptions are larger than half of what may be kept, or one of them holds a key.
    ConfigOnly,
}

/// Something that is not kept, or not any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Gone {
    /// It was never kept, or it is too long ago.
    #[error(
        "{0} is not kept; `state.configurations` and `state.objects` bound how far back it goes"
    )]
    Missing(String),
    /// It is not what it was.
    #[error(
        "{0} is damaged: its content is not what its name says; bring it back from a backup of the state directory"
    )]
    Damaged(String),
    /// It cannot be read.
    #[error("{0} cannot be read: {1}")]
    Unread(String, io::Error),
}

impl Store {
    /// What is kept in a state directory.
    pub(crate) fn new(state: State, most: usize, configurations: usize) -> Self {
        Self { state, most: most as u64, configurations }
    }

    /// Keeps a configuration; it is on the disk when this returns, and older ones make room for it. Blocks.
    pub(crate) fn keep(
        &self,
        manifest: &Manifest,
        (text, config): (&[u8], &Config),
    ) -> io::Result<Kept> {
        let _lock = self.state.lock("store.lock")?;
        let objects = self.folder(OBJECTS)?;
        let mut fresh = self.put(&objects, &manifest.config, || Ok(text.to_vec()))?;
        let mut kept = Kept::Whole;
        let half = self.most / 2;
        let mut room = half.saturating_sub(text.len() as u64);
        for (name, digest, path) in described(manifest, config) {
            let size = path.metadata().map_or(0, |data| data.len());
            let holds_key = || fs::read(&path).is_ok_and(|text| holds_key(&text));
            let Some(left) =
                room.checked_sub(size).filter(|_| objects.join(digest).exists() || !holds_key())
            else {
                kept = Kept::ConfigOnly;
                continue;
            };
            room = left;
            let read = || {
                let octets = fs::read(&path)?;
                let what = || format!("{name} changed while it was read; write it once more");
                if sha256(&octets) == *digest { Ok(octets) } else { Err(io::Error::other(what())) }
            };
            fresh |= self.put(&objects, digest, read)?;
        }
        if fresh {
            settle(&objects)?;
        }
        self.note(manifest)?;
        self.prune(&manifest.digest())?;
        Ok(kept)
    }

    /// The files of a configuration by its digest.
    pub(crate) fn manifest(&self, digest: &str) -> Result<Manifest, Gone> {
        let octets = self.read(CONFIGURATIONS, digest)?;
        serde_json::from_slice(&octets)
            .map_err(|_| Gone::Damaged(format!("the configuration {digest}")))
    }

    /// A file by its digest.
    pub(crate) fn object(&self, digest: &str) -> Result<Vec<u8>, Gone> {
        self.read(OBJECTS, digest)
    }

    /// Writes the descriptions of a kept configuration below a directory: by api, the directory of each, which has the
    /// name that its own has, as versions may go by that.
    pub(crate) fn unpack(
        &self,
        manifest: &Manifest,
        labels: &dyn Fn(&str) -> Option<PathBuf>,
        to: &Path,
    ) -> Result<Vec<(String, PathBuf)>, Gone> {
        let mut found = Vec::new();
        for (index, (api, files)) in manifest.descriptions.iter().enumerate() {
            let label = labels(api).unwrap_or_else(|| PathBuf::from("api"));
            let root = to.join(index.to_string()).join(label);
            let failed = |error| Gone::Unread(root.display().to_string(), error);
            fs::create_dir_all(&root).map_err(failed)?;
            for (name, digest) in files.iter().filter(|(name, _)| is_below(name)) {
                let path = root.join(name);
                let folder = path.parent().unwrap_or(&root);
                fs::create_dir_all(folder).map_err(failed)?;
                fs::write(&path, self.object(digest)?).map_err(failed)?;
            }
            found.push((api.clone(), root));
        }
        Ok(found)
    }

    fn folder(&self, name: &str) -> io::Result<PathBuf> {
        use std::os::unix::fs::DirBuilderExt;
        let path = self.state.path(name);
        if !path.is_dir() {
            fs::DirBuilder::new().mode(0o700).create(&path)?;
            settle(self.state.directory())?;
        }
        Ok(path)
    }

    /// Writes a file that is not there yet, whole or not at all; says whether it was new.
    fn put(
        &self,
        folder: &Path,
        digest: &str,
        read: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<bool> {
        let path = folder.join(digest);
        if path.exists() {
            return Ok(false);
        }
        let draft = self.state.path("object.draft");
        let written = read().and_then(|octets| {
            let options = &mut OpenOptions::new();
            let mut file = private(options.create(true).truncate(true).write(true), &draft)?;
            file.write_all(&octets)?;
            file.sync_data()?;
            fs::rename(&draft, &path)
        });
        if written.is_err() {
            // a half of a file takes room that is missing already
            let _ = fs::remove_file(&draft);
        }
        written.map(|()| true)
    }

    /// Writes the manifest, or notes that it was used again.
    fn note(&self, manifest: &Manifest) -> io::Result<()> {
        let folder = self.folder(CONFIGURATIONS)?;
        let digest = manifest.digest();
        if self.put(&folder, &digest, || Ok(manifest.bytes()))? {
            return settle(&folder);
        }
        File::options().append(true).open(folder.join(digest))?.set_modified(SystemTime::now())
    }

    fn read(&self, folder: &str, digest: &str) -> Result<Vec<u8>, Gone> {
        let name = || format!("{}/{digest}", folder.trim_end_matches('s'));
        if digest.len() != 64 || !digest.bytes().all(|one| one.is_ascii_hexdigit()) {
            return Err(Gone::Missing(name()));
        }
        let octets =
            fs::read(self.state.path(folder).join(digest)).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => Gone::Missing(name()),
                _ => Gone::Unread(name(), error),
            })?;
        if sha256(&octets) == digest { Ok(octets) } else { Err(Gone::Damaged(name())) }
    }

    /// Drops configurations, oldest first, until there is room; never the one in use.
    fn prune(&self, in_use: &str) -> io::Result<()> {
        let mut kept = newest(&self.state.path(CONFIGURATIONS))?;
        // the time of a file is coarse, and a clock may have been put back
        kept.sort_by_key(|(name, _, _)| name != in_use);
        let objects = newest(&self.state.path(OBJECTS))?;
        let total: u64 = objects.iter().map(|(_, size, _)| size).sum();
        if kept.len() <= self.configurations && total <= self.most {
            return Ok(());
        }
        // to three quarters, so that the next change has room without all of this
        let most = self.most / 4 * 3;
        let (mut wanted, mut size) = (BTreeSet::new(), 0);
        let mut left = Vec::new();
        for (at, (digest, ..)) in kept.iter().enumerate() {
            let manifest = self.manifest(digest).ok();
            let needs: BTreeSet<String> = manifest.iter().flat_map(files).cloned().collect();
            let more: u64 = objects
                .iter()
                .filter(|(name, ..)| needs.contains(name) && !wanted.contains(name))
                .map(|(_, size, _)| size)
                .sum();
            let fits = at < self.configurations && size + more <= most;
            if at == 0 || (fits && manifest.is_some()) {
                size += more;
                wanted.extend(needs);
            } else {
                left.push(digest);
            }
        }
        for digest in left {
            fs::remove_file(self.state.path(CONFIGURATIONS).join(digest))?;
        }
        for (name, ..) in objects.iter().filter(|(name, ..)| !wanted.contains(name)) {
            fs::remove_file(self.state.path(OBJECTS).join(name))?;
        }
        Ok(())
    }
}

/// The descriptions of a manifest, each with the file that it was made from: name, digest, path.
pub(super) fn described<'m>(
    manifest: &'m Manifest,
    config: &Config,
) -> Vec<(&'m String, &'m String, PathBuf)> {
    let mut all = Vec::new();
    for api in &config.apis {
        let (Some(directory), Some(files)) =
            (&api.description, manifest.descriptions.get(&api.name))
        else {
            continue;
        };
        all.extend(files.iter().map(|(name, digest)| (name, digest, directory.join(name))));
    }
    all
}

fn files(manifest: &Manifest) -> impl Iterator<Item = &String> {
    let described = manifest.descriptions.values().flat_map(|files| files.values());
    std::iter::once(&manifest.config).chain(described)
}

/// Names, sizes and times of the files of a directory, newest first.
fn newest(folder: &Path) -> io::Result<Vec<(String, u64, SystemTime)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        found.push((
            entry.file_name().to_string_lossy().into_owned(),
            data.len(),
            data.modified()?,
        ));
    }
    found.sort_by_key(|(_, _, time)| std::cmp::Reverse(*time));
    Ok(found)
}

fn holds_key(text: &[u8]) -> bool {
    memchr::memmem::find(text, KEY).is_some()
}

/// Whether a name leads nowhere else than below.
pub(super) fn is_below(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}
