//! The JSON Schema of `changes.yaml`, for editors: what may be written, with a sentence for each word.

mod answer;
mod beside;
mod entry;
mod function;
mod policy;
mod structure;
mod whole;

pub use whole::json_schema;
