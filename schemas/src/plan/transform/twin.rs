//! What the abstract twins share: a schema taken apart by alternative and type, and put together again.

use serde_json::{Map, Value, json};

use crate::plan::image::{TYPES, branches, enumeration, restrict, types};
use crate::relate::verdict::Inclusion;
use crate::relate::{Budget, Prover};
use crate::schema::Schema;

pub(super) use crate::plan::image::{Branch, union};

/// Alternatives that a composed schema is folded into; beyond, a constraint is left out.
const BRANCHES: usize = 64;

/// What one proof about a transform may cost.
const BUDGET: Budget = Budget { payloads: 1, steps: 4_000, cases: 20_000, work: 100_000 };

/// The image by JSON type: each part of `sender` that has one type, `number` for integers too, becomes what `each`
/// makes of it; `None` keeps the part as it is.
pub(super) fn by_type(
    sender: &Value,
    schema: &Schema,
    each: impl Fn(&str, &Branch) -> Option<Vec<Value>>,
) -> Value {
    let mut parts = Vec::new();
    let mut touched = false;
    for branch in branches(schema, sender, BRANCHES) {
        for kind in TYPES {
            let Some(part) = restrict(&branch, &[kind]) else { continue };
            if let Some(made) = each(kind, &part) {
                touched = true;
                parts.extend(made);
            } else {
                parts.push(Value::Object(part));
            }
        }
    }
    if touched { union(parts) } else { sender.clone() }
}

/// The alternatives of `sender` that have one JSON type.
pub(super) fn of_type(sender: &Value, schema: &Schema, kind: &str) -> Vec<Branch> {
    let all = branches(schema, sender, BRANCHES);
    all.iter().filter_map(|branch| restrict(branch, &[kind])).collect()
}

/// What a function makes of each value of a part that lists its values; `None` when the part lists none.
pub(super) fn listed(part: &Branch, each: impl Fn(&Value) -> Option<Value>) -> Option<Vec<Value>> {
    let values = enumeration(part)?;
    Some(values.iter().filter_map(each).map(|value| json!({ "const": value })).collect())
}

/// Whether every value of `sender` is proved to be one of `reader`, which has no references.
pub(super) fn proved(sender: &Value, schema: &Schema, reader: &Value) -> bool {
    let reader = Schema::from_document(reader.clone());
    Prover::new(BUDGET).includes(&schema.at(sender.clone()), &reader) == Inclusion::Proved
}

/// As [`proved`], for the values of `sender` that have one JSON type.
pub(super) fn proved_of(kind: &str, sender: &Value, schema: &Schema, reader: &Value) -> bool {
    let parts = of_type(sender, schema, kind);
    parts.is_empty()
        || proved(&union(parts.into_iter().map(Value::Object).collect()), schema, reader)
}

/// Whether no value of `sender` can have one JSON type.
pub(super) fn is_never(kind: &str, sender: &Value, schema: &Schema) -> bool {
    of_type(sender, schema, kind).is_empty()
}

/// How far references and compositions are followed in search of an annotation.
const DEPTH: usize = 16;

/// Whether every alternative of `sender` that has strings promises something in an annotation, as `format` does.
pub(super) fn promises(
    (keyword, wanted): (&str, &str),
    sender: &Value,
    schema: &Schema,
    depth: usize,
) -> bool {
    let Some(members) = sender.as_object().filter(|_| depth < DEPTH) else { return false };
    let further = |node: &Value| promises((keyword, wanted), node, schema, depth + 1);
    let list = |key: &str| members.get(key).and_then(Value::as_array);
    let text = match members.get("type") {
        Some(Value::String(one)) => one == "string",
        Some(Value::Array(many)) => many.iter().any(|one| one == "string"),
        _ => true,
    };
    let target = members.get("$ref").and_then(Value::as_str).and_then(|key| schema.resolve(key));
    !text
        || members.get(keyword).is_some_and(|said| said == wanted)
        || target.is_some_and(further)
        || list("allOf").is_some_and(|parts| parts.iter().any(further))
        || ["anyOf", "oneOf"]
            .iter()
            .any(|key| list(key).is_some_and(|parts| parts.iter().all(further)))
}

/// Whether every value is an integer by its type.
pub(super) fn is_integer(part: &Branch) -> bool {
    types(part).iter().all(|one| one == "integer")
}

/// An object schema's own part: its members and what it says of others.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) properties: Map<String, Value>,
    pub(super) required: Vec<String>,
    /// `patternProperties`, `additionalProperties` and `propertyNames` as they are.
    rest: Map<String, Value>,
}

