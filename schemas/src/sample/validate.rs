//! The validator's word: is a payload valid for a schema, and if not, where and why.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

use crate::pointer::Pointer;
use crate::schema::Schema;

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
                .build(&document)
                .map_err(|error| shorten(error.to_string()))
        }));
        match built {
            Ok(Ok(inner)) => Ok(Self { inner }),
            Ok(Err(message)) => Err(message),
            Err(_) => Err("the validator gave up on this schema".to_owned()),
        }
    }

    /// Whether a payload is valid. A payload on which the validator fails is not.
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
    fn an_unusable_schema_is_said_not_thrown() {
        for schema in
            [json!({"type": 5}), json!({"$ref": "#/$defs/gone"}), json!({"pattern": "(?=a)"})]
        {
            assert!(Validator::new(&Schema::from_document(schema)).is_err());
        }
    }
}
