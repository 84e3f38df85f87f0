//! Random schema documents of each draft, over so few names and numbers that their keywords meet.

use evergate_schemas::sample::Random;
use serde_json::{Map, Value, json};

/// The drafts a document may be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Draft {
    Draft4,
    Draft6,
    Draft7,
    Draft2019,
    Draft2020,
}

impl Draft {
    pub(crate) const ALL: [Self; 5] =
        [Self::Draft4, Self::Draft6, Self::Draft7, Self::Draft2019, Self::Draft2020];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Draft4 => "draft4",
            Self::Draft6 => "draft6",
            Self::Draft7 => "draft7",
            Self::Draft2019 => "2019-09",
            Self::Draft2020 => "2020-12",
        }
    }

    const fn id(self) -> &'static str {
        if matches!(self, Self::Draft4) { "id" } else { "$id" }
    }

    fn table(self) -> &'static str {
        if self < Self::Draft2019 { "definitions" } else { "$defs" }
    }
}

pub(crate) const NAMES: [&str; 5] = ["a", "b", "c", "ab", ""];
pub(crate) const TEXTS: [&str; 8] = ["", "a", "b", "ab", "abc", "ba", "1", "é"];
const PATTERNS: [&str; 9] =
    ["^a", "b$", "^[ab]+$", "a|b", "^a{2,3}$", "^\\d+$", "^$", "^.b", "^(a|b)*c?$"];
const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];
const URL: &str = "http://example.com/";

/// Where a schema stands, as far as references must know to end.
#[derive(Clone, Copy)]
struct Spot {
    depth: u32,
    /// References to definitions from this number on do not lead back to the same value.
    from: usize,
    /// The type of value that what stands around speaks of.
    focus: Option<usize>,
}

pub(crate) struct Generator<'r> {
    random: &'r mut Random,
    draft: Draft,
    defs: usize,
    /// Definitions with a URI of their own; then all references are absolute.
    named: Vec<bool>,
    absolute: bool,
    dynamic: bool,
}

impl<'r> Generator<'r> {
    pub(crate) fn new(random: &'r mut Random, draft: Draft) -> Self {
        Self { random, draft, defs: 0, named: Vec::new(), absolute: false, dynamic: false }
    }

    /// A whole document.
    pub(crate) fn document(&mut self) -> Value {
        self.defs = if self.random.once_in(2) { self.random.index(4) } else { 0 };
        self.absolute = self.defs > 0 && self.random.once_in(4);
        self.dynamic = self.absolute && self.draft >= Draft::Draft2019 && self.random.once_in(2);
        self.named = (0..self.defs).map(|_| self.absolute && self.random.once_in(2)).collect();
        let mut root = self.object(Spot { depth: 3, from: 0, focus: None });
        if self.defs == 0 && self.draft > Draft::Draft4 && self.random.once_in(60) {
            return Value::Bool(self.random.once_in(2));
        }
        let mut table = Map::new();
        for number in 0..self.defs {
            let mut schema = self.object(Spot { depth: 2, from: number + 1, focus: None });
            if self.named.get(number) == Some(&true) && !schema.contains_key("$ref") {
                schema.insert(self.draft.id().to_owned(), json!(format!("{URL}d{number}")));
                self.anchor(&mut schema);
            } else if let Some(named) = self.named.get_mut(number) {
                *named = false;
            }
            table.insert(format!("d{number}"), Value::Object(schema));
        }
        if self.absolute {
            root.insert(self.draft.id().to_owned(), json!(format!("{URL}root")));
            self.anchor(&mut root);
        }
        if !table.is_empty() {
            root.insert(self.draft.table().to_owned(), Value::Object(table));
        }
        Value::Object(root)
    }

