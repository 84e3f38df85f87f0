//! What each rule id in a finding means: changes, conversions' rules, schema keywords, and the report's own.

use evergate_schemas::changes;

/// Rules of findings that are about no change of a document.
const OWN: [(&str, &str); 10] = [
    (
        "document-error",
        "a document could not be read as it is written, and what depends on it was not judged",
    ),
    (
        "document-warning",
        "a document is read in the stated way, and another reader may read it otherwise",
    ),
    ("lossy", "the conversion holds for every payload, and drops or replaces information"),
    (
        "release-edited",
        "a version was changed after it was released; clients were written for what it was",
    ),
    ("release-removed", "a released version is gone, or has another name"),
    ("refused", "the conversion refuses every payload"),
    (
        "undecided",
        "it was neither proved nor refuted that every payload gets through; unknown never passes",
    ),
    (
        "version-bump-insufficient",
        "the version's number moved less than what changed calls for, so clients are told too little",
    ),
    ("waiver-expired", "a waiver has come to its end"),
    ("waiver-unused", "a waiver is about nothing that was found"),
];

/// Rules of derived conversions, as plans name them.
const DERIVED: [(&str, &str); 19] = [
    ("A1", "an optional member is new to one side"),
    ("A2", "an optional member with a default is new to one side"),
    ("A3", "a required member is new, and nothing says where its value comes from"),
    (
        "A4",
        "a member is gone that the other side requires, and nothing says where its value comes from",
    ),
    ("A5", "a member became required, and a payload may leave it out"),
    ("A6", "null is refused where it used to be allowed"),
    ("A7", "a default changed"),
    ("A8", "a value of a list is unknown to the reader"),
    ("A9", "a value of a list is gone"),
    ("A10", "a number is outside of what the reader takes"),
    ("A11", "a text is outside of what the reader takes"),
    ("A12", "a variant is unknown to the reader"),
    ("A13", "a discriminator's value is spelled otherwise"),
    ("A14", "the items of an array changed"),
    ("A15", "the bounds of an array changed"),
    ("A16", "the values of a map changed"),
    ("A17", "the reader refuses members that it does not declare"),
    ("A18", "a member is declared by neither side"),
    ("A20", "a type refers to itself"),
];

/// Keywords of JSON Schema by which a reader refuses a payload.
const KEYWORDS: [&str; 38] = [
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "discriminator",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "false",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "required",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// What the rule means, in a sentence; `None` for no rule.
pub fn explain(id: &str) -> Option<String> {
    if let Some(rule) = changes::rule(id) {
        return Some(rule.sentence.to_owned());
    }
    if let Some((_, sentence)) = OWN.iter().chain(&DERIVED).find(|(own, _)| *own == id) {
        return Some((*sentence).to_owned());
    }
    if super::words::is_step(id) {
        return Some("a declared conversion refuses a payload that the sender may send".to_owned());
    }
    let keyword = KEYWORDS.contains(&id);
    keyword
        .then(|| format!("the reader's keyword `{id}` refuses a payload that the sender may send"))
}
