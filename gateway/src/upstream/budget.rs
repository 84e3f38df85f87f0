//! How often requests may be repeated: a share of the live ones, so that a backend in trouble is not drowned in
//! retries.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::clock;
use crate::config::RetryConfig;

/// One retry, in the unit of the account.
const RETRY: u64 = 1000;
/// Most retries that are saved up in quiet times.
const BURST: u64 = 100;

/// An account that live requests pay into and retries are paid from.
#[derive(Debug)]
pub(crate) struct Budget {
    /// In thousandths of a retry.
    saved: AtomicU64,
    /// Until when the floor was paid in, in the clock's microseconds.
    paid: AtomicU64,
    /// What each request pays in.
    share: u64,
    /// Retries a second that are paid in whatever happens.
    floor: u64,
}

impl Budget {
    pub(crate) fn new(retries: &RetryConfig, now: u64) -> Self {
        let floor = u64::from(retries.floor);
        Self {
            saved: AtomicU64::new((floor * RETRY).min(BURST * RETRY)),
            paid: AtomicU64::new(now),
            share: u64::from(retries.budget) * RETRY / 100,
            floor,
        }
    }

    /// A live request. While nothing is spent the account is full and is only looked at.
    pub(crate) fn earn(&self) {
        if self.saved.load(Relaxed) < BURST * RETRY {
            self.pay_in(self.share);
        }
    }

    /// Whether a retry may be made at `now`.
    pub(crate) fn spend(&self, now: u64) -> bool {
        self.pay_floor(now);
        self.saved.fetch_update(Relaxed, Relaxed, |saved| saved.checked_sub(RETRY)).is_ok()
    }

    fn pay_floor(&self, now: u64) {
        let paid = self.paid.load(Relaxed);
        // microseconds times retries a second are millionths of a retry
        let earned = now.saturating_sub(paid).saturating_mul(self.floor) / 1000;
        let Some(covered) = (earned * 1000).checked_div(self.floor).filter(|_| earned > 0) else {
            return;
        };
        // who comes second finds the time paid for already
        if self.paid.compare_exchange(paid, paid + covered, Relaxed, Relaxed).is_ok() {
            self.pay_in(earned);
        }
    }

    fn pay_in(&self, amount: u64) {
        let sum = |saved: u64| Some(saved.saturating_add(amount).min(BURST * RETRY));
        // the closure always gives a sum, so that this cannot fail
        let _ = self.saved.fetch_update(Relaxed, Relaxed, sum);
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(&RetryConfig::default(), clock::now())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use proptest::prelude::*;

    use super::{Budget, RetryConfig};

    const SECOND: u64 = 1_000_000;

    fn config(budget: u32, floor: u32) -> RetryConfig {
        RetryConfig { budget, floor, ..RetryConfig::default() }
    }

    #[test]
    fn one_request_in_five_pays_for_a_retry() {
        let budget = Budget::new(&config(20, 0), 1);
        assert!(!budget.spend(1));
        for _ in 0..5 {
            budget.earn();
        }
        assert!(budget.spend(1));
        assert!(!budget.spend(100 * SECOND));
    }

    #[test]
    fn the_floor_is_paid_by_the_clock() {
        let budget = Budget::new(&config(0, 3), SECOND);
        assert_eq!((0..10).filter(|_| budget.spend(SECOND)).count(), 3);
        assert_eq!((0..10).filter(|_| budget.spend(2 * SECOND)).count(), 3);
        let at = |tenth: u64| 2 * SECOND + tenth * SECOND / 10;
        assert_eq!((0..10).filter(|tenth| budget.spend(at(*tenth))).count(), 2);
        assert_eq!((0..1000).filter(|_| budget.spend(1000 * SECOND)).count(), 100);
    }

    proptest! {
        #[test]
        fn no_order_of_events_spends_more_than_the_share_and_the_floor(
            share in 0_u32..=100, floor in 0_u32..50, start in 1_u64..SECOND,
            events in proptest::collection::vec((0_u64..SECOND / 4, any::<bool>()), 0..400),
        ) {
            let budget = Budget::new(&config(share, floor), start);
            let (mut now, mut requests, mut retries) = (start, 0_u64, 0_u64);
            for (gap, asks) in events {
                now += gap;
                if asks {
                    retries += u64::from(budget.spend(now));
                } else {
                    budget.earn();
                    requests += 1;
                }
                let floor = u64::from(floor);
                let most = requests * u64::from(share) * SECOND / 100 + floor * (now - start) + floor * SECOND;
                prop_assert!(retries * SECOND <= most, "{} retries of {}", retries, requests);
            }
        }
    }

    #[test]
    fn threads_that_race_spend_no_more_together() {
        let budget = Budget::new(&config(20, 0), 1);
        let retries = AtomicU64::new(0);
        let ask = || {
            for _ in 0..10_000 {
                budget.earn();
                retries.fetch_add(u64::from(budget.spend(1)), Relaxed);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(ask);
            }
        });
        assert_eq!(retries.load(Relaxed) + u64::from(budget.spend(1)), 8000);
    }
}
