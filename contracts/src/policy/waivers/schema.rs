//! The JSON Schema of the waiver file, for editors.

use serde_json::{Value, json};

use super::file::{FINGERPRINT_FLOOR, FINGERPRINT_WHOLE, REASON_BOUND, WAIVERS_BOUND};

/// The JSON Schema of a waiver file, for editors.
pub fn waivers_schema() -> Value {
    let text =
        |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "evergate waivers",
        "type": "object",
        "required": ["waivers"],
        "additionalProperties": false,
        "properties": { "waivers": {
            "type": "array",
            "maxItems": WAIVERS_BOUND,
            "items": {
                "type": "object",
                "required": ["reason", "expires"],
                "additionalProperties": false,
                "properties": {
                    "fingerprint": {
                        "type": "string",
                        "pattern": format!("^[0-9a-f]{{{FINGERPRINT_FLOOR},{FINGERPRINT_WHOLE}}}$"),
                        "description": "the finding's fingerprint, as the report shows it, or its beginning",
                    },
                    "rule": text("the rule's id, as the report shows it"),
                    "operation": text("`METHOD /path`, or the name of a plain document"),
                    "pointer": { "type": "string", "description": "a JSON pointer in one of the two documents; what lies below it is meant too" },
                    "api": text("only findings of this api"),
                    "client": text("only findings for this version of the client"),
                    "backend": text("only findings at this version of the backend"),
                    "reason": { "type": "string", "minLength": 1, "maxLength": REASON_BOUND, "description": "why nobody is hurt" },
                    "expires": {
                        "type": "string",
                        "pattern": "^(never|[0-9]{4}-[0-9]{2}-[0-9]{2})$",
                        "description": "the last day it holds, or `never`",
                    },
                },
                "oneOf": [
                    { "required": ["fingerprint"], "properties": { "operation": false, "pointer": false } },
                    { "required": ["rule"], "properties": { "fingerprint": false }, "anyOf": [{ "required": ["operation"] }, { "required": ["pointer"] }] },
                ],
            },
        }},
    })
}
