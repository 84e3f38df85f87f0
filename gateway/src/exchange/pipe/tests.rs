//! What goes in coded comes out as it was, in any chunking; what is not sound, or too much, does not.

use std::io::Write;
use std::sync::Arc;

use evergate_schemas::convert::{Prepared, Unconvertible};
use evergate_schemas::plan::outside::Values;
use proptest::prelude::*;

use super::{Coding, Codings, Failed, Pipe, PipeBounds, Work};
use crate::snapshot::meter::{ConversionMeter, Way};
use crate::snapshot::{Conversion, ConversionLimits};
use crate::telemetry::Metrics;
use crate::wire::Fields;

fn meter() -> Arc<ConversionMeter> {
    Metrics::default().conversion("a", Way::response)
}

/// A pipe whose conversion checks and copies.
fn pipe(codings: &[Coding], bounds: PipeBounds) -> Pipe {
    let conversion = Arc::new(Conversion {
        prepared: Prepared::new(&[]).into(),
        unconvertible: Unconvertible::Close,
        losses: Arc::from([]),
    });
    let limits = ConversionLimits { depth: 128, held: 1 << 20 };
    let work = Work::document(&conversion, limits, Arc::new(Values::default()), &Fields::new());
    Pipe::new(work, &meter(), (&Codings::from_slice(codings), bounds))
}

const WIDE: PipeBounds = PipeBounds { decoded: 64 << 20, ratio: 200 };

fn coded(coding: Coding, text: &[u8]) -> Vec<u8> {
    use flate2::{Compression, write};
    let level = Compression::new(6);
    match coding {
        Coding::Gzip => {
            let mut writer = write::GzEncoder::new(Vec::new(), level);
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }
        Coding::Deflate => {
            let mut writer = write::ZlibEncoder::new(Vec::new(), level);
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }
        Coding::Brotli => {
            let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            writer.write_all(text).unwrap();
            writer.into_inner()
        }
        Coding::Zstd => {
            ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
        }
    }
}

fn raw_deflate(text: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    writer.write_all(text).unwrap();
    writer.finish().unwrap()
}

fn run(mut pipe: Pipe, bytes: &[u8], step: usize) -> Result<Vec<u8>, Failed> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(step.max(1)) {
        pipe.push(chunk, &mut out)?;
    }
    pipe.finish(&mut out)?;
    Ok(out)
}

fn page(items: usize) -> Vec<u8> {
    let item =
        |n: usize| format!("{{\"id\":{n},\"name\":\"n{}\",\"tags\":[1,2.50,null]}}", n * 7919);
    format!("[{}]", (0..items).map(item).collect::<Vec<_>>().join(",")).into_bytes()
}

#[test]
fn every_coding_comes_off_in_any_chunking_and_goes_on_again() {
    for items in [0, 3, 3000] {
        let text = page(items);
        for coding in Coding::ALL {
            let body = coded(coding, &text);
            for step in [1, 7, 4096, body.len()] {
                assert_eq!(run(pipe(&[coding], WIDE), &body, step).unwrap(), text, "{coding:?}");
            }
            if coding.is_written() {
                let again = run(pipe(&[coding], WIDE).coded(coding), &body, 1000).unwrap();
                assert_eq!(run(pipe(&[coding], WIDE), &again, 1000).unwrap(), text, "{coding:?}");
            }
        }
        assert_eq!(run(pipe(&[Coding::Deflate], WIDE), &raw_deflate(&text), 5).unwrap(), text);
        let twice = coded(Coding::Brotli, &coded(Coding::Gzip, &text));
        let both = [Coding::Gzip, Coding::Brotli];
        assert_eq!(run(pipe(&both, WIDE), &twice, 11).unwrap(), text);
        let members = [coded(Coding::Gzip, &text[..1]), coded(Coding::Gzip, &text[1..])].concat();
        assert_eq!(run(pipe(&[Coding::Gzip], WIDE), &members, 3).unwrap(), text);
    }
}

#[test]
fn a_body_that_is_not_whole_or_sound_never_ends() {
    let text = page(100);
    for coding in Coding::ALL {
        let body = coded(coding, &text);
        let broken = Err(Failed::Coding(coding));
        assert_eq!(run(pipe(&[coding], WIDE), &body[..body.len() - 1], 64), broken, "{coding:?}");
        assert_eq!(run(pipe(&[coding], WIDE), &[], 64), broken, "{coding:?}");
        let more = [body.as_slice(), b"{}"].concat();
        assert_eq!(run(pipe(&[coding], WIDE), &more, 64), broken, "{coding:?}");
        assert_eq!(run(pipe(&[coding], WIDE), &text, 64), broken, "{coding:?}");
    }
}

#[test]
fn what_grows_too_much_is_refused_early() {
    // JSON that is almost only blanks
    let bomb = [vec![b' '; 40 << 20].as_slice(), b"1"].concat();
    for coding in Coding::ALL {
        let body = coded(coding, &bomb);
        assert!(body.len() < 200_000, "{coding:?} {}", body.len());
        let refused = run(pipe(&[coding], WIDE), &body, 8192).unwrap_err();
        assert_eq!(refused, Failed::Ratio(200), "{coding:?}");
        let bounds = PipeBounds { decoded: 1 << 20, ratio: 1_000_000 };
        let refused = run(pipe(&[coding], bounds), &body, 8192).unwrap_err();
        assert_eq!(refused, Failed::Decoded(1 << 20), "{coding:?}");
    }
}

#[test]
fn a_flush_lets_the_reader_have_all_that_came() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli] {
        let mut first = pipe(&[], WIDE).coded(coding);
        let mut out = Vec::new();
        first.push(b"[1,", &mut out).unwrap();
        first.flush(&mut out);
        let mut second = pipe(&[coding], WIDE);
        let mut seen = Vec::new();
        second.push(&out, &mut seen).unwrap();
        assert_eq!(seen, b"[1,", "{coding:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_bring_a_decoder_down(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        at in 0..4_usize,
        flip in any::<(u16, u8)>(),
        step in 1..64_usize,
    ) {
        let coding = Coding::ALL[at];
        let _ = run(pipe(&[coding], WIDE), &bytes, step);
        // damaged in one place
        let mut body = coded(coding, &page(20));
        let place = flip.0 as usize % body.len();
        body[place] ^= flip.1;
        let whole = run(pipe(&[coding], WIDE), &body, usize::MAX);
        let pieces = run(pipe(&[coding], WIDE), &body, step);
        prop_assert_eq!(whole.is_ok(), pieces.is_ok());
    }
}
