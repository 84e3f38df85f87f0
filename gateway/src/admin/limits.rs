//! How often may be called: each credential at its rate, and who fails often waits.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failed attempts from one address within [`WINDOW`] before it has to wait.
pub(super) const FAILURES: u32 = 10;
/// How long a failure counts.
pub(super) const WINDOW: Duration = Duration::from_mins(1);
/// Addresses, and credentials, that are remembered at once; of more, the ones longest silent are forgotten.
const REMEMBERED: usize = 1024;

/// A table that never has more than so many entries.
#[derive(Debug)]
struct Bounded<Name, Entry>(HashMap<Name, (Instant, Entry)>);

impl<Name: Eq + Hash + Clone, Entry: Default> Bounded<Name, Entry> {
    fn entry(&mut self, name: &Name, now: Instant) -> &mut Entry {
        if self.0.len() >= REMEMBERED && !self.0.contains_key(name) {
            let oldest = self.0.iter().min_by_key(|(_, (seen, _))| *seen);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| self.0.remove(&name));
        }
        let (seen, entry) = self.0.entry(name.clone()).or_insert_with(|| (now, Entry::default()));
        *seen = now;
        entry
    }
}

impl<Name, Entry> Default for Bounded<Name, Entry> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

/// Failed attempts by where they came from.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<Bounded<String, Vec<Instant>>>);

/// What becomes of one more failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// It is answered and told.
    Told,
    /// There were too many: come again in so many seconds.
    Wait(u64),
}

impl Failures {
    /// Counts one more from this address.
    pub(super) fn one(&self, from: &str, now: Instant) -> Failed {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let past = table.entry(&from.to_owned(), now);
        past.retain(|then| now.duration_since(*then) < WINDOW);
        match past.first() {
            // one that is held off does not begin its wait anew, and so little is kept of each
            Some(first) if past.len() >= FAILURES as usize => {
                let left = WINDOW.saturating_sub(now.duration_since(*first));
                Failed::Wait(left.as_secs() + 1)
            }
            _ => {
                past.push(now);
                Failed::Told
            }
        }
    }
}

/// What is left of a credential's second.
#[derive(Debug, Default)]
struct Bucket {
    /// Calls that may still be made at once, and when that was so; `None` for one that was not seen.
    left: Option<(f64, Instant)>,
}

/// Calls by credential.
#[derive(Debug)]
pub(super) struct Rates<Name>(Mutex<Bounded<Name, Bucket>>);

impl<Name> Default for Rates<Name> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Name: Eq + Hash + Clone> Rates<Name> {
    /// Whether one more call is within `rate` a second, of which two seconds' worth may come at once.
    pub(super) fn allows(&self, name: &Name, rate: u32, now: Instant) -> bool {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = table.entry(name, now);
        let (rate, most) = (f64::from(rate), f64::from(rate) * 2.0);
        let left = bucket.left.map_or(most, |(left, then)| {
            (left + rate * now.duration_since(then).as_secs_f64()).min(most)
        });
        let allowed = left >= 1.0;
        bucket.left = Some((if allowed { left - 1.0 } else { left }, now));
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{FAILURES, Failed, Failures, REMEMBERED, Rates, WINDOW};

    #[test]
    fn who_fails_often_waits_and_others_do_not() {
        let (failures, now) = (Failures::default(), Instant::now());
        for _ in 0..FAILURES {
            assert_eq!(failures.one("a", now), Failed::Told);
        }
        let later = now + Duration::from_secs(10);
        assert_eq!(failures.one("a", later), Failed::Wait(51));
        assert_eq!(failures.one("b", later), Failed::Told);
        assert_eq!(failures.one("a", now + WINDOW), Failed::Told);
    }

    #[test]
    fn a_credential_has_its_rate_and_two_seconds_of_it_at_once() {
        let (rates, now) = (Rates::default(), Instant::now());
        let calls = |now| (0..100).filter(|_| rates.allows(&"a", 5, now)).count();
        assert_eq!((calls(now), calls(now)), (10, 0));
        assert_eq!(calls(now + Duration::from_secs(1)), 5);
        assert_eq!(calls(now + Duration::from_mins(9)), 10);
        assert!(rates.allows(&"b", 5, now));
    }

    #[test]
    fn tables_do_not_grow_without_bound() {
        let (failures, now) = (Failures::default(), Instant::now());
        for number in 0..2 * REMEMBERED {
            failures.one(&number.to_string(), now + Duration::from_millis(number as u64));
        }
        assert_eq!(failures.0.lock().unwrap().0.len(), REMEMBERED);
    }
}
