//! Zstandard (RFC 8878) with the window that RFC 9659 allows, block by block.

use std::fmt;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::coding::Coding;
use super::decode::Sink;
use super::fault::Failed;

/// The largest window, in octets (RFC 9659 §3). What a frame holds back until it ends is bounded by it.
const WINDOW: u64 = 8 << 20;
/// The largest block, in octets (RFC 8878 §3.1.1.2.3).
const BLOCK: usize = 128 << 10;
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

const BROKEN: Failed = Failed::Coding(Coding::Zstd);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between frames; whether there was one.
    Between(bool),
    /// In a frame; whether it has a checksum.
    Frame(bool),
    /// In a frame that says nothing to a decoder, with so many octets to go.
    Skip(u32),
}

/// A sequence of frames.
pub(super) struct Unzstd {
    decoder: FrameDecoder,
    state: State,
    /// What came and is no whole header or block yet.
    pending: Vec<u8>,
}

impl Default for Unzstd {
    fn default() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self { decoder, state: State::Between(false), pending: Vec::new() }
    }
}

impl fmt::Debug for Unzstd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Unzstd").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Unzstd {
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.state, State::Between(true)) && self.pending.is_empty()
    }

    pub(super) fn push(&mut self, chunk: &[u8], sink: Sink<'_>) -> Result<(), Failed> {
        self.pending.extend_from_slice(chunk);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Some(taken) = self.step(rest, sink)? {
            rest = rest.get(taken..).unwrap_or_default();
        }
        self.pending = rest.to_vec();
        Ok(())
    }

    /// Takes one header or block off the front; `None` when it is not whole.
    fn step(&mut self, input: &[u8], sink: Sink<'_>) -> Result<Option<usize>, Failed> {
        match self.state {
            State::Between(_) => self.header(input),
            State::Frame(checked) => self.block(input, checked, sink),
            State::Skip(left) => {
                let taken = input.len().min(left as usize);
                let left = left.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
                self.state = if left == 0 { State::Between(true) } else { State::Skip(left) };
                Ok((taken > 0 || left == 0).then_some(taken))
            }
        }
    }

    fn header(&mut self, input: &[u8]) -> Result<Option<usize>, Failed> {
        let Some((&magic, rest)) = input.split_first_chunk::<4>() else { return Ok(None) };
        if let [0x50..=0x5F, 0x2A, 0x4D, 0x18] = magic {
            let Some(length) = rest.first_chunk::<4>() else { return Ok(None) };
            self.state = State::Skip(u32::from_le_bytes(*length));
            return Ok(Some(8));
        }
        if magic != MAGIC {
            return Err(BROKEN);
        }
        let Some(&descriptor) = rest.first() else { return Ok(None) };
        let length = 5 + header_length(descriptor);
        let Some(mut header) = input.get(..length) else { return Ok(None) };
        self.decoder.reset(&mut header).map_err(|_| BROKEN)?;
        self.state = State::Frame(descriptor & 4 != 0);
        Ok(Some(length))
    }

    fn block(
        &mut self,
        input: &[u8],
        checked: bool,
        sink: Sink<'_>,
    ) -> Result<Option<usize>, Failed> {
        let Some(&[low, middle, high]) = input.first_chunk::<3>() else { return Ok(None) };
        let header = u32::from_le_bytes([low, middle, high, 0]);
        let (last, repeated, size) =
            (header & 1 == 1, header >> 1 & 3 == 1, (header >> 3) as usize);
        if size > BLOCK {
            return Err(BROKEN);
        }
        let content = if repeated { 1 } else { size };
        let length = 3 + content + if last && checked { 4 } else { 0 };
        let Some(mut block) = input.get(..length) else { return Ok(None) };
        self.decoder
            .decode_blocks(&mut block, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|_| BROKEN)?;
        if let Some(decoded) = self.decoder.collect()
            && !decoded.is_empty()
        {
            sink(&decoded)?;
        }
        if last {
            let said = self.decoder.get_checksum_from_data();
            if said.is_some() && said != self.decoder.get_calculated_checksum() {
                return Err(BROKEN);
            }
            self.state = State::Between(true);
        }
        Ok(Some(length))
    }
}

/// The length of a frame header after its descriptor (RFC 8878 §3.1.1.1).
const fn header_length(descriptor: u8) -> usize {
    let single = descriptor & 0x20 != 0;
    let window = if single { 0 } else { 1 };
    let dictionary = match descriptor & 3 {
        0 => 0,
        1 => 1,
        2 => 2,
        _ => 4,
    };
    let content = match descriptor >> 6 {
        0 if single => 1,
        0 => 0,
        1 => 2,
        2 => 4,
        _ => 8,
    };
    window + dictionary + content
}
