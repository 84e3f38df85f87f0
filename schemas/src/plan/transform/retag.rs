//! Three ways to say which variant an object is, each made into another (lens L14).

use serde_json::{Map, Value, json};

use crate::plan::image::enumeration;
use crate::schema::Schema;

use super::model::{Made, Unfit};
use super::raw::{Entry, is_null, members, object, quoted, unquoted};
use super::twin::{Object, by_type, is_never, objects, of_type, union};

/// How an object says which variant it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagForm {
    /// By the one member that is there: `{"card": {…}}`.
    Presence,
    /// By a tag, with the variant's own members in a member: `{"type": "card", "card": {…}}`.
    Nested,
    /// By a tag, with the variant's own members beside it: `{"type": "card", "number": …}`.
    Flat,
}

/// From one form into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retag {
    /// As it comes.
    pub from: TagForm,
    /// As it is made.
    pub to: TagForm,
    /// The member with the tag.
    pub tag: String,
    /// The value of the tag and the member of each variant.
    pub variants: Vec<(String, String)>,
    /// Members that all variants share: they stay outside where a variant has a member of its own.
    pub keep: Vec<String>,
}

/// An object taken apart.
struct Parts<'a> {
    variant: &'a (String, String),
    /// What all variants share.
    outer: Vec<Entry<'a>>,
    /// The variant's own: one value, or the members of a flat form.
    inner: Inner<'a>,
    exact: bool,
}

