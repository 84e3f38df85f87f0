//! Which members of a document an older view shows.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::pointer::Pointer;
use crate::schema::{DEFS_PREFIX, Schema, SchemaPlace};

/// Schemas that are looked at for one document. Beyond, nothing is said.
const STEPS: usize = 10_000;

/// Which members of a document a view shows, in the names of the document. Arrays are shown whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub(super) members: BTreeMap<String, Self>,
    /// Of an array, where that is known.
    items: Option<Box<Self>>,
    /// It may have members of any name.
    open: bool,
    /// The view does not have it, even where a conversion supplies it.
    pub(super) hidden: bool,
}

/// Why no merge patch can stand for the writes of an older view. Places are in the names of the backend's version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unshown {
    /// What is hidden is in items of an array or under names that are data.
    #[error(
        "`{0}` is hidden inside an array or a map, which a merge patch replaces or cannot take apart"
    )]
    Inside(String),
    /// A value that the view shows as another would be written back as that.
    #[error("`{0}` is not shown as it is, and would be written back as it was shown")]
    Replaced(String),
    /// Members with any names: a merge patch cannot say that one was left out.
    #[error(
        "`{0}` may have members of any name, and a merge patch cannot say that one of them was left out"
    )]
    Map(Pointer),
    /// Objects inside objects of the same kind.
    #[error("`{0}` may hold itself to any depth, which a merge patch cannot say")]
    Recursive(Pointer),
    /// The conversion has several steps or the schema is too large.
    #[error("which members the client's version shows cannot be said")]
    Unknown,
}

impl Shown {
    /// The members that a closed schema declares, through references, `allOf`, `anyOf` and `oneOf`.
    ///
    /// # Errors
    /// Where an object may have members that are not declared by name, or is inside one of its own kind.
    pub fn whole(schema: &Schema) -> Result<Self, Unshown> {
        let mut collect = Collect::new(schema, false);
        let mut shown = Self::default();
        if collect.node(&schema.root, &mut shown)? {
            Ok(shown)
        } else {
            Err(Unshown::Map(Pointer::root()))
        }
    }

    /// The members that a closed schema declares, also in the items of arrays. Where names are data and where objects are
    /// inside their own kind, all members count as declared.
    pub fn declared(schema: &Schema) -> Self {
        let mut shown = Self::default();
        let closed = Collect::new(schema, true).node(&schema.root, &mut shown);
        shown.open |= closed != Ok(true);
        shown
    }

    /// Whether it declares a member that the other does not.
    pub fn exceeds(&self, other: &Self) -> bool {
        let unknown = |(name, inner): (&String, &Self)| {
            other.members.get(name).is_none_or(|own| inner.exceeds(own))
        };
        let items = self.items.as_ref().zip(other.items.as_ref());
        let members = !other.open && self.members.iter().any(unknown);
        members || items.is_some_and(|(one, two)| one.exceeds(two))
    }

    /// Where it has arrays whose items declare a member that those of the other do not.
    pub(super) fn exceeds_inside(&self, other: &Self) -> Option<Pointer> {
        let items = self.items.as_ref().zip(other.items.as_ref());
        if items.is_some_and(|(one, two)| one.exceeds(two)) {
            return Some(Pointer::root().join("*"));
        }
        self.members.iter().find_map(|(name, inner)| {
            let deeper = inner.exceeds_inside(other.members.get(name)?)?;
            let at = Pointer::root().join(name);
            Some(deeper.tokens().fold(at, |at, token| at.join(&token)))
        })
    }

    /// What is declared of a member; `Err` where it is not. Nothing is known where all members count as declared.
    pub(super) fn of(&self, name: &str) -> Result<Option<&Self>, ()> {
        if self.open { Ok(None) } else { self.members.get(name).map(Some).ok_or(()) }
    }

    /// What is declared of the items of an array.
    pub(super) fn of_items(&self) -> Option<&Self> {
        self.items.as_deref()
    }

    /// The same without a member. `false` where its place is in no object of its own, as inside an array: a merge patch
    /// replaces arrays whole.
    pub fn hide(&mut self, at: &Pointer) -> bool {
        let tokens: Vec<String> = at.tokens().collect();
        if tokens.is_empty() || tokens.iter().any(|token| token == "*") {
            return false;
        }
        let mut place = self;
        for token in tokens {
            // of a member that is not shown at all, nothing needs to be taken
            let shown = place.members.contains_key(&token);
            place = place.members.entry(token).or_default();
            if !shown {
                break;
            }
        }
        place.hidden = true;
        true
    }

    /// Hides the members that another has beyond these.
    pub fn hide_others(&mut self, other: &Self) {
        for (name, inner) in &other.members {
            let hidden = Self { hidden: true, ..Self::default() };
            self.members.entry(name.clone()).or_insert(hidden).hide_others(inner);
        }
    }

