//! Lens L12: a list of objects with a key, and a map by that key.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::schema::Schema;

use super::model::{Made, Unfit};
use super::raw::{Entry, array, is_string, items, members, object, quoted, unquoted};
use super::twin::{Branch, Object, by_type, objects, of_type, proved, union};

/// What becomes of entries with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicate {
    /// The list is not taken.
    Error,
    /// The first stays.
    First,
    /// The last stays, in the place of the first.
    Last,
}

/// Where the key and the rest of an entry are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The member that is the key. In a map it is the name and not a member.
    pub key: Arc<str>,
    /// The member that is the whole value in the map; `None` for all members but the key.
    pub value: Option<Arc<str>>,
    /// Which way.
    pub way: KeyedWay,
}

/// From a list to a map, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyedWay {
    /// A list of objects becomes a map in the order of the list.
    Map(Duplicate),
    /// A map becomes a list in the order of the map.
    List,
}

impl Keyed {
    pub(super) fn apply(&self, text: &str) -> Result<Made, Unfit> {
        let made = match self.way {
            KeyedWay::Map(duplicate) => items(text).map(|found| self.map(&found, duplicate)),
            KeyedWay::List => members(text).map(|found| self.list(&found)),
        };
        made.unwrap_or_else(|| Ok(Made::exact(text.trim().to_owned())))
    }

    fn map(&self, found: &[&str], duplicate: Duplicate) -> Result<Made, Unfit> {
        let mut entries: Vec<(&str, String)> = Vec::with_capacity(found.len());
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut exact = true;
        for item in found {
            let (key, value, whole) = self.entry(item)?;
            exact &= whole;
            let name = unquoted(key).unwrap_or_default();
            let Some(place) = places.get(&name) else {
                places.insert(name, entries.len());
                entries.push((key, value));
                continue;
            };
            exact = false;
            match duplicate {
                Duplicate::Error => {
                    return Err(Unfit("a list with two entries of one key".to_owned()));
                }
                Duplicate::First => {}
                Duplicate::Last => {
                    if let Some(entry) = entries.get_mut(*place) {
                        entry.1 = value;
                    }
                }
            }
        }
        let text = object(entries.iter().map(|(key, value)| Entry { key, value }));
        Ok(Made { text, exact })
    }

