//! The verbs about answers: statuses, headers, errors.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

/// Statuses: each old one with the new one.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Statuses {
    /// For this way only: old status to new status.
    up: Option<BTreeMap<String, u16>>,
    /// For this way only: new status to old status. Names the one that several go back to.
    down: Option<BTreeMap<String, u16>>,
    /// A success stands for an error, or the other way round, and this is meant.
    across: Option<bool>,
    /// Old status to new status, and back.
    #[schemars(flatten)]
    pairs: BTreeMap<String, u16>,
}

/// What becomes of the headers of answers.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Headers {
    /// Headers that only the new version has, and what is written when they are absent.
    add: Option<BTreeMap<String, Text>>,
    /// Headers that only the old version has, and what is written on the way back.
    remove: Option<BTreeMap<String, Text>>,
    /// Headers that are called otherwise: old name to new name.
    rename: Option<BTreeMap<String, String>>,
}

/// What is written into a header; one of these.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Text {
    /// This text, or the text of this JSON value.
    constant: Option<Value>,
    /// This text, or the text of this JSON value.
    default: Option<Value>,
    /// Another header of the answer.
    header: Option<String>,
    /// A path or query parameter of the request.
    parameter: Option<String>,
    /// A value of the gateway's configuration, by its name.
    configuration: Option<String>,
}

/// Where error bodies name places of the request.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Errors {
    /// Paths from the place to texts or lists that name a place of the request, and how they write it.
    pointers: BTreeMap<String, Named>,
}

/// How a place is written: for both versions alike, or for each.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Named {
    /// For both versions.
    Alike(Syntax),
    /// With what else is to be said.
    Said(Spelled),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Spelled {
    /// How both versions write it.
    r#as: Option<Syntax>,
    /// What stands before a place of the body in both versions.
    prefix: Option<Vec<String>>,
    /// How the old version writes it.
    from: Option<Notation>,
    /// How the new version writes it.
    to: Option<Notation>,
    /// What becomes of a place that the client's version does not have.
    unsent: Option<Unsent>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Notation {
    /// Only the syntax.
    Word(Syntax),
    /// With what stands before.
    Said(Prefixed),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Prefixed {
    /// The syntax.
    r#as: Syntax,
    /// What stands before a place of the body: `[body]`.
    prefix: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Syntax {
    /// `/a/0`, or `#/a/0`.
    JsonPointer,
    /// `a[0]`, `a.0`.
    Dotted,
    /// `["a", 0]`.
    Path,
    /// It names no place, although it looks as if.
    None,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Unsent {
    /// It stays as the backend says it.
    Keep,
    /// The member is left out.
    Omit,
    /// The request as a whole is named.
    Root,
}
