//! Where connections to one address wait for their next request.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::link::{Link, REST};

/// Unused connections, the last used on top. One worker uses one lot, so that its lock is never waited for.
#[derive(Debug, Default)]
pub struct Lot {
    waiting: Mutex<Vec<(Box<Link>, Instant)>>,
}

impl Lot {
    /// A connection that can carry a request: nothing came on it, nobody closed it.
    pub fn take(&self) -> Option<Box<Link>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((mut link, _)) = waiting.pop() {
            if link.is_quiet() {
                return Some(link);
            }
        }
        None
    }

    /// Keeps a connection for later, unless `most` are kept.
    pub fn keep(&self, link: Box<Link>, most: usize) {
        // what was sent beyond the answer was not asked for, and what comes behind it is nobody's (RFC 9112 §6.3)
        if !link.is_settled() {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < most {
            waiting.push((link, Instant::now()));
        }
    }

    /// Closes those that waited for longer than this, has those give their buffers back that are no longer busy, and says
    /// how many are left.
    pub fn sweep(&self, idle: Duration) -> usize {
        self.sweep_at(Instant::now(), idle)
    }

    pub(super) fn sweep_at(&self, now: Instant, idle: Duration) -> usize {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain_mut(|(link, since)| {
            let waited = now.saturating_duration_since(*since);
            if waited >= REST {
                link.rest();
            }
            waited < idle
        });
        waiting.len()
    }
}
