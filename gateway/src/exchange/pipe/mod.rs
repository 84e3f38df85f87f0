//! A body on its way: content coding off, conversion, content coding on, in any chunking and bounded memory.

mod brotli;
mod coding;
mod decode;
mod deflate;
mod encode;
mod fault;
mod line;
#[cfg(test)]
mod tests;
mod work;
mod zstd;

pub(crate) use coding::{Accepted, Coding, Codings, accepted, declared};
pub(crate) use fault::Failed;
pub(crate) use line::{Pipe, PipeBounds, plain};
pub(crate) use work::Work;
