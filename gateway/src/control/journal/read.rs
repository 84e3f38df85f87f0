//! Reading the journal: while it is written, without a running gateway, and also where it is damaged.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::file::{ACTIVE, segments};
use super::tail::LINE;

/// All files of a journal, oldest first; an error where there is no journal.
pub(super) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = segments(directory)?;
    let active = directory.join(ACTIVE);
    if active.exists() {
        files.push(active);
    }
    if files.is_empty() {
        let what = format!("there is no journal in {}", directory.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, what));
    }
    Ok(files)
}

/// One line of a file after the other, each with what ended it; a line that is too long comes in pieces.
pub(super) fn lines(path: &Path, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut file).take(LINE as u64).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        each(&line);
    }
}

/// The entries of one file that can be read, oldest first.
fn of_file(path: &Path) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    // a line without its end was never acknowledged
    let take = |line: &[u8]| {
        let whole = line.strip_suffix(b"\n");
        found.extend(whole.and_then(|line| serde_json::from_slice::<Entry>(line).ok()));
    };
    // a segment may have been closed or dropped since the names were read
    match lines(path, take) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(found),
    }
}

/// Entries, newest first, as long as they are wanted.
pub(crate) fn read(directory: &Path, mut wanted: impl FnMut(Entry) -> Wanted) -> io::Result<()> {
    for path in files(directory)?.iter().rev() {
        for entry in of_file(path)?.into_iter().rev() {
            if wanted(entry) == Wanted::NoMore {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether a reader goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// To the entry before.
    More,
    /// No further.
    NoMore,
}

/// A part of the journal.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Newest first.
    pub(crate) entries: Vec<Entry>,
    /// The number below which the next page begins, if there is one.
    pub(crate) next: Option<u64>,
}

/// The newest entries below a number.
pub(crate) fn page(directory: &Path, below: Option<u64>, most: usize) -> io::Result<Page> {
    let mut page = Page::default();
    read(directory, |entry| {
        if below.is_some_and(|below| entry.sequence >= below) {
            return Wanted::More;
        }
        if page.entries.len() == most {
            page.next = page.entries.last().map(|last| last.sequence);
            return Wanted::NoMore;
        }
        page.entries.push(entry);
        Wanted::More
    })?;
    Ok(page)
}

/// One entry; `None` where it is not there any more, or not yet.
pub(crate) fn entry(directory: &Path, sequence: u64) -> io::Result<Option<Entry>> {
    Ok(page(directory, sequence.checked_add(1), 1)?
        .entries
        .pop()
        .filter(|one| one.sequence == sequence))
}
