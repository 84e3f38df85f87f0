//! The verbs that are functions of values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use super::policy::{OnFail, Ways};

/// The new name, or how the list and the value become each other.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Listed {
    Name(String),
    Options(List),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct List {
    /// The new name, if it is another.
    to: Option<String>,
    /// Which item is the value: `first` (the default), `last` or `only`.
    pick: Option<Pick>,
    /// What an empty list becomes: `null` (the default), or a refusal.
    empty: Option<Empty>,
    /// What becomes of a value that does not fit.
    on_fail: Option<OnFail>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Pick {
    First,
    Last,
    Only,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Empty {
    Null,
    Error,
}

/// One text and several members.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Split {
    /// The members of the new version.
    #[schemars(extend("minItems" = 1))]
    into: Vec<String>,
    /// The whole text, with a group `(?<member>…)` for each.
    pattern: String,
    /// The text, with `{member}` for each.
    template: String,
    /// What becomes of what does not fit.
    on_fail: Option<Ways<OnParts>>,
}

/// Several members and one text.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Merge {
    /// The members of the old version.
    #[schemars(extend("minItems" = 1))]
    from: Vec<String>,
    /// The whole text, with a group `(?<member>…)` for each.
    pattern: String,
    /// The text, with `{member}` for each.
    template: String,
    /// What becomes of what does not fit.
    on_fail: Option<Ways<OnParts>>,
}

/// What stands for members that could not be made.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnParts {
    Word(PartsWord),
    Default(PartsDefault),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum PartsWord {
    /// The payload is refused.
    Error,
    /// They are left out.
    Omit,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct PartsDefault {
    /// Member to JSON value.
    default: BTreeMap<String, Value>,
}

/// A value of another JSON type.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Cast {
    /// The type in the old version.
    from: Basic,
    /// The type in the new version.
    to: Basic,
    /// What becomes of a value that does not fit.
    on_fail: Option<OnFail>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Basic {
    String,
    Number,
    Integer,
    Boolean,
}

/// A number in another unit.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Scale {
    /// What an old number is multiplied by: `100`, `0.01` or `"5/9"`.
    by: Fraction,
    /// How digits go that have no room: `half-even` is the default.
    on_precision: Option<OnPrecision>,
    /// Digits after the point, for each way.
    places: Option<Ways<u32>>,
    /// What becomes of a value that does not fit.
    on_fail: Option<OnFail>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Fraction {
    Number(f64),
    Text(String),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OnPrecision {
    HalfEven,
    HalfUp,
    Down,
    Up,
    Floor,
    Ceiling,
    /// The payload is refused.
    Error,
}

/// A point in time that is written otherwise.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Time {
    /// How the old version writes it.
    from: Moment,
    /// How the new version does.
    to: Moment,
    /// The offset that is written: `Z` (the default), `+02:00`.
    zone: Option<String>,
    /// Digits of a second's fraction, 0 to 9.
    #[schemars(range(max = 9))]
    digits: Option<u8>,
    /// What becomes of a value that does not fit.
    on_fail: Option<OnFail>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Moment {
    EpochS,
    EpochMs,
    EpochUs,
    EpochNs,
    DateTime,
    Date,
}

/// What a member is made of: one of these.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Compute {
    /// A text with `{member}` in it.
    Template(String),
    /// The first of these members that is there.
    FirstOf(Vec<String>),
}

/// A list of objects and a map by one of their members.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Keyed {
    /// What the old version has: `list` or `map`.
    from: ListOrMap,
    /// The member that is the key.
    by: String,
    /// The member that is the value; without it, all others are.
    value: Option<String>,
    /// What becomes of two items with one key; `error` is the default.
    on_duplicate: Option<Duplicate>,
    /// What becomes of a value that does not fit.
    on_fail: Option<OnFail>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum ListOrMap {
    List,
    Map,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Duplicate {
    Error,
    First,
    Last,
}

/// A list and a map of lists.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Group {
    /// What the old version has: `list` or `groups`.
    from: ListOrGroups,
    /// The member that is the key.
    by: String,
    /// What becomes of a value that does not fit.
    on_fail: Option<OnFail>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum ListOrGroups {
    List,
    Groups,
}

/// The order of a list.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Sorts {
    /// From old to new: members, with `-` in front for the largest first.
    up: Option<OneOrMore>,
    /// From new to old.
    down: Option<OneOrMore>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Items that are left out.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Filters {
    /// From old to new.
    up: Option<Filter>,
    /// From new to old.
    down: Option<Filter>,
}

/// Which items stay: one of these.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Filter {
    Keep(Keep),
    Drop(Drop),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Keep {
    /// The member that is looked at; without it, the item itself.
    member: Option<String>,
    /// Scalars that stay.
    keep: Value,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Drop {
    /// The member that is looked at; without it, the item itself.
    member: Option<String>,
    /// Scalars that go.
    drop: Value,
}

/// JSON in a text, base64.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Embed {
    /// What the old version has.
    from: Form,
    /// What the new version has.
    to: Form,
    /// What becomes of a value that does not fit.
    on_fail: Option<OnFail>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Form {
    /// The JSON value itself.
    Json,
    /// Its text in a string.
    Text,
    /// Bytes as RFC 4648 §4.
    Base64,
    /// Bytes as RFC 4648 §5.
    Base64url,
}
