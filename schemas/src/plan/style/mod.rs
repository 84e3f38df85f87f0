//! Values of parameters as text on the wire: the styles of OpenAPI 3.1 §4.8.12 and RFC 6570 §3.2, read and written.

mod capacity;
mod model;
mod percent;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use model::{Carried, Form, Odd, Style, Wired};
pub use percent::{decoded, encode};
pub use read::{Reading, deep_keys, header, query, segment};
pub use write::{plain_segment, to_header, to_query, to_segment};

pub(crate) use capacity::{capacity, delimiters_delimit};
