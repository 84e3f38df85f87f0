//! Schemas that unfold without end, though every part is small: each reference twice doubles the work at every step.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::schema::{DEFS_PREFIX, UNRESOLVED};

const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const SINGLES: [&str; 4] = ["not", "if", "then", "else"];

/// Replaces each component of which one value would be looked at more than `limit` times, and names them. References
/// in circles without a step inside must have been cut before.
pub(super) fn cut(defs: &mut BTreeMap<String, Value>, limit: u64) -> Vec<String> {
    let edges: BTreeMap<String, Vec<String>> =
        defs.iter().map(|(key, schema)| (key.clone(), in_place(schema))).collect();
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut large = Vec::new();
    for start in edges.keys() {
        // Depth-first without recursion: a chain of components may be long.
        let mut path: Vec<&str> = vec![start];
        let mut open: BTreeSet<&str> = BTreeSet::new();
        while let Some(key) = path.last().copied() {
            if sizes.contains_key(key) {
                path.pop();
                continue;
            }
            let below = edges.get(key).map_or(&[][..], Vec::as_slice);
            if open.insert(key) {
                let waiting = below.iter().map(String::as_str);
                path.extend(waiting.filter(|next| !sizes.contains_key(next)));
                continue;
            }
            let parts = below.iter().map(|next| sizes.get(next.as_str()).copied().unwrap_or(1));
            let size = parts.fold(1_u64, u64::saturating_add);
            if size > limit {
                large.push(key.to_owned());
            }
            sizes.insert(key, if size > limit { 1 } else { size });
            path.pop();
        }
    }
    for key in &large {
        let reference = format!("{DEFS_PREFIX}{key}");
        defs.insert(key.clone(), json!({ UNRESOLVED: reference }));
    }
    large
}

/// The components that look at the same value, as often as they are named.
fn in_place(schema: &Value) -> Vec<String> {
    let (mut found, mut waiting) = (Vec::new(), vec![schema]);
    while let Some(schema) = waiting.pop() {
        let Some(members) = schema.as_object() else { continue };
        let reference = members.get("$ref").and_then(Value::as_str);
        found.extend(reference.and_then(|text| text.strip_prefix(DEFS_PREFIX)).map(str::to_owned));
        waiting.extend(LISTS.iter().filter_map(|key| members.get(*key)?.as_array()).flatten());
        waiting.extend(SINGLES.iter().filter_map(|key| members.get(*key)));
        let dependent = members.get("dependentSchemas").and_then(Value::as_object);
        waiting.extend(dependent.into_iter().flat_map(Map::values));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::cut;

    #[test]
    fn what_doubles_at_every_step_is_cut_where_it_passes_the_limit() {
        let mut defs: std::collections::BTreeMap<String, Value> = (0..20)
            .map(|level| {
                let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
                (format!("d{level}"), json!({"allOf": [next, next]}))
            })
            .collect();
        defs.insert("d20".to_owned(), json!({"type": "string"}));
        let large = cut(&mut defs, 1000);
        assert_eq!(large, ["d11", "d2"]);
        assert_eq!(defs["d11"], json!({"x-unresolved": "#/$defs/d11"}));
        assert_eq!(cut(&mut defs, 1000), Vec::<String>::new());
    }
}
