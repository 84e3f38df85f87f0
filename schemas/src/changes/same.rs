//! Which schemas of two versions say the same, whatever their components are called and wherever they stand.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};

use serde_json::{Map, Number, Value};

use super::facts::component;
use crate::schema::{DEFS_PREFIX, Defs};

/// How often the classes are refined at most; components that differ only behind a longer chain of references
/// count as the same.
const ROUNDS_BOUND: usize = 64;

/// Lists whose order says nothing.
const UNORDERED: &[&str] = &["allOf", "anyOf", "enum", "oneOf", "required", "type"];
/// Keywords that say nothing about payloads and have no rule.
const SILENT: &[&str] =
    &["$comment", "description", "example", "examples", "title", "x-unresolved"];

/// Keywords that hold schemas by name.
const TABLES: &[&str] = &["dependentSchemas", "patternProperties", "properties"];
/// Keywords that hold values, not schemas.
const DATA: &[&str] = &["const", "default", "dependentRequired", "x-extensible-enum"];

/// Whole numbers below this are exact as floats: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What a schema says, as a number: two schemas with the same number say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Class(u64);

/// The classes of all components of two versions, found by refining: first by what each says itself, then by
/// what its references say, until no class falls apart any more.
#[derive(Debug)]
pub(super) struct Sameness<'a> {
    old: BTreeMap<&'a str, Class>,
    new: BTreeMap<&'a str, Class>,
}

/// A version of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Old,
    New,
}

impl<'a> Sameness<'a> {
    pub(super) fn new(old: &'a Defs, new: &'a Defs) -> Self {
        let blank = |defs: &'a Defs| -> BTreeMap<&'a str, Class> {
            defs.0.keys().map(|key| (key.as_str(), Class(0))).collect()
        };
        let mut now = Self { old: blank(old), new: blank(new) };
        let mut count = 0;
        for _ in 0..ROUNDS_BOUND {
            let next = |defs: &'a Defs, version| -> BTreeMap<&'a str, Class> {
                let each = defs.0.iter();
                each.map(|(key, schema)| (key.as_str(), now.class(schema, version))).collect()
            };
            let (old, new) = (next(old, Version::Old), next(new, Version::New));
            now = Self { old, new };
            let distinct: HashSet<Class> =
                now.old.values().chain(now.new.values()).copied().collect();
            if distinct.len() == count {
                break;
            }
            count = distinct.len();
        }
        now
    }

    /// The class of a schema of one version.
    pub(super) fn class(&self, schema: &Value, version: Version) -> Class {
        if let Some(key) = component(schema)
            && schema.as_object().is_some_and(|members| members.len() == 1)
        {
            return self.named(key, version);
        }
        let mut state = DefaultHasher::new();
        self.value(schema, version, &mut state);
        Class(state.finish())
    }

