//! The reader's objection in words for people.

use serde_json::Value;

/// Characters of a value that are repeated.
const VALUE: usize = 60;
/// Values of a list that are repeated.
const VALUES: usize = 8;

/// What is refused, and by what.
pub(super) struct Refusal<'a> {
    /// The refused value, where there is one.
    pub(super) value: Option<&'a Value>,
    /// Where it stands in the payload, as a JSON pointer.
    pub(super) at: &'a str,
    pub(super) keyword: &'a str,
    /// What the reader's keyword says.
    pub(super) wants: Option<&'a Value>,
    /// The member that is missing or not declared.
    pub(super) member: Option<&'a str>,
    /// Who reads.
    pub(super) reader: &'a str,
    /// The validator's own sentence, where there are no better words.
    pub(super) message: &'a str,
}

/// One sentence: what the payload has, and what the reader wants instead.
pub(super) fn said(refusal: &Refusal<'_>) -> String {
    let Refusal { at, reader, keyword, .. } = refusal;
    let place = if at.is_empty() { "the payload".to_owned() } else { format!("`{at}`") };
    let value = refusal.value.map_or_else(|| "what it is".to_owned(), shown);
    let has = format!("{place} is {value}; {reader}");
    let wants = refusal.wants.map_or_else(String::new, shown);
    match *keyword {
        "required" => return lacking(&place, refusal),
        "additionalProperties" | "unevaluatedProperties" | "properties" | "patternProperties" => {
            return undeclared(&place, refusal);
        }
        _ => {}
    }
    match *keyword {
        "type" => format!("{has} wants {}", types(refusal.wants)),
        "const" => format!("{has} takes only {wants}"),
        "enum" => format!("{has} takes only {}", listed(refusal.wants)),
        "maximum" => format!("{has} takes at most {wants}"),
        "minimum" => format!("{has} wants at least {wants}"),
        "exclusiveMaximum" => format!("{has} takes only less than {wants}"),
        "exclusiveMinimum" => format!("{has} wants more than {wants}"),
        "multipleOf" => format!("{has} takes only multiples of {wants}"),
        "pattern" => format!("{has} wants the pattern {wants}"),
        "format" => format!("{has} wants the format {wants}"),
        "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties" | "minProperties" => {
            sized(&place, refusal)
        }
        "uniqueItems" => format!("{has} takes no item twice"),
        "contains" | "minContains" => format!("{has} wants an item that it does not have"),
        "maxContains" => format!("{has} takes fewer items of that kind"),
        "not" => format!("{has} takes anything but that"),
        "oneOf" if refusal.message.contains("more than one") => {
            format!("{has} wants it to fit one variant, and it fits more than one")
        }
        "oneOf" | "anyOf" => {
            let count = refusal.wants.and_then(Value::as_array).map_or(0, Vec::len);
            format!("{has} has {count} variants, and it fits none of them")
        }
        _ => format!("{reader} refuses {place}: {}", refusal.message),
    }
}

fn lacking(place: &str, refusal: &Refusal<'_>) -> String {
    let Some(member) = refusal.member else {
        return format!("{} refuses {place}: {}", refusal.reader, refusal.message);
    };
    format!("{place} has no `{member}`; {} requires it", refusal.reader)
}

fn undeclared(place: &str, refusal: &Refusal<'_>) -> String {
    let reader = refusal.reader;
    match refusal.member {
        Some(member) => {
            format!(
                "{place} has a member `{member}`, which {reader} does not declare and does not take"
            )
        }
        None => format!("{reader} takes no value at {place}"),
    }
}

fn sized(place: &str, refusal: &Refusal<'_>) -> String {
    let (count, noun) = match refusal.value {
        Some(Value::String(text)) => (text.chars().count(), "characters"),
        Some(Value::Array(items)) => (items.len(), "items"),
        Some(Value::Object(members)) => (members.len(), "members"),
        _ => return format!("{} refuses {place}: {}", refusal.reader, refusal.message),
    };
    let noun = if count == 1 { noun.trim_end_matches('s') } else { noun };
    let most = if refusal.keyword.starts_with("max") { "takes at most" } else { "wants at least" };
    let wants = refusal.wants.map_or_else(String::new, shown);
    format!("{place} has {count} {noun}; {} {most} {wants}", refusal.reader)
}

fn types(wants: Option<&Value>) -> String {
    let article = |name: &str| match name {
        "null" => "null".to_owned(),
        "integer" | "array" | "object" => format!("an {name}"),
        other => format!("a {other}"),
    };
    match wants {
        Some(Value::String(name)) => article(name),
        Some(Value::Array(names)) => {
            let names: Vec<String> = names.iter().filter_map(Value::as_str).map(article).collect();
            names.join(" or ")
        }
        _ => "another type".to_owned(),
    }
}

fn listed(wants: Option<&Value>) -> String {
    let Some(Value::Array(values)) = wants else { return "the values it lists".to_owned() };
    let first: Vec<String> = values.iter().take(VALUES).map(shown).collect();
    match values.len().saturating_sub(VALUES) {
        0 => first.join(", "),
        rest => format!("{} and {rest} more", first.join(", ")),
    }
}

/// A value as JSON, cut where it is long.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE {
        return text;
    }
    text.chars().take(VALUE).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Refusal, said};

    #[track_caller]
    fn check(at: &str, value: &Value, keyword: &str, wants: &Value, wanted: &str) {
        let refusal = Refusal {
            value: Some(value),
            at,
            keyword,
            wants: Some(wants),
            member: Some("nick")
                .filter(|_| keyword == "required" || keyword.ends_with("Properties")),
            reader: "v3",
            message: "the validator's words",
        };
        assert_eq!(said(&refusal), wanted);
    }

    #[test]
    fn sentences_name_what_is_there_and_what_is_wanted() {
        let at = "/amount";
        check(
            at,
            &json!("12"),
            "type",
            &json!("integer"),
            "`/amount` is \"12\"; v3 wants an integer",
        );
        check(
            at,
            &json!(null),
            "type",
            &json!(["string", "null"]),
            "`/amount` is null; v3 wants a string or null",
        );
        check(
            "",
            &json!({}),
            "required",
            &json!(["nick"]),
            "the payload has no `nick`; v3 requires it",
        );
        let undeclared =
            "the payload has a member `nick`, which v3 does not declare and does not take";
        check("", &json!({}), "additionalProperties", &json!(false), undeclared);
        check(
            at,
            &json!("abc"),
            "maxLength",
            &json!(2),
            "`/amount` has 3 characters; v3 takes at most 2",
        );
        check(at, &json!([1]), "minItems", &json!(2), "`/amount` has 1 item; v3 wants at least 2");
        check(
            at,
            &json!("c"),
            "enum",
            &json!(["a", "b"]),
            "`/amount` is \"c\"; v3 takes only \"a\", \"b\"",
        );
        let variants = "`/amount` is 1; v3 has 2 variants, and it fits none of them";
        check(at, &json!(1), "oneOf", &json!([{}, {}]), variants);
        check(at, &json!(1), "if", &json!({}), "v3 refuses `/amount`: the validator's words");
    }
}
