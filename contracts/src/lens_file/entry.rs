//! One change: its sentence, its place, and what is done there.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use super::answer::{Errors, Headers, Statuses};
use super::beside::{Cursor, Names, Parameters, Paths, Route};
use super::function::{
    Cast, Compute, Embed, Filters, Group, Keyed, Listed, Merge, Scale, Sorts, Split, Time,
};
use super::policy::{
    OnConflict, OnExtra, OnMissing, OnNull, OnRange, OnUnknown, Placed, Way, Ways,
};
use super::structure::{Case, Enveloped, TagUnion, Wrapped};

/// One change, written once, in the sense old to new; the way back follows.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Entry {
    /// The sentence that a client developer reads.
    say: String,
    /// Where it holds: a component, `METHOD /path request`, `METHOD /path response STATUS`, each with `#/place/inside`, or
    /// `METHOD /path` for what becomes of parameters.
    at: At,
    /// Members that are called otherwise: old name to new name.
    rename: Option<BTreeMap<String, String>>,
    /// Members that stand elsewhere: old path to new path, `a/b` from the place.
    r#move: Option<BTreeMap<String, String>>,
    /// Values of a member that are spelled otherwise.
    map: Option<OneOrMany<Map>>,
    /// Members that only the new version has, and what is written.
    add: Option<BTreeMap<String, Source>>,
    /// Members that only the old version has, and what is written on the way back.
    remove: Option<BTreeMap<String, Source>>,
    /// What is written for members of both versions that are absent and needed.
    supply: Option<Ways<BTreeMap<String, Source>>>,
    /// What becomes of a null that the reader refuses.
    on_null: Option<BTreeMap<String, Ways<OnNull>>>,
    /// What becomes of a value that the reader does not list.
    on_unknown: Option<BTreeMap<String, Ways<OnUnknown>>>,
    /// What becomes of a number, text or list beyond the reader's bounds.
    on_range: Option<BTreeMap<String, Placed<OnRange>>>,
    /// What becomes of a member that the reader has no use for.
    on_extra: Option<BTreeMap<String, Placed<OnExtra>>>,
    /// What becomes of a payload without a member that the reader requires.
    on_missing: Option<BTreeMap<String, Placed<OnMissing>>>,
    /// Which value stays where a member came under both of its names.
    on_conflict: Option<BTreeMap<String, Way<OnConflict>>>,
    /// A value that becomes a list: old name to new name.
    list: Option<BTreeMap<String, Listed>>,
    /// A list that becomes a value: old name to new name.
    unlist: Option<BTreeMap<String, Listed>>,
    /// A text that becomes several members.
    split: Option<BTreeMap<String, Split>>,
    /// Several members that become one text.
    merge: Option<BTreeMap<String, Merge>>,
    /// A value of another JSON type.
    cast: Option<BTreeMap<String, Cast>>,
    /// A number in another unit.
    scale: Option<BTreeMap<String, Scale>>,
    /// A point in time that is written otherwise.
    time: Option<BTreeMap<String, Time>>,
    /// A member that is made of others, one way.
    compute: Option<BTreeMap<String, Compute>>,
    /// A list of objects and a map by one of their members.
    keyed: Option<BTreeMap<String, Keyed>>,
    /// A list and a map of lists.
    group: Option<BTreeMap<String, Group>>,
    /// The order of a list, said for each way.
    sort: Option<BTreeMap<String, Sorts>>,
    /// Items that are left out of a list, said for each way.
    filter: Option<BTreeMap<String, Filters>>,
    /// JSON in a text, base64.
    embed: Option<BTreeMap<String, Embed>>,
    /// Members that go into an object of their own: its name, and which.
    wrap: Option<BTreeMap<String, Wrapped>>,
    /// Members that come out of an object of their own: its name, and which.
    unwrap: Option<BTreeMap<String, Wrapped>>,
    /// A bare value that gets an object around it.
    envelope: Option<Enveloped>,
    /// Variants that are told apart otherwise.
    tag_union: Option<TagUnion>,
    /// Names of all members at the place and below in another case.
    case: Option<Case>,
    /// Links to this api, which name a version: paths from the place.
    links: Option<Paths>,
    /// Where error bodies name places of the request.
    error: Option<Errors>,
    /// A paging token at an operation, which belongs to the version that made it.
    cursor: Option<Cursor>,
    /// What becomes of the parameters of one operation.
    parameter: Option<Parameters>,
    /// Statuses of one operation's answers that are others: old to new.
    status: Option<Statuses>,
    /// What becomes of the headers of one operation's answers.
    header: Option<Headers>,
    /// Parameters of an operation that hold names of members: parameter to how names stand in it.
    names: Option<BTreeMap<String, Names>>,
    /// Where the operation at `at` is in the new version: another path, or another method.
    route: Option<Route>,
}

/// One place or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum At {
    /// One place.
    One(String),
    /// Several places.
    #[schemars(extend("minItems" = 1))]
    Many(Vec<String>),
}

/// One or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

/// Values by table.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) struct Map {
    /// The member, under its old or its new name.
    member: String,
    /// Old value to new value.
    values: BTreeMap<String, Value>,
    /// Old values that become what another becomes too.
    up: Option<BTreeMap<String, Value>>,
    /// New values, and the old one that each goes back to.
    down: Option<BTreeMap<String, Value>>,
    /// What every other value becomes.
    otherwise: Option<Ways<Value>>,
}

/// Where a value comes from: one of these.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a schema only")]
pub(super) enum Source {
    /// This JSON value.
    Constant(Value),
    /// This JSON value.
    Default(Value),
    /// A copy of another member: its path from the place, in the sender's names.
    Member(String),
    /// A header of the message, as text.
    Header(String),
    /// A path or query parameter, as text.
    Parameter(String),
    /// A value of the gateway's configuration, by its name.
    Configuration(String),
    /// Where the `Link` header of the answer leads that has this relation.
    Link(String),
}
