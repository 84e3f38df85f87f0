//! A long body streams through: what is held back and what is allocated do not grow with it.

use std::sync::Arc;

use evergate_schemas::convert::{Converter, Limits};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::{
    ArrayNode, Member, Node, NodeId, Note, NoteId, ObjectNode, Program,
};

/// In each item of an array `old` becomes `new`, and `gone` goes.
fn program() -> Program {
    let member = |name: &str, node| Member { name: name.into(), rename: None, node, take: None };
    let renamed = Member { rename: Some(("new".into(), NoteId(0))), ..member("old", NodeId(0)) };
    let item = ObjectNode {
        members: vec![member("gone", NodeId(1)), renamed],
        patterns: Vec::new(),
        other: NodeId(0),
        supplies: Vec::new(),
        conflict: None,
        slots: (0, 0),
        hold: false,
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
            Node::Object(Box::new(item)),
            Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(2) })),
        ],
        root: NodeId(3),
        notes: vec![note("rename"), note("drop")],
    }
}

/// Memory that this process has had at the most, in kilobytes, where the system tells.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// `EVERGATE_LONG=1` makes it a gigabyte.
#[test]
fn memory_does_not_grow_with_the_body() {
    let long = std::env::var_os("EVERGATE_LONG").is_some();
    let total: u64 = if long { 1 << 30 } else { 16 << 20 };
    let mut converter =
        Converter::new(&[Arc::new(program())], Limits::default(), Arc::new(Values::default()));
    let item = br#"{"id":"0123456789abcdef","old":{"a":[1,2.50,"three"],"b":null},"gone":[true],"text":"x\u00e9y"},"#;
    let page = item.repeat(600);
    let mut out = Vec::new();
    converter.push(b"[", &mut out).unwrap();
    converter.push(&page, &mut out).unwrap();
    let before = peak_kb();
    let (mut taken, mut held) = (page.len() as u64, 0);
    while taken < total {
        // Cut anywhere.
        for part in page.chunks(32_749) {
            out.clear();
            converter.push(part, &mut out).unwrap();
            held = held.max(converter.held_back());
        }
        taken += page.len() as u64;
    }
    out.clear();
    converter.push(b"{}]", &mut out).unwrap();
    let report = converter.finish(&mut out).unwrap();
    assert_eq!(report.bytes_in, taken + 4);
    assert!(held <= 128, "{held} bytes held back");
    if let (Some(before), Some(after)) = (before, peak_kb()) {
        assert!(after - before <= 1024, "{before} kB became {after} kB");
    }
}
