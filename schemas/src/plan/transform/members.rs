//! Lenses L5 and L11: members of one object made of others, by template, by pattern, or the first that is there.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::schema::Schema;

use super::model::{Made, Unfit};
use super::pattern::{Pattern, Template};
use super::raw::{Entry, is_null, is_number, is_string, members, object, quoted, unquoted};
use super::twin::{Object, by_type, objects, of_type, proved};

/// What becomes of a text that does not match, or of members that make none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFail {
    /// The object is not taken.
    Error,
    /// The members are left out.
    Omit,
    /// They get these values, JSON texts by name; those without one are left out.
    Default(Vec<(Arc<str>, Arc<str>)>),
}

/// One member becomes several. All are texts; null and absent stay what they are for all of them. An object only.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The member that is taken apart.
    pub from: Arc<str>,
    /// Those that it becomes, in the order in which they are written; each a group of `pattern`.
    pub into: Vec<Arc<str>>,
    /// How it is taken apart.
    pub pattern: Pattern,
    /// How it is put together again: what does not come back is a loss.
    pub template: Template,
    /// Texts that do not match, and values that are no texts.
    pub on_fail: OnFail,
}

/// Several members become one: the way back of a [`Split`].
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// The members that are put together.
    pub from: Vec<Arc<str>>,
    /// The member that they become.
    pub into: Arc<str>,
    /// How they are put together.
    pub template: Template,
    /// How they are taken apart again: what does not come back is a loss.
    pub pattern: Pattern,
    /// Some of the members are not there, or are no texts.
    pub on_fail: OnFail,
}

/// A member made of others, which stay. It is absent where it cannot be made, and never replaces one that is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Compute {
    /// The member that is written, last in the object.
    pub name: Arc<str>,
    /// Of what.
    pub source: Computed,
}

/// Of what a member is made.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Computed {
    /// A text of others.
    Template(Template),
    /// A copy of the first of these that is there and is not null.
    FirstOf(Vec<Arc<str>>),
}

// The text of a scalar: strings as they are, numbers and booleans as they are written.
fn said(value: &str) -> Option<String> {
    if is_string(value) {
        return unquoted(value);
    }
    (is_number(value) || matches!(value, "true" | "false")).then(|| value.to_owned())
}

fn find<'a>(entries: &[Entry<'a>], name: &str) -> Option<&'a str> {
    entries.iter().find(|entry| entry.name() == name).map(|entry| entry.value)
}

