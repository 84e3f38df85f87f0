//! Programs by hand, hostile input, and the laws: any chunking gives the same, the identity keeps every byte.

use std::sync::Arc;

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::convert::{Cause, Converter, Limits, Refused, Report};
use crate::plan::outside::Values;
use crate::plan::program::{
    ArrayNode, Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Outside, Program, Slot,
    Source, Split, Supply, Table, Take,
};

pub(super) type Outcome = Result<(String, Report), Refused>;

pub(super) fn values() -> Arc<Values> {
    let mut values = Values::default();
    values.headers.insert("tenant".to_owned(), "t\"1".to_owned());
    values.configuration.insert("rate".to_owned(), "{\"r\":1.0}".to_owned());
    Arc::new(values)
}

/// Runs stages over chunks.
pub(super) fn run<'a>(
    stages: &[Arc<Program>],
    limits: Limits,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> Outcome {
    let mut converter = Converter::new(stages, limits, values());
    let mut out = Vec::new();
    for chunk in chunks {
        converter.push(chunk, &mut out)?;
    }
    let report = converter.finish(&mut out)?;
    assert_eq!(converter.held_back(), 0);
    Ok((String::from_utf8(out).unwrap(), report))
}

/// Runs it whole, byte by byte and in threes; all must agree.
#[track_caller]
pub(super) fn agreed(stages: &[Arc<Program>], limits: Limits, input: &[u8]) -> Outcome {
    let whole = run(stages, limits, std::iter::once(input));
    assert_eq!(run(stages, limits, input.chunks(1)), whole, "byte by byte");
    assert_eq!(run(stages, limits, input.chunks(3)), whole, "in threes");
    assert_eq!(run(stages, limits, input.chunks(7)), whole, "in sevens");
    if let Ok((out, report)) = &whole {
        assert_eq!(report.bytes_out, out.len() as u64);
        assert_eq!(report.bytes_in, input.len() as u64);
        serde_json::from_str::<serde::de::IgnoredAny>(out).unwrap();
    }
    whole
}

fn note(text: &str) -> Note {
    Note { rule: "T", text: text.to_owned(), at: String::new(), loss: false, policy: None }
}

fn program(nodes: Vec<Node>, root: u32) -> Arc<Program> {
    let notes = (0..8).map(|number| note(&format!("note {number}"))).collect();
    Arc::new(Program { nodes, root: NodeId(root), notes })
}

fn object(members: Vec<Member>, supplies: Vec<Supply>) -> ObjectNode {
    ObjectNode {
        members,
        patterns: Vec::new(),
        other: NodeId(0),
        supplies,
        conflict: Some(NoteId(7)),
        slots: (0, 0),
        hold: false,
    }
}

fn member(name: &str, node: u32) -> Member {
    Member { name: name.into(), rename: None, node: NodeId(node), take: None }
}

fn renamed(name: &str, to: &str, node: u32) -> Member {
    Member { rename: Some((to.into(), NoteId(1))), ..member(name, node) }
}

fn supply(name: &str, source: Source) -> Supply {
    Supply { name: name.into(), source, note: NoteId(2), missing: Missing::Omit }
}

/// `drop` goes, `old` becomes `new`, `status` is looked up, `added` is supplied.
fn usual() -> Vec<Node> {
    vec![
        Node::Copy,
        Node::Omit(NoteId(0)),
        Node::Object(Box::new(object(
            vec![member("drop", 1), renamed("old", "new", 0), member("status", 3)],
            vec![supply("added", Source::Literal("[1]".into()))],
        ))),
        Node::Table(Box::new(Table {
            entries: vec![
                ("\"OPEN\"".into(), NodeId(4)),
                ("null".into(), NodeId(1)),
                ("1".into(), NodeId(0)),
            ],
            otherwise: NodeId(5),
        })),
        Node::Replace("\"open\"".into(), NoteId(3)),
        Node::Refuse(NoteId(4)),
        Node::Array(Box::new(ArrayNode { prefix: vec![NodeId(1)], items: NodeId(2) })),
        Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(3) })),
    ]
}

