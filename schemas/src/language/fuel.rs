//! The bound on the work of one question, and the quick hash that keeps the work small.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Work that may still be done, in table cells looked at; some ten to a hundred millions a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fuel(u64);

impl Fuel {
    /// Enough for every pattern a person writes, and for no more than some fifty milliseconds.
    pub(crate) const QUESTION: u64 = 2_000_000;

    /// So much work and no more.
    pub(crate) const fn new(work: u64) -> Self {
        Self(work)
    }

    /// What is left.
    pub(crate) const fn left(self) -> u64 {
        self.0
    }

    /// Takes work off; `None` once there is too little left, and from then on.
    pub(crate) const fn spend(&mut self, work: usize) -> Option<()> {
        let enough = self.0 >= work as u64;
        self.0 = self.0.saturating_sub(work as u64);
        if enough { Some(()) } else { None }
    }
}

impl Default for Fuel {
    fn default() -> Self {
        Self::new(Self::QUESTION)
    }
}

/// A table whose keys are numbers that the room itself hands out, so nobody can choose them to collide.
pub(super) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Mixer>>;

/// A set of such keys.
pub(super) type Seen<K> = HashSet<K, BuildHasherDefault<Mixer>>;

/// Multiplies and turns, as the compiler's own tables do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mixer(u64);

impl Mixer {
    const fn mix(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517C_C1B7_2722_0A95);
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.mix(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.mix(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.mix(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.mix(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }

    // The table looks at the upper bits first; multiplication left the lower ones poor.
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}
