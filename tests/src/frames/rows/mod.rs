//! The rows of the HTTP/2 suite, by what they are about.

mod connection;
mod fields;
mod floods;
mod made;
mod messages;
mod streams;

pub use made::all;
