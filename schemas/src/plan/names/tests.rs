//! Rewriting by a table that has one of each kind of name, and the laws that hold of any.

use std::sync::Arc;

use proptest::prelude::*;

use super::table::{Path, Place, Step, Table};
use super::{Grammar, Names, OnUnknownName, OnValue, Rewritten, apply};

/// A client's name, what it is over there, and the names below it.
struct Given(&'static str, Option<&'static str>, &'static [&'static str]);

/// `old.x` is `new.y`, `deep.inner` is `deep.inwards`, `deep.up` is `upper`, `full` is made of `first` and `last`,
/// `made` of nothing; `state` and `kind` have other values, `price` others in the same order; the keys of `map` and
/// what is in `free` are data, and `items` is a list.
const GIVEN: [Given; 16] = [
    Given("id", Some("id"), &["id"]),
    Given("old", Some("new"), &["new"]),
    Given("old.x", Some("new.y"), &["new.y"]),
    Given("deep", Some("deep"), &["deep", "upper"]),
    Given("deep.inner", Some("deep.inwards"), &["deep.inwards"]),
    Given("deep.up", Some("upper"), &["upper"]),
    Given("full", None, &["first", "last"]),
    Given("first", Some("first"), &["first"]),
    Given("made", None, &[]),
    Given("state", Some("state"), &["state"]),
    Given("kind", Some("sort"), &["sort"]),
    Given("price", Some("price"), &["price"]),
    Given("map", Some("map"), &["map"]),
    Given("free", Some("libre"), &["libre"]),
    Given("items", Some("lines"), &["lines"]),
    Given("items.unit_cost", Some("lines.each_price"), &["lines.each_price"]),
];

fn path(text: &str) -> Path {
    text.split('.').map(|name| Step::Name(name.into())).collect()
}

fn mapped(rows: &[(&str, &str)]) -> super::Values {
    use crate::plan::program::{Node, NodeId, NoteId, Program, Table};
    let mut nodes = vec![Node::Copy];
    let mut entries = Vec::new();
    for (from, to) in rows {
        nodes.push(Node::Replace(format!("\"{to}\"").into(), NoteId(0)));
        let at = u32::try_from(nodes.len() - 1).unwrap();
        entries.push((format!("\"{from}\"").into(), NodeId(at)));
    }
    nodes.push(Node::Table(Box::new(Table { entries, otherwise: NodeId(0) })));
    let root = NodeId(u32::try_from(nodes.len() - 1).unwrap());
    let program = Program { nodes, root, notes: Vec::new() };
    super::values::values(&program, root).remove(0)
}

pub(super) fn table(grammar: Grammar) -> Names {
    let mut places =
        vec![Place { at: Some(Vec::new()), cover: vec![Vec::new()], ..Place::default() }];
    for Given(name, at, cover) in &GIVEN {
        let mut owner = 0;
        let (before, last) = name.rsplit_once('.').unwrap_or(("", name));
        for word in before.split('.').filter(|word| !word.is_empty()) {
            owner = places[owner].members[word];
        }
        let next = places.len();
        places[owner].members.insert((*last).into(), next);
        let at = at.map(path);
        let values = match *name {
            "state" => vec![mapped(&[
                ("OPEN", "open"),
                ("CLOSED", "shut"),
                ("ENDED", "shut"),
                ("gone", "x"),
            ])],
            "kind" => vec![mapped(&[("A", "a"), ("AA", "a"), ("a", "b")])],
            "price" => vec![super::Values::Ordered],
            _ => Vec::new(),
        };
        let list = *name == "items";
        let cover = cover.iter().map(|one| path(one)).collect();
        let listed = match *name {
            "state" => Some(["OPEN", "CLOSED", "ENDED", "gone"].map(str::to_owned).to_vec()),
            _ => None,
        };
        let free = *name == "free";
        places.push(Place { free, list, at, cover, listed, values, ..Place::default() });
    }
    let keyed = [path("map"), vec![Step::Key]].concat();
    let inner = [keyed.clone(), path("gross")].concat();
    let (each, last) = (places.len(), places.len() + 1);
    let map = places[0].members["map"];
    places[map].each = Some(each);
    let members = [("net".into(), last)].into();
    places.push(Place { members, at: Some(keyed.clone()), cover: vec![keyed], ..Place::default() });
    places.push(Place { at: Some(inner.clone()), cover: vec![inner], ..Place::default() });
    names(grammar, Table { places, identity: false, roots: Vec::new() })
}

