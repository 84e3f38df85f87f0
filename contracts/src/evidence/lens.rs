//! A lens that would heal a finding, ready to paste into `changes.yaml`.

use serde_json::{Value, json};

use evergate_schemas::describe::model::Status;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::schema::{DEFS_PREFIX, Schema, SchemaPlace, Side};

use super::ends::Ends;
use super::said::shown;

/// What a lens is about.
pub(super) struct Wound<'a> {
    /// The reader's keyword.
    pub(super) keyword: &'a str,
    /// Where the keyword stands in the reader's schema.
    pub(super) keyword_at: &'a SchemaPlace,
    /// Where in the payload.
    pub(super) at: &'a Pointer,
    /// The member that is missing.
    pub(super) member: Option<&'a str>,
    /// The refused value.
    pub(super) value: Option<&'a Value>,
    /// The sender declares the missing member too.
    pub(super) declared: bool,
    pub(super) status: Option<Status>,
}

/// An entry of `changes.yaml`; `None` where no lens would help.
pub(super) fn snippet(wound: &Wound<'_>, schema: &Schema, ends: &Ends<'_>) -> Option<String> {
    if !ends.converted {
        return None;
    }
    let way = if ends.newer_reads { "up" } else { "down" };
    let missing = wound.keyword == "required";
    let (holder, member) = holder(wound, missing)?;
    let target = target(wound, &holder, ends)?;
    let name = written(&member);
    let (say, verb) = match wound.keyword {
        "required" => {
            let value = shown(&stand_in(wound, schema, &member));
            let (say, verb) = match (wound.declared, ends.newer_reads) {
                (true, _) => (
                    format!("Where `{member}` is missing it means {value}."),
                    format!("supply: {{ {way}: {{ {name}: {{ constant: {value} }} }} }}"),
                ),
                (false, true) => (
                    format!("`{member}` is new; it used to mean {value}."),
                    format!("add: {{ {name}: {{ constant: {value} }} }}"),
                ),
                (false, false) => (
                    format!("`{member}` is gone; it always means {value}."),
                    format!("remove: {{ {name}: {{ constant: {value} }} }}"),
                ),
            };
            (say, verb)
        }
        "type" if wound.value == Some(&Value::Null) => (
            format!("`{member}` without a value is left out."),
            format!("on_null: {{ {name}: {{ {way}: omit }} }}"),
        ),
        "enum" | "const" => {
            let fallback = fallback(schema, wound)?;
            (
                format!("Values of `{member}` that are not known mean {fallback}."),
                format!("on_unknown: {{ {name}: {{ {way}: {{ fallback: {fallback} }} }} }}"),
            )
        }
        _ => return None,
    };
    let say = Value::from(say);
    Some(format!("changes:\n  - say: {say}\n    at: {target}\n    {verb}\n"))
}

// The object that holds the member, as a place of the schema where it is in a component.
fn holder(wound: &Wound<'_>, missing: bool) -> Option<(SchemaPlace, String)> {
    let mut tokens: Vec<String> = wound.keyword_at.pointer.tokens().collect();
    tokens.pop();
    let member = if missing { wound.member?.to_owned() } else { wound.at.tokens().last()? };
    if !missing {
        // A keyword of the member's own component tells nothing about who holds it.
        match tokens.as_slice() {
            [.., properties, name] if properties == "properties" && *name == member => {}
            _ => return None,
        }
        tokens.truncate(tokens.len().saturating_sub(2));
    }
    let mut place =
        SchemaPlace { component: wound.keyword_at.component.clone(), pointer: Pointer::root() };
    for token in &tokens {
        place.pointer.push(token);
    }
    Some((place, member))
}

/// The `at` of the entry: the component and the way inside, or the message.
fn target(wound: &Wound<'_>, holder: &SchemaPlace, ends: &Ends<'_>) -> Option<String> {
    let (scope, within) = if let Some(key) = &holder.component {
        (key.clone(), steps(&holder.pointer)?)
    } else {
        let operation = ends.sender.operation?;
        let scope = match (ends.side?, wound.status) {
            (Side::Request, _) => format!("{} request", operation.key),
            (Side::Response, Some(status)) => format!("{} response {status}", operation.key),
            (Side::Response, None) => return None,
        };
        (scope, steps(&holder.pointer)?)
    };
    let within = within.iter().fold(Pointer::root(), |pointer, step| pointer.join(step));
    let text = if within.is_root() { scope } else { format!("{scope}#{within}") };
    Some(written(&text))
}

/// Member names for the keywords of a schema's pointer; `*` for items and members of any name.
fn steps(pointer: &Pointer) -> Option<Vec<String>> {
    let tokens: Vec<String> = pointer.tokens().collect();
    let (mut rest, mut steps) = (tokens.as_slice(), Vec::new());
    loop {
        rest = match rest {
            [] => return Some(steps),
            [keyword, name, after @ ..] if keyword == "properties" => {
                steps.push(name.clone());
                after
            }
            [keyword, _, after @ ..] if keyword == "prefixItems" => {
                steps.push("*".to_owned());
                after
            }
            [keyword, after @ ..] if keyword == "items" || keyword == "additionalProperties" => {
                steps.push("*".to_owned());
                after
            }
            [keyword, _, after @ ..] if matches!(keyword.as_str(), "allOf" | "anyOf" | "oneOf") => {
                after
            }
            _ => return None,
        };
    }
}

/// A value that the reader takes for a missing member, for an author to replace.
fn stand_in(wound: &Wound<'_>, schema: &Schema, member: &str) -> Value {
    let mut holder = wound.keyword_at.clone();
    holder.pointer.pop();
    let mut at = holder.join("properties").join(member);
    for _ in 0..8 {
        let Some(declared) = schema.at_place(&at) else { break };
        for keyword in ["default", "const"] {
            if let Some(value) = declared.get(keyword) {
                return value.clone();
            }
        }
        if let Some(first) = declared.get("enum").and_then(|values| values.get(0)) {
            return first.clone();
        }
        let kind = match declared.get("type") {
            Some(Value::Array(names)) => names.first().and_then(Value::as_str),
            other => other.and_then(Value::as_str),
        };
        match kind {
            Some("integer" | "number") => {
                return declared.get("minimum").cloned().unwrap_or(json!(0));
            }
            Some("boolean") => return json!(false),
            Some("array") => return json!([]),
            Some("object") => return json!({}),
            Some("null") => return Value::Null,
            Some(_) => return json!(""),
            None => {}
        }
        let key = declared.get("$ref").and_then(Value::as_str);
        let Some(key) = key.and_then(|text| text.strip_prefix(DEFS_PREFIX)) else { break };
        at = SchemaPlace::component(key);
    }
    json!("")
}

/// A value that the reader knows.
fn fallback(schema: &Schema, wound: &Wound<'_>) -> Option<String> {
    let wants = schema.at_place(wound.keyword_at)?;
    let value = if wound.keyword == "enum" { wants.get(0)? } else { wants };
    Some(shown(value))
}

/// A text as YAML takes it without surprises.
fn written(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let starts = text.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let word = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    if starts && text.chars().all(plain) && !word.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    Value::from(text).to_string()
}
