//! OpenAPI and JSON Schema documents, read into operations and messages.

pub mod direction;
pub mod model;
