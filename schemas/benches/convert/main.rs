//! Bytes a second of the converter, of a check without change, and of parsing, editing and printing a tree.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use evergate_schemas::convert::{Converter, Limits, Prepared};
use evergate_schemas::plan::outside::Values;
use serde_json::Value;

mod page;

use page::{document, program};

fn converted(prepared: &Prepared, values: &Arc<Values>, input: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut converter = Converter::start(prepared, Limits::default(), Arc::clone(values));
    converter.push(input, out).expect("the document is valid");
    converter.finish(out).expect("the document is complete");
}

fn through_a_tree(input: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut value: Value = serde_json::from_slice(input).expect("the document is valid");
    let items = value.get_mut("result").and_then(Value::as_array_mut);
    for item in items.expect("there is a list") {
        let item = item.as_object_mut().expect("items are objects");
        item.remove("legacyState");
        if let Some(address) = item.remove("walletAddress") {
            item.insert("paymentPointer".to_owned(), address);
        }
        item.insert("method".to_owned(), Value::from("ilp"));
    }
    serde_json::to_writer(out, &value).expect("a buffer takes everything");
}

fn benches(criterion: &mut Criterion) {
    let convert = Prepared::new(&[Arc::new(program())]);
    let check = Prepared::new(&[]);
    let values = Arc::new(Values::default());
    let mut group = criterion.benchmark_group("convert");
    for kilobytes in [2, 16, 256] {
        let text = document(kilobytes * 1024);
        let input = text.as_bytes();
        let mut out = Vec::with_capacity(input.len() * 2);
        let mut tree = Vec::with_capacity(input.len() * 2);
        converted(&convert, &values, input, &mut out);
        through_a_tree(input, &mut tree);
        let same = |text: &[u8]| serde_json::from_slice::<Value>(text).expect("it is JSON");
        assert_eq!(same(&out), same(&tree), "both ways must do the same");

        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function(BenchmarkId::new("machine", kilobytes), |bencher| {
            bencher.iter(|| converted(&convert, &values, black_box(input), &mut out));
        });
        group.bench_function(BenchmarkId::new("check", kilobytes), |bencher| {
            bencher.iter(|| converted(&check, &values, black_box(input), &mut out));
        });
        group.bench_function(BenchmarkId::new("tree", kilobytes), |bencher| {
            bencher.iter(|| through_a_tree(black_box(input), &mut tree));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