enum Inner<'a> {
    Value(&'a str),
    Members(Vec<Entry<'a>>),
}

impl Retag {
    pub(super) fn apply(&self, text: &str) -> Result<Made, Unfit> {
        let Some(all) = members(text) else { return Ok(Made::exact(text.to_owned())) };
        let parts = match self.from {
            TagForm::Presence => self.by_presence(&all)?,
            TagForm::Nested => self.by_member(&all)?,
            TagForm::Flat => self.by_tag(&all)?,
        };
        let exact = parts.exact && self.keeps_apart(&parts);
        self.written(&parts).map(|text| Made { text, exact })
    }

    /// Whether a flat form still tells what stood beside the variant's own members.
    fn keeps_apart(&self, parts: &Parts<'_>) -> bool {
        let Inner::Value(inner) = &parts.inner else { return true };
        let kept = |entry: &Entry<'_>| self.keep.contains(&entry.name());
        self.to != TagForm::Flat
            || (parts.outer.iter().all(kept)
                && !members(inner).unwrap_or_default().iter().any(kept))
    }

    fn named(&self, name: &str) -> Option<&(String, String)> {
        self.variants.iter().find(|(_, member)| member == name)
    }

    fn tagged(&self, all: &[Entry<'_>]) -> Result<&(String, String), Unfit> {
        let Some(tag) = all.iter().find(|entry| entry.name() == self.tag) else {
            return Err(Unfit(format!("it has no `{}`", self.tag)));
        };
        let value = unquoted(tag.value);
        let found = self.variants.iter().find(|(one, _)| Some(one) == value.as_ref());
        found.ok_or_else(|| Unfit(format!("its `{}` is none that is declared", self.tag)))
    }

    fn by_presence<'a>(&'a self, all: &[Entry<'a>]) -> Result<Parts<'a>, Unfit> {
        if all.iter().any(|entry| entry.name() == self.tag) && self.named(&self.tag).is_none() {
            return Err(Unfit(format!("it has `{}` already", self.tag)));
        }
        let (own, outer): (Vec<Entry<'_>>, Vec<_>) =
            all.iter().copied().partition(|entry| self.named(&entry.name()).is_some());
        let mut there = own.iter().filter(|entry| !is_null(entry.value));
        let (Some(found), None) = (there.next(), there.next()) else {
            let how =
                if own.iter().all(|entry| is_null(entry.value)) { "no" } else { "more than one" };
            return Err(Unfit(format!("it is {how} variant")));
        };
        let variant =
            self.named(&found.name()).ok_or_else(|| Unfit("it is no variant".to_owned()))?;
        // A variant that is null beside the one that is there says what cannot be said otherwise.
        let exact = own.len() == 1;
        Ok(Parts { variant, outer, inner: Inner::Value(found.value), exact })
    }

    fn by_member<'a>(&'a self, all: &[Entry<'a>]) -> Result<Parts<'a>, Unfit> {
        let variant = self.tagged(all)?;
        let Some(own) = all.iter().find(|entry| entry.name() == variant.1) else {
            return Err(Unfit("the member of its variant is not there".to_owned()));
        };
        if is_null(own.value) {
            return Err(Unfit("the member of its variant is null".to_owned()));
        }
        let others: Vec<Entry<'_>> = all
            .iter()
            .copied()
            .filter(|entry| entry.name() != self.tag && entry.name() != variant.1)
            .collect();
        let outer: Vec<Entry<'_>> =
            others.iter().copied().filter(|entry| self.named(&entry.name()).is_none()).collect();
        let exact = outer.len() == others.len();
        Ok(Parts { variant, outer, inner: Inner::Value(own.value), exact })
    }

    fn by_tag<'a>(&'a self, all: &[Entry<'a>]) -> Result<Parts<'a>, Unfit> {
        let variant = self.tagged(all)?;
        let rest = all.iter().copied().filter(|entry| entry.name() != self.tag);
        let (outer, inner) = rest.partition(|entry| self.keep.contains(&entry.name()));
        Ok(Parts { variant, outer, inner: Inner::Members(inner), exact: true })
    }

    fn written(&self, parts: &Parts<'_>) -> Result<String, Unfit> {
        let (value, member) = parts.variant;
        let (tag, tag_value, key) = (quoted(&self.tag), quoted(value), quoted(member));
        let tag = Entry { key: &tag, value: &tag_value };
        let mut all = match self.to {
            TagForm::Presence => Vec::new(),
            TagForm::Nested | TagForm::Flat => vec![tag],
        };
        all.extend(&parts.outer);
        let made;
        match (self.to, &parts.inner) {
            (TagForm::Flat, Inner::Members(inner)) => all.extend(inner),
            (TagForm::Flat, Inner::Value(inner)) => {
                let Some(inner) = members(inner) else {
                    return Err(Unfit("its variant is no object".to_owned()));
                };
                all.extend(inner);
            }
            (_, Inner::Value(inner)) => all.push(Entry { key: &key, value: inner }),
            (_, Inner::Members(inner)) => {
                made = object(inner.iter().copied());
                all.push(Entry { key: &key, value: &made });
            }
        }
        let mut names: Vec<String> = all.iter().map(Entry::name).collect();
        names.sort();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Unfit("two of its members would have one name".to_owned()));
        }
        Ok(object(all))
    }

    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            (kind == "object").then(|| {
                let parts = objects(part);
                let ways = parts.iter().flat_map(|one| {
                    self.variants.iter().flat_map(|variant| self.made(one, variant, schema))
                });
                ways.collect()
            })
        })
    }

    /// What becomes of the objects of one schema that are one variant.
    fn made(&self, one: &Object, variant: &(String, String), schema: &Schema) -> Vec<Value> {
        let (value, member) = variant;
        let tag = one.member(&self.tag);
        if self.from != TagForm::Presence && !may_say(&tag, value, schema) {
            return Vec::new();
        }
        // Two variants at once are not taken, so that one which is always there leaves room for no other.
        let always = |own: &String| one.requires(own) && is_never("null", &one.member(own), schema);
        let others = self.variants.iter().map(|(_, own)| own).filter(|own| *own != member);
        if self.from == TagForm::Presence && others.into_iter().any(always) {
            return Vec::new();
        }
        let mut outer = one.clone();
        outer.remove(&self.tag);
        for (_, other) in self.variants.iter().filter(|_| self.from != TagForm::Flat) {
            outer.remove(other);
        }
        let inner: Vec<Value> = if self.from == TagForm::Flat {
            let mut own = outer.clone();
            self.keep.iter().for_each(|name| own.remove(name));
            outer.keep_only(&self.keep);
            vec![own.schema()]
        } else {
            let own = one.member(member);
            ["boolean", "number", "string", "array", "object"]
                .iter()
                .flat_map(|kind| of_type(&own, schema, kind))
                .map(Value::Object)
                .collect()
        };
        if inner.is_empty() {
            return Vec::new();
        }
        if self.to != TagForm::Presence {
            outer.insert(&self.tag, json!({ "const": value }), true);
        }
        if self.to != TagForm::Flat {
            outer.insert(member, union(inner), true);
            return vec![outer.schema()];
        }
        let own = inner.iter().flat_map(|inner| of_type(inner, schema, "object"));
        own.flat_map(|part| objects(&part)).map(|own| outer.clone().joined(&own).schema()).collect()
    }

    /// Whether a variant may stand beside another, null or not meant, or something that a flat form does not keep apart.
    pub(super) fn may_lose(&self, sender: &Value, schema: &Schema) -> bool {
        let several = |one: &Object| {
            let may = self.variants.iter().filter(|(_, own)| one.member(own) != Value::Bool(false));
            may.count() > 1 || (self.to == TagForm::Flat && self.may_mix(one, schema))
        };
        self.from != TagForm::Flat
            && of_type(sender, schema, "object").iter().flat_map(objects).any(|one| several(&one))
    }

    /// Whether something may stand beside the variant that a flat form takes for one of its members, or the other way
    /// round.
    fn may_mix(&self, one: &Object, schema: &Schema) -> bool {
        let mut outer = one.clone();
        outer.remove(&self.tag);
        self.variants.iter().for_each(|(_, own)| outer.remove(own));
        let loose = |name: &String| !self.keep.contains(name);
        let beside = !outer.is_closed()
            || outer
                .properties
                .iter()
                .any(|(name, value)| loose(name) && *value != Value::Bool(false));
        let kept =
            |own: &Object| self.keep.iter().any(|name| own.member(name) != Value::Bool(false));
        let inside = |(_, own): &(String, String)| {
            let own = one.member(own);
            of_type(&own, schema, "object").iter().flat_map(objects).any(|own| kept(&own))
        };
        beside || self.variants.iter().any(inside)
    }

    /// Whether every object is proved to be one variant, and no two of its members meet.
    pub(super) fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        of_type(sender, schema, "object").iter().flat_map(objects).all(|one| {
            let free =
                self.from != TagForm::Presence || one.member(&self.tag) == Value::Bool(false);
            free && match self.from {
                TagForm::Presence => self.is_one(&one, schema),
                TagForm::Nested | TagForm::Flat => self.is_tagged(&one, schema),
            }
        })
    }

    fn is_one(&self, one: &Object, schema: &Schema) -> bool {
        let there: Vec<&(String, String)> = self
            .variants
            .iter()
            .filter(|(_, member)| one.member(member) != Value::Bool(false))
            .collect();
        let [variant] = there.as_slice() else { return false };
        one.requires(&variant.1) && self.fits(one, variant, schema)
    }

    fn is_tagged(&self, one: &Object, schema: &Schema) -> bool {
        let tag = one.member(&self.tag);
        let known = |value: &Value| self.variants.iter().any(|(name, _)| value == name);
        let listed = of_listed(&tag, schema).is_some_and(|values| values.iter().all(known));
        listed
            && one.requires(&self.tag)
            && self.variants.iter().filter(|(value, _)| may_say(&tag, value, schema)).all(
                |variant| {
                    self.from == TagForm::Flat
                        || (one.requires(&variant.1) && self.fits(one, variant, schema))
                },
            )
    }

    /// Whether the variant's own value is never null, and its members never meet the others.
    fn fits(&self, one: &Object, (_, member): &(String, String), schema: &Schema) -> bool {
        let own = one.member(member);
        if !is_never("null", &own, schema) {
            return false;
        }
        if self.to != TagForm::Flat {
            return true;
        }
        let objects_only = ["boolean", "number", "string", "array"]
            .iter()
            .all(|kind| is_never(kind, &own, schema));
        let mut outer = one.clone();
        self.variants.iter().for_each(|(_, other)| outer.remove(other));
        objects_only
            && of_type(&own, schema, "object").iter().flat_map(objects).all(|own| {
                own.member(&self.tag) == Value::Bool(false)
                    && own.is_closed()
                    && own.properties.keys().all(|name| outer.member(name) == Value::Bool(false))
            })
    }
}

