//! Gzip (RFC 1952, of several members too) and deflate (RFC 1950, and the raw RFC 1951 that some servers send).

use flate2::{Decompress, FlushDecompress, Status};

use super::coding::Coding;
use super::decode::{PIECE, Sink};
use super::fault::Failed;

/// The window of deflate: 32 KiB, as the format has it.
const WINDOW_BITS: u8 = 15;

#[derive(Debug)]
enum Kind {
    Gzip,
    /// The first octet, until the second says which of the two it is.
    Deflate(Option<u8>),
    Known,
}

/// A deflate stream in any frame.
#[derive(Debug)]
pub(super) struct Inflate {
    kind: Kind,
    stream: Decompress,
    /// The stream is at a proper end.
    over: bool,
    piece: Vec<u8>,
}

impl Inflate {
    pub(super) fn gzip() -> Self {
        Self::new(Kind::Gzip, Decompress::new_gzip(WINDOW_BITS))
    }

    pub(super) fn deflate() -> Self {
        Self::new(Kind::Deflate(None), Decompress::new(true))
    }

    const fn new(kind: Kind, stream: Decompress) -> Self {
        Self { kind, stream, over: false, piece: Vec::new() }
    }

    pub(super) const fn coding(&self) -> Coding {
        match self.kind {
            Kind::Gzip => Coding::Gzip,
            Kind::Deflate(_) | Kind::Known => Coding::Deflate,
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn push(&mut self, chunk: &[u8], sink: Sink<'_>) -> Result<(), Failed> {
        if let Kind::Deflate(first) = self.kind {
            let Some((&byte, rest)) = chunk.split_first() else { return Ok(()) };
            let Some(first) = first else {
                self.kind = Kind::Deflate(Some(byte));
                return self.push(rest, sink);
            };
            // RFC 1950 §2.2: method 8, and the two octets a multiple of 31
            let framed = first & 15 == 8 && (u16::from(first) << 8 | u16::from(byte)) % 31 == 0;
            self.stream = Decompress::new(framed);
            self.kind = Kind::Known;
            self.inflate(&[first], sink)?;
        }
        self.inflate(chunk, sink)
    }

    fn inflate(&mut self, chunk: &[u8], sink: Sink<'_>) -> Result<(), Failed> {
        let mut rest = chunk;
        loop {
            if self.over {
                if rest.is_empty() {
                    return Ok(());
                }
                // RFC 1952 §2.2: members simply follow each other; nothing may follow the other two
                if !matches!(self.kind, Kind::Gzip) {
                    return Err(Failed::Coding(self.coding()));
                }
                self.stream = Decompress::new_gzip(WINDOW_BITS);
                self.over = false;
            }
            self.piece.clear();
            self.piece.reserve(PIECE);
            let before = self.stream.total_in();
            let status = self
                .stream
                .decompress_vec(rest, &mut self.piece, FlushDecompress::None)
                .map_err(|_| Failed::Coding(self.coding()))?;
            let taken = usize::try_from(self.stream.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            if !self.piece.is_empty() {
                sink(&self.piece)?;
            }
            self.over = status == Status::StreamEnd;
            let stuck = taken == 0 && self.piece.is_empty();
            let full = self.piece.len() == self.piece.capacity();
            if !self.over && (stuck || (rest.is_empty() && !full)) {
                return if rest.is_empty() { Ok(()) } else { Err(Failed::Coding(self.coding())) };
            }
        }
    }
}