    fn anchor(&mut self, schema: &mut Map<String, Value>) {
        if !self.dynamic {
            return;
        }
        if self.draft == Draft::Draft2019 {
            if !self.random.once_in(3) {
                schema.insert("$recursiveAnchor".to_owned(), Value::Bool(true));
            }
        } else {
            // Each resource has it: a reference to an anchor that is not there would be no reference.
            schema.insert("$dynamicAnchor".to_owned(), json!("node"));
        }
    }

    /// A schema without references.
    pub(crate) fn plain(&mut self, depth: u32) -> Value {
        self.schema(Spot { depth, from: usize::MAX, focus: None })
    }

    fn schema(&mut self, spot: Spot) -> Value {
        if self.random.once_in(14) && self.draft > Draft::Draft4 {
            return Value::Bool(!self.random.once_in(3));
        }
        Value::Object(self.object(spot))
    }

    // One step into the payload: any definition may be met again.
    fn inner(&mut self, spot: Spot) -> Value {
        let from = if spot.from == usize::MAX { spot.from } else { 0 };
        if from == 0 && self.defs > 0 && self.random.once_in(9) {
            return self.round();
        }
        self.schema(Spot { depth: spot.depth.saturating_sub(1), from, focus: None })
    }

    // The same value again.
    fn same(&mut self, spot: Spot) -> Value {
        self.schema(Spot { depth: spot.depth.saturating_sub(1), ..spot })
    }

    fn round(&self) -> Value {
        if self.dynamic {
            return match self.draft {
                Draft::Draft2019 => json!({"$recursiveRef": "#"}),
                _ => json!({"$dynamicRef": "#node"}),
            };
        }
        if self.absolute { json!({"$ref": format!("{URL}root")}) } else { json!({"$ref": "#"}) }
    }

    fn object(&mut self, spot: Spot) -> Map<String, Value> {
        let mut schema = Map::new();
        if spot.from < self.defs && self.random.once_in(5) {
            let number = spot.from + self.random.index(self.defs - spot.from);
            let reference = if self.named.get(number) == Some(&true) {
                format!("{URL}d{number}")
            } else if self.absolute {
                format!("{URL}root#/{}/d{number}", self.draft.table())
            } else {
                format!("#/{}/d{number}", self.draft.table())
            };
            schema.insert("$ref".to_owned(), json!(reference));
            if !self.random.once_in(4) {
                return schema;
            }
        }
        let own = self.random.index(TYPES.len());
        let focus = spot.focus.filter(|_| !self.random.once_in(5)).unwrap_or(own);
        let spot = Spot { focus: Some(focus), ..spot };
        if !self.random.once_in(3) {
            self.kind(&mut schema, focus);
        }
        let more = if spot.depth == 0 { self.random.index(2) } else { self.random.up_to(3) };
        for _ in 0..more {
            if self.random.once_in(4) {
                let other = self.random.index(TYPES.len());
                self.keyword(&mut schema, other, spot);
            } else {
                self.keyword(&mut schema, focus, spot);
            }
        }
        schema
    }

    fn kind(&mut self, schema: &mut Map<String, Value>, focus: usize) {
        let first = TYPES[focus];
        let kind = if self.random.once_in(5) {
            let second = TYPES[self.random.index(TYPES.len())];
            if first == second { json!([first]) } else { json!([first, second]) }
        } else {
            json!(first)
        };
        schema.insert("type".to_owned(), kind);
    }

    /// Adds a keyword, most often one that speaks of values of a type.
    pub(crate) fn any_keyword(&mut self, schema: &mut Map<String, Value>) {
        let focus = self.random.index(TYPES.len());
        self.keyword(schema, focus, Spot { depth: 1, from: usize::MAX, focus: Some(focus) });
    }

    fn keyword(&mut self, schema: &mut Map<String, Value>, focus: usize, spot: Spot) {
        if spot.depth > 0 && self.random.once_in(4) {
            return self.composed(schema, spot);
        }
        if self.random.once_in(8) {
            return self.listed(schema);
        }
        match TYPES[focus] {
            "integer" | "number" => self.number(schema),
            "string" => self.text(schema),
            "array" => self.array(schema, spot),
            "object" => self.members(schema, spot),
            _ => self.listed(schema),
        }
    }

