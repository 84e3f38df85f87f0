//! A connection for HTTP/2 whose first octets were read ahead, whose frames are looked at as they come, whose answers are
//! gathered into one write, and whose peer has to take what is written to it.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::frames::FrameGuard;

/// So many octets are gathered before they are written in the middle of a turn.
const GATHERED: usize = 64 << 10;
/// A write of this size is not gathered behind nothing: a copy would cost more than it saves.
const LARGE: usize = 8 << 10;
/// A connection that has nothing to write holds no more room for it than this.
const IDLE: usize = 8 << 10;

/// See the module. A flush of whoever speaks over it waits for the end of the turn, as the library flushes behind each answer:
/// [`Self::driven`] writes then. It is shared by these two, who are one task, so that its lock is never waited for.
#[derive(Debug)]
pub(super) struct Guarded<Stream>(Arc<Mutex<State<Stream>>>);

/// Runs while something waits for the peer.
type Clock = Option<Pin<Box<Sleep>>>;

#[derive(Debug)]
struct State<Stream> {
    stream: Stream,
    ahead: Bytes,
    /// Said and not yet written.
    gathered: BytesMut,
    /// Something was written that the stream may hold.
    unflushed: bool,
    write: Duration,
    /// For a write that waits.
    clock: Clock,
    /// For a flush that waits. A stream that has nothing to flush is ready however long a write waits.
    flush_clock: Clock,
    guard: FrameGuard,
    /// All that was handed over was taken, so that a frame of our own stands between two others.
    between: bool,
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> Guarded<Stream> {
    pub(super) fn new(stream: Stream, ahead: Bytes, write: Duration) -> Self {
        Self(Arc::new(Mutex::new(State {
            stream,
            ahead,
            gathered: BytesMut::new(),
            unflushed: false,
            write,
            clock: None,
            flush_clock: None,
            guard: FrameGuard::new(Instant::now()),
            between: true,
        })))
    }

    /// Runs whoever speaks over a connection to the end, and writes after each turn what was said in it. `None` where the
    /// peer takes nothing any more.
    pub(super) async fn driven<Speaker: Future>(
        speaks: impl FnOnce(Self) -> Speaker,
        io: Self,
    ) -> Option<Speaker::Output> {
        let tail = Self(Arc::clone(&io.0));
        let (mut speaker, mut end) = (pin!(speaks(io)), None);
        poll_fn(|context| {
            if end.is_none()
                && let Poll::Ready(last) = speaker.as_mut().poll(context)
            {
                end = Some(last);
            }
            match ready!(tail.state().poll_written(context)) {
                Ok(()) if end.is_none() => Poll::Pending,
                Ok(()) | Err(_) => Poll::Ready(end.take()),
            }
        })
        .await
    }

    fn state(&self) -> MutexGuard<'_, State<Stream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> State<Stream> {
    /// Writes all that was gathered.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.gathered.is_empty() {
            let outcome = Pin::new(&mut self.stream).poll_write(context, &self.gathered);
            match ready!(self.written(context, outcome))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => {
                    self.guard.wrote(written);
                    self.gathered.advance(written);
                    self.unflushed = true;
                }
            }
        }
        if self.gathered.capacity() > IDLE {
            self.gathered = BytesMut::new();
        }
        if self.unflushed {
            let outcome = Pin::new(&mut self.stream).poll_flush(context);
            ready!(watch(&mut self.flush_clock, context, (outcome, self.write)))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes what is said, at once where there is room.
    fn poll_said(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = slices.iter().map(|slice| slice.len()).sum();
        if self.gathered.is_empty() && all >= LARGE {
            let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
            let written = ready!(self.written(context, outcome))?;
            self.guard.wrote(written);
            (self.unflushed, self.between) = (true, written == all);
            return Poll::Ready(Ok(written));
        }
        if self.gathered.len() >= GATHERED {
            ready!(self.poll_written(context))?;
        }
        self.gathered.reserve(all);
        for slice in slices {
            self.gathered.extend_from_slice(slice);
        }
        self.between = true;
        Poll::Ready(Ok(all))
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
            let goaway = self.guard.goaway(code);
            self.gathered.extend_from_slice(&goaway);
            let _ = self.poll_written(context);
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Fails a write that the peer has not taken for too long.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.flush_clock = None;
        }
        watch(&mut self.clock, context, (outcome, self.write))
    }
}

