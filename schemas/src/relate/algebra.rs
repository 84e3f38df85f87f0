//! Small questions for the canonical schema algebra, behind a size bound and a guard against its panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonschema::canonical::{CanonicalSchema, Containment};
use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

use crate::schema::{UNREAD_PATTERN, UNRESOLVED};

/// The most JSON values a document may have that the algebra is asked about: its work can grow fast.
pub(super) const SIZE: usize = 220;

fn size(value: &Value, left: usize) -> usize {
    let mut left = left;
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        if left == 0 {
            return 0;
        }
        left -= 1;
        match value {
            // The algebra would take what nobody could read for "anything".
            Value::Object(members)
                if members.contains_key(UNRESOLVED) || members.contains_key(UNREAD_PATTERN) =>
            {
                return 0;
            }
            Value::Object(members) => waiting.extend(members.values()),
            Value::Array(items) => waiting.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    left
}

fn small(document: &Value) -> bool {
    size(document, SIZE) > 0
}

fn canonical(document: &Value) -> Option<CanonicalSchema> {
    jsonschema::canonical::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(false)
        .offline()
        .canonicalize(document)
        .ok()
}

/// Whether the algebra proves that every value of `sender` is one of `reader`.
pub(super) fn covers(sender: &Value, reader: &Value) -> bool {
    if !small(sender) || !small(reader) {
        return false;
    }
    let answer = catch_unwind(AssertUnwindSafe(|| {
        let (sender, reader) = (canonical(sender)?, canonical(reader)?);
        reader.covers(&sender).ok()
    }));
    matches!(answer, Ok(Some(Containment::Yes)))
}

/// What `sender` accepts and `reader` does not, as a schema, where the algebra can say it.
pub(super) fn difference(sender: &Value, reader: &Value) -> Option<Value> {
    if !small(sender) || !small(reader) {
        return None;
    }
    catch_unwind(AssertUnwindSafe(|| {
        let left = canonical(sender)?.subtract(&canonical(reader)?).ok()?;
        Some(left.to_json_schema())
    }))
    .ok()
    .flatten()
}
