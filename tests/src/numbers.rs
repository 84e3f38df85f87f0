//! Numbers that look random and are the same for the same seed (`SplitMix64`: Steele, Lea, Flood: Fast splittable
//! pseudorandom number generators, 2014).

/// An endless row of numbers.
#[derive(Clone, Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// The row of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The row of `EVERGATE_SEED` where it is set, else one that no earlier run had; and the seed, to be printed.
    pub fn seeded() -> (Self, u64) {
        let given = std::env::var("EVERGATE_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seed =
            given.unwrap_or_else(|| now().map_or(7, |since| u64::from(since.subsec_nanos())));
        (Self::new(seed), seed)
    }

    /// A number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = self.next().unwrap_or_default();
        usize::try_from(number % (bound.max(1) as u64)).unwrap_or_default()
    }
}

impl Iterator for Numbers {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(mixed ^ (mixed >> 31))
    }
}
