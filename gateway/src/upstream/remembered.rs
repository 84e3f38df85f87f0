//! A client's body that is remembered while it is sent, as long as it is small, so that it can be sent once more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use super::body::{BodyFault, Paced};

/// The largest body that is remembered, in octets.
pub(super) const MOST: usize = 64 << 10;
/// The octets of all bodies that one worker remembers. What goes beyond is sent once only.
const TOGETHER: usize = 64 << 20;

/// The octets that one worker remembers.
#[derive(Debug, Default)]
pub(super) struct Memory(AtomicUsize);

/// What all copies of a body read from.
#[derive(Debug)]
struct Source {
    paced: Box<Paced>,
    /// What was read so far, unless it is forgotten.
    octets: Vec<u8>,
    trailers: Option<HeaderMap>,
    /// How much was read so far.
    read: u64,
    /// Nothing more comes.
    ended: bool,
    /// It cannot be read from its beginning any more.
    forgotten: bool,
    /// The copy that reads: the last one that began.
    reader: u32,
    copies: u32,
    memory: Arc<Memory>,
}

/// One copy of a body, read from its beginning.
#[derive(Debug)]
pub(super) struct Remembered {
    source: Arc<Mutex<Source>>,
    own: u32,
    begun: bool,
    /// How much this copy gave.
    given: u64,
    gave_trailers: bool,
    /// What the whole body is said to be.
    whole: SizeHint,
}

impl Source {
    /// Frees what is remembered.
    fn forget(&mut self) {
        self.forgotten = true;
        self.memory.0.fetch_sub(self.octets.len(), Ordering::Relaxed);
        self.octets = Vec::new();
    }

