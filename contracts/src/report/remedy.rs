//! What to do about a finding.

use super::model::Row;
use super::words::roles;

/// Who can still be changed: of two versions the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Newer {
    /// The reader speaks the newer version: what it refuses can be taken again.
    Reads,
    /// The sender speaks the newer version: what it sends can be kept.
    Sends,
    /// Not known.
    Unknown,
}

/// What a remedy is about.
struct About<'a> {
    row: &'a Row,
    newer: Newer,
    sender: &'a str,
    reader: &'a str,
    /// The member that is missing or not declared, or that holds the refused value, in marks.
    member: String,
}

/// One sentence: what an author can write so that the message gets through.
pub(super) fn remedy(row: &Row, newer: Newer, member: Option<&str>) -> String {
    let (sender, reader) = roles(row);
    let held = row.witness.as_ref().and_then(|witness| witness.at.rsplit('/').next());
    let member = member.or_else(|| held.filter(|name| !name.is_empty()));
    let member = member.map_or_else(|| "the value".to_owned(), |name| format!("`{name}`"));
    let about = About { row, newer, sender, reader, member };
    let word = row.keyword.as_deref().or(row.rule.as_deref()).unwrap_or_default();
    match row.rule.as_deref() {
        Some("operation-removed") if row.keyword.is_none() => {
            let Row { client, backend, .. } = row;
            format!("keep a backend of {client} for this operation, or bring it back in {backend}")
        }
        Some("undecided") => format!(
            "write the schema of {sender} or {reader} more plainly there; until then `evergate contracts` tests it with generated payloads"
        ),
        None => String::new(),
        Some(_) => by_keyword(&about, word),
    }
}

fn by_keyword(about: &About<'_>, word: &str) -> String {
    match word {
        "required" if about.row.part == "whole" => lacking_body(about),
        "required" | "dependentRequired" | "A3" | "A4" | "A5" | "A21" => missing(about),
        "enum" | "const" | "A8" | "A9" => listed(about),
        "additionalProperties"
        | "unevaluatedProperties"
        | "propertyNames"
        | "properties"
        | "patternProperties" => undeclared(about),
        "type" | "A6" if word == "A6" || null_is_refused(about.row) => null(about),
        "type" => of_type(about),
        "oneOf" | "anyOf" | "not" | "if" | "A12" => variant(about),
        "status" => format!(
            "declare the status in {}, or keep answering with one that it declares",
            about.reader
        ),
        "content" => format!(
            "declare the media type in {}, or keep sending one that it declares",
            about.reader
        ),
        _ => bound(about, word),
    }
}

fn lacking_body(About { reader, newer, sender, .. }: &About<'_>) -> String {
    match newer {
        Newer::Sends => format!("require the body in {sender}"),
        _ => format!("do not require the body in {reader}"),
    }
}

fn missing(About { row, newer, sender, reader, member }: &About<'_>) -> String {
    let lens = if row.part.contains("parameter") || row.part.starts_with("header") {
        "`parameter: add` in changes.yaml"
    } else {
        "`add`, `remove` or `supply` in changes.yaml"
    };
    match newer {
        Newer::Reads => format!(
            "do not require {member} in {reader}, give it a default there, or say what it is where it is missing ({lens})"
        ),
        Newer::Sends => format!(
            "keep {member} required in {sender}, or say what readers of {reader} get instead ({lens})"
        ),
        Newer::Unknown => format!(
            "say in changes.yaml where the value comes from (`add`, `remove` or `supply`), or do not require it in {reader}"
        ),
    }
}

fn listed(About { newer, sender, reader, member, .. }: &About<'_>) -> String {
    let lens = "what the value becomes (`map` or `on_unknown` in changes.yaml)";
    match newer {
        Newer::Reads => format!("keep taking the value of {member} in {reader}, or say {lens}"),
        Newer::Sends => {
            format!("keep {member} in {sender} to the values that {reader} knows, or say {lens}")
        }
        Newer::Unknown => format!(
            "say in changes.yaml what the value becomes (`map` or `on_unknown`), or allow it in {reader}"
        ),
    }
}

fn undeclared(About { newer, sender, reader, member, .. }: &About<'_>) -> String {
    match newer {
        Newer::Reads => format!(
            "declare {member} in {reader}, take undeclared members there, or say what became of it (`rename`, `move` or `remove` in changes.yaml)"
        ),
        Newer::Sends => format!(
            "leave {member} out of {sender}, or say what readers of {reader} get instead (`rename`, `move` or `add` in changes.yaml)"
        ),
        Newer::Unknown => format!(
            "declare the member in {reader}, or say in changes.yaml what becomes of it (`rename`, `remove`)"
        ),
    }
}

fn null(About { newer, sender, reader, member, .. }: &About<'_>) -> String {
    match newer {
        Newer::Reads => format!(
            "allow null for {member} in {reader}, or say what null becomes (`on_null` in changes.yaml)"
        ),
        Newer::Sends => format!(
            "do not allow null for {member} in {sender}, or say what null becomes (`on_null` in changes.yaml)"
        ),
        Newer::Unknown => {
            format!("say in changes.yaml what null becomes (`on_null`), or allow null in {reader}")
        }
    }
}

fn of_type(About { newer, sender, reader, member, .. }: &About<'_>) -> String {
    match newer {
        Newer::Reads => format!(
            "take the old type of {member} in {reader} too, or give the new type another member"
        ),
        Newer::Sends => {
            format!("keep the type of {member} in {sender}, or send the new type in another member")
        }
        Newer::Unknown => format!("allow the value in {reader}, or forbid it in {sender}"),
    }
}

fn variant(About { newer, sender, reader, .. }: &About<'_>) -> String {
    let apart = "tell the variants apart by a member with a `const`";
    match newer {
        Newer::Reads => format!("keep taking the variant in {reader}, or {apart}"),
        Newer::Sends => {
            format!("send only variants that {reader} declares from {sender}, or {apart}")
        }
        Newer::Unknown => format!("declare the variant in {reader}, or {apart}"),
    }
}

fn bound(About { newer, sender, reader, member, .. }: &About<'_>, word: &str) -> String {
    match newer {
        Newer::Reads => format!(
            "loosen `{word}` of {member} in {reader}, or keep a backend of {sender} for older clients"
        ),
        Newer::Sends => format!("keep {member} in {sender} within the `{word}` of {reader}"),
        Newer::Unknown => format!("allow the value in {reader}, or forbid it in {sender}"),
    }
}

fn null_is_refused(row: &Row) -> bool {
    row.witness.as_ref().is_some_and(|witness| {
        let received = witness.received.as_ref().unwrap_or(&witness.payload);
        received.pointer(&witness.at).is_some_and(serde_json::Value::is_null)
    })
}
