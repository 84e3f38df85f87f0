//! From JSON Schema documents to [`Keywords`]: each component once, references as numbers.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Number, Value, json};
use sha2::{Digest, Sha256};

use crate::schema::{DEFS_PREFIX, Defs, Schema, UNREAD_PATTERN, UNRESOLVED};

use super::node::{
    ANYTHING, Arena, Arrays, Conditional, Contains, Id, Keywords, Layer, Limit, NOTHING, Numbers,
    Objects, Odd, Row, Texts, Types,
};

/// How deep schemas may be written inside each other before the inner ones count as unreadable.
const NESTING: u32 = 96;

/// The components of one version as far as they were read.
#[derive(Debug)]
pub(crate) struct Components {
    /// Kept so that the identity of the components stays theirs as long as what was learnt of them is kept.
    defs: Arc<Defs>,
    slots: HashMap<String, Id>,
    /// Whether what a component means may depend on the root it is reached from.
    dynamic: bool,
}

impl Components {
    pub(crate) fn new(defs: Arc<Defs>) -> Self {
        let dynamic = defs.0.values().any(is_dynamic);
        Self { defs, slots: HashMap::new(), dynamic }
    }

    /// Reads a root and every component it reaches.
    pub(crate) fn read(&mut self, arena: &mut Arena, root: &Value) -> Id {
        if self.dynamic {
            self.slots.clear();
        }
        let whole = (root, &*self.defs);
        let mut reader =
            Reader { arena, slots: &mut self.slots, waiting: Vec::new(), whole, salt: None };
        let id = reader.schema(root, 0);
        while let Some((key, slot)) = reader.waiting.pop() {
            let keywords = match self.defs.0.get(&key) {
                Some(Value::Object(members)) => reader.keywords(members, 0),
                Some(Value::Bool(true)) => Keywords::default(),
                Some(Value::Bool(false)) => Keywords { types: Types::NONE, ..Keywords::default() },
                other => reader.odd("a reference to nowhere", &json!([key, other])),
            };
            reader.arena.fill(slot, keywords);
        }
        id
    }
}

/// Reads a whole schema into an arena of its own.
pub(crate) fn read_schema(arena: &mut Arena, schema: &Schema) -> Id {
    Components::new(Arc::clone(&schema.defs)).read(arena, &schema.root)
}

/// Words whose meaning depends on the schemas passed on the way to them.
fn is_dynamic(value: &Value) -> bool {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                if ["$dynamicRef", "$recursiveRef", "$id"]
                    .iter()
                    .any(|word| members.contains_key(*word))
                {
                    return true;
                }
                waiting.extend(members.values());
            }
            Value::Array(items) => waiting.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    false
}

struct Reader<'a> {
    arena: &'a mut Arena,
    slots: &'a mut HashMap<String, Id>,
    waiting: Vec<(String, Id)>,
    /// The root and the components: all that can tell what an odd word means.
    whole: (&'a Value, &'a Defs),
    salt: Option<Sha256>,
}

