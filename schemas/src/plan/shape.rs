//! What a schema node says, folded into facts by JSON type: references followed, `allOf` met, unions joined.
//!
//! A shape guides the derivation of a plan; it proves nothing. A union of several object variants is one loose
//! object: a member is required when all variants require it, unknown when none knows it. What the derived plan
//! then does is judged by its image, so a shape that is too coarse costs a verdict, never its truth.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::schema::{DEFS_PREFIX, Schema, UNRESOLVED};

/// A JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Null, Self::Boolean, Self::Number, Self::String, Self::Array, Self::Object];

    pub(crate) const fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "number" | "integer" => Self::Number,
            "string" => Self::String,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }

    const fn is_scalar(self) -> bool {
        matches!(self, Self::Boolean | Self::Number | Self::String)
    }
}

/// What an object says about members that it does not name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rest {
    /// Nothing: closed in a sender, open in a reader.
    Unsaid,
    /// Anything, in so many words.
    Any,
    /// None may be there.
    Nothing,
    /// Each must match: the object is a map.
    Each(Value),
}

/// Facts about objects.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ObjectShape {
    pub(crate) properties: BTreeMap<String, Value>,
    pub(crate) required: BTreeSet<String>,
    pub(crate) patterns: Vec<(String, Value)>,
    pub(crate) rest: Rest,
}

/// Facts about arrays.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ArrayShape {
    pub(crate) prefix: Vec<Value>,
    /// Absent: anything.
    pub(crate) items: Option<Value>,
}

/// What one schema node says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Component keys that every object (or, without objects, every value) of this shape has passed through.
    pub(crate) names: Vec<String>,
    pub(crate) kinds: BTreeSet<Kind>,
    pub(crate) object: ObjectShape,
    pub(crate) array: ArrayShape,
    /// The only values of a scalar type; a type that is not here is not limited.
    pub(crate) listed: BTreeMap<Kind, Vec<Value>>,
    /// `x-extensible-enum`: readers must take values that are not listed.
    pub(crate) extensible: bool,
    pub(crate) default: Option<Value>,
    /// Several object variants were joined.
    pub(crate) joined: bool,
    /// What is not understood here; nothing may be derived then.
    pub(crate) opaque: Option<String>,
}

/// The end of the key of a component for edits of what the component without it describes; no document's keys have it.
pub(crate) const EDITED: &str = "..edited";

/// References and nested `allOf`/`anyOf` on one way down before a shape gives up.
const FOLD_DEPTH: usize = 64;

/// Nodes looked at for one shape: parts that name each other twice a level would double the work each time.
const FOLD_NODES: usize = 4096;

/// The shape of `node`, which is a schema over the components of `schema`.
pub(crate) fn shape(schema: &Schema, node: &Value) -> Shape {
    Fold { schema, depth: 0, nodes: 0 }.node(node)
}

struct Fold<'a> {
    schema: &'a Schema,
    depth: usize,
    nodes: usize,
}

impl Fold<'_> {
    fn node(&mut self, node: &Value) -> Shape {
        let members = match node {
            Value::Object(members) => members,
            Value::Bool(false) => return Shape { kinds: BTreeSet::new(), ..Shape::anything() },
            _ => return Shape::anything(),
        };
        if self.depth >= FOLD_DEPTH || self.nodes >= FOLD_NODES {
            return Shape::opaque("references that go round in a circle");
        }
        self.depth += 1;
        self.nodes += 1;
        let mut shape = own(members);
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            shape = shape.meet(self.reference(reference));
        }
        for part in list(members, "allOf") {
            shape = shape.meet(self.node(part));
        }
        for keyword in ["anyOf", "oneOf"] {
            let variants: Vec<Shape> =
                list(members, keyword).iter().map(|variant| self.node(variant)).collect();
            if let Some(joined) = variants.into_iter().reduce(Shape::join) {
                shape = shape.meet(joined);
            }
        }
        self.depth -= 1;
        if shape.object.rest == Rest::Unsaid {
            shape.object.rest = rest(members.get("unevaluatedProperties"));
        }
        shape
    }

    fn reference(&mut self, reference: &str) -> Shape {
        let Some(target) = self.schema.resolve(reference) else {
            return Shape::opaque("a reference to nowhere");
        };
        let mut shape = self.node(target);
        let key = reference.strip_prefix(DEFS_PREFIX).unwrap_or(reference);
        let name = key.strip_suffix(EDITED).unwrap_or(key);
        if !shape.names.iter().any(|own| own == name) {
            shape.names.insert(0, name.to_owned());
        }
        shape
    }
}

