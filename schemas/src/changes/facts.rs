//! A schema laid flat for comparison: `$ref` and `allOf` folded into one set of facts, each with its place.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Map, Value};

use crate::schema::{DEFS_PREFIX, Defs, SchemaPlace};

/// How many schemas one fold may go through; a longer chain is cut, which loses rows, never adds any.
const FOLD_BOUND: usize = 256;

/// Keywords that have facts of their own, or are annotations without a rule.
const FOLDED: &[&str] = &[
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "else",
    "enum",
    "if",
    "items",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "properties",
    "required",
    "then",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "$comment",
    "description",
    "example",
    "examples",
    "title",
    "x-unresolved",
];

/// A schema and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    pub(super) schema: &'a Value,
    pub(super) at: SchemaPlace,
}

/// What a keyword says, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Fact<'a> {
    pub(super) value: &'a Value,
    pub(super) at: SchemaPlace,
}

/// A choice between variants.
#[derive(Clone, Debug)]
pub(super) struct Union<'a> {
    /// `oneOf`: what fits two is refused.
    pub(super) exclusive: bool,
    pub(super) variants: Vec<Part<'a>>,
    pub(super) at: SchemaPlace,
}

/// What becomes of a member that is not declared.
#[derive(Clone, Debug)]
pub(super) enum Catching<'a> {
    /// It is refused.
    Refused,
    /// Nothing is said, so readers take it and senders do not send it.
    Unsaid,
    /// It is allowed by name: senders may send anything.
    Open,
    /// It must fit these.
    Fitting(Vec<Part<'a>>),
}

