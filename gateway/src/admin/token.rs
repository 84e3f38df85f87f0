//! Bearer tokens: drawn, known by their digest, and the one that is drawn where none is configured.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::process::geteuid;
use sha2::{Digest as _, Sha256};

use crate::tls::random;

/// What every token begins with, so that scanners for secrets find one that strayed.
const PREFIX: &str = "evg_";
/// Octets drawn for a token: so many that nobody guesses one, which is why a plain digest keeps it safe.
const DRAWN: usize = 32;
/// Longest token that is looked at.
pub(crate) const LONGEST: usize = 256;

/// SHA-256 of a secret: what is kept of it.
pub(crate) type Digest = [u8; 32];

/// A new token.
///
/// # Errors
/// When the system has no randomness.
pub(crate) fn draw() -> io::Result<String> {
    Ok(format!("{PREFIX}{}", secret()?))
}

/// 256 random bits as text.
pub(super) fn secret() -> io::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<DRAWN>()?))
}

/// What is kept of a secret.
pub(crate) fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

/// A digest in lower-case hex, as the configuration has it.
pub(crate) fn hex(digest: &Digest) -> String {
    digest.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// Whether a text has the form of a token that was drawn here.
fn is_drawn(text: &str) -> bool {
    let drawn = text.strip_prefix(PREFIX).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
    drawn.is_some_and(|octets| octets.len() == DRAWN)
}

/// The token of a file that only its owner may read, drawn and written there where there is none. It stays over
/// restarts, so that a process that takes over answers to the one that callers have.
///
/// # Errors
/// When there is none and it cannot be written, or what is there may not be used.
pub(crate) fn kept(path: &Path) -> io::Result<Digest> {
    match read(path) {
        Ok(token) => return Ok(digest(&token)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            // others may have read it, or it was cut off: it is drawn anew
        }
        Err(error) => return Err(error),
    }
    let token = draw()?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = Path::new(&draft);
    // of a process with the same number that fell
    let _ = fs::remove_file(draft);
    let written = write(draft, &token).and_then(|()| fs::rename(draft, path));
    if let Err(error) = written {
        let _ = fs::remove_file(draft);
        return Err(error);
    }
    Ok(digest(&token))
}

/// Reads the token of a file, for whoever calls with it.
///
/// # Errors
/// `InvalidData` where it holds no token, or others may read it too.
fn read(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    let found = file.metadata()?;
    let mut text = String::new();
    let invalid = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    if !found.is_file() || found.mode() & 0o077 != 0 || found.uid() != geteuid().as_raw() {
        return invalid("others may read or write it");
    }
    if file.take(LONGEST as u64).read_to_string(&mut text).is_err() || !is_drawn(text.trim()) {
        return invalid("it holds no token");
    }
    Ok(text.trim().to_owned())
}

fn write(path: &Path, token: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    // the mode of an open is cut by the process's mask, and never widened by it
    file.set_permissions(Permissions::from_mode(0o600))?;
    writeln!(file, "{token}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::{digest, draw, hex, is_drawn, kept};

    #[test]
    fn a_drawn_token_can_be_found_by_scanners_and_is_never_the_same() {
        let (one, two) = (draw().unwrap(), draw().unwrap());
        assert!(one != two && one.starts_with("evg_") && one.len() == 47, "{one}");
        assert!(is_drawn(&one) && !is_drawn("evg_x") && !is_drawn(&one[4..]));
        // the digest of the empty text is known to everybody (FIPS 180-4)
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(&digest("")), empty);
    }

    #[test]
    fn the_token_of_a_file_stays_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.token");
        let first = kept(&path).unwrap();
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!((kept(&path).unwrap(), mode()), (first, 0o600));
        let token = fs::read_to_string(&path).unwrap();
        assert_eq!(digest(token.trim()), first);
        // one that others could read is worth nothing any more, nor is one that was cut off
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let second = kept(&path).unwrap();
        assert!(second != first && mode() == 0o600);
        fs::write(&path, "evg_cut").unwrap();
        assert_ne!(kept(&path).unwrap(), second);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        kept(&folder.path().join("no-such-folder/admin.token")).unwrap_err();
    }
}