#[track_caller]
fn check(nodes: Vec<Node>, root: u32, input: &str, expected: &str) -> Report {
    let (out, report) =
        agreed(&[program(nodes, root)], Limits::default(), input.as_bytes()).unwrap();
    assert_eq!(out, expected);
    report
}

#[track_caller]
fn check_refused(nodes: Vec<Node>, root: u32, input: &str, expected: (&str, &str, u64)) {
    let refused = agreed(&[program(nodes, root)], Limits::default(), input.as_bytes()).unwrap_err();
    assert_eq!((refused.cause.code(), refused.pointer.as_str(), refused.offset), expected);
}

#[test]
fn members_are_dropped_with_one_comma() {
    check(usual(), 2, r#"{ "drop": {"x":[1,2]} , "a": 1.0 }"#, r#"{ "a": 1.0 ,"added":[1]}"#);
    check(usual(), 2, r#"{"a":1, "drop" : 2 , "b":3}"#, r#"{"a":1 , "b":3,"added":[1]}"#);
    check(usual(), 2, r#"{"a":1,"drop":2}"#, r#"{"a":1,"added":[1]}"#);
    check(usual(), 2, "{\n  \"drop\": 2\n}", "{\n  \"added\":[1]}");
    check(usual(), 2, "{ }", "{ \"added\":[1]}");
}

#[test]
fn an_escaped_name_is_the_same_name() {
    check(
        usual(),
        2,
        r#"{"dr\u006fp":1,"\u006fld":"\u00e9\n"}"#,
        r#"{"new":"\u00e9\n","added":[1]}"#,
    );
}

#[test]
fn names_are_changed_in_place_and_counted() {
    let report = check(
        usual(),
        2,
        r#"{"z":1e400,"old" : 123456789012345678901234567890,"added":0}"#,
        r#"{"z":1e400,"new" : 123456789012345678901234567890,"added":0}"#,
    );
    assert_eq!(report.fired, [[0, 1, 0, 0, 0, 0, 0, 0]]);
}

#[test]
fn two_members_under_one_name_are_refused() {
    check_refused(usual(), 2, r#"{"old":1,"new":2}"#, ("name-conflict", "/new", 9));
    check_refused(usual(), 2, r#"{"new":1,"old":2}"#, ("name-conflict", "/old", 9));
}

#[test]
fn scalars_are_looked_up_by_value() {
    check(usual(), 2, r#"{"status":"\u004fPEN","added":0}"#, r#"{"status":"open","added":0}"#);
    check(usual(), 2, r#"{"status": null,"added":0}"#, r#"{"added":0}"#);
    check(usual(), 2, r#"{"added":0,"status": 1.0e0 }"#, r#"{"added":0,"status": 1.0e0 }"#);
    check_refused(usual(), 2, r#"{"status":"shut"}"#, ("value-not-convertible", "/status", 10));
    check_refused(usual(), 2, r#"{"status":{}}"#, ("value-not-convertible", "/status", 10));
    check(usual(), 3, "1", "1");
    check_refused(usual(), 3, "null", ("payload-omitted", "", 0));
}

#[test]
fn items_are_dropped_and_converted() {
    check(usual(), 6, r#"[ 7, {"old":1} ,5]"#, r#"[ {"new":1,"added":[1]} ,5]"#);
    check(usual(), 6, "[ 7 ]", "[ ]");
    check(usual(), 7, r#"["OPEN" , null , 1, null]"#, r#"["open"  , 1]"#);
}

#[test]
fn kinds_go_their_ways() {
    let mut nodes = usual();
    nodes.push(Node::Split(Box::new(Split {
        null: NodeId(1),
        boolean: NodeId(4),
        number: NodeId(0),
        string: NodeId(5),
        array: NodeId(6),
        object: NodeId(2),
    })));
    nodes.push(Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(8) })));
    check(
        nodes.clone(),
        9,
        r#"[null,true,-0.0, null,[1],{"drop":0}]"#,
        r#"["open",-0.0,[],{"added":[1]}]"#,
    );
    check_refused(
        nodes,
        9,
        r#"[[0,{"status":"x"}],""]"#,
        ("value-not-convertible", "/0/1/status", 14),
    );
}

#[test]
fn names_that_match_a_pattern_and_others() {
    let mut one = object(vec![member("id", 0)], Vec::new());
    one.patterns = vec![("^x-".into(), NodeId(1)), ("\\d$".into(), NodeId(2))];
    one.other = NodeId(3);
    let nodes = vec![
        Node::Copy,
        Node::Omit(NoteId(0)),
        Node::Replace("0".into(), NoteId(1)),
        Node::Refuse(NoteId(2)),
        Node::Object(Box::new(one)),
    ];
    check(nodes.clone(), 4, r#"{"x-1":1,"id":1,"a\u0031":{"y":2}}"#, r#"{"id":1,"a\u0031":0}"#);
    check_refused(nodes, 4, r#"{"a~/":1}"#, ("value-not-convertible", "/a~0~1", 7));
}

fn moving(hold: bool) -> Vec<Node> {
    let mut inner = object(Vec::new(), vec![supply("description", Source::Slot(Slot(0)))]);
    inner.slots = (1, 0);
    let take = |slot, take| Some((Slot(slot), take));
    let mut outer = object(
        vec![
            Member { take: take(0, Take::Move(NoteId(5))), ..member("description", 2) },
            member("metadata", 1),
            Member { take: take(1, Take::Copy), ..renamed("when", "at", 0) },
        ],
        vec![
            supply("seen", Source::Slot(Slot(1))),
            supply(
                "box",
                Source::Object(vec![supply(
                    "tenant",
                    Source::Outside(Outside::Header("no".into())),
                )]),
            ),
        ],
    );
    outer.slots = (0, 2);
    outer.hold = hold;
    let mut nested = object(vec![renamed("a", "b", 0)], Vec::new());
    nested.slots = (2, 0);
    vec![
        Node::Copy,
        Node::Object(Box::new(inner)),
        Node::Object(Box::new(nested)),
        Node::Object(Box::new(outer)),
    ]
}

#[test]
fn values_move_down_whichever_comes_first() {
    let report = check(
        moving(true),
        3,
        r#"{"description": {"a": 1} , "metadata" : {"m":1}, "when":"now"}"#,
        r#"{"metadata" : {"m":1,"description":{"b": 1}}, "at":"now","seen":"now"}"#,
    );
    assert_eq!(report.fired, [[0, 2, 2, 0, 0, 1, 0, 0]]);
    check(
        moving(true),
        3,
        r#"{"metadata":{},"x":0,"description":null}"#,
        r#"{"metadata":{"description":null},"x":0}"#,
    );
    check(
        moving(false),
        3,
        r#"{"description":2,"metadata":{}}"#,
        r#"{"metadata":{"description":2}}"#,
    );
    check(
        moving(true),
        3,
        r#"{"metadata":{"description":1}}"#,
        r#"{"metadata":{"description":1}}"#,
    );
}

#[test]
fn outside_values_and_missing_ones() {
    let supplies = vec![
        supply("t", Source::Outside(Outside::Header("tenant".into()))),
        supply(
            "o",
            Source::Object(vec![
                supply("none", Source::Nothing),
                supply("r", Source::Outside(Outside::Configuration("rate".into()))),
            ]),
        ),
        Supply { missing: Missing::Refuse(NoteId(6)), ..supply("n", Source::Nothing) },
    ];
    let nodes = vec![Node::Copy, Node::Object(Box::new(object(Vec::new(), supplies)))];
    check(nodes.clone(), 1, r#"{"n":0}"#, r#"{"n":0,"t":"t\"1","o":{"r":{"r":1.0}}}"#);
    check_refused(nodes, 1, r#"{"a":0}"#, ("value-missing", "/n", 6));
}

#[test]
fn the_first_of_two_sources_is_written() {
    let mut outer = object(
        vec![Member { take: Some((Slot(0), Take::Move(NoteId(0)))), ..member("in", 0) }],
        vec![
            supply("a", Source::Slot(Slot(0))),
            supply("b", Source::Literal("1".into())),
            supply("a", Source::Literal("2".into())),
        ],
    );
    outer.slots = (0, 1);
    outer.hold = true;
    let nodes = vec![Node::Copy, Node::Object(Box::new(outer))];
    check(nodes.clone(), 1, r#"{"in":0}"#, r#"{"a":0,"b":1}"#);
    check(nodes.clone(), 1, r"{}", r#"{"b":1,"a":2}"#);
    check(nodes, 1, r#"{"a":3}"#, r#"{"a":3,"b":1}"#);
}

#[test]
fn a_large_member_is_not_copied_into_any_number_of_items() {
    let mut item = object(Vec::new(), vec![supply("all", Source::Slot(Slot(0)))]);
    item.slots = (1, 0);
    let taken = Member { take: Some((Slot(0), Take::Copy)), ..member("large", 0) };
    let mut outer = object(vec![taken, member("items", 2)], Vec::new());
    outer.slots = (0, 1);
    let nodes = vec![
        Node::Copy,
        Node::Object(Box::new(item)),
        Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(1) })),
        Node::Object(Box::new(outer)),
    ];
    let input = format!(r#"{{"large":"{}","items":[{{}},{{}},{{}},{{}}]}}"#, "x".repeat(98));
    let stages = [program(nodes, 3)];
    let (out, _) =
        agreed(&stages, Limits { copied: 300, ..Limits::default() }, input.as_bytes()).unwrap();
    assert!(out.len() > 500);
    let limits = Limits { copied: 100, ..Limits::default() };
    let refused = agreed(&stages, limits, input.as_bytes()).unwrap_err();
    assert_eq!((refused.cause.code(), refused.pointer.as_str()), ("limit-copied", "/items/2/all"));
}

#[test]
fn one_slot_takes_one_value() {
    let mut outer = object(vec![member("items", 2)], vec![supply("last", Source::Slot(Slot(0)))]);
    outer.slots = (0, 1);
    outer.hold = true;
    let item = object(
        vec![Member { take: Some((Slot(0), Take::Move(NoteId(0)))), ..member("v", 0) }],
        Vec::new(),
    );
    let nodes = vec![
        Node::Copy,
        Node::Object(Box::new(item)),
        Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(1) })),
        Node::Object(Box::new(outer)),
    ];
    check(nodes.clone(), 3, r#"{"items":[{"v":1}]}"#, r#"{"items":[{}],"last":1}"#);
    check_refused(nodes, 3, r#"{"items":[{"v":1},{"v":2}]}"#, ("slot-claimed", "/items/1/v", 23));
}

#[test]
fn later_stages_refuse_in_the_names_of_the_first() {
    let second = vec![
        Node::Copy,
        Node::Refuse(NoteId(0)),
        Node::Object(Box::new(object(vec![member("new", 1)], Vec::new()))),
    ];
    let stages = [program(usual(), 2), program(second, 2)];
    let refused = agreed(&stages, Limits::default(), br#"{"a":1,"old":2}"#).unwrap_err();
    assert_eq!(refused.pointer.as_str(), "/old");
    let (out, report) = agreed(&stages, Limits::default(), br#"{"drop":1,"x":2}"#).unwrap();
    assert_eq!(out, r#"{"x":2,"added":[1]}"#);
    assert_eq!(report.fired.len(), 2);
}

mod forms;
mod hostile;
mod multipart;
mod nested;
mod patches;
mod reference;
mod swift;

/// Arbitrary JSON-like text: valid documents with some bytes changed.
fn documents() -> impl Strategy<Value = Vec<u8>> {
    let names = proptest::sample::select(vec![
        "drop",
        "old",
        "new",
        "status",
        "added",
        "a",
        "description",
        "metadata",
        "when",
    ]);
    let leaf = proptest::sample::select(vec![
        "null",
        "true",
        "false",
        "0",
        "-1.50e+3",
        "\"OPEN\"",
        "\"\\u004fPEN\"",
        "\"x\\ud83d\\ude00\"",
        "\"\u{e9}\u{1f600}\"",
        "\"\"",
        "1",
        "[]",
        "{}",
        "{ }",
    ])
    .prop_map(str::to_owned);
    let blank = proptest::sample::select(vec!["", "", "", " ", "\n  "]);
    leaf.prop_recursive(5, 48, 6, move |inner| {
        let items = proptest::collection::vec((inner.clone(), blank.clone()), 0..5);
        let members = proptest::collection::vec((names.clone(), inner, blank.clone()), 0..6);
        proptest::prop_oneof![
            items.prop_map(|items| {
                let items: Vec<_> =
                    items.iter().map(|(item, blank)| format!("{blank}{item}{blank}")).collect();
                format!("[{}]", items.join(","))
            }),
            members.prop_map(|members| {
                let mut seen = std::collections::BTreeSet::new();
                let members: Vec<_> = members
                    .iter()
                    .filter(|one| seen.insert(one.0))
                    .map(|(name, value, blank)| {
                        format!("{blank}\"{name}\"{blank}:{blank}{value}{blank}")
                    })
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
    .prop_map(String::into_bytes)
}

fn everything() -> Vec<Arc<Program>> {
    let mut usual = usual();
    usual.push(Node::Split(Box::new(Split {
        null: NodeId(0),
        boolean: NodeId(1),
        number: NodeId(3),
        string: NodeId(3),
        array: NodeId(9),
        object: NodeId(10),
    })));
    usual.push(Node::Array(Box::new(ArrayNode { prefix: vec![NodeId(1)], items: NodeId(8) })));
    let mut all = object(
        vec![member("a", 8), member("drop", 1), renamed("old", "new", 8), member("status", 8)],
        vec![supply("added", Source::Literal("[1]".into()))],
    );
    all.other = NodeId(8);
    usual.push(Node::Object(Box::new(all)));
    vec![program(usual, 8), program(moving(true), 3), program(moving(false), 3)]
}

/// Cuts at the given places, in turn.
fn cut<'a>(input: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = input;
    let mut chunks = Vec::new();
    for &size in sizes.iter().cycle().take(input.len() + 1) {
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(rest);
    chunks
}

proptest! {
    #![proptest_config({
        let known = proptest::test_runner::Config::default();
        proptest::test_runner::Config { cases: known.cases.max(1500), ..known }
    })]

    #[test]
    fn identity_keeps_every_byte(input in documents()) {
        let (out, _) = agreed(&[], Limits::default(), &input).unwrap();
        prop_assert_eq!(out.as_bytes(), &input[..]);
    }

    #[test]
    fn chunks_make_no_difference(
        input in documents(),
        sizes in proptest::collection::vec(1_usize..9, 1..5),
        damage in proptest::option::weighted(0.5, (any::<proptest::sample::Index>(), any::<u8>())),
        held in proptest::sample::select(vec![8_usize, 30, 1 << 20]),
    ) {
        let mut input = input;
        if let Some((index, byte)) = damage {
            let at = index.index(input.len());
            input[at] = byte;
        }
        let limits = Limits { held, number: 6, name: 8, ..Limits::default() };
        let all = everything();
        for stages in [&all[..1], &all[1..2], &all[2..3]] {
            let outcome = agreed(stages, limits, &input);
            prop_assert_eq!(run(stages, limits, cut(&input, &sizes).into_iter()), outcome);
        }
    }

    #[test]
    fn no_bytes_end_in_a_panic(input in proptest::collection::vec(any::<u8>(), 0..64)) {
        let valid = serde_json::from_slice::<serde::de::IgnoredAny>(&input).is_ok();
        let outcome = agreed(&[], Limits::default(), &input);
        prop_assert!(valid || outcome.is_err());
    }

    #[test]
    fn damaged_text_is_judged_as_serde_judges_it(
        input in documents(),
        index in any::<proptest::sample::Index>(),
        byte in proptest::sample::select(b"\"\\{}[],:0e.-+u \n\x01tA\xff\xc3".to_vec()),
    ) {
        let mut input = input;
        let at = index.index(input.len());
        input[at] = byte;
        let outcome = agreed(&[], Limits::default(), &input);
        let theirs = serde_json::from_slice::<Checked>(&input).is_ok();
        let duplicate = matches!(&outcome, Err(refused) if refused.cause == Cause::DuplicateName);
        prop_assert!(outcome.is_ok() == theirs || duplicate, "{outcome:?}");
    }
}

/// Decodes strings, so that lone surrogates are found; keeps nothing.
struct Checked;

impl<'de> serde::Deserialize<'de> for Checked {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(|_| Self)
    }
}