/// `new` in the place of the first member of `gone`, all of which go.
fn replaced(entries: &[Entry<'_>], gone: &[Arc<str>], new: &[(String, String)]) -> String {
    let new: Vec<(String, &str)> =
        new.iter().map(|(name, value)| (quoted(name), value.as_str())).collect();
    let is_gone = |entry: &Entry<'_>| gone.iter().any(|name| **name == *entry.name());
    let overwritten =
        |entry: &Entry<'_>| new.iter().any(|(key, _)| unquoted(key) == Some(entry.name()));
    let place = entries.iter().position(is_gone).unwrap_or(entries.len());
    let (before, after) = entries.split_at_checked(place).unwrap_or((entries, &[]));
    let kept = |part: &[Entry<'_>]| -> Vec<(String, String)> {
        part.iter()
            .filter(|entry| !is_gone(entry) && !overwritten(entry))
            .map(|entry| (entry.key.to_owned(), entry.value.to_owned()))
            .collect()
    };
    let new = new.iter().map(|(key, value)| (key.clone(), (*value).to_owned()));
    let all: Vec<(String, String)> =
        kept(before).into_iter().chain(new).chain(kept(after)).collect();
    object(all.iter().map(|(key, value)| Entry { key, value }))
}

impl OnFail {
    // What stands for members that could not be made.
    fn instead(&self, of: &[Arc<str>], unfit: &str) -> Result<Vec<(String, String)>, Unfit> {
        match self {
            Self::Error => Err(Unfit(unfit.to_owned())),
            Self::Omit => Ok(Vec::new()),
            Self::Default(values) => Ok(values
                .iter()
                .filter(|(name, _)| of.contains(name))
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect()),
        }
    }

    // What may stand for one of them; `None` for nothing.
    fn of(&self, name: &str) -> Option<Value> {
        let Self::Default(values) = self else { return None };
        let (_, literal) = values.iter().find(|(one, _)| **one == *name)?;
        serde_json::from_str::<Value>(literal).ok().map(|value| json!({ "const": value }))
    }
}

impl Split {
    pub(super) fn apply(&self, text: &str) -> Result<Made, Unfit> {
        let unchanged = || Made::exact(text.trim().to_owned());
        let Some(entries) = members(text) else { return Ok(unchanged()) };
        let Some(value) = find(&entries, &self.from) else { return Ok(unchanged()) };
        let gone = [Arc::clone(&self.from)];
        let each = |value: &str| {
            self.into.iter().map(|name| (name.to_string(), value.to_owned())).collect::<Vec<_>>()
        };
        if is_null(value) {
            return Ok(Made::exact(replaced(&entries, &gone, &each("null"))));
        }
        let whole = is_string(value).then(|| unquoted(value)).flatten();
        let held = whole.as_deref().and_then(|whole| self.pattern.take(whole));
        let Some(held) = held else {
            let new = self.on_fail.instead(&self.into, "a text that the pattern does not match")?;
            return Ok(Made::lossy(replaced(&entries, &gone, &new)));
        };
        let part = |name: &str| held.iter().find(|(group, _)| group == name)?.1.clone();
        let back = self.template.fill(part);
        let new: Vec<(String, String)> = self
            .into
            .iter()
            .filter_map(|name| Some((name.to_string(), quoted(&part(name)?))))
            .collect();
        let overwrites = entries.iter().any(|entry| {
            let name = entry.name();
            *name != *self.from && new.iter().any(|(one, _)| *one == name)
        });
        let exact = back == whole && !overwrites;
        Ok(Made { text: replaced(&entries, &gone, &new), exact })
    }

    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            (kind == "object").then(|| {
                objects(part).into_iter().flat_map(|one| self.alternatives(&one, schema)).collect()
            })
        })
    }

    fn alternatives(&self, object: &Object, schema: &Schema) -> Vec<Value> {
        let from = object.member(&self.from);
        let always = object.requires(&self.from);
        let mut found = Vec::new();
        if !always {
            let mut absent = object.clone();
            absent.remove(&self.from);
            found.push(absent.schema());
        }
        let with = |values: &dyn Fn(&str) -> Option<(Value, bool)>| {
            let mut object = object.clone();
            object.remove(&self.from);
            for name in &self.into {
                if let Some((value, required)) = values(name) {
                    object.insert(name, value, required);
                }
            }
            object.schema()
        };
        if !of_type(&from, schema, "null").is_empty() {
            found.push(with(&|_| Some((json!({"type": "null"}), true))));
        }
        found.push(with(&|name| {
            let (text, before) = (json!({"type": "string"}), object.member(name));
            let always = self.pattern.always(name);
            let kept = !always && before != Value::Bool(false) && *name != *self.from;
            Some((if kept { json!({"anyOf": [text, before]}) } else { text }, always))
        }));
        if self.on_fail != OnFail::Error {
            found.push(with(&|name| self.on_fail.of(name).map(|value| (value, true))));
        }
        found
    }

    pub(super) fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        let pattern = format!("^(?:{})$", self.pattern.source());
        let wanted = json!({"anyOf": [{"type": "null"}, {"type": "string", "pattern": pattern}]});
        self.on_fail != OnFail::Error
            || of_type(sender, schema, "object").iter().flat_map(objects).all(|object| {
                let from = object.member(&self.from);
                from == Value::Bool(false) || proved(&from, schema, &wanted)
            })
    }
}

