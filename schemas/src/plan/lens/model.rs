//! Declared lenses as data: each is written once, in the sense old to new, and read both ways.

use std::sync::Arc;

use serde_json::Value;

use crate::describe::model::{Location, OperationKey, Status};
use crate::plan::bridge::ParameterSource;
use crate::plan::names::{Grammar, OnUnknownName, OnValue};
use crate::plan::program::{Literal, Outside};
use crate::plan::transform::Transform;
use crate::problem::Place;
use crate::schema::Side;

/// Towards the newer version, or towards the older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Upgrade: the sender speaks the older version.
    Up,
    /// Downgrade: the sender speaks the newer version.
    Down,
}

/// Everything one version declares about its predecessor. Empty for the first version, and for one without
/// `changes.yaml`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct VersionChanges {
    /// Lenses on payloads, in the order written.
    pub entries: Vec<Entry>,
    /// What becomes of the parameters of one operation each.
    pub parameters: Vec<ParameterChange>,
    /// L22: the paging tokens of one operation each.
    pub cursors: Vec<CursorChange>,
    /// What becomes of the statuses and headers of the answers of one operation each.
    pub answers: Vec<AnswerChange>,
    /// L18: operations that have another method or path.
    pub routes: Vec<RouteChange>,
    /// L20: which parameters hold names of members; it holds for later versions too, until they say otherwise.
    pub names: Vec<NamesRule>,
}

/// One entry of the file: a sentence, where it holds, and what it does there.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The sentence a client developer reads.
    pub say: Arc<str>,
    /// Where it holds.
    pub targets: Vec<Target>,
    /// What it does.
    pub rules: Rules,
    /// Where it is written.
    pub place: Place,
}

/// A place in messages: a component wherever it occurs, or one message, and a way further in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Target {
    /// From where.
    pub scope: Scope,
    /// Unescaped member names from there; `*` for the items of an array or any member.
    pub within: Vec<String>,
}

/// From where a target counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scope {
    /// A component key of the old or the new version.
    Component(String),
    /// The request body of an operation, by [`OperationKey::shape`].
    Request(String),
    /// The body of a response of an operation, by [`OperationKey::shape`]; `None` for all statuses.
    Response(String, Option<Status>),
}

/// What is done at a target. Names and values are `(old, new)` unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Rules {
    /// L1.
    pub renames: Vec<(String, String)>,
    /// L2: member paths from the target.
    pub moves: Vec<(Vec<String>, Vec<String>)>,
    /// L6.
    pub maps: Vec<MapRule>,
    /// L10: the new version has the member, the old one does not; the value is written on the way up.
    pub adds: Vec<(String, ValueSource)>,
    /// L10: the old version has the member, the new one does not; the value is written on the way down.
    pub removes: Vec<(String, ValueSource)>,
    /// `on_missing` for a member of both versions.
    pub supplies: Vec<(Direction, String, ValueSource)>,
    /// A6.
    pub on_null: Vec<(Direction, String, OnNull)>,
    /// A8 and A9.
    pub on_unknown: Vec<(Direction, String, OnUnknown)>,
    /// A10, A11, A15.
    pub on_range: Vec<For<OnRange>>,
    /// A1, A17, A19.
    pub on_extra: Vec<For<OnExtra>>,
    /// A3, A5, where no value is written.
    pub on_missing: Vec<For<OnMissing>>,
    /// L23: names of members at the target and below.
    pub cases: Vec<CaseRule>,
    /// Functions of values, applied in this order on the way up and in the opposite order on the way down.
    pub transforms: Vec<TransformRule>,
}

/// A policy for one member, and where it holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct For<T> {
    /// Which way.
    pub direction: Direction,
    /// In requests or responses; `None` for both.
    pub side: Option<Side>,
    /// The member, under its old or its new name.
    pub member: String,
    /// What is done.
    pub policy: T,
}

/// What becomes of a number, a string or a list that the reader's bounds refuse.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OnRange {
    /// The payload is refused.
    Error,
    /// It stays, and the reader is taken to bear it.
    Keep,
    /// The member or item is left out.
    Omit,
    /// A number becomes the nearest bound.
    Clamp,
    /// A string or a list is cut at its end.
    Truncate,
    /// A number becomes a string.
    Text,
    /// It is replaced.
    Default(Literal),
}

/// What becomes of a member that the reader has no use for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnExtra {
    /// It is left out, also where the reader would take it.
    Drop,
    /// It stays, and a closed reader may refuse it.
    Keep,
    /// The payload is refused.
    Error,
}

/// What becomes of a payload without a member that the reader requires, when no value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnMissing {
    /// It is refused.
    Error,
    /// It goes on without, and the reader may refuse it; no default is written either.
    Omit,
}

/// L23: members that are called otherwise wherever they are declared at a target or below it. Names that are data, the
/// keys of maps, are none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseRule {
    /// Old name to new name.
    pub pairs: Vec<(String, String)>,
}