/// The facts of the keywords that stand in the node itself.
fn own(members: &Map<String, Value>) -> Shape {
    let mut shape = Shape::anything();
    match members.get("type") {
        Some(Value::String(name)) => shape.kinds = Kind::named(name).into_iter().collect(),
        Some(Value::Array(names)) => {
            shape.kinds = names.iter().filter_map(Value::as_str).filter_map(Kind::named).collect();
        }
        _ => {}
    }
    let only = members.get("const").map(std::slice::from_ref);
    if let Some(values) = members.get("enum").and_then(Value::as_array).map(Vec::as_slice).or(only)
    {
        let kinds: BTreeSet<Kind> = values.iter().map(Kind::of).collect();
        shape.kinds = shape.kinds.intersection(&kinds).copied().collect();
        for value in values {
            let kind = Kind::of(value);
            if kind.is_scalar() {
                shape.listed.entry(kind).or_default().push(value.clone());
            }
        }
    }
    shape.extensible = members.get("x-extensible-enum").is_some_and(|said| *said != json!(false));
    shape.default = members.get("default").cloned();
    if let Some(properties) = members.get("properties").and_then(Value::as_object) {
        shape.object.properties =
            properties.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    shape.object.required =
        list(members, "required").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(patterns) = members.get("patternProperties").and_then(Value::as_object) {
        shape.object.patterns =
            patterns.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    shape.object.rest = rest(members.get("additionalProperties"));
    shape.array.prefix = list(members, "prefixItems").to_vec();
    shape.array.items = members.get("items").or_else(|| members.get("unevaluatedItems")).cloned();
    let hidden = ["then", "else", "dependentSchemas", "$dynamicRef", "$recursiveRef", UNRESOLVED];
    if let Some(keyword) = hidden.iter().find(|keyword| members.contains_key(**keyword)) {
        shape.opaque = Some(format!("`{keyword}`"));
    }
    shape
}

fn rest(said: Option<&Value>) -> Rest {
    match said {
        None => Rest::Unsaid,
        Some(Value::Bool(false)) => Rest::Nothing,
        Some(Value::Object(members)) if !members.is_empty() => {
            Rest::Each(Value::Object(members.clone()))
        }
        Some(_) => Rest::Any,
    }
}

fn list<'a>(members: &'a Map<String, Value>, keyword: &str) -> &'a [Value] {
    members.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `allOf` or `anyOf` of two nodes, flat and without doubles, so that folding a recursion stays finite.
fn combined(keyword: &str, left: &Value, right: &Value) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    for node in [left, right] {
        let inner = node.as_object().filter(|members| members.len() == 1);
        let inner = inner.and_then(|members| members.get(keyword)).and_then(Value::as_array);
        for part in inner.map_or(std::slice::from_ref(node), Vec::as_slice) {
            if !parts.contains(part) {
                parts.push(part.clone());
            }
        }
    }
    match parts.as_slice() {
        [only] => only.clone(),
        _ => json!({ keyword: parts }),
    }
}

impl Shape {
    fn anything() -> Self {
        Self {
            names: Vec::new(),
            kinds: Kind::ALL.into_iter().collect(),
            object: ObjectShape {
                properties: BTreeMap::new(),
                required: BTreeSet::new(),
                patterns: Vec::new(),
                rest: Rest::Unsaid,
            },
            array: ArrayShape::default(),
            listed: BTreeMap::new(),
            extensible: false,
            default: None,
            joined: false,
            opaque: None,
        }
    }

    fn opaque(reason: &str) -> Self {
        Self { opaque: Some(reason.to_owned()), ..Self::anything() }
    }