/// Fails what has waited for longer than `most`.
fn watch<T>(
    clock: &mut Clock,
    context: &mut Context<'_>,
    (outcome, most): (Poll<io::Result<T>>, Duration),
) -> Poll<io::Result<T>> {
    if outcome.is_ready() {
        *clock = None;
        return outcome;
    }
    ready!(clock.get_or_insert_with(|| Box::pin(sleep(most))).as_mut().poll(context));
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guarded<Stream> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.state();
        let before = buffer.filled().len();
        if state.ahead.is_empty() {
            ready!(Pin::new(&mut state.stream).poll_read(context, buffer))?;
        } else {
            let count = state.ahead.len().min(buffer.remaining());
            buffer.put_slice(state.ahead.get(..count).unwrap_or_default());
            state.ahead.advance(count);
        }
        Poll::Ready(state.look(context, buffer, before))
    }
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<Stream> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.state().poll_said(context, &[IoSlice::new(bytes)])
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        ready!(state.poll_written(context))?;
        Pin::new(&mut state.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.state().poll_said(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll};
    use std::time::{Duration, Instant};

    use bytes::Bytes;
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};

    use tokio::time::timeout;

    use super::{GATHERED, Guarded, LARGE};

    const PATIENCE: Duration = Duration::from_secs(5);

    /// Keeps each write by itself.
    #[derive(Clone, Default)]
    struct Writes(Arc<Mutex<Vec<Vec<u8>>>>);

    impl AsyncRead for Writes {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Writes {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_was_read_ahead_comes_first() {
        let (mut near, far) = duplex(64);
        near.write_all(b"TP/2.0").await.unwrap();
        drop(near);
        let mut io = Guarded::new(far, Bytes::from_static(b"PRI * HT"), PATIENCE);
        let mut seen = Vec::new();
        io.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, b"PRI * HTTP/2.0");
    }

    #[tokio::test]
    async fn a_frame_that_is_wrong_ends_the_connection_with_its_code_behind_what_was_said() {
        let (mut near, far) = duplex(64);
        near.write_all(b"\0\0\x01\x06\0\0\0\0\0").await.unwrap();
        let preface = Bytes::from_static(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
        let mut io = Guarded::new(far, preface, PATIENCE);
        io.write_all(b"before").await.unwrap();
        let mut seen = Vec::new();
        let error = io.read_to_end(&mut seen).await.unwrap_err();
        assert_eq!((error.kind(), seen.len()), (io::ErrorKind::InvalidData, 33));
        let mut said = [0; 23];
        near.read_exact(&mut said).await.unwrap();
        assert_eq!((&said[..6], said[9], said[22]), (&b"before"[..], 7, 6));
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_cut() {
        // what is gathered, and what is written past it
        for octets in [64, 4 * LARGE] {
            let (_near, far) = duplex(8);
            let io = Guarded::new(far, Bytes::new(), Duration::from_millis(30));
            let says = |io| says_and_stays(io, octets);
            let cut = timeout(PATIENCE, Guarded::driven(says, io)).await;
            assert!(cut.is_ok(), "{octets}");
        }
    }

    /// Takes so many octets, and then nothing; has nothing to flush.
    struct Takes(usize);

    impl AsyncRead for Takes {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Takes {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = self.0.min(bytes.len());
            self.0 -= taken;
            if taken == 0 { Poll::Pending } else { Poll::Ready(Ok(taken)) }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Writes so many octets, and never ends by itself.
    async fn says_and_stays<Stream>(mut io: Guarded<Stream>, octets: usize)
    where
        Stream: AsyncRead + AsyncWrite + Unpin,
    {
        if io.write_all(&vec![0; octets]).await.is_ok() {
            std::future::pending::<()>().await;
        }
    }

    #[tokio::test]
    async fn a_peer_that_takes_no_more_is_cut_in_time_whatever_was_taken_before() {
        const WRITE: Duration = Duration::from_millis(300);
        for (takes, octets) in [(0, 9), (9, 99), (0, LARGE), (LARGE, 3 * LARGE)] {
            let io = Guarded::new(Takes(takes), Bytes::new(), WRITE);
            let begun = Instant::now();
            let says = |io| says_and_stays(io, octets);
            let cut = timeout(10 * WRITE, Guarded::driven(says, io)).await;
            let took = begun.elapsed();
            assert!(cut.is_ok(), "{takes} of {octets}: never cut");
            assert!(took < WRITE * 3 / 2, "{takes} of {octets}: {took:?}");
        }
    }

    #[tokio::test]
    async fn what_is_said_in_one_turn_is_one_write_and_the_end_waits_for_it() {
        let writes = Writes::default();
        let io = Guarded::new(writes.clone(), Bytes::new(), PATIENCE);
        let speaks = |mut io: Guarded<_>| async move {
            for said in ["one", "two", "three"] {
                io.write_all(said.as_bytes()).await.unwrap();
                io.flush().await.unwrap();
            }
            tokio::task::yield_now().await;
            io.write_all(b"last").await.unwrap();
            "over"
        };
        assert_eq!(Guarded::driven(speaks, io).await, Some("over"));
        assert_eq!(*writes.0.lock().unwrap(), [&b"onetwothree"[..], b"last"]);
    }

    #[tokio::test]
    async fn no_more_is_gathered_than_a_bound() {
        let (mut near, far) = duplex(1);
        let io = Guarded::new(far, Bytes::new(), PATIENCE);
        let speaks = |mut io: Guarded<_>| async move {
            for _ in 0..3 * GATHERED / 1000 {
                io.write_all(&[7; 1000]).await.unwrap();
                assert!(io.state().gathered.len() <= GATHERED + 1000);
            }
            io.shutdown().await.unwrap();
        };
        let mut came = Vec::new();
        let (end, read) = tokio::join!(Guarded::driven(speaks, io), near.read_to_end(&mut came));
        assert_eq!((end, read.unwrap()), (Some(()), 3 * GATHERED / 1000 * 1000));
    }
}
