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
