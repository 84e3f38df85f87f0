//! Multipart bodies: parts by hand, hostile ones, files that stream, and the laws.

use std::sync::Arc;

use proptest::prelude::{Strategy as _, prop_assert_eq, proptest};

use crate::convert::{BodyConverter, BodyOptions, Limits, PreparedBody, Report};
use crate::plan::bridge::{BodyPlan, Judgement, Plan};
use crate::plan::program::{
    Member, Missing, Node, NodeId, NoteId, ObjectNode, Program, Slot, Source, Supply, Take,
};
use crate::plan::wire::{PartContent, PartField, PartsWire, Wire};
use crate::relate::verdict::Verdict;

use super::{member, object, renamed, supply};

const TYPE: &str = "multipart/form-data; boundary=\"b-1\"";

fn wire() -> PartsWire {
    let field = |name: &str, content: PartContent, repeated: bool| {
        (name.to_owned(), PartField { content, repeated })
    };
    let json = || PartContent::Json("application/json".into());
    let text = |string| PartContent::Text { string };
    PartsWire {
        sent: [
            field("meta", json(), false),
            field("metas", json(), true),
            field("n", text(false), false),
            field("old", text(true), false),
            field("status", text(true), false),
            field("tags", text(true), true),
            field("file", PartContent::File, false),
            field("files", PartContent::File, true),
        ]
        .into(),
        read: [
            field("meta", json(), false),
            field("metas", json(), true),
            field("tags", text(true), true),
            field("added", text(true), true),
            field("picture", PartContent::File, false),
            field("files", PartContent::File, true),
        ]
        .into(),
    }
}

fn body(stages: &[Arc<Program>], limits: Limits, media_type: Option<&str>) -> BodyConverter {
    let plan = BodyPlan {
        media_type: "multipart/form-data".to_owned(),
        written_as: None,
        wire: Wire::Multipart(Arc::new(wire())),
        plan: Plan { stages: stages.to_vec(), judgement: Judgement::of(Verdict::Bridged) },
    };
    let media_type = media_type.map(str::to_owned);
    let options = BodyOptions { limits, media_type, ..BodyOptions::default() };
    BodyConverter::start(&PreparedBody::new(&plan), &options)
}

fn limits() -> Limits {
    Limits { record: 4000, parts: 20, part_head: 200, ..Limits::default() }
}

type Outcome = Result<(String, Report), String>;

fn run(stages: &[Arc<Program>], input: &[u8], size: usize) -> Outcome {
    let mut body = body(stages, limits(), Some(TYPE));
    let mut out = Vec::new();
    let pushed = input.chunks(size).try_for_each(|chunk| body.push(chunk, &mut out));
    let done = pushed.and_then(|()| body.finish(&mut out));
    let report =
        done.map_err(|one| format!("{} {} {}", one.pointer, one.offset, one.cause.code()))?;
    assert_eq!(body.held_back(), 0);
    assert_eq!((report.bytes_in, report.bytes_out), (input.len() as u64, out.len() as u64));
    Ok((String::from_utf8_lossy(&out).into_owned(), report))
}

#[track_caller]
fn agreed(stages: &[Arc<Program>], input: &[u8]) -> Outcome {
    let whole = run(stages, input, input.len().max(1));
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(run(stages, input, size), whole, "in pieces of {size}");
    }
    whole
}

/// `meta` and each of `metas` as in `usual`, `old` becomes `new`, `file` becomes `picture`, `drop` goes, `status` is
/// looked up, `added` is supplied.
fn usual() -> Vec<Arc<Program>> {
    let mut nodes = super::usual();
    let items = crate::plan::program::ArrayNode { prefix: Vec::new(), items: NodeId(2) };
    nodes.push(Node::Array(Box::new(items)));
    let metas = u32::try_from(nodes.len() - 1).unwrap();
    let members = vec![
        member("drop", 1),
        renamed("file", "picture", 0),
        member("meta", 2),
        member("metas", metas),
        renamed("old", "new", 0),
        member("status", 3),
    ];
    let supplies = vec![supply("added", Source::Literal("[1,\"a b\"]".into()))];
    nodes.push(Node::Object(Box::new(object(members, supplies))));
    let root = u32::try_from(nodes.len() - 1).unwrap();
    vec![super::program(nodes, root)]
}

/// A part: what comes after `form-data; `, and its content.
fn part(rest: &str, content: &str) -> String {
    format!("--b-1\r\nContent-Disposition: form-data; {rest}\r\n\r\n{content}\r\n")
}

const END: &str = "--b-1--\r\n";

fn added() -> String {
    part("name=\"added\"", "1") + &part("name=\"added\"", "a b")
}

