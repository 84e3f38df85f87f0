//! What a description says, in the house's terms: operations, parameters and messages with bundled schemas.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub use super::link::{Link, LinkTarget};
use super::places::Places;
pub use super::security::{Flow, Held, SchemeKind, Security, SecurityScheme};
pub use super::server::{Server, Variable};
use crate::document::Document;
use crate::problem::{Place, Problem};
use crate::schema::{Defs, Role, Schema, Side};
use crate::version::Version;

/// A named family of versions, oldest first.
#[derive(Clone, Debug)]
pub struct Api {
    /// The name, from the directory.
    pub name: String,
    /// Oldest first.
    pub versions: Vec<Arc<Description>>,
    /// Faults of the documents; a fault of one operation does not hide the others.
    pub problems: Vec<Problem>,
}

/// One version of an api as its documents describe it.
#[derive(Clone, Debug)]
pub struct Description {
    /// The version, from the directory's name.
    pub version: Version,
    /// The main document, for messages.
    pub file: Arc<str>,
    /// What the document says of itself.
    pub info: Info,
    /// What a client may call, by key; empty for an api of plain JSON Schema documents.
    pub operations: Vec<Operation>,
    /// Webhooks (OpenAPI 3.1 §4.8.1.1) and callbacks (§4.8.18): the backend sends the request and the client reads
    /// it. [`Operation::kind`] tells which; [`Operation::identity`] names them.
    pub outgoing: Vec<Operation>,
    /// Messages without an operation: the documents of a plain JSON Schema api, by file stem.
    pub documents: BTreeMap<String, Content>,
    /// Path prefixes from `servers` / `basePath`, without a trailing slash; often empty.
    pub base_paths: Vec<String>,
    /// The root's servers (OpenAPI 3.1 §4.8.5; Swagger 2.0: `schemes`, `host` and `basePath`); empty when none is
    /// declared, which means `/` next to the document.
    pub servers: Vec<Server>,
    /// By name (OpenAPI 3.1 §4.8.27, Swagger 2.0 `securityDefinitions`), used or not.
    pub security_schemes: BTreeMap<String, SecurityScheme>,
    /// The root's `tags`, by name (OpenAPI 3.2 §4.22).
    pub tags: BTreeMap<String, Tag>,
    /// The component table in its four readings.
    pub components: Components,
    /// `changes.yaml` as read, beside the documents: what the version declares about its predecessor.
    pub changes: Option<Document>,
    /// `info.version` as written, which need not be the directory's name.
    pub declared: Option<String>,
    /// The documents it is made of, the main ones first, then those they refer to.
    pub files: Vec<SourceFile>,
    /// Where in the documents everything stands.
    pub places: Places,
}

/// One document of a version.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path below the version's directory, `/` between the steps.
    pub path: String,
    /// The document as read.
    pub document: Arc<Document>,
}

/// The component table of one version, read four ways: `readOnly` / `writeOnly` members belong to one direction.
#[derive(Clone, Debug, Default)]
pub struct Components {
    /// As written, translated and bundled.
    pub written: Arc<Defs>,
    /// What a client sends: no `readOnly` members.
    pub request_sender: Arc<Defs>,
    /// What a backend reads: `readOnly` members are never required.
    pub request_reader: Arc<Defs>,
    /// What a backend sends: no `writeOnly` members.
    pub response_sender: Arc<Defs>,
    /// What a client reads: `writeOnly` members are never required.
    pub response_reader: Arc<Defs>,
}

/// What a document says of itself (OpenAPI 3.1 §4.8.2); all texts are empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// `info.title`
    pub title: String,
    /// `info.version`: of the document, not the api's version, which is the directory's name.
    pub version: String,
    /// `info.summary`
    pub summary: String,
    /// The value of `openapi` or `swagger`; empty for plain JSON Schema documents.
    pub dialect: String,
}

/// A tag of the root (OpenAPI 3.2 §4.22; `summary`, `parent` and `kind` are new there).
#[derive(Clone, Debug)]
pub struct Tag {
    /// One line.
    pub summary: Option<String>,
    /// More.
    pub description: Option<String>,
    /// The tag that this one is nested under.
    pub parent: Option<String>,
    /// `nav`, `badge`, `audience` or a word of the author's.
    pub kind: Option<String>,
    /// Where.
    pub place: Place,
}

/// Method and path template: what names an operation inside one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationKey {
    /// Upper case, as on the wire.
    pub method: String,
    /// The template as written, e.g. `/orders/{id}`.
    pub path: String,
}

impl fmt::Display for OperationKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

impl OperationKey {
    /// The shape of another method on this path.
    pub(crate) fn shape_of(&self, method: &str) -> String {
        Self { method: method.to_owned(), path: self.path.clone() }.shape()
    }