    fn remember(&mut self, data: &[u8]) {
        let before = self.memory.0.fetch_add(data.len(), Ordering::Relaxed);
        self.octets.extend_from_slice(data);
        if self.octets.len() > MOST || before.saturating_add(data.len()) > TOGETHER {
            self.forget();
        }
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        is_last: bool,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let frame = ready!(self.paced.poll_frame(context));
        match &frame {
            None => self.ended = true,
            Some(Err(_)) => self.forget(),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.read += data.len() as u64;
                    if is_last && !self.forgotten {
                        self.forget();
                    } else if !self.forgotten {
                        self.remember(data);
                    }
                } else if let Some(trailers) = frame.trailers_ref() {
                    self.trailers = Some(trailers.clone());
                }
            }
        }
        Poll::Ready(frame)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Remembered {
    /// Remembers a body of which nothing was read; gives it back where it is larger than what is remembered.
    pub(super) fn new(paced: Box<Paced>, memory: &Arc<Memory>) -> Result<Self, Box<Paced>> {
        let whole = paced.size_hint();
        if whole.lower() > MOST as u64 {
            return Err(paced);
        }
        let source = Source {
            paced,
            octets: Vec::new(),
            trailers: None,
            read: 0,
            ended: false,
            forgotten: false,
            reader: 0,
            copies: 0,
            memory: Arc::clone(memory),
        };
        let source = Arc::new(Mutex::new(source));
        Ok(Self { source, own: 0, begun: false, given: 0, gave_trailers: false, whole })
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another copy, while all that was read is remembered.
    pub(super) fn again(&self) -> Option<Self> {
        let mut source = self.source();
        source.copies += 1;
        let own = source.copies;
        let (is_whole, whole) = (!source.forgotten, self.whole);
        drop(source);
        let source = Arc::clone(&self.source);
        is_whole.then_some(Self {
            source,
            own,
            begun: false,
            given: 0,
            gave_trailers: false,
            whole,
        })
    }

    /// Whether this copy can still give all of the body.
    pub(super) fn is_whole(&self) -> bool {
        self.begun || !self.source().forgotten
    }

    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let is_last = Arc::strong_count(&self.source) == 1;
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.begun {
            (self.begun, source.reader) = (true, self.own);
            // nobody read while it was on its way from one endpoint to the next
            source.paced.begin_window();
        }
        // one that another copy took over from has lost its place
        if source.reader != self.own || (self.given < source.read && source.forgotten) {
            return Poll::Ready(Some(Err(BodyFault::Broken)));
        }
        if self.given < source.read {
            let left = usize::try_from(self.given).ok().and_then(|at| source.octets.get(at..));
            let data = Bytes::copy_from_slice(left.unwrap_or_default());
            self.given = source.read;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(trailers) = source.trailers.as_ref().filter(|_| !self.gave_trailers) {
            self.gave_trailers = true;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers.clone()))));
        }
        if source.ended {
            return Poll::Ready(None);
        }
        let frame = ready!(source.poll(context, is_last));
        self.given = source.read;
        self.gave_trailers = source.trailers.is_some();
        Poll::Ready(frame)
    }

    pub(super) fn is_end_stream(&self) -> bool {
        let source = self.source();
        let has_all = self.given == source.read;
        let has_trailers = self.gave_trailers || source.trailers.is_none();
        has_all && has_trailers && (source.ended || source.paced.is_end_stream())
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let left = self.whole.exact().map(|whole| whole.saturating_sub(self.given));
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use bytes::BytesMut;
    use tokio::net::{TcpListener, TcpStream};

    use super::super::body::{BodyFault, OutboundBody, Pace};
    use super::{MOST, Memory, TOGETHER};
    use crate::wire::{BackendBody, Decoder, Framing, Incoming, Link, Stream};

    /// A body that comes in these chunks, with a trailer, and is remembered.
    async fn body(chunks: &[&[u8]], memory: &Arc<Memory>) -> (OutboundBody, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (own, peer) =
            tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let mut input = BytesMut::new();
        for chunk in chunks {
            input.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            input.extend_from_slice(&[chunk, &b"\r\n"[..]].concat());
        }
        input.extend_from_slice(b"0\r\nx-sum: 1\r\n\r\n");
        let link = Box::new(Link::new(Stream::Tcp(own.unwrap()), input));
        let body = BackendBody::new(link, Decoder::new(Framing::Chunked), None, None);
        let pace = Pace { octets: 0, window: Duration::from_secs(1) };
        let body = OutboundBody::streamed(Incoming::Backend(Box::new(body)), pace);
        (body.remembered(memory), peer.unwrap().0)
    }

    /// All that is left of a body, and how many trailers.
    async fn rest(body: &mut OutboundBody) -> Result<(Vec<u8>, usize), BodyFault> {
        let (mut octets, mut trailers) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            match frame?.into_data() {
                Ok(data) => octets.extend_from_slice(&data),
                Err(_) => trailers += 1,
            }
        }
        Ok((octets, trailers))
    }

    #[tokio::test]
    async fn a_copy_gives_all_of_it_whatever_was_taken_before() {
        let chunks: [&[u8]; 3] = [b"abc", b"d", b"efgh"];
        for taken in 0..=4 {
            let memory = Arc::default();
            let (mut first, _peer) = body(&chunks, &memory).await;
            let mut copy = first.again().unwrap();
            for _ in 0..taken {
                first.frame().await.unwrap().unwrap();
            }
            assert!(copy.is_whole() && first.is_unread() == (taken == 0));
            let mut other = copy.again().unwrap();
            assert_eq!(rest(&mut copy).await, Ok((b"abcdefgh".to_vec(), 1)), "{taken}");
            assert_eq!(rest(&mut other).await, Ok((b"abcdefgh".to_vec(), 1)), "{taken}");
            // two that read by turns would each get a part
            assert_eq!(rest(&mut copy).await, Err(BodyFault::Broken));
            assert_eq!(memory.0.load(Ordering::Relaxed), 8);
            drop((first, copy, other));
            assert_eq!(memory.0.load(Ordering::Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn what_turns_out_to_be_large_is_given_once_only() {
        let large = vec![b'x'; MOST];
        let memory = Arc::default();
        let (mut first, _peer) = body(&[b"y", &large], &memory).await;
        let mut copy = first.again().unwrap();
        first.frame().await.unwrap().unwrap();
        assert!(copy.is_whole());
        assert_eq!(rest(&mut first).await.unwrap().0.len(), MOST);
        assert!(!copy.is_whole() && first.again().is_none());
        assert_eq!(memory.0.load(Ordering::Relaxed), 0);
        assert_eq!(rest(&mut copy).await, Err(BodyFault::Broken));
    }

    #[tokio::test]
    async fn all_bodies_together_are_bounded() {
        let memory = Arc::<Memory>::default();
        memory.0.store(TOGETHER - 1, Ordering::Relaxed);
        let (mut first, _peer) = body(&[b"ab"], &memory).await;
        let copy = first.again().unwrap();
        assert_eq!(rest(&mut first).await.unwrap().0, b"ab");
        assert!(!copy.is_whole());
        assert_eq!(memory.0.load(Ordering::Relaxed), TOGETHER - 1);
    }

    #[tokio::test]
    async fn the_last_copy_remembers_nothing() {
        let memory = Arc::<Memory>::default();
        let (mut only, _peer) = body(&[b"abc"], &memory).await;
        assert_eq!(rest(&mut only).await.unwrap().0, b"abc");
        assert_eq!(memory.0.load(Ordering::Relaxed), 0);
        assert!(only.again().is_none());
    }
}
