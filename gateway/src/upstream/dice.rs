//! Random numbers for choices: quick, without locks, and the same again from the same seed.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};

/// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(u64);

thread_local! {
    static OWN: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
}

impl Dice {
    /// Dice that always fall the same way.
    #[cfg(test)]
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// This thread's own.
    pub(crate) fn with<Made>(use_them: impl FnOnce(&mut Self) -> Made) -> Made {
        OWN.with(|own| {
            let mut dice = Self(own.get());
            let made = use_them(&mut dice);
            own.set(dice.0);
            made
        })
    }

    /// The next number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `bound`, each equally likely; 0 for a bound of 0. Lemire: Fast random integer generation in an
    /// interval, 2019.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        let mut product = u128::from(self.next()) * u128::from(bound);
        // the rest of a division would favour small numbers; the few draws that do so here are made again
        if low(product) < bound {
            let uneven = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
            while low(product) < uneven {
                product = u128::from(self.next()) * u128::from(bound);
            }
        }
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// Two different numbers below `bound`, which is at least 2.
    pub(crate) fn pair(&mut self, bound: usize) -> (usize, usize) {
        let one = self.below(bound);
        let other = self.below(bound.saturating_sub(1));
        (one, if other >= one { other + 1 } else { other })
    }
}

const fn low(product: u128) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
    let low = product as u64;
    low
}

/// The finalizer of `SplitMix64`: every bit of the input moves every bit of the output.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A hash that is the same in every process, so that all replicas choose alike (FNV-1a, mixed).
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let step = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    mix(bytes.iter().fold(0xCBF2_9CE4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Dice, hash};

    #[test]
    fn all_numbers_are_equally_likely() {
        let mut dice = Dice::seeded(7);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[dice.below(7)] += 1;
        }
        assert!(counts.iter().all(|count| (9_700..10_300).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_hash_is_the_same_everywhere() {
        assert_eq!(hash(b"alice"), hash(b"alice"));
        assert_eq!(hash(b""), 0xF52A_15E9_A9B5_E89B);
        assert_ne!(hash(b"alice"), hash(b"alicf"));
    }

    proptest! {
        #[test]
        fn pairs_differ_and_are_in_bounds(seed: u64, bound in 2_usize..50) {
            let (one, other) = Dice::seeded(seed).pair(bound);
            prop_assert!(one != other && one < bound && other < bound);
            prop_assert_eq!(Dice::seeded(seed).pair(bound), (one, other));
        }
    }
}