    /// Whether it has a member there.
    pub fn has(&self, at: &Pointer) -> bool {
        let mut place = Some(self);
        for token in at.tokens() {
            place = place.and_then(|one| one.members.get(&token));
        }
        place.is_some_and(|one| !one.hidden)
    }

    /// A member that it shows and the other does not.
    pub fn beyond(&self, other: &Self) -> Option<Pointer> {
        for (name, inner) in self.members.iter().filter(|(_, inner)| !inner.hidden) {
            let deeper = match other.members.get(name).filter(|own| !own.hidden) {
                None => Some(Pointer::root()),
                // a value whose members are not known takes any
                Some(own) if own.members.is_empty() => None,
                Some(own) => inner.beyond(own),
            };
            if let Some(deeper) = deeper {
                let tokens = deeper.tokens();
                return Some(tokens.fold(Pointer::root().join(name), |at, token| at.join(&token)));
            }
        }
        None
    }

    /// Whether anything in it is hidden.
    pub(super) fn hides(&self) -> bool {
        self.hidden || self.members.values().any(Self::hides)
    }
}

struct Collect<'a> {
    schema: &'a Schema,
    /// What names cannot say is marked, and items are looked at.
    loose: bool,
    steps: usize,
    /// The components that the place is in.
    path: Vec<&'a str>,
    at: Pointer,
}

impl<'a> Collect<'a> {
    const fn new(schema: &'a Schema, loose: bool) -> Self {
        Self { schema, loose, steps: STEPS, path: Vec::new(), at: Pointer::root() }
    }

    /// Collects what is declared; `false` where an object may have members that are not.
    fn node(&mut self, node: &'a Value, shown: &mut Shown) -> Result<bool, Unshown> {
        let Some(left) = self.steps.checked_sub(1) else {
            return self.give_up(shown, Unshown::Unknown);
        };
        self.steps = left;
        let Some(members) = node.as_object() else { return Ok(*node == Value::Bool(false)) };
        if let Some(items) = members.get("items").filter(|_| self.loose) {
            let inner = shown.items.get_or_insert_default();
            inner.open |= !self.node(items, inner)?;
        }
        if !takes_objects(members) {
            return Ok(true);
        }
        if let Err(why) = self.check_named(members) {
            return self.give_up(shown, why);
        }
        let mut said = ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .any(|keyword| members.get(*keyword) == Some(&Value::Bool(false)));
        for (name, inner) in
            members.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            said = true;
            if *inner == Value::Bool(false) {
                continue;
            }
            self.at.push(name);
            let member = shown.members.entry(name.clone()).or_default();
            if !self.node(inner, member)? {
                self.give_up(member, Unshown::Map(self.at.clone()))?;
            }
            self.at.pop();
        }
        if let Some(key) = members.get("$ref").and_then(Value::as_str) {
            said |= self.component(key.strip_prefix(DEFS_PREFIX).unwrap_or(key), shown)?;
        }
        for branch in list(members, "allOf") {
            said |= self.node(branch, shown)?;
        }
        for keyword in ["anyOf", "oneOf"] {
            let mut all = members.contains_key(keyword);
            for branch in list(members, keyword) {
                all &= self.node(branch, shown)?;
            }
            said |= all;
        }
        for keyword in ["then", "else"] {
            if let Some(branch) = members.get(keyword) {
                self.node(branch, shown)?;
            }
        }
        let dependent = members.get("dependentSchemas").and_then(Value::as_object);
        for branch in dependent.into_iter().flat_map(Map::values) {
            self.node(branch, shown)?;
        }
        Ok(said)
    }

    fn component(&mut self, key: &'a str, shown: &mut Shown) -> Result<bool, Unshown> {
        if self.path.contains(&key) {
            return self.give_up(shown, Unshown::Recursive(self.at.clone()));
        }
        let target = self.schema.at_place(&SchemaPlace::component(key)).ok_or(Unshown::Unknown)?;
        self.path.push(key);
        let said = self.node(target, shown)?;
        self.path.pop();
        Ok(said)
    }

    /// Where names are not all: an error, or a mark that all count as declared.
    fn give_up(&self, shown: &mut Shown, why: Unshown) -> Result<bool, Unshown> {
        shown.open = true;
        if self.loose { Ok(true) } else { Err(why) }
    }

    /// Refuses names that are data.
    fn check_named(&self, members: &Map<String, Value>) -> Result<(), Unshown> {
        let never = |value: &Value| *value == Value::Bool(false);
        let others = ["additionalProperties", "unevaluatedProperties"];
        let open = others.iter().filter_map(|keyword| members.get(*keyword)).any(|one| !never(one));
        let patterns = members.get("patternProperties").and_then(Value::as_object);
        if open || patterns.is_some_and(|all| all.values().any(|one| !never(one))) {
            return Err(Unshown::Map(self.at.clone()));
        }
        Ok(())
    }
}

