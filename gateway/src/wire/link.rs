//! A stream with what was read of it and what is still to be written to it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use super::berth::Berth;
use super::clock::Clock;
use super::stream::{Look, Stream};

/// The first read asks for so many octets, which hold most heads.
const ROOM: usize = 4 << 10;
/// A read never asks for more.
const MOST_ROOM: usize = 64 << 10;
/// So many pieces are written at once.
const PIECES: usize = 16;
/// A connection that waits for its next message may go on holding so many octets; one that holds more gives them back.
const IDLE: usize = 2 * ROOM;
/// A connection that has waited for so long is no busy one, which would ask for all that it gives back at once again.
pub(super) const REST: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    /// Read and not yet taken.
    pub input: BytesMut,
    room: usize,
    /// The largest buffer that it may still hold, in octets.
    held: usize,
    /// When it has waited for long enough to give its buffers back.
    rests: Option<Instant>,
    ended: bool,
    scratch: BytesMut,
    queue: VecDeque<Bytes>,
    queued: usize,
    /// Since when the peer takes nothing.
    stalled: Option<Instant>,
    write_clock: Clock,
    /// For whoever waits for something to be read.
    pub clock: Clock,
    /// Its place among those that may be open together; goes with it.
    pub(super) berth: Option<Berth>,
}

impl Link {
    /// A link on a stream of which `input` was read ahead.
    pub fn new(stream: Stream, input: BytesMut) -> Self {
        let held = input.capacity();
        Self {
            stream,
            input,
            room: ROOM,
            held,
            rests: None,
            ended: false,
            scratch: BytesMut::new(),
            queue: VecDeque::new(),
            queued: 0,
            stalled: None,
            write_clock: Clock::default(),
            clock: Clock::default(),
            berth: None,
        }
    }

    /// The same, in a place among those that may be open together.
    #[must_use]
    pub fn within(mut self, berth: Option<Berth>) -> Self {
        self.berth = berth;
        self
    }

    /// Its place among those that may be open together.
    pub const fn berth(&self) -> Option<&Berth> {
        self.berth.as_ref()
    }

