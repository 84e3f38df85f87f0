//! What one worker counts of who uses what, until it is taken away each second.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::quality::RandomState;
use http::HeaderValue;

use crate::snapshot::Tracked;

/// Most rows that a worker holds between two looks; what comes beyond counts as of no consumer in particular.
const ROWS: usize = 16_384;

/// Whose a request is, as it says so itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consumer {
    /// It says nothing that is looked for.
    Anonymous,
    /// By the source of this number, in the order of the configuration.
    Named(u8, HeaderValue),
    /// Whoever it is was not let in, so that guessed names take nobody's place.
    Denied,
    /// More than can be told apart.
    Other,
}

/// How often, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests.
    pub count: u64,
    /// Of these, those that were refused since the version is away or gone.
    pub refused: u64,
    /// The first, in seconds since 1970.
    pub first: i64,
    /// The last.
    pub last: i64,
}

impl Tally {
    /// One request.
    pub const fn one(now: i64, refused: u64) -> Self {
        Self { count: 1, refused, first: now, last: now }
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        let first = if self.count == 0 { other.first } else { self.first.min(other.first) };
        *self = Self {
            count: self.count.saturating_add(other.count),
            refused: self.refused.saturating_add(other.refused),
            first,
            last: self.last.max(other.last),
        };
    }
}

/// What one consumer did with one operation.
#[derive(Debug)]
pub struct Used {
    /// The operation.
    pub tracked: Arc<Tracked>,
    /// Whose requests.
    pub consumer: Consumer,
    /// How often.
    pub tally: Tally,
    /// How often each field of the operation was there; empty where none ever was.
    pub fields: Vec<u64>,
}

/// One request that is counted.
#[derive(Debug)]
pub struct Use<'a> {
    /// What it asked for.
    pub tracked: &'a Arc<Tracked>,
    /// Whose it is.
    pub consumer: &'a Consumer,
    /// A bit for each field that it had.
    pub fields: u64,
    /// When and how.
    pub tally: Tally,
}

/// The rows of one worker: the lock is its own but for a moment each second.
#[derive(Debug, Default)]
pub struct Table {
    rows: Mutex<HashMap<(usize, u64), Used, RandomState>>,
    seed: RandomState,
}

impl Table {
    /// Counts one request.
    pub fn count(&self, one: &Use<'_>) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Arc::as_ptr(one.tracked).addr();
        let mut consumer = one.consumer;
        let mut key = (place, self.number(consumer));
        if rows.len() >= ROWS && !rows.contains_key(&key) {
            consumer = &Consumer::Other;
            key = (place, self.number(consumer));
        }
        // two consumers of one number are one; the numbers are of 64 bits and cannot be foreseen
        let row = rows.entry(key).or_insert_with(|| Used {
            tracked: Arc::clone(one.tracked),
            consumer: consumer.clone(),
            tally: Tally::default(),
            fields: Vec::new(),
        });
        row.tally.add(&one.tally);
        if one.fields != 0 {
            row.note(one.fields);
        }
    }

    /// Takes all rows away.
    pub fn take(&self) -> Vec<Used> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.is_empty() {
            return Vec::new();
        }
        rows.drain().map(|(_, row)| row).collect()
    }

    fn number(&self, consumer: &Consumer) -> u64 {
        match consumer {
            Consumer::Anonymous => 0,
            Consumer::Denied => 1,
            Consumer::Other => 2,
            Consumer::Named(source, value) => self.seed.hash_one((source, value.as_bytes())) | 4,
        }
    }
}

impl Used {
    fn note(&mut self, bits: u64) {
        self.fields.resize(self.tracked.fields.len(), 0);
        for (at, count) in self.fields.iter_mut().enumerate() {
            *count += bits >> at & 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderValue;

    use super::{Consumer, ROWS, Table, Tally, Use};
    use crate::snapshot::Tracked;

    #[test]
    fn a_row_is_an_operation_and_a_consumer_and_rows_are_bounded() {
        let (table, tracked) = (Table::default(), Arc::new(Tracked::default()));
        let named = |name: String| Consumer::Named(0, HeaderValue::try_from(name).unwrap());
        let count = |consumer: &Consumer, now| {
            let tally = Tally::one(now, 0);
            table.count(&Use { tracked: &tracked, consumer, fields: 0, tally });
        };
        for now in [7, 5, 9] {
            count(&named("a".into()), now);
        }
        for number in 1..ROWS + 100 {
            count(&named(number.to_string()), 1);
        }
        count(&named("a".into()), 8);
        let rows = table.take();
        let of =
            |consumer: &Consumer| rows.iter().find(|row| row.consumer == *consumer).unwrap().tally;
        assert_eq!(of(&named("a".into())), Tally { count: 4, refused: 0, first: 5, last: 9 });
        assert_eq!(of(&Consumer::Other).count, 100);
        assert_eq!(rows.len(), ROWS + 1);
        assert!(table.take().is_empty());
    }
}