/// A function of one member, or of the whole value at the target, in each direction.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TransformRule {
    /// The member, under its old or its new name; `None` for the value at the target itself.
    pub member: Option<String>,
    /// From old to new; `None` leaves the value as it is.
    pub up: Option<Way>,
    /// From new to old.
    pub down: Option<Way>,
}

/// One direction of a [`TransformRule`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Way {
    /// The row of RULES: `L5`, …
    pub rule: &'static str,
    /// A sentence fragment for notes: ``split `name` into `first` and `last` ``.
    pub text: String,
    /// Reads the sender's names and writes the reader's.
    pub transform: Transform,
    /// How often it loses information.
    pub loses: Loses,
    /// What becomes of a value that it does not take; `None` is a refusal, which in a response is no proof.
    pub otherwise: Option<OnUnfit>,
    /// A null goes through the function too. Else it goes around it, the way nulls go (row A6).
    pub takes_null: bool,
}

/// How often a function loses information.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loses {
    /// On no value.
    Never,
    /// On values that it says so of when it meets them ([`crate::plan::transform::Made::exact`]).
    Sometimes,
    /// On every value that it changes.
    Always,
}

/// What becomes of a value that a function does not take.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OnUnfit {
    /// The payload is refused.
    Error,
    /// It stays, and the reader may refuse it.
    Keep,
    /// The member or item is left out.
    Omit,
    /// It is replaced.
    Default(Literal),
}

impl TransformRule {
    /// A rule for one member.
    pub fn member(name: &str, up: Option<Way>, down: Option<Way>) -> Self {
        Self { member: Some(name.to_owned()), up, down }
    }

    /// A rule for the value at the target.
    pub const fn whole(up: Option<Way>, down: Option<Way>) -> Self {
        Self { member: None, up, down }
    }

    /// What it does in one direction.
    pub const fn way(&self, direction: Direction) -> Option<&Way> {
        match direction {
            Direction::Up => self.up.as_ref(),
            Direction::Down => self.down.as_ref(),
        }
    }
}

impl Way {
    /// A function that loses nothing and refuses what it does not take.
    pub const fn new(rule: &'static str, text: String, transform: Transform) -> Self {
        Self { rule, text, transform, loses: Loses::Never, otherwise: None, takes_null: false }
    }
}

/// L6: the values of one member. A key that is not text is written as its JSON text.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct MapRule {
    /// The member, under its old or its new name.
    pub member: String,
    /// Old value to new value.
    pub up: Vec<(String, Value)>,
    /// New value to old value.
    pub down: Vec<(String, Value)>,
    /// For every value that `up` does not list.
    pub otherwise_up: Option<Value>,
    /// For every value that `down` does not list.
    pub otherwise_down: Option<Value>,
}

/// Where a declared value comes from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueSource {
    /// A constant or a default.
    Literal(Literal),
    /// Another member: its path from the target, in the sender's names.
    Member(Vec<String>),
    /// A header, a parameter, or the configuration.
    Outside(Outside),
}

/// What becomes of a null that the reader refuses.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OnNull {
    /// It stays, and the reader may refuse it.
    Keep,
    /// The member is left out.
    Omit,
    /// The payload is refused.
    Error,
    /// It is replaced.
    Default(Literal),
}

/// What becomes of a value that the reader does not list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OnUnknown {
    /// It stays, and the reader may refuse it.
    Keep,
    /// The member is left out.
    Omit,
    /// The payload is refused.
    Error,
    /// The array item is left out.
    DropItem,
    /// It is replaced.
    Fallback(Literal),
}

/// L19: a parameter that stands elsewhere in the newer version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterMove {
    /// Place and name in the older version.
    pub from: (Location, String),
    /// Place and name in the newer version.
    pub to: (Location, String),
}

/// L19: a parameter of one version that is a member of the request's body in the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyMove {
    /// The older version has the parameter, the newer one the member; else the other way round.
    pub inward: bool,
    /// Place and name of the parameter.
    pub parameter: (Location, String),
    /// The way to the member, from the body's root; never empty.
    pub member: Vec<String>,
}

/// L18: an operation that has another method or path in the newer version.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteChange {
    /// The sentence a client developer reads.
    pub say: Arc<str>,
    /// In the older version.
    pub old: OperationKey,
    /// In the newer version.
    pub new: OperationKey,
    /// Where it is written.
    pub place: Place,
}

/// L20: a parameter that holds names of members.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NamesRule {
    /// The sentence a client developer reads.
    pub say: Arc<str>,
    /// The operation, in the old or the new version.
    pub operation: OperationKey,
    /// The parameter, under its name in the old or the new version.
    pub parameter: String,
    /// How names stand in it.
    pub grammar: Grammar,
    /// What they are names of: a place in a message of the operation. `None` only where there are no names.
    pub of: Option<Target>,
    /// Between the steps of a path.
    pub separator: String,
    /// Between the items of a list.
    pub delimiter: char,
    /// The answer has only what is named.
    pub selects: bool,
    /// What becomes of a name that the client's version does not declare.
    pub on_unknown: OnUnknownName,
    /// What becomes of a comparison or an order that is another one in the other version.
    pub on_value: OnValue,
    /// Where it is written.
    pub place: Place,
}

