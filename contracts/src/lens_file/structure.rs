//! The verbs that give an object another build.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

/// The members inside and outside.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Wrapped {
    /// Members that are called the same inside and outside.
    #[schemars(extend("minItems" = 1))]
    Names(Vec<String>),
    /// With what a null means.
    Parts(Parts),
    /// Old name to new name.
    Renamed(BTreeMap<String, String>),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Parts {
    /// The members.
    parts: Names,
    /// Whether a null whole means parts that are null, or no parts (the default).
    null: Option<Nulls>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Nulls {
    Parts,
    Absent,
}

/// Names that are the same on both sides, or old name to new name.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Names {
    Same(Vec<String>),
    Pairs(BTreeMap<String, String>),
}

/// The member that holds the value, or with what stands beside it.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Enveloped {
    Member(String),
    Whole(Envelope),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Envelope {
    /// The member that holds the value.
    member: String,
    /// What is written beside it.
    with: Option<BTreeMap<String, Value>>,
    /// `Link` headers that the bare value has instead of members: relation to member.
    link: Option<BTreeMap<String, String>>,
    /// Which version has the envelope: `new` (the default) or `old`.
    r#in: Option<Version>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Version {
    Old,
    New,
}

/// Variants that are told apart otherwise.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct TagUnion {
    /// The member that names the variant.
    tag: String,
    /// The variants: a list where tag and member have one name, else tag value to member.
    variants: Names,
    /// The form of the old version.
    old: Form,
    /// The form of the new version.
    new: Form,
    /// Members that stay outside.
    keep: Option<Names>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Form {
    /// `{"card": {…}}`
    Presence,
    /// `{"type": "card", "card": {…}}`
    Nested,
    /// `{"type": "card", "number": …}`
    Flat,
}

/// Names in another case.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Case {
    /// How the old version writes names.
    from: Spelling,
    /// How the new version does.
    to: Spelling,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Spelling {
    /// `first_name`
    Snake,
    /// `firstName`
    Camel,
    /// `FirstName`
    Pascal,
    /// `first-name`
    Kebab,
    /// `FIRST_NAME`
    Screaming,
}
