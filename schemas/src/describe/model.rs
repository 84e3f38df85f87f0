//! What a description says, in the house's terms: operations, parameters and messages with bundled schemas.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

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
    /// By key; empty for an api of plain JSON Schema documents.
    pub operations: Vec<Operation>,
    /// Messages without an operation: the documents of a plain JSON Schema api, by file stem.
    pub documents: BTreeMap<String, Content>,
    /// Path prefixes from `servers` / `basePath`, without a trailing slash; often empty.
    pub base_paths: Vec<String>,
    /// `info.x-...` and `deprecated` facts are elsewhere; this is the component table in its four readings.
    pub components: Components,
    /// `changes.yaml` as read, beside the documents: what the version declares about its predecessor.
    pub changes: Option<Document>,
    /// `info.version` as written, which need not be the directory's name.
    pub declared: Option<String>,
    /// The documents it is made of, the main ones first, then those they refer to.
    pub files: Vec<SourceFile>,
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

/// Method + path template, in one version.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What names it.
    pub key: OperationKey,
    /// The document's `operationId`.
    pub operation_id: Option<String>,
    /// Path-level and operation-level parameters, merged; header parameters that OpenAPI says to ignore
    /// (`Accept`, `Content-Type`, `Authorization`) left out.
    pub parameters: Vec<Parameter>,
    /// The request body, if one is declared.
    pub body: Option<Body>,
    /// By status.
    pub responses: Vec<Response>,
    /// Declared deprecated.
    pub deprecated: bool,
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
    /// `style` after defaults, with `explode` (`form,explode`); two parameters of another wire form are not the same.
    pub style: String,
    /// Its schema, over the components of the version.
    pub root: Value,
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
}

/// One media type of a body, or a plain document.
#[derive(Clone, Debug)]
pub struct Content {
    /// Lower case, without white space; parameters kept.
    pub media_type: String,
    /// Its schema, over the components of the version; `true` when none is declared.
    pub root: Value,
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
    /// Where.
    pub place: Place,
}

impl Description {
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
    /// The declared response that covers a status code: exact, then class, then default.
    pub fn response(&self, code: u16) -> Option<&Response> {
        let class = u8::try_from(code / 100).ok()?;
        let wanted = [Status::Code(code), Status::Class(class), Status::Default];
        wanted.iter().find_map(|status| self.responses.iter().find(|one| one.status == *status))
    }
}
