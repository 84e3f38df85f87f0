//! Bytes a second of the converter over one version and over twenty, of a check without change, and of parsing,
//! editing and printing a tree.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
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

criterion_group!(all, benches);
criterion_main!(all);