    pub(crate) fn number_value(&mut self) -> Value {
        match self.random.index(8) {
            0 => json!(0.5),
            1 => json!(1.5),
            2 => json!(-1),
            other => json!(other - 3),
        }
    }

    pub(crate) fn value(&mut self, depth: u32) -> Value {
        match self.random.index(if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => Value::Bool(self.random.once_in(2)),
            2 | 3 => self.number_value(),
            4 => json!(TEXTS[self.random.index(TEXTS.len())]),
            5 => (0..self.random.index(4)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                let mut members = Map::new();
                for _ in 0..self.random.index(4) {
                    members.insert(self.name(), self.value(depth - 1));
                }
                Value::Object(members)
            }
        }
    }

    fn name(&mut self) -> String {
        NAMES[self.random.index(NAMES.len())].to_owned()
    }

    fn listed(&mut self, schema: &mut Map<String, Value>) {
        if self.draft > Draft::Draft4 && self.random.once_in(3) {
            schema.insert("const".to_owned(), self.value(1));
            return;
        }
        let mut values: Vec<Value> = Vec::new();
        for _ in 0..self.random.up_to(4) {
            let value = self.value(1);
            if !values.contains(&value) {
                values.push(value);
            }
        }
        schema.insert("enum".to_owned(), json!(values));
    }

    fn number(&mut self, schema: &mut Map<String, Value>) {
        let bound = self.number_value();
        match self.random.index(5) {
            0 | 1 => {
                let (word, strict) = if self.random.once_in(2) {
                    ("minimum", "exclusiveMinimum")
                } else {
                    ("maximum", "exclusiveMaximum")
                };
                if self.random.once_in(3) && self.draft > Draft::Draft4 {
                    schema.insert(strict.to_owned(), bound);
                } else {
                    schema.insert(word.to_owned(), bound);
                    if self.draft == Draft::Draft4 && self.random.once_in(2) {
                        schema.insert(strict.to_owned(), Value::Bool(self.random.once_in(2)));
                    }
                }
            }
            2 => {
                let divisor = [json!(1), json!(2), json!(3), json!(0.5), json!(1.5)];
                let divisor = divisor[self.random.index(5)].clone();
                schema.insert("multipleOf".to_owned(), divisor);
            }
            _ => {
                schema.insert("minimum".to_owned(), json!(self.random.index(3)));
                schema.insert("maximum".to_owned(), json!(self.random.index(3) + 1));
            }
        }
    }

    fn text(&mut self, schema: &mut Map<String, Value>) {
        match self.random.index(4) {
            0 => schema.insert("minLength".to_owned(), json!(self.random.index(4))),
            1 => schema.insert("maxLength".to_owned(), json!(self.random.index(4))),
            2 => schema.insert("format".to_owned(), json!("date")),
            _ => {
                let pattern = PATTERNS[self.random.index(PATTERNS.len())];
                schema.insert("pattern".to_owned(), json!(pattern))
            }
        };
    }

