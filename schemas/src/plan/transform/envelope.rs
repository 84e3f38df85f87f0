//! A bare value put into an object beside supplied members, and taken out again (lens L16).

use serde_json::{Map, Value, json};
use std::fmt::Write as _;

use crate::plan::outside::Values;
use crate::plan::program::Literal;
use crate::schema::Schema;

use super::model::{Made, Unfit};
use super::raw::{members, quoted, unquoted};
use super::twin::{is_never, objects, of_type, union};

/// A member that holds a value, and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The member that holds the value.
    pub member: String,
    /// Members that are written beside it, and are expected there: their values are lost where they are others.
    pub beside: Vec<(String, Literal)>,
    /// Relations of `Link` fields (RFC 8288) and the members that hold their targets: written where there is such a
    /// field, told as one when the value is taken out.
    pub links: Vec<(String, String)>,
}

impl Envelope {
    pub(super) fn put_in(&self, text: &str, values: &Values) -> Made {
        let mut made = format!("{{{}:{}", quoted(&self.member), text.trim());
        for (relation, name) in &self.links {
            if let Some(target) = values.relations.get(relation) {
                let _ = write!(made, ",{}:{}", quoted(name), quoted(target));
            }
        }
        for (name, value) in &self.beside {
            let told = |(relation, member): &(String, String)| {
                member == name && values.relations.contains_key(relation)
            };
            if !self.links.iter().any(told) {
                let _ = write!(made, ",{}:{value}", quoted(name));
            }
        }
        made.push('}');
        Made::exact(made)
    }

    pub(super) fn take_out(&self, text: &str, values: &Values) -> Result<Made, Unfit> {
        let Some(all) = members(text) else { return Err(Unfit("it is no object".to_owned())) };
        let Some(found) = all.iter().find(|entry| entry.name() == self.member) else {
            return Err(Unfit(format!("it has no `{}`", self.member)));
        };
        let mut exact = true;
        let mut beside = 0;
        for entry in all.iter().filter(|entry| entry.name() != self.member) {
            let name = entry.name();
            let usual = self.beside.iter().find(|(one, _)| *one == name);
            let linked = self.links.iter().find(|(_, member)| *member == name);
            beside += usize::from(usual.is_some());
            let same = usual.is_some_and(|(_, literal)| {
                serde_json::from_str::<Value>(entry.value).ok()
                    == serde_json::from_str(literal).ok()
            });
            // a null and no member both say that there is no such link
            let told = linked.is_some_and(|(relation, _)| match unquoted(entry.value) {
                Some(target) => {
                    values.links.as_ref().is_some_and(|links| links.0.relate(relation, &target))
                }
                None => entry.value == "null",
            });
            exact &= same || told;
        }
        let exact = exact && beside == self.beside.len();
        Ok(Made { text: found.value.to_owned(), exact })
    }

    pub(super) fn put_in_image(&self, sender: &Value) -> Value {
        let mut properties = Map::from_iter([(self.member.clone(), sender.clone())]);
        let mut required = vec![self.member.as_str()];
        for (_, name) in &self.links {
            properties.insert(name.clone(), json!({"type": "string"}));
        }
        for (name, value) in &self.beside {
            let value = serde_json::from_str::<Value>(value).unwrap_or_default();
            let usual = json!({ "const": value });
            let either = match properties.remove(name) {
                Some(link) => union(vec![link, usual]),
                None => usual,
            };
            properties.insert(name.clone(), either);
            required.push(name);
        }
        json!({"type": "object", "properties": properties, "required": required,
               "additionalProperties": false})
    }

    pub(super) fn taken_out_image(&self, sender: &Value, schema: &Schema) -> Value {
        let parts = of_type(sender, schema, "object");
        union(parts.iter().flat_map(objects).map(|one| one.member(&self.member)).collect())
    }

    /// Whether there may be more beside the member than is said, or something else.
    pub(super) fn may_lose(&self, sender: &Value, schema: &Schema) -> bool {
        // a head that is gone takes no link
        if !self.links.is_empty() {
            return true;
        }
        of_type(sender, schema, "object").iter().flat_map(objects).any(|one| {
            let usual = |(name, literal): &(String, Literal)| {
                let value = one.member(name);
                let only = value.get("const").or_else(|| {
                    match value.get("enum")?.as_array()?.as_slice() {
                        [only] => Some(only),
                        _ => None,
                    }
                });
                one.requires(name)
                    && only.is_some()
                    && only == serde_json::from_str(literal).ok().as_ref()
            };
            let known = |name: &String| {
                *name == self.member || self.beside.iter().any(|(one, _)| one == name)
            };
            !one.is_closed() || !one.properties.keys().all(known) || !self.beside.iter().all(usual)
        })
    }

    /// Whether every value is an object with the member.
    pub(super) fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        ["null", "boolean", "number", "string", "array"]
            .iter()
            .all(|kind| is_never(kind, sender, schema))
            && of_type(sender, schema, "object")
                .iter()
                .flat_map(objects)
                .all(|one| one.requires(&self.member))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::model::Transform;
    use super::super::testing::{check, check_twin, json as any_json, there_and_back};
    use super::Envelope;

    fn pair() -> (Transform, Transform) {
        let beside = vec![("has_more".to_owned(), "false".into())];
        let rule = Envelope { member: "data".to_owned(), beside, links: Vec::new() };
        (Transform::Envelop(rule.clone()), Transform::Open(rule))
    }

    #[test]
    fn a_bare_list_and_an_object_around_it() {
        check(&pair().0, &[(" [1, 2] ", Ok((r#"{"data":[1, 2],"has_more":false}"#, true)))]);
        check(
            &pair().1,
            &[
                (r#"{"has_more": false, "data": [1, 2] }"#, Ok(("[1, 2]", true))),
                (r#"{"data":[],"has_more":true}"#, Ok(("[]", false))),
                (r#"{"data":[]}"#, Ok(("[]", false))),
                (r#"{"items":[]}"#, Err("it has no `data`")),
                ("[]", Err("it is no object")),
            ],
        );
        let list = json!({"type": "array", "items": {"type": "number"}});
        let whole = json!({"type": "object", "properties": {"data": list, "has_more": {"const": false}},
            "required": ["data", "has_more"], "additionalProperties": false});
        check_twin(&pair().0, list.clone(), &whole, true);
        check_twin(&pair().1, whole, &list, true);
        let loose =
            json!({"type": "object", "properties": {"data": list}, "additionalProperties": false});
        check_twin(&pair().1, loose, &list, false);
    }

    proptest! {
        #[test]
        fn a_value_comes_out_as_it_went_in(value in any_json()) {
            let (up, down) = pair();
            there_and_back(&up, &down, &value.to_string());
            there_and_back(&down, &up, &value.to_string());
        }
    }
}
