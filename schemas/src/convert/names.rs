//! Finds duplicate member names without keeping the names: a keyed 64-bit hash of each.
//!
//! Equal names always have equal hashes, so no duplicate gets through. Two different names have equal hashes with a
//! chance of 1 in 2^64 for each pair; the key is drawn once a process, so that nobody can search for such a pair.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// The secret of the hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key([u64; 2]);

impl Key {
    /// The key of this process.
    pub(super) fn of_process() -> Self {
        static KEY: OnceLock<[u64; 2]> = OnceLock::new();
        Self(*KEY.get_or_init(|| {
            let state = RandomState::new();
            [state.hash_one(1_u8), state.hash_one(2_u8)]
        }))
    }

    /// The hash of an unescaped name; never 0, which marks free places.
    #[inline]
    pub(super) fn hash(self, name: &[u8]) -> u64 {
        let [first, second] = self.0;
        let mut seed = second ^ (name.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut rest = name;
        while let Some((block, after)) = rest.split_first_chunk::<16>() {
            if after.is_empty() {
                break;
            }
            let (low, high) = halves(*block);
            seed = fold(low ^ first, high ^ seed);
            rest = after;
        }
        let (low, high) = ends(rest);
        fold(fold(low ^ first, high ^ seed), first ^ 0xD6E8_FEB8_6659_FD93).max(1)
    }
}

/// Both halves of the product, which mixes all bits of both factors.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves are wanted")]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves are wanted")]
fn halves(block: [u8; 16]) -> (u64, u64) {
    let both = u128::from_le_bytes(block);
    (both as u64, (both >> 64) as u64)
}

/// Up to 16 bytes as two words; with the length they tell all such strings apart.
#[inline]
fn ends(rest: &[u8]) -> (u64, u64) {
    if let (Some(head), Some(tail)) = (rest.first_chunk::<8>(), rest.last_chunk::<8>()) {
        return (u64::from_le_bytes(*head), u64::from_le_bytes(*tail));
    }
    if let (Some(head), Some(tail)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        return (u64::from(u32::from_le_bytes(*head)), u64::from(u32::from_le_bytes(*tail)));
    }
    (rest.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte)), 0)
}

/// In an object with more members than this a table is used.
const FEW: usize = 16;

/// No table.
const NONE: u32 = u32::MAX;

/// The names of one open object: where they are in [`Names`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    start: u32,
    table: u32,
}

/// The names of all open objects.
#[derive(Debug, Default)]
pub(super) struct Names {
    few: Vec<u64>,
    tables: Vec<Table>,
    /// Tables in use; they are opened and closed like a stack.
    open: usize,
}

impl Names {
    /// A new object.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "at most FEW for each level of depth")]
    pub(super) fn enter(&self) -> Scope {
        Scope { start: self.few.len() as u32, table: NONE }
    }

    /// The object is at its end.
    #[inline]
    pub(super) fn leave(&mut self, scope: Scope) {
        self.few.truncate(scope.start as usize);
        if scope.table != NONE {
            self.close(scope.table as usize);
        }
    }

    /// All objects are over, however they ended.
    pub(super) fn forget(&mut self) {
        if self.open > 0 || self.few.capacity() > KEPT {
            *self = Self::default();
        }
        self.few.clear();
    }

    /// Takes in the hash of a name; whether it is new to the innermost object.
    #[inline]
    pub(super) fn insert(&mut self, scope: &mut Scope, hash: u64) -> bool {
        if scope.table != NONE {
            return self.insert_many(scope, hash);
        }
        let known = self.few.get(scope.start as usize..).unwrap_or_default();
        if known.contains(&hash) {
            return false;
        }
        if known.len() == FEW {
            return self.insert_many(scope, hash);
        }
        self.few.push(hash);
        true
    }

    #[cold]
    #[inline(never)]
    fn insert_many(&mut self, scope: &mut Scope, hash: u64) -> bool {
        if scope.table == NONE {
            if self.open == self.tables.len() {
                self.tables.push(Table::default());
            }
            scope.table = u32::try_from(self.open).unwrap_or(NONE);
            self.open += 1;
            let Some(table) = self.tables.get_mut(scope.table as usize) else { return false };
            for known in self.few.drain(scope.start as usize..) {
                table.insert(known);
            }
        }
        self.tables.get_mut(scope.table as usize).is_some_and(|table| table.insert(hash))
    }

    #[cold]
    fn close(&mut self, table: usize) {
        self.open = table;
        if let Some(table) = self.tables.get_mut(table) {
            table.clear();
        }
    }
}

/// Open addressing, at most half full, so that many members stay linear.
#[derive(Debug, Default)]
struct Table {
    places: Vec<u64>,
    used: usize,
}

/// Tables larger than this many places are given back when the object ends.
const KEPT: usize = 1 << 12;

impl Table {
    fn insert(&mut self, hash: u64) -> bool {
        if self.used * 2 >= self.places.len() {
            self.grow();
        }
        self.used += 1;
        self.place(hash)
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the low bits choose the place")]
    fn place(&mut self, hash: u64) -> bool {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            match self.places.get_mut(at) {
                Some(place) if *place == 0 => {
                    *place = hash;
                    return true;
                }
                Some(place) if *place == hash => return false,
                Some(_) => at = (at + 1) & mask,
                None => return false,
            }
        }
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 2).max(FEW * 4);
        let old = std::mem::replace(&mut self.places, vec![0; size]);
        for hash in old.into_iter().filter(|&hash| hash != 0) {
            self.place(hash);
        }
    }

    fn clear(&mut self) {
        self.used = 0;
        if self.places.len() > KEPT {
            self.places = Vec::new();
        } else {
            self.places.fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Names};

    #[test]
    fn short_names_have_hashes_of_their_own() {
        let key = Key::of_process();
        let mut seen = std::collections::HashSet::new();
        for length in 0..40_usize {
            for one in 0..length.max(1) {
                let mut name = vec![b'a'; length];
                if let Some(byte) = name.get_mut(one) {
                    *byte = b'b';
                }
                assert!(seen.insert(key.hash(&name)), "{name:?}");
            }
        }
        assert!(seen.insert(key.hash(b"aa\0")));
        assert!(seen.insert(key.hash(b"\0aa")));
    }

    #[test]
    fn duplicates_are_found_among_few_and_many_and_scopes_are_apart() {
        for count in [1_u64, 16, 17, 5000] {
            let mut names = Names::default();
            let mut outer = names.enter();
            assert!(names.insert(&mut outer, 1));
            let mut inner = names.enter();
            assert!((1..=count).all(|hash| names.insert(&mut inner, hash)));
            assert!((1..=count).all(|hash| !names.insert(&mut inner, hash)));
            names.leave(inner);
            assert!(!names.insert(&mut outer, 1));
            assert!(names.insert(&mut outer, 2));
            let mut again = names.enter();
            assert!((1..=count).all(|hash| names.insert(&mut again, hash)));
        }
    }
}
