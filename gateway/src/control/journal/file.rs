//! Writing the journal: one line after the other, on the disk before anything is acknowledged, by one process at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tracing::warn;

use super::chain::{GENESIS, Head, hex, seal};
use super::entry::{Actor, Cause, Draft, Entry, Outcome};
use super::tail::Tail;
use crate::control::state::{State, private, settle};

/// The segment that is written.
pub(super) const ACTIVE: &str = "journal.jsonl";
/// Where the last piece is that was set aside.
const TORN: &str = "journal.torn";
/// Segments that a journal has at most, the one that is written with them.
pub(super) const SEGMENTS: usize = 8;

/// The journal of a state directory. Several processes may write it, as in a take-over.
#[derive(Debug)]
pub(crate) struct Journal {
    state: State,
    /// Most octets of a segment.
    segment: u64,
    /// What was last known, and how many entries could not be written since.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    head: Option<Head>,
    missed: usize,
}

/// An entry that is not in the journal.
#[derive(Debug, thiserror::Error)]
#[error("the journal {} cannot be written: {source}; make room there, or let the gateway's user write it", .path.display())]
pub(crate) struct NotWritten {
    path: PathBuf,
    pub(crate) source: io::Error,
}

impl Journal {
    /// The journal in a state directory, of at most so many octets.
    pub(crate) fn new(state: State, most: usize) -> Self {
        let segment = (most / SEGMENTS) as u64;
        Self { state, segment, known: Mutex::default() }
    }

    /// Looks at what is there, and sets a torn end aside.
    pub(crate) fn open(&self) -> Result<Option<Head>, NotWritten> {
        let opened = self.locked().and_then(|_lock| {
            let mut end = self.end()?;
            self.mend(&mut end)?;
            Ok(end.head)
        });
        let head = opened.map_err(|source| self.not_written(source))?;
        self.known().head.clone_from(&head);
        Ok(head)
    }

    /// The newest entry that is known here.
    pub(crate) fn head(&self) -> Option<Head> {
        self.known().head.clone()
    }

    /// How many entries could not be written since the last that was.
    pub(crate) fn missed(&self) -> usize {
        self.known().missed
    }

    /// Puts an entry at the end. It is on the disk when this returns. Blocks, for some seconds at most.
    pub(crate) fn append(&self, draft: &Draft<'_>) -> Result<Head, NotWritten> {
        let missed = self.missed();
        let written = self.locked().and_then(|_lock| {
            let mut end = self.end()?;
            self.mend(&mut end)?;
            let mut entry = Entry::of(draft, Timestamp::now());
            entry.missed = missed;
            self.write(&mut end, entry)
        });
        let mut known = self.known();
        match written {
            Ok(head) => {
                *known = Known { head: Some(head.clone()), missed: 0 };
                Ok(head)
            }
            Err(source) => {
                known.missed += 1;
                Err(self.not_written(source))
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn not_written(&self, source: io::Error) -> NotWritten {
        NotWritten { path: self.state.path(ACTIVE), source }
    }

    /// The right to write.
    fn locked(&self) -> io::Result<File> {
        self.state.lock("journal.lock")
    }

    /// The end of the chain, and the file that goes on there.
    fn end(&self) -> io::Result<End> {
        let path = self.state.path(ACTIVE);
        let is_new = !path.exists();
        let options = &mut OpenOptions::new();
        let mut file = private(options.create(true).truncate(false).read(true).write(true), &path)?;
        if is_new {
            settle(self.state.directory())?;
        }
        let Tail { head, whole, torn } = Tail::of(&mut file)?;
        let head = match head {
            Some(head) => Some(head),
            None => self.before()?,
        };
        Ok(End { file, head, whole, torn })
    }

    /// The head of the newest closed segment.
    fn before(&self) -> io::Result<Option<Head>> {
        match segments(self.state.directory())?.last() {
            Some(path) => Ok(Tail::of(&mut File::open(path)?)?.head),
            None => Ok(None),
        }
    }

    /// Sets a torn end aside, and says so.
    fn mend(&self, end: &mut End) -> io::Result<()> {
        if end.torn.is_empty() {
            return Ok(());
        }
        let torn = std::mem::take(&mut end.torn);
        let path = self.state.path(TORN);
        let mut aside = private(OpenOptions::new().create(true).truncate(true).write(true), &path)?;
        aside.write_all(&torn)?;
        aside.sync_data()?;
        end.file.set_len(end.whole)?;
        let octets = torn.len();
        warn!(octets, aside = %path.display(), "the journal ended within a line, which is set aside");
        let digest = hex(&Sha256::digest(&torn));
        let actor = Actor { who: "journal".to_owned(), ..Actor::system(Cause::Recovery) };
        let mut draft = Draft::new(&actor, Outcome::SetAside);
        draft.note = Some(format!(
            "{octets} octets of a line without its end are in {TORN}, sha256 {digest}"
        ));
        let entry = Entry::of(&draft, Timestamp::now());
        self.write(end, entry).map(drop)
    }

    fn write(&self, end: &mut End, mut entry: Entry) -> io::Result<Head> {
        let before = end.head.take();
        entry.sequence = before.as_ref().map_or(0, |head| head.sequence) + 1;
        entry.previous.push_str(before.as_ref().map_or(GENESIS, |head| &head.hash));
        let body = serde_json::to_string(&entry)?;
        let (line, hash) = seal(&body, &entry.previous);
        if end.whole > 0 && end.whole + line.len() as u64 > self.segment {
            self.rotate(end, entry.sequence - 1)?;
        }
        if let Err(error) = end.put(line.as_bytes()) {
            // no half of a line stays: it was said to nobody
            let _ = end.file.set_len(end.whole);
            end.head = before;
            return Err(error);
        }
        end.whole += line.len() as u64;
        let head = Head { sequence: entry.sequence, hash };
        end.head = Some(head.clone());
        Ok(head)
    }

    /// Closes the segment, whose last entry has this number, and begins another; the oldest goes.
    fn rotate(&self, end: &mut End, last: u64) -> io::Result<()> {
        let directory = self.state.directory();
        let path = self.state.path(ACTIVE);
        fs::rename(&path, directory.join(format!("journal-{last:020}.jsonl")))?;
        let fresh = private(OpenOptions::new().create_new(true).read(true).write(true), &path)?;
        (end.file, end.whole) = (fresh, 0);
        let closed = segments(directory)?;
        for oldest in closed.iter().take(closed.len().saturating_sub(SEGMENTS - 1)) {
            fs::remove_file(oldest)?;
        }
        settle(directory)
    }
}

/// Where the chain goes on.
#[derive(Debug)]
struct End {
    file: File,
    head: Option<Head>,
    whole: u64,
    torn: Vec<u8>,
}

impl End {
    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.whole))?;
        self.file.write_all(line)?;
        self.file.sync_data()
    }
}

/// The closed segments of a directory, oldest first.
pub(super) fn segments(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix("journal-").and_then(|name| name.strip_suffix(".jsonl"));
        if number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit())) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