fn names(grammar: Grammar, table: Table) -> Names {
    Names {
        grammar,
        separator: grammar.separator().to_owned(),
        delimiter: ',',
        on_unknown: OnUnknownName::Error,
        on_value: OnValue::Error,
        selects: grammar.asks(),
        table: Arc::new(table),
    }
}

#[track_caller]
pub(super) fn check(names: &Names, text: &str, expected: Result<&str, &str>) {
    let seen = names.rewrite(text).map(|done| match done {
        Rewritten::Edits(edits) => apply(text, &edits),
        Rewritten::Remove => "(removed)".to_owned(),
    });
    assert_eq!(
        seen.map_err(|fault| fault.to_string()),
        expected.map(str::to_owned).map_err(str::to_owned)
    );
}

#[test]
fn names_in_a_list_are_renamed_and_the_rest_stays() {
    let names = table(Grammar::List);
    check(&names, "id, old.x ,deep.inner,*", Ok("id, new.y ,deep.inwards,*"));
    check(&names, "old.*,map.EUR.net,free.any.thing", Ok("new.*,map.EUR.gross,libre.any.thing"));
    check(
        &names,
        "items.unit_cost,items[0].unit_cost,items.*.unit_cost,items.0.unit_cost",
        Ok("lines.each_price,lines[0].each_price,lines.*.each_price,lines.0.each_price"),
    );
    check(&names, "", Ok(""));
    check(&names, "id,,", Ok("id,,"));
}

#[test]
fn all_that_a_member_is_made_of_is_asked_for() {
    let names = table(Grammar::List);
    check(&names, "full,id", Ok("first,last,id"));
    check(&names, "full,first,full", Ok("first,last,first"));
    check(&names, "deep", Ok("deep,upper"));
    check(&names, "id,made", Ok("(removed)"));
    let expands = Names { selects: false, ..names };
    check(&expands, "id,made,old", Ok("id,new"));
    check(&expands, "made,id,made", Ok("id"));
    check(&expands, "made", Ok("(removed)"));
}

#[test]
fn an_unknown_name_goes_by_policy() {
    let mut names = table(Grammar::List);
    check(&names, "id,zz", Err("`zz` is not a member that this version declares"));
    check(&names, "id,old.zz", Err("`old.zz` is not a member that this version declares"));
    check(&names, "ID", Err("`ID` is not a member that this version declares"));
    names.on_unknown = OnUnknownName::Keep;
    check(&names, "zz,old,old.zz", Ok("zz,new,new.zz"));
    names.on_unknown = OnUnknownName::Drop;
    check(&names, "zz,old,zz , id,zz", Ok("new, id"));
    check(&names, "zz", Err("`zz` is not a member that this version declares"));
}

#[test]
fn a_sort_keeps_its_directions() {
    let mut names = table(Grammar::Sort);
    check(&names, "-old.x,+id", Ok("-new.y,+id"));
    check(&names, "old.x:desc, old.x DESC,id asc", Ok("new.y:desc, new.y DESC,id asc"));
    check(&names, "-price", Ok("-price"));
    check(&names, " deep.up", Ok(" upper"));
    check(&names, "full", Err("`full` is no single member in the version that is running"));
    check(
        &names,
        "state",
        Err("the values of `state` have another order in the version that is running"),
    );
    names.on_value = OnValue::Keep;
    check(&names, "state,kind:desc", Ok("state,sort:desc"));
}

#[test]
fn a_mask_may_be_in_either_case() {
    let names = table(Grammar::FieldMask);
    check(&names, "items.unit_cost", Ok("lines.each_price"));
    check(&names, "items.unitCost,id", Ok("lines.eachPrice,id"));
    check(&names, "map.`a.b,c`.net", Ok("map.`a.b,c`.gross"));
}

const GRAMMARS: [Grammar; 6] = [
    Grammar::List,
    Grammar::Sort,
    Grammar::Brackets,
    Grammar::Parens,
    Grammar::FieldMask,
    Grammar::Filter,
];

/// A table of names, each of which is another one over there, and the table of the way back.
fn there_and_back(renamed: bool) -> (Table, Table) {
    let tree = [("a", 0), ("b", 0), ("c", 0), ("d", 1), ("e", 1), ("f", 2), ("g", 5)];
    let make = |own: &dyn Fn(&str) -> String, other: &dyn Fn(&str) -> String| {
        let mut places =
            vec![Place { at: Some(Vec::new()), cover: vec![Vec::new()], ..Place::default() }];
        for (name, owner) in tree {
            let mut at = places[owner].at.clone().unwrap();
            at.push(Step::Name(other(name).into()));
            let next = places.len();
            places[owner].members.insert(own(name).into(), next);
            places.push(Place { at: Some(at.clone()), cover: vec![at], ..Place::default() });
        }
        Table { places, identity: !renamed, roots: Vec::new() }
    };
    let plain = |name: &str| name.to_owned();
    let other = move |name: &str| if renamed { format!("{name}{name}x") } else { name.to_owned() };
    (make(&plain, &other), make(&other, &plain))
}

