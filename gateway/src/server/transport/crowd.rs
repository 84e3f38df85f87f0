//! How many connections are open from each address.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Parts of the count, each with a lock of its own, which is held for one look into a map.
const PARTS: usize = 32;

/// Counts open connections by the address they come from. An address is remembered as long as it has one, so that there
/// are never more than connections.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    parts: [Mutex<HashMap<IpAddr, usize>>; PARTS],
    hasher: RandomState,
}

/// One connection that is counted; it is no more when dropped.
#[derive(Debug)]
pub(crate) struct Present {
    crowd: Arc<Crowd>,
    block: IpAddr,
}

impl Crowd {
    /// Counts one more from this address; `None` where as many are open as may.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Present> {
        let block = block(address);
        let mut counts = self.part(block)?.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(block).or_default();
        // one that may have none is never entered, so that no entry is left without connections
        if *count >= most.max(1) {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Present { crowd: Arc::clone(self), block })
    }

    fn part(&self, block: IpAddr) -> Option<&Mutex<HashMap<IpAddr, usize>>> {
        let part = self.hasher.hash_one(block) % PARTS as u64;
        self.parts.get(usize::try_from(part).unwrap_or_default())
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let Some(part) = self.crowd.part(self.block) else { return };
        let mut counts = part.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = counts.entry(self.block) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// What is counted as one: an address of IPv4, and the network of one of IPv6, since whoever has one has all of it
/// (RFC 4291 §2.5.4).
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{Crowd, block};

    #[test]
    fn a_network_of_ipv6_and_an_address_of_ipv4_count_as_one() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::ffff:0:0:2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            let [one, other]: [IpAddr; 2] = [one, other].map(|address| address.parse().unwrap());
            assert_eq!(block(one) == block(other), same, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn as_many_as_may_be_from_each_and_nothing_is_kept(
            most in 1_usize..4,
            moves in proptest::collection::vec((0_u8..3, any::<bool>()), 0..60),
        ) {
            let crowd = Arc::new(Crowd::default());
            let mut inside: [Vec<_>; 3] = Default::default();
            for (who, enters) in moves {
                let own = &mut inside[usize::from(who)];
                if enters {
                    let entered = crowd.enter([192, 0, 2, who].into(), most);
                    prop_assert_eq!(entered.is_none(), own.len() == most);
                    own.extend(entered);
                } else {
                    own.pop();
                }
            }
            let known: usize = crowd.parts.iter().map(|part| part.lock().unwrap().len()).sum();
            prop_assert_eq!(known, inside.iter().filter(|own| !own.is_empty()).count());
            drop(inside);
            prop_assert!(crowd.parts.iter().all(|part| part.lock().unwrap().is_empty()));
        }
    }
}
