//! Lens L13: lists sorted, filtered, and grouped by a member.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::schema::Schema;

use super::decimal::Decimal;
use super::model::{Made, Unfit};
use super::raw::{Entry, array, is_number, is_string, items, members, object, quoted, unquoted};
use super::twin::{Branch, Object, by_type, objects, of_type, proved, union};

/// A list in another order, or with fewer items.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Select {
    /// By these members, the first that differs decides; equal items keep their order. Absent and null come first,
    /// then false, true, numbers by value, texts by code point; other values are all equal.
    Sort(Vec<SortKey>),
    /// Only items of which a member is one of these; what is left out is a loss.
    Filter(Filter),
}

/// A member to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// The way to it; empty for the item itself.
    pub path: Vec<Arc<str>>,
    /// The greatest first.
    pub descending: bool,
}

/// Which items stay.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The way to the member; empty for the item itself.
    pub path: Vec<Arc<str>>,
    /// Scalars to compare with, as JSON values.
    pub values: Vec<Value>,
    /// Those with one of the values stay; otherwise those without.
    pub keep: bool,
}

fn at<'a>(item: &'a str, path: &[Arc<str>]) -> Option<&'a str> {
    path.iter().try_fold(item, |value, name| {
        members(value)?.iter().find(|entry| entry.name() == **name).map(|entry| entry.value)
    })
}

// What an item is sorted by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Nothing,
    Boolean(bool),
    Number(Decimal),
    Text(String),
    Other,
}

fn rank(value: Option<&str>) -> Rank {
    match value.map(str::trim) {
        None | Some("null") => Rank::Nothing,
        Some("true") => Rank::Boolean(true),
        Some("false") => Rank::Boolean(false),
        Some(text) if is_number(text) => Decimal::parse(text).map_or(Rank::Other, Rank::Number),
        Some(text) => unquoted(text).map_or(Rank::Other, Rank::Text),
    }
}

impl Filter {
    fn stays(&self, item: &str) -> bool {
        let seen = rank(at(item, &self.path));
        let listed = self.values.iter().any(|value| {
            let value = value.to_string();
            let known = rank(Some(&value));
            known != Rank::Other && known == seen
        });
        listed == self.keep
    }
}

impl Select {
    /// For each item of the output, which item of the input it is; `None` for another value than a list.
    pub fn indices(&self, text: &str) -> Option<Vec<usize>> {
        let found = items(text)?;
        Some(match self {
            Self::Filter(filter) => {
                let stays = |(index, item): (usize, &&str)| filter.stays(item).then_some(index);
                found.iter().enumerate().filter_map(stays).collect()
            }
            Self::Sort(keys) => {
                let ranks = |item: &&str| -> Vec<Rank> {
                    keys.iter().map(|key| rank(at(item, &key.path))).collect()
                };
                let mut ranked: Vec<(usize, Vec<Rank>)> =
                    found.iter().map(ranks).enumerate().collect();
                ranked.sort_by(|(_, left), (_, right)| by_keys(keys, left, right));
                ranked.into_iter().map(|(index, _)| index).collect()
            }
        })
    }

    pub(super) fn apply(&self, text: &str) -> Made {
        let (Some(found), Some(indices)) = (items(text), self.indices(text)) else {
            return Made::exact(text.trim().to_owned());
        };
        let exact = indices.iter().copied().eq(0..found.len());
        let chosen = indices.iter().filter_map(|index| found.get(*index).copied());
        Made { text: array(chosen), exact }
    }

    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| (kind == "array").then(|| vec![self.list_of(part)]))
    }

    fn list_of(&self, part: &Branch) -> Value {
        let (item, least, most) = super::twin::items(part);
        let mut list = Map::from_iter([("type".to_owned(), json!("array"))]);
        let (item, least) = match self {
            Self::Sort(_) => (item, least),
            Self::Filter(filter) => (filter.narrowed(item), 0),
        };
        list.insert("items".to_owned(), item);
        if least > 0 {
            list.insert("minItems".to_owned(), json!(least));
        }
        list.extend(most.map(|most| ("maxItems".to_owned(), json!(most))));
        list.extend(
            part.get("uniqueItems").map(|unique| ("uniqueItems".to_owned(), unique.clone())),
        );
        Value::Object(list)
    }
}

