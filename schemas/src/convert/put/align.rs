//! Which item of a source is which item of a view.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::hides;
use super::tree::{Entry, Node};

/// The items of one array: the source's, as they were shown, and as they came back.
pub(super) struct Align<'a, 'b> {
    pub(super) items: &'a [Entry<'b>],
    pub(super) shown: &'a [Entry<'b>],
    pub(super) written: &'a [Entry<'b>],
    pub(super) identity: &'a [String],
}

/// For each written item the source's and the shown one that it was; `None` for a new one.
pub(super) struct Pairing {
    pub(super) pairs: Vec<Option<(usize, usize)>>,
    /// Items of the source that the client took away.
    pub(super) removed: Vec<usize>,
    /// Items of the source that the client was not shown.
    pub(super) unseen: Vec<usize>,
}

impl Align<'_, '_> {
    /// `None` where what is hidden in some item would have to be guessed.
    pub(super) fn pairing(&self) -> Option<Pairing> {
        let origins = self.origins()?;
        let (mut by_shown, mut taken) =
            (vec![None; self.written.len()], vec![false; self.shown.len()]);
        if let Some((seen, wanted)) = self.keys(self.shown, self.written) {
            let seen = places(&seen);
            for (slot, key) in by_shown.iter_mut().zip(wanted) {
                *slot = seen.get(key).copied();
                if let Some(mark) = slot.and_then(|at| taken.get_mut(at)) {
                    *mark = true;
                }
            }
        } else {
            self.equal(&mut by_shown, &mut taken);
            self.rest(&mut by_shown, &taken, &origins)?;
        }
        let pairs = by_shown.iter().map(|seen| {
            let seen = (*seen)?;
            Some(((*origins.get(seen)?), seen))
        });
        let pairs: Vec<Option<(usize, usize)>> = pairs.collect();
        let kept: BTreeSet<usize> = pairs.iter().flatten().map(|(item, _)| *item).collect();
        let removed = origins.iter().copied().filter(|item| !kept.contains(item)).collect();
        let origins: BTreeSet<usize> = origins.into_iter().collect();
        let unseen = (0..self.items.len()).filter(|item| !origins.contains(item)).collect();
        Some(Pairing { pairs, removed, unseen })
    }

    /// For each shown item the source's. A conversion that leaves items out can be followed by identity alone.
    fn origins(&self) -> Option<Vec<usize>> {
        if let Some((all, seen)) = self.keys(self.items, self.shown) {
            let all = places(&all);
            return seen.iter().map(|key| all.get(key).copied()).collect();
        }
        (self.items.len() == self.shown.len()).then(|| (0..self.items.len()).collect())
    }

    /// The identities of two rows of items, where one of the declared members tells all of them apart.
    fn keys<'n>(
        &self,
        one: &'n [Entry<'_>],
        other: &'n [Entry<'_>],
    ) -> Option<(Vec<&'n str>, Vec<&'n str>)> {
        let of = |row: &'n [Entry<'_>], name: &str| -> Option<Vec<&'n str>> {
            let keys: Option<Vec<&str>> =
                row.iter().map(|item| Some(item.value.member(name)?.text)).collect();
            let keys = keys?;
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            sorted.dedup();
            (sorted.len() == keys.len()).then_some(keys)
        };
        self.identity.iter().find_map(|name| Some((of(one, name)?, of(other, name)?)))
    }

    /// Equal items, those at the same place first.
    fn equal(&self, by_shown: &mut [Option<usize>], taken: &mut [bool]) {
        let same = |one: &Entry<'_>, other: &Entry<'_>| one.value.same(&other.value);
        for (at, (wanted, seen)) in self.written.iter().zip(self.shown).enumerate() {
            if let (true, Some(slot), Some(mark)) =
                (same(wanted, seen), by_shown.get_mut(at), taken.get_mut(at))
            {
                (*slot, *mark) = (Some(at), true);
            }
        }
        let mut by_text: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, seen) in self.shown.iter().enumerate().rev() {
            if taken.get(at) == Some(&false) {
                by_text.entry(compact(&seen.value)).or_default().push(at);
            }
        }
        for (wanted, slot) in self.written.iter().zip(by_shown) {
            if slot.is_none()
                && let Some(at) = by_text.get_mut(&compact(&wanted.value)).and_then(Vec::pop)
                && let Some(mark) = taken.get_mut(at)
            {
                (*slot, *mark) = (Some(at), true);
            }
        }
    }

    /// The others by their order where their numbers agree; else they are new ones, which is no guess only where the
    /// shown ones that are left hide nothing, or nothing is left that could have been one of them.
    fn rest(
        &self,
        by_shown: &mut [Option<usize>],
        taken: &[bool],
        origins: &[usize],
    ) -> Option<()> {
        let left: Vec<usize> =
            (0..self.shown.len()).filter(|at| taken.get(*at) == Some(&false)).collect();
        let open = by_shown.iter().filter(|slot| slot.is_none()).count();
        if left.len() == open {
            let slots = by_shown.iter_mut().filter(|slot| slot.is_none());
            for (slot, at) in slots.zip(left) {
                *slot = Some(at);
            }
            return Some(());
        }
        let hidden = |at: &usize| {
            let item = origins.get(*at).and_then(|item| self.items.get(*item));
            let seen = self.shown.get(*at).map(|one| &one.value);
            item.is_some_and(|item| hides(&item.value, seen))
        };
        (open == 0 || !left.iter().any(hidden)).then_some(())
    }
}

fn places<'n>(keys: &[&'n str]) -> BTreeMap<&'n str, usize> {
    keys.iter().enumerate().map(|(at, key)| (*key, at)).collect()
}

/// A value's text for looking it up: numbers and strings as `serde_json` writes them.
fn compact(node: &Node<'_>) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(node.text);
    value.map_or_else(|_| node.text.to_owned(), |value| value.to_string())
}
