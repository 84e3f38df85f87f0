//! How long an endpoint takes: up at once, down slowly, so that a single slow answer is felt.

use std::sync::atomic::{AtomicU64, Ordering};

/// The time in which the past loses all but 1/e of its weight, in microseconds.
pub(crate) const TAU: f32 = 10_000_000.0;

/// The peak-sensitive moving average of Finagle's `PeakEwma`: cost and time of the last sample in one word, so that
/// no reader ever sees one without the other.
#[derive(Debug, Default)]
pub(crate) struct PeakEwma(AtomicU64);

impl PeakEwma {
    /// Notes that an answer came at `now` after `took`, in microseconds.
    pub(crate) fn sample(&self, now: u64, took: u64) {
        let took = cast(took).max(1.0);
        let next = |word: u64| {
            let cost = match unpack(word) {
                None => took,
                Some((cost, _)) if took >= cost => took,
                Some((cost, stamp)) => {
                    let weight = weight(now, stamp);
                    cost.mul_add(weight, took * (1.0 - weight)).max(1.0)
                }
            };
            Some(pack(cost, now))
        };
        // the closure always gives a word, so that this cannot fail
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// What is expected at `now`, in microseconds; `None` before the first sample. Without samples it falls, so that
    /// one bad time is not held against an endpoint for ever.
    pub(crate) fn cost(&self, now: u64) -> Option<f32> {
        unpack(self.0.load(Ordering::Relaxed))
            .map(|(cost, stamp)| (cost * weight(now, stamp)).max(1.0))
    }

    /// Forgets all samples.
    pub(crate) fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Milliseconds that wrap after 49 days: only differences count.
#[expect(clippy::cast_possible_truncation, reason = "wrapping is meant")]
const fn stamp(now: u64) -> u32 {
    (now / 1000) as u32
}

/// What is left of a sample's weight.
fn weight(now: u64, stamped: u32) -> f32 {
    let gone = stamp(now).wrapping_sub(stamped);
    // a sample of another thread may be a little younger than `now`
    let gone = if gone > u32::MAX / 2 { 0 } else { gone };
    (-cast(u64::from(gone)) * 1000.0 / TAU).exp()
}

fn pack(cost: f32, now: u64) -> u64 {
    u64::from(cost.to_bits()) << 32 | u64::from(stamp(now))
}

fn unpack(word: u64) -> Option<(f32, u32)> {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is the stamp")]
    let stamp = word as u32;
    let cost = f32::from_bits(u32::try_from(word >> 32).unwrap_or(0));
    (word != 0).then_some((cost, stamp))
}

#[expect(clippy::cast_precision_loss, reason = "a cost is no exact number")]
const fn cast(micros: u64) -> f32 {
    micros as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::PeakEwma;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn it_rises_at_once_and_falls_slowly() {
        let ewma = PeakEwma::default();
        assert_eq!(ewma.cost(SECOND), None);
        ewma.sample(SECOND, 1000);
        ewma.sample(SECOND, 50_000);
        assert_eq!(ewma.cost(SECOND), Some(50_000.0));
        ewma.sample(2 * SECOND, 1000);
        let cost = ewma.cost(2 * SECOND).unwrap();
        assert!((44_000.0..47_000.0).contains(&cost), "{cost}");
        let later = ewma.cost(12 * SECOND).unwrap();
        assert!((cost * 0.36..cost * 0.38).contains(&later), "{later}");
    }

    proptest! {
        #[test]
        fn it_stays_between_its_samples_and_never_rises_alone(
            samples in proptest::collection::vec((0_u64..5 * SECOND, 1_u64..10 * SECOND), 1..40),
        ) {
            let (ewma, mut now) = (PeakEwma::default(), 1);
            for (gap, took) in &samples {
                now += gap;
                ewma.sample(now, *took);
                let cost = ewma.cost(now).unwrap();
                prop_assert!(cost + 1.0 >= super::cast(*took) * 0.999, "{} {}", cost, took);
                let most = samples.iter().map(|(_, took)| *took).max().unwrap();
                prop_assert!(cost <= super::cast(most) * 1.001);
                prop_assert!(ewma.cost(now + SECOND).unwrap() <= cost);
            }
        }
    }
}
