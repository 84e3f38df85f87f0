//! A connection for HTTP/2 whose first octets were read ahead, whose frames are looked at as they come, and whose peer has
//! to take what is written to it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::frames::FrameGuard;

/// See the module.
#[derive(Debug)]
pub(super) struct Guarded<Stream> {
    stream: Stream,
    ahead: Bytes,
    write: Duration,
    clock: Option<Pin<Box<Sleep>>>,
    guard: FrameGuard,
    /// All that was handed over was written, so that a frame of our own stands between two others.
    between: bool,
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> Guarded<Stream> {
    pub(super) fn new(stream: Stream, ahead: Bytes, write: Duration) -> Self {
        let guard = FrameGuard::new(Instant::now());
        Self { stream, ahead, write, clock: None, guard, between: true }
    }

    /// Looks at what was read into a buffer that had `before` octets; ends the connection over what it finds.
    fn look(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        before: usize,
    ) -> io::Result<()> {
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        let Err(code) = self.guard.takes(fresh, Instant::now()) else { return Ok(()) };
        buffer.set_filled(before);
        if self.between {
            // A peer that takes no octet now has had its time.
            let _ = Pin::new(&mut self.stream).poll_write(context, &self.guard.goaway(code));
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Notes what became of a write of so many octets.
    fn wrote(&mut self, outcome: &Poll<io::Result<usize>>, all: usize) {
        if let Poll::Ready(Ok(written)) = outcome {
            self.guard.wrote(*written);
            self.between = *written == all;
        }
    }

    /// Fails a write that the peer has not taken for too long.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Ready(done) => {
                self.clock = None;
                Poll::Ready(done)
            }
            Poll::Pending => {
                let write = self.write;
                let clock = self.clock.get_or_insert_with(|| Box::pin(sleep(write)));
                ready!(clock.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guarded<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.ahead.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        } else {
            let count = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(self.ahead.get(..count).unwrap_or_default());
            self.ahead.advance(count);
        }
        Poll::Ready(self.look(context, buffer, before))
    }
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<Stream> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(&outcome, bytes.len());
        self.watch(context, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(&outcome, slices.iter().map(|slice| slice.len()).sum());
        self.watch(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::Guarded;

    #[tokio::test]
    async fn what_was_read_ahead_comes_first() {
        let (mut near, far) = duplex(64);
        near.write_all(b"TP/2.0").await.unwrap();
        drop(near);
        let mut io = Guarded::new(far, Bytes::from_static(b"PRI * HT"), Duration::from_secs(5));
        let mut seen = Vec::new();
        io.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, b"PRI * HTTP/2.0");
    }

    #[tokio::test]
    async fn a_frame_that_is_wrong_ends_the_connection_with_its_code() {
        let (mut near, far) = duplex(64);
        near.write_all(b"\0\0\x01\x06\0\0\0\0\0").await.unwrap();
        let preface = Bytes::from_static(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
        let mut io = Guarded::new(far, preface, Duration::from_secs(5));
        let mut seen = Vec::new();
        let error = io.read_to_end(&mut seen).await.unwrap_err();
        assert_eq!((error.kind(), seen.len()), (std::io::ErrorKind::InvalidData, 33));
        let mut said = [0; 17];
        near.read_exact(&mut said).await.unwrap();
        assert_eq!((said[3], said[16]), (7, 6));
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_cut() {
        let (_near, far) = duplex(8);
        let mut io = Guarded::new(far, Bytes::new(), Duration::from_millis(30));
        let error = io.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
}
