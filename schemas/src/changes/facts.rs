//! A schema laid flat for comparison: `$ref` and `allOf` folded into one set of facts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::schema::{DEFS_PREFIX, Defs};

/// How many components one fold may go through; a longer chain is cut, which loses rows, never adds any.
const FOLD_BOUND: usize = 64;

/// Keywords with a number where more means fewer values.
pub(super) const LOWER: &[&str] =
    &["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"];
/// Keywords with a number where more means more values.
pub(super) const UPPER: &[&str] =
    &["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"];
/// Keywords whose change is neither tighter nor looser by its looks; added they tighten.
pub(super) const OTHER: &[&str] = &[
    "pattern",
    "multipleOf",
    "uniqueItems",
    "contentEncoding",
    "contentMediaType",
    "propertyNames",
    "contains",
];
/// Keywords that only `schema-changed` names.
pub(super) const CONDITIONS: &[&str] =
    &["not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties"];

/// What a schema says at one place.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) never: bool,
    pub(super) types: Option<BTreeSet<&'a str>>,
    pub(super) properties: BTreeMap<&'a str, &'a Value>,
    pub(super) required: BTreeSet<&'a str>,
    pub(super) values: Option<Vec<&'a Value>>,
    pub(super) variants: Vec<&'a Value>,
    pub(super) plain: BTreeMap<&'static str, &'a Value>,
    pub(super) default: Option<&'a Value>,
    pub(super) format: Option<&'a str>,
    pub(super) items: Option<&'a Value>,
    pub(super) prefix: Vec<&'a Value>,
    pub(super) undeclared: Option<&'a Value>,
}

/// The component a schema refers to and nothing else.
pub(super) fn component(schema: &Value) -> Option<&str> {
    schema.as_object()?.get("$ref")?.as_str()?.strip_prefix(DEFS_PREFIX)
}

impl<'a> Facts<'a> {
    /// Folds a schema over the components of its version.
    pub(super) fn of(schema: &'a Value, defs: &'a Defs) -> Self {
        let mut facts = Self::default();
        let mut waiting = vec![schema];
        let mut folded = 0;
        while let Some(next) = waiting.pop() {
            folded += 1;
            if folded > FOLD_BOUND {
                break;
            }
            match next {
                Value::Bool(false) => facts.never = true,
                Value::Object(members) => {
                    facts.add(members);
                    waiting.extend(component(next).and_then(|key| defs.0.get(key)));
                    if let Some(Value::Array(all)) = members.get("allOf") {
                        waiting.extend(all.iter().rev());
                    }
                }
                _ => {}
            }
        }
        facts
    }

    fn add(&mut self, members: &'a Map<String, Value>) {
        if let Some(types) = members.get("type").map(types) {
            let both = self.types.take().map(|old| &old & &types);
            self.types = Some(both.unwrap_or(types));
        }
        if let Some(Value::Object(properties)) = members.get("properties") {
            for (name, schema) in properties {
                self.properties.entry(name).or_insert(schema);
            }
        }
        if let Some(Value::Array(names)) = members.get("required") {
            self.required.extend(names.iter().filter_map(Value::as_str));
        }
        if let Some(Value::Array(values)) = members.get("enum") {
            self.values.get_or_insert_with(|| values.iter().collect());
        }
        if let Some(value) = members.get("const") {
            self.values.get_or_insert_with(|| vec![value]);
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(Value::Array(variants)) = members.get(keyword) {
                self.variants.extend(variants);
            }
        }
        for keyword in [LOWER, UPPER, OTHER, CONDITIONS].into_iter().flatten() {
            if let Some(value) = members.get(*keyword) {
                self.plain.entry(keyword).or_insert(value);
            }
        }
        self.default = self.default.or_else(|| members.get("default"));
        self.format = self.format.or_else(|| members.get("format").and_then(Value::as_str));
        self.items = self.items.or_else(|| members.get("items"));
        if let Some(Value::Array(prefix)) = members.get("prefixItems") {
            self.prefix = prefix.iter().collect();
        }
        let undeclared =
            members.get("additionalProperties").or_else(|| members.get("unevaluatedProperties"));
        self.undeclared = self.undeclared.or(undeclared);
    }

    /// Members that the schema does not declare are refused.
    pub(super) fn is_closed(&self) -> bool {
        self.undeclared == Some(&Value::Bool(false))
    }

    /// The single variant beside `null` that an `anyOf` of two stands for: nullable, spelled as a union.
    pub(super) fn nullable_variant(&self) -> Option<&'a Value> {
        let is_null = |one: &&Value| one.get("type").and_then(Value::as_str) == Some("null");
        match self.variants.as_slice() {
            [one, null] | [null, one] if is_null(null) && !is_null(one) => Some(one),
            _ => None,
        }
    }
}

fn types(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::String(one) => BTreeSet::from([one.as_str()]),
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}