impl Filter {
    // What is known of an item that stays.
    fn narrowed(&self, item: Value) -> Value {
        let scalars = self.values.iter().all(|value| !value.is_null());
        if !self.keep || !scalars || self.values.is_empty() {
            return item;
        }
        let inner = json!({"enum": self.values});
        let known = self.path.iter().rev().fold(inner, |inner, name| {
            json!({"type": "object", "properties": {&**name: inner}, "required": [&**name]})
        });
        json!({"allOf": [item, known]})
    }
}

/// A list of objects, and a map of such lists by one of their members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The member; in a group its value is the name and not a member.
    pub by: Arc<str>,
    /// From the list to the map, or back.
    pub into_groups: bool,
}

impl Group {
    pub(super) fn apply(&self, text: &str) -> Result<Made, Unfit> {
        if self.into_groups {
            items(text).map_or_else(
                || Ok(Made::exact(text.trim().to_owned())),
                |found| self.grouped(&found),
            )
        } else {
            members(text)
                .map_or_else(|| Ok(Made::exact(text.trim().to_owned())), |found| self.flat(&found))
        }
    }

    fn grouped(&self, found: &[&str]) -> Result<Made, Unfit> {
        let unfit = || Unfit(format!("an item without the text `{}`", self.by));
        let mut groups: Vec<(String, &str, Vec<String>)> = Vec::new();
        let mut exact = true;
        for item in found {
            let entries = members(item).ok_or_else(unfit)?;
            let by = |entry: &&Entry<'_>| entry.name() == *self.by;
            let key = entries
                .iter()
                .find(by)
                .filter(|entry| is_string(entry.value))
                .ok_or_else(unfit)?
                .value;
            let name = unquoted(key).unwrap_or_default();
            let rest = object(entries.iter().filter(|entry| !by(entry)).copied());
            match groups.iter().position(|(one, ..)| *one == name) {
                Some(place) => {
                    // Items of other groups in between come back in another order.
                    exact &= place + 1 == groups.len();
                    if let Some((_, _, items)) = groups.get_mut(place) {
                        items.push(rest);
                    }
                }
                None => groups.push((name, key, vec![rest])),
            }
        }
        let lists: Vec<(&str, String)> = groups
            .iter()
            .map(|(_, key, items)| (*key, array(items.iter().map(String::as_str))))
            .collect();
        let text = object(lists.iter().map(|(key, value)| Entry { key, value }));
        Ok(Made { text, exact })
    }

    fn flat(&self, found: &[Entry<'_>]) -> Result<Made, Unfit> {
        let key = quoted(&self.by);
        let mut all = Vec::new();
        let mut exact = true;
        for group in found {
            let list =
                items(group.value).ok_or_else(|| Unfit("a group that is no list".to_owned()))?;
            exact &= !list.is_empty();
            for item in list {
                let rest = members(item)
                    .ok_or_else(|| Unfit("an item of a group that is no object".to_owned()))?;
                let count = rest.len();
                let rest: Vec<Entry<'_>> =
                    rest.into_iter().filter(|entry| entry.name() != *self.by).collect();
                exact &= rest.len() == count;
                all.push(object([Entry { key: &key, value: group.key }].into_iter().chain(rest)));
            }
        }
        Ok(Made { text: array(all.iter().map(String::as_str)), exact })
    }

    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        if self.into_groups {
            return by_type(sender, schema, |kind, part| {
                (kind == "array").then(|| vec![self.groups_of(part, schema)])
            });
        }
        by_type(sender, schema, |kind, part| {
            (kind == "object")
                .then(|| objects(part).into_iter().map(|one| self.list_of(&one, schema)).collect())
        })
    }

