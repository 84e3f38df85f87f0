//! One member that came under two names (lens L1 with `on_conflict`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::pointer::Pointer;
use crate::schema::Schema;

use super::decimal::Decimal;
use super::model::{Made, Unfit};
use super::raw::{Entry, is_number, items, members, object, quoted, unquoted};
use super::twin::{Object, by_type, objects, of_type, union};

/// A member that its sender calls `own`, and what becomes of an object that has it under the reader's name too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// The sender's name.
    pub own: String,
    /// The reader's name.
    pub other: String,
    /// Which of the two values stays.
    pub stays: Stays,
}

/// Which of two values stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stays {
    /// The one under the sender's name.
    Own,
    /// The one under the reader's name.
    Other,
    /// Either, as they have to be equal.
    Equal,
}

impl Settle {
    /// What is left stands under the sender's name, at the place of the first of the two.
    pub(super) fn apply(&self, text: &str) -> Result<Made, Unfit> {
        let Some(all) = members(text) else { return Ok(Made::exact(text.to_owned())) };
        let find = |name: &str| all.iter().position(|entry| entry.name() == name);
        let (own, other) = (find(&self.own), find(&self.other));
        let value = |at: usize| all.get(at).map_or("null", |entry| entry.value);
        let (first, value, exact) = match (own, other) {
            (_, None) => return Ok(Made::exact(text.to_owned())),
            (None, Some(other)) => (other, value(other), true),
            (Some(own), Some(other)) => {
                let same = equal(value(own), value(other));
                if self.stays == Stays::Equal && !same {
                    let Self { own, other, .. } = self;
                    return Err(Unfit(format!("`{own}` and `{other}` say different things")));
                }
                let stays = if self.stays == Stays::Other { other } else { own };
                (own.min(other), value(stays), same)
            }
        };
        let key = quoted(&self.own);
        let written = all.iter().enumerate().filter_map(|(at, entry)| match at {
            at if at == first => Some(Entry { key: &key, value }),
            at if Some(at) == own || Some(at) == other => None,
            _ => Some(*entry),
        });
        Ok(Made { text: object(written.collect::<Vec<_>>()), exact })
    }

    /// The place in `text` of one in what is left: under the name whose value stayed.
    pub(super) fn origin_in(&self, text: &str, place: &Pointer) -> Pointer {
        let has = |name: &str| {
            members(text).is_some_and(|all| all.iter().any(|entry| entry.name() == name))
        };
        let other = has(&self.other) && (self.stays == Stays::Other || !has(&self.own));
        let mut tokens = place.tokens();
        match tokens.next() {
            Some(first) if first == self.own && other => {
                tokens.fold(Pointer::root().join(&self.other), |at, token| at.join(&token))
            }
            _ => place.clone(),
        }
    }

    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            (kind == "object")
                .then(|| objects(part).into_iter().map(|one| self.settled(one)).collect())
        })
    }

    fn settled(&self, mut one: Object) -> Value {
        let required = one.requires(&self.own) || one.requires(&self.other);
        let mut values = vec![one.member(&self.own)];
        // what is not declared goes as it came, here as under any other name
        if one.properties.contains_key(&self.other) {
            values.push(one.member(&self.other));
        }
        values.retain(|value| *value != Value::Bool(false));
        one.remove(&self.other);
        if !values.is_empty() {
            one.insert(&self.own, union(values), required);
        }
        one.schema()
    }

    /// Whether a sender may declare both names of one object.
    fn declares_both(&self, sender: &Value, schema: &Schema) -> bool {
        let may = |one: &Object, name: &str| {
            one.properties.contains_key(name) && one.member(name) != Value::Bool(false)
        };
        let parts = of_type(sender, schema, "object");
        parts.iter().flat_map(objects).any(|one| may(&one, &self.own) && may(&one, &self.other))
    }

    pub(super) fn may_lose(&self, sender: &Value, schema: &Schema) -> bool {
        self.stays != Stays::Equal && self.declares_both(sender, schema)
    }

    pub(super) fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        self.stays != Stays::Equal || !self.declares_both(sender, schema)
    }
}

