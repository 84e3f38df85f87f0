//! Brotli (RFC 7932), without large windows.

use std::fmt;

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};

use super::coding::Coding;
use super::decode::{PIECE, Sink};
use super::fault::Failed;

/// A brotli stream.
pub(super) struct Unbrotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    over: bool,
    piece: Vec<u8>,
}

impl Default for Unbrotli {
    fn default() -> Self {
        let alloc = StandardAlloc::default;
        Self {
            state: BrotliState::new_strict(alloc(), alloc(), alloc()),
            over: false,
            piece: vec![0; PIECE],
        }
    }
}

impl fmt::Debug for Unbrotli {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Unbrotli").field("over", &self.over).finish_non_exhaustive()
    }
}

impl Unbrotli {
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn push(&mut self, chunk: &[u8], sink: Sink<'_>) -> Result<(), Failed> {
        let mut left = chunk.len();
        let mut taken = 0;
        loop {
            if self.over {
                // nothing may follow the stream
                return if left == 0 { Ok(()) } else { Err(Failed::Coding(Coding::Brotli)) };
            }
            let (mut room, mut written, mut total) = (self.piece.len(), 0, 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut taken,
                chunk,
                &mut room,
                &mut written,
                &mut self.piece,
                &mut total,
                &mut self.state,
            );
            if written > 0 {
                sink(self.piece.get(..written).unwrap_or_default())?;
            }
            match result {
                BrotliResult::ResultSuccess => self.over = true,
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultFailure => return Err(Failed::Coding(Coding::Brotli)),
            }
        }
    }
}
