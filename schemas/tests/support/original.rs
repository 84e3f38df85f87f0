//! The independent word on a document: `jsonschema` itself, under the document's own draft, without our translation.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonschema::Draft;
use serde_json::{Number, Value};

/// Which draft a document is under: what its `$schema` says, else what it is said to be.
fn draft(document: &Value, said: &str) -> Option<Draft> {
    let own = document.get("$schema").and_then(Value::as_str);
    own.and_then(named).or_else(|| named(said))
}

fn named(name: &str) -> Option<Draft> {
    let known = [
        ("draft4", Draft::Draft4),
        ("draft-04", Draft::Draft4),
        ("draft6", Draft::Draft6),
        ("draft-06", Draft::Draft6),
        ("draft7", Draft::Draft7),
        ("draft-07", Draft::Draft7),
        ("2019-09", Draft::Draft201909),
        ("2020-12", Draft::Draft202012),
    ];
    known.iter().find(|(mark, _)| name.contains(mark)).map(|(_, draft)| *draft)
}

/// A validator of the document as it was written; `format` and the `content…` keywords are annotations.
#[derive(Debug)]
pub(crate) struct Original(jsonschema::Validator);

impl Original {
    /// # Errors
    /// Why the document cannot be validated against.
    pub(crate) fn new(document: &Value, said: &str) -> Result<Self, String> {
        let draft = draft(document, said).ok_or_else(|| format!("no validator knows `{said}`"))?;
        let built = catch_unwind(AssertUnwindSafe(|| {
            jsonschema::options()
                .with_draft(draft)
                .should_validate_formats(false)
                .without_content_media_type_support("application/json")
                .without_content_encoding_support("base64")
                .offline()
                .build(document)
        }));
        match built {
            Ok(Ok(validator)) => Ok(Self(validator)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the validator gave up on the document".to_owned()),
        }
    }

    /// Whether a payload is valid; `None` when the validator fails on it.
    pub(crate) fn is_valid(&self, payload: &Value) -> Option<bool> {
        catch_unwind(AssertUnwindSafe(|| self.0.is_valid(payload))).ok()
    }
}

/// The same payload with whole numbers written without a fraction: draft 4 alone tells `1.0` from `1`.
pub(crate) fn plain(payload: Value) -> Value {
    match payload {
        Value::Number(number) => Value::Number(whole(number)),
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
        other => other,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn whole(number: Number) -> Number {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Number::from(float as i64),
        _ => number,
    }
}
