//! How long exchanges took: buckets of each worker's own, put together only when somebody asks.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use prometheus_client::metrics::counter::Counter;

/// The buckets' upper bounds in seconds; one more takes what is above.
pub const BOUNDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The same in nanoseconds, so that nothing has to be divided to find a bucket.
const NANOS: [u64; 14] = [
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];
/// One for each bound and one for what is above.
pub const BUCKETS: usize = BOUNDS.len() + 1;
/// How many different statuses have counters of their own; the others share the family's lookup.
const STATUSES: usize = 8;
/// How many workers have buckets of their own; of more, some share.
const LANES: usize = 16;

/// An exchange that a bucket is an example of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar {
    /// The trace's id, hex digits.
    pub trace: [u8; 32],
    /// What was observed, in seconds.
    pub seconds: f64,
    /// When.
    pub at: SystemTime,
}

type Exemplars = [Option<Exemplar>; BUCKETS];

#[derive(Debug, Default)]
struct Lane {
    buckets: [AtomicU64; BUCKETS],
    nanos: AtomicU64,
    /// Made with the first trace that is worth following.
    exemplars: OnceLock<Box<Mutex<Exemplars>>>,
}

/// What was observed under one set of labels. Takes no memory for buckets before there is something to observe.
#[derive(Default)]
pub struct Latency {
    /// Exchanges by status, in the order in which statuses came; kept here so that they outlive the meters of a snapshot.
    pub(super) statuses: [OnceLock<(u16, Counter)>; STATUSES],
    /// Those of statuses for which there was no place, by the first digit.
    pub(super) others: [AtomicU64; 10],
    lanes: OnceLock<Box<[OnceLock<Box<Lane>>; LANES]>>,
}

impl fmt::Debug for Latency {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Latency").finish_non_exhaustive()
    }
}

/// All that was observed so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// How many in each bucket alone.
    pub buckets: [u64; BUCKETS],
    /// All of them together, in seconds.
    pub sum: f64,
    /// The last example of each bucket.
    pub exemplars: Exemplars,
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which buckets are this thread's.
    static LANE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % LANES;
}

impl Latency {
    /// Observes one exchange, an example of its bucket where it belongs to a trace.
    pub fn observe(&self, took: Duration, trace: Option<&[u8; 32]>) {
        let lanes = self.lanes.get_or_init(Box::default);
        let lane = LANE.with(|lane| *lane);
        let Some(lane) = lanes.get(lane).map(|lane| lane.get_or_init(Box::default)) else { return };
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = NANOS.iter().take_while(|bound| nanos > **bound).count();
        if let Some(count) = lane.buckets.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        lane.nanos.fetch_add(nanos, Ordering::Relaxed);
        if let Some(trace) = trace {
            let exemplars = lane.exemplars.get_or_init(Box::default);
            // nobody waits for who reads them: another example will come
            if let Ok(mut exemplars) = exemplars.try_lock()
                && let Some(slot) = exemplars.get_mut(bucket)
            {
                let (seconds, at) = (took.as_secs_f64(), SystemTime::now());
                *slot = Some(Exemplar { trace: *trace, seconds, at });
            }
        }
    }

    /// What was observed by all workers; `None` for nothing.
    pub fn observed(&self) -> Option<Observed> {
        let lanes = self.lanes.get()?;
        let mut all = Observed { buckets: [0; BUCKETS], sum: 0.0, exemplars: [None; BUCKETS] };
        for lane in lanes.iter().filter_map(OnceLock::get) {
            for (sum, own) in all.buckets.iter_mut().zip(&lane.buckets) {
                *sum += own.load(Ordering::Relaxed);
            }
            all.sum += Duration::from_nanos(lane.nanos.load(Ordering::Relaxed)).as_secs_f64();
            let Some(exemplars) = lane.exemplars.get() else { continue };
            let exemplars = exemplars.lock().unwrap_or_else(PoisonError::into_inner);
            for (best, own) in all.exemplars.iter_mut().zip(exemplars.iter()) {
                let newer = own.filter(|own| best.is_none_or(|best| best.at < own.at));
                *best = newer.or(*best);
            }
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BOUNDS, BUCKETS, LANES, Latency, NANOS};

    #[test]
    fn the_bounds_are_the_same_in_both_units_and_rise() {
        for (seconds, nanos) in BOUNDS.iter().zip(NANOS) {
            assert_eq!(Duration::from_secs_f64(*seconds), Duration::from_nanos(nanos));
        }
        assert!(NANOS.is_sorted());
    }

    #[test]
    fn what_many_threads_observe_is_all_there() {
        let latency = Latency::default();
        assert_eq!(latency.observed(), None);
        let threads = 2 * LANES;
        std::thread::scope(|inside| {
            for _ in 0..threads {
                inside.spawn(|| {
                    // a bound belongs to its own bucket
                    latency.observe(Duration::from_micros(500), Some(&[b'a'; 32]));
                    latency.observe(Duration::from_nanos(500_001), None);
                    latency.observe(Duration::from_secs(11), None);
                });
            }
        });
        let seen = latency.observed().unwrap();
        let each = u64::try_from(threads).unwrap();
        assert_eq!(seen.buckets[..2], [each, each]);
        assert_eq!((seen.buckets[BUCKETS - 1], seen.buckets.iter().sum()), (each, 3 * each));
        let expected = 11.001_000_001 * f64::from(u32::try_from(threads).unwrap());
        assert!((seen.sum - expected).abs() < 1e-6, "{}", seen.sum);
        let [Some(exemplar), None, ..] = seen.exemplars else { panic!("{seen:?}") };
        assert_eq!((exemplar.trace, exemplar.seconds.to_string()), ([b'a'; 32], "0.0005".into()));
    }
}
