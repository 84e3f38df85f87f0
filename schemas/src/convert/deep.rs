//! Fields of a form whose names have their place in brackets: `a[b][c]`, `a[]`, `a[0]` (OpenAPI's `deepObject`, and what
//! servers make of it beyond one level).

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::convert::form::{Members, decoded, encoded, plain, quoted, typed};
use crate::convert::refused::{Cause, Refused};
use crate::plan::style::deep_keys;
use crate::plan::wire::Deep;
use crate::pointer::Pointer;

/// Brackets behind one name.
const DEPTH: usize = 32;

/// What stands at a place.
enum Tree<'a> {
    Text(&'a str),
    /// In the order in which they come, with where each is.
    Members(Vec<(String, Self)>, HashMap<String, usize>),
    Items(Vec<Self>),
}

/// The JSON text of a field, from its pairs as they came.
pub(super) fn read(
    name: &str,
    pairs: &[(&str, &str)],
    kinds: &Deep,
    at: &Pointer,
) -> Result<String, Refused> {
    let fault = |cause| Refused { pointer: at.clone(), offset: 0, cause };
    let mut tree = None;
    for (raw, value) in pairs {
        let full = decoded(raw, at)?;
        let keys = deep_keys(&full, name).unwrap_or_default();
        if keys.len() > DEPTH {
            return Err(fault(Cause::Depth));
        }
        insert(&mut tree, &keys, value, Some(kinds)).map_err(|why| fault(Cause::Framing(why)))?;
    }
    let mut out = String::new();
    if let Some(tree) = &tree {
        json(tree, Some(kinds), at, &mut out)?;
    }
    Ok(out)
}

fn insert<'a>(
    tree: &mut Option<Tree<'a>>,
    keys: &[&str],
    value: &'a str,
    kinds: Option<&Deep>,
) -> Result<(), &'static str> {
    const TWICE: &str = "a field of the form has two values at one place";
    match (keys.split_first(), kinds) {
        (None, Some(Deep::Items(_))) => match tree.get_or_insert_with(|| Tree::Items(Vec::new())) {
            Tree::Items(items) => items.push(Tree::Text(value)),
            _ => return Err(TWICE),
        },
        (None, _) => {
            if tree.is_some() {
                return Err(TWICE);
            }
            *tree = Some(Tree::Text(value));
        }
        (Some((key, rest)), kinds) => {
            let is_list = match kinds {
                Some(Deep::Items(_)) => true,
                Some(Deep::Members(_)) => false,
                Some(Deep::Value(_)) | None => key.is_empty(),
            };
            let empty = || {
                if is_list {
                    Tree::Items(Vec::new())
                } else {
                    Tree::Members(Vec::new(), HashMap::new())
                }
            };
            match tree.get_or_insert_with(empty) {
                Tree::Items(items) if is_list => item(items, key, rest, (value, kinds))?,
                Tree::Members(all, places) if !is_list => {
                    let inner = match kinds {
                        Some(Deep::Members(known)) => known.get(*key),
                        _ => None,
                    };
                    let next = places.len();
                    let at = *places.entry((*key).to_owned()).or_insert(next);
                    let mut own = None;
                    if let Some((_, there)) = all.get_mut(at) {
                        own = Some(std::mem::replace(there, Tree::Text("")));
                    }
                    insert(&mut own, rest, value, inner)?;
                    let Some(own) = own else { return Ok(()) };
                    match all.get_mut(at) {
                        Some((_, there)) => *there = own,
                        None => all.push(((*key).to_owned(), own)),
                    }
                }
                _ => return Err(TWICE),
            }
        }
    }
    Ok(())
}

/// An item by its number, which has to be that of the last one or the next; without one it is the next.
fn item<'a>(
    items: &mut Vec<Tree<'a>>,
    key: &str,
    rest: &[&str],
    (value, kinds): (&'a str, Option<&Deep>),
) -> Result<(), &'static str> {
    let inner = match kinds {
        Some(Deep::Items(inner)) => Some(&**inner),
        _ => None,
    };
    let next = items.len();
    let at = match key {
        "" if rest.is_empty() => next,
        // some begin an item with each pair, others with each name that comes again
        "" => return Err("an item of a list in the form has members but no number"),
        digits => match digits.parse::<usize>() {
            Ok(at) if at == next || (at + 1 == next && !rest.is_empty()) => at,
            _ => return Err("the items of a list in the form are not numbered one by one"),
        },
    };
    let mut own = if at < next { items.pop() } else { None };
    insert(&mut own, rest, value, inner)?;
    items.extend(own);
    Ok(())
}

fn json(
    tree: &Tree<'_>,
    kinds: Option<&Deep>,
    at: &Pointer,
    out: &mut String,
) -> Result<(), Refused> {
    match tree {
        Tree::Text(raw) => {
            let text = !matches!(kinds, Some(Deep::Value(false)));
            out.push_str(&typed(raw, text, at)?);
        }
        Tree::Members(all, _) => {
            out.push('{');
            for (number, (name, inner)) in all.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                out.push_str(&quoted(name));
                out.push(':');
                let known = match kinds {
                    Some(Deep::Members(known)) => known.get(name),
                    _ => None,
                };
                json(inner, known, &at.join(name), out)?;
            }
            out.push('}');
        }
        Tree::Items(items) => {
            out.push('[');
            let known = match kinds {
                Some(Deep::Items(known)) => Some(&**known),
                _ => None,
            };
            for (number, inner) in items.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                json(inner, known, &at.join(&number.to_string()), out)?;
            }
            out.push(']');
        }
    }
    Ok(())
}

/// The pairs of a value under a name that is encoded already. A list of texts has empty brackets, one of anything else
/// numbers, since members without a number could belong to any item. What is empty has no pairs.
pub(super) fn written(name: &str, json: &str) -> Vec<String> {
    let mut pairs = Vec::new();
    write(name, json, &mut pairs, 0);
    pairs
}

fn write(name: &str, json: &str, pairs: &mut Vec<String>, depth: usize) {
    if depth < DEPTH {
        if let Ok(members) = serde_json::from_str::<Members<'_>>(json) {
            for (key, value) in &members.0 {
                write(&format!("{name}%5B{}%5D", encoded(key)), value.get(), pairs, depth + 1);
            }
            return;
        }
        if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) {
            let scalar = |item: &&RawValue| !item.get().starts_with(['{', '[']);
            let all = items.iter().all(scalar);
            for (number, item) in items.iter().enumerate() {
                let number = if all { String::new() } else { number.to_string() };
                write(&format!("{name}%5B{number}%5D"), item.get(), pairs, depth + 1);
            }
            return;
        }
    }
    pairs.push(format!("{name}={}", plain(json)));
}
