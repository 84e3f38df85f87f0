//! The HTTP/2 suite at the level of frames (RFC 9113, RFC 7541): frames made by hand, judged by what reached the
//! backend and what the client saw.

pub mod frame;
mod rows;
pub mod run;

pub use rows::all;
