//! The validator's word: is a payload valid for a schema, and if not, where and why.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonschema::{Draft, Keyword, PatternOptions, ValidationError};
use serde_json::Value;

use crate::pointer::Pointer;
use crate::schema::{Schema, UNREAD_PATTERN, UNRESOLVED};

use super::around::Around;
use super::objection::{Objection, shorten, telling};

/// A compiled schema: draft 2020-12, `format` as an annotation, patterns in linear time.
#[derive(Debug)]
pub struct Validator {
    inner: jsonschema::Validator,
}

impl Validator {
    /// Compiles a schema with the components it reaches.
    ///
    /// # Errors
    /// A sentence when the schema is no valid schema, names a component that is not there, or has a pattern that no
    /// linear-time engine can run (look-around, back-references).
    pub fn new(schema: &Schema) -> Result<Self, String> {
        let document = schema.document();
        let built = catch_unwind(AssertUnwindSafe(|| {
            jsonschema::options()
                .with_draft(Draft::Draft202012)
                .with_pattern_options(PatternOptions::regex())
                .should_validate_formats(false)
                .offline()
                .with_keyword(UNRESOLVED, |_, _, _| Ok(Box::new(Unknown)))
                .with_keyword(UNREAD_PATTERN, |_, pattern, _| Ok(Box::new(Hard::new(pattern))))
                .build(&document)
                .map_err(|error| shorten(error.to_string()))
        }));
        match built {
            Ok(Ok(inner)) => Ok(Self { inner }),
            Ok(Err(message)) => Err(message),
            Err(_) => Err("the validator gave up on this schema".to_owned()),
        }
    }

    /// Whether a payload is surely valid or surely not; `None` when the answer leans on a part of the schema that
    /// could not be read (an unreadable reference or pattern).
    pub fn judge(&self, payload: &Value) -> Option<bool> {
        let before = GUESSES.get();
        let answer = catch_unwind(AssertUnwindSafe(|| self.inner.is_valid(payload))).ok()?;
        (GUESSES.get() == before).then_some(answer)
    }

    /// Whether a payload is valid, where a part of the schema that could not be read takes everything. A payload on
    /// which the validator fails is not.
    pub fn is_valid(&self, payload: &Value) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.inner.is_valid(payload))).unwrap_or(false)
    }

    /// The most telling error: its place in the payload, the keyword, and the validator's sentence; `None` when the
    /// payload is valid.
    pub fn first_error(&self, payload: &Value) -> Option<(Pointer, String, String)> {
        self.objection(payload).map(|found| (found.at, found.keyword, found.message))
    }

    /// The most telling error, with its place in the schema; `None` when the payload is valid.
    pub fn objection(&self, payload: &Value) -> Option<Objection> {
        let found = catch_unwind(AssertUnwindSafe(|| telling(self.inner.iter_errors(payload))));
        found.unwrap_or_else(|_| {
            Some(Objection {
                at: Pointer::root(),
                keyword: "$schema".to_owned(),
                message: "the validator failed on this payload".to_owned(),
                path: Pointer::root(),
                member: None,
                inside: Vec::new(),
            })
        })
    }
}

thread_local! {
    // How often validation on this thread had to guess.
    static GUESSES: Cell<u64> = const { Cell::new(0) };
}

/// Says yes for want of knowledge, and keeps count of it.
fn guessed() -> bool {
    GUESSES.set(GUESSES.get().wrapping_add(1));
    true
}

/// A keyword that nobody knows the answer of: it says yes, and that it did.
struct Unknown;

impl<'i> Keyword<'i> for Unknown {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        self.is_valid(instance);
        Ok(())
    }

    fn is_valid(&self, _instance: &'i Value) -> bool {
        guessed()
    }
}

/// A pattern that the linear-time engine does not take.
struct Hard {
    pattern: String,
    around: Around,
}

impl Hard {
    fn new(pattern: &Value) -> Self {
        let pattern = pattern.as_str().unwrap_or_default().to_owned();
        Self { around: Around::new(&pattern), pattern }
    }
}

impl<'i> Keyword<'i> for Hard {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            return Ok(());
        }
        Err(ValidationError::custom(format!("{instance} does not match \"{}\"", self.pattern)))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let Value::String(text) = instance else { return true };
        self.around.matches(text).unwrap_or_else(guessed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Validator;
    use crate::schema::Schema;

    #[track_caller]
    fn check(schema: Value, payload: impl Into<Value>, expected: Option<(&str, &str)>) {
        let (validator, payload) =
            (Validator::new(&Schema::from_document(schema)).unwrap(), payload.into());
        let error = validator.first_error(&payload);
        let seen = error.as_ref().map(|(at, keyword, _)| (at.as_str(), keyword.as_str()));
        assert_eq!(seen, expected);
        assert_eq!(validator.is_valid(&payload), expected.is_none());
    }

    #[test]
    fn the_deepest_error_is_named() {
        let schema = json!({"minProperties": 2, "properties": {"a": {"items": {"enum": [1]}}}});
        check(schema, json!({"a": [1, 2]}), Some(("/a/1", "enum")));
    }

    #[test]
    fn references_and_false_are_followed() {
        let schema = json!({"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": false}}}});
        check(schema.clone(), json!({"a": 1}), Some(("/a", "properties")));
        check(schema, json!({}), None);
    }

    #[test]
    fn format_is_an_annotation() {
        check(json!({"format": "date"}), json!("no date"), None);
    }

    #[test]
    fn what_could_not_be_read_is_not_judged() {
        let schema = json!({"properties": {"a": {"x-unresolved": "gone.json"}, "b": {"x-unread-pattern": "(a)\\1"}},
            "not": {"properties": {"c": {"x-unresolved": "gone.json"}}, "required": ["c"]}, "required": ["d"]});
        let validator = Validator::new(&Schema::from_document(schema)).unwrap();
        let check = |payload: Value, expected| assert_eq!(validator.judge(&payload), expected);
        check(json!({"d": 1}), Some(true));
        check(json!({"b": 1}), Some(false));
        check(json!({"d": 1, "a": 1}), None);
        check(json!({"d": 1, "b": 1}), Some(true));
        check(json!({"d": 1, "b": "a"}), None);
        check(json!({"d": 1, "c": "a"}), None);
    }

    #[test]
    fn look_around_is_judged() {
        let schema = json!({"properties": {"b": {"x-unread-pattern": "^(?!foo)"}}});
        let validator = Validator::new(&Schema::from_document(schema)).unwrap();
        assert_eq!(validator.judge(&json!({"b": "bar"})), Some(true));
        assert_eq!(validator.judge(&json!({"b": "food"})), Some(false));
        let (at, keyword, message) = validator.first_error(&json!({"b": "food"})).unwrap();
        assert_eq!((at.as_str(), keyword.as_str()), ("/b", "pattern"));
        assert_eq!(message, "\"food\" does not match \"^(?!foo)\"");
    }

    #[test]
    fn an_unusable_schema_is_said_not_thrown() {
        for schema in
            [json!({"type": 5}), json!({"$ref": "#/$defs/gone"}), json!({"pattern": "(?=a)"})]
        {
            assert!(Validator::new(&Schema::from_document(schema)).is_err());
        }
    }
}
