//! A body that comes in, from either side and in either protocol.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::backend::BackendBody;
use super::decode::{BodyError, strip_trailers};
use super::fields::Fields;
use super::link::Link;
use super::seat::SeatBody;

/// A body as it comes.
#[derive(Debug)]
pub enum Incoming {
    /// None.
    Empty,
    /// Whole, of somebody who asks what would become of it; taken once.
    Given(Bytes),
    /// A client's, over HTTP/1.1.
    Client(SeatBody),
    /// A backend's, over HTTP/1.1.
    Backend(Box<BackendBody>),
    /// Either's, over HTTP/2.
    Http2(hyper::body::Incoming),
    /// A backend's, over HTTP/2 on a connection with others; the stream counts until this is dropped.
    Shared(Box<(hyper::body::Incoming, Lease)>),
    /// None: after its 101 the backend's connection speaks the protocol that was asked for.
    Tunnel(Box<Link>),
}

/// One of a counted number, until it is dropped.
#[derive(Debug)]
pub struct Lease(Arc<AtomicUsize>);

impl Lease {
    /// One more.
    pub fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

type Polled<Error> = Poll<Option<Result<Frame<Bytes>, Error>>>;

/// A frame of HTTP/2 without trailers that may stand only in a head.
fn stripped(polled: Polled<hyper::Error>) -> Polled<BodyError> {
    polled.map(|frame| {
        let mut frame = frame.map(|frame| frame.map_err(BodyError::Http2));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            let mut own = Fields::from(std::mem::take(trailers));
            strip_trailers(&mut own);
            *trailers = own.into();
        }
        frame
    })
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Empty | Self::Tunnel(_) => Poll::Ready(None),
            Self::Given(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Client(body) => body.poll_frame(context),
            Self::Backend(body) => body.poll_frame(context),
            Self::Http2(body) => stripped(Pin::new(body).poll_frame(context)),
            Self::Shared(shared) => stripped(Pin::new(&mut shared.0).poll_frame(context)),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Given(bytes) => bytes.is_empty(),
            Self::Tunnel(_) => false,
            Self::Client(body) => body.is_over(),
            Self::Backend(body) => body.is_over(),
            Self::Http2(body) => body.is_end_stream(),
            Self::Shared(shared) => shared.0.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let left = match self {
            Self::Empty => Some(0),
            Self::Given(bytes) => Some(bytes.len() as u64),
            Self::Client(body) => body.left(),
            Self::Backend(body) => body.left(),
            Self::Http2(body) => return body.size_hint(),
            Self::Shared(shared) => return shared.0.size_hint(),
            Self::Tunnel(_) => None,
        };
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