/// What becomes of the parameters of one operation. Names are `(old, new)`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ParameterChange {
    /// The sentence a client developer reads.
    pub say: Arc<str>,
    /// The operation, in the old or the new version.
    pub operation: OperationKey,
    /// Written on the way up when absent.
    pub adds: Vec<(Location, String, ParameterSource)>,
    /// Left out on the way up; written on the way down when absent.
    pub removes: Vec<(Location, String, ParameterSource)>,
    /// Renamed.
    pub renames: Vec<(String, String)>,
    /// Moved to another place in the request.
    pub moves: Vec<ParameterMove>,
    /// Moved into the body, or out of it.
    pub body_moves: Vec<BodyMove>,
    /// What becomes of a value that is beyond the bounds of the other version, by old or new name.
    pub on_range: Vec<For<OnRange>>,
    /// What becomes of a value that the other version does not list, by old or new name.
    pub on_unknown: Vec<(Direction, String, OnUnknown)>,
    /// Under their old or new name: requests with a value that cannot be written for the backend are refused.
    pub refused: Vec<String>,
    /// Where it is written.
    pub place: Place,
}

/// L22: the parameter of an operation in which its paging tokens come back. Those that a backend of another version
/// gave away name that version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CursorChange {
    /// The sentence a client developer reads.
    pub say: Arc<str>,
    /// The operation in the old and the new version, by [`OperationKey::shape`].
    pub shapes: Vec<String>,
    /// The names of the query parameter, in the old or the new version.
    pub parameters: Vec<String>,
    /// What becomes of a token of a version that cannot be asked now.
    pub on_conflict: OnConflict,
    /// What becomes of a token that names no version where the client's own cannot be asked.
    pub unsealed: Unsealed,
    /// Where it is written.
    pub place: Place,
}

/// L26: what becomes of the statuses and headers of the answers of one operation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AnswerChange {
    /// The sentence a client developer reads.
    pub say: Arc<str>,
    /// The operation, in the old or the new version.
    pub operation: OperationKey,
    /// The answers whose headers change; `None` for all.
    pub status: Option<Status>,
    /// Old status to new status.
    pub up: Vec<(u16, u16)>,
    /// New status to old status.
    pub down: Vec<(u16, u16)>,
    /// Headers that the new version has and the old one has not, in lower case: written on the way up when absent,
    /// left out on the way down.
    pub adds: Vec<(String, ParameterSource)>,
    /// Headers that the old version has and the new one has not.
    pub removes: Vec<(String, ParameterSource)>,
    /// Headers that are called otherwise, `(old, new)`.
    pub renames: Vec<(String, String)>,
    /// Where it is written.
    pub place: Place,
}

/// What becomes of a paging token of a version that cannot be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// The request is refused: the listing has to be begun again.
    #[default]
    Refuse,
    /// Another version gets it.
    Pass,
}

/// What becomes of a paging token that names no version: it is of the client's own version, or older than the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsealed {
    /// Whoever serves gets it.
    #[default]
    Pass,
    /// It is refused where another version serves.
    Refuse,
}

impl AnswerChange {
    /// The statuses of one direction, from the sender's to the reader's.
    pub fn statuses(&self, direction: Direction) -> &[(u16, u16)] {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }
}

impl MapRule {
    /// The rows of one direction.
    pub fn rows(&self, direction: Direction) -> &[(String, Value)] {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    /// What every other value becomes in one direction.
    pub const fn otherwise(&self, direction: Direction) -> Option<&Value> {
        match direction {
            Direction::Up => self.otherwise_up.as_ref(),
            Direction::Down => self.otherwise_down.as_ref(),
        }
    }
}

impl Target {
    /// Whether the target is the body of this message or a place in it; `status` absent for the request.
    pub(crate) fn is_message(&self, shapes: &[String], status: Option<Status>) -> bool {
        match (&self.scope, status) {
            (Scope::Component(_), _)
            | (Scope::Request(_), Some(_))
            | (Scope::Response(..), None) => false,
            (Scope::Request(shape), None) => shapes.contains(shape),
            (Scope::Response(shape, wanted), Some(status)) => {
                shapes.contains(shape) && wanted.is_none_or(|wanted| covers(wanted, status))
            }
        }
    }
}

/// Whether a status as written in a target means a declared one.
pub(crate) fn covers(wanted: Status, declared: Status) -> bool {
    match (wanted, declared) {
        (Status::Class(class), Status::Code(code)) => code / 100 == u16::from(class),
        _ => wanted == declared,
    }
}
