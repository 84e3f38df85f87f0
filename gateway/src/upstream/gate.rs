//! A bound on how many may be inside at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts who is inside; without a bound nothing is counted.
#[derive(Debug, Default)]
pub struct Gate {
    most: Option<usize>,
    inside: AtomicUsize,
}

/// One that is inside; it leaves when dropped.
#[derive(Debug)]
pub struct Pass(Option<Arc<Gate>>);

/// There are as many inside as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Gate {
    /// A gate for at most so many; `None` for any number.
    pub const fn new(most: Option<usize>) -> Self {
        Self { most, inside: AtomicUsize::new(0) }
    }

    /// Goes in.
    pub fn enter(self: &Arc<Self>) -> Result<Pass, Full> {
        let Some(most) = self.most else { return Ok(Pass(None)) };
        self.enter_below(most)
    }

    /// Goes in if fewer than so many are inside, whatever the bound of the gate is.
    pub fn enter_below(self: &Arc<Self>, most: usize) -> Result<Pass, Full> {
        if self.inside.fetch_add(1, Relaxed) >= most {
            self.inside.fetch_sub(1, Relaxed);
            return Err(Full);
        }
        Ok(Pass(Some(Arc::clone(self))))
    }

    /// Whether nobody may enter now.
    pub fn is_full(&self) -> bool {
        self.most.is_some_and(|most| self.inside.load(Relaxed) >= most)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(gate) = &self.0 {
            gate.inside.fetch_sub(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::SeqCst;

    use proptest::prelude::*;

    use super::Gate;

    #[test]
    fn without_a_bound_all_enter() {
        let gate = Arc::new(Gate::new(None));
        let all: Vec<_> = (0..100).map(|_| gate.enter().unwrap()).collect();
        assert!(!gate.is_full());
        drop(all);
    }

    #[test]
    fn racing_threads_are_never_too_many() {
        let gate = Arc::new(Gate::new(Some(2)));
        let inside = AtomicUsize::new(0);
        let come_and_go = || {
            for _ in 0..5_000 {
                let Ok(_pass) = gate.enter() else { continue };
                assert!(inside.fetch_add(1, SeqCst) < 2);
                inside.fetch_sub(1, SeqCst);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(come_and_go);
            }
        });
        assert_eq!(gate.inside.load(super::Relaxed), 0);
    }

    proptest! {
        #[test]
        fn as_many_as_may_be_and_no_more(most in 0_usize..6, moves in proptest::collection::vec(any::<bool>(), 0..60)) {
            let gate = Arc::new(Gate::new(Some(most)));
            let mut inside = Vec::new();
            for enters in moves {
                if enters {
                    let entered = gate.enter();
                    prop_assert_eq!(entered.is_err(), inside.len() == most);
                    inside.extend(entered.ok());
                } else {
                    inside.pop();
                }
                prop_assert!(inside.len() <= most);
                prop_assert_eq!(gate.is_full(), inside.len() == most);
            }
        }
    }
}
