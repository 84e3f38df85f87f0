//! Versioned API descriptions, what may be sent between them, and the conversion that makes it so.
//!
//! Rooms, top floor first: `convert`, `plan`, `relate`, `sample`, `language`, `changes`, `describe`, `release`,
//! and the foundations `document`, `schema`, `version`, `problem`, `pointer`. No file names a room above its own.

pub mod changes;
pub mod convert;
pub mod describe;
pub mod document;
mod language;
pub mod plan;
pub mod pointer;
pub mod problem;
pub mod relate;
pub mod release;
pub mod sample;
pub mod schema;
pub mod version;
