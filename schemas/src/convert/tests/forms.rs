//! Forms: fields by hand, and what no plan touches keeps its bytes.

use std::sync::Arc;

use proptest::prelude::{prop_assert_eq, proptest};

use crate::convert::{BodyConverter, BodyOptions, Limits, PreparedBody};
use crate::plan::bridge::{BodyPlan, Judgement, Plan};
use crate::plan::program::{Node, Program, Source};
use crate::plan::wire::{Field, FormWire, Many, Wire};
use crate::relate::verdict::Verdict;

use super::{member, object, renamed, supply};

fn run(stages: Vec<Arc<Program>>, form: &str, size: usize) -> Result<String, String> {
    let field = |name: &str, text: bool, many: Many| (name.to_owned(), Field { text, many });
    let sent = [
        field("n", false, Many::No),
        field("list", false, Many::Repeated),
        field("joined", true, Many::Joined(',')),
        field("piped", true, Many::Joined('|')),
    ];
    let read = [
        field("list", false, Many::Joined(' ')),
        field("joined", true, Many::Repeated),
        field("piped", true, Many::Joined('|')),
    ];
    let wire = FormWire { sent: sent.into(), read: read.into() };
    let plan = BodyPlan {
        media_type: "application/x-www-form-urlencoded".to_owned(),
        written_as: None,
        wire: Wire::Form(Arc::new(wire)),
        plan: Plan { stages, judgement: Judgement::of(Verdict::Bridged) },
    };
    let options = BodyOptions {
        limits: Limits { record: 200, ..Limits::default() },
        ..BodyOptions::default()
    };
    let mut body = BodyConverter::start(&PreparedBody::new(&plan), &options);
    let mut out = Vec::new();
    let pushed = form.as_bytes().chunks(size).try_for_each(|chunk| body.push(chunk, &mut out));
    let done = pushed.and_then(|()| body.finish(&mut out));
    done.map_err(|one| format!("{} {}", one.pointer, one.cause.code()))?;
    Ok(String::from_utf8(out).unwrap())
}

/// `old` becomes `new`, `drop` goes, `status` is looked up, `added` is supplied.
#[track_caller]
fn check(form: &str, expected: Result<&str, &str>) {
    let members = vec![member("drop", 1), renamed("old", "new", 0), member("status", 3)];
    let supplies = vec![supply("added", Source::Literal("[1,\"a b\"]".into()))];
    let mut nodes = super::usual();
    nodes[2] = Node::Object(Box::new(object(members, supplies)));
    let stages = vec![super::program(nodes, 2)];
    let seen = run(stages.clone(), form, form.len().max(1));
    assert_eq!(run(stages, form, 1), seen);
    assert_eq!(seen, expected.map(str::to_owned).map_err(str::to_owned));
}

#[test]
fn fields_are_members() {
    check("old=%c3%A9+1&a=%zz&drop=x&n=01", Ok("new=%c3%A9+1&a=%zz&n=01&added=1&added=a+b"));
    check("status=OPEN&list=1&list=2", Ok("status=open&list=1&list=2&added=1&added=a+b"));
    check("added=x&old", Ok("added=x&new="));
    check("", Ok("added=1&added=a+b"));
}

#[test]
fn a_form_that_cannot_be_read_is_refused_by_its_field() {
    check("a=%ff", Err("/a json-not-utf8"));
    check("old=1&new=2", Err("/new name-conflict"));
    check(&format!("a={}", "x".repeat(200)), Err(" limit-record-length"));
}

proptest! {
    #[test]
    fn what_no_plan_touches_stays(form in "([a-c]|n|list|joined|piped|%41|\\+|=|&|,|1|true){0,30}", size in 1_usize..9) {
        prop_assert_eq!(run(Vec::new(), &form, size), Ok(form));
    }
}
