//! What a discriminator says of the branches beside it (OpenAPI 3.2 §4.25, 3.1 §4.8.25, 3.0 §4.7.25).
//!
//! The tag of a payload names the branch that it is for: by `mapping`, or by the name of the component. OpenAPI says
//! that this must not change what is valid; those who write and read by it nevertheless do. So each branch gets the
//! values that lead to it, and a verdict on such a schema names the policy `discriminator-decides`. Where the
//! branches contradict the names, or lead to unions of their own, nothing is added.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::schema::{DEFS_PREFIX, Defs};

/// Marks a branch to which the values of its tag were added.
pub(crate) const TAGGED: &str = "x-tagged";

/// How many schemas are looked through for the tag of one branch.
const LOOKED_AT: usize = 32;

/// Adds to the branches in `out`, the reading of `members`, the values that their tags may have.
pub(super) fn tag(members: &Map<String, Value>, out: &mut Map<String, Value>, written: &Defs) {
    let Some(discriminator) = members.get("x-discriminator") else { return };
    let Some(name) = discriminator.get("propertyName").and_then(Value::as_str) else { return };
    // What a payload without a known tag means is another matter (OpenAPI 3.2 §4.25.1).
    if discriminator.get("defaultMapping").is_some() {
        return;
    }
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    for keyword in ["oneOf", "anyOf"] {
        let Some(branches) = members.get(keyword).and_then(Value::as_array) else { continue };
        let Some(values) = values(branches, name, mapping, written) else { continue };
        let read = out.get_mut(keyword).and_then(Value::as_array_mut).into_iter().flatten();
        for (branch, values) in read.zip(values) {
            if let (Some(values), Some(branch)) = (values, branch.as_object_mut()) {
                branch.insert("properties".to_owned(), json!({ name: { "enum": values } }));
                branch.insert(TAGGED.to_owned(), Value::Bool(true));
            }
        }
    }
}

/// By branch, the values to add; `None` where the branch says enough, or refers to nothing. Nothing at all where the
/// names and the branches do not fit.
fn values(
    branches: &[Value],
    name: &str,
    mapping: Option<&Map<String, Value>>,
    written: &Defs,
) -> Option<Vec<Option<Vec<String>>>> {
    let targets: BTreeSet<&str> = branches.iter().filter_map(alone).collect();
    let mapped =
        || mapping.into_iter().flatten().filter_map(|(value, to)| Some((value, to.as_str()?)));
    if mapped().any(|(_, to)| !targets.contains(to)) {
        return None;
    }
    let mut found = Vec::new();
    for branch in branches {
        let Some(target) = alone(branch) else {
            found.push(None);
            continue;
        };
        let key = target.strip_prefix(DEFS_PREFIX)?;
        let implicit = [key, key.rsplit('.').next().unwrap_or(key)];
        let elsewhere = |one: &str| mapped().any(|(value, to)| value == one && to != target);
        let mut named: BTreeSet<String> =
            implicit.into_iter().filter(|one| !elsewhere(one)).map(ToOwned::to_owned).collect();
        named.extend(mapped().filter(|(_, to)| *to == target).map(|(value, _)| value.clone()));
        found.push(match declared(written.0.get(key)?, name, written) {
            Bound::Unclear => return None,
            Bound::Free => Some(named.into_iter().collect()),
            Bound::To(own) => {
                let fits = |one: &Value| one.as_str().is_some_and(|one| named.contains(one));
                if !own.iter().copied().any(fits) {
                    return None;
                }
                (!own.iter().copied().all(fits)).then(|| named.into_iter().collect())
            }
        });
    }
    Some(found)
}

/// The reference of a branch that is nothing else.
fn alone(branch: &Value) -> Option<&str> {
    let members = branch.as_object().filter(|members| members.len() == 1)?;
    members.get("$ref")?.as_str()
}

/// What a component says of its tag.
enum Bound<'a> {
    /// It is a union, or too large to tell.
    Unclear,
    /// Any value.
    Free,
    /// One of these.
    To(Vec<&'a Value>),
}

