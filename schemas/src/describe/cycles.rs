//! References that come back to where they began without a step into the payload: validation would never end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::schema::{DEFS_PREFIX, UNRESOLVED};

/// Cuts each such circle at one of its references, and names the components where it was cut.
pub(super) fn cut(defs: &mut BTreeMap<String, Value>) -> Vec<String> {
    let edges: BTreeMap<&str, BTreeSet<&str>> = defs
        .iter()
        .map(|(key, schema)| {
            let mut targets = BTreeSet::new();
            in_place(schema, &mut targets);
            (key.as_str(), targets)
        })
        .collect();
    let back: Vec<(String, String)> =
        back_edges(&edges).into_iter().map(|(from, to)| (from.to_owned(), to.to_owned())).collect();
    for (from, to) in &back {
        if let Some(schema) = defs.get_mut(from) {
            open(schema, &format!("{DEFS_PREFIX}{to}"));
        }
    }
    back.into_iter().map(|(from, _)| from).collect()
}

const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const SINGLES: [&str; 4] = ["not", "if", "then", "else"];

fn in_place<'s>(schema: &'s Value, targets: &mut BTreeSet<&'s str>) {
    let Some(members) = schema.as_object() else { return };
    if let Some(key) =
        members.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(DEFS_PREFIX))
    {
        targets.insert(key);
    }
    let listed = LISTS.iter().filter_map(|key| members.get(*key)?.as_array()).flatten();
    let single = SINGLES.iter().filter_map(|key| members.get(*key));
    let dependent = members.get("dependentSchemas").and_then(Value::as_object);
    for inner in listed.chain(single).chain(dependent.into_iter().flat_map(Map::values)) {
        in_place(inner, targets);
    }
}

// Depth-first without recursion: a chain of components may be long.
fn back_edges<'s>(edges: &BTreeMap<&'s str, BTreeSet<&'s str>>) -> Vec<(&'s str, &'s str)> {
    let (mut done, mut open) = (BTreeSet::new(), BTreeSet::new());
    let mut back = Vec::new();
    for start in edges.keys() {
        let mut path = vec![(*start, Vec::new(), false)];
        while let Some((node, rest, entered)) = path.last_mut() {
            if !*entered {
                *entered = true;
                if done.contains(*node) {
                    path.pop();
                    continue;
                }
                open.insert(*node);
                rest.extend(edges.get(*node).into_iter().flatten().copied());
            }
            let here = *node;
            match rest.pop() {
                Some(next) if open.contains(next) => back.push((here, next)),
                Some(next) => path.push((next, Vec::new(), false)),
                None => {
                    open.remove(here);
                    done.insert(here);
                    path.pop();
                }
            }
        }
    }
    back
}

fn open(schema: &mut Value, reference: &str) {
    let Some(members) = schema.as_object_mut() else { return };
    if members.get("$ref").and_then(Value::as_str) == Some(reference) {
        members.remove("$ref");
        members.insert(UNRESOLVED.to_owned(), Value::String(reference.to_owned()));
    }
    for key in LISTS {
        if let Some(Value::Array(items)) = members.get_mut(key) {
            for inner in items {
                open(inner, reference);
            }
        }
    }
    for key in SINGLES {
        if let Some(inner) = members.get_mut(key) {
            open(inner, reference);
        }
    }
    if let Some(Value::Object(inner)) = members.get_mut("dependentSchemas") {
        for inner in inner.values_mut() {
            open(inner, reference);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::cut;

    #[test]
    fn only_circles_in_place_are_cut() {
        let defs = json!({
            "a": {"$ref": "#/$defs/b"},
            "b": {"allOf": [{"$ref": "#/$defs/a"}, {"type": "object"}]},
            "tree": {"properties": {"next": {"$ref": "#/$defs/tree"}}},
            "self": {"anyOf": [{"$ref": "#/$defs/self"}]}
        });
        let mut defs = serde_json::from_value(defs).unwrap();
        assert_eq!(cut(&mut defs), ["b", "self"]);
        assert_eq!(
            defs["b"],
            json!({"allOf": [{"x-unresolved": "#/$defs/a"}, {"type": "object"}]})
        );
        assert_eq!(defs["tree"]["properties"]["next"], json!({"$ref": "#/$defs/tree"}));
    }
}
