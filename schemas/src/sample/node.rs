//! Schemas taken apart: keywords by family, subschemas by number, equal ones shared.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Number, Value};

/// A schema in an [`Arena`].
pub(crate) type Id = u32;

/// Accepts everything.
pub(crate) const ANYTHING: Id = 0;
/// Accepts nothing.
pub(crate) const NOTHING: Id = 1;

/// A set of disjoint kinds of JSON values; numbers fall into integral and fractional ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Types(pub(crate) u8);

impl Types {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const INTEGER: Self = Self(4);
    pub(crate) const FRACTION: Self = Self(8);
    pub(crate) const NUMBER: Self = Self(12);
    pub(crate) const STRING: Self = Self(16);
    pub(crate) const ARRAY: Self = Self(32);
    pub(crate) const OBJECT: Self = Self(64);
    pub(crate) const ANY: Self = Self(127);

    /// The kinds a payload can be told apart by, simplest first.
    pub(crate) const KINDS: [Self; 6] =
        [Self::NULL, Self::BOOLEAN, Self::NUMBER, Self::STRING, Self::ARRAY, Self::OBJECT];

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The kinds in this set, numbers as one.
    pub(crate) fn kinds(self) -> impl Iterator<Item = Self> {
        Self::KINDS.into_iter().map(move |kind| kind.and(self)).filter(|kind| !kind.is_none())
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    /// The kind of a value.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if is_integral(number) => Self::INTEGER,
            Value::Number(_) => Self::FRACTION,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }
}

impl Default for Types {
    fn default() -> Self {
        Self::ANY
    }
}

/// Whether a number is an integer in JSON Schema's sense: `1.0` is.
pub(crate) fn is_integral(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

/// One bound of a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Limit {
    pub(crate) value: Number,
    pub(crate) exclusive: bool,
}

/// What is said of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Numbers {
    pub(crate) least: Option<Limit>,
    pub(crate) most: Option<Limit>,
    pub(crate) multiples: Vec<Number>,
}

/// What is said of strings. Lengths count characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Texts {
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
    pub(crate) patterns: Vec<Arc<str>>,
}

/// The items of an array by position, then the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) first: Vec<Id>,
    pub(crate) rest: Option<Id>,
}

/// A `contains` with its counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Contains {
    pub(crate) schema: Id,
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
}

/// What is said of arrays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Arrays {
    pub(crate) row: Option<Row>,
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
    pub(crate) unique: bool,
    pub(crate) contains: Option<Contains>,
}

/// The members of an object as one schema object sees them: `additionalProperties` minds its own siblings only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Layer {
    pub(crate) named: BTreeMap<Arc<str>, Id>,
    pub(crate) patterned: Vec<(Arc<str>, Id)>,
    pub(crate) rest: Option<Id>,
}

/// What is said of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Objects {
    pub(crate) layer: Option<Layer>,
    pub(crate) required: BTreeSet<Arc<str>>,
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
    pub(crate) names: Option<Id>,
}

/// `if`, `then`, `else`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Conditional {
    pub(crate) when: Id,
    pub(crate) then: Id,
    pub(crate) otherwise: Id,
}

/// What a schema says beyond this form. Two schemas are the same only if their marks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Odd {
    /// What it is, for people.
    pub(crate) what: &'static str,
    /// Drawn from the whole text that could tell what it means.
    pub(crate) mark: u128,
}

/// All that one schema object says. Every family holds only for values of its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Keywords {
    pub(crate) types: Types,
    /// `enum` and `const`.
    pub(crate) values: Option<Vec<Value>>,
    pub(crate) numbers: Numbers,
    pub(crate) texts: Texts,
    /// An annotation: it makes generated strings plausible and proves nothing.
    pub(crate) format: Option<Arc<str>>,
    pub(crate) arrays: Arrays,
    pub(crate) objects: Objects,
    /// `allOf` and `$ref`.
    pub(crate) all: Vec<Id>,
    /// What `unevaluated*` takes for evaluated though this schema does not demand it; only in demands taken apart.
    pub(crate) beside: Vec<Id>,
    pub(crate) any: Option<Vec<Id>>,
    pub(crate) one: Option<Vec<Id>>,
    pub(crate) not: Vec<Id>,
    pub(crate) conditional: Option<Conditional>,
    /// `dependentSchemas` and `dependentRequired`.
    pub(crate) dependent: Vec<(Arc<str>, Id)>,
    pub(crate) unevaluated_members: Option<Id>,
    pub(crate) unevaluated_items: Option<Id>,
    /// Something here is said in words this form has not.
    pub(crate) odd: Option<Odd>,
}

