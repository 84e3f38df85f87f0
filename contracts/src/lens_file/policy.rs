//! The words for values that a reader does not take.

use schemars::JsonSchema;
use serde_json::Value;

use super::entry::Source;

/// Something said for each way.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Ways<T> {
    /// From old to new.
    up: Option<T>,
    /// From new to old.
    down: Option<T>,
}

/// Something said for all messages, or for each way, or for requests and responses, or for both.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Placed<T> {
    /// For all messages.
    All(T),
    /// Said apart.
    Apart(Places<T>),
}

/// Where a policy holds.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Places<T> {
    /// From old to new.
    up: Option<Side<T>>,
    /// From new to old.
    down: Option<Side<T>>,
    /// In requests.
    request: Option<Way<T>>,
    /// In responses.
    response: Option<Way<T>>,
}

/// Requests and responses alike, or apart.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Side<T> {
    Both(T),
    Apart(Sides<T>),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Sides<T> {
    /// In requests.
    request: Option<T>,
    /// In responses.
    response: Option<T>,
}

/// Both ways alike, or apart.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Way<T> {
    Both(T),
    Apart(Ways<T>),
}

/// A value that is written instead.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Default {
    /// This JSON value.
    default: Value,
}

/// What becomes of a null.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnNull {
    Word(NullWord),
    Default(Default),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum NullWord {
    /// It stays.
    Keep,
    /// The member is left out.
    Omit,
    /// The payload is refused.
    Error,
}

/// What becomes of a value that is not listed.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnUnknown {
    Word(UnknownWord),
    Fallback(Fallback),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum UnknownWord {
    /// It stays.
    Keep,
    /// The member is left out.
    Omit,
    /// The payload is refused.
    Error,
    /// The item of a list is left out.
    DropItem,
}

/// A value that is written instead.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Fallback {
    /// This JSON value.
    fallback: Value,
}

/// What becomes of a value out of range.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnRange {
    Word(RangeWord),
    /// It becomes null.
    Null(()),
    Default(Default),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum RangeWord {
    /// The payload is refused.
    Error,
    /// It stays.
    Keep,
    /// The member or item is left out.
    Omit,
    /// A number becomes the nearest bound.
    Clamp,
    /// A text or a list is cut.
    Truncate,
    /// A number becomes text.
    String,
    /// It becomes null.
    Null,
}

/// What becomes of a member that the reader has no use for.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnExtra {
    /// It is left out.
    Drop,
    /// It stays.
    Keep,
    /// The payload is refused.
    Error,
}

/// What becomes of a payload without a member that the reader requires.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnMissing {
    Word(MissingWord),
    Source(Source),
}

/// Which value stays where a member came under both of its names.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnConflict {
    /// The one under the old name.
    PreferOld,
    /// The one under the new name.
    PreferNew,
    /// Either; two that differ are refused.
    MustEqual,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum MissingWord {
    /// The payload is refused.
    Error,
    /// It goes on without.
    Omit,
    /// Null is written.
    Null,
}

/// What becomes of a value that a function does not take.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnFail {
    /// Both ways.
    Both(OnUnfit),
    /// Said apart.
    Apart(Ways<OnUnfit>),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnUnfit {
    Word(UnfitWord),
    Default(Default),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum UnfitWord {
    /// The payload is refused.
    Error,
    /// It stays.
    Keep,
    /// The member or item is left out.
    Omit,
    /// It becomes null.
    Null,
}
