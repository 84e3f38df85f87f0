//! Bytes a second of the converter, of a check without change, and of parsing, editing and printing a tree.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use evergate_schemas::convert::{Converter, Limits, Prepared};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::{
    ArrayNode, Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Source, Supply,
};
use serde_json::Value;

/// A page of items, at least as long as asked for.
fn document(size: usize) -> String {
    let mut items = Vec::new();
    let mut length = 0;
    for number in 0.. {
        let item = format!(
            concat!(
                r#"{{"id":"https://example.com/payments/{n:08x}-7c1b-4f0e-9f43-0d7a1c2b3e4f","#,
                r#""walletAddress":"https://example.com/alice","#,
                r#""receivedAmount":{{"value":"{n}00","assetCode":"USD","assetScale":2}},"#,
                r#""completed":{done},"legacyState":"PROCESSING","#,
                r#""metadata":{{"description":"Invoice {n}: 2 \u00d7 coffee, \"to go\"","externalRef":"INV-2026-{n}","tags":["a","b","c"]}},"#,
                r#""score":{n}.250,"retries":null,"#,
                r#""createdAt":"2026-03-12T23:20:50.52Z","updatedAt":"2026-04-01T10:24:46.11Z"}}"#
            ),
            n = number,
            done = number % 2 == 0,
        );
        length += item.len() + 1;
        items.push(item);
        if length + 80 >= size {
            break;
        }
    }
    format!(
        r#"{{"pagination":{{"startCursor":"x","hasNextPage":true}},"result":[{}]}}"#,
        items.join(",")
    )
}

/// In each item: `walletAddress` is renamed, `legacyState` goes, `method` comes.
fn program() -> Program {
    let member = |name: &str, node| Member { name: name.into(), rename: None, node, take: None };
    let object = |members, supplies| {
        Node::Object(Box::new(ObjectNode {
            members,
            patterns: Vec::new(),
            other: NodeId(0),
            supplies,
            conflict: None,
            slots: (0, 0),
            hold: false,
        }))
    };
    let renamed = Member {
        rename: Some(("paymentPointer".into(), NoteId(0))),
        ..member("walletAddress", NodeId(0))
    };
    let method = Supply {
        name: "method".into(),
        source: Source::Literal("\"ilp\"".into()),
        note: NoteId(2),
        missing: Missing::Omit,
    };
    let note = |text: &str| Note {
        rule: "L1",
        text: text.to_owned(),
        at: String::new(),
        loss: false,
        policy: None,
    };
    Program {
        nodes: vec![
            Node::Copy,
            Node::Omit(NoteId(1)),
            object(vec![member("legacyState", NodeId(1)), renamed], vec![method]),
            Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(2) })),
            object(vec![member("result", NodeId(3))], Vec::new()),
        ],
        root: NodeId(4),
        notes: vec![note("rename"), note("drop"), note("add")],
    }
}

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
