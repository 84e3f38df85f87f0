//! Streams of records: framing by hand, and the laws: any chunking gives the same, what no plan touches stays.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

use super::{Records, Unconvertible};
use crate::convert::{Converter, Limits};
use crate::plan::outside::Values;
use crate::plan::program::{Member, Node, NodeId, Note, NoteId, ObjectNode, Program};
use crate::plan::random::Random;
use crate::plan::wire::{EventPlan, Framing};

/// `old` becomes `new`; a number where `no` is does not get through.
fn renaming() -> Arc<Program> {
    let member = |name: &str, rename: Option<&str>, node| Member {
        name: name.into(),
        rename: rename.map(|to| (to.into(), NoteId(0))),
        node: NodeId(node),
        take: None,
    };
    let object = ObjectNode {
        members: vec![member("no", None, 2), member("old", Some("new"), 0)],
        patterns: Vec::new(),
        other: NodeId(0),
        supplies: Vec::new(),
        conflict: None,
        slots: (0, 0),
        hold: false,
    };
    let nodes = vec![Node::Copy, Node::Object(Box::new(object)), Node::Refuse(NoteId(1))];
    let note = |text: &str| Note {
        rule: "T",
        text: text.to_owned(),
        at: String::new(),
        loss: false,
        policy: None,
    };
    Arc::new(Program { nodes, root: NodeId(1), notes: vec![note("rename"), note("no way")] })
}

type Outcome = (String, Result<Vec<Vec<u32>>, String>);

fn run(
    framing: &Framing,
    how: (&[Arc<Program>], Limits, Unconvertible),
    input: &[u8],
    size: usize,
) -> Outcome {
    let (stages, limits, policy) = how;
    let values = Arc::new(Values::default());
    let mut records = Records::new(framing, stages, limits, &values, policy);
    let mut out = Vec::new();
    let mut ended = Ok(());
    for chunk in input.chunks(size) {
        ended = ended.and_then(|()| records.push(chunk, &mut out));
    }
    let ended = ended.and_then(|()| records.finish(&mut out));
    if let Ok(report) = &ended {
        assert_eq!((report.bytes_in, report.bytes_out), (input.len() as u64, out.len() as u64));
    }
    let told = ended.map(|report| report.fired).map_err(|refused| {
        format!("{} {} {}", refused.pointer, refused.offset, refused.cause.code())
    });
    (String::from_utf8_lossy(&out).into_owned(), told)
}

/// Runs it whole and cut in several ways, which must agree.
#[track_caller]
fn agreed(
    framing: &Framing,
    how: (&[Arc<Program>], Limits, Unconvertible),
    input: &[u8],
) -> Outcome {
    let whole = run(framing, how, input, input.len().max(1));
    for size in [1, 2, 3, 7] {
        assert_eq!(run(framing, how, input, size), whole, "in pieces of {size}");
    }
    whole
}

#[track_caller]
fn check(framing: &Framing, policy: Unconvertible, input: &str, expected: &str) {
    let (out, told) = agreed(framing, (&[renaming()], Limits::default(), policy), input.as_bytes());
    assert_eq!(out, expected, "{told:?}");
    assert!(told.is_ok(), "{told:?}");
}

/// What came out before the stream was cut, and why it was.
#[track_caller]
fn cut(framing: &Framing, limits: Limits, input: &str, expected: (&str, &str)) {
    let how = (&[renaming()][..], limits, Close);
    let (out, told) = agreed(framing, how, input.as_bytes());
    assert_eq!((out.as_str(), told.unwrap_err().as_str()), expected);
}

fn events() -> Framing {
    let plan = |event: Option<&str>, converts: bool| EventPlan {
        event: event.map(str::to_owned),
        stages: converts.then(|| vec![renaming()]),
    };
    Framing::Events([plan(Some("text"), false), plan(Some("order"), true), plan(None, true)].into())
}

use Unconvertible::{Close, Error, Skip};

#[test]
fn each_line_is_converted_and_blank_lines_and_line_ends_stay() {
    check(
        &Framing::Lines,
        Close,
        "{\"old\":1}\n\r\n {\"old\" : 2.50}\r\n[]\n\n{\"a\":\"\\u00e9\",\"old\":3}",
        "{\"new\":1}\n\r\n {\"new\" : 2.50}\r\n[]\n\n{\"a\":\"\\u00e9\",\"new\":3}",
    );
    check(&Framing::Lines, Close, "", "");
    check(&Framing::Lines, Close, "\n \n\t", "\n \n\t");
}

