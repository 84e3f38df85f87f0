//! One clock for all endpoints: microseconds since the process first asked.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Microseconds since the process first asked, from 1 on, so that 0 can stand for never.
pub(crate) fn now() -> u64 {
    micros(BEGIN.elapsed()).saturating_add(1)
}

/// A time in microseconds.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
