//! The intersection of two composition-free schemas, wider where it cannot be written exactly.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::fold::{Branch, enumeration, member, type_of};

/// What both schemas accept.
pub(super) fn conjunction(one: &Value, other: &Value) -> Value {
    let all =
        |value: &Value| value == &Value::Bool(true) || value.as_object().is_some_and(Map::is_empty);
    if one == &Value::Bool(false) || other == &Value::Bool(false) {
        Value::Bool(false)
    } else if all(one) || one == other {
        other.clone()
    } else if all(other) {
        one.clone()
    } else {
        json!({"allOf": [one, other]})
    }
}

const OBJECT: [&str; 3] = ["properties", "patternProperties", "additionalProperties"];

/// What both branches accept; `None` when at their face nothing is.
pub(super) fn merge(one: &Branch, other: &Branch) -> Option<Branch> {
    let mut merged = Branch::new();
    for (key, value) in one.iter().chain(other) {
        if !OBJECT.contains(&key.as_str()) {
            let next = match merged.get(key) {
                Some(seen) => combined(key, seen, value),
                None => value.clone(),
            };
            merged.insert(key.clone(), next);
        }
    }
    items(one, other, &mut merged);
    objects(one, other, &mut merged);
    values(one, other, &mut merged);
    consistent(&merged).then_some(merged)
}

fn combined(key: &str, seen: &Value, value: &Value) -> Value {
    if seen == value {
        return seen.clone();
    }
    match key {
        "type" => type_intersection(seen, value),
        "required" => {
            let names: BTreeSet<&str> = [seen, value]
                .iter()
                .filter_map(|one| one.as_array())
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            json!(names)
        }
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
            if seen.as_f64() < value.as_f64() { value.clone() } else { seen.clone() }
        }
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
            if seen.as_f64() > value.as_f64() { value.clone() } else { seen.clone() }
        }
        "not" => json!({"anyOf": [seen, value]}),
        "uniqueItems" => Value::Bool(true),
        "propertyNames" => conjunction(seen, value),
        // The first of two that cannot be joined is kept: wider, and true.
        _ => seen.clone(),
    }
}

fn type_intersection(seen: &Value, value: &Value) -> Value {
    let listed = |one: &Value| -> Vec<String> {
        match one {
            Value::String(name) => vec![name.clone()],
            Value::Array(many) => {
                many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    };
    let (left, right) = (listed(seen), listed(value));
    let has = |many: &[String], name: &str| many.iter().any(|one| one == name);
    let mut both: BTreeSet<String> = BTreeSet::new();
    for name in left.iter().chain(&right) {
        let number = name == "integer" && has(&left, "number") | has(&right, "number");
        if has(&left, name) && has(&right, name)
            || number
                && (has(&left, name) || has(&left, "number"))
                && (has(&right, name) || has(&right, "number"))
        {
            both.insert(name.clone());
        }
    }
    let both: Vec<String> = both.into_iter().collect();
    if let [one] = both.as_slice() { json!(one) } else { json!(both) }
}

fn items(one: &Branch, other: &Branch, merged: &mut Branch) {
    let has = |branch: &Branch| branch.contains_key("items") || branch.contains_key("prefixItems");
    if !(has(one) && has(other)) {
        return;
    }
    let prefix = |branch: &Branch| {
        branch.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let rest = |branch: &Branch| branch.get("items").cloned().unwrap_or(Value::Bool(true));
    let (left, right) = (prefix(one), prefix(other));
    let both: Vec<Value> = (0..left.len().max(right.len()))
        .map(|at| {
            let of = |many: &[Value], branch| many.get(at).cloned().unwrap_or_else(|| rest(branch));
            conjunction(&of(&left, one), &of(&right, other))
        })
        .collect();
    if both.is_empty() {
        merged.remove("prefixItems");
    } else {
        merged.insert("prefixItems".to_owned(), Value::Array(both));
    }
    merged.insert("items".to_owned(), conjunction(&rest(one), &rest(other)));
}

fn objects(one: &Branch, other: &Branch, merged: &mut Branch) {
    let has = |branch: &Branch| OBJECT.iter().any(|key| branch.contains_key(*key));
    if !(has(one) && has(other)) {
        for key in OBJECT {
            if let Some(value) = one.get(key).or_else(|| other.get(key)) {
                merged.insert(key.to_owned(), value.clone());
            }
        }
        return;
    }
    let known = |branch: &Branch, key: &str| {
        branch.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let names: BTreeSet<String> = known(one, "properties")
        .into_iter()
        .chain(known(other, "properties"))
        .map(|(name, _)| name)
        .collect();
    let properties: Map<String, Value> = names
        .into_iter()
        .map(|name| {
            let both = conjunction(&member(one, &name), &member(other, &name));
            (name, both)
        })
        .collect();
    if !properties.is_empty() {
        merged.insert("properties".to_owned(), Value::Object(properties));
    }
    let rest =
        |branch: &Branch| branch.get("additionalProperties").cloned().unwrap_or(Value::Bool(true));
    let (left, right) = (known(one, "patternProperties"), known(other, "patternProperties"));
    let mut patterns = Map::new();
    for (mine, theirs, branch) in [(&left, &right, other), (&right, &left, one)] {
        for (pattern, schema) in mine {
            let second = match theirs.get(pattern) {
                Some(same) => same.clone(),
                None if theirs.is_empty() && !names_a_member(branch, pattern) => rest(branch),
                None => Value::Bool(true),
            };
            patterns.entry(pattern.clone()).or_insert_with(|| conjunction(schema, &second));
        }
    }
    if !patterns.is_empty() {
        merged.insert("patternProperties".to_owned(), Value::Object(patterns));
    }
    let both = conjunction(&rest(one), &rest(other));
    if both != Value::Bool(true) {
        merged.insert("additionalProperties".to_owned(), both);
    }
}

/// Whether a member that the branch knows by name matches the pattern, or might.
fn names_a_member(branch: &Branch, pattern: &str) -> bool {
    let Some(properties) = branch.get("properties").and_then(Value::as_object) else {
        return false;
    };
    Regex::new(pattern).map_or(true, |regex| properties.keys().any(|name| regex.is_match(name)))
}

/// `const` and `enum` become one `enum` whose values have one of the branch's types.
fn values(one: &Branch, other: &Branch, merged: &mut Branch) {
    let both = match (enumeration(one), enumeration(other)) {
        (None, None) => return,
        (Some(left), Some(right)) => {
            left.into_iter().filter(|value| right.contains(value)).collect()
        }
        (Some(only), None) | (None, Some(only)) => only,
    };
    merged.remove("const");
    let typed: Vec<Value> = match merged.remove("type") {
        Some(kind) => both.into_iter().filter(|value| has_type(&kind, value)).collect(),
        None => both,
    };
    merged.insert("enum".to_owned(), Value::Array(typed));
}

fn has_type(kind: &Value, value: &Value) -> bool {
    let fits = |name: &str| match name {
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => type_of(value) == other,
    };
    match kind {
        Value::String(name) => fits(name),
        Value::Array(many) => many.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    }
}

fn consistent(branch: &Branch) -> bool {
    let empty = |key: &str| branch.get(key).and_then(Value::as_array).is_some_and(Vec::is_empty);
    if empty("type") || empty("enum") {
        return false;
    }
    let object = branch.get("type").and_then(Value::as_str) == Some("object");
    let required = branch.get("required").and_then(Value::as_array);
    !(object
        && required.is_some_and(|names| {
            names
                .iter()
                .filter_map(Value::as_str)
                .any(|name| super::fold::never(&member(branch, name)))
        }))
}