    // The key, the value, and whether nothing else was there.
    fn entry<'a>(&self, item: &'a str) -> Result<(&'a str, String, bool), Unfit> {
        let unfit = || Unfit(format!("an entry without the text `{}`", self.key));
        let found = members(item).ok_or_else(unfit)?;
        let named = |name: &str| found.iter().find(|entry| entry.name() == name);
        let key = named(&self.key).filter(|entry| is_string(entry.value)).ok_or_else(unfit)?.value;
        let Some(value) = &self.value else {
            let rest = found.iter().filter(|entry| entry.name() != *self.key).copied();
            return Ok((key, object(rest), true));
        };
        let value = named(value).ok_or_else(|| Unfit(format!("an entry without `{value}`")))?.value;
        Ok((key, value.to_owned(), found.len() == 2))
    }

    fn list(&self, found: &[Entry<'_>]) -> Result<Made, Unfit> {
        let key = quoted(&self.key);
        let mut exact = true;
        let mut made = Vec::with_capacity(found.len());
        for entry in found {
            let first = Entry { key: &key, value: entry.key };
            let item = if let Some(value) = &self.value {
                object([first, Entry { key: &quoted(value), value: entry.value }])
            } else {
                let rest = members(entry.value)
                    .ok_or_else(|| Unfit("a value of the map that is no object".to_owned()))?;
                let count = rest.len();
                let rest: Vec<Entry<'_>> =
                    rest.into_iter().filter(|one| one.name() != *self.key).collect();
                exact &= rest.len() == count;
                object([first].into_iter().chain(rest))
            };
            made.push(item);
        }
        Ok(Made { text: array(made.iter().map(String::as_str)), exact })
    }

    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        match self.way {
            KeyedWay::Map(_) => by_type(sender, schema, |kind, part| {
                (kind == "array").then(|| vec![self.map_of(part, schema)])
            }),
            KeyedWay::List => by_type(sender, schema, |kind, part| {
                (kind == "object").then(|| {
                    objects(part).into_iter().map(|one| self.list_of(&one, schema)).collect()
                })
            }),
        }
    }

    fn map_of(&self, part: &Branch, schema: &Schema) -> Value {
        let (item, least, most) = super::twin::items(part);
        let entries = of_type(&item, schema, "object");
        let value = |mut one: Object| {
            if let Some(value) = &self.value {
                one.member(value)
            } else {
                one.remove(&self.key);
                one.schema()
            }
        };
        let values: Vec<Value> = entries.iter().flat_map(objects).map(value).collect();
        let mut map = json!({"type": "object", "additionalProperties": union(values)});
        if let Some(members) = map.as_object_mut() {
            // Doubles may become one.
            members.extend((least > 0).then(|| ("minProperties".to_owned(), json!(1))));
            members.extend(most.map(|most| ("maxProperties".to_owned(), json!(most))));
        }
        map
    }

    fn list_of(&self, object: &Object, schema: &Schema) -> Value {
        let least = object.required.len();
        let item = |value: Value| -> Vec<Value> {
            let key = json!({"type": "string"});
            if let Some(name) = &self.value {
                vec![json!({
                    "type": "object",
                    "properties": {&*self.key: key, &**name: value},
                    "required": [&*self.key, &**name],
                    "additionalProperties": false,
                })]
            } else {
                let entries = of_type(&value, schema, "object");
                let with = |mut one: Object| {
                    one.insert(&self.key, key.clone(), true);
                    one.schema()
                };
                entries.iter().flat_map(objects).map(with).collect()
            }
        };
        let items: Vec<Value> = object.values().into_iter().flat_map(item).collect();
        let mut list = json!({"type": "array", "items": union(items)});
        if let Some(members) = list.as_object_mut() {
            members.extend((least > 0).then(|| ("minItems".to_owned(), json!(least))));
        }
        list
    }

    /// A map whose values stand in a member of their own loses nothing.
    pub(super) const fn may_lose(&self) -> bool {
        !matches!(self.way, KeyedWay::List) || self.value.is_none()
    }

    pub(super) fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        match self.way {
            KeyedWay::Map(duplicate) => {
                let mut required = vec![&*self.key];
                required.extend(self.value.as_deref());
                let wanted = json!({"type": "object", "required": required, "properties": {&*self.key: {"type": "string"}}});
                of_type(sender, schema, "array").iter().all(|part| {
                    let (item, _, most) = super::twin::items(part);
                    let few = duplicate != Duplicate::Error || most.is_some_and(|most| most <= 1);
                    most == Some(0) || (few && proved(&item, schema, &wanted))
                })
            }
            KeyedWay::List if self.value.is_some() => true,
            KeyedWay::List => {
                of_type(sender, schema, "object").iter().flat_map(objects).all(|one| {
                    one.values()
                        .iter()
                        .all(|value| proved(value, schema, &json!({"type": "object"})))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{Duplicate, Keyed, KeyedWay};
    use crate::plan::transform::Transform;
    use crate::plan::transform::testing::{self, check, check_twin, no_invention, there_and_back};

    fn keyed(value: Option<&str>, way: KeyedWay) -> Transform {
        Transform::Keyed(Keyed { key: "id".into(), value: value.map(Into::into), way })
    }

    const LIST: &str = r#"[{"id":"a","n":1.0},{ "n":2 , "id" : "b"}]"#;

    #[test]
    fn a_list_becomes_a_map_in_its_order() {
        let map = keyed(None, KeyedWay::Map(Duplicate::Error));
        check(
            &map,
            &[
                (LIST, Ok((r#"{"a":{"n":1.0},"b":{"n":2}}"#, true))),
                ("[]", Ok(("{}", true))),
                ("null", Ok(("null", true))),
                (r#"[{"n":1}]"#, Err("an entry without the text `id`")),
                (r#"[{"id":1}]"#, Err("an entry without the text `id`")),
                (r#"[{"id":"a"},{"id":"\u0061"}]"#, Err("a list with two entries of one key")),
            ],
        );
        let double = r#"[{"id":"a","n":1},{"id":"b","n":2},{"id":"a","n":3}]"#;
        check(
            &keyed(Some("n"), KeyedWay::Map(Duplicate::Last)),
            &[(double, Ok((r#"{"a":3,"b":2}"#, false)))],
        );
        check(
            &keyed(Some("n"), KeyedWay::Map(Duplicate::First)),
            &[(double, Ok((r#"{"a":1,"b":2}"#, false)))],
        );
        check(
            &keyed(Some("m"), KeyedWay::Map(Duplicate::First)),
            &[(LIST, Err("an entry without `m`"))],
        );
    }

    #[test]
    fn a_map_becomes_a_list_in_its_order() {
        check(
            &keyed(None, KeyedWay::List),
            &[
                (
                    r#"{"b":{"n":1},"a":{"id":"x"}}"#,
                    Ok((r#"[{"id":"b","n":1},{"id":"a"}]"#, false)),
                ),
                (r#"{"b":1}"#, Err("a value of the map that is no object")),
            ],
        );
        check(
            &keyed(Some("n"), KeyedWay::List),
            &[(r#"{"b":1}"#, Ok((r#"[{"id":"b","n":1}]"#, true)))],
        );
    }

    #[test]
    fn the_twin_knows_keys_and_values() {
        let item = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}, "additionalProperties": false});
        let list = json!({"type": "array", "items": item, "minItems": 2});
        let value = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
        let map = json!({"type": "object", "additionalProperties": value, "minProperties": 1});
        check_twin(&keyed(None, KeyedWay::Map(Duplicate::Last)), list.clone(), &map, true);
        check_twin(&keyed(None, KeyedWay::Map(Duplicate::Error)), list, &map, false);
        let sender = json!({"type": "object", "additionalProperties": value});
        check_twin(
            &keyed(None, KeyedWay::List),
            sender,
            &json!({"type": "array", "items": item}),
            true,
        );
        check_twin(
            &keyed(Some("n"), KeyedWay::List),
            json!({"type": "object", "additionalProperties": {"type": "integer"}, "required": ["EUR"]}),
            &json!({"type": "array", "minItems": 1, "items": {"type": "object", "required": ["id", "n"], "additionalProperties": false,
                "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}}}),
            true,
        );
    }

    proptest! {
        #[test]
        fn there_and_back_again(value in testing::json()) {
            let text = value.to_string();
            for value in [None, Some("n")] {
                let (map, list) = (keyed(value, KeyedWay::Map(Duplicate::Error)), keyed(value, KeyedWay::List));
                if !text.starts_with('[') {
                    there_and_back(&list, &map, &text);
                }
                no_invention(&list, &text, &[json!("id"), json!("n")]);
            }
        }
    }
}