#[track_caller]
fn check(parts: &[String], expected: &[String]) {
    let input = parts.concat() + END;
    let seen = agreed(&usual(), input.as_bytes()).map(|(out, _)| out);
    assert_eq!(seen, Ok(expected.concat() + &added() + END));
}

#[test]
fn parts_are_members() {
    let of = |name: &str, content: &str| part(&format!("name=\"{name}\""), content);
    check(&[], &[]);
    check(&[of("old", "x"), of("a", ""), of("drop", "y")], &[of("new", "x"), of("a", "")]);
    check(&[of("n", "01"), of("status", "OPEN")], &[of("n", "01"), of("status", "open")]);
    check(
        &[of("meta", " {\"old\": 1.0,\r\n\"drop\":2} ")],
        &[of("meta", "{\"new\": 1.0,\"added\":[1]}")],
    );
    check(&[of("meta", "{\"added\":1}\n")], &[of("meta", "{\"added\":1}\n")]);
    check(
        &[of("tags", "a"), of("tags", "{b"), of("x", "1")],
        &[of("tags", "a"), of("tags", "{b"), of("x", "1")],
    );
    check(
        &[of("metas", "{\"old\":1,\"added\":0}"), of("metas", "{\"added\":0}")],
        &[of("metas", "{\"new\":1,\"added\":0}"), of("metas", "{\"added\":0}")],
    );
    // all of them in one part
    check(&[of("metas", "[{\"old\":1}]")], &[of("metas", "[{\"new\":1,\"added\":[1]}]")]);
}

#[test]
fn the_head_of_a_part_keeps_all_but_its_name() {
    let head = "--b-1 \t\r\nX-A: 1\r\nContent-Disposition:form-data;name=old ; filename=\"\"\r\nContent-Type: text/plain;charset=utf-8\r\nContent-Length: 1\r\n\r\n1\r\n";
    check(&[head.to_owned()], &[head.replace("name=old", "name=\"new\"")]);
    let head = "--b-1\r\nContent-Length: 9\r\ncontent-disposition: form-data; name=meta; filename=blob\r\ncontent-type: application/vnd.a+json\r\nContent-MD5: x\r\n\r\n{\"old\":1}\r\n";
    let expected = head.replace("{\"old\":1}", "{\"new\":1,\"added\":[1]}");
    let expected = expected.replace("Length: 9", "Length: 21").replace("Content-MD5: x\r\n", "");
    check(&[head.to_owned()], &[expected]);
}

#[test]
fn files_go_through_as_they_are() {
    let bytes = "\r\n-\r\n--\r\n--b\r\n x--b-1 --b-1--\r\n--b-\r\n\0\u{ff}";
    let file = |name: &str| part(&format!("name=\"{name}\"; filename=\"a;\\\"name=b.png\""), bytes);
    let of = |name: &str, content: &str| part(&format!("name=\"{name}\""), content);
    check(
        &[
            of("old", "1"),
            file("file"),
            of("n", "2"),
            file("files"),
            file("files"),
            file("other"),
            file("drop"),
        ],
        &[
            of("new", "1"),
            file("picture"),
            of("n", "2"),
            file("files"),
            file("files"),
            file("other"),
        ],
    );
    // what stands for a file is no JSON: the part has to be what its schema says
    let refused = agreed(&usual(), (file("meta") + END).as_bytes()).unwrap_err();
    assert_eq!(refused, "/meta 0 json-number");
}

#[test]
fn what_is_around_the_parts_stays() {
    let input =
        format!("a preamble\r\n\r\n{}--b-1-- \t\r\nan epilogue --b-1", part("name=\"old\"", "1"));
    let (out, _) = agreed(&usual(), input.as_bytes()).unwrap();
    assert_eq!(out, input.replace("old", "new").replace("--b-1-- ", &(added() + "--b-1-- ")));
    let bare = "--b-1--";
    assert_eq!(agreed(&usual(), bare.as_bytes()).unwrap().0, added() + bare);
}

#[track_caller]
fn check_refused(input: &str, expected: &str) {
    let seen = agreed(&usual(), input.as_bytes()).map(|(out, _)| out);
    assert_eq!(seen, Err(expected.to_owned()), "{input:?}");
}

