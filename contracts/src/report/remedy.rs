//! What to do about a finding.

use super::model::{Row, from_backend};

/// One sentence: what an author can write so that the message gets through.
pub(super) fn remedy(row: &Row) -> String {
    let Row { client, backend, .. } = row;
    let (sender, reader) =
        if from_backend(row.side) { (backend, client) } else { (client, backend) };
    let Some(rule) = row.rule.as_deref() else { return String::new() };
    match rule {
        "operation-removed" => {
            format!("keep a backend of {client} for this operation, or bring it back in {backend}")
        }
        "required" | "dependentRequired" | "A3" | "A4" | "A5" => format!(
            "say in changes.yaml where the value comes from (`add`, `remove` or `supply`), or do not require it in {reader}"
        ),
        "enum" | "const" | "A8" | "A9" => format!(
            "say in changes.yaml what the value becomes (`map` or `on_unknown`), or allow it in {reader}"
        ),
        "additionalProperties"
        | "unevaluatedProperties"
        | "propertyNames"
        | "patternProperties" => {
            format!(
                "declare the member in {reader}, or say in changes.yaml what becomes of it (`rename`, `remove`)"
            )
        }
        "A6" => {
            format!("say in changes.yaml what null becomes (`on_null`), or allow null in {reader}")
        }
        "type" if null_is_refused(row) => {
            format!("say in changes.yaml what null becomes (`on_null`), or allow null in {reader}")
        }
        "oneOf" | "anyOf" | "not" | "if" | "A12" => format!(
            "declare the variant in {reader}, or tell the variants apart by a member with a `const`"
        ),
        "undecided" => format!(
            "write the schema of {sender} or {reader} more plainly there; until then `evergate contracts` tests it with generated payloads"
        ),
        _ => format!("allow the value in {reader}, or forbid it in {sender}"),
    }
}

fn null_is_refused(row: &Row) -> bool {
    row.witness.as_ref().is_some_and(|witness| {
        let received = witness.received.as_ref().unwrap_or(&witness.payload);
        received.pointer(&witness.at).is_some_and(serde_json::Value::is_null)
    })
}