/// Whether a tag may have this value.
fn may_say(tag: &Value, value: &str, schema: &Schema) -> bool {
    match of_listed(tag, schema) {
        Some(values) => values.iter().any(|one| one == value),
        None => !is_never("string", tag, schema),
    }
}

/// The values of a tag that lists them.
fn of_listed(tag: &Value, schema: &Schema) -> Option<Vec<Value>> {
    let parts = crate::plan::image::branches(schema, tag, 64);
    parts.iter().map(enumeration).collect::<Option<Vec<_>>>().map(|all| all.concat())
}

impl Object {
    /// Forgets all members but these.
    fn keep_only(&mut self, names: &[String]) {
        let kept: Map<String, Value> = names
            .iter()
            .map(|name| (name.clone(), self.member(name)))
            .filter(|(_, value)| *value != Value::Bool(false))
            .collect();
        let required: Vec<String> =
            self.required.iter().filter(|name| names.contains(name)).cloned().collect();
        *self = Self::closed(kept, required);
    }

    /// With the members of another object beside its own.
    fn joined(mut self, other: &Self) -> Self {
        let open = !self.is_closed() || !other.is_closed();
        let mut properties = std::mem::take(&mut self.properties);
        for (name, value) in &other.properties {
            match properties.get_mut(name) {
                Some(one) => *one = union(vec![one.clone(), value.clone()]),
                None => drop(properties.insert(name.clone(), value.clone())),
            }
        }
        let required = self.required.iter().chain(&other.required).cloned().collect();
        if open {
            // What stands on one side without a name may be any member of the other.
            properties.retain(|name, _| self.requires(name) || other.requires(name));
            return Self::open(Map::from_iter(properties), required);
        }
        Self::closed(properties, required)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::model::Transform;
    use super::super::testing::{check, check_twin, json as any_json, sound, there_and_back};
    use super::TagForm::{Flat, Nested, Presence};
    use super::{Retag, TagForm};
    use crate::schema::Schema;

    fn retag(from: TagForm, to: TagForm) -> Transform {
        let variant = |name: &str| (name.to_owned(), name.to_owned());
        Transform::Retag(Retag {
            from,
            to,
            tag: "type".to_owned(),
            variants: vec![variant("card"), ("iban".to_owned(), "bank".to_owned())],
            keep: vec!["id".to_owned()],
        })
    }

    const PRESENT: &str = r#"{"id":1,"card":{"n":1.0}}"#;
    const NESTED: &str = r#"{"type":"card","id":1,"card":{"n":1.0}}"#;
    const FLAT: &str = r#"{"type":"card","id":1,"n":1.0}"#;

    #[test]
    fn each_form_becomes_each_other() {
        let all = [(Presence, PRESENT), (Nested, NESTED), (Flat, FLAT)];
        for (from, text) in all {
            for (to, made) in all {
                check(&retag(from, to), &[(text, Ok((made, true)))]);
            }
        }
        check(
            &retag(Presence, Nested),
            &[
                (r#"{"bank":[1]}"#, Ok((r#"{"type":"iban","bank":[1]}"#, true))),
                (r#"{"bank":1,"card":null}"#, Ok((r#"{"type":"iban","bank":1}"#, false))),
                (r#"{"bank":1,"card":2}"#, Err("it is more than one variant")),
                ("{}", Err("it is no variant")),
                (r#"{"bank":1,"type":2}"#, Err("it has `type` already")),
            ],
        );
        check(
            &retag(Nested, Flat),
            &[
                (r#"{"type":"iban","bank":1}"#, Err("its variant is no object")),
                (
                    r#"{"type":"iban","bank":{"id":1},"id":2}"#,
                    Err("two of its members would have one name"),
                ),
                (r#"{"type":"cash"}"#, Err("its `type` is none that is declared")),
            ],
        );
    }

    #[test]
    fn a_flat_form_does_not_tell_what_stood_beside_the_variant() {
        check(
            &retag(Nested, Flat),
            &[
                (
                    r#"{"type":"card","nick":1,"card":{"n":2}}"#,
                    Ok((r#"{"type":"card","nick":1,"n":2}"#, false)),
                ),
                (r#"{"type":"card","card":{"id":2}}"#, Ok((r#"{"type":"card","id":2}"#, false))),
            ],
        );
        check(
            &retag(Presence, Flat),
            &[(r#"{"nick":1,"card":{}}"#, Ok((r#"{"type":"card","nick":1}"#, false)))],
        );
        let open = |rest: bool| {
            Schema::from_document(
                json!({"type": "object", "required": ["type", "card"], "additionalProperties": rest,
                "properties": {"type": {"const": "card"}, "card": {"type": "object", "additionalProperties": false}}}),
            )
        };
        for rest in [true, false] {
            let schema = open(rest);
            assert_eq!(retag(Nested, Flat).may_lose(&schema.root, &schema), rest);
            assert!(!retag(Flat, Nested).may_lose(&schema.root, &schema));
        }
    }

    #[test]
    fn the_twin_has_a_schema_for_each_variant() {
        let closed = |properties: serde_json::Value, required: &[&str]| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
        let card = || closed(json!({"n": {"type": "number"}}), &["n"]);
        let bank = || closed(json!({"b": {"type": "string"}}), &["b"]);
        let present = json!({"anyOf": [closed(json!({"card": card()}), &["card"]), closed(json!({"bank": bank()}), &["bank"])]});
        let nested = json!({"anyOf": [
            closed(json!({"type": {"const": "card"}, "card": card()}), &["type", "card"]),
            closed(json!({"type": {"const": "iban"}, "bank": bank()}), &["type", "bank"]),
        ]});
        let flat = json!({"anyOf": [
            closed(json!({"type": {"const": "card"}, "n": {"type": "number"}}), &["type", "n"]),
            closed(json!({"type": {"const": "iban"}, "b": {"type": "string"}}), &["type", "b"]),
        ]});
        check_twin(&retag(Presence, Nested), present.clone(), &nested, true);
        check_twin(&retag(Nested, Presence), nested.clone(), &present, true);
        check_twin(&retag(Flat, Nested), flat.clone(), &nested, true);
        check_twin(&retag(Nested, Flat), nested, &flat, true);
        check_twin(&retag(Presence, Flat), present, &flat, true);
    }

    #[test]
    fn a_variant_that_is_open_is_no_other_variant() {
        let card = json!({"type": "object", "properties": {"card": {"type": "object"}},
            "required": ["card"], "additionalProperties": false});
        let bank = json!({"type": "object", "properties": {"bank": {"type": "object"}},
            "required": ["bank"], "additionalProperties": true});
        let schema = Schema::from_document(json!({"oneOf": [card, bank]}));
        for to in [Nested, Flat] {
            let seen = retag(Presence, to).image(&schema.root, &schema);
            let all = seen["anyOf"].as_array().map_or(0, Vec::len);
            assert_eq!(all, 2, "{seen}");
            sound(&retag(Presence, to), &schema);
        }
    }

    proptest! {
        #[test]
        fn there_is_a_way_back(own in any_json(), id in any_json()) {
            for (from, to) in [(Presence, Nested), (Presence, Flat), (Nested, Flat)] {
                for text in [json!({"card": own, "id": id}), json!({"type": "card", "card": own})] {
                    there_and_back(&retag(from, to), &retag(to, from), &text.to_string());
                }
            }
        }
    }
}