/// Whether an object may stand here.
fn takes_objects(members: &Map<String, Value>) -> bool {
    let typed = match members.get("type") {
        Some(Value::String(one)) => one == "object",
        Some(Value::Array(all)) => all.iter().any(|one| one == "object"),
        _ => true,
    };
    let listed = members.get("enum").and_then(Value::as_array);
    let values = listed.into_iter().flatten().chain(members.get("const"));
    let (mut any, mut object) = (false, false);
    for value in values {
        any = true;
        object |= value.is_object();
    }
    typed && (!any || object)
}

fn list<'a>(members: &'a Map<String, Value>, keyword: &str) -> &'a [Value] {
    members.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Shown, Unshown};
    use crate::pointer::Pointer;
    use crate::schema::Schema;

    #[track_caller]
    fn check(schema: Value, wanted: Result<&[&str], Unshown>) {
        let shown = Shown::whole(&Schema::from_document(schema));
        let at = |text: &&str| Pointer::parse(text).unwrap();
        match (shown, wanted) {
            (Ok(shown), Ok(places)) => {
                assert!(places.iter().all(|one| shown.has(&at(one))), "{shown:?}");
            }
            (shown, wanted) => assert_eq!(shown.err(), wanted.err()),
        }
    }

    #[test]
    fn what_is_declared_is_known_in_items_too() {
        let declared = |item: Value| {
            let schema = json!({"properties": {
                "items": {"items": {"properties": item}}, "map": {"additionalProperties": {"type": "string"}},
                "in": {"$ref": "#/$defs/in"},
            }, "$defs": {"in": {"properties": {"in": {"$ref": "#/$defs/in"}}}}});
            Shown::declared(&Schema::from_document(schema))
        };
        let (old, new) =
            (json!({"a": {"type": "string"}}), json!({"a": {"type": "string"}, "b": {}}));
        assert!(declared(new.clone()).exceeds(&declared(old.clone())));
        assert!(!declared(old.clone()).exceeds(&declared(new.clone())));
        assert!(!declared(new.clone()).exceeds(&declared(new)));
        let any = Shown::declared(&Schema::from_document(json!(true)));
        assert!(!declared(old.clone()).exceeds(&any) && any.of("x") == Ok(None));
        let old = declared(old);
        assert_eq!(old.of("x"), Err(()));
        let (map, inner) = (old.of("map").unwrap().unwrap(), old.of("in").unwrap().unwrap());
        assert_eq!((map.of("x"), inner.of("in").unwrap().unwrap().of("x")), (Ok(None), Ok(None)));
        let item = old.of("items").unwrap().unwrap().of_items().unwrap();
        assert_eq!((item.of("a").is_ok(), item.of("b").is_ok()), (true, false));
    }

    fn map(at: &str) -> Result<&'static [&'static str], Unshown> {
        Err(Unshown::Map(Pointer::parse(at).unwrap()))
    }

    #[test]
    fn declared_members_are_shown() {
        let inner = json!({"type": ["object", "null"], "properties": {"x": {"type": "string"}}});
        check(
            json!({
                "$ref": "#/$defs/one",
                "$defs": {
                    "one": {"allOf": [{"required": ["a"]}, {"properties": {"a": {"$ref": "#/$defs/two"}}}]},
                    "two": {"oneOf": [inner, {"properties": {"y": {"enum": [1, 2]}}}, {"type": "string"}]},
                }
            }),
            Ok(&["/a", "/a/x", "/a/y"]),
        );
    }

    #[test]
    fn names_that_are_data_are_told() {
        check(json!(true), map(""));
        check(json!({"type": "object"}), map(""));
        check(
            json!({"properties": {"a": {"additionalProperties": {"type": "string"}}}}),
            map("/a"),
        );
        check(json!({"properties": {"a": {"patternProperties": {"^x": {}}}}}), map("/a"));
        check(
            json!({"properties": {"a": {"anyOf": [{"properties": {"x": false}}, {}]}}}),
            map("/a"),
        );
        check(
            json!({"properties": {"a": {"type": "array"}, "b": {"additionalProperties": false}}}),
            Ok(&["/a", "/b"]),
        );
    }

    #[test]
    fn an_object_inside_its_own_kind_is_told() {
        let schema = json!({
            "$ref": "#/$defs/tree",
            "$defs": {"tree": {"properties": {"left": {"$ref": "#/$defs/tree"}, "right": {"$ref": "#/$defs/tree"}}}}
        });
        check(schema, Err(Unshown::Recursive(Pointer::parse("/left").unwrap())));
    }
}
