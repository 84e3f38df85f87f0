//! The validator's word: is a payload valid for a schema, and if not, where and why.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError};
use serde_json::Value;

use crate::pointer::Pointer;
use crate::schema::Schema;

/// How many characters of a payload a message of the validator may repeat.
const MESSAGE: usize = 400;
/// How many errors are looked through for the most telling one.
const ERRORS: usize = 64;

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
    /// payload is valid. The deepest place wins, since an outer error often only repeats an inner one.
    pub fn first_error(&self, payload: &Value) -> Option<(Pointer, String, String)> {
        let found = catch_unwind(AssertUnwindSafe(|| {
            let mut best: Option<(usize, (Pointer, String, String))> = None;
            for error in self.inner.iter_errors(payload).take(ERRORS) {
                let place = error.instance_path().as_str().to_owned();
                let depth = place.matches('/').count();
                if best.as_ref().is_none_or(|(had, _)| depth > *had) {
                    best = Some((depth, told(&place, &error)));
                }
            }
            best.map(|(_, told)| told)
        }));
        found.unwrap_or_else(|_| {
            let message = "the validator failed on this payload".to_owned();
            Some((Pointer::root(), "$schema".to_owned(), message))
        })
    }
}

fn told(place: &str, error: &ValidationError<'_>) -> (Pointer, String, String) {
    let keyword = match error.kind() {
        // `false` is no keyword; the one that holds it is what a reader can look up.
        ValidationErrorKind::FalseSchema => keyword_above(error.schema_path().as_str()),
        kind => kind.keyword().to_owned(),
    };
    (Pointer::parse(place).unwrap_or_default(), keyword, shorten(error.to_string()))
}

fn keyword_above(path: &str) -> String {
    const HOLDERS: [&str; 10] = [
        "properties",
        "patternProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "items",
        "prefixItems",
        "unevaluatedItems",
        "propertyNames",
        "then",
        "else",
    ];
    let holder = path.rsplit('/').find(|step| HOLDERS.contains(step));
    holder.unwrap_or("false").to_owned()
}

fn shorten(message: String) -> String {
    match message.char_indices().nth(MESSAGE) {
        None => message,
        Some((cut, _)) => format!("{}…", message.get(..cut).unwrap_or_default()),
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
