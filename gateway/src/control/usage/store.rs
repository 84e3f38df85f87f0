//! Use over days, in one small database file. It is open only while it is read or written, so that the two gateways of a
//! take-over both write to it, and who is not running can be asked about.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::park_timeout;
use std::time::Duration;

use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError, TableDefinition,
    TableError,
};

use crate::telemetry::usage::{RowKey, Rows, Tally};

/// By day and row: count, refused, first, last.
const DAYS: TableDefinition<'_, (i64, &str), (u64, u64, i64, i64)> = TableDefinition::new("days");
/// What holds for the whole: `begun`, when counting began.
const WHOLE: TableDefinition<'_, &str, i64> = TableDefinition::new("whole");
/// Between the parts of a row; no header, version or path has one.
const BETWEEN: char = '\u{1f}';
/// Octets of memory while it is open.
const CACHE: usize = 8 << 20;
/// How often, and for how long, somebody who has it open is waited for.
const TRIES: (u32, Duration) = (200, Duration::from_millis(10));

const AWAY: &str = "move it away, and a new one is begun; counting goes on in memory";

/// Why it could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the usage store {} cannot be {done}: {why}; {remedy}", .path.display())]
pub(crate) struct StoreFault {
    path: PathBuf,
    done: &'static str,
    why: String,
    remedy: &'static str,
}

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    path: PathBuf,
}

/// What is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// When counting began, in seconds since 1970; `None` where nothing was ever counted.
    pub(crate) begun: Option<i64>,
    /// All rows of the days that were asked for.
    pub(crate) rows: Rows,
}

impl Store {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds rows and forgets the days before `oldest`, both or neither.
    pub(crate) fn add(&self, rows: &Rows, (now, oldest): (i64, i64)) -> Result<(), StoreFault> {
        self.private().map_err(|error| self.fault("written", &error))?;
        let database = self.open().map_err(|error| self.fault("written", &error))?;
        write(&database, rows, (now, oldest)).map_err(|error| self.fault("written", &error))
    }

    /// Rows of the days from `oldest` on.
    pub(crate) fn read(&self, oldest: i64) -> Result<Kept, StoreFault> {
        if !self.path.try_exists().map_err(|error| self.fault("read", &error.into()))? {
            return Ok(Kept::default());
        }
        let database = self.open().map_err(|error| self.fault("read", &error))?;
        read(&database, oldest).map_err(|error| self.fault("read", &error))
    }

    /// Nobody else may read it, from its first moment on.
    fn private(&self) -> Result<File, redb::Error> {
        let mut options = OpenOptions::new();
        Ok(options.create(true).truncate(false).write(true).mode(0o600).open(&self.path)?)
    }

    fn open(&self) -> Result<Database, redb::Error> {
        let (tries, pause) = TRIES;
        for _ in 0..tries {
            match Database::builder().set_cache_size(CACHE).create(&self.path) {
                Err(DatabaseError::DatabaseAlreadyOpen) => park_timeout(pause),
                other => return Ok(other?),
            }
        }
        Err(redb::Error::DatabaseAlreadyOpen)
    }

    fn fault(&self, done: &'static str, error: &redb::Error) -> StoreFault {
        let remedy = match error {
            redb::Error::DatabaseAlreadyOpen => "another process holds it; end that process",
            redb::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                "make room on that disk; counting goes on in memory"
            }
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => AWAY,
            redb::Error::Io(_) => {
                "let the gateway's user read and write it; counting goes on in memory"
            }
            _ => AWAY,
        };
        StoreFault { path: self.path.clone(), done, why: error.to_string(), remedy }
    }
}

fn write(database: &Database, rows: &Rows, (now, oldest): (i64, i64)) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut whole = transaction.open_table(WHOLE)?;
        if whole.get("begun")?.is_none() {
            whole.insert("begun", now)?;
        }
        let mut days = transaction.open_table(DAYS)?;
        for ((day, key), tally) in rows {
            let text = written(key);
            let place = (*day, text.as_str());
            let mut sum = days.get(place)?.map(|found| tally_of(found.value())).unwrap_or_default();
            sum.add(tally);
            days.insert(place, (sum.count, sum.refused, sum.first, sum.last))?;
        }
        days.retain_in(..(oldest, ""), |_, _| false)?;
    }
    transaction.commit()?;
    Ok(())
}