/// What all schemas that hold at one place say together.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    /// The place of the schema itself, behind a reference that is all of it.
    pub(super) at: SchemaPlace,
    /// How many schemas were folded that say something.
    pub(super) parts: usize,
    pub(super) never: Option<SchemaPlace>,
    pub(super) types: Option<(BTreeSet<&'a str>, SchemaPlace)>,
    pub(super) properties: BTreeMap<&'a str, Vec<Part<'a>>>,
    pub(super) required: BTreeMap<&'a str, SchemaPlace>,
    pub(super) values: Option<(Vec<&'a Value>, SchemaPlace)>,
    pub(super) unions: Vec<Union<'a>>,
    pub(super) conditions: Vec<Fact<'a>>,
    pub(super) items: Vec<Part<'a>>,
    pub(super) prefix: Vec<Vec<Part<'a>>>,
    pub(super) undeclared: Vec<Part<'a>>,
    pub(super) patterns: BTreeMap<&'a str, Vec<Part<'a>>>,
    /// All other keywords.
    pub(super) plain: BTreeMap<&'a str, Vec<Fact<'a>>>,
}

/// The component a schema refers to, perhaps beside other keywords.
pub(super) fn component(schema: &Value) -> Option<&str> {
    schema.as_object()?.get("$ref")?.as_str()?.strip_prefix(DEFS_PREFIX)
}

/// The component a schema refers to and nothing else.
pub(super) fn reference(schema: &Value) -> Option<&str> {
    let only = schema.as_object().is_some_and(|members| members.len() == 1);
    component(schema).filter(|_| only)
}

impl<'a> Part<'a> {
    pub(super) const fn new(schema: &'a Value, at: SchemaPlace) -> Self {
        Self { schema, at }
    }

    fn below(&self, keyword: &str, schema: &'a Value) -> Self {
        Self { schema, at: self.at.join(keyword) }
    }
}

impl<'a> Facts<'a> {
    /// Folds schemas that all hold, over the components of their version.
    pub(super) fn of(parts: &[Part<'a>], defs: &'a Defs) -> Self {
        let mut facts = Self::default();
        let mut waiting: Vec<Part<'a>> = parts.iter().rev().cloned().collect();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut first = true;
        for _ in 0..FOLD_BOUND {
            let Some(next) = waiting.pop() else { break };
            let is_reference = reference(next.schema).is_some();
            if first && !is_reference {
                facts.at = next.at.clone();
                first = false;
            }
            match next.schema {
                Value::Bool(false) => facts.never = facts.never.or(Some(next.at)),
                Value::Object(members) => {
                    facts.parts += usize::from(!is_reference && !members.is_empty());
                    facts.add(members, &next);
                    if let Some(Value::Array(all)) = members.get("allOf") {
                        let each = all.iter().enumerate().rev();
                        let at = next.at.join("allOf");
                        waiting.extend(
                            each.map(|(index, one)| Part::new(one, at.join(&index.to_string()))),
                        );
                    }
                    if let Some((key, schema)) =
                        component(next.schema).and_then(|key| defs.0.get_key_value(key))
                        && seen.insert(key)
                    {
                        waiting.push(Part::new(schema, SchemaPlace::component(key)));
                    }
                }
                _ => {}
            }
        }
        facts
    }

    fn add(&mut self, members: &'a Map<String, Value>, part: &Part<'a>) {
        self.add_values(members, part);
        self.add_object(members, part);
        self.add_array(members, part);
        for (keyword, exclusive) in [("anyOf", false), ("oneOf", true)] {
            if let Some(Value::Array(variants)) = members.get(keyword) {
                let at = part.at.join(keyword);
                let each = variants.iter().enumerate();
                let variants =
                    each.map(|(index, one)| Part::new(one, at.join(&index.to_string()))).collect();
                self.unions.push(Union { exclusive, variants, at });
            }
        }
        if members.contains_key("if") {
            self.conditions.push(Fact { value: part.schema, at: part.at.join("if") });
        }
        for (keyword, value) in members {
            if !FOLDED.contains(&keyword.as_str()) {
                let at = part.at.join(keyword);
                self.plain.entry(keyword).or_default().push(Fact { value, at });
            }
        }
    }

    fn add_values(&mut self, members: &'a Map<String, Value>, part: &Part<'a>) {
        if let Some(types) = members.get("type").map(types) {
            let known = self.types.take();
            self.types = Some(match known {
                Some((old, at)) => (meet(&old, &types), at),
                None => (types, part.at.join("type")),
            });
        }
        let listed = match (members.get("enum"), members.get("const")) {
            (Some(Value::Array(values)), _) => Some((values.iter().collect(), "enum")),
            (_, Some(value)) => Some((vec![value], "const")),
            _ => None,
        };
        let Some((values, keyword)) = listed else { return };
        self.values = Some(match self.values.take() {
            Some((old, at)) => {
                (old.into_iter().filter(|value| values.contains(value)).collect(), at)
            }
            None => (values, part.at.join(keyword)),
        });
    }

    fn add_object(&mut self, members: &'a Map<String, Value>, part: &Part<'a>) {
        for (keyword, table) in
            [("properties", &mut self.properties), ("patternProperties", &mut self.patterns)]
        {
            let at = part.at.join(keyword);
            for (name, schema) in
                members.get(keyword).and_then(Value::as_object).into_iter().flatten()
            {
                table.entry(name).or_default().push(Part::new(schema, at.join(name)));
            }
        }
        let names = members.get("required").and_then(Value::as_array).into_iter().flatten();
        let at = part.at.join("required");
        for (index, name) in names.enumerate() {
            if let Some(name) = name.as_str() {
                self.required.entry(name).or_insert_with(|| at.join(&index.to_string()));
            }
        }
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            self.undeclared.extend(members.get(keyword).map(|schema| part.below(keyword, schema)));
        }
    }

    fn add_array(&mut self, members: &'a Map<String, Value>, part: &Part<'a>) {
        for keyword in ["items", "unevaluatedItems"] {
            self.items.extend(members.get(keyword).map(|schema| part.below(keyword, schema)));
        }
        let at = part.at.join("prefixItems");
        let prefix = members.get("prefixItems").and_then(Value::as_array).into_iter().flatten();
        for (index, schema) in prefix.enumerate() {
            if self.prefix.len() <= index {
                self.prefix.push(Vec::new());
            }
            if let Some(parts) = self.prefix.get_mut(index) {
                parts.push(Part::new(schema, at.join(&index.to_string())));
            }
        }
    }

    /// What is left when null, told for itself, is taken out of a union of two and of the types.
    pub(super) fn without_null(
        parts: &[Part<'a>],
        inner: Option<Part<'a>>,
        defs: &'a Defs,
    ) -> Self {
        let unwrapped = inner.is_some();
        let all: Vec<Part<'a>> = parts.iter().cloned().chain(inner).collect();
        let mut facts = Self::of(&all, defs);
        if unwrapped && !facts.unions.is_empty() {
            facts.unions.remove(0);
        }
        if let Some((types, _)) = &mut facts.types {
            types.remove("null");
        }
        facts
    }

    /// Nothing but a union of something and null.
    pub(super) fn is_only_nullable(&self) -> bool {
        self.parts == 1 && self.plain.is_empty() && self.types.is_none() && self.values.is_none()
    }

    /// Whether null is among the types that are listed.
    pub(super) fn takes_null(&self) -> bool {
        self.types.as_ref().is_some_and(|(types, _)| types.contains("null"))
    }

    /// Whether a keyword is there and says true.
    pub(super) fn says(&self, keyword: &str) -> bool {
        self.plain.get(keyword).is_some_and(|all| all.iter().any(|one| *one.value == true))
    }

    /// What holds for a member that no `properties` declares.
    pub(super) fn catching(&self, name: &str) -> Catching<'a> {
        // A pattern that does not compile may match anything.
        let matches = |pattern: &str| Regex::new(pattern).map_or(true, |one| one.is_match(name));
        let fitting = self.patterns.iter().filter(|(pattern, _)| matches(pattern));
        let mut parts: Vec<Part<'a>> = fitting.flat_map(|(_, parts)| parts.clone()).collect();
        if parts.is_empty() {
            if refused(&self.undeclared) {
                return Catching::Refused;
            }
            if self.undeclared.is_empty() {
                return Catching::Unsaid;
            }
            parts.clone_from(&self.undeclared);
        }
        if accepted(&parts) { Catching::Open } else { Catching::Fitting(parts) }
    }

    /// The place of a keyword; of the schema itself where the keyword is absent.
    pub(super) fn place(&self, keyword: &str) -> SchemaPlace {
        let found = self.plain.get(keyword).and_then(|all| all.first());
        found.map_or_else(|| self.at.clone(), |fact| fact.at.clone())
    }

    /// The single variant beside `null` that an `anyOf` of two stands for: nullable, spelled as a union.
    pub(super) fn nullable_variant(&self) -> Option<&Part<'a>> {
        let is_null =
            |one: &Part<'_>| one.schema.get("type").and_then(Value::as_str) == Some("null");
        let [union] = self.unions.as_slice() else { return None };
        match union.variants.as_slice() {
            [one, null] | [null, one] if is_null(null) && !is_null(one) => Some(one),
            _ => None,
        }
    }
}

/// Whether one of the schemas lets nothing through.
pub(super) fn refused(parts: &[Part<'_>]) -> bool {
    parts.iter().any(|part| *part.schema == false)
}

/// Whether the schemas let everything through.
pub(super) fn accepted(parts: &[Part<'_>]) -> bool {
    parts
        .iter()
        .all(|part| *part.schema == true || part.schema.as_object().is_some_and(Map::is_empty))
}

fn types(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::String(one) => BTreeSet::from([one.as_str()]),
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

/// The types that both allow; an integer is a number.
fn meet<'a>(one: &BTreeSet<&'a str>, other: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let within = |name: &&&str, types: &BTreeSet<&str>| {
        types.contains(**name) || (**name == "integer" && types.contains("number"))
    };
    let left = one.iter().filter(|name| within(name, other));
    left.chain(other.iter().filter(|name| within(name, one))).copied().collect()
}
