//! Lens L7: strings, numbers and booleans into each other, digit by digit.

use serde_json::{Value, json};

use crate::schema::Schema;

use super::decimal::Decimal;
use super::model::{Made, Unfit};
use super::raw::{is_number, is_string, quoted, unquoted};
use super::twin::{Branch, by_type, is_integer, listed, proved_of};

/// The strings that are numbers of JSON.
pub(super) const NUMBER: &str = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$";
/// The strings that are integers as one writes them.
const WHOLE: &str = "^(0|-?[1-9][0-9]*)$";
/// Those without a sign.
const UNSIGNED: &str = "^(0|[1-9][0-9]*)$";

/// A scalar type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basic {
    /// Strings.
    String,
    /// Numbers.
    Number,
    /// `true`, `false`.
    Boolean,
}

/// Values of one type as values of another. A value of a third type passes as it is, so null stays null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    /// What is read.
    pub from: Basic,
    /// What is written.
    pub to: Basic,
    /// The numbers are integers: `1.0` and `1e2` are printed as `1` and `100`. Otherwise digits stay as they came.
    pub whole: bool,
}

impl Cast {
    pub(super) fn apply(self, text: &str) -> Result<Made, Unfit> {
        let text = text.trim();
        match (self.from, self.to) {
            (Basic::String, to) if is_string(text) => {
                let said = unquoted(text).unwrap_or_default();
                self.parsed(said, to)
            }
            (Basic::Number, Basic::String) if is_number(text) => {
                Ok(Made::exact(quoted(&self.printed(text))))
            }
            (Basic::Number, Basic::Boolean) if is_number(text) => {
                match Decimal::parse(text).and_then(|number| number.integer()) {
                    Some(0) => Ok(Made::exact("false".to_owned())),
                    Some(1) => Ok(Made::exact("true".to_owned())),
                    _ => Err(Unfit("a number that is neither 0 nor 1".to_owned())),
                }
            }
            (Basic::Boolean, Basic::String) if matches!(text, "true" | "false") => {
                Ok(Made::exact(quoted(text)))
            }
            (Basic::Boolean, Basic::Number) if text == "true" => Ok(Made::exact("1".to_owned())),
            (Basic::Boolean, Basic::Number) if text == "false" => Ok(Made::exact("0".to_owned())),
            _ => Ok(Made::exact(text.to_owned())),
        }
    }

    fn parsed(self, said: String, to: Basic) -> Result<Made, Unfit> {
        match to {
            Basic::String => Ok(Made::exact(quoted(&said))),
            Basic::Boolean if matches!(said.as_str(), "true" | "false") => Ok(Made::exact(said)),
            Basic::Boolean => Err(Unfit("a string that is neither `true` nor `false`".to_owned())),
            // JSON's own grammar, so that the digits can stay as they are.
            Basic::Number if Decimal::parse(&said).is_some() && !said.contains(' ') => {
                let exact = self.printed(&said) == said;
                Ok(Made { text: said, exact })
            }
            Basic::Number => Err(Unfit("a string that is no number".to_owned())),
        }
    }

    fn printed(self, text: &str) -> String {
        let plain = Decimal::parse(text).filter(|number| self.whole && number.is_whole());
        plain.map_or_else(|| text.to_owned(), |number| number.text())
    }

