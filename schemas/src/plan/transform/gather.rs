//! Members of an object put into an object of their own, and taken out of it (lens L3).

use serde_json::{Map, Value, json};

use crate::pointer::Pointer;
use crate::schema::Schema;

use super::model::{Made, Unfit};
use super::raw::{Entry, is_null, members, object, quoted};
use super::twin::{Branch, Object, by_type, is_never, objects, of_type, union};

/// Values under their quoted names.
type Named<'t> = Vec<(String, &'t str)>;

/// Which members are inside and outside: `{a, b}` and `{x: {a, b}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// The member that holds the others.
    pub whole: String,
    /// Their names outside and inside.
    pub parts: Vec<(String, String)>,
    /// A whole that is null is parts that are all null; else it is no parts at all.
    pub nulls: bool,
}

impl Gathered {
    /// Puts the parts into the whole. Without any part there is no whole.
    pub(super) fn gather(&self, text: &str) -> Result<Made, Unfit> {
        let Some(all) = members(text) else { return Ok(Made::exact(text.to_owned())) };
        let inside = |entry: &Entry<'_>| {
            let name = entry.name();
            self.parts.iter().find(|(outside, _)| *outside == name).map(|(_, inside)| inside)
        };
        let taken = all.iter().filter(|entry| inside(entry).is_some()).count();
        let other = |entry: &&Entry<'_>| inside(entry).is_none() && entry.name() == self.whole;
        if all.iter().any(|entry| other(&entry)) {
            return Err(Unfit(format!("it has `{}` already", self.whole)));
        }
        if taken == 0 {
            return Ok(Made::exact(text.to_owned()));
        }
        let null = self.nulls
            && taken == self.parts.len()
            && all.iter().filter(|entry| inside(entry).is_some()).all(|entry| is_null(entry.value));
        let keys: Vec<(String, &str)> =
            all.iter().filter_map(|entry| Some((quoted(inside(entry)?), entry.value))).collect();
        let parts = keys.iter().map(|(key, value)| Entry { key, value });
        let whole = if null { "null".to_owned() } else { object(parts) };
        let key = quoted(&self.whole);
        let mut placed = false;
        let written = all.iter().filter_map(|entry| match inside(entry) {
            None => Some(*entry),
            Some(_) if placed => None,
            Some(_) => {
                placed = true;
                Some(Entry { key: &key, value: &whole })
            }
        });
        Ok(Made::exact(object(written.collect::<Vec<_>>())))
    }

    /// Takes the parts out of the whole; what else the whole has is lost. An object with a part outside is not taken,
    /// so that what comes out under the name of a part was always declared as that part.
    pub(super) fn scatter(&self, text: &str) -> Result<Made, Unfit> {
        let Some(all) = members(text) else { return Ok(Made::exact(text.to_owned())) };
        let outside = |name: &str| {
            name != self.whole && self.parts.iter().any(|(outside, _)| outside == name)
        };
        if all.iter().any(|entry| outside(&entry.name())) {
            return Err(Unfit("it has a part outside already".to_owned()));
        }
        let Some(whole) = all.iter().find(|entry| entry.name() == self.whole) else {
            return Ok(Made::exact(text.to_owned()));
        };
        let (parts, exact) = self.parts_of(whole.value)?;
        let mut written = Vec::new();
        for entry in &all {
            if entry.name() == self.whole {
                written.extend(parts.iter().map(|(key, value)| Entry { key, value }));
            } else {
                written.push(*entry);
            }
        }
        Ok(Made { text: object(written), exact })
    }

    /// The parts of a whole under their outer names, and whether nothing else was said.
    fn parts_of<'t>(&self, whole: &'t str) -> Result<(Named<'t>, bool), Unfit> {
        if is_null(whole) {
            let nulls = self.parts.iter().map(|(outside, _)| (quoted(outside), "null"));
            return Ok((nulls.filter(|_| self.nulls).collect(), self.nulls));
        }
        let Some(inside) = members(whole) else {
            return Err(Unfit(format!("`{}` is no object", self.whole)));
        };
        let mut exact = !inside.is_empty();
        let mut parts = Vec::new();
        for entry in &inside {
            let name = entry.name();
            match self.parts.iter().find(|(_, inside)| *inside == name) {
                Some((outside, _)) => parts.push((quoted(outside), entry.value)),
                None => exact = false,
            }
        }
        // All parts null come back as a null whole.
        let null = self.nulls
            && parts.len() == self.parts.len()
            && parts.iter().all(|(_, value)| is_null(value));
        Ok((parts, exact && !null))
    }

    /// The place outside of one in what was gathered.
    pub(super) fn inside_out(&self, place: &Pointer) -> Pointer {
        let tokens: Vec<String> = place.tokens().collect();
        let (Some(first), Some(second)) = (tokens.first(), tokens.get(1)) else {
            return if tokens.first() == Some(&self.whole) {
                Pointer::root()
            } else {
                place.clone()
            };
        };
        match self.parts.iter().find(|(_, inside)| *first == self.whole && inside == second) {
            Some((outside, _)) => {
                let rest = tokens.iter().skip(2);
                rest.fold(Pointer::root().join(outside), |at, token| at.join(token))
            }
            None => place.clone(),
        }
    }

    /// The place inside of one in what was scattered.
    pub(super) fn outside_in(&self, place: &Pointer) -> Pointer {
        let first = place.tokens().next();
        match self.parts.iter().find(|(outside, _)| first.as_ref() == Some(outside)) {
            Some((_, inside)) => {
                let start = Pointer::root().join(&self.whole).join(inside);
                place.tokens().skip(1).fold(start, |at, token| at.join(&token))
            }
            None => place.clone(),
        }
    }

    /// As [`Self::outside_in`] in this very text: a part that is null because the whole is has no place inside.
    pub(super) fn outside_in_of(&self, text: &str, place: &Pointer) -> Pointer {
        let entries = members(text).unwrap_or_default();
        let whole = entries.iter().find(|entry| entry.name() == self.whole);
        let null = whole.is_some_and(|entry| is_null(entry.value));
        if null { self.around(place) } else { self.outside_in(place) }
    }

    /// As [`Self::outside_in`], but a place that is there whether the whole is null or not.
    pub(super) fn around(&self, place: &Pointer) -> Pointer {
        let first = place.tokens().next();
        let part = self.parts.iter().any(|(outside, _)| first.as_ref() == Some(outside));
        if part && self.nulls { Pointer::root().join(&self.whole) } else { self.outside_in(place) }
    }

    pub(super) fn gathered(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            (kind == "object").then(|| {
                objects(part).into_iter().map(|one| self.gathered_of(one, schema)).collect()
            })
        })
    }

    fn gathered_of(&self, mut outer: Object, schema: &Schema) -> Value {
        let mut inner = Map::new();
        let mut required = Vec::new();
        let mut null = self.nulls;
        for (outside, inside) in &self.parts {
            let value = outer.member(outside);
            null &= !is_never("null", &value, schema);
            if outer.requires(outside) {
                required.push(inside.clone());
            }
            inner.insert(inside.clone(), value);
            outer.remove(outside);
        }
        let always = !required.is_empty();
        let mut whole = json!({
            "type": "object", "properties": inner, "additionalProperties": false, "minProperties": 1
        });
        if always && let Some(members) = whole.as_object_mut() {
            members.insert("required".to_owned(), json!(required));
        }
        let null = null.then(|| json!({"type": "null"}));
        outer.insert(&self.whole, union(std::iter::once(whole).chain(null).collect()), always);
        outer.schema()
    }

    pub(super) fn scattered(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            (kind == "object").then(|| {
                objects(part).into_iter().map(|one| self.scattered_of(one, schema)).collect()
            })
        })
    }

    fn scattered_of(&self, mut outer: Object, schema: &Schema) -> Value {
        let whole = outer.member(&self.whole);
        let always = outer.requires(&self.whole);
        let null = self.nulls && !is_never("null", &whole, schema);
        let wholly = always && (self.nulls || is_never("null", &whole, schema));
        let inner: Vec<Object> =
            of_type(&whole, schema, "object").iter().flat_map(objects).collect();
        outer.remove(&self.whole);
        for (outside, inside) in &self.parts {
            let found = inner.iter().map(|one| one.member(inside));
            let null = null.then(|| json!({"type": "null"}));
            let value = union(found.chain(null).collect());
            let required = wholly && inner.iter().all(|one| one.requires(inside));
            outer.insert(outside, value, required);
        }
        outer.schema()
    }

    /// Whether no object has the whole already.
    pub(super) fn gathers_all(&self, sender: &Value, schema: &Schema) -> bool {
        let free = self.parts.iter().any(|(outside, _)| *outside == self.whole);
        let parts = of_type(sender, schema, "object");
        free || parts
            .iter()
            .flat_map(objects)
            .all(|one| one.member(&self.whole) == Value::Bool(false))
    }

    /// Whether the whole may say what its parts alone do not: other members, no member at all, or a null.
    pub(super) fn may_lose(&self, sender: &Value, schema: &Schema) -> bool {
        of_type(sender, schema, "object").iter().flat_map(objects).any(|one| {
            let whole = one.member(&self.whole);
            let null = !is_never("null", &whole, schema);
            let inner = of_type(&whole, schema, "object");
            let told = |part: &Branch| {
                let least = part.get("minProperties").and_then(Value::as_u64).unwrap_or(0);
                objects(part).iter().all(|inside| {
                    let part_of = |name: &String| self.parts.iter().any(|(_, part)| part == name);
                    let values =
                        self.parts.iter().map(|(_, part)| inside.member(part)).collect::<Vec<_>>();
                    let all_null =
                        self.nulls && values.iter().all(|one| !is_never("null", one, schema));
                    inside.is_closed()
                        && inside.properties.keys().all(part_of)
                        && (least > 0 || !inside.required.is_empty())
                        && !all_null
                })
            };
            (null && !self.nulls) || !inner.iter().all(told)
        })
    }

    /// Whether the whole is an object wherever it is, and no part stands outside.
    pub(super) fn scatters_all(&self, sender: &Value, schema: &Schema) -> bool {
        let kinds = ["boolean", "number", "string", "array"];
        of_type(sender, schema, "object").iter().flat_map(objects).all(|one| {
            let whole = one.member(&self.whole);
            let outside = |(name, _): &(String, String)| {
                *name == self.whole || one.member(name) == Value::Bool(false)
            };
            kinds.iter().all(|kind| is_never(kind, &whole, schema))
                && self.parts.iter().all(outside)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::model::Transform;
    use super::super::testing::{
        check, check_twin, json as any_json, no_invention, there_and_back,
    };
    use super::Gathered;
    use crate::pointer::Pointer;
    use crate::schema::Schema;

    fn pair(nulls: bool) -> (Transform, Transform) {
        let part = |outside: &str, inside: &str| (outside.to_owned(), inside.to_owned());
        let rule =
            Gathered { whole: "x".to_owned(), parts: vec![part("a", "a"), part("b", "c")], nulls };
        (Transform::Gather(rule.clone()), Transform::Scatter(rule))
    }

    #[test]
    fn parts_go_into_a_whole_that_is_only_there_with_one() {
        check(
            &pair(false).0,
            &[
                (
                    r#"{ "z":1, "b" : 2.0,"a":null }"#,
                    Ok((r#"{"z":1,"x":{"c":2.0,"a":null}}"#, true)),
                ),
                (r#"{"a":1}"#, Ok((r#"{"x":{"a":1}}"#, true))),
                (r#"{"z":1}"#, Ok((r#"{"z":1}"#, true))),
                (r#"{"x":1}"#, Err("it has `x` already")),
                ("[1]", Ok(("[1]", true))),
            ],
        );
        check(&pair(true).0, &[(r#"{"a":null,"b":null}"#, Ok((r#"{"x":null}"#, true)))]);
    }

    #[test]
    fn parts_come_out_of_the_whole() {
        check(
            &pair(false).1,
            &[
                (r#"{"z":1,"x":{"c":2.0,"a":null}}"#, Ok((r#"{"z":1,"b":2.0,"a":null}"#, true))),
                (r#"{"x":{"a":1,"more":2}}"#, Ok((r#"{"a":1}"#, false))),
                (r#"{"x":{}}"#, Ok(("{}", false))),
                (r#"{"x":null}"#, Ok(("{}", false))),
                (r#"{"x":1}"#, Err("`x` is no object")),
                (r#"{"x":{"a":1},"a":2}"#, Err("it has a part outside already")),
                (r#"{"x":{},"b":2}"#, Err("it has a part outside already")),
                (r#"{"x":{"a":1},"c":2}"#, Ok((r#"{"a":1,"c":2}"#, true))),
            ],
        );
        check(&pair(true).1, &[(r#"{"x":null}"#, Ok((r#"{"a":null,"b":null}"#, true)))]);
    }

    #[test]
    fn the_twin_knows_what_is_always_there() {
        let flat = json!({"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "string"}},
            "required": ["a"], "additionalProperties": false});
        let deep = json!({"type": "object", "required": ["x"], "additionalProperties": false, "properties": {"x":
            {"type": "object", "properties": {"a": {"type": "number"}, "c": {"type": "string"}},
             "required": ["a"], "additionalProperties": false, "minProperties": 1}}});
        check_twin(&pair(false).0, flat.clone(), &deep, true);
        check_twin(&pair(false).1, deep.clone(), &flat, true);
        let loses = |sender: &serde_json::Value| {
            let schema = Schema::from_document(sender.clone());
            pair(false).1.may_lose(&schema.root, &schema)
        };
        assert!(!loses(&deep));
        let mut more = deep;
        more["properties"]["x"]["properties"]["more"] = json!({});
        assert!(loses(&more));
        let loose = json!({"type": "object", "properties": {"x": {"type": ["object", "null"],
            "properties": {"a": {"type": "number"}}, "additionalProperties": false}}, "additionalProperties": false});
        check_twin(
            &pair(true).1,
            loose,
            &json!({"type": "object", "additionalProperties": false, "properties": {
                "a": {"anyOf": [{"type": "number"}, {"type": "null"}]}, "b": {"type": "null"}}}),
            true,
        );
    }

    #[test]
    fn a_part_of_a_null_whole_has_no_place_inside() {
        let check = |text: &str, wanted: &str| {
            let place = Pointer::root().join("b").join("0");
            assert_eq!(pair(true).1.origin_in(text, &place).as_str(), wanted, "{text}");
        };
        check(r#"{"x":null}"#, "/x");
        check(r#"{"x":{"c":[1]}}"#, "/x/c/0");
        let around = |nulls: bool| pair(nulls).1.origin_around(&Pointer::root().join("b"));
        assert_eq!(around(true).as_str(), "/x");
        assert_eq!(around(false).as_str(), "/x/c");
    }

    proptest! {
        #[test]
        fn what_is_gathered_comes_out_again(value in any_json(), nulls in any::<bool>()) {
            let (up, down) = pair(nulls);
            there_and_back(&up, &down, &value.to_string());
            there_and_back(&down, &up, &value.to_string());
            no_invention(&down, &value.to_string(), &[json!(null)]);
        }
    }
}
