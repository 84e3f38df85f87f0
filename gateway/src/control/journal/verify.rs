//! Proving that a journal is whole: that no entry was changed, left out, put in or moved.

use std::io;
use std::path::Path;

use super::chain::{GENESIS, Head, unseal};
use super::file::SEGMENTS;
use super::read::{files, lines};

/// Faults that are told; all are counted.
const FAULTS: usize = 20;

/// A place where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The name of the segment.
    pub(crate) file: String,
    /// Counted from 1.
    pub(crate) line: usize,
    /// What is wrong there.
    pub(crate) what: String,
}

/// What is proved, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Entries that were read.
    pub(crate) entries: u64,
    /// The first, which is proved to be the very first of all when it is 1.
    pub(crate) first: Option<u64>,
    /// The last.
    pub(crate) head: Option<Head>,
    /// Octets behind the last whole line: its writer was stopped there, or is at it.
    pub(crate) torn: usize,
    /// The first places where the chain does not hold.
    pub(crate) faults: Vec<Fault>,
    /// How many there are.
    pub(crate) broken: usize,
    /// Whether the hash that was asked for is that of an entry; `None` where none was.
    pub(crate) kept: Option<Kept>,
}

/// What is known of a head that somebody kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is in the chain: nothing up to it was cut off or changed.
    Found,
    /// It is not there: the end was cut off, or the journal is another one.
    Missing,
    /// It may have been in a segment that is gone.
    Unknown,
}

/// A head as it was kept: with or without its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) sequence: Option<u64>,
    pub(crate) hash: String,
}

impl Wish {
    fn is(&self, head: &Head) -> bool {
        self.hash == head.hash && self.sequence.is_none_or(|number| number == head.sequence)
    }

    /// Reads `HASH` or `NUMBER:HASH`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (sequence, hash) = match text.split_once(':') {
            Some((number, hash)) => (Some(number.parse().ok()?), hash),
            None => (None, text),
        };
        let hash = hash.to_ascii_lowercase();
        let is_hash =
            hash.len() == GENESIS.len() && hash.bytes().all(|one| one.is_ascii_hexdigit());
        is_hash.then_some(Self { sequence, hash })
    }
}

/// How often a journal is read anew that was closing a segment meanwhile.
const READINGS: usize = 5;

/// Reads the whole journal. An error says that it cannot be read, so that nothing is known.
pub(crate) fn verify(directory: &Path, kept: Option<&Wish>) -> io::Result<Report> {
    let mut found = once(directory, kept);
    for _ in 1..READINGS {
        match found {
            Ok((report, true)) => return Ok(report),
            _ => found = once(directory, kept),
        }
    }
    found.map(|(report, _)| report)
}

/// One reading, and whether the files were the same before and after.
fn once(directory: &Path, kept: Option<&Wish>) -> io::Result<(Report, bool)> {
    let mut report = Report::default();
    let mut seen = false;
    let all = files(directory)?;
    for (index, path) in all.iter().enumerate() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut number = 0;
        let is_last = index + 1 == all.len();
        lines(path, |line| {
            number += 1;
            if is_last && !line.ends_with(b"\n") {
                report.torn += line.len();
                return;
            }
            if let Some(what) = report.line(line) {
                report.fault(&name, number, what);
            } else if !line.ends_with(b"\n") {
                report.fault(&name, number, "its end is missing".to_owned());
            }
            seen |= report.head.as_ref().zip(kept).is_some_and(|(head, kept)| kept.is(head));
        })?;
    }
    if report.first.is_some_and(|first| first > 1) && all.len() < SEGMENTS {
        let name = all.first().and_then(|path| path.file_name()).unwrap_or_default();
        let what = "the beginning is missing, although there is room for it".to_owned();
        report.fault(&name.to_string_lossy(), 1, what);
    }
    report.kept = kept.map(|kept| report.judge(kept, seen));
    Ok((report, all == files(directory)?))
}

impl Report {
    /// Whether everything that can be proved holds.
    pub(crate) fn holds(&self) -> bool {
        self.broken == 0 && self.kept != Some(Kept::Missing)
    }

    /// Takes a line; says what is wrong with it.
    fn line(&mut self, line: &[u8]) -> Option<String> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let link = match unseal(line) {
            Ok(link) => link,
            Err(what) => {
                // what follows is held against nothing, as nothing is known of this one
                self.head = None;
                return Some(what.to_owned());
            }
        };
        self.entries += 1;
        let before = self.head.replace(Head { sequence: link.sequence, hash: link.hash });
        match before {
            None if self.first.is_none() && self.broken == 0 => {
                self.first = Some(link.sequence);
                (link.sequence == 1 && link.previous != GENESIS)
                    .then(|| "the first entry names one before it".to_owned())
            }
            Some(before) if before.hash != link.previous => {
                Some(format!("entry {} does not follow entry {}", link.sequence, before.sequence))
            }
            Some(before) if before.sequence + 1 != link.sequence => {
                Some(format!("entry {} stands behind entry {}", link.sequence, before.sequence))
            }
            _ => None,
        }
    }

    fn fault(&mut self, file: &str, line: usize, what: String) {
        self.broken += 1;
        if self.faults.len() < FAULTS {
            self.faults.push(Fault { file: file.to_owned(), line, what });
        }
    }

    fn judge(&self, kept: &Wish, seen: bool) -> Kept {
        let dropped = self.first.is_none_or(|first| first > 1);
        match kept.sequence {
            _ if seen => Kept::Found,
            Some(number) if dropped && self.first.is_none_or(|first| number < first) => {
                Kept::Unknown
            }
            None if dropped => Kept::Unknown,
            _ => Kept::Missing,
        }
    }
}
