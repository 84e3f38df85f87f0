//! Multipart bodies (RFC 2046 §5.1, RFC 7578) as objects of their parts, in any chunking.
//!
//! `scan` takes a body apart, `head` reads what a part says of itself, `parts` runs the programs over the object of
//! parts as it comes, `split` takes the members of what they write apart again, and `write` makes parts of them. Files
//! stand in the object as tokens, and their bytes go through where their token comes out.

mod boundary;
mod head;
mod parts;
mod scan;
mod split;
mod token;
mod write;

pub(super) use parts::{Multipart, PartsPlan};