    /// Whether a value of this JSON type is possible.
    pub(crate) fn may_be(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether nothing at all is said.
    pub(crate) fn is_anything(&self) -> bool {
        self.kinds.len() == Kind::ALL.len() && self.listed.is_empty() && self.object.is_free()
    }

    /// The one value that is possible, if there is only one.
    pub(crate) fn only_value(&self) -> Option<&Value> {
        let mut kinds = self.kinds.iter();
        match (kinds.next(), kinds.next()) {
            (Some(Kind::Null), None) => Some(&Value::Null),
            (Some(kind), None) => match self.listed.get(kind)?.as_slice() {
                [only] => Some(only),
                _ => None,
            },
            _ => None,
        }
    }

    /// Both hold (`allOf`, keywords beside `$ref`).
    fn meet(mut self, other: Self) -> Self {
        for name in other.names {
            if !self.names.contains(&name) {
                self.names.push(name);
            }
        }
        self.kinds = self.kinds.intersection(&other.kinds).copied().collect();
        self.object = self.object.meet(other.object);
        self.array = self.array.meet(other.array);
        for (kind, values) in other.listed {
            match self.listed.get_mut(&kind) {
                Some(own) => own.retain(|value| values.contains(value)),
                None => drop(self.listed.insert(kind, values)),
            }
        }
        self.extensible |= other.extensible;
        self.default = self.default.or(other.default);
        self.joined |= other.joined;
        self.opaque = self.opaque.or(other.opaque);
        self
    }

    /// One of both holds (`anyOf`, `oneOf`).
    fn join(self, other: Self) -> Self {
        let mut listed = BTreeMap::new();
        for kind in Kind::ALL {
            let sides = [&self, &other].into_iter().filter(|side| side.may_be(kind));
            let lists: Option<Vec<_>> = sides.map(|side| side.listed.get(&kind)).collect();
            let Some(lists) = lists.filter(|lists| !lists.is_empty()) else { continue };
            let mut values: Vec<Value> = Vec::new();
            for value in lists.into_iter().flatten() {
                if !values.contains(value) {
                    values.push(value.clone());
                }
            }
            listed.insert(kind, values);
        }
        let objects = (self.may_be(Kind::Object), other.may_be(Kind::Object));
        let arrays = (self.may_be(Kind::Array), other.may_be(Kind::Array));
        let structured = !self.object.is_free() && !other.object.is_free();
        Self {
            kinds: self.kinds.union(&other.kinds).copied().collect(),
            listed,
            extensible: self.extensible || other.extensible,
            joined: self.joined || other.joined || (objects == (true, true) && structured),
            names: match objects {
                (true, false) => self.names,
                (false, true) => other.names,
                _ if other.kinds.iter().eq([&Kind::Null]) => self.names,
                _ if self.kinds.iter().eq([&Kind::Null]) => other.names,
                _ => self.names.into_iter().filter(|name| other.names.contains(name)).collect(),
            },
            object: match objects {
                (_, false) => self.object,
                (false, true) => other.object,
                (true, true) => self.object.join(other.object),
            },
            array: match arrays {
                (_, false) => self.array,
                (false, true) => other.array,
                (true, true) => self.array.join(&other.array),
            },
            default: if self.default == other.default { self.default } else { None },
            opaque: self.opaque.or(other.opaque),
        }
    }
}

impl ObjectShape {
    /// Whether the object says nothing about its members: a free-form object, open on both sides.
    pub(crate) fn is_free(&self) -> bool {
        self.properties.is_empty() && self.patterns.is_empty() && self.rest == Rest::Unsaid
    }

    /// What a member that is not named must match; `None` when it may not be there. Patterns aside.
    fn unnamed(&self) -> Option<Value> {
        match &self.rest {
            Rest::Unsaid | Rest::Any => Some(Value::Bool(true)),
            Rest::Nothing => None,
            Rest::Each(value) => Some(value.clone()),
        }
    }

