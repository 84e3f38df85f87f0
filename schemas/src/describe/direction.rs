//! `readOnly` and `writeOnly`: a member belongs to one direction only (OpenAPI 3.1 §4.8.24, 3.0 §4.7.24).

use serde_json::Value;

use crate::schema::{Role, Side};

/// A schema as `role` means it in a message that travels to `side`.
pub fn directed(schema: &Value, _side: Side, _role: Role) -> Value {
    schema.clone()
}
