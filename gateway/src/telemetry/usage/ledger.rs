//! What all workers counted, by who it was and what was asked for, until it is written down.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::secret::Secret;
use super::table::{Consumer, Table, Tally, Used};
use crate::snapshot::Written;

/// Most rows that are held while they cannot be written down; what comes beyond counts as of no consumer.
const ROWS: usize = 200_000;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// What a row is about. The order is that of answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The api.
    pub api: Arc<str>,
    /// The version.
    pub version: Arc<str>,
    /// Method and template; `undeclared` for what no description has.
    pub operation: Arc<str>,
    /// A deprecated parameter or member of the operation; empty for the operation itself.
    pub field: Arc<str>,
    /// `SOURCE:NAME`, hashed or not, or `anonymous`, `denied`, `other`.
    pub consumer: Arc<str>,
}

/// By days since 1970, then by row.
pub type Rows = BTreeMap<(i64, RowKey), Tally>;

/// What is counted and not yet written down.
#[derive(Debug)]
pub struct Ledger {
    tables: Mutex<Vec<Arc<Table>>>,
    /// Most consumers of a day.
    consumers: AtomicUsize,
    secret: Secret,
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    rows: Rows,
    /// The consumers of this day.
    day: i64,
    known: HashSet<Arc<str>>,
    /// Requests that count as `other`, as there are more consumers than may be.
    crowded: u64,
}

impl Ledger {
    /// Nothing counted.
    pub fn new(secret: Secret) -> Self {
        let (tables, pending) = (Mutex::default(), Mutex::default());
        Self { tables, consumers: AtomicUsize::default(), secret, pending }
    }

    /// A table for one more worker.
    pub fn table(&self) -> Arc<Table> {
        let table = Arc::new(Table::default());
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&table));
        table
    }

    /// Tells no more consumers of a day apart than so many.
    pub fn bound(&self, consumers: usize) {
        self.consumers.store(consumers, Ordering::Relaxed);
    }

    /// Takes what the workers counted, and shows each row.
    pub fn gather(&self, mut see: impl FnMut(&Used)) {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let most = self.consumers.load(Ordering::Relaxed);
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for used in tables.iter().flat_map(|table| table.take()) {
            see(&used);
            let consumer = pending.consumer(&used, (most, &self.secret));
            pending.put(&used, &consumer);
        }
    }

    /// Consumers that were known before this process began count as known.
    pub fn know(&self, day: i64, consumers: impl IntoIterator<Item = Arc<str>>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.turn(day);
        pending.known.extend(consumers);
    }

    /// All that is not written down yet; it is the caller's to give back what it cannot write.
    pub fn take(&self) -> Rows {
        std::mem::take(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner).rows)
    }

    /// Gives back what could not be written.
    pub fn give_back(&self, rows: Rows) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for ((day, key), tally) in rows {
            pending.add((day, key), &tally);
        }
    }

    /// A copy of what is not written down yet.
    pub fn pending(&self) -> Rows {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).rows.clone()
    }

    /// Requests that counted as `other` so far, as there were more consumers than may be told apart.
    pub fn crowded(&self) -> u64 {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).crowded
    }
}

impl Pending {
    fn turn(&mut self, day: i64) {
        if day > self.day {
            self.day = day;
            self.known.clear();
        }
    }

    fn consumer(&mut self, used: &Used, by: (usize, &Secret)) -> Arc<str> {
        let (most, secret) = by;
        self.turn(used.tally.last.div_euclid(DAY));
        let text = match &used.consumer {
            Consumer::Anonymous => return "anonymous".into(),
            Consumer::Denied => return "denied".into(),
            Consumer::Other => None,
            Consumer::Named(source, value) => {
                used.tracked.sources.get(usize::from(*source)).map(|(source, written)| {
                    let name = match written {
                        Written::Hashed => secret.hash(source.word(), value.as_bytes()),
                        // a control character would be a way into a terminal or a log
                        Written::Plain => {
                            String::from_utf8_lossy(value.as_bytes()).escape_debug().collect()
                        }
                    };
                    format!("{}:{name}", source.word())
                })
            }
        };
        if let Some(text) = text {
            if let Some(known) = self.known.get(text.as_str()) {
                return Arc::clone(known);
            }
            if self.known.len() < most {
                let text: Arc<str> = text.into();
                self.known.insert(Arc::clone(&text));
                return text;
            }
        }
        self.crowded += used.tally.count;
        "other".into()
    }

