//! Writing a file that others may read at any moment: beside its place first, on the disk, then moved there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::state::settle;

/// A file that is written, beside its place; removed when dropped.
#[derive(Debug)]
pub(super) struct Beside {
    draft: PathBuf,
    place: PathBuf,
}

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritten {
    /// Whoever mounts or links it has to change it.
    #[error(
        "{} is put there by a mounted volume, of which this is a copy; change it where it comes from", .0.display()
    )]
    Mounted(PathBuf),
    /// It may not be written here.
    #[error("{} cannot be written: {source}; let the gateway's user write it and its directory, or change it where it comes from", .path.display())]
    Forbidden { path: PathBuf, source: io::Error },
    /// There is no room, or the disk failed.
    #[error("{} cannot be written: {source}; make room, and try again", .path.display())]
    NoRoom { path: PathBuf, source: io::Error },
}

impl Beside {
    /// Writes the draft. A file that is a link is written where the link ends.
    pub(super) fn write(path: &Path, text: &[u8]) -> Result<Self, Unwritten> {
        let failed = |error| unwritten(path, error);
        let place = match path.canonicalize() {
            Ok(place) => place,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(failed(error)),
        };
        // how the kubelet keeps the versions of a volume (`..data`, `..2026_11_24_…`): what is written there is lost with the next
        let mounted =
            |part: &std::ffi::OsStr| part.len() > 2 && part.as_encoded_bytes().starts_with(b"..");
        if place.iter().any(mounted) {
            return Err(Unwritten::Mounted(path.to_owned()));
        }
        let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let draft = place.with_file_name(format!(".{name}.draft"));
        let own = Self { draft, place };
        own.fill(text).map_err(failed)?;
        Ok(own)
    }

    fn fill(&self, text: &[u8]) -> io::Result<()> {
        match fs::remove_file(&self.draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // never through a link that somebody laid here
        let mut file =
            OpenOptions::new().create_new(true).write(true).mode(0o600).open(&self.draft)?;
        file.write_all(text)?;
        if let Ok(before) = self.place.metadata() {
            file.set_permissions(fs::Permissions::from_mode(before.mode() & 0o7777))?;
            let now = file.metadata()?;
            if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
                // only root gives files away; for others the new file is theirs
                let _ = chown(&self.draft, Some(before.uid()), Some(before.gid()));
            }
        }
        file.sync_all()
    }

    /// Moves it to its place.
    pub(super) fn put(self) -> Result<(), Unwritten> {
        let folder = self.place.parent().unwrap_or_else(|| Path::new("")).to_owned();
        fs::rename(&self.draft, &self.place)
            .and_then(|()| settle(&folder))
            .map_err(|error| unwritten(&self.place, error))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // one that was moved is there no more
        let _ = fs::remove_file(&self.draft);
    }
}

pub(super) fn unwritten(path: &Path, error: io::Error) -> Unwritten {
    use io::ErrorKind as Kind;
    let path = path.to_owned();
    match error.kind() {
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem | Kind::ResourceBusy => {
            Unwritten::Forbidden { path, source: error }
        }
        _ => Unwritten::NoRoom { path, source: error },
    }
}

/// Removes a file for good.
pub(super) fn remove(path: &Path) -> Result<(), Unwritten> {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    fs::remove_file(path).and_then(|()| settle(folder)).map_err(|error| unwritten(path, error))
}

/// Whether a file can be opened for reading; `None` for one that is not there.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read;
    let mut text = Vec::new();
    match File::open(path).and_then(|mut file| file.read_to_end(&mut text)) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{Beside, Unwritten};

    #[test]
    fn a_file_is_moved_to_its_place_with_its_mode_and_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let (own, link) = (folder.path().join("own.yaml"), folder.path().join("link.yaml"));
        fs::write(&own, "old").unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("own.yaml", &link).unwrap();
        let draft = Beside::write(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&own).unwrap(), "old");
        draft.put().unwrap();
        assert_eq!(fs::read_to_string(&own).unwrap(), "new");
        assert!(link.is_symlink());
        assert_eq!(own.metadata().unwrap().permissions().mode() & 0o7777, 0o640);
        drop(Beside::write(&own, b"other").unwrap());
        assert_eq!(fs::read_to_string(&own).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no draft is left");
    }

    #[test]
    fn a_draft_is_never_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (own, other) = (folder.path().join("own.yaml"), folder.path().join("other"));
        fs::write(&own, "old").unwrap();
        fs::write(&other, "other").unwrap();
        symlink(&other, folder.path().join(".own.yaml.draft")).unwrap();
        Beside::write(&own, b"new").unwrap().put().unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "other");
        assert!(!own.is_symlink());
    }

    #[test]
    fn what_a_mounted_volume_holds_is_changed_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("..2026_11_24")).unwrap();
        fs::write(folder.path().join("..2026_11_24/own.yaml"), "old").unwrap();
        symlink("..2026_11_24", folder.path().join("..data")).unwrap();
        symlink("..data/own.yaml", folder.path().join("own.yaml")).unwrap();
        let told = Beside::write(&folder.path().join("own.yaml"), b"new").unwrap_err();
        assert!(matches!(told, Unwritten::Mounted(_)), "{told}");
        assert!(told.to_string().contains("own.yaml is put there by a mounted volume"), "{told}");
    }
}