    fn groups_of(&self, part: &Branch, schema: &Schema) -> Value {
        let (item, least, most) = super::twin::items(part);
        let without = |mut one: Object| {
            one.remove(&self.by);
            one.schema()
        };
        let entries = of_type(&item, schema, "object");
        let values: Vec<Value> = entries.iter().flat_map(objects).map(without).collect();
        let mut list = json!({"type": "array", "items": union(values), "minItems": 1});
        if let (Some(members), Some(most)) = (list.as_object_mut(), most) {
            members.insert("maxItems".to_owned(), json!(most));
        }
        let mut map = json!({"type": "object", "additionalProperties": list});
        if let Some(members) = map.as_object_mut() {
            members.extend((least > 0).then(|| ("minProperties".to_owned(), json!(1))));
        }
        map
    }

    fn list_of(&self, object: &Object, schema: &Schema) -> Value {
        let with = |mut one: Object| {
            one.insert(&self.by, json!({"type": "string"}), true);
            one.schema()
        };
        let lists = object.values();
        let lists = lists.iter().flat_map(|value| of_type(value, schema, "array"));
        let found: Vec<Branch> = lists
            .flat_map(|list| of_type(&super::twin::items(&list).0, schema, "object"))
            .collect();
        json!({"type": "array", "items": union(found.iter().flat_map(objects).map(with).collect())})
    }

    pub(super) fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        if self.into_groups {
            let wanted = json!({"type": "object", "required": [&*self.by], "properties": {&*self.by: {"type": "string"}}});
            return of_type(sender, schema, "array").iter().all(|part| {
                let (item, _, most) = super::twin::items(part);
                most == Some(0) || proved(&item, schema, &wanted)
            });
        }
        let wanted = json!({"type": "array", "items": {"type": "object"}});
        of_type(sender, schema, "object")
            .iter()
            .flat_map(objects)
            .all(|one| one.values().iter().all(|value| proved(value, schema, &wanted)))
    }
}