    fn put(&mut self, used: &Used, consumer: &Arc<str>) {
        let day = used.tally.last.div_euclid(DAY);
        let tracked = &used.tracked;
        let key = |field: &Arc<str>| RowKey {
            api: Arc::clone(&tracked.api),
            version: Arc::clone(&tracked.version),
            operation: Arc::clone(&tracked.operation),
            field: Arc::clone(field),
            consumer: Arc::clone(consumer),
        };
        self.add((day, key(&Arc::from(""))), &used.tally);
        for (field, count) in
            tracked.fields.iter().zip(&used.fields).filter(|(_, count)| **count > 0)
        {
            let tally = Tally { count: *count, refused: 0, ..used.tally };
            self.add((day, key(&field.name)), &tally);
        }
    }

    fn add(&mut self, (day, mut key): (i64, RowKey), tally: &Tally) {
        if self.rows.len() >= ROWS && !self.rows.contains_key(&(day, key.clone())) {
            key.consumer = "other".into();
            self.crowded += tally.count;
        }
        self.rows.entry((day, key)).or_default().add(tally);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{HeaderName, HeaderValue};

    use super::Ledger;
    use crate::snapshot::{ConsumerSource, Tracked, TrackedField, TrackedPlace, Written};
    use crate::telemetry::usage::{Consumer, Secret, Tally, Use};

    fn tracked(written: Written) -> Arc<Tracked> {
        let place = TrackedPlace::Query("expand".into());
        let fields = vec![TrackedField { name: "query expand".into(), place }];
        let source = ConsumerSource::Header(HeaderName::from_static("x-api-key"));
        let (api, version, operation) = ("a".into(), "1".into(), "GET /x".into());
        Arc::new(Tracked {
            api,
            version,
            operation,
            fields,
            sources: Arc::new([(source, written)]),
        })
    }

    fn texts(ledger: &Ledger) -> Vec<String> {
        ledger.gather(|_| ());
        let one = |((day, key), tally): (&(i64, super::RowKey), &Tally)| {
            format!("{day} {} {:?} {}", key.consumer, &*key.field, tally.count)
        };
        ledger.pending().iter().map(one).collect()
    }

    #[test]
    fn consumers_beyond_the_bound_of_a_day_are_other_and_those_not_let_in_take_no_place() {
        let ledger = Ledger::new(Secret::new(&[7; 32]));
        ledger.bound(2);
        let (tracked, table) = (tracked(Written::Plain), ledger.table());
        let count = |consumer: &Consumer, fields, now| {
            table.count(&Use { tracked: &tracked, consumer, fields, tally: Tally::one(now, 0) });
        };
        let named = |name: &'static str| Consumer::Named(0, HeaderValue::from_static(name));
        for (name, fields) in [("a", 1), ("b", 0), ("a", 0)] {
            count(&named(name), fields, 5);
            count(&Consumer::Denied, 0, 5);
            let _ = texts(&ledger);
        }
        count(&named("c"), 0, 6);
        assert_eq!(
            texts(&ledger),
            [
                "0 denied \"\" 3",
                "0 other \"\" 1",
                "0 x-api-key:a \"\" 2",
                "0 x-api-key:b \"\" 1",
                "0 x-api-key:a \"query expand\" 1",
            ]
        );
        assert_eq!(ledger.crowded(), 1);
        let rows = ledger.take();
        count(&named("c"), 0, 86_400);
        assert_eq!(texts(&ledger), ["1 x-api-key:c \"\" 1"], "a new day has room again");
        ledger.give_back(rows);
        assert_eq!(texts(&ledger).len(), 6);
    }

    #[test]
    fn a_hashed_name_is_nowhere() {
        let ledger = Ledger::new(Secret::new(&[7; 32]));
        ledger.bound(2);
        let (tracked, table) = (tracked(Written::Hashed), ledger.table());
        let consumer = Consumer::Named(0, HeaderValue::from_static("secret-key"));
        table.count(&Use {
            tracked: &tracked,
            consumer: &consumer,
            fields: 0,
            tally: Tally::one(1, 0),
        });
        let seen = texts(&ledger).concat();
        assert!(!seen.contains("secret-key") && seen.contains("x-api-key:"), "{seen}");
    }
}
