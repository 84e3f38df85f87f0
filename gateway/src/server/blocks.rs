//! Header blocks among the frames of a client: put together, followed, and held to what RFC 9113 says of trailers.

use smallvec::SmallVec;

use super::frames::Code;
use super::hpack::FieldTable;

/// `END_STREAM`.
const END_STREAM: u8 = 1;
/// `END_HEADERS`.
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 32;

/// Octets of a block in pieces that are kept. A longer one is the library's alone, and all behind it.
const KEPT: usize = 32 << 10;
/// Streams that are known to be open for trailers; of more than these the oldest is forgotten.
const OPEN: usize = 256;

/// A frame that a block, or a part of one, comes in.
#[derive(Clone, Copy, Debug)]
struct Part {
    continues: bool,
    flags: u8,
}

/// Follows header blocks until one cannot be followed that is not wrong by itself: the library then says what it says.
#[derive(Debug)]
pub(super) struct Blocks {
    table: FieldTable,
    /// The frame that is coming; `None` for one of another kind.
    part: Option<Part>,
    /// What has come of it.
    frame: Vec<u8>,
    /// What earlier frames had of the block.
    block: Vec<u8>,
    /// The block ends a request whose head came before.
    trails: bool,
    /// A block has begun and not ended.
    within: bool,
    /// Streams whose requests have not ended.
    open: SmallVec<[u32; 4]>,
    lost: bool,
}

impl Blocks {
    pub(super) fn new() -> Self {
        Self {
            table: FieldTable::default(),
            part: None,
            frame: Vec::new(),
            block: Vec::new(),
            trails: false,
            within: false,
            open: SmallVec::new(),
            lost: false,
        }
    }

    /// A head of HEADERS has come, or of CONTINUATION.
    pub(super) fn begins(&mut self, continues: bool, flags: u8, stream: u32) {
        self.part = None;
        if self.lost || continues != self.within {
            return self.lose();
        }
        if !continues {
            self.trails = self.open.contains(&stream);
            if flags & END_STREAM != 0 {
                self.ends(stream);
            } else if !self.trails {
                if self.open.len() == OPEN {
                    self.open.remove(0);
                }
                self.open.push(stream);
            }
        }
        self.within = flags & END_HEADERS == 0;
        self.part = Some(Part { continues, flags });
    }

    /// A head of another frame has come.
    pub(super) fn other(&mut self) {
        self.part = None;
        if self.within {
            self.lose();
        }
    }

    /// A request has ended, or was reset.
    pub(super) fn ends(&mut self, stream: u32) {
        self.open.retain(|open| *open != stream);
    }

    /// Takes a piece of the frame that is coming, the last one when nothing is left.
    pub(super) fn takes(&mut self, piece: &[u8], left: usize) -> Result<(), Code> {
        let Some(part) = self.part else { return Ok(()) };
        if left > 0 {
            self.frame.extend_from_slice(piece);
            return Ok(());
        }
        self.part = None;
        if self.frame.is_empty() {
            return self.part(part, piece);
        }
        let mut frame = std::mem::take(&mut self.frame);
        frame.extend_from_slice(piece);
        self.part(part, &frame)
    }

    /// A frame is whole.
    fn part(&mut self, part: Part, payload: &[u8]) -> Result<(), Code> {
        let fragment = if part.continues { Some(payload) } else { fragment(part.flags, payload) };
        let Some(fragment) = fragment.filter(|own| self.block.len() + own.len() <= KEPT) else {
            self.lose();
            return Ok(());
        };
        if part.flags & END_HEADERS == 0 {
            self.block.extend_from_slice(fragment);
            return Ok(());
        }
        let found = if self.block.is_empty() {
            self.table.block(fragment)
        } else {
            let mut block = std::mem::take(&mut self.block);
            block.extend_from_slice(fragment);
            self.table.block(&block)
        };
        match found {
            Err(_) => Err(Code::Compression),
            // RFC 9113 §8.1: the request is malformed, and the library would pass over it
            Ok(true) if self.trails => Err(Code::Protocol),
            Ok(_) => Ok(()),
        }
    }

