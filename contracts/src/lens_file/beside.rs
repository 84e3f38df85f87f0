//! The verbs about what stands beside payloads: parameters, links, paging tokens.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

/// What becomes of parameters.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Parameters {
    /// Parameters that only the new version has, and what is written when they are absent.
    add: Option<BTreeMap<String, Supplied>>,
    /// Parameters that only the old version has, and what is written on the way back.
    remove: Option<BTreeMap<String, Supplied>>,
    /// Parameters that are called otherwise: old name to new name.
    rename: Option<BTreeMap<String, String>>,
}

/// A parameter and what is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Supplied {
    /// Where the parameter stands.
    r#in: Location,
    /// This text, or the text of this JSON value.
    constant: Option<Value>,
    /// This text, or the text of this JSON value.
    default: Option<Value>,
    /// A header of the message.
    header: Option<String>,
    /// Another path or query parameter.
    parameter: Option<String>,
    /// A value of the gateway's configuration, by its name.
    configuration: Option<String>,
}

/// Where a parameter stands.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Location {
    Path,
    Query,
    Header,
    Cookie,
}

/// A path from the place, or several: `a/b`, `*` for any item or member.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Paths {
    One(String),
    Many(Vec<String>),
}

/// A paging token.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Cursor {
    /// Where it comes in answers.
    response: Option<Paths>,
    /// Where it goes in requests.
    request: InRequest,
    /// What becomes of a token of a version that nobody speaks now: `refuse` (the default) or `pass`.
    on_conflict: Option<Verdict>,
    /// What becomes of a token that is not sealed: `pass` (the default) or `refuse`.
    unsealed: Option<Verdict>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct InRequest {
    /// A query parameter.
    parameter: String,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Verdict {
    /// It is refused.
    Refuse,
    /// It goes on as it is.
    Pass,
}
