//! A backend's answer on its way in, on the connection that its request may still be going out on.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;

use super::decode::{BodyError, Decoder, Piece};
use super::link::Link;
use super::lot::Lot;

/// Why a request did not go out whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadFault {
    /// Its own body stopped.
    Source,
    /// The backend takes no more of it.
    Refused,
}

/// A request's body on its way out while the answer comes in.
pub trait Upload: fmt::Debug + Send + Sync {
    /// Writes what can be written; ready once all was.
    fn poll(&mut self, context: &mut Context<'_>, link: &mut Link)
    -> Poll<Result<(), UploadFault>>;
}

/// The body of an answer. Once all of it was taken, the connection waits in its lot for another request.
#[derive(Debug)]
pub struct BackendBody {
    link: Option<Box<Link>>,
    decoder: Decoder,
    upload: Option<Box<dyn Upload>>,
    /// Where the connection goes, and how many may wait there; absent where it closes.
    home: Option<(Arc<Lot>, usize)>,
}

impl BackendBody {
    /// The body behind a head that was just read from `link`.
    pub fn new(
        link: Box<Link>,
        decoder: Decoder,
        upload: Option<Box<dyn Upload>>,
        home: Option<(Arc<Lot>, usize)>,
    ) -> Self {
        let mut body = Self { link: Some(link), decoder, upload, home };
        body.settle();
        body
    }

    /// Gives the connection away once the answer is whole.
    fn settle(&mut self) {
        if !self.decoder.is_done() {
            return;
        }
        let (link, home) = (self.link.take(), self.home.take());
        // a request that is still going out when its answer is whole leaves the connection in the middle of a message
        if let (Some(link), Some((lot, most)), None) = (link, home, &self.upload) {
            lot.keep(link, most);
        }
        self.upload = None;
    }

    pub(super) fn is_over(&self) -> bool {
        self.decoder.is_done()
    }

    pub(super) fn left(&self) -> Option<u64> {
        self.decoder.left()
    }

    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(link) = &mut self.link else { return Poll::Ready(None) };
        if let Some(upload) = &mut self.upload {
            match upload.poll(context, link) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.upload = None,
                Poll::Ready(Err(UploadFault::Refused)) => {
                    (self.upload, self.home) = (None, None);
                }
                Poll::Ready(Err(UploadFault::Source)) => {
                    self.link = None;
                    return Poll::Ready(Some(Err(BodyError::Upload)));
                }
            }
        }
        loop {
            let ended = link.has_ended();
            let piece = match self.decoder.next(&mut link.input, ended) {
                Ok(Piece::More) => match ready!(link.poll_fill(context)) {
                    Ok(_) => continue,
                    Err(error) => Err(BodyError::Cut(Some(error))),
                },
                other => other,
            };
            let frame = match piece {
                Ok(Piece::Data(data)) => Some(Ok(Frame::data(data))),
                Ok(Piece::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
                Ok(Piece::End | Piece::More) => None,
                Err(error) => {
                    self.link = None;
                    Some(Err(error))
                }
            };
            self.settle();
            return Poll::Ready(frame);
        }
    }
}
