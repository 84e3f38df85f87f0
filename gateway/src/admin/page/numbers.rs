//! What was counted of the apis of a snapshot, put together by client's and backend's version.

use std::sync::Arc;

use crate::snapshot::latency::{BOUNDS, BUCKETS};
use crate::snapshot::meter::ExchangeMeter;
use crate::snapshot::{Api, ClientVersion, Snapshot};
use crate::upstream::State;

/// What was counted under some labels since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) all: u64,
    /// With a status of 400 to 499.
    pub(super) refused: u64,
    /// With a status of 500 or more.
    pub(super) failed: u64,
    buckets: [u64; BUCKETS],
}

impl Tally {
    fn add(&mut self, meter: &ExchangeMeter) {
        for (status, count) in meter.statuses() {
            self.all += count;
            match status {
                400..500 => self.refused += count,
                500.. => self.failed += count,
                _ => {}
            }
        }
        let Some(observed) = meter.latency().observed() else { return };
        for (sum, own) in self.buckets.iter_mut().zip(observed.buckets) {
            *sum += own;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.all += other.all;
        self.refused += other.refused;
        self.failed += other.failed;
        for (sum, own) in self.buckets.iter_mut().zip(other.buckets) {
            *sum += own;
        }
    }

    /// The bound below which so many of a hundred exchanges stay, in milliseconds; empty where none was timed.
    pub(super) fn percentile(&self, hundredths: u64) -> String {
        let all: u64 = self.buckets.iter().sum();
        if all == 0 {
            return "–".to_owned();
        }
        let wanted = (all * hundredths).div_ceil(100);
        let mut sum = 0;
        for (count, bound) in self.buckets.iter().zip(BOUNDS) {
            sum += count;
            if sum >= wanted {
                return format!("≤ {} ms", bound * 1000.0);
            }
        }
        "> 10 s".to_owned()
    }
}

/// One field of the matrix, by the numbers of the client's version and of the backend's group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) client: usize,
    pub(super) group: usize,
    pub(super) tally: Tally,
}

/// One api.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    pub(super) name: Arc<str>,
    /// All of it, with what was refused before a version was known.
    pub(super) whole: Tally,
    /// Refused before it was known who could serve it.
    pub(super) unrouted: Tally,
    /// Those that have anything.
    pub(super) cells: Vec<Cell>,
    /// Endpoints that are well, and all.
    pub(super) well: (usize, usize),
}

impl Numbers {
    pub(super) fn of(api: &Api) -> Self {
        let mut own = Self {
            name: Arc::clone(&api.name),
            whole: Tally::default(),
            unrouted: Tally::default(),
            cells: Vec::new(),
            well: well(api),
        };
        own.unrouted.add(&api.unrouted);
        own.whole.merge(&own.unrouted);
        for (client, version) in api.clients.iter().enumerate() {
            for group in 0..api.groups.len() {
                let tally = between(version, group);
                if tally.all > 0 {
                    own.whole.merge(&tally);
                    own.cells.push(Cell { client, group, tally });
                }
            }
        }
        own
    }

    pub(super) fn cell(&self, client: usize, group: usize) -> Tally {
        let found = self.cells.iter().find(|cell| (cell.client, cell.group) == (client, group));
        found.map(|cell| cell.tally).unwrap_or_default()
    }
}

/// All apis, in the order of the configuration.
pub(super) fn of(snapshot: &Snapshot) -> Vec<Numbers> {
    snapshot.apis.iter().map(|api| Numbers::of(api)).collect()
}

fn between(client: &ClientVersion, group: usize) -> Tally {
    let mut tally = Tally::default();
    let choices = client.operations.iter().flat_map(|operation| &operation.choices);
    choices.filter(|choice| choice.group == group).for_each(|choice| tally.add(&choice.meter));
    if client.exact == Some(group) {
        tally.add(&client.undeclared);
    }
    tally
}

/// Endpoints that are well, and all; one that may speak several versions counts once for each.
fn well(api: &Api) -> (usize, usize) {
    let backends = api.groups.iter().flat_map(|group| &group.backends);
    let states = backends.flat_map(|backend| backend.pool.states(backend.wanted));
    states.fold((0, 0), |(well, all), (_, state)| (well + usize::from(state == State::Up), all + 1))
}

/// A number with its thousands apart.
pub(super) fn shown(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, Tally, shown};

    #[test]
    fn numbers_are_read_by_thousands() {
        let read = |number| shown(number).replace('\u{202f}', " ");
        assert_eq!(read(0), "0");
        assert_eq!(read(999), "999");
        assert_eq!(read(1_234_567), "1 234 567");
    }

    #[test]
    fn percentiles_are_bounds_that_hold() {
        let mut tally = Tally::default();
        assert_eq!(tally.percentile(50), "–");
        tally.buckets[1] = 98;
        tally.buckets[9] = 1;
        tally.buckets[BUCKETS - 1] = 1;
        assert_eq!(tally.percentile(50), "≤ 1 ms");
        assert_eq!(tally.percentile(99), "≤ 500 ms");
        assert_eq!(tally.percentile(100), "> 10 s");
    }
}
