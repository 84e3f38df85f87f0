//! Room for what comes out of conversions: what a worker has written out it fills again, while it is still in its caches.

use std::cell::RefCell;

use bytes::Bytes;
use smallvec::SmallVec;

/// Most rooms that a worker keeps.
const MOST: usize = 4;
/// Octets of the largest that it keeps, so that it never holds more than half a MiB.
const LARGEST: usize = 128 << 10;

thread_local! {
    static KEPT: RefCell<SmallVec<[Vec<u8>; MOST]>> = const { RefCell::new(SmallVec::new_const()) };
}

/// Empty room for at least so many octets.
pub(super) fn take(octets: usize) -> Vec<u8> {
    let kept = KEPT.try_with(|kept| kept.try_borrow_mut().ok()?.pop()).ok().flatten();
    let mut room = kept.unwrap_or_default();
    room.reserve(octets);
    room
}

/// What was written; its room is kept where the last who reads it lets it go.
pub(super) fn give(written: Vec<u8>) -> Bytes {
    if written.is_empty() { Bytes::new() } else { Bytes::from_owner(Lent(written)) }
}

/// Room that comes back.
struct Lent(Vec<u8>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut room = std::mem::take(&mut self.0);
        if room.capacity() > LARGEST {
            return;
        }
        room.clear();
        // a thread that ends keeps nothing
        let _ = KEPT.try_with(|kept| {
            if let Ok(mut kept) = kept.try_borrow_mut()
                && kept.len() < MOST
            {
                kept.push(room);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, LARGEST, MOST, give, take};

    #[test]
    fn room_comes_back_empty_and_is_bounded() {
        let held: Vec<_> = (0..MOST + 2)
            .map(|number| {
                let mut room = take(100);
                room.extend_from_slice(format!("number {number}").as_bytes());
                give(room)
            })
            .collect();
        let copy = held[0].slice(..6);
        assert_eq!((&copy[..], &held[5][..]), (&b"number"[..], &b"number 5"[..]));
        drop(held);
        KEPT.with(|kept| assert_eq!(kept.borrow().len(), MOST, "one is read still"));
        let again = take(10);
        assert!(again.is_empty() && again.capacity() >= 100);
        drop(copy);
        drop(give(vec![0; LARGEST + 1]));
        KEPT.with(|kept| {
            assert_eq!(kept.borrow().len(), MOST);
            assert!(kept.borrow().iter().all(|room| room.capacity() <= LARGEST));
        });
    }
}
