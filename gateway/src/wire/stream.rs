//! The one type of stream that messages travel on.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

/// A connected stream.
#[derive(Debug)]
pub enum Stream {
    /// Plain TCP.
    Tcp(TcpStream),
    /// TLS, from either side.
    Tls(Box<TlsStream<TcpStream>>),
}

/// How it is found out whether a connection that was not used for a while is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The system is asked: for a request that is lost with its connection.
    Sure,
    /// The runtime is asked, and the system only where something was heard. What the runtime has heard is as old as its
    /// last look at all connections, which it takes before it works on the requests that it found: for a request that
    /// can be sent again.
    Quick,
}

impl Stream {
    /// Whether nothing came and nobody closed: what is expected of a connection between two messages, as an answer that
    /// came too early would be taken for that to the next request (RFC 9112 §9.2).
    pub fn is_quiet(&mut self, look: Look) -> bool {
        match self {
            Self::Tcp(stream) => {
                let mut room = [MaybeUninit::uninit(); 1];
                let mut peek = || SockRef::from(&*stream).peek(&mut room);
                let seen = match look {
                    Look::Sure => peek(),
                    Look::Quick => stream.try_io(Interest::READABLE, peek),
                };
                seen.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
            }
            // octets that wait may be tickets, which only TLS can tell from data
            Self::Tls(stream) => {
                let mut room = [0; 1];
                let mut buffer = ReadBuf::new(&mut room);
                let mut context = Context::from_waker(Waker::noop());
                Pin::new(stream).poll_read(&mut context, &mut buffer).is_pending()
            }
        }
    }

    /// Whether there may be something to read, without a look at what: so that no room is made where nothing comes.
    pub(super) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(context),
            // what TLS has taken from its stream is not heard of there
            Self::Tls(_) => Poll::Ready(Ok(())),
        }
    }

    /// Makes the close of this stream a reset, so that the peer cannot take what it got for whole.
    pub fn reset_on_close(&self) {
        let stream = match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        // a failure only means that the peer closed first
        let _ = stream.set_zero_linger();
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