    /// The key by which operations of two versions are the same: path parameters match by position, not by name.
    pub fn shape(&self) -> String {
        let mut shape = format!("{} ", self.method);
        let mut inside = false;
        for letter in self.path.chars() {
            match (letter, inside) {
                ('{', false) => {
                    inside = true;
                    shape.push_str("{}");
                }
                ('}', true) => inside = false,
                (_, true) => {}
                (other, false) => shape.push(other),
            }
        }
        shape
    }
}

/// Who calls whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The client calls the backend.
    Call,
    /// The backend calls a client that subscribed elsewhere; the key's path is the webhook's name.
    Webhook,
    /// The backend calls back at an address from an earlier call; the key's path is the expression for it.
    Callback {
        /// The operation that the client called before.
        owner: OperationKey,
        /// The name under `callbacks`.
        name: String,
    },
}

/// Method + path template, in one version.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Who calls whom.
    pub kind: Kind,
    /// What names it.
    pub key: OperationKey,
    /// The document's `operationId`.
    pub operation_id: Option<String>,
    /// `summary`
    pub summary: Option<String>,
    /// Names of tags, as written.
    pub tags: Vec<String>,
    /// Path-level and operation-level parameters, merged; header parameters that OpenAPI says to ignore
    /// (`Accept`, `Content-Type`, `Authorization`) left out.
    pub parameters: Vec<Parameter>,
    /// The request body, if one is declared.
    pub body: Option<Body>,
    /// By status.
    pub responses: Vec<Response>,
    /// Who is let in: the operation's `security`, else the root's (OpenAPI 3.1 §4.8.30).
    pub security: Security,
    /// In force: the operation's, else the path item's, else the root's.
    pub servers: Vec<Server>,
    /// Declared deprecated.
    pub deprecated: bool,
    /// `x-sunset`: the day after which it may be gone, as written (RFC 8594 says what a sunset is).
    pub sunset: Option<String>,
    /// `x-stability-level`, else `x-stability`, as written: `draft`, `alpha`, `beta`, `stable` or the author's.
    pub stability: Option<String>,
    /// Where.
    pub place: Place,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// In the path template.
    Path,
    /// In the query string.
    Query,
    /// A request header.
    Header,
    /// A cookie.
    Cookie,
    /// The whole query string as one value (OpenAPI 3.2 §4.12.1 `querystring`); there is at most one, and its name
    /// is not on the wire.
    QueryString,
}

/// A parameter, or a response header.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name; lower case for headers.
    pub name: String,
    /// Where it stands (`Header` for response headers).
    pub location: Location,
    /// Must be there.
    pub required: bool,
    /// `style` after defaults, with `explode` (`form,explode`), or `content:` and the media type of a `content`
    /// parameter; two parameters of another wire form are not the same (OpenAPI 3.1 §4.8.12.3).
    pub style: String,
    /// Reserved characters of RFC 3986 §2.2 stand unescaped in the query.
    pub allow_reserved: bool,
    /// In the query, the name alone counts as an empty value.
    pub allow_empty: bool,
    /// Its schema, over the components of the version.
    pub root: Value,
    /// Declared deprecated.
    pub deprecated: bool,
    /// `x-sunset`, as for an operation.
    pub sunset: Option<String>,
    /// `x-stability-level`, as for an operation.
    pub stability: Option<String>,
    /// Where.
    pub place: Place,
}

/// A request body.
#[derive(Clone, Debug)]
pub struct Body {
    /// Must be there.
    pub required: bool,
    /// By media type.
    pub contents: Vec<Content>,
    /// Where.
    pub place: Place,
}

/// One media type of a body, or a plain document.
#[derive(Clone, Debug)]
pub struct Content {
    /// Lower case, without white space; parameters kept.
    pub media_type: String,
    /// Its schema, over the components of the version; `true` when none is declared.
    pub root: Value,
    /// The root is the schema of each item of a stream, not of the whole body (OpenAPI 3.2 §4.14.1 `itemSchema`).
    pub sequence: bool,
    /// How members of a form are written, by name (OpenAPI 3.1 §4.8.15); only for `multipart/*` and
    /// `application/x-www-form-urlencoded`.
    pub encoding: BTreeMap<String, Encoding>,
    /// Where.
    pub place: Place,
}

/// How one member of a form is written (OpenAPI 3.1 §4.8.15).
#[derive(Clone, Debug)]
pub struct Encoding {
    /// `contentType`, split at commas, in the normal form of media types; empty when the member's type decides.
    pub content_types: Vec<String>,
    /// Of a part of a `multipart` body, without `Content-Type`.
    pub headers: Vec<Parameter>,
    /// As for a query parameter.
    pub style: String,
    /// As for a query parameter.
    pub allow_reserved: bool,
    /// Where.
    pub place: Place,
}

/// The status a response is declared under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// `200`
    Code(u16),
    /// `4XX`, by its first digit.
    Class(u8),
    /// `default`
    Default,
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "{code}"),
            Self::Class(class) => write!(formatter, "{class}XX"),
            Self::Default => formatter.write_str("default"),
        }
    }
}