    /// The class of several values, whatever their order.
    pub(super) fn classes<'v>(
        &self,
        values: impl Iterator<Item = &'v Value>,
        version: Version,
    ) -> Vec<Class> {
        let mut found: Vec<Class> = values.map(|value| self.class(value, version)).collect();
        found.sort_unstable();
        found
    }

    fn named(&self, key: &str, version: Version) -> Class {
        let table = match version {
            Version::Old => &self.old,
            Version::New => &self.new,
        };
        table.get(key).copied().unwrap_or(Class(u64::MAX))
    }

    fn value(&self, value: &Value, version: Version, state: &mut DefaultHasher) {
        let Some(members) = value.as_object() else { return data(value, state) };
        state.write_u8(5);
        for (name, inner) in members {
            if SILENT.contains(&name.as_str()) {
                continue;
            }
            name.hash(state);
            match inner {
                Value::Array(items) if UNORDERED.contains(&name.as_str()) => {
                    self.classes(items.iter(), version).hash(state);
                }
                Value::Array(items) if name == "prefixItems" => {
                    for item in items {
                        self.class(item, version).hash(state);
                    }
                }
                Value::Object(named) if TABLES.contains(&name.as_str()) => {
                    for (key, one) in named {
                        (key, self.class(one, version)).hash(state);
                    }
                }
                Value::String(_) if name == "$ref" => {
                    component(value).map(|key| self.named(key, version)).hash(state);
                }
                Value::Object(mapped) if name == "x-discriminator" => {
                    self.discriminator(mapped, version, state);
                }
                Value::Object(_) if !DATA.contains(&name.as_str()) => {
                    self.class(inner, version).hash(state);
                }
                _ => data(inner, state),
            }
        }
    }

    /// The values of a discriminator stand for what their components say, not for their names.
    fn discriminator(
        &self,
        mapped: &Map<String, Value>,
        version: Version,
        state: &mut DefaultHasher,
    ) {
        mapped.get("propertyName").and_then(Value::as_str).hash(state);
        let mapping = mapped.get("mapping").and_then(Value::as_object).into_iter().flatten();
        for (value, target) in mapping {
            let key = target.as_str().and_then(|target| target.strip_prefix(DEFS_PREFIX));
            (value, key.map(|key| self.named(key, version))).hash(state);
        }
    }
}

fn data(value: &Value, state: &mut DefaultHasher) {
    match value {
        Value::Null => state.write_u8(0),
        Value::Bool(flag) => (1_u8, flag).hash(state),
        Value::Number(number) => hash_number(number, state),
        Value::String(text) => (3_u8, text).hash(state),
        Value::Array(items) => {
            (4_u8, items.len()).hash(state);
            for item in items {
                data(item, state);
            }
        }
        Value::Object(members) => {
            (6_u8, members.len()).hash(state);
            for (name, inner) in members {
                name.hash(state);
                data(inner, state);
            }
        }
    }
}

/// `1`, `1.0` and `1e0` are the same number.
fn hash_number(number: &Number, state: &mut DefaultHasher) {
    state.write_u8(2);
    match number.as_f64() {
        Some(float) if float.abs() < EXACT => (float + 0.0).to_bits().hash(state),
        _ => number.to_string().hash(state),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Sameness, Version};
    use crate::schema::Defs;

    fn defs(written: &Value) -> Defs {
        let each = written.as_object().into_iter().flatten();
        Defs(each.map(|(key, one)| (key.clone(), one.clone())).collect())
    }

    #[track_caller]
    fn check(old: &Value, new: &Value, same: bool) {
        let (old, new) = (defs(old), defs(new));
        let sameness = Sameness::new(&old, &new);
        let at = |defs: &Defs, version| sameness.class(&defs.0["a"], version);
        assert_eq!(at(&old, Version::Old) == at(&new, Version::New), same);
    }

    #[test]
    fn names_and_order_do_not_count_and_what_is_behind_a_reference_does() {
        let two = |name: &str, kind: &str| json!({"a": {"oneOf": [{"$ref": format!("#/$defs/{name}")}, {"type": "null"}]}, name: {"type": kind}});
        check(&two("b", "string"), &two("c", "string"), true);
        check(&two("b", "string"), &two("b", "number"), false);
        let turned = json!({"a": {"oneOf": [{"type": "null"}, {"type": "string"}]}});
        check(&two("b", "string"), &turned, true);
    }

    #[test]
    fn recursion_counts_as_what_it_unfolds_to() {
        let next = |to: &str| json!({"properties": {"next": {"$ref": format!("#/$defs/{to}")}}});
        check(&json!({"a": next("a")}), &json!({"a": next("b"), "b": next("a")}), true);
        let ended = json!({"a": next("b"), "b": next("c"), "c": {"type": "null"}});
        check(&json!({"a": next("a")}), &ended, false);
        check(&json!({"a": {"minimum": 1}}), &json!({"a": {"minimum": 1.0}}), true);
    }
}