impl Reader<'_> {
    /// A schema that is the same only as one with the same text in the same document.
    fn odd(&mut self, what: &'static str, text: &Value) -> Keywords {
        let (root, defs) = self.whole;
        let salt = self.salt.get_or_insert_with(|| {
            let mut salt = Sha256::new_with_prefix(root.to_string());
            for (key, component) in &defs.0 {
                salt.update(json!([key, component]).to_string());
            }
            salt
        });
        let digest = salt.clone().chain_update(text.to_string()).finalize();
        let mark = digest.iter().take(16).fold(0, |mark, byte| (mark << 8) | u128::from(*byte));
        Keywords { odd: Some(Odd { what, mark }), ..Keywords::default() }
    }

    fn odd_schema(&mut self, what: &'static str, text: &Value) -> Id {
        let odd = self.odd(what, text);
        self.arena.intern(odd)
    }

    fn schema(&mut self, value: &Value, depth: u32) -> Id {
        match value {
            Value::Bool(true) => ANYTHING,
            Value::Bool(false) => NOTHING,
            Value::Object(_) if depth > NESTING => {
                self.odd_schema("schemas nested too deep", value)
            }
            Value::Object(members) => {
                if members.len() == 1
                    && let Some(reference) = members.get("$ref")
                {
                    return self.reference(reference);
                }
                let keywords = self.keywords(members, depth);
                self.arena.intern(keywords)
            }
            _ => self.odd_schema("something that is no schema", value),
        }
    }

    fn reference(&mut self, reference: &Value) -> Id {
        let Some(key) = reference.as_str().and_then(|text| text.strip_prefix(DEFS_PREFIX)) else {
            return self.odd_schema("a reference that is not to a component", reference);
        };
        if let Some(&slot) = self.slots.get(key) {
            return slot;
        }
        let slot = self.arena.reserve();
        self.slots.insert(key.to_owned(), slot);
        self.waiting.push((key.to_owned(), slot));
        slot
    }

    fn schemas(&mut self, value: &Value, depth: u32) -> Option<Vec<Id>> {
        Some(value.as_array()?.iter().map(|item| self.schema(item, depth + 1)).collect())
    }

    fn keywords(&mut self, members: &Map<String, Value>, depth: u32) -> Keywords {
        let mut keywords = Keywords::default();
        for (word, value) in members {
            if self.keyword(&mut keywords, (word, value), members, depth).is_none() {
                let text = json!([word, value]);
                keywords.odd =
                    self.odd("a keyword whose value is not what the keyword asks for", &text).odd;
            }
        }
        if keywords.objects.layer.as_ref().is_some_and(|layer| *layer == Layer::default()) {
            keywords.objects.layer = None;
        }
        keywords
    }

    fn keyword(
        &mut self,
        keywords: &mut Keywords,
        (word, value): (&str, &Value),
        siblings: &Map<String, Value>,
        depth: u32,
    ) -> Option<()> {
        match word {
            "type" => keywords.types = keywords.types.and(types(value)?),
            "const" => restrict(&mut keywords.values, vec![value.clone()]),
            "enum" => restrict(&mut keywords.values, value.as_array()?.clone()),
            "format" => keywords.format = value.as_str().map(Arc::from),
            "$ref" => {
                let target = self.reference(value);
                keywords.all.push(target);
            }
            "allOf" => {
                let parts = self.schemas(value, depth)?;
                keywords.all.extend(parts);
            }
            "anyOf" => keywords.any = Some(self.schemas(value, depth)?),
            "oneOf" => keywords.one = Some(self.schemas(value, depth)?),
            "not" => {
                let barred = self.schema(value, depth + 1);
                keywords.not.push(barred);
            }
            "if" => {
                let when = self.schema(value, depth + 1);
                let then =
                    siblings.get("then").map_or(ANYTHING, |then| self.schema(then, depth + 1));
                let otherwise =
                    siblings.get("else").map_or(ANYTHING, |other| self.schema(other, depth + 1));
                keywords.conditional = Some(Conditional { when, then, otherwise });
            }
            "dependentSchemas" | "dependentRequired" | "dependencies" => {
                for (name, demand) in value.as_object()? {
                    let demand = self.dependency(demand, depth)?;
                    keywords.dependent.push((Arc::from(name.as_str()), demand));
                }
            }
            "$dynamicRef" | "$recursiveRef" | "$id" | "additionalItems" => {
                let text = json!(siblings);
                keywords.odd =
                    self.odd("a dynamic reference or a keyword of another dialect", &text).odd;
            }
            UNRESOLVED => {
                let what = "a reference that could not be followed";
                keywords.all.push(self.arena.unknown(what));
            }
            // A pattern that cannot be compiled is answered with "unknown" wherever it is asked.
            UNREAD_PATTERN => keywords.texts.patterns.push(Arc::from(value.as_str()?)),
            _ => return self.family(keywords, (word, value), siblings, depth),
        }
        Some(())
    }

    fn dependency(&mut self, demand: &Value, depth: u32) -> Option<Id> {
        let Value::Array(names) = demand else { return Some(self.schema(demand, depth + 1)) };
        let required =
            names.iter().map(|name| name.as_str().map(Arc::from)).collect::<Option<_>>()?;
        let objects = Objects { required, ..Objects::default() };
        Some(self.arena.intern(Keywords { objects, ..Keywords::default() }))
    }

    fn family(
        &mut self,
        keywords: &mut Keywords,
        (word, value): (&str, &Value),
        siblings: &Map<String, Value>,
        depth: u32,
    ) -> Option<()> {
        match word {
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
                number(&mut keywords.numbers, word, value)
            }
            "minLength" | "maxLength" | "pattern" => text(&mut keywords.texts, word, value),
            "minItems" | "maxItems" | "uniqueItems" | "items" | "prefixItems" | "contains"
            | "unevaluatedItems" => self.array(keywords, (word, value), siblings, depth),
            "minProperties"
            | "maxProperties"
            | "required"
            | "properties"
            | "patternProperties"
            | "additionalProperties"
            | "propertyNames"
            | "unevaluatedProperties" => self.object(keywords, (word, value), depth),
            _ => Some(()),
        }
    }

    fn array(
        &mut self,
        keywords: &mut Keywords,
        (word, value): (&str, &Value),
        siblings: &Map<String, Value>,
        depth: u32,
    ) -> Option<()> {
        if word == "unevaluatedItems" {
            keywords.unevaluated_items = Some(self.schema(value, depth + 1));
            return Some(());
        }
        let arrays: &mut Arrays = &mut keywords.arrays;
        match word {
            "minItems" => arrays.least = size(value)?,
            "maxItems" => arrays.most = Some(size(value)?),
            "uniqueItems" => arrays.unique = value.as_bool()?,
            "items" if value.is_array() => return None,
            "items" => {
                let rest = self.schema(value, depth + 1);
                arrays.row.get_or_insert_with(Row::default).rest = Some(rest);
            }
            "prefixItems" => {
                let first = self.schemas(value, depth)?;
                arrays.row.get_or_insert_with(Row::default).first = first;
            }
            _ => {
                let schema = self.schema(value, depth + 1);
                let least = siblings.get("minContains").map_or(Some(1), size)?;
                let most = match siblings.get("maxContains") {
                    Some(most) => Some(size(most)?),
                    None => None,
                };
                arrays.contains = Some(Contains { schema, least, most });
            }
        }
        Some(())
    }

    fn object(
        &mut self,
        keywords: &mut Keywords,
        (word, value): (&str, &Value),
        depth: u32,
    ) -> Option<()> {
        if word == "unevaluatedProperties" {
            keywords.unevaluated_members = Some(self.schema(value, depth + 1));
            return Some(());
        }
        let objects = &mut keywords.objects;
        match word {
            "minProperties" => objects.least = size(value)?,
            "maxProperties" => objects.most = Some(size(value)?),
            "required" => {
                let names: Option<BTreeSet<Arc<str>>> =
                    value.as_array()?.iter().map(|name| name.as_str().map(Arc::from)).collect();
                objects.required = names?;
            }
            "propertyNames" => objects.names = Some(self.schema(value, depth + 1)),
            "additionalProperties" => {
                let rest = self.schema(value, depth + 1);
                objects.layer.get_or_insert_with(Layer::default).rest = Some(rest);
            }
            _ => {
                let layer = objects.layer.get_or_insert_with(Layer::default);
                for (name, schema) in value.as_object()? {
                    let schema = self.schema(schema, depth + 1);
                    if word == "properties" {
                        layer.named.insert(Arc::from(name.as_str()), schema);
                    } else {
                        layer.patterned.push((Arc::from(name.as_str()), schema));
                    }
                }
            }
        }
        Some(())
    }
}

