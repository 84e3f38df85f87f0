//! The payload and the program that the figures are about.

use evergate_schemas::plan::program::{
    ArrayNode, Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Source, Supply,
};

/// A page of items, at least as long as asked for.
pub(crate) fn document(size: usize) -> String {
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
pub(crate) fn program() -> Program {
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

/// In each item one member is renamed.
pub(crate) fn renaming(from: &str, to: &str) -> Program {
    let member = |name: &str, node| Member { name: name.into(), rename: None, node, take: None };
    let object = |members| {
        Node::Object(Box::new(ObjectNode {
            members,
            patterns: Vec::new(),
            other: NodeId(0),
            supplies: Vec::new(),
            conflict: None,
            slots: (0, 0),
            hold: false,
        }))
    };
    let renamed = Member { rename: Some((to.into(), NoteId(0))), ..member(from, NodeId(0)) };
    let note = Note {
        rule: "L1",
        text: "rename".to_owned(),
        at: String::new(),
        loss: false,
        policy: None,
    };
    Program {
        nodes: vec![
            Node::Copy,
            object(vec![renamed]),
            Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(1) })),
            object(vec![member("result", NodeId(2))]),
        ],
        root: NodeId(3),
        notes: vec![note],
    }
}