impl Merge {
    pub(super) fn apply(&self, text: &str) -> Result<Made, Unfit> {
        let unchanged = || Made::exact(text.trim().to_owned());
        let Some(entries) = members(text) else { return Ok(unchanged()) };
        let values: Vec<Option<&str>> = self.from.iter().map(|name| find(&entries, name)).collect();
        if values.iter().all(Option::is_none) {
            return Ok(unchanged());
        }
        if values.iter().all(|value| value.is_some_and(is_null)) {
            let new = [(self.into.to_string(), "null".to_owned())];
            return Ok(Made::exact(replaced(&entries, &self.from, &new)));
        }
        let part = |name: &str| find(&entries, name).and_then(said);
        let Some(whole) = self.template.fill(part) else {
            let new = self.on_fail.instead(
                std::slice::from_ref(&self.into),
                "an object without all of the members that make one",
            )?;
            return Ok(Made::lossy(replaced(&entries, &self.from, &new)));
        };
        let held = self.pattern.take(&whole);
        let back = |name: &Arc<str>| {
            let group =
                held.as_ref().and_then(|held| held.iter().find(|(group, _)| **group == **name));
            let text = group.and_then(|(_, text)| text.as_deref()).map(quoted);
            // Spelled otherwise in the input it still says the same.
            text.as_deref().and_then(unquoted)
                == find(&entries, name).filter(|value| is_string(value)).and_then(unquoted)
                && find(&entries, name).is_none_or(is_string)
        };
        let exact = self.from.iter().all(back) && find(&entries, &self.into).is_none();
        let new = [(self.into.to_string(), quoted(&whole))];
        Ok(Made { text: replaced(&entries, &self.from, &new), exact })
    }

    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            (kind == "object").then(|| {
                objects(part).into_iter().flat_map(|one| self.alternatives(&one, schema)).collect()
            })
        })
    }

    fn alternatives(&self, object: &Object, schema: &Schema) -> Vec<Value> {
        let mut without = object.clone();
        for name in &self.from {
            without.remove(name);
        }
        let with = |value: Value| {
            let mut object = without.clone();
            object.insert(&self.into, value, true);
            object.schema()
        };
        let text = match self.template.least() {
            0 => json!({"type": "string"}),
            least => json!({"type": "string", "minLength": least}),
        };
        let mut found = vec![with(text)];
        let null = |name: &Arc<str>| !of_type(&object.member(name), schema, "null").is_empty();
        if self.from.iter().all(null) {
            found.push(with(json!({"type": "null"})));
        }
        if !self.from.iter().any(|name| object.requires(name)) {
            found.push(without.clone().schema());
        }
        match &self.on_fail {
            OnFail::Error => {}
            OnFail::Omit => found.push(without.clone().schema()),
            OnFail::Default(_) => found
                .push(self.on_fail.of(&self.into).map_or_else(|| without.clone().schema(), with)),
        }
        found
    }

    pub(super) fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        let text = json!({"type": ["string", "number", "boolean"]});
        self.on_fail != OnFail::Error
            || of_type(sender, schema, "object").iter().flat_map(objects).all(|object| {
                let possible = |name: &str| object.member(name) != Value::Bool(false);
                let texts = |name: &&str| {
                    object.requires(name) && proved(&object.member(name), schema, &text)
                };
                !self.from.iter().any(|name| possible(name))
                    || self.template.names().iter().all(texts)
            })
    }
}

impl Compute {
    /// The members that it is made of.
    pub(crate) fn reads(&self) -> Vec<&str> {
        match &self.source {
            Computed::Template(template) => template.names(),
            Computed::FirstOf(names) => names.iter().map(|name| &**name).collect(),
        }
    }

