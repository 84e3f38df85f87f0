//! Taking one content coding off a body that comes in pieces.

use super::brotli::Unbrotli;
use super::coding::Coding;
use super::deflate::Inflate;
use super::fault::Failed;
use super::zstd::Unzstd;

/// The most that comes out of a decoder in one piece, in octets: what goes on is bounded whatever the ratio.
pub(super) const PIECE: usize = 32 << 10;

/// Where decoded pieces go.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), Failed>;

/// One coding that is being taken off.
#[derive(Debug)]
pub(super) enum Decoder {
    Deflate(Box<Inflate>),
    Brotli(Box<Unbrotli>),
    Zstd(Box<Unzstd>),
}

impl Decoder {
    pub(super) fn new(coding: Coding) -> Self {
        match coding {
            Coding::Gzip => Self::Deflate(Box::new(Inflate::gzip())),
            Coding::Deflate => Self::Deflate(Box::new(Inflate::deflate())),
            Coding::Brotli => Self::Brotli(Box::default()),
            Coding::Zstd => Self::Zstd(Box::default()),
        }
    }

    /// Decodes the next piece.
    pub(super) fn push(&mut self, chunk: &[u8], sink: Sink<'_>) -> Result<(), Failed> {
        match self {
            Self::Deflate(inflate) => inflate.push(chunk, sink),
            Self::Brotli(brotli) => brotli.push(chunk, sink),
            Self::Zstd(zstd) => zstd.push(chunk, sink),
        }
    }

    /// The body is at its end; an error when the coded bytes are not.
    pub(super) fn finish(&self) -> Result<(), Failed> {
        let (over, coding) = match self {
            Self::Deflate(inflate) => (inflate.is_over(), inflate.coding()),
            Self::Brotli(brotli) => (brotli.is_over(), Coding::Brotli),
            Self::Zstd(zstd) => (zstd.is_over(), Coding::Zstd),
        };
        if over { Ok(()) } else { Err(Failed::Coding(coding)) }
    }
}