    fn lose(&mut self) {
        (self.lost, self.within, self.part) = (true, false, None);
        (self.frame, self.block) = (Vec::new(), Vec::new());
    }
}

/// The part of a block in a HEADERS frame (RFC 9113 §6.2); `None` where its padding is longer than it is.
fn fragment(flags: u8, mut payload: &[u8]) -> Option<&[u8]> {
    let mut padding = 0;
    if flags & PADDED != 0 {
        let (first, rest) = payload.split_first()?;
        (padding, payload) = (usize::from(*first), rest);
    }
    if flags & PRIORITY != 0 {
        payload = payload.get(5..)?;
    }
    payload.get(..payload.len().checked_sub(padding)?)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bytes::Bytes;
    use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
    use proptest::prelude::*;
    use tokio::io::duplex;

    use super::super::frames::FrameGuard;
    use super::super::io::Guarded;

    type Fields = Vec<(String, String, bool)>;

    /// Fields that come again and again, large ones that push others out of the table, and some that are never kept.
    fn fields() -> impl Strategy<Value = Fields> {
        let name = prop_oneof!["[a-d]", "x-[a-z0-9-]{1,30}", Just("accept".to_owned())];
        let value = prop_oneof!["[a-c]{0,2}", "[ -~]{0,60}", "[a-z~]{1500,4200}"];
        prop::collection::vec((name, value, prop::bool::weighted(0.2)), 0..8)
    }

    fn map(fields: &Fields) -> HeaderMap {
        let one = |(name, value, secret): &(String, String, bool)| {
            let mut value = HeaderValue::from_str(value.trim()).unwrap();
            value.set_sensitive(*secret);
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), value)
        };
        fields.iter().map(one).collect()
    }

    /// Sends requests with these fields and trailers over one connection that is guarded.
    async fn served(requests: &[(Fields, Fields)]) -> Result<(), h2::Error> {
        let (near, far) = duplex(1 << 20);
        let far = Guarded::new(far, Bytes::new(), Duration::from_secs(9));
        let speaks = |io| async move {
            let mut server = h2::server::handshake(io).await?;
            while let Some(asked) = server.accept().await {
                let (_, mut answer) = asked?;
                answer.send_response(Response::new(()), true)?;
            }
            Ok(())
        };
        let serving = tokio::spawn(Guarded::driven(speaks, far));
        let (mut sender, connection) = h2::client::handshake(near).await?;
        let driving = tokio::spawn(connection);
        for (head, trailers) in requests {
            let mut request = Request::new(());
            *request.uri_mut() = "http://a.test/path?query".parse().unwrap();
            *request.headers_mut() = map(head);
            sender = sender.ready().await?;
            let (answer, mut body) = sender.send_request(request, false)?;
            body.send_trailers(map(trailers))?;
            answer.await?;
        }
        drop(sender);
        driving.await.unwrap()?;
        serving.await.unwrap().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_a_library_packs_is_always_followed(
            requests in prop::collection::vec((fields(), fields()), 1..20)
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(served(&requests)).unwrap();
        }

        #[test]
        fn no_octets_bring_the_guard_down(
            octets in prop::collection::vec(any::<u8>(), 0..300),
            frames in prop::collection::vec(
                (any::<u8>(), any::<u8>(), 0..4_u8, prop::collection::vec(any::<u8>(), 0..40)), 0..40
            )
        ) {
            let mut sent = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()].concat();
            for (kind, flags, stream, payload) in frames {
                let length = u8::try_from(payload.len()).unwrap();
                sent.extend([0, 0, length, kind % 11, flags, 0, 0, 0, stream]);
                sent.extend(payload);
            }
            sent.extend(octets);
            let now = Instant::now();
            let (mut whole, mut pieces) = (FrameGuard::new(now), FrameGuard::new(now));
            let expected = whole.takes(&sent, now);
            let mut each = sent.chunks(3).map(|piece| pieces.takes(piece, now));
            prop_assert_eq!(each.find(Result::is_err).unwrap_or(Ok(())), expected);
        }
    }
}
