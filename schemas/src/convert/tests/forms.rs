//! Forms: fields by hand, and what no plan touches keeps its bytes.

use std::sync::Arc;

use proptest::prelude::{prop_assert_eq, proptest};

use crate::convert::{BodyConverter, BodyOptions, Limits, PreparedBody};
use crate::plan::bridge::{BodyPlan, Judgement, Plan};
use crate::plan::program::{ArrayNode, Node, NodeId, Program, Source};
use crate::plan::wire::{Deep, Field, FormWire, Many, Wire};
use crate::relate::verdict::Verdict;

use super::{member, object, renamed, supply};

fn run(stages: Vec<Arc<Program>>, form: &str, size: usize) -> Result<String, String> {
    let kinds = Deep::Members(
        [
            ("n".to_owned(), Deep::Value(false)),
            ("tags".to_owned(), Deep::Items(Box::new(Deep::Value(true)))),
        ]
        .into(),
    );
    let field = |name: &str, text: bool, many: Many| (name.to_owned(), Field { text, many });
    let sent = [
        field("n", false, Many::No),
        field("list", false, Many::Repeated),
        field("joined", true, Many::Joined(',')),
        field("piped", true, Many::Joined('|')),
        field("deep", true, Many::Deep(Arc::new(kinds.clone()))),
        field("many", true, Many::Deep(Arc::new(Deep::Items(Box::new(kinds))))),
        field("json", false, Many::Json),
    ];
    let read = [
        field("list", false, Many::Joined(' ')),
        field("joined", true, Many::Repeated),
        field("piped", true, Many::Joined('|')),
        field("deep", true, Many::Deep(Arc::new(Deep::Value(true)))),
        field("many", true, Many::Deep(Arc::new(Deep::Value(true)))),
        field("new", true, Many::No),
        field("json", false, Many::Json),
    ];
    let wire = FormWire { sent: sent.into(), read: read.into(), restyled: false };
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
    let supplies = vec![supply("added", Source::Literal("[1,\"a b\"]".into()))];
    let mut nodes = super::usual();
    nodes.push(Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(9) })));
    let inner = vec![member("drop", 1), renamed("old", "new", 0)];
    nodes.push(Node::Object(Box::new(object(inner, Vec::new()))));
    let members = vec![
        member("deep", 9),
        member("drop", 1),
        member("json", 9),
        member("many", 8),
        renamed("old", "new", 0),
        member("status", 3),
    ];
    nodes[2] = Node::Object(Box::new(object(members, supplies)));
    let stages = vec![super::program(nodes, 2)];
    let seen = run(stages.clone(), form, form.len().max(1));
    assert_eq!(run(stages, form, 1), seen);
    assert_eq!(seen, expected.map(str::to_owned).map_err(str::to_owned));
}

#[test]
fn fields_are_members() {
    check("old=%c3%A9+1&a=%zz&drop=x&n=01", Ok("new=%c3%A9+1&a=%zz&n=01&added=1&added=a+b"));
    check("status=OPEN&list=1&list=2", Ok("status=open&list=1%202&added=1&added=a+b"));
    check("added=x&old", Ok("added=x&new="));
    check("", Ok("added=1&added=a+b"));
}

#[test]
fn names_in_brackets_are_members_of_members() {
    let added = "&added=1&added=a+b";
    let good = |form: &str, expected: &str| check(form, Ok(&format!("{expected}{added}")));
    // what nothing concerns keeps its bytes
    good("deep[a]=x%20y&b=1&deep%5bn%5d=01", "deep[a]=x%20y&deep%5bn%5d=01&b=1");
    good("deep[old]=x%20y&deep[n]=1.50", "deep%5Bnew%5D=x+y&deep%5Bn%5D=1.50");
    good(
        "deep[drop]=1&deep[tags][]=a&deep[tags][]=b",
        "deep%5Btags%5D%5B%5D=a&deep%5Btags%5D%5B%5D=b",
    );
    good("deep[drop]=1&deep[tags]=a&deep[tags]=b", "deep%5Btags%5D%5B%5D=a&deep%5Btags%5D%5B%5D=b");
    good("deep[drop]=1&deep[x][y][z]=1", "deep%5Bx%5D%5By%5D%5Bz%5D=1");
    good(
        "many[0][old]=1&many[0][n]=2&many[1][n]=3",
        "many%5B0%5D%5Bnew%5D=1&many%5B0%5D%5Bn%5D=2&many%5B1%5D%5Bn%5D=3",
    );
    good("json={\"old\":1.0}", "json=%7B%22new%22%3A1.0%7D");
    good("a[b]=1", "a[b]=1");
}

#[test]
fn names_in_brackets_that_could_mean_two_things_are_refused() {
    let odd = |form: &str, at: &str| check(form, Err(&format!("{at} json-framing")));
    odd("deep[a]=1&deep[a]=2", "/deep");
    odd("deep[a]=1&deep[a][b]=2", "/deep");
    odd("deep=1&deep[a]=2", "/deep");
    odd("many[][old]=1&many[][n]=2", "/many");
    odd("many[1][old]=1", "/many");
    odd("many[x]=1", "/many");
    odd("deep[tags][1]=1", "/deep");
    check(&format!("deep{}=1", "[a]".repeat(33)), Err("/deep limit-depth"));
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
