//! The file of the key that consumers' names are hashed with: drawn once, and the same over restarts.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ring::rand::{SecureRandom, SystemRandom};

use crate::telemetry::usage::Secret;

/// The key in this file, which is made if there is none. Where it can neither be read nor made, one that only this process
/// has, and why.
pub(super) fn secret(path: &Path) -> (Secret, Option<io::Error>) {
    match read(path).or_else(|_| make(path)) {
        Ok(octets) => (Secret::new(&octets), None),
        Err(error) => (Secret::new(&drawn().unwrap_or_default()), Some(error)),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let octets = fs::read(path)?;
    if octets.len() == Secret::LENGTH { Ok(octets) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Of two processes that make one at once, the one that comes second has the key of the first.
fn make(path: &Path) -> io::Result<Vec<u8>> {
    let octets = drawn()?;
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
    let made = file.write_all(&octets).and_then(|()| file.sync_all());
    // a link never takes the place of what is there; a file that holds no key is no loss
    let linked = made.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && read(path).is_err() => {
            fs::rename(&draft, path)
        }
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let _ = fs::remove_file(&draft);
    linked.and_then(|()| read(path))
}

fn drawn() -> io::Result<Vec<u8>> {
    let mut octets = vec![0; Secret::LENGTH];
    let filled = SystemRandom::new().fill(&mut octets);
    filled.map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::secret;

    #[test]
    fn the_key_is_the_same_again_and_nobody_elses_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.key");
        let hash = || {
            let (key, fault) = secret(&path);
            assert!(fault.is_none(), "{fault:?}");
            key.hash("x", b"name")
        };
        let first = hash();
        assert_eq!(hash(), first);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "cut").unwrap();
        assert_ne!(hash(), first, "a damaged key is made anew");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(secret(&folder.path().join("no/where")).1.is_some());
    }
}
