//! The abstract twin of a program: from the schema of what goes in to a schema of what comes out.

mod array;
mod choose;
mod fold;
mod merge;
mod object;
mod slots;
mod supply;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use fold::{Branch, TYPES, branches, enumeration, member, restrict, types};
pub(super) use slots::fills_outer;
pub(crate) use slots::touches_outer;
pub(crate) use walk::union;
pub use walk::{Image, ImageLimits, Known, image, image_of};