    /// Reads what there is, at most 64 KiB; 0 at the end of the stream.
    pub fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if !self.input.try_reclaim(self.room) {
            ready!(self.stream.poll_readable(context))?;
            self.input.reserve(self.room);
        }
        self.held = self.held.max(self.input.capacity());
        let read = ready!(poll_read_buf(Pin::new(&mut self.stream), context, &mut self.input))?;
        self.ended |= read == 0;
        self.rests = None;
        // a read that was filled to the brim has more behind it
        if read >= self.room && self.room < MOST_ROOM {
            self.room = MOST_ROOM.min(self.room * 4);
        }
        Poll::Ready(Ok(read))
    }

    /// Whether the peer sends no more.
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Where a head or a chunk's size is written before it is queued by [`Self::queue_scratch`].
    pub const fn scratch(&mut self) -> &mut BytesMut {
        &mut self.scratch
    }

    /// Puts what stands in the scratch behind what is still to be written.
    pub fn queue_scratch(&mut self) {
        self.held = self.held.max(self.scratch.capacity());
        let bytes = self.scratch.split().freeze();
        self.queue(bytes);
    }

    /// Puts bytes behind what is still to be written.
    pub fn queue(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.queued += bytes.len();
            self.queue.push_back(bytes);
        }
    }

    /// Octets that are still to be written.
    pub const fn queued(&self) -> usize {
        self.queued
    }

    /// Forgets what is still to be written.
    pub fn forget(&mut self) {
        self.queue.clear();
        self.queued = 0;
    }

    /// Writes all that is queued. Fails when the peer takes nothing for longer than `patience`.
    pub fn poll_flush(
        &mut self,
        context: &mut Context<'_>,
        patience: Duration,
    ) -> Poll<io::Result<()>> {
        while let Some(first) = self.queue.front() {
            let written = if self.queue.len() == 1 {
                Pin::new(&mut self.stream).poll_write(context, first)
            } else {
                let mut slices = [IoSlice::new(&[]); PIECES];
                let mut count = 0;
                for (slot, bytes) in slices.iter_mut().zip(&self.queue) {
                    *slot = IoSlice::new(bytes);
                    count += 1;
                }
                let slices = slices.get(..count).unwrap_or_default();
                Pin::new(&mut self.stream).poll_write_vectored(context, slices)
            };
            match written {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => self.written(count),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    let since = *self.stalled.get_or_insert_with(Instant::now);
                    ready!(self.write_clock.poll(context, since + patience));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        // what a layer below has gathered, which TCP never does
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn written(&mut self, mut count: usize) {
        self.stalled = None;
        self.queued = self.queued.saturating_sub(count);
        while let Some(first) = self.queue.front_mut() {
            if count < first.len() {
                first.advance(count);
                return;
            }
            count -= first.len();
            self.queue.pop_front();
        }
    }

    /// Says to the peer that no more comes.
    pub fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    /// Whether a message has just ended on it: nothing is left to be written, and nothing more was read.
    pub fn is_settled(&self) -> bool {
        self.input.is_empty() && self.queue.is_empty() && !self.ended
    }

    /// Whether it can carry another message: nothing came that was not asked for, and nobody closed.
    pub fn is_quiet(&mut self, look: Look) -> bool {
        self.is_settled() && self.stream.is_quiet(look)
    }

    /// The largest buffer that it may still hold, in octets.
    #[cfg(test)]
    pub(super) const fn held(&self) -> usize {
        self.held
    }

    /// Gives its buffers back, if nothing stands in them. The next read asks for new ones.
    pub fn rest(&mut self) {
        if self.held > 0 && self.input.is_empty() && self.queue.is_empty() {
            (self.input, self.scratch) = (BytesMut::new(), BytesMut::new());
            self.queue = VecDeque::new();
            (self.room, self.held, self.rests) = (ROOM, 0, None);
        }
    }

    /// For a link that waits for its next message until the deadline: ready then. One that holds much and waits for long
    /// gives it back before.
    pub fn poll_idle(&mut self, context: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        if self.held > IDLE && self.input.is_empty() {
            let rests = *self.rests.get_or_insert_with(|| Instant::now() + REST);
            if rests < deadline {
                ready!(self.clock.poll(context, rests));
                self.rest();
            }
        }
        self.clock.poll(context, deadline)
    }

    /// Makes the close a reset.
    pub fn reset_on_close(&self) {
        self.stream.reset_on_close();
    }

    /// The stream and what was read ahead of it, for whoever goes on with it in another protocol.
    pub fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.input)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use bytes::{Bytes, BytesMut};
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::Instant;

    use super::{IDLE, Link, MOST_ROOM, REST};
    use crate::wire::{Look, Lot, Stream};

    /// A link that carried a body of 1 MiB, and its other side.
    async fn used() -> (Link, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let mut link = Link::new(Stream::Tcp(far), BytesMut::new());
        let mut left = 1 << 20;
        let body = vec![7; left];
        let sending = async {
            near.write_all(&body).await.unwrap();
            near
        };
        let reading = async {
            while left > 0 {
                left -= poll_fn(|context| link.poll_fill(context)).await.unwrap();
                link.input.clear();
            }
        };
        let (near, ()) = tokio::join!(sending, reading);
        (link, near)
    }

    #[tokio::test]
    async fn a_link_that_waits_gives_back_what_a_large_body_made_it_hold() {
        let (mut link, mut near) = used().await;
        assert!(link.held() >= MOST_ROOM, "{}", link.held());
        let begun = Instant::now();
        poll_fn(|context| link.poll_idle(context, begun + REST / 2)).await;
        assert!(link.held() >= MOST_ROOM, "a short pause costs nothing");
        poll_fn(|context| link.poll_idle(context, begun + 2 * REST)).await;
        assert_eq!((link.held(), link.input.capacity()), (0, 0));
        assert!(begun.elapsed() >= 2 * REST, "it waited on");
        near.write_all(b"GET /").await.unwrap();
        poll_fn(|context| link.poll_fill(context)).await.unwrap();
        assert_eq!(&link.input[..], b"GET /");
        assert!(link.held() <= IDLE, "{}", link.held());
    }

    #[tokio::test]
    async fn so_does_one_that_waits_for_a_request_to_a_backend() {
        let ((link, _near), lot) = (used().await, Lot::default());
        lot.keep(Box::new(link), 1);
        let (now, hour) = (Instant::now(), Duration::from_hours(1));
        assert_eq!(lot.sweep_at(now, hour), 1);
        let link = lot.take(Look::Sure).unwrap();
        assert!(link.held() >= MOST_ROOM, "it has not waited for long");
        lot.keep(link, 1);
        assert_eq!(lot.sweep_at(Instant::now() + REST, hour), 1);
        assert_eq!(lot.take(Look::Sure).unwrap().held(), 0);
    }

    #[tokio::test]
    async fn what_is_still_to_be_read_or_written_is_kept() {
        let (mut link, mut near) = used().await;
        link.queue(Bytes::from_static(b"answer"));
        link.rest();
        assert_eq!(link.queued(), 6);
        poll_fn(|context| link.poll_flush(context, Duration::from_secs(9))).await.unwrap();
        near.write_all(b"x").await.unwrap();
        poll_fn(|context| link.poll_fill(context)).await.unwrap();
        link.rest();
        assert_eq!(&link.input[..], b"x");
    }
}
