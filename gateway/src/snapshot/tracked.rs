//! What requests are counted under, and whose they are, known when a snapshot is made.

use std::sync::Arc;

use http::HeaderName;

/// An operation of a version, as use is counted by it.
#[derive(Debug, Default)]
pub struct Tracked {
    /// The api.
    pub api: Arc<str>,
    /// The version; empty for plain proxying.
    pub version: Arc<str>,
    /// Method and template; `undeclared` for what no description has.
    pub operation: Arc<str>,
    /// Deprecated parameters and members, of which each request says which it has; at most [`Tracked::FIELDS`].
    pub fields: Vec<TrackedField>,
    /// Where its requests say whose they are, in order.
    pub sources: Arc<[(ConsumerSource, Written)]>,
}

impl Tracked {
    /// Most fields of one operation that are counted: one bit of a word each.
    pub const FIELDS: usize = 64;
}

/// A deprecated parameter or member of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackedField {
    /// As people write it: `query expand`, `request /nick`.
    pub name: Arc<str>,
    /// Where it is looked for.
    pub place: TrackedPlace,
}

/// Where a field is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackedPlace {
    /// A parameter of the query.
    Query(Box<str>),
    /// A header.
    Header(HeaderName),
    /// A cookie.
    Cookie(Box<str>),
    /// A member of a JSON body: its pointer, with `*` for any item or member.
    Member(Box<str>),
}

/// How a consumer's name is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Written {
    /// As a keyed hash.
    #[default]
    Hashed,
    /// As it came.
    Plain,
}

/// Where a request says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerSource {
    /// In a header.
    Header(HeaderName),
    /// The subject of the client's certificate.
    Certificate,
    /// The client's address, also behind trusted proxies.
    Address,
}

impl ConsumerSource {
    /// The word that stands before a consumer.
    pub fn word(&self) -> &str {
        match self {
            Self::Header(name) => name.as_str(),
            Self::Certificate => "certificate",
            Self::Address => "address",
        }
    }
}