fn declared<'a>(schema: &'a Value, name: &str, written: &'a Defs) -> Bound<'a> {
    let (mut waiting, mut seen, mut found) = (vec![schema], 0, Bound::Free);
    while let Some(part) = waiting.pop() {
        seen += 1;
        if seen > LOOKED_AT || ["oneOf", "anyOf"].iter().any(|word| part.get(*word).is_some()) {
            return Bound::Unclear;
        }
        waiting.extend(part.get("allOf").and_then(Value::as_array).into_iter().flatten());
        waiting.extend(followed(part, written));
        let Some(mut tag) = part.get("properties").and_then(|members| members.get(name)) else {
            continue;
        };
        for _ in 0..LOOKED_AT {
            let Some(next) = followed(tag, written) else { break };
            tag = next;
        }
        let listed = tag.get("enum").and_then(Value::as_array).map(|all| all.iter().collect());
        if let Some(values) = listed.or_else(|| Some(vec![tag.get("const")?])) {
            found = Bound::To(values);
        }
    }
    found
}

fn followed<'a>(schema: &Value, written: &'a Defs) -> Option<&'a Value> {
    written.0.get(schema.get("$ref")?.as_str()?.strip_prefix(DEFS_PREFIX)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::tag;
    use crate::schema::Defs;

    /// The branches of a `oneOf` by `kind` over `Cat`, `Dog` (bound to `dog`) and `Any` (a union).
    fn check(discriminator: &Value, branches: &[&str], wanted: &[Option<&[&str]>]) {
        let defs = json!({
            "Cat": {"type": "object", "properties": {"kind": {"type": "string"}}},
            "Dog": {"allOf": [{"properties": {"kind": {"$ref": "#/$defs/DogKind"}}}]},
            "DogKind": {"enum": ["dog"]},
            "Any": {"oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]}
        });
        let defs = Defs(serde_json::from_value(defs).unwrap());
        let branches: Vec<Value> =
            branches.iter().map(|key| json!({"$ref": format!("#/$defs/{key}")})).collect();
        let schema = json!({"oneOf": branches, "x-discriminator": discriminator});
        let mut read = schema.as_object().unwrap().clone();
        tag(schema.as_object().unwrap(), &mut read, &defs);
        let of = |branch: &Value| branch.pointer("/properties/kind/enum").cloned();
        let found: Vec<Option<Value>> = read["oneOf"].as_array().unwrap().iter().map(of).collect();
        let wanted: Vec<Option<Value>> =
            wanted.iter().map(|one| one.map(|one| json!(one))).collect();
        assert_eq!(found, wanted, "{discriminator}");
    }

    #[test]
    fn a_branch_is_for_its_name_and_for_what_is_mapped_to_it() {
        let kind = |mapping: Value| json!({"propertyName": "kind", "mapping": mapping});
        check(&kind(json!({})), &["Cat"], &[Some(&["Cat"])]);
        let mapped = kind(json!({"cat": "#/$defs/Cat", "dog": "#/$defs/Dog"}));
        check(&mapped, &["Cat", "Dog"], &[Some(&["Cat", "cat"]), None]);
        // a name that is mapped to another branch leads there
        let crossed = kind(json!({"Cat": "#/$defs/Dog", "c": "#/$defs/Cat", "dog": "#/$defs/Dog"}));
        check(&crossed, &["Cat", "Dog"], &[Some(&["c"]), None]);
    }

    #[test]
    fn names_that_do_not_fit_the_branches_add_nothing() {
        let kind = |mapping: Value| json!({"propertyName": "kind", "mapping": mapping});
        // `Dog` is bound to `dog`, which nothing maps to it
        check(&kind(json!({})), &["Cat", "Dog"], &[None, None]);
        check(&kind(json!({"dog": "#/$defs/Dog"})), &["Cat"], &[None]);
        check(&kind(json!({})), &["Cat", "Any"], &[None, None]);
        check(&json!({"propertyName": "kind", "defaultMapping": "#/$defs/Cat"}), &["Cat"], &[None]);
    }
}
