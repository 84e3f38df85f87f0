//! The dynamic scope of a schema, as far as it matters: which resource first set each dynamic anchor.
//!
//! A `$dynamicRef` means the outermost resource on the way to it that has the anchor (2020-12 §8.2.3.2), so a
//! component that is reached on two ways may mean two things. Such a component is translated once for each outcome,
//! and copies that came out alike are made one again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::files::{At, Files};
use crate::schema::DEFS_PREFIX;

/// The number of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scope(usize);

impl Scope {
    /// Nothing was entered yet.
    pub(super) const EMPTY: Self = Self(0);
}

/// Scopes by number, equal ones once.
#[derive(Debug)]
pub(super) struct Scopes {
    list: Vec<BTreeMap<String, At>>,
}

impl Scopes {
    pub(super) fn new() -> Self {
        Self { list: vec![BTreeMap::new()] }
    }

    /// The scope after a resource was entered: an anchor that is set already stays.
    pub(super) fn enter(&mut self, scope: Scope, files: &Files, resource: usize) -> Scope {
        let Some(had) = self.list.get(scope.0) else { return scope };
        let mut more = files.dynamic_anchors(resource).filter(|(name, _)| !had.contains_key(*name));
        let Some(first) = more.next() else { return scope };
        let mut wider = had.clone();
        let new = std::iter::once(first).chain(more);
        wider.extend(new.map(|(name, at)| (name.to_owned(), at)));
        let known = self.list.iter().position(|other| *other == wider);
        Scope(known.unwrap_or_else(|| {
            self.list.push(wider);
            self.list.len() - 1
        }))
    }

    /// Where the outermost resource that has the anchor put it.
    pub(super) fn outermost(&self, scope: Scope, anchor: &str) -> Option<&At> {
        self.list.get(scope.0)?.get(anchor)
    }
}

/// Makes copies of one schema one again where they mean the same. Each group lists the keys of the copies; the
/// first of those that are alike stays and the others refer to it.
pub(super) fn unite(defs: &mut BTreeMap<String, Value>, groups: &[Vec<String>]) {
    let mut same: BTreeMap<String, String> = BTreeMap::new();
    for group in groups {
        let Some(first) = group.first() else { continue };
        same.extend(group.iter().map(|key| (key.clone(), first.clone())));
    }
    // Refinement: all copies count as alike until their content says otherwise, which splits a class each round.
    loop {
        let mut next: BTreeMap<String, String> = BTreeMap::new();
        for group in groups {
            let mut kinds: Vec<(&String, Value, &String)> = Vec::new();
            for key in group {
                let Some(class) = same.get(key) else { continue };
                let mut content = defs.get(key).cloned().unwrap_or(Value::Bool(true));
                rename(&mut content, &same);
                let alike = kinds.iter().find(|(had, other, _)| *had == class && *other == content);
                let first = alike.map(|(.., first)| *first);
                if first.is_none() {
                    kinds.push((class, content, key));
                }
                next.insert(key.clone(), first.unwrap_or(key).clone());
            }
        }
        if next == same {
            break;
        }
        same = next;
    }
    let moved: BTreeSet<&String> =
        same.iter().filter(|(key, first)| key != first).map(|(key, _)| key).collect();
    if moved.is_empty() {
        return;
    }
    for (key, schema) in defs.iter_mut() {
        if moved.contains(key) {
            let first = same.get(key).unwrap_or(key);
            let reference = Value::String(format!("{DEFS_PREFIX}{first}"));
            *schema = Value::Object(Map::from_iter([("$ref".to_owned(), reference)]));
        } else {
            rename(schema, &same);
        }
    }
}

fn rename(value: &mut Value, same: &BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let key = inner.as_str().filter(|_| name == "$ref");
                match key.and_then(|text| same.get(text.strip_prefix(DEFS_PREFIX)?)) {
                    Some(first) => *inner = Value::String(format!("{DEFS_PREFIX}{first}")),
                    None => rename(inner, same),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| rename(inner, same)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::unite;

    #[test]
    fn copies_that_mean_the_same_become_one() {
        let defs = json!({
            "tree": {"items": {"$ref": "#/$defs/tree"}, "x": {"$ref": "#/$defs/leaf"}},
            "tree.2": {"items": {"$ref": "#/$defs/tree.2"}, "x": {"$ref": "#/$defs/leaf"}},
            "tree.3": {"items": {"$ref": "#/$defs/tree.3"}, "x": {"$ref": "#/$defs/leaf.2"}},
            "leaf": {"type": "null"}, "leaf.2": {"type": "string"}, "user": {"$ref": "#/$defs/tree.2"}
        });
        let mut defs = serde_json::from_value(defs).unwrap();
        let group = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        unite(&mut defs, &[group(&["tree", "tree.2", "tree.3"]), group(&["leaf", "leaf.2"])]);
        assert_eq!(defs["tree.2"], json!({"$ref": "#/$defs/tree"}));
        assert_eq!(defs["user"], json!({"$ref": "#/$defs/tree"}));
        assert_eq!(defs["tree.3"]["items"], json!({"$ref": "#/$defs/tree.3"}));
    }
}
