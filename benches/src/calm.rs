//! Whether the machine was quiet while a round was measured.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::process::{cpu, family, machine};

/// Share of the machine that others may use.
const OTHERS: f64 = 0.10;
/// Share of the machine that the host may take away.
const STOLEN: f64 = 0.03;
/// How much longer than the least of a run a cache line may travel between the cores.
const APART: f64 = 1.6;
/// Trips of a cache line in one measure, measures at most, and how long they may take together.
const TRIPS: u32 = 100;
const MEASURES: usize = 40;
const PATIENCE: Duration = Duration::from_millis(50);
const END: u32 = u32::MAX;

/// What was seen of the machine during a round.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Weather {
    /// Nanoseconds of a cache line's round trip between two threads; none where they found no two cores.
    pub(crate) trip: Option<f64>,
    /// Share of the machine's time that went to processes that are not ours.
    pub(crate) others: f64,
    /// Share that the host took away.
    pub(crate) stolen: f64,
}

impl Weather {
    /// What disturbed the round, if anything, measured by the least round trip of the run.
    pub(crate) fn disturbance(&self, least: f64) -> Option<String> {
        match self.trip {
            None => return Some("no two cores were free".to_owned()),
            Some(trip) if trip > least * APART => {
                return Some(format!(
                    "a cache line took {trip:.0} ns there and back, not {least:.0}"
                ));
            }
            Some(_) => {}
        }
        let percent = |share: f64| (share * 100.0).round();
        if self.others > OTHERS {
            return Some(format!("others used {} % of the machine", percent(self.others)));
        }
        (self.stolen > STOLEN)
            .then(|| format!("the host took {} % of the machine", percent(self.stolen)))
    }
}

/// Looks at the machine from its beginning to [`Watch::end`].
pub(crate) struct Watch {
    begun: Instant,
    busy: f64,
    stolen: f64,
    ours: f64,
    trip: Option<f64>,
}

impl Watch {
    pub(crate) fn begin() -> Self {
        let trip = round_trip();
        let ours = cpu(&family(std::process::id()));
        let (busy, stolen) = machine();
        Self { begun: Instant::now(), busy, stolen, ours, trip }
    }

    pub(crate) fn end(self) -> Weather {
        let (busy, stolen) = machine();
        let ours = cpu(&family(std::process::id())) - self.ours;
        let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        let all = self.begun.elapsed().as_secs_f64() * cores;
        let others = ((busy - self.busy - ours) / all).max(0.0);
        let trip = self.trip.zip(round_trip()).map(|(one, other)| one.max(other));
        Weather { trip, others, stolen: (stolen - self.stolen) / all }
    }
}

/// Nanoseconds of a cache line's way to another thread and back: the lower quartile of some measures.
pub(crate) fn round_trip() -> Option<f64> {
    let ball = AtomicU32::new(0);
    let begun = Instant::now();
    let mut measures = std::thread::scope(|scope| {
        scope.spawn(|| {
            while begun.elapsed() < 4 * PATIENCE {
                match ball.load(Ordering::Acquire) {
                    END => return,
                    odd if odd % 2 == 1 => ball.store(odd + 1, Ordering::Release),
                    _ => std::hint::spin_loop(),
                }
            }
        });
        let mut measures = Vec::new();
        let mut throw = 0;
        while measures.len() < MEASURES && begun.elapsed() < PATIENCE {
            let measured = Instant::now();
            for _ in 0..TRIPS {
                ball.store(throw + 1, Ordering::Release);
                throw += 2;
                while ball.load(Ordering::Acquire) != throw && begun.elapsed() < PATIENCE {
                    std::hint::spin_loop();
                }
            }
            measures.push(measured.elapsed().as_nanos() as f64 / f64::from(TRIPS));
        }
        ball.store(END, Ordering::Release);
        measures
    });
    measures.sort_by(f64::total_cmp);
    measures.get(MEASURES / 4).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_disturbed_by_distance_by_others_and_by_the_host() {
        let calm = Weather { trip: Some(100.0), others: 0.02, stolen: 0.0 };
        assert_eq!(calm.disturbance(90.0), None);
        for disturbed in [
            Weather { trip: None, ..calm },
            Weather { trip: Some(200.0), ..calm },
            Weather { others: 0.3, ..calm },
            Weather { stolen: 0.1, ..calm },
        ] {
            assert!(disturbed.disturbance(90.0).is_some(), "{disturbed:?}");
        }
    }

    #[test]
    fn a_watch_sees_time_pass() {
        let weather = Watch::begin().end();
        assert!(weather.others >= 0.0 && weather.trip.is_none_or(|trip| trip > 0.0));
    }
}
