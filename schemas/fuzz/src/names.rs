//! Names in the value of a parameter, in any grammar and under any policy.

use std::sync::{Arc, OnceLock};

use evergate_schemas::plan::names::{
    Edit, Grammar, Names, OnUnknownName, OnValue, Pair, Place, Step, Table, Values, apply,
};

/// A client's name, and the names that it stands for over there: one, several, or none.
const GIVEN: [(&str, &[&str]); 9] = [
    ("a", &["b"]),
    ("a.c", &["b.d"]),
    ("b", &["e.f"]),
    ("c", &["g", "h"]),
    ("d", &[]),
    ("e", &["e"]),
    ("items", &["lines"]),
    ("items.id", &["lines.no"]),
    ("é", &["é"]),
];

fn path(text: &str) -> Vec<Step> {
    text.split('.').map(|name| Step::Name(name.into())).collect()
}

/// The names, with a list, a map, a value that is ordered otherwise, and one that has only some values.
fn table() -> Table {
    let mut places =
        vec![Place { at: Some(Vec::new()), cover: vec![Vec::new()], ..Place::default() }];
    for (name, cover) in GIVEN {
        let (before, last) = name.rsplit_once('.').unwrap_or(("", name));
        let owner = if before.is_empty() { 0 } else { places[0].members[before] };
        let next = places.len();
        places[owner].members.insert(last.into(), next);
        places.push(Place {
            at: (cover.len() == 1).then(|| path(cover[0])),
            cover: cover.iter().map(|one| path(one)).collect(),
            list: name == "items",
            free: name == "é",
            refused: name == "d",
            listed: (name == "e").then(|| vec!["a".to_owned(), "b".to_owned()]),
            values: if name == "b" { vec![Values::Ordered] } else { Vec::new() },
            ..Place::default()
        });
    }
    Table { places, identity: false, roots: vec![Vec::new()] }
}

/// The edits are in order, apart from each other, and of whole characters.
fn held(text: &str, edits: &[Edit]) -> String {
    let mut done = 0;
    for edit in edits {
        assert!(
            edit.at.start >= done && text.get(edit.at.clone()).is_some(),
            "{text:?}: {edits:?}"
        );
        done = edit.at.end;
    }
    apply(text, edits)
}

/// Bytes as a grammar, its policies, the rest of a parameter's name, and its value.
///
/// # Panics
/// When a law does not hold.
pub fn check(data: &[u8]) {
    static TABLE: OnceLock<Arc<Table>> = OnceLock::new();
    let [grammar, policies, cut, rest @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let (after, value) = text.split_at(text.floor_char_boundary(usize::from(*cut)));
    let (_, grammar) = Grammar::ALL[usize::from(*grammar) % Grammar::ALL.len()];
    let unknown = [OnUnknownName::Error, OnUnknownName::Keep, OnUnknownName::Drop];
    let mut names = Names {
        grammar,
        separator: grammar.separator().to_owned(),
        delimiter: if policies & 8 == 0 { ',' } else { ' ' },
        on_unknown: unknown[usize::from(policies & 3) % 3],
        on_value: if policies & 4 == 0 { OnValue::Error } else { OnValue::Keep },
        selects: policies & 16 != 0,
        table: Arc::clone(TABLE.get_or_init(|| Arc::new(table()))),
    };
    let once = names.rewrite_pair(after, value);
    if let Ok(Pair::Edits(key, edits)) = &once {
        held(after, key);
        let rewritten = held(value, edits);
        let work = value.len().saturating_mul(8) + 64;
        assert!(rewritten.len() <= work, "{} bytes become {}", value.len(), rewritten.len());
    }
    assert_eq!(once, names.rewrite_pair(after, value), "{text:?} twice");
    let same = Place { at: Some(Vec::new()), cover: vec![Vec::new()], ..Place::default() };
    names.table = Arc::new(Table { places: vec![same], identity: true, roots: vec![Vec::new()] });
    names.on_unknown = OnUnknownName::Keep;
    if let Ok(Pair::Edits(key, edits)) = names.rewrite_pair(after, value) {
        assert_eq!((held(after, &key).as_str(), held(value, &edits).as_str()), (after, value));
    }
}