fn read(database: &Database, oldest: i64) -> Result<Kept, redb::Error> {
    let transaction = database.begin_read()?;
    let whole = match transaction.open_table(WHOLE) {
        // made, and killed before anything was written
        Err(TableError::TableDoesNotExist(_)) => return Ok(Kept::default()),
        whole => whole?,
    };
    let begun = whole.get("begun")?.map(|found| found.value());
    let days = transaction.open_table(DAYS)?;
    let (mut rows, mut names) = (Rows::new(), Names::default());
    for one in days.range((oldest, "")..)? {
        let (place, tally) = one?;
        let (day, text) = place.value();
        let Some(key) = names.key(text) else {
            return Err(StorageError::Corrupted("a row has other parts".to_owned()).into());
        };
        rows.insert((day, key), tally_of(tally.value()));
    }
    Ok(Kept { begun, rows })
}

const fn tally_of((count, refused, first, last): (u64, u64, i64, i64)) -> Tally {
    Tally { count, refused, first, last }
}

fn written(key: &RowKey) -> String {
    let parts = [&key.api, &key.version, &key.operation, &key.field, &key.consumer];
    parts.map(|part| &**part).join(&BETWEEN.to_string())
}

/// Each text once.
#[derive(Default)]
struct Names(BTreeMap<Box<str>, Arc<str>>);

impl Names {
    fn key(&mut self, text: &str) -> Option<RowKey> {
        let mut parts =
            text.split(BETWEEN).map(|part| self.name(part)).collect::<Vec<_>>().into_iter();
        let key = RowKey {
            api: parts.next()?,
            version: parts.next()?,
            operation: parts.next()?,
            field: parts.next()?,
            consumer: parts.next()?,
        };
        parts.next().is_none().then_some(key)
    }

    fn name(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let name: Arc<str> = text.into();
        self.0.insert(text.into(), Arc::clone(&name));
        name
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Store;
    use crate::telemetry::usage::{RowKey, Rows, Tally};

    fn row(day: i64, consumer: &str, count: u64) -> ((i64, RowKey), Tally) {
        let (api, version): (Arc<str>, Arc<str>) = ("orders".into(), "1.0.0".into());
        let key = RowKey {
            api,
            version,
            operation: "GET /x".into(),
            field: "".into(),
            consumer: consumer.into(),
        };
        let tally = Tally { count, refused: 1, first: day * 86_400, last: day * 86_400 + 5 };
        ((day, key), tally)
    }

    fn store(folder: &tempfile::TempDir) -> Store {
        Store::new(folder.path().join("usage.redb"))
    }

    #[test]
    fn rows_of_several_processes_are_added_and_old_days_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (store(&folder), store(&folder));
        assert!(one.read(0).unwrap().begun.is_none(), "nothing is made by asking");
        one.add(&Rows::from([row(3, "a", 2), row(9, "a", 1)]), (777, 0)).unwrap();
        other.add(&Rows::from([row(9, "a", 4), row(9, "b", 1)]), (888, 0)).unwrap();
        let kept = one.read(4).unwrap();
        assert_eq!(kept.begun, Some(777));
        let counts: Vec<_> = kept
            .rows
            .iter()
            .map(|((day, key), tally)| (*day, &*key.consumer, tally.count))
            .collect();
        assert_eq!(counts, [(9, "a", 5), (9, "b", 1)]);
        assert_eq!(one.read(0).unwrap().rows.len(), 3);
        one.add(&Rows::new(), (999, 9)).unwrap();
        assert_eq!(one.read(0).unwrap().rows.len(), 2);
    }

    #[test]
    fn what_is_no_store_is_told_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let one = store(&folder);
        std::fs::write(one.path(), "no database").unwrap();
        let told = one.add(&Rows::from([row(1, "a", 1)]), (1, 0)).unwrap_err().to_string();
        assert!(
            told.contains("usage.redb cannot be written: ") && told.contains("move it away"),
            "{told}"
        );
        assert!(one.read(0).unwrap_err().to_string().contains("cannot be read: "));
        assert_eq!(std::fs::read(one.path()).unwrap(), b"no database");
    }

    #[test]
    fn a_file_that_was_cut_anywhere_never_makes_it_fall() {
        let folder = tempfile::tempdir().unwrap();
        let one = store(&folder);
        let rows: Rows =
            (0..500).map(|number| row(number % 9, &format!("consumer {number}"), 1)).collect();
        one.add(&rows, (1, 0)).unwrap();
        let whole = std::fs::read(one.path()).unwrap();
        for part in 0..20 {
            std::fs::write(one.path(), &whole[..whole.len() * part / 20]).unwrap();
            // told or begun anew, and never a panic
            let _ = one.read(0);
            let _ = one.add(&rows, (2, 0));
        }
    }
}