/// One declared response.
#[derive(Clone, Debug)]
pub struct Response {
    /// Under which status.
    pub status: Status,
    /// Headers.
    pub headers: Vec<Parameter>,
    /// By media type; empty when no body is declared.
    pub contents: Vec<Content>,
    /// By name: what a client may call next (OpenAPI 3.1 §4.8.20).
    pub links: BTreeMap<String, Link>,
    /// Where.
    pub place: Place,
}

impl Description {
    /// A version that declares nothing yet.
    pub fn new(version: Version, file: Arc<str>) -> Self {
        Self {
            version,
            file,
            info: Info::default(),
            operations: Vec::new(),
            outgoing: Vec::new(),
            documents: BTreeMap::new(),
            base_paths: Vec::new(),
            servers: Vec::new(),
            security_schemes: BTreeMap::new(),
            tags: BTreeMap::new(),
            components: Components::default(),
            changes: None,
            declared: None,
            files: Vec::new(),
            places: Places::default(),
        }
    }

    /// The schema of a content or parameter root as `role` means it in a message that travels to `side`.
    /// Inline `readOnly` / `writeOnly` members of the root itself are treated like those of the components.
    pub fn schema(&self, root: &Value, side: Side, role: Role) -> Schema {
        let defs = match (side, role) {
            (Side::Request, Role::Sender) => &self.components.request_sender,
            (Side::Request, Role::Reader) => &self.components.request_reader,
            (Side::Response, Role::Sender) => &self.components.response_sender,
            (Side::Response, Role::Reader) => &self.components.response_reader,
        };
        let root = crate::describe::direction::directed(root, side, role, &self.components.written);
        Schema::new(root, Arc::clone(defs))
    }

    /// A plain document's schema, which knows no direction.
    pub fn plain(&self, root: &Value) -> Schema {
        Schema::new(root.clone(), Arc::clone(&self.components.written))
    }

    /// The operation with this key's shape.
    pub fn operation(&self, shape: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.key.shape() == shape)
    }
}

impl Operation {
    /// A call that declares nothing yet, open to everybody.
    pub fn new(key: OperationKey, place: Place) -> Self {
        Self {
            kind: Kind::Call,
            key,
            operation_id: None,
            summary: None,
            tags: Vec::new(),
            parameters: Vec::new(),
            body: None,
            responses: Vec::new(),
            security: Security::open(place.clone()),
            servers: Vec::new(),
            deprecated: false,
            sunset: None,
            stability: None,
            place,
        }
    }

    /// What makes operations of two versions the same: the shape of a call, the name of a webhook, and for a
    /// callback its owner's shape, its name and its expression.
    pub fn identity(&self) -> String {
        let OperationKey { method, path } = &self.key;
        match &self.kind {
            Kind::Call => self.key.shape(),
            Kind::Webhook => format!("webhook {method} {path}"),
            Kind::Callback { owner, name } => {
                format!("callback {method} {name} {path} of {}", owner.shape())
            }
        }
    }

    /// For people: ``GET /orders/{id}``, ``POST webhook `paid` ``, ``POST callback `done` of POST /orders``.
    pub fn label(&self) -> String {
        let OperationKey { method, path } = &self.key;
        match &self.kind {
            Kind::Call => self.key.to_string(),
            Kind::Webhook => format!("{method} webhook `{path}`"),
            Kind::Callback { owner, name } => format!("{method} callback `{name}` of {owner}"),
        }
    }

    /// The declared response that covers a status code: exact, then class, then default.
    pub fn response(&self, code: u16) -> Option<&Response> {
        let class = u8::try_from(code / 100).ok()?;
        let wanted = [Status::Code(code), Status::Class(class), Status::Default];
        wanted.iter().find_map(|status| self.responses.iter().find(|one| one.status == *status))
    }
}

impl Parameter {
    /// An optional parameter or header in its location's default wire form (OpenAPI 3.1 §4.8.12.2.1).
    pub fn new(name: impl Into<String>, location: Location, root: Value, place: Place) -> Self {
        Self {
            name: name.into(),
            location,
            required: false,
            style: location.default_style().to_owned(),
            allow_reserved: false,
            allow_empty: false,
            root,
            deprecated: false,
            sunset: None,
            stability: None,
            place,
        }
    }
}

impl Location {
    /// `style` and `explode` where a document says neither.
    pub const fn default_style(self) -> &'static str {
        match self {
            Self::Query | Self::Cookie | Self::QueryString => "form,explode",
            Self::Path | Self::Header => "simple",
        }
    }

    /// The word that OpenAPI has for it in `in`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::QueryString => "querystring",
        }
    }
}

impl Content {
    /// A body of this media type, without `encoding`.
    pub fn new(media_type: impl Into<String>, root: Value, place: Place) -> Self {
        let media_type = media_type.into();
        Self { media_type, root, sequence: false, encoding: BTreeMap::new(), place }
    }
}

impl Response {
    /// A response without headers, body or links.
    pub const fn new(status: Status, place: Place) -> Self {
        Self { status, headers: Vec::new(), contents: Vec::new(), links: BTreeMap::new(), place }
    }
}
