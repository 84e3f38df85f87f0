//! The report as one page that needs nothing else: no other file, no network, no framework.

mod details;
mod escape;
mod matrix;
mod page;

pub(super) use escape::{base64, sentence, text};
pub(super) use matrix::letter;
pub(super) use page::{STYLE, write};
