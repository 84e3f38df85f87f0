//! Rows A8 to A11 and A15: values that the reader's schema does not take, by the policy that is declared for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::plan::apply::same_scalar;
use crate::schema::{Schema, UNREAD_PATTERN, UNRESOLVED};

use super::decimal::Decimal;
use super::model::{Made, Unfit};
use super::raw::{array, is_number, is_string, items, quoted, unquoted};
use super::twin::{Branch, by_type, of_type, proved, union};

/// What becomes of a value outside what is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Otherwise {
    /// It is not taken.
    Error,
    /// It stays as it is. The twin says that the reader takes it all the same: a verdict rests on that.
    Keep,
    /// A number becomes the nearest bound.
    Clamp,
    /// A string loses characters at its end, never half of one; a list loses items at its end, or doubles.
    Truncate,
    /// A number becomes a string of its digits.
    Text,
}

/// What a reader takes of numbers, strings and lists, and what becomes of the rest. Items are not looked at, and values
/// of other types pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    alternatives: Vec<Bounds>,
    otherwise: Otherwise,
}

/// One alternative of what is taken, of one JSON type.
#[derive(Clone, Debug, PartialEq)]
struct Bounds {
    kind: &'static str,
    /// The keywords themselves, `type` among them.
    schema: Map<String, Value>,
    patterns: Vec<Search>,
}

/// A pattern anywhere in a text.
#[derive(Clone, Debug)]
struct Search {
    source: Arc<str>,
    regex: Regex,
}

impl PartialEq for Search {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

const NUMBERS: [&str; 5] =
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const STRINGS: [&str; 3] = ["minLength", "maxLength", "pattern"];
const LISTS: [&str; 3] = ["minItems", "maxItems", "uniqueItems"];

fn keywords(kind: &str) -> &'static [&'static str] {
    match kind {
        "number" => &NUMBERS,
        "string" => &STRINGS,
        _ => &LISTS,
    }
}

impl Bounds {
    // `None` when it says something that cannot be tested here.
    fn of(kind: &'static str, part: &Branch) -> Option<Self> {
        if part.contains_key(UNREAD_PATTERN) || part.contains_key(UNRESOLVED) {
            return None;
        }
        let listed = ["enum", "const"].iter().filter(|_| kind != "array");
        let kept = keywords(kind).iter().chain(listed).chain(&["type"]);
        let schema: Map<String, Value> =
            kept.filter_map(|key| Some(((*key).to_owned(), part.get(*key)?.clone()))).collect();
        let mut patterns = Vec::new();
        let mut schema = schema;
        schema.entry("type").or_insert_with(|| json!(kind));
        let more = part.get("allOf").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for source in [part.get("pattern")]
            .into_iter()
            .flatten()
            .chain(more.iter().filter_map(|one| one.get("pattern")))
        {
            let source = source.as_str()?;
            let regex = Regex::new(&jsonschema_regex::to_rust_regex(source).ok()?).ok()?;
            patterns.push(Search { source: source.into(), regex });
        }
        if patterns.len() > 1 {
            let all: Vec<Value> =
                patterns.iter().map(|one| json!({"pattern": &*one.source})).collect();
            schema.remove("pattern");
            schema.insert("allOf".to_owned(), Value::Array(all));
        }
        let found = Self { kind, schema, patterns };
        let step = found.number("multipleOf");
        step.is_none_or(|step| step.is_short()).then_some(found)
    }

    fn number(&self, key: &str) -> Option<Decimal> {
        Decimal::parse(&self.schema.get(key)?.to_string())
    }

    fn count(&self, key: &str) -> Option<u64> {
        self.schema.get(key)?.as_u64()
    }

    fn integer(&self) -> bool {
        self.schema.get("type").is_some_and(|kind| kind == "integer")
    }

