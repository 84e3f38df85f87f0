//! The end of a journal file: its last entry, and what was cut off behind that.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::chain::{GENESIS, Head, hex, unseal};
use sha2::{Digest as _, Sha256};

/// More octets than any line has: names, reasons and problems are bounded, and escapes at most double them.
pub(super) const LINE: usize = 64 << 10;

/// What the end of a file looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The last entry, if there is one.
    pub(super) head: Option<Head>,
    /// Octets up to the end of the last whole line.
    pub(super) whole: u64,
    /// What stands behind it: the beginning of a line whose writer was stopped.
    pub(super) torn: Vec<u8>,
}

impl Tail {
    /// Reads the end of a file.
    pub(super) fn of(file: &mut File) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut window = LINE as u64;
        loop {
            let from = length.saturating_sub(window);
            file.seek(SeekFrom::Start(from))?;
            let mut read = Vec::new();
            (&mut *file).take(length - from).read_to_end(&mut read)?;
            let ends = read.iter().rposition(|octet| *octet == b'\n');
            let ends = ends.map_or(0, |at| at + 1);
            let (lines, torn) = read.split_at(ends);
            // a window that holds no whole line says nothing of where one begins
            if from == 0 || memchr::memchr_iter(b'\n', lines).nth(1).is_some() {
                let head = last(lines, from == 0);
                let whole = length - torn.len() as u64;
                return Ok(Self { head, whole, torn: torn.to_vec() });
            }
            window = window.saturating_mul(4);
        }
    }
}

/// The head that the last line makes. A line that nobody can read is passed over, with a hash that leads from it; a check
/// of the whole finds it.
fn last(lines: &[u8], whole: bool) -> Option<Head> {
    let mut all: Vec<&[u8]> = lines.split(|octet| *octet == b'\n').collect();
    // behind the last line end there is nothing
    all.pop();
    let first = usize::from(!whole);
    let end = all.last()?;
    if let Ok(link) = unseal(end) {
        return Some(link.head());
    }
    let whole = all.iter().skip(first);
    // of the last that can be read: how many lines are behind it, and its number
    let known =
        whole.rev().enumerate().find_map(|(beyond, line)| Some((beyond, unseal(line).ok()?)));
    let (beyond, sequence) =
        known.map_or((all.len() - first, 0), |(beyond, link)| (beyond, link.sequence));
    let hash = if end.is_empty() { GENESIS.to_owned() } else { hex(&Sha256::digest(end)) };
    Some(Head { sequence: sequence + beyond as u64, hash })
}