/// Whether two texts are the same JSON value: numbers by their exact value, members in any order.
fn equal(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    if let (Some(one), Some(other)) = (members(one), members(other)) {
        let named = |all: Vec<Entry<'_>>| -> BTreeMap<String, String> {
            all.iter().map(|entry| (entry.name(), entry.value.to_owned())).collect()
        };
        let (one, other) = (named(one), named(other));
        return one.len() == other.len()
            && one
                .iter()
                .all(|(name, value)| other.get(name).is_some_and(|two| equal(value, two)));
    }
    if let (Some(one), Some(other)) = (items(one), items(other)) {
        return one.len() == other.len()
            && one.iter().zip(&other).all(|(one, two)| equal(one, two));
    }
    if is_number(one) && is_number(other) {
        return Decimal::parse(one).is_some_and(|value| Some(value) == Decimal::parse(other));
    }
    matches!((unquoted(one), unquoted(other)), (Some(one), Some(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::model::Transform;
    use super::super::testing::{check, check_twin, json as any_json, no_invention};
    use super::{Settle, Stays, equal};
    use crate::pointer::Pointer;

    fn settle(stays: Stays) -> Transform {
        Transform::Settle(Settle { own: "a".to_owned(), other: "b".to_owned(), stays })
    }

    const BOTH: &str = r#"{ "x":1, "b" : 2.0,"a":3,"y":[] }"#;

    #[test]
    fn one_of_two_values_stays_under_the_senders_name() {
        let alone = [
            (r#"{ "a":1 }"#, Ok((r#"{ "a":1 }"#, true))),
            (r#"{"x":0,"b":1.50}"#, Ok((r#"{"x":0,"a":1.50}"#, true))),
            (r#"{"a":1.0,"b":1e0}"#, Ok((r#"{"a":1.0}"#, true))),
            ("[1]", Ok(("[1]", true))),
        ];
        for stays in [Stays::Own, Stays::Equal] {
            check(&settle(stays), &alone);
        }
        check(&settle(Stays::Own), &[(BOTH, Ok((r#"{"x":1,"a":3,"y":[]}"#, false)))]);
        check(&settle(Stays::Other), &[(BOTH, Ok((r#"{"x":1,"a":2.0,"y":[]}"#, false)))]);
        check(&settle(Stays::Equal), &[(BOTH, Err("`a` and `b` say different things"))]);
    }

    #[test]
    fn values_are_equal_by_what_they_say() {
        for (one, other) in [
            ("1", "1.0"),
            ("1e2", "100"),
            (r#""\u0061""#, r#""a""#),
            (r#"{"a":[1],"b":null}"#, r#"{ "b":null, "a" : [1.0] }"#),
        ] {
            assert!(equal(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("1", "\"1\""),
            ("12345678901234567890123", "12345678901234567890124"),
            ("[1]", "[1,1]"),
            ("null", "false"),
            ("{}", "[]"),
        ] {
            assert!(!equal(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_place_leads_to_the_name_whose_value_stayed() {
        let check = |stays, text: &str, wanted: &str| {
            let place = Pointer::parse("/a/0").unwrap();
            assert_eq!(settle(stays).origin_in(text, &place).as_str(), wanted, "{text}");
        };
        check(Stays::Own, r#"{"a":[1],"b":[2]}"#, "/a/0");
        check(Stays::Other, r#"{"a":[1],"b":[2]}"#, "/b/0");
        check(Stays::Own, r#"{"b":[2]}"#, "/b/0");
    }

    #[test]
    fn the_twin_has_one_name() {
        let sender = json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
            "required": ["b"], "additionalProperties": false});
        let image = json!({"type": "object", "properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "string"}]}},
            "required": ["a"], "additionalProperties": false});
        check_twin(&settle(Stays::Own), sender.clone(), &image, true);
        check_twin(&settle(Stays::Other), sender.clone(), &image, true);
        check_twin(&settle(Stays::Equal), sender, &image, false);
        let one = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false});
        check_twin(&settle(Stays::Equal), one.clone(), &one, true);
    }

    proptest! {
        #[test]
        fn nothing_is_invented(value in any_json()) {
            for stays in [Stays::Own, Stays::Other] {
                no_invention(&settle(stays), &value.to_string(), &[json!("a")]);
            }
        }
    }
}