    pub(super) fn apply(&self, text: &str) -> Made {
        let unchanged = || Made::exact(text.trim().to_owned());
        let Some(entries) = members(text) else { return unchanged() };
        if find(&entries, &self.name).is_some() {
            return unchanged();
        }
        let value = match &self.source {
            Computed::Template(template) => {
                template.fill(|name| find(&entries, name).and_then(said)).map(|text| quoted(&text))
            }
            Computed::FirstOf(names) => {
                let there = |name: &Arc<str>| find(&entries, name).filter(|value| !is_null(value));
                names.iter().find_map(there).map(str::to_owned)
            }
        };
        let Some(value) = value else { return unchanged() };
        let key = quoted(&self.name);
        let new = Entry { key: &key, value: &value };
        Made::exact(object(entries.iter().copied().chain([new])))
    }

    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            (kind == "object").then(|| {
                objects(part).into_iter().map(|one| self.with(one, schema).schema()).collect()
            })
        })
    }

    fn with(&self, mut object: Object, schema: &Schema) -> Object {
        let before = object.member(&self.name);
        let (value, always) = match &self.source {
            Computed::Template(template) => {
                let text = json!({"type": ["string", "number", "boolean"]});
                let sure = |name: &&str| {
                    object.requires(name) && proved(&object.member(name), schema, &text)
                };
                let least = template.least();
                let made = if least == 0 {
                    json!({"type": "string"})
                } else {
                    json!({"type": "string", "minLength": least})
                };
                (made, template.names().iter().all(sure))
            }
            Computed::FirstOf(names) => {
                let present = json!({"not": {"type": "null"}});
                let member = |name: &Arc<str>| json!({"allOf": [object.member(name), present]});
                let sure = |name: &Arc<str>| {
                    object.requires(name)
                        && of_type(&object.member(name), schema, "null").is_empty()
                };
                let parts: Vec<Value> = names.iter().map(member).collect();
                (json!({ "anyOf": parts }), names.iter().any(sure))
            }
        };
        let required = always || object.requires(&self.name);
        let all =
            if before == Value::Bool(false) { value } else { json!({"anyOf": [before, value]}) };
        object.insert(&self.name, all, required);
        object
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{Compute, Computed, Merge, OnFail, Split};
    use crate::plan::transform::testing::{
        self, check, check_twin, no_invention, sound, there_and_back,
    };
    use crate::plan::transform::{Pattern, Template, Transform};
    use crate::relate::close;
    use crate::schema::Schema;

    fn pattern() -> Pattern {
        Pattern::parse(r"(?<first>\S+)( (?<last>.+))?").unwrap()
    }

    fn template() -> Template {
        Template::parse("{first} {last}").unwrap()
    }

    fn split(on_fail: OnFail) -> Transform {
        let into = vec!["first".into(), "last".into()];
        Transform::Split(Split {
            from: "name".into(),
            into,
            pattern: pattern(),
            template: template(),
            on_fail,
        })
    }

    fn merge(on_fail: OnFail) -> Transform {
        let from = vec!["first".into(), "last".into()];
        Transform::Merge(Merge {
            from,
            into: "name".into(),
            template: template(),
            pattern: pattern(),
            on_fail,
        })
    }

    #[test]
    fn a_name_is_taken_apart() {
        check(
            &split(OnFail::Error),
            &[
                (
                    r#"{ "a": 1.0, "name": "Ada King Lovelace" , "b": 2 }"#,
                    Ok((r#"{"a":1.0,"first":"Ada","last":"King Lovelace","b":2}"#, true)),
                ),
                (r#"{"name":"Ada"}"#, Ok((r#"{"first":"Ada"}"#, false))),
                (r#"{"name":null}"#, Ok((r#"{"first":null,"last":null}"#, true))),
                (r#"{"first":"x"}"#, Ok((r#"{"first":"x"}"#, true))),
                (r#"{"name":""}"#, Err("a text that the pattern does not match")),
                (r#"{"name":7}"#, Err("a text that the pattern does not match")),
                (r#"{"first":"x","name":"Ada L"}"#, Ok((r#"{"first":"Ada","last":"L"}"#, false))),
                ("7", Ok(("7", true))),
            ],
        );
        check(&split(OnFail::Omit), &[(r#"{"name":"","b":1}"#, Ok((r#"{"b":1}"#, false)))]);
        let default = OnFail::Default(vec![("last".into(), r#""?""#.into())]);
        check(&split(default), &[(r#"{"name":""}"#, Ok((r#"{"last":"?"}"#, false)))]);
    }

    #[test]
    fn a_name_is_put_together() {
        check(
            &merge(OnFail::Error),
            &[
                (
                    r#"{"last":"Lovelace","a":1,"first":"Ada"}"#,
                    Ok((r#"{"name":"Ada Lovelace","a":1}"#, true)),
                ),
                (r#"{"first":"Ada B","last":"C"}"#, Ok((r#"{"name":"Ada B C"}"#, false))),
                (r#"{"first":1,"last":"C"}"#, Ok((r#"{"name":"1 C"}"#, false))),
                (r#"{"first":null,"last":null}"#, Ok((r#"{"name":null}"#, true))),
                (r#"{"first":"Ada"}"#, Err("an object without all of the members that make one")),
                ("{}", Ok(("{}", true))),
            ],
        );
        check(&merge(OnFail::Omit), &[(r#"{"first":"Ada"}"#, Ok(("{}", false)))]);
    }

    #[test]
    fn a_member_is_made_of_others() {
        let compute = |source| Transform::Compute(Compute { name: "label".into(), source });
        let label = compute(Computed::Template(Template::parse("{n} x {what}").unwrap()));
        check(
            &label,
            &[
                (
                    r#"{"n":1.50,"what":"tea"}"#,
                    Ok((r#"{"n":1.50,"what":"tea","label":"1.50 x tea"}"#, true)),
                ),
                (r#"{"n":1}"#, Ok((r#"{"n":1}"#, true))),
                (
                    r#"{"n":1,"what":"tea","label":0}"#,
                    Ok((r#"{"n":1,"what":"tea","label":0}"#, true)),
                ),
            ],
        );
        let first = compute(Computed::FirstOf(vec!["a".into(), "b".into()]));
        check(
            &first,
            &[(
                r#"{"a":null,"b":{ "c":1}}"#,
                Ok((r#"{"a":null,"b":{ "c":1},"label":{ "c":1}}"#, true)),
            )],
        );
        let sender = json!({"type": "object", "required": ["b"], "additionalProperties": false,
            "properties": {"a": {"type": ["string", "null"]}, "b": {"type": "integer"}}});
        let schema = Schema::from_document(sender);
        sound(&first, &schema);
        let image = first.image(&schema.root, &schema);
        assert_eq!(image["required"], json!(["b", "label"]));
    }

    #[test]
    fn the_twins_know_which_members_come() {
        let sender = json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "pattern": "^[a-z]+ [a-z]+$"}}, "additionalProperties": false});
        check_twin(
            &split(OnFail::Error),
            sender,
            &json!({"type": "object", "required": ["first"], "additionalProperties": false,
                "properties": {"first": {"type": "string"}, "last": {"type": "string"}}}),
            true,
        );
        let sender = json!({"type": "object", "required": ["first", "last"], "properties": {"first": {"type": "string"}, "last": {"type": "string"}}, "additionalProperties": false});
        check_twin(
            &merge(OnFail::Error),
            sender,
            &json!({"type": "object", "required": ["name"], "additionalProperties": false,
                "properties": {"name": {"type": "string", "minLength": 1}}}),
            true,
        );
    }

    fn names() -> impl Strategy<Value = serde_json::Value> {
        let value = prop_oneof![
            Just(json!(null)),
            "[ab ]{0,5}".prop_map(|text| json!(text)),
            Just(json!(1))
        ];
        prop::collection::btree_map(
            prop::sample::select(vec!["name", "first", "last", "z"]),
            value,
            0..4,
        )
        .prop_map(|members| json!(members))
    }

    proptest! {
        #[test]
        fn there_and_back_again(value in names()) {
            let text = value.to_string();
            if value.get("first").is_none() && value.get("last").is_none() {
                there_and_back(&split(OnFail::Error), &merge(OnFail::Error), &text);
            }
            if value.get("name").is_none() {
                there_and_back(&merge(OnFail::Error), &split(OnFail::Error), &text);
            }
            let first = Transform::Compute(Compute { name: "z".into(), source: Computed::FirstOf(vec!["name".into()]) });
            no_invention(&first, &text, &[json!("z")]);
        }

        #[test]
        fn the_twins_are_sound(required in prop::sample::subsequence(vec!["name", "first", "last"], 0..=3), null in any::<bool>(), on_fail in 0..3_u8) {
            let kind = if null { json!(["string", "null"]) } else { json!("string") };
            let text = json!({"type": kind, "maxLength": 3});
            let sender = json!({"type": "object", "required": required, "properties": {"name": text, "first": text, "last": {"type": "integer"}}});
            let schema = close(&Schema::from_document(sender));
            let on_fail = match on_fail {
                0 => OnFail::Error,
                1 => OnFail::Omit,
                _ => OnFail::Default(vec![("first".into(), "\"?\"".into()), ("name".into(), "null".into())]),
            };
            sound(&split(on_fail.clone()), &schema);
            sound(&merge(on_fail), &schema);
            sound(&Transform::Compute(Compute { name: "z".into(), source: Computed::Template(template()) }), &schema);
        }
    }

    #[test]
    fn any_value_goes_through() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let done = runner.run(&testing::json(), |value| {
            for transform in [split(OnFail::Omit), merge(OnFail::Omit)] {
                let made = transform.apply(&value.to_string()).unwrap();
                assert!(serde_json::from_str::<serde_json::Value>(&made.text).is_ok());
            }
            Ok(())
        });
        assert_eq!(done, Ok(()));
    }
}
