//! The byte machine: runs a program over a body in any chunking, without building a document.
//!
//! Untouched bytes come out exactly as they came in. What an edit does to the bytes around it:
//!
//! * A dropped member or item goes with the comma before it, up to the end of its value. As long as nothing was
//!   written in its container, it goes from its first byte up to the next member or the closing bracket.
//! * A renamed member keeps everything but the name; a replaced value everything but the value.
//! * Supplied members stand directly before the closing brace, compact, in the order of the program.
//!
//! All of the input is checked to be one JSON text (RFC 8259) without duplicate names, the copied parts too.
//!
//! ```
//! use std::sync::Arc;
//! use evergate_schemas::convert::{Converter, Limits};
//! use evergate_schemas::plan::outside::Values;
//!
//! let mut converter = Converter::new(&[], Limits::default(), Arc::new(Values::default()));
//! let mut out = Vec::new();
//! converter.push(b"{\"price\": 1.", &mut out).unwrap();
//! converter.push(b"10}", &mut out).unwrap();
//! assert_eq!(converter.finish(&mut out).unwrap().bytes_in, 15);
//! assert_eq!(out, b"{\"price\": 1.10}");
//! ```

mod ahead;
mod block;
mod body;
mod choose;
mod code;
mod composed;
mod converter;
mod deep;
mod edit;
mod fault;
mod form;
mod machine;
mod member;
mod memory;
mod multipart;
mod names;
mod nested;
mod patch;
mod place;
pub mod put;
mod records;
mod refused;
mod scalar;
mod scan;
mod shape;
mod store;
mod swift;
mod syntax;
#[cfg(test)]
mod tests;

pub use body::{BodyConverter, BodyOptions, PreparedBody};
pub use code::Prepared;
pub use converter::Converter;
pub use records::{Records, Unconvertible};
pub use refused::{Cause, Limits, Refused, Report};
