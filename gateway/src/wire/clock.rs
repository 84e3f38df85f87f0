//! A deadline that is moved often and met seldom.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is not told each time its deadline moves on: it fires at an old one, looks, and waits on. A connection
/// has a new deadline with each message, and a timer's place in the runtime's wheel costs more than looking at the time.
#[derive(Debug, Default)]
pub struct Clock {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Clock {
    /// Ready once the deadline has passed; else the task is woken then, or earlier.
    pub fn poll(&mut self, context: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(context));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Clock;

    #[tokio::test]
    async fn fires_at_the_last_deadline_and_not_before() {
        let mut clock = Clock::default();
        let begun = Instant::now();
        let first = begun + Duration::from_millis(5);
        let polled = poll_fn(|context| std::task::Poll::Ready(clock.poll(context, first)));
        assert!(polled.await.is_pending());
        let later = begun + Duration::from_millis(40);
        poll_fn(|context| clock.poll(context, later)).await;
        assert!(Instant::now() >= later);
        // a deadline that moved back is met too
        let far = Instant::now() + Duration::from_hours(1);
        let polled = poll_fn(|context| std::task::Poll::Ready(clock.poll(context, far)));
        assert!(polled.await.is_pending());
        poll_fn(|context| clock.poll(context, later)).await;
    }
}
