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
    /// Parameters that stand elsewhere in the new version, by their old name.
    r#move: Option<BTreeMap<String, Moved>>,
    /// What becomes of a value that cannot be written in the style or place of the other version, by old or new name.
    on_fail: Option<BTreeMap<String, Refuse>>,
}

/// What becomes of a value that cannot be written.
#[derive(JsonSchema)]
#[schemars(extend("const" = "error"))]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Refuse(String);

/// A parameter that stands elsewhere.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Moved {
    /// Where the old version has it.
    from: Location,
    /// Where the new version has it.
    to: Location,
    /// Its name in the new version, where that is another.
    r#as: Option<String>,
}

/// Where an operation is in the new version.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Route {
    /// `METHOD /path`.
    To(String),
    /// The same with leave.
    With(Allowed),
}

/// A route that says more.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Allowed {
    /// `METHOD /path`.
    to: String,
    /// The methods may promise different things.
    r#unsafe: Option<Unsafe>,
}

/// Leave for methods that promise different things.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Unsafe {
    Allow,
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