    /// A closed part that forbids what another part requires leaves nothing that could be sent. Authors write
    /// `{"$ref": …, "additionalProperties": false}` and mean the referenced object, closed; so does this.
    fn forbids_required_of(&self, other: &Self) -> bool {
        let unknown = |name: &String| !self.properties.contains_key(name);
        self.rest == Rest::Nothing
            && self.patterns.is_empty()
            && other
                .required
                .iter()
                .any(|name| other.properties.contains_key(name) && unknown(name))
    }

    fn meet(mut self, mut other: Self) -> Self {
        let meant = self.forbids_required_of(&other) || other.forbids_required_of(&self);
        let mut properties = BTreeMap::new();
        let names: BTreeSet<String> =
            self.properties.keys().chain(other.properties.keys()).cloned().collect();
        for name in names {
            let sides = (self.properties.remove(&name), other.properties.remove(&name));
            let met = match sides {
                (Some(left), Some(right)) => Some(combined("allOf", &left, &right)),
                (Some(one), None) if meant || !other.patterns.is_empty() => Some(one),
                (None, Some(one)) if meant || !self.patterns.is_empty() => Some(one),
                (Some(one), None) => other.unnamed().map(|more| beside(&one, &more)),
                (None, Some(one)) => self.unnamed().map(|more| beside(&one, &more)),
                (None, None) => None,
            };
            if let Some(node) = met {
                properties.insert(name, node);
            }
        }
        self.required.append(&mut other.required);
        for pattern in other.patterns {
            if !self.patterns.contains(&pattern) {
                self.patterns.push(pattern);
            }
        }
        let rest = match (self.rest, other.rest) {
            (Rest::Nothing, _) | (_, Rest::Nothing) => Rest::Nothing,
            (Rest::Each(left), Rest::Each(right)) => Rest::Each(combined("allOf", &left, &right)),
            (Rest::Each(one), _) | (_, Rest::Each(one)) => Rest::Each(one),
            (Rest::Any, _) | (_, Rest::Any) => Rest::Any,
            (Rest::Unsaid, Rest::Unsaid) => Rest::Unsaid,
        };
        Self { properties, required: self.required, patterns: self.patterns, rest }
    }

    fn join(mut self, other: Self) -> Self {
        for (name, right) in other.properties {
            let node = match self.properties.get(&name) {
                Some(left) => combined("anyOf", left, &right),
                None => right,
            };
            self.properties.insert(name, node);
        }
        let rest = match (self.rest, other.rest) {
            (left, right) if left == right => left,
            (Rest::Unsaid, Rest::Nothing) | (Rest::Nothing, Rest::Unsaid) => Rest::Unsaid,
            _ => Rest::Any,
        };
        let mut patterns = self.patterns;
        patterns.retain(|pattern| other.patterns.contains(pattern));
        Self {
            properties: self.properties,
            required: self.required.intersection(&other.required).cloned().collect(),
            rest: if patterns.is_empty() && !other.patterns.is_empty() { Rest::Any } else { rest },
            patterns,
        }
    }
}

fn beside(one: &Value, more: &Value) -> Value {
    if *more == Value::Bool(true) { one.clone() } else { combined("allOf", one, more) }
}

impl ArrayShape {
    fn meet(mut self, other: Self) -> Self {
        if self.prefix.is_empty() {
            self.prefix = other.prefix;
        }
        self.items = match (self.items, other.items) {
            (Some(left), Some(right)) => Some(combined("allOf", &left, &right)),
            (left, right) => left.or(right),
        };
        self
    }

    fn join(self, other: &Self) -> Self {
        let items = match (&self.items, &other.items) {
            (Some(left), Some(right)) => Some(combined("anyOf", left, right)),
            _ => None,
        };
        let prefix = if self.prefix == other.prefix { self.prefix } else { Vec::new() };
        Self { prefix, items }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Kind, Rest, Shape, shape};
    use crate::schema::Schema;

    fn of(document: Value) -> Shape {
        let schema = Schema::from_document(document);
        shape(&schema, &schema.root)
    }

    fn member_names(shape: &Shape) -> Vec<&str> {
        shape.object.properties.keys().map(String::as_str).collect()
    }