    fn array(&mut self, schema: &mut Map<String, Value>, spot: Spot) {
        match self.random.index(9) {
            0 => drop(schema.insert("minItems".to_owned(), json!(self.random.index(4)))),
            1 => drop(schema.insert("maxItems".to_owned(), json!(self.random.index(4)))),
            2 => drop(schema.insert("uniqueItems".to_owned(), Value::Bool(true))),
            3 | 4 => drop(schema.insert("items".to_owned(), self.inner(spot))),
            5 | 6 => {
                let tuple: Vec<Value> =
                    (0..self.random.up_to(2)).map(|_| self.inner(spot)).collect();
                let (first, rest) = if self.draft == Draft::Draft2020 {
                    ("prefixItems", "items")
                } else {
                    ("items", "additionalItems")
                };
                schema.insert(first.to_owned(), json!(tuple));
                if self.random.once_in(2) {
                    let rest_of =
                        if self.random.once_in(3) { json!(false) } else { self.inner(spot) };
                    schema.insert(rest.to_owned(), rest_of);
                }
            }
            7 if self.draft >= Draft::Draft2019 => {
                let rest = if self.random.once_in(2) { json!(false) } else { self.inner(spot) };
                schema.insert("unevaluatedItems".to_owned(), rest);
            }
            _ if self.draft > Draft::Draft4 => {
                schema.insert("contains".to_owned(), self.inner(spot));
                if self.draft >= Draft::Draft2019 && self.random.once_in(2) {
                    schema.insert("minContains".to_owned(), json!(self.random.index(3)));
                }
                if self.draft >= Draft::Draft2019 && self.random.once_in(3) {
                    schema.insert("maxContains".to_owned(), json!(self.random.index(3)));
                }
            }
            _ => {}
        }
    }

    fn members(&mut self, schema: &mut Map<String, Value>, spot: Spot) {
        match self.random.index(12) {
            0..=3 => {
                let declared = schema.entry("properties").or_insert_with(|| json!({}));
                let count = self.random.up_to(3);
                for _ in 0..count {
                    let (name, inner) = (self.name(), self.inner(spot));
                    if let Some(declared) = declared.as_object_mut() {
                        declared.insert(name, inner);
                    }
                }
            }
            4 | 5 => drop(schema.insert("required".to_owned(), self.names())),
            6 => {
                let inner = if self.random.once_in(2) { json!(false) } else { self.inner(spot) };
                schema.insert("additionalProperties".to_owned(), inner);
            }
            7 => {
                let pattern = PATTERNS[self.random.index(PATTERNS.len())];
                let inner = self.inner(spot);
                schema.insert("patternProperties".to_owned(), json!({ pattern: inner }));
            }
            8 => {
                let word = if self.random.once_in(2) { "minProperties" } else { "maxProperties" };
                schema.insert(word.to_owned(), json!(self.random.index(4)));
            }
            9 if self.draft > Draft::Draft4 => {
                let names = self.plain(0);
                schema.insert("propertyNames".to_owned(), names);
            }
            10 if self.draft >= Draft::Draft2019 => {
                let rest = if self.random.once_in(2) { json!(false) } else { self.inner(spot) };
                schema.insert("unevaluatedProperties".to_owned(), rest);
            }
            _ => self.dependent(schema, spot),
        }
    }

    fn names(&mut self) -> Value {
        let mut names: Vec<String> = (0..self.random.up_to(2)).map(|_| self.name()).collect();
        names.dedup();
        json!(names)
    }

    fn dependent(&mut self, schema: &mut Map<String, Value>, spot: Spot) {
        let (name, list) = (self.name(), self.random.once_in(2));
        let word = match (self.draft >= Draft::Draft2019, list) {
            (true, true) => "dependentRequired",
            (true, false) => "dependentSchemas",
            (false, _) => "dependencies",
        };
        let demand = if list { self.names() } else { self.same(spot) };
        schema.insert(word.to_owned(), json!({ name: demand }));
    }

    fn composed(&mut self, schema: &mut Map<String, Value>, spot: Spot) {
        let word = match self.random.index(7) {
            0 | 1 => "allOf",
            2 | 3 => "anyOf",
            4 => "oneOf",
            5 if self.draft >= Draft::Draft7 => {
                schema.insert("if".to_owned(), self.same(spot));
                for word in ["then", "else"] {
                    if !self.random.once_in(3) {
                        schema.insert(word.to_owned(), self.same(spot));
                    }
                }
                return;
            }
            _ => {
                schema.insert("not".to_owned(), self.same(spot));
                return;
            }
        };
        let parts: Vec<Value> = (0..self.random.up_to(3)).map(|_| self.same(spot)).collect();
        schema.insert(word.to_owned(), json!(parts));
    }
}
