//! A request body on its way to a backend: empty, whole, or streamed at no less than a stated pace.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::remembered::{Memory, Remembered};
use crate::drift::Tap;
use crate::wire::{Clock, Incoming};

/// Why a body stopped. The peer that reads it never sees a proper end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// It came in below the minimum pace.
    TooSlow,
    /// It broke off or was malformed.
    Broken,
}

impl fmt::Display for BodyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooSlow => "the body came in too slowly",
            Self::Broken => "the body broke off",
        })
    }
}

impl std::error::Error for BodyFault {}

/// The slowest that a body may come in: `octets` in each `window`. Time in which the gateway itself does not
/// read does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Octets in each window; 0 lifts the rule.
    pub octets: usize,
    /// The window.
    pub window: Duration,
}

/// A client's body, read under a [`Pace`].
#[derive(Debug)]
pub(super) struct Paced {
    body: Incoming,
    pace: Pace,
    seen: usize,
    /// When the window that is running ends.
    due: Option<Instant>,
    clock: Clock,
    /// Counts octets for whoever tells of them.
    count: Option<Arc<AtomicU64>>,
    /// Copies what passes, where somebody judges it.
    tap: Option<Tap>,
}

impl Paced {
    /// Nobody read until now, which the client could not help.
    pub(super) const fn begin_window(&mut self) {
        self.due = None;
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let octets = frame.data_ref().map_or(0, Bytes::len);
                self.seen = self.seen.saturating_add(octets);
                if let Some(count) = &self.count {
                    count.fetch_add(octets as u64, Ordering::Relaxed);
                }
                if self.seen >= self.pace.octets {
                    self.seen = 0;
                    self.due = None;
                }
                if let Some(tap) = &mut self.tap {
                    tap.hear(frame.data_ref().map_or(&[], |data| data));
                    if self.body.is_end_stream() {
                        tap.end();
                    }
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(BodyFault::Broken))),
            Poll::Ready(None) => {
                if let Some(tap) = &mut self.tap {
                    tap.end();
                }
                Poll::Ready(None)
            }
            Poll::Pending if self.pace.octets == 0 => Poll::Pending,
            Poll::Pending => {
                let due = *self.due.get_or_insert_with(|| Instant::now() + self.pace.window);
                ready!(self.clock.poll(context, due));
                Poll::Ready(Some(Err(BodyFault::TooSlow)))
            }
        }
    }
}

#[derive(Debug)]
enum Kind {
    Empty,
    Whole(Bytes),
    Streamed(Box<Paced>),
    Remembered(Remembered),
}

/// A request body as a backend gets it.
#[derive(Debug)]
pub struct OutboundBody {
    kind: Kind,
    /// Something was taken of it.
    begun: bool,
}

impl OutboundBody {
    /// No body.
    pub const fn empty() -> Self {
        Self { kind: Kind::Empty, begun: false }
    }

    /// A body in memory.
    pub const fn whole(bytes: Bytes) -> Self {
        Self { kind: Kind::Whole(bytes), begun: false }
    }

    /// A client's body as it comes.
    pub fn streamed(body: Incoming, pace: Pace) -> Self {
        if body.is_end_stream() {
            return Self::empty();
        }
        let (clock, count, tap) = (Clock::default(), None, None);
        let paced = Paced { body, pace, seen: 0, due: None, clock, count, tap };
        Self { kind: Kind::Streamed(Box::new(paced)), begun: false }
    }

    /// The count of the octets that are read of it from now on; none where there is nothing to read.
    pub fn counted(&mut self) -> Option<Arc<AtomicU64>> {
        match &mut self.kind {
            Kind::Streamed(paced) => Some(Arc::clone(paced.count.get_or_insert_default())),
            _ => None,
        }
    }

    /// Has it copied while it is read.
    pub fn tapped(&mut self, tap: impl FnOnce() -> Option<Tap>) {
        if let Kind::Streamed(paced) = &mut self.kind {
            paced.tap = tap();
        }
    }

    /// The body's next frame, for a caller that reads it whole.
    pub async fn frame(&mut self) -> Option<Result<Frame<Bytes>, BodyFault>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_frame(context)).await
    }

    /// The same, remembered while it is sent where it is small enough, so that it can be had again.
    pub(super) fn remembered(self, memory: &Arc<Memory>) -> Self {
        let kind = match self.kind {
            Kind::Streamed(paced) if !self.begun => Remembered::new(paced, memory),
            other => return Self { kind: other, ..self },
        };
        Self { kind: kind.map_or_else(Kind::Streamed, Kind::Remembered), begun: false }
    }

    /// The same body once more, where it is in memory or empty.
    pub fn again(&self) -> Option<Self> {
        let kind = match &self.kind {
            Kind::Empty if self.begun => return None,
            Kind::Empty => Kind::Empty,
            Kind::Whole(bytes) => Kind::Whole(bytes.clone()),
            Kind::Streamed(_) => return None,
            Kind::Remembered(remembered) => Kind::Remembered(remembered.again()?),
        };
        Some(Self { kind, begun: false })
    }

    /// Whether all of it is here, so that it can be sent again whatever becomes of the first time.
    pub const fn is_here(&self) -> bool {
        matches!(self.kind, Kind::Empty | Kind::Whole(_))
    }

    /// Whether all of it can still be sent: what was small enough to be remembered may have turned out to be larger.
    pub fn is_whole(&self) -> bool {
        match &self.kind {
            Kind::Remembered(remembered) => remembered.is_whole(),
            Kind::Empty | Kind::Whole(_) | Kind::Streamed(_) => true,
        }
    }

    /// Whether nothing was taken of it, so that it can still be sent elsewhere.
    pub const fn is_unread(&self) -> bool {
        !self.begun
    }
}

impl Body for OutboundBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        self.begun = true;
        match &mut self.kind {
            Kind::Empty => Poll::Ready(None),
            Kind::Whole(bytes) => {
                let bytes = bytes.split_off(0);
                self.kind = Kind::Empty;
                Poll::Ready(bytes.has_remaining().then(|| Ok(Frame::data(bytes))))
            }
            Kind::Streamed(paced) => paced.poll_frame(context),
            Kind::Remembered(remembered) => remembered.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Streamed(paced) => paced.is_end_stream(),
            Kind::Remembered(remembered) => remembered.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Streamed(paced) => paced.size_hint(),
            Kind::Remembered(remembered) => remembered.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::OutboundBody;

    #[tokio::test]
    async fn a_body_in_memory_can_be_had_again_until_it_is_read() {
        let mut body = OutboundBody::whole(Bytes::from_static(b"abc"));
        let mut again = body.again().unwrap();
        assert!(body.is_unread());
        for body in [&mut body, &mut again] {
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.data_ref().unwrap(), "abc");
            assert!(body.again().is_none() && !body.is_unread());
        }
        assert!(OutboundBody::empty().again().is_some());
    }
}