    #[test]
    fn references_leave_their_names_and_closing_comes_after_composition() {
        let seen = of(json!({
            "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"b": {}}, "required": ["b"]}],
            "unevaluatedProperties": false,
            "$defs": {"base": {"type": "object", "properties": {"a": {}}, "required": ["a"]}}
        }));
        assert_eq!(seen.names, ["base"]);
        assert_eq!(member_names(&seen), ["a", "b"]);
        assert_eq!(seen.object.required.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(seen.object.rest, Rest::Nothing);
        assert!(seen.kinds.iter().eq([&Kind::Object]));
    }

    #[test]
    fn a_closed_part_forbids_the_optional_members_of_the_others() {
        let seen = of(json!({"allOf": [
            {"properties": {"a": {}}, "additionalProperties": false},
            {"properties": {"b": {}}}
        ]}));
        assert_eq!(member_names(&seen), ["a"]);
    }

    #[test]
    fn a_reference_closed_by_a_sibling_means_the_referenced_object_closed() {
        let seen = of(json!({
            "$ref": "#/$defs/a", "additionalProperties": false,
            "$defs": {"a": {"properties": {"x": {}, "y": {}}, "required": ["x"]}}
        }));
        assert_eq!(member_names(&seen), ["x", "y"]);
        assert_eq!(seen.object.rest, Rest::Nothing);
    }

    #[test]
    fn a_null_branch_is_a_type_and_not_a_variant() {
        let seen = of(json!({
            "anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}], "default": null,
            "$defs": {"a": {"type": "object", "properties": {"x": {}}}}
        }));
        assert!(seen.may_be(Kind::Null) && seen.may_be(Kind::Object) && !seen.joined);
        assert_eq!((seen.names, seen.default), (vec!["a".to_owned()], Some(Value::Null)));
    }

    #[test]
    fn variants_are_one_loose_object() {
        let seen = of(json!({"oneOf": [
            {"properties": {"r": {}, "a": {"type": "string"}}, "required": ["r", "a"], "additionalProperties": false},
            {"properties": {"r": {}, "a": {"type": "null"}, "b": {}}, "required": ["r"], "additionalProperties": false}
        ]}));
        assert!(seen.joined);
        assert_eq!(member_names(&seen), ["a", "b", "r"]);
        assert_eq!(seen.object.required.iter().collect::<Vec<_>>(), ["r"]);
        assert_eq!(seen.object.rest, Rest::Nothing);
        assert_eq!(
            seen.object.properties["a"],
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]})
        );
    }

    #[test]
    fn branches_that_only_require_are_no_variants() {
        let seen = of(json!({
            "properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]
        }));
        assert!(!seen.joined && seen.object.required.is_empty());
        assert_eq!(member_names(&seen), ["a", "b"]);
    }

    #[test]
    fn a_list_limits_only_its_own_types() {
        let seen = of(json!({"anyOf": [{"enum": ["a", "b", null]}, {"type": "number"}]}));
        assert_eq!(seen.listed.get(&Kind::String), Some(&vec![json!("a"), json!("b")]));
        assert_eq!(seen.listed.get(&Kind::Number), None);
        assert!(seen.may_be(Kind::Null) && seen.may_be(Kind::Number) && !seen.may_be(Kind::Object));
        let only = of(json!({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}));
        assert_eq!(only.only_value(), Some(&json!("b")));
    }

    #[test]
    fn what_is_not_understood_says_why() {
        let circle = of(json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}));
        assert_eq!(circle.opaque.as_deref(), Some("references that go round in a circle"));
        let twice = json!({"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]});
        assert!(of(json!({"$ref": "#/$defs/a", "$defs": {"a": twice}})).opaque.is_some());
        let hidden = of(json!({"if": {}, "then": {"properties": {"a": {}}}}));
        assert_eq!(hidden.opaque.as_deref(), Some("`then`"));
        assert_eq!(
            of(json!({"$ref": "#/$defs/x"})).opaque.as_deref(),
            Some("a reference to nowhere")
        );
    }
}
