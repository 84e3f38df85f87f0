//! The pipe itself: decoders, work and encoder in a line, under bounds and counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use smallvec::SmallVec;

use super::coding::{Coding, Codings};
use super::decode::Decoder;
use super::encode::Encoder;
use super::fault::Failed;
use super::work::Work;
use crate::exchange::digest::Digests;
use crate::snapshot::loss::Lost;
use crate::snapshot::meter::ConversionMeter;

/// Decoded octets up to which no ratio is looked at: a short body of blanks may shrink a thousandfold.
const RATIO_FREE: usize = 1 << 20;

/// What taking content codings off may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PipeBounds {
    /// Most decoded octets.
    pub(crate) decoded: usize,
    /// Most decoded octets for each octet that came, beyond the first MiB.
    pub(crate) ratio: usize,
}

/// A body from bytes to bytes. What it writes is final, but only after [`Pipe::finish`] it is known to be whole:
/// after a failure, what was written is worthless.
#[derive(Debug)]
pub(crate) struct Pipe {
    decoders: SmallVec<[Decoder; 1]>,
    gauge: Gauge,
    work: Work,
    encoder: Option<Encoder>,
    digests: Option<Box<Digests>>,
    /// Between work and encoder, empty between calls.
    converted: Vec<u8>,
    meter: Arc<ConversionMeter>,
    spent: Duration,
}

/// What came and what it became without its coding.
#[derive(Clone, Copy, Debug)]
struct Gauge {
    bounds: PipeBounds,
    came: usize,
    decoded: usize,
}

impl Gauge {
    fn add(&mut self, decoded: usize) -> Result<(), Failed> {
        self.decoded = self.decoded.saturating_add(decoded);
        let PipeBounds { decoded: most, ratio } = self.bounds;
        if self.decoded > most {
            return Err(Failed::Decoded(most));
        }
        if self.decoded > RATIO_FREE && self.decoded / ratio.max(1) > self.came {
            return Err(Failed::Ratio(ratio));
        }
        Ok(())
    }
}

impl Pipe {
    /// A pipe at the start of a body that has these codings, in the order they were put on.
    pub(crate) fn new(
        work: Work,
        meter: &Arc<ConversionMeter>,
        codings: (&Codings, PipeBounds),
    ) -> Self {
        let (codings, bounds) = codings;
        Self {
            decoders: codings.iter().rev().map(|coding| Decoder::new(*coding)).collect(),
            gauge: Gauge { bounds, came: 0, decoded: 0 },
            work,
            encoder: None,
            digests: None,
            converted: Vec::new(),
            meter: Arc::clone(meter),
            spent: Duration::ZERO,
        }
    }

    /// Puts this coding on what comes out; before the first push.
    #[must_use]
    pub(crate) fn coded(mut self, coding: Coding) -> Self {
        self.encoder = Encoder::new(coding);
        self
    }

    /// Checks what comes against these; before the first push.
    #[must_use]
    pub(crate) fn checked(mut self, digests: Option<Box<Digests>>) -> Self {
        self.digests = digests;
        self
    }

    /// What came after the body; before the end.
    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(digests) = &mut self.digests {
            digests.trailers(&trailers.clone().into());
        }
    }

    /// What came out of the body and is a parameter there; after the end, once.
    pub(crate) fn take_beside(&mut self) -> Vec<(Arc<str>, String)> {
        self.work.take_beside()
    }

    /// Octets that are held of a body of which nothing comes out before its end.
    pub(crate) fn held_back(&self) -> usize {
        self.work.held_back()
    }

    /// The digests that the body had, for a body that takes its place.
    pub(crate) fn into_digests(mut self) -> Option<Box<Digests>> {
        self.digests.take()
    }

    /// Takes the next bytes and appends what is ready.
    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Failed> {
        self.timed(|pipe| {
            pipe.gauge.came = pipe.gauge.came.saturating_add(chunk.len());
            if let Some(digests) = &mut pipe.digests {
                digests.update(chunk);
            }
            let Self { decoders, gauge, work, encoder, converted, .. } = pipe;
            let mut on = |piece: &[u8]| match encoder {
                None => work.push(piece, out),
                Some(encoder) => {
                    // records before the one that fails are good
                    let done = work.push(piece, converted);
                    encoder.push(converted, out);
                    converted.clear();
                    done
                }
            };
            if decoders.is_empty() {
                return on(chunk);
            }
            decode(decoders, chunk, &mut |piece| {
                gauge.add(piece.len())?;
                on(piece)
            })
        })
    }

    /// Puts out what an encoder still holds, so that the reader has all that came.
    pub(crate) fn flush(&mut self, out: &mut Vec<u8>) {
        if let Some(encoder) = &mut self.encoder {
            encoder.flush(out);
        }
    }

    /// Ends the body; gives what was lost.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<Lost, Failed> {
        let done = self.timed(|pipe| {
            // damaged content is told as such, not as what it looks like
            if let Some(digests) = &pipe.digests {
                digests.check().map_err(Failed::Digest)?;
            }
            pipe.decoders.iter().try_for_each(Decoder::finish)?;
            let Some(mut encoder) = pipe.encoder.take() else { return pipe.work.finish(out) };
            let lost = pipe.work.finish(&mut pipe.converted)?;
            encoder.push(&pipe.converted, out);
            encoder.finish(out);
            Ok(lost)
        });
        done.map(|mut lost| {
            lost.spend(self.spent);
            lost
        })
    }

    /// Whether what comes out is read piece by piece, so that none of it may wait for more.
    pub(crate) fn streams(&self) -> bool {
        self.work.streams()
    }

    /// Octets that came so far, decoded.
    pub(crate) fn decoded(&self) -> usize {
        if self.decoders.is_empty() { self.gauge.came } else { self.gauge.decoded }
    }

    fn timed<Out>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<Out, Failed>,
    ) -> Result<Out, Failed> {
        let begun = Instant::now();
        let done = step(self);
        self.spent += begun.elapsed();
        if done.is_err() {
            self.meter.refused.inc();
        }
        done
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.meter.bytes.inc_by(self.decoded() as u64);
        self.meter.seconds.observe(self.spent.as_secs_f64());
    }
}

/// Through the first decoder, and what comes out of it through the others.
fn decode(
    decoders: &mut [Decoder],
    chunk: &[u8],
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Failed>,
) -> Result<(), Failed> {
    match decoders.split_first_mut() {
        None => sink(chunk),
        Some((first, rest)) => first.push(chunk, &mut |piece| decode(rest, piece, sink)),
    }
}

/// A whole body without its codings, of at most so many octets.
pub(crate) fn plain(codings: &Codings, bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut decoders: SmallVec<[Decoder; 1]> =
        codings.iter().rev().map(|coding| Decoder::new(*coding)).collect();
    let mut out = Vec::new();
    let done = decode(&mut decoders, bytes, &mut |piece| {
        if out.len() + piece.len() > most {
            return Err(Failed::Decoded(most));
        }
        out.extend_from_slice(piece);
        Ok(())
    });
    done.ok()?;
    decoders.iter().all(|decoder| decoder.finish().is_ok()).then_some(out)
}