/// The first key on which two items differ decides.
fn by_keys(keys: &[SortKey], left: &[Rank], right: &[Rank]) -> Ordering {
    let each = keys
        .iter()
        .zip(left.iter().zip(right))
        .map(|(key, (left, right))| if key.descending { right.cmp(left) } else { left.cmp(right) });
    each.fold(Ordering::Equal, Ordering::then)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{Filter, Group, Select, SortKey};
    use crate::plan::transform::Transform;
    use crate::plan::transform::testing::{self, check, check_twin, no_invention, there_and_back};

    fn sort(keys: &[(&str, bool)]) -> Transform {
        let key = |(path, descending): &(&str, bool)| SortKey {
            path: path.split('/').filter(|name| !name.is_empty()).map(Into::into).collect(),
            descending: *descending,
        };
        Transform::Select(Select::Sort(keys.iter().map(key).collect()))
    }

    fn filter(path: &str, values: &[serde_json::Value], keep: bool) -> Transform {
        Transform::Select(Select::Filter(Filter {
            path: vec![path.into()],
            values: values.to_vec(),
            keep,
        }))
    }

    fn group(into_groups: bool) -> Transform {
        Transform::Group(Group { by: "k".into(), into_groups })
    }

    #[test]
    fn sorting_keeps_what_is_equal_in_place() {
        let list =
            r#"[{"a":{"b":2},"n":1},{"a":{"b":1.0}},{"n":2},{"a":{"b":10}},{"a":{"b":2.0},"n":0}]"#;
        check(
            &sort(&[("a/b", false), ("n", true)]),
            &[(
                list,
                Ok((
                    r#"[{"n":2},{"a":{"b":1.0}},{"a":{"b":2},"n":1},{"a":{"b":2.0},"n":0},{"a":{"b":10}}]"#,
                    false,
                )),
            )],
        );
        check(
            &sort(&[("", true)]),
            &[
                (r#"["b",null,"a",3,true]"#, Ok((r#"["b","a",3,true,null]"#, false))),
                ("1", Ok(("1", true))),
            ],
        );
        let Transform::Select(select) = sort(&[("a/b", false), ("n", true)]) else {
            unreachable!()
        };
        assert_eq!(select.indices(list), Some(vec![2, 1, 0, 4, 3]));
    }

    #[test]
    fn filtering_tells_what_it_left_out() {
        let list = r#"[{"s":"open"},{"s":"closed"},{}]"#;
        check(
            &filter("s", &[json!("open")], true),
            &[(list, Ok((r#"[{"s":"open"}]"#, false))), ("[]", Ok(("[]", true)))],
        );
        check(
            &filter("s", &[json!("open")], false),
            &[(list, Ok((r#"[{"s":"closed"},{}]"#, false)))],
        );
        let item = json!({"type": "object", "required": ["s"], "properties": {"s": {"type": "string"}}, "additionalProperties": false});
        let sender = json!({"type": "array", "items": item, "minItems": 1, "maxItems": 9});
        let known =
            json!({"type": "object", "properties": {"s": {"enum": ["open"]}}, "required": ["s"]});
        check_twin(
            &filter("s", &[json!("open")], true),
            sender.clone(),
            &json!({"type": "array", "items": {"allOf": [item, known]}, "maxItems": 9}),
            true,
        );
        check_twin(&sort(&[("s", false)]), sender.clone(), &sender, true);
    }

    #[test]
    fn groups_by_a_member() {
        check(
            &group(true),
            &[
                (
                    r#"[{"k":"a","n":1.0},{"n":2,"k":"a"},{"k":"b"}]"#,
                    Ok((r#"{"a":[{"n":1.0},{"n":2}],"b":[{}]}"#, true)),
                ),
                (r#"[{"k":"a"},{"k":"b"},{"k":"a"}]"#, Ok((r#"{"a":[{},{}],"b":[{}]}"#, false))),
                ("[{}]", Err("an item without the text `k`")),
            ],
        );
        check(
            &group(false),
            &[
                (r#"{"a":[{"n":1}],"b":[]}"#, Ok((r#"[{"k":"a","n":1}]"#, false))),
                (r#"{"a":1}"#, Err("a group that is no list")),
            ],
        );
        let item = json!({"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}, "n": {"type": "integer"}}, "additionalProperties": false});
        let list = json!({"type": "array", "items": item});
        let value = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
        let map = json!({"type": "object", "additionalProperties": {"type": "array", "items": value, "minItems": 1}});
        check_twin(&group(true), list.clone(), &map, true);
        check_twin(&group(false), map, &list, true);
    }

    proptest! {
        #[test]
        fn there_and_back_again(value in testing::json(), keep in any::<bool>()) {
            let text = value.to_string();
            if value.is_object() {
                there_and_back(&group(false), &group(true), &text);
            }
            no_invention(&group(false), &text, &[json!("k")]);
            no_invention(&sort(&[("a", keep), ("", false)]), &text, &[]);
            no_invention(&filter("a", &[json!(1), json!(null)], keep), &text, &[]);
        }

        #[test]
        fn groups_come_back(list in prop::collection::vec(("[ab]", 0..3_u8), 0..6)) {
            let items: Vec<_> = list.iter().map(|(key, number)| json!({"k": key, "n": number})).collect();
            there_and_back(&group(true), &group(false), &json!(items).to_string());
        }

        #[test]
        fn indices_lead_to_the_items(list in prop::collection::vec(0..9_i32, 0..8)) {
            let text = json!(list).to_string();
            let select = Select::Sort(vec![SortKey { path: vec![], descending: false }]);
            let indices = select.indices(&text).unwrap();
            let mut wanted = list.clone();
            wanted.sort_unstable();
            let seen: Vec<i32> = indices.iter().map(|index| list[*index]).collect();
            prop_assert_eq!(seen, wanted);
        }
    }
}