#[test]
fn a_line_that_does_not_get_through_is_left_out_told_or_the_end() {
    let input = "{\"old\":1}\n{\"no\":1}\n{\"old\":\n{\"old\":2}\n";
    check(&Framing::Lines, Skip, input, "{\"new\":1}\n{\"new\":2}\n");
    let told = "{\"code\":\"value-not-convertible\",\"detail\":\"this value cannot be converted: no way\",\
                \"pointer\":\"/1/no\",\"title\":\"a record could not be converted\",\"type\":\"about:blank\"}";
    let broken = "{\"code\":\"json-truncated\",\"detail\":\"the JSON text ends too early\",\
                  \"pointer\":\"/2/old\",\"title\":\"a record could not be converted\",\"type\":\"about:blank\"}";
    let expected = format!("{{\"new\":1}}\n{told}\n{broken}\n{{\"new\":2}}\n");
    check(&Framing::Lines, Error, input, &expected);
    cut(
        &Framing::Lines,
        Limits::default(),
        input,
        ("{\"new\":1}\n", "/1/no 16 value-not-convertible"),
    );
}

#[test]
fn a_record_beyond_the_bound_is_not_held() {
    let limits = Limits { record: 16, ..Limits::default() };
    let input = "{\"old\":1}\n{\"old\":\"aaaaaaaaaaaaaaa\"}\n";
    cut(&Framing::Lines, limits, input, ("{\"new\":1}\n", "/1 26 limit-record-length"));
    let blank = format!("1\n{}\n2\n", " ".repeat(40));
    cut(&Framing::Lines, limits, &blank, ("1\n", "/1 18 limit-record-length"));
    let event = format!("data: 1\n\ndata: [\ndata: {}\ndata: ]\n\ndata: 2\n\n", " ".repeat(40));
    cut(&events(), limits, &event, ("data: 1\n\n", "/1 25 limit-record-length"));
    let how = (&[][..], limits, Skip);
    let (out, _) = agreed(&events(), how, event.as_bytes());
    assert_eq!(out, "data: 1\n\ndata: 2\n\n");
    let mut records =
        Records::new(&Framing::Lines, &[], limits, &Arc::new(Values::default()), Skip);
    for _ in 0..1000 {
        records.push(b"[1,1,1,1,1,", &mut Vec::new()).unwrap();
        assert!(records.held_back() <= 64, "{}", records.held_back());
    }
}

#[test]
fn texts_of_a_sequence_go_as_soon_as_they_are_whole() {
    let sequence = Framing::Sequence;
    check(
        &sequence,
        Close,
        "\u{1e}{\"old\":1}\n\u{1e}{\n \"old\": 2\n}\n\u{1e}\u{1e}3\n",
        "\u{1e}{\"new\":1}\n\u{1e}{\n \"new\": 2\n}\n\u{1e}\u{1e}3\n",
    );
    check(&sequence, Skip, "1\n\u{1e}{\"old\":\u{1e}{\"old\":1}\n", "\u{1e}{\"new\":1}\n");
    cut(&sequence, Limits::default(), "1\n\u{1e}2\n", ("", "/0 0 json-framing"));
    cut(&sequence, Limits::default(), "\u{1e}1\n2\u{1e}", ("\u{1e}1\n", "/1 3 json-framing"));
    let mut records =
        Records::new(&sequence, &[], Limits::default(), &Arc::new(Values::default()), Close);
    let mut out = Vec::new();
    records.push(b"\x1e{\"a\":1}\n", &mut out).unwrap();
    assert_eq!(out, b"\x1e{\"a\":1}\n");
}

#[test]
fn only_the_data_of_events_changes() {
    check(
        &events(),
        Close,
        "\u{feff}: hello\nretry: 10\n\nid: 1\nevent: order\nfoo: bar\ndata: {\"old\":1}\n: note\n\n",
        "\u{feff}: hello\nretry: 10\n\nid: 1\nevent: order\nfoo: bar\ndata: {\"new\":1}\n: note\n\n",
    );
    check(&events(), Close, "data:{\"old\":1}\r\n\r\n", "data:{\"new\":1}\r\n\r\n");
    check(&events(), Close, "data: {\rdata: \"old\":1}\r\r", "data: {\rdata: \"new\":1}\r\r");
    // a type without a plan of its own, data that is text, and the word that ends a stream
    check(&events(), Close, "event: text\ndata: {\"old\":\n\n", "event: text\ndata: {\"old\":\n\n");
    check(&events(), Close, "data: [DONE]\n\n", "data: [DONE]\n\n");
    check(&events(), Close, "event: order\n\ndata\n\n", "event: order\n\ndata\n\n");
    // untouched data keeps its lines
    check(
        &events(),
        Close,
        "data: {\ndata\ndata:  \"a\": 1}\n\n",
        "data: {\ndata\ndata:  \"a\": 1}\n\n",
    );
}