    fn takes(&self, text: &str) -> bool {
        let listed = self.schema.get("enum").and_then(Value::as_array);
        let mut values = listed.into_iter().flatten().chain(self.schema.get("const")).peekable();
        if values.peek().is_some() {
            let seen: Option<Value> = serde_json::from_str(text).ok();
            if !seen.is_some_and(|seen| values.any(|one| same_scalar(one, &seen))) {
                return false;
            }
        }
        match self.kind {
            "number" => Decimal::parse(text).is_some_and(|number| self.takes_number(&number)),
            "string" => unquoted(text).is_some_and(|said| self.takes_text(&said)),
            _ => items(text).is_some_and(|found| self.takes_items(&found)),
        }
    }

    fn takes_number(&self, number: &Decimal) -> bool {
        self.number("minimum").is_none_or(|least| *number >= least)
            && self.number("maximum").is_none_or(|most| *number <= most)
            && self.number("exclusiveMinimum").is_none_or(|least| *number > least)
            && self.number("exclusiveMaximum").is_none_or(|most| *number < most)
            && self.number("multipleOf").is_none_or(|step| number.is_multiple_of(&step))
            && (!self.integer() || number.is_whole())
    }

    fn takes_text(&self, said: &str) -> bool {
        let count = u64::try_from(said.chars().count()).unwrap_or(u64::MAX);
        self.count("minLength").is_none_or(|least| count >= least)
            && self.count("maxLength").is_none_or(|most| count <= most)
            && self.patterns.iter().all(|pattern| pattern.regex.is_match(said))
    }

    fn takes_items(&self, found: &[&str]) -> bool {
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        self.count("minItems").is_none_or(|least| count >= least)
            && self.count("maxItems").is_none_or(|most| count <= most)
            && (!self.unique() || singles(found).len() == found.len())
    }

    fn unique(&self) -> bool {
        self.schema.get("uniqueItems") == Some(&Value::Bool(true))
    }

    /// The nearest value that is taken.
    fn clamped(&self, text: &str) -> Option<String> {
        let number = Decimal::parse(text)?;
        let bounds = [self.number("minimum"), self.number("maximum")];
        let below = bounds[0].as_ref().filter(|least| number < **least);
        let bound = below.or_else(|| bounds[1].as_ref().filter(|most| number > **most))?;
        self.takes_number(bound).then(|| bound.text())
    }

    fn truncated(&self, text: &str) -> Option<String> {
        if let Some(found) = items(text) {
            let kept = if self.unique() { singles(&found) } else { found };
            let most = self.count("maxItems").and_then(|most| usize::try_from(most).ok());
            let kept = kept.get(..most.unwrap_or(kept.len())).unwrap_or(&kept);
            return self.takes_items(kept).then(|| array(kept.iter().copied()));
        }
        let said = unquoted(text)?;
        let most = self.count("maxLength").and_then(|most| usize::try_from(most).ok())?;
        let kept: String = said.chars().take(most).collect();
        self.takes_text(&kept).then(|| quoted(&kept))
    }

    /// What is left of a part when what is not taken is cut to what is.
    fn cut(&self, part: &Branch) -> Value {
        if self.kind != "array" {
            return Value::Object(self.schema.clone());
        }
        let mut list = part.clone();
        list.retain(|key, _| matches!(key.as_str(), "type" | "items" | "prefixItems"));
        list.extend(self.schema.iter().map(|(key, value)| (key.clone(), value.clone())));
        if self.unique() && list.contains_key("prefixItems") {
            // A double that goes moves the items behind it.
            let (item, ..) = super::twin::items(part);
            list.remove("prefixItems");
            list.insert("items".to_owned(), item);
        }
        Value::Object(list)
    }
}

// The items without doubles, the first of each.
fn singles<'a>(found: &[&'a str]) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    found.iter().copied().filter(|item| seen.insert(plain(item))).collect()
}