fn types(value: &Value) -> Option<Types> {
    match value {
        Value::String(name) => Types::named(name),
        Value::Array(names) => names
            .iter()
            .try_fold(Types::NONE, |set, name| Some(set.or(Types::named(name.as_str()?)?))),
        _ => None,
    }
}

fn restrict(values: &mut Option<Vec<Value>>, to: Vec<Value>) {
    *values = Some(match values.take() {
        None => to,
        Some(had) => had
            .into_iter()
            .filter(|value| to.iter().any(|other| super::evaluate::equal(value, other)))
            .collect(),
    });
}

fn size(value: &Value) -> Option<u64> {
    if let Some(size) = value.as_u64() {
        return Some(size);
    }
    let float = value.as_f64().filter(|float| *float >= 0.0 && float.fract() == 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "integral, not negative; the cast saturates as the validator's does"
    )]
    Some(float as u64)
}

fn number(numbers: &mut Numbers, word: &str, value: &Value) -> Option<()> {
    let Value::Number(number) = value else { return None };
    let limit = |exclusive| Limit { value: Number::clone(number), exclusive };
    match word {
        "minimum" => numbers.raise(limit(false)),
        "exclusiveMinimum" => numbers.raise(limit(true)),
        "maximum" => numbers.lower(limit(false)),
        "exclusiveMaximum" => numbers.lower(limit(true)),
        _ => {
            if number.as_f64().is_none_or(|float| float <= 0.0) {
                return None;
            }
            numbers.multiples.push(number.clone());
        }
    }
    Some(())
}

fn text(texts: &mut Texts, word: &str, value: &Value) -> Option<()> {
    match word {
        "minLength" => texts.least = size(value)?,
        "maxLength" => texts.most = Some(size(value)?),
        _ => texts.patterns.push(Arc::from(value.as_str()?)),
    }
    Some(())
}
