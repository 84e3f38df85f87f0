//! A value put into an array of its own.

use serde_json::{Value, json};

use super::model::Made;

pub(super) fn apply(text: &str) -> Made {
    Made::exact(format!("[{}]", text.trim()))
}

pub(super) fn image(sender: &Value) -> Value {
    json!({"type": "array", "prefixItems": [sender], "items": false, "minItems": 1})
}
