//! OpenAPI and JSON Schema documents, read into operations and messages.
//!
//! An api is a directory; each of its subdirectories is a version. The schemas of all dialects are translated to
//! draft 2020-12 and bundled under keys (`crate::schema`). What cannot be read as written never makes a version
//! unusable: it is left out, and a problem says so with file, line and column. A schema that stands for an unreadable
//! reference carries `x-unresolved`, a string with an unreadable pattern `x-unread-pattern`: no proof leans on
//! either of them.

mod bundle;
#[cfg(test)]
mod corpus;
mod cycles;
mod dialect;
pub mod direction;
mod directory;
pub(crate) mod discriminator;
mod files;
mod keywords;
mod legacy;
mod limits;
mod link;
mod load;
mod memory;
mod message;
mod metaschemas;
pub mod model;
mod openapi;
pub mod pairing;
mod parameter;
pub mod places;
mod reference;
mod resources;
pub mod route;
mod scope;
mod security;
mod server;
pub mod source;
mod swagger;
mod template;
#[cfg(test)]
mod tests;
mod translate;
mod unfold;
#[cfg(test)]
mod whole;

pub use limits::Limits;
pub use load::{
    find_apis, is_api, is_description, load_api, load_api_from, load_document, load_document_from,
};
pub use memory::read_schema;
pub use template::PathTemplate;
