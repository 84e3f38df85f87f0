//! Bytes a second of the converter over one version and over twenty, of a check without change, and of parsing,
//! editing and printing a tree.

#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use evergate_schemas::convert::{Converter, Limits, Prepared};
use evergate_schemas::plan::fuse_all;
use evergate_schemas::plan::outside::Values;
use serde_json::Value;

mod page;
mod peers;

use page::{document, program, renaming};

fn converted(prepared: &Prepared, values: &Arc<Values>, input: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut converter = Converter::start(prepared, Limits::default(), Arc::clone(values));
    converter.push(input, out).expect("the document is valid");
    converter.finish(out).expect("the document is complete");
}

/// The program of one version, and nineteen more that rename the same member on and on and back.
fn twenty() -> Prepared {
    let mut versions = vec![Arc::new(program())];
    let name = |number| {
        if number % 19 == 0 { "paymentPointer".to_owned() } else { format!("pointer{number}") }
    };
    versions.extend((0..19).map(|number| Arc::new(renaming(&name(number), &name(number + 1)))));
    let fused = fuse_all(&versions);
    assert_eq!(fused.len(), 1, "all versions make one program");
    Prepared::new(&fused)
}

fn benches(criterion: &mut Criterion) {
    let convert = Prepared::new(&[Arc::new(program())]);
    let fused = twenty();
    let check = Prepared::new(&[]);
    let values = Arc::new(Values::default());
    let mut group = criterion.benchmark_group("convert");
    for kilobytes in [2, 16, 256] {
        let text = document(kilobytes * 1024);
        let input = text.as_bytes();
        let [mut out, mut tree, mut copy] = [(); 3].map(|()| Vec::with_capacity(input.len() * 2));
        let same = |text: &[u8]| serde_json::from_slice::<Value>(text).expect("it is JSON");
        peers::serde(input, &mut tree);
        let expected = same(&tree);
        for prepared in [&convert, &fused] {
            converted(prepared, &values, input, &mut out);
            assert_eq!(same(&out), expected, "all must do the same");
        }
        peers::sonic(input, &mut tree);
        assert_eq!(same(&tree), expected, "sonic-rs must do the same");
        peers::simd(input, &mut copy, &mut tree);
        assert_eq!(same(&tree), expected, "simd-json must do the same");

        group.throughput(Throughput::Bytes(input.len() as u64));
        for (name, prepared) in [("machine", &convert), ("fused-20", &fused), ("check", &check)] {
            group.bench_function(BenchmarkId::new(name, kilobytes), |bencher| {
                bencher.iter(|| converted(prepared, &values, black_box(input), &mut out));
            });
        }
        group.bench_function(BenchmarkId::new("serde_json", kilobytes), |bencher| {
            bencher.iter(|| peers::serde(black_box(input), &mut tree));
        });
        group.bench_function(BenchmarkId::new("sonic-rs", kilobytes), |bencher| {
            bencher.iter(|| peers::sonic(black_box(input), &mut tree));
        });
        group.bench_function(BenchmarkId::new("simd-json", kilobytes), |bencher| {
            bencher.iter(|| peers::simd(black_box(input), &mut copy, &mut tree));
        });
    }
    group.finish();
}

/// How long each size is gone through by turns.
const TURNS: Duration = Duration::from_secs(3);
/// Bytes that each of the six takes in a turn, about: half a millisecond and more.
const TURN: usize = 1 << 20;

/// Gigabytes a second of a size: the time of each turn, the tenth best of a hundred.
fn by_turns(kilobytes: usize) -> [f64; 6] {
    let text = document(kilobytes * 1024);
    let input = text.as_bytes();
    let [convert, fused, check] =
        [Prepared::new(&[Arc::new(program())]), twenty(), Prepared::new(&[])];
    let values = Arc::new(Values::default());
    let [mut out, mut copy] = [(); 2].map(|()| Vec::with_capacity(input.len() * 2));
    let mut turns: [Vec<Duration>; 6] = Default::default();
    let begun = Instant::now();
    while begun.elapsed() < TURNS {
        for (which, times) in turns.iter_mut().enumerate() {
            let turn = Instant::now();
            for _ in 0..(TURN / input.len()).max(1) {
                let input = black_box(input);
                match which {
                    0 => converted(&convert, &values, input, &mut out),
                    1 => converted(&fused, &values, input, &mut out),
                    2 => converted(&check, &values, input, &mut out),
                    3 => peers::serde(input, &mut out),
                    4 => peers::sonic(input, &mut out),
                    _ => peers::simd(input, &mut copy, &mut out),
                }
            }
            times.push(turn.elapsed());
        }
    }
    let bytes = u32::try_from((TURN / input.len()).max(1) * input.len()).expect("a turn is short");
    turns.map(|mut times| {
        times.sort();
        let time = times.get(times.len() / 10).copied().unwrap_or_default();
        f64::from(bytes) / time.as_secs_f64() / 1e9
    })
}

/// All by turns, so that what else the machine does falls on all alike, and the ratios can be trusted.
fn print_turns() {
    println!("| body | machine | fused-20 | check | serde_json | sonic-rs | simd-json | ratios |");
    println!("|---|---|---|---|---|---|---|---|");
    for kilobytes in [2, 16, 256] {
        let [machine, fused, check, serde, sonic, simd] = by_turns(kilobytes);
        let [serdes, sonics, simds] = [serde, sonic, simd].map(|other| machine / other);
        println!(
            "| {kilobytes} KB | {machine:.2} | {fused:.2} | {check:.2} | {serde:.2} | {sonic:.2} | {simd:.2} | \
             {serdes:.1}, {sonics:.1}, {simds:.1} |"
        );
    }
}

criterion_group!(all, benches);

fn main() {
    if std::env::var_os("TURNS").is_some() {
        return print_turns();
    }
    all();
    Criterion::default().configure_from_args().final_summary();
}
