//! The body of an answer: passed through, converted as it comes, or whole; cut, never ended, when it fails.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::converted::Converted;
use crate::drift::Tap;
use crate::telemetry::{Ended, Record};
use crate::wire::{BodyError, Clock, Incoming, Link};

/// Why a body was cut after the head was gone: HTTP/1.1 closes the connection, HTTP/2 resets the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut(pub(crate) String);

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Cut {}

/// A backend's body under a watch for silence.
#[derive(Debug)]
pub(crate) struct Quiet {
    body: Incoming,
    silence: Duration,
    /// Until when something has to come; absent while something comes.
    due: Option<Instant>,
    clock: Clock,
    /// Copies what comes, where somebody judges it.
    tap: Option<Tap>,
}

impl Quiet {
    pub(crate) fn new(body: Incoming, silence: Duration) -> Self {
        Self { body, silence, due: None, clock: Clock::default(), tap: None }
    }

    /// The same, copied while it comes.
    pub(crate) fn tapped(mut self, tap: Option<Tap>) -> Self {
        self.tap = tap;
        self
    }

    fn hear(&mut self, frame: Option<&Result<Frame<Bytes>, BodyError>>) {
        let Some(tap) = &mut self.tap else { return };
        match frame {
            Some(Ok(frame)) => tap.hear(frame.data_ref().map_or(&[], |data| data)),
            Some(Err(_)) => self.tap = None,
            None => tap.end(),
        }
        if let Some(tap) = self.tap.as_mut().filter(|_| self.body.is_end_stream()) {
            tap.end();
        }
    }

    /// How long it is, as far as that is known.
    pub(crate) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    /// Whether nothing more comes.
    pub(crate) fn is_over(&self) -> bool {
        self.body.is_end_stream()
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Option<Result<Frame<Bytes>, Cut>> {
        std::future::poll_fn(|context| self.poll_frame(context)).await
    }

    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                self.due = None;
                self.hear(frame.as_ref());
                Poll::Ready(frame.map(|frame| {
                    frame.map_err(|error| Cut(format!("the backend broke off: {error}")))
                }))
            }
            Poll::Pending => {
                let due = *self.due.get_or_insert_with(|| Instant::now() + self.silence);
                self.clock
                    .poll(context, due)
                    .map(|()| Some(Err(Cut("the backend fell silent".to_owned()))))
            }
        }
    }
}

#[derive(Debug)]
enum Kind {
    Done,
    Whole(Bytes),
    Through(Quiet),
    Converted(Box<Converted>),
    Tunnel(Box<Link>),
}

/// A backend's connection behind its 101, and the record that ends with it.
#[derive(Debug)]
pub struct Opened {
    /// With what was read ahead of the 101.
    pub(crate) link: Box<Link>,
    pub(crate) record: Option<Box<Record>>,
}

/// The body of an answer.
#[derive(Debug)]
pub struct ReplyBody {
    kind: Kind,
    record: Option<Box<Record>>,
}

impl ReplyBody {
    /// A body in memory.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self { kind: Kind::Whole(bytes.into()), record: None }
    }

    pub(crate) const fn empty() -> Self {
        Self { kind: Kind::Done, record: None }
    }

    pub(crate) fn through(source: Quiet) -> Self {
        let kind = if source.body.is_end_stream() { Kind::Done } else { Kind::Through(source) };
        Self { kind, record: None }
    }

    pub(crate) const fn converted(body: Box<Converted>) -> Self {
        Self { kind: Kind::Converted(body), record: None }
    }

    /// No body: behind its head the connection speaks another protocol.
    pub(crate) const fn tunnel(link: Box<Link>) -> Self {
        Self { kind: Kind::Tunnel(link), record: None }
    }

    /// Takes the tunnel out of an answer that opens one.
    pub(crate) fn opened(&mut self) -> Option<Opened> {
        if !matches!(self.kind, Kind::Tunnel(_)) {
            return None;
        }
        let kind = std::mem::replace(&mut self.kind, Kind::Done);
        let Kind::Tunnel(link) = kind else { return None };
        Some(Opened { link, record: self.record.take() })
    }

    /// Whether the body is converted further after its head is sent.
    pub(crate) const fn goes_on(&self) -> bool {
        matches!(self.kind, Kind::Converted(_))
    }

    /// Lets the record end with this body.
    #[must_use]
    pub(crate) fn with_record(mut self, mut record: Box<Record>) -> Self {
        if self.is_end_stream() {
            record.ended = Ended::Whole;
        }
        self.record = Some(record);
        self
    }

    fn note(&mut self, frame: Option<&Result<Frame<Bytes>, Cut>>) {
        let Some(record) = &mut self.record else { return };
        match frame {
            Some(Ok(frame)) => record.bytes_out += frame.data_ref().map_or(0, Bytes::len) as u64,
            Some(Err(cut)) => {
                record.ended = Ended::Cut;
                record.cause.clone_from(&cut.0);
            }
            None => record.ended = Ended::Whole,
        }
        let over = match &self.kind {
            Kind::Done => true,
            Kind::Through(source) => source.body.is_end_stream(),
            Kind::Whole(_) | Kind::Converted(_) | Kind::Tunnel(_) => false,
        };
        if over && record.ended == Ended::Abandoned {
            record.ended = Ended::Whole;
        }
    }

    fn poll_kind(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut self.kind {
            Kind::Done | Kind::Tunnel(_) => Poll::Ready(None),
            Kind::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.kind = Kind::Done;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Kind::Through(source) => source.poll_frame(context),
            Kind::Converted(converted) => {
                let frame = match converted.poll_piece(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(frame) => frame,
                };
                match frame {
                    Ok((frame, lost)) => {
                        if let (Some(lost), Some(record)) = (&lost, &mut self.record) {
                            record.lose(lost);
                        }
                        if lost.is_some() {
                            self.kind = Kind::Done;
                        }
                        Poll::Ready(frame.map(Ok))
                    }
                    Err(cut) => {
                        self.kind = Kind::Done;
                        Poll::Ready(Some(Err(cut)))
                    }
                }
            }
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let frame = match self.poll_kind(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(frame) => frame,
        };
        self.note(frame.as_ref());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Done => true,
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Through(source) => source.body.is_end_stream(),
            Kind::Converted(_) | Kind::Tunnel(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Done => SizeHint::with_exact(0),
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Through(source) => source.body.size_hint(),
            Kind::Converted(_) | Kind::Tunnel(_) => SizeHint::default(),
        }
    }
}
