//! The directory of what outlives the process: where it is, who may look into it, and whether it can be written.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::config::{StateConfig, state_of};

/// The directory beside the config file where nothing else is said.
const BESIDE: &str = ".evergate";

/// How long another process may hold a lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks whether it still does.
const LOOK: Duration = Duration::from_millis(2);

/// The state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    directory: PathBuf,
}

/// A state directory that nothing can be written to.
#[derive(Debug, thiserror::Error)]
#[error(
    "the state directory {} cannot be written: {source}; make room, let the gateway's user write there, or name \
     another one by `state: {{ directory: … }}` or `--state`",
    .directory.display()
)]
pub(crate) struct Unwritable {
    directory: PathBuf,
    source: io::Error,
}

impl State {
    /// The directory that was chosen on the command line, else the config's, else the first that systemd names, else
    /// `.evergate` beside the config file, which may be wrong in all else.
    pub(crate) fn of_file(config: &Path, chosen: Option<&Path>) -> Self {
        Self::new(config, chosen, &state_of(config))
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the file of this name is in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Makes the directory, for its owner alone, and tries whether it can be written.
    pub(crate) fn prepare(&self) -> Result<(), Unwritable> {
        self.make()
            .and_then(|()| self.probe())
            .map_err(|source| Unwritable { directory: self.directory.clone(), source })
    }

    /// The right to do what only one process may do at once, until the file is closed; a process that dies gives it back.
    /// Blocks, for some seconds at most.
    pub(super) fn lock(&self, name: &str) -> io::Result<File> {
        let path = self.path(name);
        let lock = private(OpenOptions::new().create(true).truncate(false).write(true), &path)?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::park_timeout(LOOK);
                }
                Err(TryLockError::WouldBlock) => {
                    let what = "another process holds it";
                    return Err(io::Error::new(io::ErrorKind::ResourceBusy, what));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn new(config: &Path, chosen: Option<&Path>, written: &StateConfig) -> Self {
        let beside = || config.parent().unwrap_or_else(|| Path::new("")).join(BESIDE);
        let chosen = chosen.map(Path::to_owned).or_else(|| written.directory.clone());
        let named = || first(&env::var_os("STATE_DIRECTORY")?);
        Self { directory: chosen.or_else(named).unwrap_or_else(beside) }
    }

    /// Beside a config file nothing is made but the directory itself, as the path may be a slip of the pen.
    fn make(&self) -> io::Result<()> {
        let deep = !self.directory.ends_with(BESIDE);
        let made = DirBuilder::new().recursive(deep).mode(0o700).create(&self.directory);
        made.or_else(|error| if self.directory.is_dir() { Ok(()) } else { Err(error) })
    }

    /// Writes something, as a full disk takes an empty file.
    fn probe(&self) -> io::Result<()> {
        let path = self.path(&format!(".probe-{}", std::process::id()));
        let tried = private(OpenOptions::new().create(true).truncate(true).write(true), &path)
            .and_then(|mut file| file.write_all(b"probe").and_then(|()| file.sync_data()));
        let removed = fs::remove_file(&path);
        tried.and(removed)
    }
}

/// Opens a file that only its owner may read where it is made.
pub(super) fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.mode(0o600).open(path)
}

/// Makes names in a directory last, as those of files that were made, moved or removed.
pub(super) fn settle(directory: &Path) -> io::Result<()> {
    let plain = directory.as_os_str().is_empty();
    File::open(if plain { Path::new(".") } else { directory })?.sync_all()
}

/// The first of a list of directories with colons between, as systemd gives them.
fn first(listed: &OsStr) -> Option<PathBuf> {
    env::split_paths(listed).find(|path| !path.as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    use super::{State, first};
    use crate::config::StateConfig;

    #[test]
    fn the_command_line_is_before_the_config_and_that_before_the_default() {
        let config = Path::new("/etc/evergate/gateway.yaml");
        let written = StateConfig { directory: Some("/var/own".into()), ..StateConfig::default() };
        let of = |chosen: Option<&str>, written: &StateConfig| {
            State::new(config, chosen.map(Path::new), written).directory().to_owned()
        };
        assert_eq!(of(Some("/srv"), &written), PathBuf::from("/srv"));
        assert_eq!(of(None, &written), PathBuf::from("/var/own"));
        assert_eq!(of(None, &StateConfig::default()), PathBuf::from("/etc/evergate/.evergate"));
        let bare = State::new(Path::new("gateway.yaml"), None, &StateConfig::default());
        assert_eq!(bare.directory(), Path::new(".evergate"));
        assert_eq!(first("/var/lib/a:/var/lib/b".as_ref()), Some("/var/lib/a".into()));
        assert_eq!(first("".as_ref()), None);
    }

    #[test]
    fn the_directory_is_made_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("deep/state");
        let state = State::new(Path::new("x"), Some(&own), &StateConfig::default());
        state.prepare().unwrap();
        state.prepare().unwrap();
        assert_eq!(own.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_dir(&own).unwrap().count(), 0, "the probe is gone");
    }

    #[test]
    fn a_directory_that_cannot_be_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let state = State::new(Path::new("x"), Some(&file), &StateConfig::default());
        let told = state.prepare().unwrap_err().to_string();
        assert!(told.contains("file cannot be written: ") && told.contains("--state"), "{told}");
    }
}
