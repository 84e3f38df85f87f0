//! A connection whose first octets were read ahead, and whose peer has to take what is written to it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::framing::Scanner;

/// What every HTTP/2 connection begins with (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Which protocol a connection began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Guarded<Stream> {
    stream: Stream,
    ahead: Bytes,
    write: Duration,
    clock: Option<Pin<Box<Sleep>>>,
    /// What is read is looked at, and where it is said when it is not sound.
    scanner: Option<(Scanner, Arc<AtomicBool>)>,
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> Guarded<Stream> {
    /// Reads until the protocol is known. A peer that sends nothing is the caller's to time out.
    pub(super) async fn accept(
        mut stream: Stream,
        write: Duration,
    ) -> io::Result<(Self, Protocol)> {
        let mut ahead = Vec::with_capacity(1024);
        let protocol = loop {
            if stream.read_buf(&mut ahead).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let common =
                ahead.iter().zip(PREFACE).take_while(|(seen, wanted)| seen == wanted).count();
            if common == PREFACE.len() {
                break Protocol::Http2;
            }
            if common < ahead.len() {
                break Protocol::Http1;
            }
        };
        Ok((Self { stream, ahead: ahead.into(), write, clock: None, scanner: None }, protocol))
    }

    /// A stream of which the protocol was agreed on.
    pub(super) const fn known(stream: Stream, write: Duration) -> Self {
        Self { stream, ahead: Bytes::new(), write, clock: None, scanner: None }
    }

    /// Looks at the framing of HTTP/1.1 requests from here on, and sets the mark when it can be read two ways.
    pub(super) fn scan(&mut self, mark: Arc<AtomicBool>) {
        let mut scanner = Scanner::default();
        if !scanner.takes(&self.ahead) {
            mark.store(true, Ordering::Relaxed);
        }
        self.scanner = Some((scanner, mark));
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
        if self.ahead.is_empty() {
            let before = buffer.filled().len();
            let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
            if let Some((scanner, mark)) = &mut self.scanner
                && !scanner.takes(buffer.filled().get(before..).unwrap_or_default())
            {
                mark.store(true, Ordering::Relaxed);
            }
            return outcome;
        }
        let count = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(self.ahead.get(..count).unwrap_or_default());
        self.ahead.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<Stream> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
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
        self.watch(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::{Guarded, PREFACE, Protocol};

    #[tokio::test]
    async fn the_protocol_is_known_by_its_first_octets_and_nothing_is_lost() {
        let cases = [
            (PREFACE.to_vec(), Protocol::Http2),
            (b"PRIX".to_vec(), Protocol::Http1),
            (b"GET / HTTP/1.1".to_vec(), Protocol::Http1),
        ];
        for (sent, expected) in cases {
            let (mut near, far) = duplex(64);
            near.write_all(&sent).await.unwrap();
            drop(near);
            let (mut io, protocol) = Guarded::accept(far, Duration::from_secs(5)).await.unwrap();
            assert_eq!(protocol, expected);
            let mut seen = Vec::new();
            io.read_to_end(&mut seen).await.unwrap();
            assert_eq!(seen, sent);
        }
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_cut() {
        let (mut near, far) = duplex(8);
        near.write_all(b"GET").await.unwrap();
        let (mut io, _) = Guarded::accept(far, Duration::from_millis(30)).await.unwrap();
        let error = io.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
}