    pub(super) fn image(self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| match (self.from, kind) {
            (Basic::String, "string") => Some(self.of_string(part, schema)),
            (Basic::Number, "number") => Some(self.of_number(part)),
            (Basic::Boolean, "boolean") => {
                Some(listed(part, |value| self.made(value)).unwrap_or_else(|| {
                    [true, false]
                        .iter()
                        .filter_map(|value| self.made(&json!(value)))
                        .map(|value| json!({"const": value}))
                        .collect()
                }))
            }
            _ => None,
        })
    }

    fn made(self, value: &Value) -> Option<Value> {
        serde_json::from_str(&self.apply(&value.to_string()).ok()?.text).ok()
    }

    fn of_string(self, part: &Branch, schema: &Schema) -> Vec<Value> {
        let node = Value::Object(part.clone());
        let always =
            |pattern: &str| proved_of("string", &node, schema, &json!({ "pattern": pattern }));
        if let Some(values) = listed(part, |value| self.made(value)) {
            return values;
        }
        let most = part.get("maxLength").and_then(Value::as_u64).filter(|most| *most <= 15);
        let bound = most.map(|most| 10_i64.pow(u32::try_from(most).unwrap_or(15)) - 1);
        match self.to {
            Basic::String => vec![node],
            Basic::Boolean => vec![json!({"type": "boolean"})],
            Basic::Number if always(UNSIGNED) => {
                vec![bounded(json!({"type": "integer", "minimum": 0}), "maximum", bound)]
            }
            Basic::Number if always(WHOLE) => {
                let low = bounded(json!({"type": "integer"}), "minimum", bound.map(|bound| -bound));
                vec![bounded(low, "maximum", bound)]
            }
            Basic::Number => vec![json!({"type": "number"})],
        }
    }

    fn of_number(self, part: &Branch) -> Vec<Value> {
        match self.to {
            Basic::Number => vec![Value::Object(part.clone())],
            Basic::Boolean => listed(part, |value| self.made(value))
                .unwrap_or_else(|| vec![json!({"type": "boolean"})]),
            Basic::String if self.whole && is_integer(part) => {
                if let Some(values) = listed(part, |value| self.made(value)) {
                    return values;
                }
                let bound = |key: &str| part.get(key).and_then(Value::as_i64);
                let (low, high) = (bound("minimum"), bound("maximum"));
                let pattern = if low.is_some_and(|low| low >= 0) { UNSIGNED } else { WHOLE };
                let most = low.zip(high).map(|(low, high)| {
                    let length =
                        |bound: i64| i64::try_from(bound.to_string().len()).unwrap_or(i64::MAX);
                    length(low).max(length(high))
                });
                vec![bounded(
                    json!({"type": "string", "minLength": 1, "pattern": pattern}),
                    "maxLength",
                    most,
                )]
            }
            Basic::String => vec![json!({"type": "string", "minLength": 1, "pattern": NUMBER})],
        }
    }

    /// Only a string of an integer with a fraction or an exponent is printed otherwise than it came.
    pub(super) fn may_lose(self, sender: &Value, schema: &Schema) -> bool {
        self.whole
            && (self.from, self.to) == (Basic::String, Basic::Number)
            && !proved_of("string", sender, schema, &json!({ "pattern": WHOLE }))
    }

    pub(super) fn takes_all(self, sender: &Value, schema: &Schema) -> bool {
        match (self.from, self.to) {
            (Basic::String, Basic::Number) => {
                proved_of("string", sender, schema, &json!({ "pattern": NUMBER }))
            }
            (Basic::String, Basic::Boolean) => {
                proved_of("string", sender, schema, &json!({"enum": ["true", "false"]}))
            }
            (Basic::Number, Basic::Boolean) => {
                proved_of("number", sender, schema, &json!({"enum": [0, 1]}))
            }
            _ => true,
        }
    }
}