#[test]
fn a_body_that_could_be_read_in_two_ways_is_refused() {
    let a = part("name=a", "1");
    let malformed = |at: usize| format!(" {at} multipart-malformed");
    check_refused("", &malformed(0));
    check_refused("no parts at all", &malformed(15));
    check_refused(&a, &malformed(a.len()));
    check_refused(&a[..a.len() - 2], &malformed(a.len() - 2));
    check_refused(&format!("{a}--b-1-"), &malformed(a.len() + 6));
    check_refused(&format!("{a}--b-1--x"), &malformed(a.len() + 7));
    check_refused(&format!("{a}--b-1--\n"), &malformed(a.len() + 7));
    // line ends that some take for one
    check_refused(&format!("{a}{END}").replace("\r\n", "\n"), &malformed(5));
    check_refused(&part("name=a", "x\n--b-1\r\n"), &malformed(51));
    check_refused(&part("name=a", "x\r--b-1\r\n"), &malformed(51));
    check_refused(&format!("x\n{a}{END}"), &malformed(2));
    // boundaries that are none
    check_refused(&part("name=a", "x\r\n--b-12"), &malformed(57));
    check_refused(&part("name=a", "x\r\n--b-1 x"), &malformed(57));
    check_refused(&format!("{a}{END}{a}{END}"), &malformed(a.len() + END.len()));
    // heads
    check_refused(&format!("--b-1\r\n\r\nx\r\n{END}"), &malformed(0));
    check_refused(
        &format!("--b-1\r\nContent-Disposition: form-data; name=a\r\n{END}"),
        &malformed(56),
    );
    check_refused(
        &format!("--b-1\r\nContent-Disposition: form-data; name=a\r\n\r\n{END}"),
        &malformed(49),
    );
    check_refused(&part("filename=a", "x"), &malformed(0));
    check_refused(&part("name=\"a\0\"", "x"), &malformed(0));
    check_refused(&part("name=a\r\nContent-Disposition: form-data; name=b", "x"), &malformed(0));
    check_refused(&part(&format!("name={}", "a".repeat(200)), "x"), " 0 limit-part-head");
    check_refused(&(a.repeat(2) + END), &format!("/a {} json-duplicate-name", a.len()));
    let tags = part("name=tags", "1");
    check_refused(
        &format!("{tags}{a}{tags}{END}"),
        &format!("/tags {} json-duplicate-name", tags.len() + a.len()),
    );
    let many: String = (0..21).map(|number| part(&format!("name=a{number}"), "")).collect();
    check_refused(&(many + END), " 1050 limit-parts");
    // contents
    check_refused(&(part("name=old", "1") + &part("name=new", "2") + END), "/new 54 name-conflict");
    check_refused(&(part("name=meta", "{}, \"drop\": 1") + END), "/meta 0 json-trailing-bytes");
    check_refused(&(part("name=meta", "{\"old\":1,\"new\":2}") + END), "/meta/new 0 name-conflict");
    check_refused(
        &(part("name=meta\r\nContent-Transfer-Encoding: base64", "e30=") + END),
        "/meta 0 multipart-malformed",
    );
    check_refused(&part("name=old", &"x".repeat(4000)), "/old 0 limit-record-length");
}

#[test]
fn a_media_type_without_a_boundary_is_refused() {
    for media_type in
        [None, Some("multipart/form-data"), Some("multipart/form-data; boundary=\"\"")]
    {
        let mut body = body(&usual(), limits(), media_type);
        let refused = body.push(b"--b-1--", &mut Vec::new()).unwrap_err();
        assert_eq!(refused.cause.code(), "multipart-malformed");
    }
}

#[test]
fn a_value_that_holds_the_boundary_is_refused() {
    let content = "{\"old\":\"x\\n--b-1\"}";
    let members = vec![member("meta", 2)];
    let nodes = vec![
        Node::Copy,
        Node::Object(Box::new(object(members, Vec::new()))),
        Node::Object(Box::new(object(vec![moved("old")], Vec::new()))),
    ];
    let mut nodes = nodes;
    if let Node::Object(root) = &mut nodes[1] {
        root.slots = (0, 1);
        root.supplies = vec![supply("name", Source::Slot(Slot(0)))];
    }
    let stages = [super::program(nodes, 1)];
    let input = part("name=meta", content) + END;
    assert_eq!(agreed(&stages, input.as_bytes()), Err("/name 72 multipart-malformed".to_owned()));
    let good = input.replace("\\n--", "--");
    let wanted = part("name=meta", "{}") + &part("name=\"name\"", "x--b-1") + END;
    assert_eq!(agreed(&stages, good.as_bytes()).map(|(out, _)| out), Ok(wanted));
}

fn moved(name: &str) -> Member {
    Member { take: Some((Slot(0), Take::Move(NoteId(5)))), ..member(name, 0) }
}

/// `a` moves below `meta`, wherever the two stand.
fn held() -> Vec<Arc<Program>> {
    let inner = Supply {
        name: "a".into(),
        source: Source::Slot(Slot(0)),
        note: NoteId(2),
        missing: Missing::Omit,
    };
    let root = ObjectNode {
        slots: (0, 1),
        hold: true,
        ..object(vec![moved("a"), member("meta", 2)], Vec::new())
    };
    let nodes = vec![
        Node::Copy,
        Node::Object(Box::new(root)),
        Node::Object(Box::new(object(Vec::new(), vec![inner]))),
    ];
    vec![super::program(nodes, 1)]
}

