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

use super::clock::Clock;
use super::stream::Stream;

/// The first read asks for so many octets, which hold most heads.
const ROOM: usize = 4 << 10;
/// A read never asks for more.
const MOST_ROOM: usize = 64 << 10;
/// So many pieces are written at once.
const PIECES: usize = 16;

/// See the module.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    /// Read and not yet taken.
    pub input: BytesMut,
    room: usize,
    ended: bool,
    scratch: BytesMut,
    queue: VecDeque<Bytes>,
    queued: usize,
    /// Since when the peer takes nothing.
    stalled: Option<Instant>,
    write_clock: Clock,
    /// For whoever waits for something to be read.
    pub clock: Clock,
}

impl Link {
    /// A link on a stream of which `input` was read ahead.
    pub fn new(stream: Stream, input: BytesMut) -> Self {
        Self {
            stream,
            input,
            room: ROOM,
            ended: false,
            scratch: BytesMut::new(),
            queue: VecDeque::new(),
            queued: 0,
            stalled: None,
            write_clock: Clock::default(),
            clock: Clock::default(),
        }
    }

    /// Reads what there is, at most 64 KiB; 0 at the end of the stream.
    pub fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.reserve(self.room);
        let read = ready!(poll_read_buf(Pin::new(&mut self.stream), context, &mut self.input))?;
        self.ended |= read == 0;
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

    /// Whether it can carry another message: nothing came that was not asked for, and nobody closed. Asks the system.
    pub fn is_quiet(&mut self) -> bool {
        self.is_settled() && self.stream.is_quiet()
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