// A text that two values share when JSON Schema takes them for equal.
pub(super) fn plain(text: &str) -> String {
    if let Some(entries) = super::raw::members(text) {
        let all: BTreeSet<String> = entries
            .iter()
            .map(|one| format!("{}:{}", quoted(&one.name()), plain(one.value)))
            .collect();
        return format!("{{{}}}", all.into_iter().collect::<Vec<_>>().join(","));
    }
    if let Some(found) = items(text) {
        return format!("[{}]", found.into_iter().map(plain).collect::<Vec<_>>().join(","));
    }
    match unquoted(text) {
        Some(said) => quoted(&said),
        None => Decimal::parse(text).map_or_else(|| text.trim().to_owned(), |number| number.text()),
    }
}

impl Fit {
    /// What `reader` takes; `None` when it says nothing about numbers, strings and lists, or what cannot be tested in
    /// linear time.
    pub fn of(reader: &Value, schema: &Schema, otherwise: Otherwise) -> Option<Self> {
        let mut alternatives = Vec::new();
        for kind in ["number", "string", "array"] {
            for part in of_type(reader, schema, kind) {
                alternatives.push(Bounds::of(kind, &part)?);
            }
        }
        let says = |one: &Bounds| one.schema.len() > 1 || one.integer();
        let found = Self { alternatives, otherwise };
        found.alternatives.iter().any(says).then_some(found)
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Bounds> + Clone {
        self.alternatives.iter().filter(move |one| one.kind == kind)
    }

    pub(super) fn apply(&self, text: &str) -> Result<Made, Unfit> {
        let text = text.trim();
        let kind = match text.bytes().next() {
            Some(b'[') => "array",
            _ if is_string(text) => "string",
            _ if is_number(text) => "number",
            _ => return Ok(Made::exact(text.to_owned())),
        };
        let mut bounds = self.of_kind(kind).peekable();
        if bounds.peek().is_none() || bounds.clone().any(|one| one.takes(text)) {
            return Ok(Made::exact(text.to_owned()));
        }
        let made = match self.otherwise {
            Otherwise::Keep => return Ok(Made::exact(text.to_owned())),
            Otherwise::Clamp => bounds.find_map(|one| one.clamped(text)),
            Otherwise::Truncate => bounds.find_map(|one| one.truncated(text)),
            Otherwise::Text if kind == "number" => return Ok(Made::exact(quoted(text))),
            Otherwise::Error | Otherwise::Text => None,
        };
        made.map(Made::lossy).ok_or_else(|| Unfit("a value out of range".to_owned()))
    }

    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            let bounds: Vec<&Bounds> = self.of_kind(kind).collect();
            let node = Value::Object(part.clone());
            if bounds.is_empty() || Self::fits(&bounds, &node, schema) {
                return None;
            }
            let both = |one: &&Bounds| json!({"allOf": [node, Value::Object(one.schema.clone())]});
            let mut made: Vec<Value> = match self.otherwise {
                Otherwise::Error | Otherwise::Text => bounds.iter().map(both).collect(),
                Otherwise::Keep | Otherwise::Clamp | Otherwise::Truncate => {
                    bounds.iter().map(|one| one.cut(part)).collect()
                }
            };
            if self.otherwise == Otherwise::Text && kind == "number" {
                made.push(
                    json!({"type": "string", "minLength": 1, "pattern": super::cast::NUMBER}),
                );
            }
            Some(made)
        })
    }

    fn fits(bounds: &[&Bounds], node: &Value, schema: &Schema) -> bool {
        let all = bounds.iter().map(|one| Value::Object(one.schema.clone())).collect();
        proved(node, schema, &union(all))
    }

    pub(super) const fn may_lose(&self) -> bool {
        matches!(self.otherwise, Otherwise::Clamp | Otherwise::Truncate)
    }

    pub(super) fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        ["number", "string", "array"].iter().all(|kind| {
            let bounds: Vec<&Bounds> = self.of_kind(kind).collect();
            let parts = of_type(sender, schema, kind);
            let keeps = self.otherwise == Otherwise::Keep
                || (self.otherwise == Otherwise::Text && *kind == "number");
            keeps || bounds.is_empty() || parts.iter().all(|part| self.takes(&bounds, part, schema))
        })
    }

    fn takes(&self, bounds: &[&Bounds], part: &Branch, schema: &Schema) -> bool {
        let node = Value::Object(part.clone());
        if Self::fits(bounds, &node, schema) {
            return true;
        }
        let [only] = bounds else { return false };
        let rest = |gone: &[&str]| {
            let mut rest = only.schema.clone();
            rest.retain(|key, _| !gone.contains(&key.as_str()));
            proved(&node, schema, &Value::Object(rest))
        };
        match (self.otherwise, only.kind) {
            (Otherwise::Clamp, "number") => {
                let bounds = [only.number("minimum"), only.number("maximum")];
                bounds.iter().flatten().all(|bound| only.takes_number(bound))
                    && rest(&["minimum", "maximum"])
            }
            (Otherwise::Truncate, "string") => {
                // A text that is cut has all the characters that are left of it.
                only.patterns.is_empty()
                    && !only.schema.contains_key("enum")
                    && !only.schema.contains_key("const")
                    && only.count("maxLength") >= only.count("minLength")
                    && rest(&["maxLength"])
            }
            (Otherwise::Truncate, "array") => {
                let least = only.count("minItems").unwrap_or(0);
                let enough = !only.unique() || least <= 1;
                enough
                    && only.count("maxItems").is_none_or(|most| most >= least)
                    && rest(&["maxItems", "uniqueItems"])
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Fit, Otherwise};
    use crate::plan::transform::Transform;
    use crate::plan::transform::testing::{self, check, check_twin, sound};
    use crate::sample::Validator;
    use crate::schema::Schema;

    fn fit(reader: Value, otherwise: Otherwise) -> Transform {
        let schema = Schema::from_document(reader);
        Transform::Fit(Fit::of(&schema.root, &schema, otherwise).unwrap())
    }

    const OUT: Result<(&str, bool), &str> = Err("a value out of range");

    #[test]
    fn numbers_out_of_range() {
        let byte = json!({"type": "integer", "minimum": 0, "maximum": 255});
        check(
            &fit(byte.clone(), Otherwise::Error),
            &[
                ("255", Ok(("255", true))),
                ("1.0", Ok(("1.0", true))),
                ("256", OUT),
                ("0.5", OUT),
                (r#""x""#, Ok((r#""x""#, true))),
            ],
        );
        check(
            &fit(byte.clone(), Otherwise::Clamp),
            &[("1e9", Ok(("255", false))), ("-3", Ok(("0", false))), ("0.5", OUT)],
        );
        check(&fit(byte.clone(), Otherwise::Keep), &[("256", Ok(("256", true)))]);
        check(
            &fit(byte.clone(), Otherwise::Text),
            &[("256", Ok((r#""256""#, true))), ("7", Ok(("7", true)))],
        );
        let wide = json!({"type": "integer"});
        check_twin(&fit(byte.clone(), Otherwise::Clamp), wide.clone(), &byte, true);
        check_twin(
            &fit(byte.clone(), Otherwise::Error),
            wide.clone(),
            &json!({"allOf": [wide, byte]}),
            false,
        );
        check_twin(&fit(byte.clone(), Otherwise::Clamp), json!({"type": "number"}), &byte, false);
        let small = json!({"type": "integer", "minimum": 1, "maximum": 9});
        check_twin(&fit(byte, Otherwise::Error), small.clone(), &small, true);
    }

    #[test]
    fn strings_out_of_range() {
        let code = json!({"type": "string", "maxLength": 3, "pattern": "^[a-zé\u{1F600}]*$"});
        check(
            &fit(code.clone(), Otherwise::Truncate),
            &[
                ("\"abcd\"", Ok(("\"abc\"", false))),
                ("\"ab\u{1F600}c\"", Ok(("\"ab\u{1F600}\"", false))),
                (r#""\u0061bc""#, Ok((r#""\u0061bc""#, true))),
                ("\"abcD\"", Ok(("\"abc\"", false))),
                ("\"Abcd\"", OUT),
            ],
        );
        check(
            &fit(code, Otherwise::Error),
            &[("\"abc\"", Ok(("\"abc\"", true))), ("\"abcd\"", OUT), ("null", Ok(("null", true)))],
        );
        let short = json!({"type": "string", "maxLength": 3});
        check_twin(
            &fit(short.clone(), Otherwise::Truncate),
            json!({"type": "string"}),
            &short,
            true,
        );
        // A payload may well be outside the twin of `keep`: that is what the policy is named for.
        let any = Schema::from_document(json!({"type": "string"}));
        assert_eq!(fit(short.clone(), Otherwise::Keep).image(&any.root, &any), short);
    }

    #[test]
    fn lists_out_of_bounds() {
        let few = json!({"type": "array", "maxItems": 2, "uniqueItems": true});
        check(
            &fit(few.clone(), Otherwise::Truncate),
            &[("[1,1.0, 2 ,3]", Ok(("[1,2]", false))), ("[]", Ok(("[]", true)))],
        );
        check(
            &fit(few, Otherwise::Error),
            &[("[1,1.0]", OUT), (r#"[{"a":1,"b":2},{"b":2,"a":1}]"#, OUT)],
        );
        check_twin(
            &fit(
                json!({"type": "array", "maxItems": 2, "items": {"type": "string"}}),
                Otherwise::Truncate,
            ),
            json!({"type": "array", "items": {"type": "integer"}}),
            &json!({"type": "array", "items": {"type": "integer"}, "maxItems": 2}),
            true,
        );
    }

    #[test]
    fn nothing_said_is_nothing_to_test() {
        let nothing = Schema::from_document(json!({"type": ["string", "object"]}));
        assert_eq!(Fit::of(&nothing.root, &nothing, Otherwise::Error), None);
        let hard = Schema::from_document(json!({"type": "string", "pattern": "(a)\\1"}));
        assert_eq!(Fit::of(&hard.root, &hard, Otherwise::Error), None);
    }

    fn scalars() -> impl Strategy<Value = Value> {
        prop_oneof![
            (-3..3_i32, 0..6_i32).prop_map(|(low, more)| json!({"type": "integer", "minimum": low, "maximum": low + more})),
            (0..3_u32).prop_map(|step| json!({"type": "number", "multipleOf": f64::from(step + 1) / 4.0, "exclusiveMinimum": -2, "maximum": 900})),
            (0..4_u32, 0..4_u32).prop_map(|(low, more)| json!({"type": "string", "minLength": low, "maxLength": low + more})),
            Just(json!({"type": "string", "pattern": "^[a-c]+$"})),
            (0..3_u32, any::<bool>()).prop_map(|(most, unique)| json!({"type": "array", "maxItems": most, "uniqueItems": unique, "items": {"type": "integer"}})),
            Just(json!({"enum": ["a", 1, "bc"]})),
        ]
    }

    proptest! {
        #[test]
        fn what_fits_is_what_the_validator_takes(reader in scalars(), value in testing::json()) {
            let schema = Schema::from_document(reader.clone());
            if let Some(found) = Fit::of(&schema.root, &schema, Otherwise::Error) {
                let mut loose = reader;
                loose.as_object_mut().unwrap().remove("items");
                let judge = Validator::new(&Schema::from_document(loose)).unwrap();
                let kind = super::super::twin::of_type(&schema.root, &schema, match value { Value::Number(_) => "number", Value::String(_) => "string", Value::Array(_) => "array", _ => "null" });
                if !kind.is_empty() {
                    prop_assert_eq!(found.apply(&value.to_string()).is_ok(), judge.is_valid(&value));
                }
            }
        }

        #[test]
        fn the_twin_is_sound(sender in scalars(), reader in scalars()) {
            let sender = Schema::from_document(sender);
            for otherwise in [Otherwise::Error, Otherwise::Clamp, Otherwise::Truncate, Otherwise::Text] {
                let schema = Schema::from_document(reader.clone());
                if let Some(found) = Fit::of(&schema.root, &schema, otherwise) {
                    sound(&Transform::Fit(found), &sender);
                }
            }
        }
    }
}
