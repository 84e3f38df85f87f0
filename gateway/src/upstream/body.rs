//! A request body on its way to a backend: empty, whole, or streamed at no less than a stated pace.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

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
    clock: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                self.seen = self.seen.saturating_add(frame.data_ref().map_or(0, Bytes::len));
                if self.seen >= self.pace.octets {
                    self.seen = 0;
                    self.clock = None;
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(BodyFault::Broken))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if self.pace.octets == 0 => Poll::Pending,
            Poll::Pending => {
                let window = self.pace.window;
                let clock = self.clock.get_or_insert_with(|| Box::pin(sleep(window)));
                ready!(clock.as_mut().poll(context));
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
}

/// Where a body that was never read goes back to when the connection for it could not be made.
type Home = Arc<Mutex<Option<Kind>>>;

/// A request body as a backend gets it.
#[derive(Debug)]
pub struct OutboundBody {
    kind: Kind,
    home: Option<Home>,
}

impl OutboundBody {
    /// No body.
    pub const fn empty() -> Self {
        Self { kind: Kind::Empty, home: None }
    }

    /// A body in memory.
    pub const fn whole(bytes: Bytes) -> Self {
        Self { kind: Kind::Whole(bytes), home: None }
    }

    /// A client's body as it comes.
    pub fn streamed(body: Incoming, pace: Pace) -> Self {
        if body.is_end_stream() {
            return Self::empty();
        }
        let paced = Paced { body, pace, seen: 0, clock: None };
        Self { kind: Kind::Streamed(Box::new(paced)), home: None }
    }

    /// The body's next frame, for a caller that reads it whole.
    pub async fn frame(&mut self) -> Option<Result<Frame<Bytes>, BodyFault>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_frame(context)).await
    }

    /// The same body once more, where it is in memory or empty.
    pub fn again(&self) -> Option<Self> {
        match &self.kind {
            Kind::Empty => Some(Self::empty()),
            Kind::Whole(bytes) => Some(Self::whole(bytes.clone())),
            Kind::Streamed(_) => None,
        }
    }

    /// A second handle from which the body can be had back if nobody began to read it.
    pub(crate) fn reclaimable(mut self) -> (Self, Reclaim) {
        if matches!(self.kind, Kind::Empty) {
            return (self, Reclaim(None));
        }
        let home = Home::default();
        self.home = Some(Arc::clone(&home));
        (self, Reclaim(Some(home)))
    }
}

/// See [`OutboundBody::reclaimable`]. There is nothing to give back of an empty body.
#[derive(Debug)]
pub(crate) struct Reclaim(Option<Home>);

impl Reclaim {
    /// The body, if it was dropped unread.
    pub(crate) fn take(&self) -> Option<OutboundBody> {
        let Some(home) = &self.0 else { return Some(OutboundBody::empty()) };
        let kind = home.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(OutboundBody { kind, home: None })
    }
}

impl Drop for OutboundBody {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            let kind = std::mem::replace(&mut self.kind, Kind::Empty);
            *home.lock().unwrap_or_else(PoisonError::into_inner) = Some(kind);
        }
    }
}

impl Body for OutboundBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        self.home = None;
        match &mut self.kind {
            Kind::Empty => Poll::Ready(None),
            Kind::Whole(bytes) => {
                let bytes = bytes.split_off(0);
                self.kind = Kind::Empty;
                Poll::Ready(bytes.has_remaining().then(|| Ok(Frame::data(bytes))))
            }
            Kind::Streamed(paced) => paced.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Streamed(paced) => paced.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Streamed(paced) => paced.body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::OutboundBody;

    #[tokio::test]
    async fn an_unread_body_comes_back_and_a_read_one_does_not() {
        let (body, reclaim) = OutboundBody::whole(Bytes::from_static(b"abc")).reclaimable();
        drop(body);
        let (mut body, again) = reclaim.take().unwrap().reclaimable();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.data_ref().unwrap(), "abc");
        drop(body);
        assert!(again.take().is_none());
        assert!(reclaim.take().is_none());
    }
}
