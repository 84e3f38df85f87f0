//! Durations counted by size, to within 2 %.

/// Places that each power of two has; from 64 on only the upper half of them is used.
const FINE: u64 = 64;

/// Counts of durations.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; 64 * 64], total: 0 }
    }

    /// Counts a duration in nanoseconds.
    pub(crate) fn add(&mut self, nanoseconds: u64) {
        if let Some(count) = self.counts.get_mut(place(nanoseconds)) {
            *count += 1;
        }
        self.total += 1;
    }

    /// Microseconds that a share of all durations does not exceed; 0 where nothing was counted.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut left = share * self.total as f64;
        for (place, count) in self.counts.iter().enumerate() {
            left -= *count as f64;
            if *count > 0 && left <= 0.0 {
                return value(place) / 1e3;
            }
        }
        0.0
    }
}

/// Which bucket a value is counted in: itself below 64, then 32 of each power of two.
fn place(value: u64) -> usize {
    let power = value.max(1).ilog2().saturating_sub(5);
    let within = (value >> power) % FINE;
    let place = if power == 0 { value } else { u64::from(power) * FINE + within };
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The middle of a bucket.
fn value(place: usize) -> f64 {
    let (power, within) = (place as u64 / FINE, place as u64 % FINE);
    if power == 0 { within as f64 } else { (within as f64 + 0.5) * (power as f64).exp2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_two_percent() {
        let mut histogram = Histogram::new();
        for microseconds in 1..=10_000_u64 {
            histogram.add(microseconds * 1000);
        }
        for (share, wanted) in [(0.5, 5000.0), (0.99, 9900.0), (0.999, 9990.0)] {
            let found = histogram.quantile(share);
            assert!((found / wanted - 1.0).abs() < 0.02, "{share}: {found}");
        }
        assert!(Histogram::new().quantile(0.5).abs() < f64::EPSILON, "nothing was counted");
    }

    #[test]
    fn places_rise_with_values() {
        let values = (0..40).map(|power| 1_u64 << power).flat_map(|at| [at, at + at / 3]);
        let places: Vec<usize> = values.map(place).collect();
        assert!(places.is_sorted(), "{places:?}");
    }
}
