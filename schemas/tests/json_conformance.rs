//! What counts as JSON: cases for every production of RFC 8259, through the copying and through an editing program.
//!
//! `EVERGATE_UPDATE=1` writes the table of `docs/json.md` anew.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use evergate_schemas::convert::{Converter, Limits, Refused};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::{
    ArrayNode, Member, Node, NodeId, Note, NoteId, ObjectNode, Program, Split,
};

const CASES: &str = include_str!("json_conformance/cases.txt");
const HEAD: &str = "| case | answer | by |\n|---|---|---|\n";

/// Name and text of each case.
fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let lines = CASES.lines().filter(|line| !line.starts_with("# "));
    lines
        .map(|line| line.split_once('\t').unwrap())
        .map(|(name, text)| (name, bytes(text)))
        .collect()
}

/// The bytes that a line of the table means.
fn bytes(text: &str) -> Vec<u8> {
    let mut made = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            made.push(first);
        } else if let Some(counted) = rest.strip_prefix(b"*") {
            let open = counted.iter().position(|byte| *byte == b'(').unwrap();
            let close = counted.iter().position(|byte| *byte == b')').unwrap();
            // A bracket may be what is repeated.
            let close = if close == open + 1 { close + 1 } else { close };
            let times: usize = std::str::from_utf8(&counted[..open]).unwrap().parse().unwrap();
            made.extend(counted[open + 1..close].repeat(times));
            rest = &counted[close + 1..];
        } else {
            let (hex, after) = rest.split_at(2);
            made.push(u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap());
            rest = after;
        }
    }
    made
}

/// A program that has a say in every value: it renames `asd` and leaves out `foo` wherever they are.
fn editing() -> Arc<Program> {
    let note = |text: &str| Note {
        rule: "L1",
        text: text.to_owned(),
        at: String::new(),
        loss: false,
        policy: None,
    };
    let member = |name: &str, node: u32, rename: Option<&str>| Member {
        name: name.into(),
        rename: rename.map(|to| (to.into(), NoteId(0))),
        node: NodeId(node),
        take: None,
    };
    let object = ObjectNode {
        members: vec![member("asd", 1, Some("renamed")), member("foo", 4, None)],
        patterns: Vec::new(),
        other: NodeId(1),
        supplies: Vec::new(),
        conflict: Some(NoteId(0)),
        slots: (0, 0),
        hold: false,
    };
    let copy = NodeId(0);
    let split = Split {
        null: copy,
        boolean: copy,
        number: copy,
        string: copy,
        array: NodeId(2),
        object: NodeId(3),
    };
    let nodes = vec![
        Node::Copy,
        Node::Split(Box::new(split)),
        Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(1) })),
        Node::Object(Box::new(object)),
        Node::Omit(NoteId(1)),
    ];
    Arc::new(Program { nodes, root: NodeId(1), notes: vec![note("rename"), note("leave out")] })
}

fn run(stages: &[Arc<Program>], text: &[u8], size: usize) -> Result<Vec<u8>, Refused> {
    let mut converter = Converter::new(stages, Limits::default(), Arc::new(Values::default()));
    let mut out = Vec::new();
    for chunk in text.chunks(size) {
        converter.push(chunk, &mut out)?;
    }
    converter.finish(&mut out)?;
    Ok(out)
}

/// The one answer of all ways through.
fn answer(name: &str, text: &[u8]) -> Result<(), Refused> {
    let stages = [editing()];
    let whole = text.len().max(1);
    let copied = run(&[], text, whole);
    if let Ok(out) = &copied {
        assert_eq!(out, text, "{name} is not copied byte for byte");
    }
    assert_eq!(run(&[], text, 1), copied, "{name} in pieces");
    let edited = run(&stages, text, whole);
    assert_eq!(run(&stages, text, 1), edited, "{name} edited in pieces");
    assert_eq!(edited.as_ref().err(), copied.as_ref().err(), "{name}, copied and edited");
    if let Ok(out) = &edited {
        assert!(run(&[], out, whole).is_ok(), "{name} is edited into something else than JSON");
    }
    copied.map(|_| ())
}

#[test]
fn each_case_is_judged_as_the_rfc_says() {
    let mut faults = Vec::new();
    let mut counts = [0; 3];
    for (name, text) in cases() {
        let seen = answer(name, &text);
        let right = match name.split_once('_').unwrap().0 {
            "y" => {
                counts[0] += 1;
                seen.is_ok()
            }
            "n" => {
                counts[1] += 1;
                seen.as_ref()
                    .is_err_and(|refused| refused.cause.is_syntax() || refused.cause.is_limit())
            }
            _ => {
                counts[2] += 1;
                true
            }
        };
        if !right {
            faults.push(format!("{name}: {seen:?}"));
        }
    }
    println!("{counts:?} cases to accept, to refuse, to choose");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(counts.iter().sum::<usize>() > 400 && counts.iter().all(|count| *count > 40));
}

/// The table of what RFC 8259 leaves to the reader of JSON.
fn table() -> String {
    let mut table = HEAD.to_owned();
    for (name, text) in cases().into_iter().filter(|(name, _)| name.starts_with("i_")) {
        match answer(name, &text) {
            Ok(()) => writeln!(table, "| `{name}` | accepted, byte for byte | |").unwrap(),
            Err(refused) => {
                writeln!(table, "| `{name}` | refused | `{}` |", refused.cause.code()).unwrap();
            }
        }
    }
    table
}

#[test]
fn the_choices_are_documented() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/json.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once(HEAD).unwrap();
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    let fresh = format!("{before}{}\n{after}", table());
    if std::env::var_os("EVERGATE_UPDATE").is_some() {
        std::fs::write(&file, &fresh).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), fresh, "docs/json.md is not in step");
}

#[test]
fn no_two_cuts_make_a_difference() {
    let text = br#"{"asd":{},"foo":[],"text":"a\u00e9\"b","list":[1.50,-0e+1,null,[],{"asd":[ ]},true ] ,"long":"0123456789012345678901234567890123456789","last":[]}"#;
    for stages in [&[][..], &[editing()][..]] {
        let whole = run(stages, text, text.len()).unwrap();
        for first in 0..text.len() {
            for second in first..text.len() {
                let values = Arc::new(Values::default());
                let mut converter = Converter::new(stages, Limits::default(), values);
                let mut out = Vec::new();
                for piece in [&text[..first], &text[first..second], &text[second..]] {
                    let done = converter.push(piece, &mut out);
                    assert!(done.is_ok(), "cut at {first} and {second}: {done:?}");
                }
                converter.finish(&mut out).unwrap();
                assert_eq!(out, whole, "cut at {first} and {second}");
            }
        }
    }
}