#[test]
fn an_event_that_is_not_ended_is_no_data() {
    check(&events(), Close, "data: {\"old\":1}\n", "data: {\"new\":1}\n");
    check(&events(), Close, "data: 1\n\ndata: {\"old\"", "data: 1\n\n");
    check(&events(), Error, "id: 7", "id: 7");
}

#[test]
fn the_place_in_the_stream_outlives_a_skipped_event() {
    let input = "id: 7\nevent: order\ndata: {\"no\":1}\n\ndata: 2\n\n";
    check(&events(), Skip, input, "id: 7\nevent: order\n\ndata: 2\n\n");
    check(&events(), Skip, "data: {\r\n\r\ndata: 2\r\n\r\n", "data: 2\r\n\r\n");
    let told = "event: unconvertible\ndata: {\"code\":\"json-truncated\",\"detail\":\"the JSON text ends too early\",\
                \"pointer\":\"/0\",\"title\":\"a record could not be converted\",\"type\":\"about:blank\"}\n\n";
    check(&events(), Error, "data: {\n\ndata: 2\n\n", &format!("{told}data: 2\n\n"));
    cut(
        &events(),
        Limits::default(),
        "data: 1\n\ndata: x\n\n",
        ("data: 1\n\n", "/1 9 json-unexpected-byte"),
    );
}

#[test]
fn steps_are_counted_over_all_records() {
    let how = (&[renaming()][..], Limits::default(), Skip);
    let (_, fired) = agreed(&Framing::Lines, how, b"{\"old\":1}\n{\"old\":2}\n{\"no\":1}\n");
    assert_eq!(fired.unwrap(), [[2, 0]]);
    let (_, fired) =
        agreed(&events(), how, b"data: {\"old\":1}\n\nevent: order\ndata: {\"old\":1}\n\n");
    assert_eq!(fired.unwrap(), [[1, 0], [1, 0]]);
}

proptest! {
    /// A stream of records is the records one by one (law 14), by random programs.
    #[test]
    fn a_stream_is_its_records(seed in 0_u64..100_000, count in 0_usize..6, size in 1_usize..40) {
        let mut random = Random(seed);
        let stages = [Arc::new(random.program())];
        let (mut lines, mut sequence, mut stream, mut wanted) = (String::new(), String::new(), String::new(), Vec::new());
        for _ in 0..count {
            let text = random.value(3).to_string();
            writeln!(lines, "{text}").unwrap();
            writeln!(sequence, "\u{1e}{text}").unwrap();
            writeln!(stream, "data: {text}\n").unwrap();
            let mut converter = Converter::new(&stages, Limits::default(), Arc::new(Values::default()));
            let mut out = Vec::new();
            let done = converter.push(text.as_bytes(), &mut out).and_then(|()| converter.finish(&mut out));
            if done.is_ok() {
                wanted.push(String::from_utf8(out).unwrap());
            }
        }
        let plan = EventPlan { event: None, stages: Some(stages.to_vec()) };
        let of = |framing: &Framing, input: &str| run(framing, (&stages, Limits::default(), Skip), input.as_bytes(), size).0;
        let joined = |lead: &str, tail: &str| wanted.iter().map(|one| [lead, one, tail].concat()).collect::<Vec<_>>().concat();
        prop_assert_eq!(of(&Framing::Lines, &lines), joined("", "\n"));
        prop_assert_eq!(of(&Framing::Sequence, &sequence), joined("\u{1e}", "\n"));
        prop_assert_eq!(of(&Framing::Events([plan].into()), &stream), joined("data: ", "\n\n"));
    }

    /// However hostile the bytes: any chunking gives the same, and what no plan touches stays byte for byte.
    #[test]
    fn hostile_streams(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "\r", "\n", "\r\n", "data: ", "data", ":", "event: text", "event: order", "id: 1", "{\"old\":1}", "{", "\u{1e}", "\u{feff}", "[DONE]", " ", "é",
        ]), 0..24),
        size in 1_usize..9,
    ) {
        let input = pieces.concat();
        let limits = Limits { record: 48, ..Limits::default() };
        for framing in [Framing::Lines, Framing::Sequence, events()] {
            for policy in [Close, Skip, Error] {
                let how = (&[renaming()][..], limits, policy);
                let whole = run(&framing, how, input.as_bytes(), input.len().max(1));
                prop_assert_eq!(&run(&framing, how, input.as_bytes(), size), &whole);
                prop_assert!(policy == Close || whole.1.is_ok());
            }
        }
        let passing = Framing::Events([EventPlan { event: None, stages: None }].into());
        let how = (&[][..], Limits::default(), Close);
        let (out, told) = run(&passing, how, input.as_bytes(), size);
        prop_assert!(told.is_ok());
        prop_assert_eq!(out, input);
    }
}