#[test]
fn a_move_between_parts_holds_them() {
    let of = |name: &str, content: &str| part(&format!("name=\"{name}\""), content);
    let input = [of("meta", "{}"), of("file", "F"), of("a", "1"), END.to_owned()].concat();
    let wanted = [of("meta", "{\"a\":\"1\"}"), of("file", "F"), END.to_owned()].concat();
    assert_eq!(agreed(&held(), input.as_bytes()).map(|(out, _)| out), Ok(wanted));
    let large = input.replace('F', &"F".repeat(4000));
    assert_eq!(agreed(&held(), large.as_bytes()), Err("/file 58 limit-held".to_owned()));
    // a file cannot go into a JSON text
    let file = part("name=a; filename=x", "F") + &of("meta", "{}") + END;
    assert_eq!(agreed(&held(), file.as_bytes()), Err("/meta 122 file-not-convertible".to_owned()));
}

/// Nothing of a file is held but what may be a boundary.
#[test]
fn a_file_streams() {
    let mut body = body(&usual(), limits(), Some(TYPE));
    let mut out = Vec::new();
    let head = part("name=meta", "{\"old\":1}")
        + "--b-1\r\nContent-Disposition: form-data; name=file\r\n\r\n";
    body.push(head.as_bytes(), &mut out).unwrap();
    let mut before = out.len();
    assert!(String::from_utf8_lossy(&out).ends_with("name=\"picture\"\r\n\r\n"));
    let chunk = "0123456789\r\n--b-\r\n".repeat(1000);
    for _ in 0..200 {
        body.push(chunk.as_bytes(), &mut out).unwrap();
        assert!(body.held_back() < 300, "{}", body.held_back());
        assert!(out.len() + 300 > before + chunk.len());
        before = out.len();
    }
    body.push(format!("\r\n{END}").as_bytes(), &mut out).unwrap();
    body.finish(&mut out).unwrap();
    assert!(out.ends_with(format!("{chunk}\r\n{}{END}", added()).as_bytes()));
}

#[test]
fn what_fired_is_told_once_a_part() {
    let of = |name: &str, content: &str| part(&format!("name=\"{name}\""), content);
    let input =
        [of("old", "1"), of("drop", "1"), of("meta", "{\"drop\":1}"), END.to_owned()].concat();
    let (_, report) = agreed(&usual(), input.as_bytes()).unwrap();
    assert_eq!(report.fired[0][..3], [2, 1, 2]);
}

fn nothing() -> Vec<Arc<Program>> {
    let nodes = vec![Node::Copy, Node::Object(Box::new(object(Vec::new(), Vec::new())))];
    vec![super::program(nodes, 1)]
}

proptest! {
    #[test]
    fn what_no_plan_touches_stays(
        parts in proptest::collection::vec(("(meta|n|old|file|x)", "[a-z0-9\r\n\" -]{0,20}", "( |\t|)", "(|; filename=x|\r\nX-Y: z)"), 0..5),
        preamble in "(|[a-z\r\n]{0,9}\r\n)",
        epilogue in "(|\r\n|\r\n[a-z-]{0,9})",
        size in 1_usize..9,
    ) {
        let mut input = preamble;
        let mut names: Vec<String> = Vec::new();
        for (name, content, padding, more) in parts {
            if names.contains(&name) { continue; }
            let content = if name == "meta" { "{ \"a\" :1.0}".to_owned() } else { content };
            input = format!("{input}--b-1{padding}\r\nContent-Disposition: form-data; name={name}{more}\r\n\r\n{content}\r\n");
            names.push(name);
        }
        input = format!("{input}--b-1--{epilogue}");
        prop_assert_eq!(run(&nothing(), input.as_bytes(), size).map(|(out, _)| out), Ok(input));
    }

    #[test]
    fn any_chunking_gives_the_same(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "--b-1", "\r\n", "\r", "\n", "--", "-", " ", "b-1", "Content-Disposition: form-data; name=", "old", "meta", "file", "tags",
            "\r\n\r\n", "{\"old\":1}", "\0", "; filename=a", "--b-1\r\nContent-Disposition: form-data; name=a\r\n\r\n", "\r\n--b-1--",
            "--b-1\r\nContent-Disposition: form-data; name=meta\r\n\r\n{\"old\":1}\r\n",
        ]).prop_map(str::to_owned), 0..12),
        size in 1_usize..9,
    ) {
        let input = pieces.concat();
        let whole = run(&usual(), input.as_bytes(), input.len().max(1));
        prop_assert_eq!(run(&usual(), input.as_bytes(), size), whole);
    }
}
