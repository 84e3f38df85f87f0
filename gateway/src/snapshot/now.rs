//! The time of day as requests read it: a look at memory, never a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

/// Seconds since 1970, as old as the last tick: workers tick each second.
#[derive(Clone, Debug)]
pub struct Now {
    seconds: Arc<AtomicI64>,
    /// Whether it goes on with the system's clock, or is moved by hand.
    goes: Goes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    BySystem,
    ByHand,
}

impl Default for Now {
    fn default() -> Self {
        let now = Self { seconds: Arc::default(), goes: Goes::BySystem };
        now.tick();
        now
    }
}

impl Now {
    /// A clock that stands still until it is moved.
    pub fn standing(seconds: i64) -> Self {
        Self { seconds: Arc::new(seconds.into()), goes: Goes::ByHand }
    }

    /// Moves a clock that stands still, and all its copies.
    pub fn move_to(&self, seconds: i64) {
        self.seconds.store(seconds, Ordering::Relaxed);
    }

    /// The seconds.
    pub fn get(&self) -> i64 {
        self.seconds.load(Ordering::Relaxed)
    }

    /// Goes on with the system's clock, unless it is moved by hand.
    pub fn tick(&self) {
        if self.goes == Goes::BySystem {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let seconds = since.map_or(0, |since| since.as_secs());
            self.seconds.store(i64::try_from(seconds).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }
}