fn bounded(mut schema: Value, key: &str, bound: Option<i64>) -> Value {
    if let (Some(members), Some(bound)) = (schema.as_object_mut(), bound) {
        members.insert(key.to_owned(), json!(bound));
    }
    schema
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{Basic, Cast, NUMBER, UNSIGNED};
    use crate::plan::transform::Transform;
    use crate::plan::transform::testing::{self, check, check_twin, there_and_back};

    const fn cast(from: Basic, to: Basic, whole: bool) -> Transform {
        Transform::Cast(Cast { from, to, whole })
    }

    #[test]
    fn digits_stay_as_they_came() {
        check(
            &cast(Basic::String, Basic::Number, false),
            &[
                (r#""1.50""#, Ok(("1.50", true))),
                (r#""12345678901234567890.10""#, Ok(("12345678901234567890.10", true))),
                (r#""1E5""#, Ok(("1E5", true))),
                ("null", Ok(("null", true))),
                ("7", Ok(("7", true))),
                (r#""""#, Err("a string that is no number")),
                (r#""+1""#, Err("a string that is no number")),
                (r#"" 1""#, Err("a string that is no number")),
                (r#""NaN""#, Err("a string that is no number")),
            ],
        );
        check(
            &cast(Basic::Number, Basic::String, false),
            &[
                ("1.50", Ok((r#""1.50""#, true))),
                (" -0 ", Ok((r#""-0""#, true))),
                ("{}", Ok(("{}", true))),
            ],
        );
        check(
            &cast(Basic::Number, Basic::String, true),
            &[
                ("1.0", Ok((r#""1""#, true))),
                ("1e2", Ok((r#""100""#, true))),
                ("9007199254740993", Ok((r#""9007199254740993""#, true))),
            ],
        );
        check(
            &cast(Basic::String, Basic::Number, true),
            &[(r#""1.0""#, Ok(("1.0", false))), (r#""10""#, Ok(("10", true)))],
        );
    }

    #[test]
    fn booleans() {
        check(
            &cast(Basic::String, Basic::Boolean, false),
            &[
                (r#""true""#, Ok(("true", true))),
                (r#""yes""#, Err("a string that is neither `true` nor `false`")),
            ],
        );
        check(&cast(Basic::Boolean, Basic::String, false), &[("false", Ok((r#""false""#, true)))]);
        check(
            &cast(Basic::Number, Basic::Boolean, false),
            &[
                ("1.0", Ok(("true", true))),
                ("0", Ok(("false", true))),
                ("2", Err("a number that is neither 0 nor 1")),
            ],
        );
        check(&cast(Basic::Boolean, Basic::Number, false), &[("true", Ok(("1", true)))]);
    }

    #[test]
    fn the_twin_is_as_narrow_as_can_be_told() {
        let parse = cast(Basic::String, Basic::Number, false);
        check_twin(&parse, json!({"type": "string"}), &json!({"type": "number"}), false);
        check_twin(
            &parse,
            json!({"type": "string", "pattern": NUMBER}),
            &json!({"type": "number"}),
            true,
        );
        check_twin(
            &parse,
            json!({"type": ["string", "null"], "pattern": "^[1-9][0-9]{0,3}$", "maxLength": 4}),
            &json!({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 0, "maximum": 9999}]}),
            true,
        );
        check_twin(&parse, json!({"enum": ["1", "2.5"]}), &json!({"enum": [1, 2.5]}), true);
        let print = cast(Basic::Number, Basic::String, true);
        check_twin(
            &print,
            json!({"type": "integer", "minimum": 0, "maximum": 255}),
            &json!({"type": "string", "minLength": 1, "maxLength": 3, "pattern": UNSIGNED}),
            true,
        );
        check_twin(
            &cast(Basic::Boolean, Basic::Number, false),
            json!({"type": "boolean"}),
            &json!({"enum": [1, 0]}),
            true,
        );
    }

    proptest! {
        #[test]
        fn there_and_back_again(value in testing::json(), whole in any::<bool>()) {
            let types = [Basic::String, Basic::Number, Basic::Boolean];
            let text = value.to_string();
            for (from, to) in types.iter().flat_map(|from| types.map(|to| (*from, to))) {
                // What comes from a third type cannot be told from what was made.
                let made = |kind| matches!((kind, &value),
                    (Basic::String, serde_json::Value::String(_)) | (Basic::Number, serde_json::Value::Number(_)) | (Basic::Boolean, serde_json::Value::Bool(_)));
                if made(from) || !made(to) {
                    there_and_back(&cast(from, to, whole), &cast(to, from, whole), &text);
                }
            }
        }

        #[test]
        fn every_number_goes_through_a_string(number in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?") {
            let there = cast(Basic::Number, Basic::String, false).apply(&number).unwrap();
            let back = cast(Basic::String, Basic::Number, false).apply(&there.text).unwrap();
            prop_assert_eq!(back.text, number);
        }
    }
}