/// A text of a grammar, made of paths of the table.
fn text(grammar: Grammar) -> BoxedStrategy<String> {
    let separator = grammar.separator();
    let path = prop::sample::select(vec!["a", "b", "c", "a.d", "a.e", "b.f", "a.e.g", "a.e"])
        .prop_map(move |one| one.replace('.', separator));
    let list = |item: BoxedStrategy<String>| {
        prop::collection::vec((item, prop::sample::select(vec![",", ", ", " ,", ",,"])), 1..6)
            .prop_map(|all| {
                all.into_iter()
                    .flat_map(|(item, comma)| [item, comma.to_owned()])
                    .collect::<String>()
            })
            .boxed()
    };
    match grammar {
        Grammar::Sort => {
            let sign = prop::sample::select(vec!["", "-", "+", " "]);
            let end = prop::sample::select(vec!["", ":desc", ":ASC", " desc", "  Asc"]);
            list(
                (sign, path, end)
                    .prop_map(|(sign, path, end)| format!("{sign}{path}{end}"))
                    .boxed(),
            )
        }
        Grammar::Parens => list(
            prop_oneof![
                path,
                Just("a(d,e(g),e)".to_owned()),
                Just("b(f)".to_owned()),
                Just("a(e)/d".to_owned())
            ]
            .boxed(),
        ),
        Grammar::Filter => {
            let sign = prop::sample::select(vec![" = ", "=", ">=", " eq ", ":", " != ", " lt "]);
            let value = prop::sample::select(vec![
                "\"a\"",
                "'it''s b'",
                "10",
                "x*",
                "\"\\\"a\"",
                "f(1, \"a\")",
            ]);
            let joint = prop::sample::select(vec![" AND ", " and ", " OR  NOT ", ") or ("]);
            prop::collection::vec((path, sign, value, joint), 1..5)
                .prop_map(|all| {
                    let parts = all.iter().map(|(path, sign, value, joint)| {
                        [path.as_str(), sign, value, joint].concat()
                    });
                    let inner = parts.collect::<Vec<_>>().concat();
                    format!("({inner} c=1)")
                })
                .boxed()
        }
        _ => list(prop_oneof![path, Just("*".to_owned())].boxed()),
    }
}

fn rewritten(names: &Names, text: &str) -> String {
    match names.rewrite(text) {
        Ok(Rewritten::Edits(edits)) => apply(text, &edits),
        other => panic!("{text}: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Where every name means the same no byte changes, and up then down gives what it was.
    #[test]
    fn there_and_back_again((grammar, text) in prop::sample::select(vec![Grammar::List, Grammar::Sort, Grammar::Parens, Grammar::FieldMask, Grammar::Filter]).prop_flat_map(|one| (Just(one), text(one)))) {
        let (same, _) = there_and_back(false);
        prop_assert_eq!(&rewritten(&names(grammar, same), &text), &text);
        let (up, down) = there_and_back(true);
        let there = rewritten(&names(grammar, up), &text);
        prop_assert!(there.contains('x') || !text.contains(['a', 'b', 'c']), "{}", there);
        let back = rewritten(&names(grammar, down), &there);
        prop_assert_eq!(back, text);
    }

    /// No text brings it down, and edits are in order, apart and inside.
    #[test]
    fn any_text_has_an_answer(
        grammar in prop::sample::select(GRAMMARS.to_vec()),
        text in "([a-g.,:/()\\[\\]='\"* +`\\\\-]|old|state|full|deep|AND|é){0,24}",
        after in "(\\[|\\]|old|state|x|é|\\.){0,8}",
        policy in 0..3_u8,
    ) {
        let mut names = table(grammar);
        names.on_unknown = [OnUnknownName::Error, OnUnknownName::Keep, OnUnknownName::Drop][usize::from(policy)];
        if let Ok(super::Pair::Edits(key, value)) = names.rewrite_pair(&after, &text) {
            for (text, edits) in [(&after, key), (&text, value)] {
                let mut done = 0;
                for edit in &edits {
                    prop_assert!(edit.at.start >= done && edit.at.end >= edit.at.start, "{:?}", edits);
                    prop_assert!(text.get(edit.at.clone()).is_some(), "{:?}", edits);
                    done = edit.at.end;
                }
            }
        }
    }
}
