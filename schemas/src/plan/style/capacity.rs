//! What a style can carry, as a schema: the proof that a value can be written.

use serde_json::{Value, json};

use super::model::{Form, Kind, Style, Wired};
use crate::describe::model::Location;

/// The schema of the values that [`super::to_query`], [`super::to_segment`] and [`super::to_header`] write for sure.
pub(crate) fn capacity(to: &Wired, form: Form) -> Value {
    let one = scalar(to, form);
    match form {
        Form::One => one,
        Form::List => json!({ "type": "array", "items": one }),
        Form::Members => {
            let name = match one.get("pattern") {
                Some(pattern) => json!({ "pattern": pattern }),
                None => Value::Bool(true),
            };
            json!({ "type": "object", "additionalProperties": one, "propertyNames": name })
        }
    }
}

/// The schema of the values none of whose items has the delimiter of a style inside.
pub(crate) fn delimiters_delimit(from: &Wired, form: Form) -> Value {
    let pattern = without(from.style);
    let one = json!({ "type": ["string", "integer", "boolean", "number"], "pattern": pattern });
    match form {
        Form::One => one,
        Form::List => json!({ "type": "array", "items": one }),
        Form::Members => json!({
            "type": "object",
            "additionalProperties": one,
            "propertyNames": { "pattern": pattern },
        }),
    }
}

fn without(style: Style) -> &'static str {
    match (style.kind, style.explode) {
        (Kind::Space, _) => "^[^ ]*$",
        (Kind::Pipe, _) => "^[^|]*$",
        (Kind::Tab, _) => "^[^\\t]*$",
        (Kind::Label, true) => "^[^.=]*$",
        (Kind::Matrix, true) => "^[^;=]*$",
        (Kind::Simple, true) => "^[^,=]*$",
        _ => "^[^,]*$",
    }
}

fn scalar(to: &Wired, form: Form) -> Value {
    // a fraction has a dot
    let dotted = to.style.kind == Kind::Label && to.style.explode && form != Form::One;
    let kinds = if dotted {
        json!(["string", "integer", "boolean"])
    } else {
        json!(["string", "integer", "number", "boolean"])
    };
    let many = form != Form::One;
    match to.location {
        Location::Header if many => {
            json!({ "type": kinds, "pattern": "^([!-+\\-./-<>-~]([ -+\\-./-<>-~]*[!-+\\-./-<>-~])?)?$" })
        }
        Location::Header => json!({ "type": kinds, "pattern": "^([!-~]([ -~]*[!-~])?)?$" }),
        Location::Path if dotted => {
            json!({ "type": kinds, "pattern": "^[^./\\\\\\x00-\\x1f\\x7f-\\x9f]+$" })
        }
        Location::Path => json!({
            "type": kinds,
            "pattern": "^[^/\\\\\\x00-\\x1f\\x7f-\\x9f]+$",
            "not": { "enum": [".", ".."] },
        }),
        _ if many && to.style.cannot_escape() => {
            json!({ "type": kinds, "pattern": without(to.style) })
        }
        Location::Query | Location::Cookie | Location::QueryString => json!({ "type": kinds }),
    }
}