impl Object {
    /// The members of a part of type `object`. Bounds on the number of members and dependencies are left out.
    pub(super) fn of(part: &Branch) -> Self {
        let names = part.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let kept = ["patternProperties", "additionalProperties"];
        Self {
            properties: part
                .get("properties")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
            required: names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            rest: kept
                .iter()
                .filter_map(|key| Some(((*key).to_owned(), part.get(*key)?.clone())))
                .collect(),
        }
    }

    /// These members and no others.
    pub(super) fn closed(properties: Map<String, Value>, required: Vec<String>) -> Self {
        let rest = Map::from_iter([("additionalProperties".to_owned(), json!(false))]);
        Self { properties, required, rest }
    }

    /// These members and any others.
    pub(super) fn open(properties: Map<String, Value>, required: Vec<String>) -> Self {
        Self { properties, required, rest: Map::new() }
    }

    /// Whether no member but the named ones may be there.
    pub(super) fn is_closed(&self) -> bool {
        self.rest.get("additionalProperties") == Some(&Value::Bool(false))
            && !self.rest.contains_key("patternProperties")
    }

    /// The schema of a member; `false` when it cannot be there.
    pub(super) fn member(&self, name: &str) -> Value {
        let mut branch = self.rest.clone();
        branch.insert("properties".to_owned(), Value::Object(self.properties.clone()));
        crate::plan::image::member(&branch, name)
    }

    /// The schemas of all members, named or not.
    pub(super) fn values(&self) -> Vec<Value> {
        let patterns = self.rest.get("patternProperties").and_then(Value::as_object);
        let others = self.rest.get("additionalProperties").cloned().unwrap_or(Value::Bool(true));
        let named = self.properties.values().chain(patterns.into_iter().flat_map(Map::values));
        named.cloned().chain([others]).filter(|one| *one != Value::Bool(false)).collect()
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|one| one == name)
    }

    /// Leaves out a member: afterwards it is never there.
    pub(super) fn remove(&mut self, name: &str) {
        self.required.retain(|one| one != name);
        if self.member_of_rest(name) {
            self.properties.insert(name.to_owned(), Value::Bool(false));
        } else {
            self.properties.remove(name);
        }
    }

    // Whether a member that is not declared may be there.
    fn member_of_rest(&self, name: &str) -> bool {
        let mut without = self.clone();
        without.properties.remove(name);
        without.member(name) != Value::Bool(false)
    }

    /// Writes a member; whether it is always there.
    pub(super) fn insert(&mut self, name: &str, value: Value, required: bool) {
        self.required.retain(|one| one != name);
        if required {
            self.required.push(name.to_owned());
        }
        self.properties.insert(name.to_owned(), value);
    }

    pub(super) fn schema(self) -> Value {
        let mut members = self.rest;
        members.insert("type".to_owned(), json!("object"));
        members.insert("properties".to_owned(), Value::Object(self.properties));
        if !self.required.is_empty() {
            members.insert("required".to_owned(), json!(self.required));
        }
        Value::Object(members)
    }
}

/// The parts of type `object` with constants spelled out, so that members can be looked at.
pub(super) fn objects(part: &Branch) -> Vec<Object> {
    match enumeration(part) {
        Some(values) => {
            let spelled = values.iter().filter_map(Value::as_object).map(|members| Object {
                properties: members
                    .iter()
                    .map(|(name, value)| (name.clone(), json!({ "const": value })))
                    .collect(),
                required: members.keys().cloned().collect(),
                rest: Map::from_iter([("additionalProperties".to_owned(), json!(false))]),
            });
            spelled.collect()
        }
        None => vec![Object::of(part)],
    }
}

/// The items of a part of type `array`: what any of them may be, and the bounds on their number.
pub(super) fn items(part: &Branch) -> (Value, u64, Option<u64>) {
    if let Some(values) = enumeration(part) {
        let arrays: Vec<&Vec<Value>> = values.iter().filter_map(Value::as_array).collect();
        let all = arrays.iter().flat_map(|items| items.iter()).map(|item| json!({ "const": item }));
        let counts = || arrays.iter().map(|items| u64::try_from(items.len()).unwrap_or(u64::MAX));
        return (union(all.collect()), counts().min().unwrap_or(0), counts().max());
    }
    let prefix = part.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let rest = part.get("items").cloned().unwrap_or(Value::Bool(true));
    let mut most = part.get("maxItems").and_then(Value::as_u64);
    if rest == Value::Bool(false) {
        let count = u64::try_from(prefix.len()).unwrap_or(u64::MAX);
        most = Some(most.map_or(count, |most| most.min(count)));
    }
    let least = part.get("minItems").and_then(Value::as_u64).unwrap_or(0);
    (union(prefix.iter().cloned().chain([rest]).collect()), least, most)
}
