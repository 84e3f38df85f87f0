//! The verbs about what stands beside payloads: parameters, links, paging tokens.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use super::policy::{OnRange, OnUnknown, Placed, Ways};

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
    /// Parameters that stand elsewhere in the new version, by their old name; of what comes out of the body, the way to
    /// the member: `/a/b`.
    r#move: Option<BTreeMap<String, Moved>>,
    /// What becomes of a number, text or list beyond the bounds of the other version, by old or new name.
    on_range: Option<BTreeMap<String, Placed<OnRange>>>,
    /// What becomes of a value that the other version does not list, by old or new name.
    on_unknown: Option<BTreeMap<String, Ways<OnUnknown>>>,
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
    from: End,
    /// Where the new version has it.
    to: End,
    /// Its name in the new version, where that is another; of what goes into the body, the way to the member: `/a/b`.
    r#as: Option<String>,
}

/// Where a value of a request stands.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum End {
    Path,
    Query,
    Header,
    Cookie,
    /// A member of the JSON body; one of the two places only.
    Body,
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

/// Names of members in the value of a parameter.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Names {
    /// How names stand in it.
    grammar: Grammar,
    /// What they are names of: `request` or `response STATUS` of the operation, with `#/place/inside`.
    of: Option<String>,
    /// Between the steps of a path: `.` where nothing is said.
    separator: Option<String>,
    /// Between the items of a list: `,` where nothing is said.
    delimiter: Option<String>,
    /// The answer has only what is named.
    selects: Option<bool>,
    /// What becomes of a name that the client's version does not declare: `error` is the default.
    on_unknown: Option<OnUnknownName>,
    /// What becomes of a comparison or an order that is another one in the other version: `error` is the default.
    on_value: Option<OnValue>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Grammar {
    /// `a,b.c,*`
    List,
    /// `-a,+b`, `a:desc`, `a desc`
    Sort,
    /// Names in the parameter's own name: `filter[a][gte]=1`, `fields[type]=a,b`
    Brackets,
    /// `a(b,c)/d`
    Parens,
    /// A list in which each step may be in snake or camel case.
    FieldMask,
    /// `a = "x" AND b > 1`
    Filter,
    /// The parameter holds no names, whatever it is called.
    None,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnUnknownName {
    /// The request is refused.
    Error,
    /// It stays.
    Keep,
    /// It is left out.
    Drop,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnValue {
    /// The request is refused.
    Error,
    /// It stays.
    Keep,
}