impl Keywords {
    /// About how much work it is to look at this schema object.
    pub(crate) fn weight(&self) -> u64 {
        let layer = self.objects.layer.as_ref();
        let members = layer.map_or(0, |layer| layer.named.len() + layer.patterned.len());
        1 + (members + self.values.as_ref().map_or(0, Vec::len)) as u64
    }
}

/// Schemas by number; equal ones get the same number, so that sameness is one comparison.
#[derive(Debug)]
pub(crate) struct Arena {
    nodes: Vec<Arc<Keywords>>,
    known: HashMap<Arc<Keywords>, Id>,
    /// Long lists of values, by text: found without going through them.
    listed: HashMap<Id, HashSet<String>>,
}

/// From how many values on a list is found by text.
const LONG: usize = 48;

impl Default for Arena {
    fn default() -> Self {
        let mut arena = Self { nodes: Vec::new(), known: HashMap::new(), listed: HashMap::new() };
        arena.intern(Keywords::default());
        arena.intern(Keywords { types: Types::NONE, ..Keywords::default() });
        arena
    }
}

impl Arena {
    /// The number of a schema, new or known.
    pub(crate) fn intern(&mut self, keywords: Keywords) -> Id {
        if let Some(&id) = self.known.get(&keywords) {
            return id;
        }
        let keywords = Arc::new(keywords);
        let id = self.push(Arc::clone(&keywords));
        self.known.insert(keywords, id);
        id
    }

    /// A schema of which nothing is known, not even that it is the same as another: what it names may differ between
    /// two documents of the very same text.
    pub(crate) fn unknown(&mut self, what: &'static str) -> Id {
        let mark = self.nodes.len() as u128;
        self.intern(Keywords { odd: Some(Odd { what, mark }), ..Keywords::default() })
    }

    /// A number for a schema that will be filled in later: what a reference may name before it is read.
    pub(crate) fn reserve(&mut self) -> Id {
        self.push(Arc::new(Keywords {
            odd: Some(Odd { what: "a component that was not read", mark: 0 }),
            ..Keywords::default()
        }))
    }

    /// Fills a reserved number.
    pub(crate) fn fill(&mut self, id: Id, keywords: Keywords) {
        self.list(id, &keywords);
        if let Some(place) = self.nodes.get_mut(id as usize) {
            *place = Arc::new(keywords);
        }
    }

    fn list(&mut self, id: Id, keywords: &Keywords) {
        if let Some(values) = keywords.values.as_ref().filter(|values| values.len() >= LONG) {
            self.listed.insert(id, values.iter().map(super::evaluate::text_of).collect());
        }
    }

    /// Whether a long list of values has this one; `None` where there is no long list.
    pub(crate) fn lists(&self, id: Id, value: &Value) -> Option<bool> {
        self.listed.get(&id).map(|texts| texts.contains(&super::evaluate::text_of(value)))
    }

    /// What a schema says.
    pub(crate) fn node(&self, id: Id) -> Arc<Keywords> {
        self.nodes.get(id as usize).map_or_else(
            || {
                Arc::new(Keywords {
                    odd: Some(Odd { what: "a component that is not there", mark: 0 }),
                    ..Keywords::default()
                })
            },
            Arc::clone,
        )
    }

    /// Values of these kinds.
    pub(crate) fn of_types(&mut self, types: Types) -> Id {
        self.intern(Keywords { types, ..Keywords::default() })
    }

    /// All of these at once.
    pub(crate) fn every(&mut self, all: Vec<Id>) -> Id {
        match all.as_slice() {
            [only] => *only,
            _ => self.intern(Keywords { all, ..Keywords::default() }),
        }
    }

    /// Anything but this.
    pub(crate) fn none_of(&mut self, not: Vec<Id>) -> Id {
        self.intern(Keywords { not, ..Keywords::default() })
    }

    /// Objects that have a member, and whatever is no object.
    pub(crate) fn requiring(&mut self, name: &Arc<str>) -> Id {
        let required = BTreeSet::from([Arc::clone(name)]);
        self.intern(Keywords {
            objects: Objects { required, ..Objects::default() },
            ..Keywords::default()
        })
    }

    /// Objects whose member `name`, if present, is this.
    pub(crate) fn member(&mut self, name: &Arc<str>, schema: Id) -> Id {
        let layer =
            Layer { named: BTreeMap::from([(Arc::clone(name), schema)]), ..Layer::default() };
        self.intern(Keywords {
            objects: Objects { layer: Some(layer), ..Objects::default() },
            ..Keywords::default()
        })
    }

    fn push(&mut self, keywords: Arc<Keywords>) -> Id {
        let id = Id::try_from(self.nodes.len()).unwrap_or(Id::MAX);
        self.list(id, &keywords);
        self.nodes.push(keywords);
        id
    }
}
