//! Putting one content coding on a body that comes in pieces.

use std::fmt;
use std::io::Write;

use brotli::CompressorWriter;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::coding::Coding;

/// Effort of deflate, of 9: what nginx does by default is 1, and more costs more than it saves on a wire.
const DEFLATE_LEVEL: u32 = 2;
/// Effort of brotli, of 11.
const BROTLI_QUALITY: u32 = 3;
/// Window of brotli, as a power of two: 256 KiB.
const BROTLI_WINDOW: u32 = 18;
/// Room that is made for the output of deflate at a time, in octets.
const ROOM: usize = 8 << 10;

/// One coding that is being put on.
pub(super) enum Encoder {
    Deflate(Box<Compress>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
}

impl fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Deflate(_) => "Deflate",
            Self::Brotli(_) => "Brotli",
        })
    }
}

impl Encoder {
    /// `None` for a coding that cannot be written.
    pub(super) fn new(coding: Coding) -> Option<Self> {
        let level = Compression::new(DEFLATE_LEVEL);
        match coding {
            Coding::Gzip => Some(Self::Deflate(Box::new(Compress::new_gzip(level, 15)))),
            Coding::Deflate => Some(Self::Deflate(Box::new(Compress::new(level, true)))),
            Coding::Brotli => Some(Self::Brotli(Box::new(CompressorWriter::new(
                Vec::new(),
                ROOM,
                BROTLI_QUALITY,
                BROTLI_WINDOW,
            )))),
            Coding::Zstd => None,
        }
    }

    /// Codes the next piece.
    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Deflate(stream) => deflate(stream, chunk, FlushCompress::None, out),
            Self::Brotli(writer) => {
                // writing to memory does not fail
                let _ = writer.write_all(chunk);
                out.append(writer.get_mut());
            }
        }
    }

    /// Puts out all that came, so that the reader can decode it now.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Deflate(stream) => deflate(stream, &[], FlushCompress::Sync, out),
            Self::Brotli(writer) => {
                let _ = writer.flush();
                out.append(writer.get_mut());
            }
        }
    }

    /// Ends the coded body.
    pub(super) fn finish(self, out: &mut Vec<u8>) {
        match self {
            Self::Deflate(mut stream) => deflate(&mut stream, &[], FlushCompress::Finish, out),
            Self::Brotli(writer) => out.append(&mut writer.into_inner()),
        }
    }
}

fn deflate(stream: &mut Compress, chunk: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
    let mut rest = chunk;
    loop {
        out.reserve(ROOM);
        let (taken, written) = (stream.total_in(), out.len());
        let status = stream.compress_vec(rest, out, flush);
        let taken = usize::try_from(stream.total_in() - taken).unwrap_or(usize::MAX);
        rest = rest.get(taken..).unwrap_or_default();
        let over = match status {
            Ok(Status::StreamEnd) | Err(_) => true,
            Ok(Status::Ok | Status::BufError) => {
                rest.is_empty() && out.len() < out.capacity() && flush != FlushCompress::Finish
            }
        };
        if over || (taken == 0 && written == out.len()) {
            return;
        }
    }
}
